// The control page: it frames a page of each origin, lets them send the requests, and shows
// the outcome of each.
import {ago, element, say} from "./inspector/parts.js";
import * as editor from "./edit.js";
import {advice, story, verdict} from "./story.js";

const $ = id => document.getElementById(id);
const news = text => say($("news"), text);
const unreachedAfter = 6000; // milliseconds until a page counts as not loaded

let demo; // what demo.json says
let policy; // the file and what is in force
let batch = ""; // the name of the requests that run
let selected; // {request, column}
const frames = new Map(); // by column: {element, ready}
const cells = new Map(); // by request and column: {button, seen, exchanges, fix}
const idOf = (request, column) => `${request.id}-${column.id}`;
const random = Math.random().toString(36).slice(2, 6);
let batches = 0;

// The table

function build() {
  document.title = `corskit demo · ${demo.framework}`;
  say($("framework"), demo.framework);
  say($("api-note"), `Three pages, on three origins, call the API at ${demo.api}. Choose a verdict to see why.`);
  for (const column of demo.columns) {
    $("columns").append(element("th", {scope: "col"}, element("span", {class: "title"}, column.title),
      element("span", {class: "origin mono"}, ...breakable(column.origin.replace("http://", "")))));
  }
  for (const request of demo.requests) {
    const row = element("tr", {}, element("th", {scope: "row"}, request.title));
    for (const column of demo.columns) {
      const button = element("button", {type: "button", class: "cell pending", "aria-controls": "story"});
      button.addEventListener("click", () => select(request, column));
      row.append(element("td", {}, button));
      cells.set(idOf(request, column), {request, column, button, exchanges: []});
    }
    $("rows").append(row);
  }
  $("rows").addEventListener("keydown", move);
  for (const cell of cells.values()) draw(cell);
}

// breakable lets a host wrap after dots and before the port.
const breakable = host => host.split(/(?<=\.)|(?=:)/).flatMap(part => [element("wbr"), part]);

// move moves the focus among the cells with the arrow keys.
function move(event) {
  const step = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]}[event.key];
  const cell = [...cells.values()].find(c => c.button === event.target);
  if (!step || !cell) return;
  const request = demo.requests[demo.requests.indexOf(cell.request) + step[0]];
  const column = demo.columns[demo.columns.indexOf(cell.column) + step[1]];
  if (!request || !column) return;
  event.preventDefault();
  cells.get(idOf(request, column)).button.focus();
}

function draw(cell) {
  const {button, seen, unreached} = cell;
  const v = unreached ? {word: "not loaded", remark: "", kind: "pending"}
    : seen ? verdict(cell.request, seen, cell.exchanges) : {word: "…", remark: "", kind: "pending"};
  const kind = v.kind ?? (v.good ? "good" : "bad");
  button.className = "cell " + kind;
  const sign = {good: "✓", bad: "✕", pending: "·"}[kind];
  button.replaceChildren(element("span", {"aria-hidden": "true", class: "sign"}, sign), element("span", {class: "word"}, v.word),
    v.remark && element("span", {class: "remark"}, v.remark));
  button.setAttribute("aria-label", `${cell.request.title}, ${cell.column.title}: ${v.word}${v.remark ? `, ${v.remark}` : ""}`);
  button.setAttribute("aria-pressed", String(selected?.request === cell.request && selected?.column === cell.column));
}

// The pages

function frame(column) {
  const e = element("iframe", {src: column.origin + "/", title: "the page " + column.title, tabindex: "-1"});
  frames.set(column.id, {element: e, ready: false, late: setTimeout(() => unreached(column), unreachedAfter)});
  $("frames").append(e);
}

function unreached(column) {
  mark(column, true);
  say($("unreached"), `The page at ${column.origin} did not load. Some browsers, such as Safari, do not resolve subdomains of localhost. ` +
    `Use another browser, or add this line to /etc/hosts and reload: 127.0.0.1 ${column.host}`);
  complete();
}

// mark records whether the page of a column is missing. The page may still load later.
function mark(column, missing) {
  for (const cell of cells.values()) {
    if (cell.column === column) { cell.unreached = missing; draw(cell); }
  }
  $("unreached").hidden = ![...cells.values()].some(c => c.unreached);
  if (!missing) delete document.body.dataset.shown; // until its verdicts are there
}

addEventListener("message", event => {
  const column = demo?.columns.find(c => frames.get(c.id)?.element.contentWindow === event.source && c.origin === event.origin);
  if (!column) return; // not a page of the demo
  const message = event.data;
  if (message.ready) {
    const page = frames.get(column.id);
    clearTimeout(page.late);
    page.ready = true;
    mark(column, false);
    if (batch) work(column);
  } else if (message.batch === batch) {
    finish(column, message.seen);
  }
});

const runOf = (request, column) => `${batch}-${column.id}-${request.id}`;
const urlOf = (request, column) => `${demo.api}${request.path}?run=${runOf(request, column)}`;

function run() {
  batch = `${random}${++batches}`;
  for (const column of demo.columns) if (frames.get(column.id).ready) work(column);
}

function work(column) {
  const requests = demo.requests.map(r => ({...r, url: urlOf(r, column)}));
  frames.get(column.id).element.contentWindow.postMessage({batch, requests}, column.origin);
}

// finish shows the verdicts of a page.
async function finish(column, seen) {
  const mine = batch;
  const response = await fetch(`wire?run=${batch}-${column.id}-`);
  const wire = await response.json();
  if (mine !== batch) return;
  for (const cell of cells.values()) {
    if (cell.column !== column) continue;
    cell.seen = seen[cell.request.id];
    cell.exchanges = wire[runOf(cell.request, column)] ?? [];
    cell.url = urlOf(cell.request, column);
    cell.batch = batch;
    cell.fix = undefined;
    draw(cell);
  }
  if (selected?.column === column) tell();
  complete();
}

// complete announces the result once every verdict is of the policy in force.
function complete() {
  const all = [...cells.values()];
  if (!all.every(c => c.batch === batch || c.unreached)) return;
  document.body.dataset.shown = policy.revision; // for tests
  const good = all.filter(c => c.seen && verdict(c.request, c.seen, c.exchanges).good).length;
  $("none").hidden = good > 0;
  news(`${good} of ${all.length} requests succeed.`);
}

// The story

function select(request, column) {
  selected = {request, column};
  for (const cell of cells.values()) draw(cell);
  tell();
  news("The story of this verdict is below the table.");
  if (matchMedia("(max-width: 900px)").matches) $("story").scrollIntoView({block: "start"});
}

async function tell() {
  const cell = cells.get(idOf(selected.request, selected.column));
  const {request, column} = cell;
  say($("story-title"), `${request.title}, from ${column.origin}`);
  if (!cell.seen) {
    $("steps").replaceChildren();
    return;
  }
  const v = verdict(request, cell.seen, cell.exchanges);
  $("story-note").replaceChildren(element("span", {class: "verdict " + (v.good ? "good" : "bad")}, v.word),
    v.remark ? ` (${v.remark})` : "");
  if (!v.good && cell.fix === undefined) cell.fix = await explain(cell);
  if (selected.request !== request || selected.column !== column) return; // another verdict was chosen meanwhile
  $("steps").replaceChildren(...story(request, cell.url, cell.seen, cell.exchanges, v.good ? null : advice(cell.fix, news)));
}

// explain asks the inspector what to change.
async function explain({request, column}) {
  const question = new URLSearchParams({
    origin: column.origin, method: request.method, host: demo.api.replace("http://", ""), path: request.path,
    headers: (request.headers ?? []).map(([name]) => name).join(","),
  });
  if (request.credentials) question.set("credentials", "on");
  try {
    const response = await fetch("inspector/explain?" + question);
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

// The policy

function inForce() {
  const since = new Date(policy.loaded);
  $("source").replaceChildren(element("strong", {}, demo.file.split(/[\\/]/).at(-1)),
    `, in force since ${since.toLocaleTimeString()} (${ago(since)})`);
}

function take(now) {
  const another = now.revision !== policy?.revision;
  policy = now;
  inForce();
  editor.show(now);
  if (another) run();
}

function live(kind, text) {
  $("live").className = "live " + kind;
  say($("live"), text);
}

function connect() {
  const events = new EventSource("events");
  events.addEventListener("open", () => live("on", "live"));
  events.addEventListener("policy", event => take(JSON.parse(event.data)));
  events.addEventListener("error", () => live("off", "not connected: is the demo still running?"));
}

async function begin() {
  demo = await (await fetch("demo.json")).json();
  build();
  editor.start(news);
  const place = demo.temporary ? "the temporary file" : "the file";
  say($("policy-note"), editor.editable()
    ? `Edit it here or in ${place} ${demo.file}, and the verdicts follow.`
    : `Edit it in ${place} ${demo.file}, and the verdicts follow. To edit it here, open the address that the command printed.`);
  // The API's cookie must be set before the first request that may carry it.
  await fetch(demo.api + "/session", {mode: "no-cors", credentials: "include"}).catch(() => {});
  for (const column of demo.columns) frame(column);
  const request = demo.requests.find(r => r.id === "put");
  selected = {request, column: demo.columns.at(-1)};
  connect();
  setInterval(() => { if (policy) inForce(); }, 10000);
}

begin();
