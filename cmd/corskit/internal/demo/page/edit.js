// The editor of the policy. What is typed is sent after a short pause; the server writes it
// to the file if it has no fault. What changes in the file appears here.
import {element, say, sentence} from "./inspector/parts.js";

const $ = id => document.getElementById(id);
const text = $("text");
const pause = 200; // milliseconds after the last key, before the text is sent

let announce; // tells screen readers
let key = ""; // permits editing
let file = {text: "", hash: "", faults: []}; // as the server last saw it
let base = file; // what the text in the editor began as
let sent = ""; // what was sent last
let faults = []; // of the text in the editor
let timer;
let sending = false;
let again = false; // whether the text changed while it was sent

const changed = () => text.value !== base.text;
const ended = s => s === "" || s.endsWith("\n") ? s : s + "\n"; // as the server writes it

/** start makes the editor work. told is called with what screen readers should say. */
export function start(told) {
  announce = told;
  key = new URLSearchParams(location.hash.slice(1)).get("key") ?? "";
  text.readOnly = key === "";
  text.addEventListener("input", () => {
    draw();
    say($("written"), "");
    clearTimeout(timer);
    timer = setTimeout(send, pause);
  });
  text.addEventListener("scroll", follow);
  $("take").addEventListener("click", () => { adopt(file); text.focus(); });
}

/** editable reports whether this page may edit. */
export const editable = () => key !== "";

/** show takes the file as the server sees it now. */
export function show(now) {
  const other = now.hash !== file.hash;
  file = now;
  if (!changed() || ended(text.value) === now.text) adopt(now);
  else if (now.text === ended(sent)) base = now; // the text was sent, and has changed since
  else if (other) conflict(true);
}

// adopt puts the file's text into the editor.
function adopt(now) {
  base = now;
  if (text.value !== now.text) {
    const {selectionStart: from, selectionEnd: to, scrollTop: top} = text;
    text.value = now.text;
    text.setSelectionRange(from, to);
    text.scrollTop = top;
  }
  conflict(false);
  judge(now.faults, "The file has");
}

async function send() {
  timer = undefined;
  if (!changed()) { adopt(file); return; }
  if (sending) { again = true; return; }
  sending = true;
  sent = text.value;
  try {
    const response = await fetch("policy", {
      method: "PUT", body: sent,
      headers: {"content-type": "text/plain;charset=utf-8", "x-demo-key": key, "if-match": base.hash},
    });
    const answer = await response.json();
    if (response.status === 422) judge(answer.faults, "Not written:");
    else if (response.status === 409) conflict(true);
    else if (!response.ok) say($("written"), sentence(answer.error));
    else { written(); show(answer); }
  } catch {
    say($("written"), "The demo does not answer. Is it still running?");
  } finally {
    sending = false;
    if (again) { again = false; send(); }
  }
}

function written() {
  say($("written"), `Written at ${new Date().toLocaleTimeString()}.`);
}

function conflict(on) { $("conflict").hidden = !on; }

// judge shows what is wrong with the text, at its lines.
function judge(list, who) {
  const before = JSON.stringify(faults);
  faults = list;
  text.setAttribute("aria-invalid", list.length > 0);
  $("faults").hidden = list.length === 0;
  say($("faults-title"), `${who} ${list.length === 1 ? "a fault" : list.length + " faults"}. The old policy stays in force.`);
  if (JSON.stringify(list) !== before) {
    $("faults-list").replaceChildren(...list.map(entry));
    if (list.length > 0) announce("The policy has a fault: " + (list[0].line ? `line ${list[0].line}: ` : "") + list[0].text);
  }
  draw();
}

function entry(f) {
  if (!f.line) return element("li", {}, sentence(f.text));
  const jump = element("button", {type: "button", class: "jump"}, `line ${f.line}`);
  jump.addEventListener("click", () => {
    const lines = text.value.split("\n");
    const start = lines.slice(0, f.line - 1).reduce((n, l) => n + l.length + 1, 0);
    const at = start + Math.max(0, f.column - 1);
    text.focus();
    text.setSelectionRange(at, start + (lines[f.line - 1] ?? "").length);
  });
  return element("li", {}, jump, " ", f.text);
}

// draw draws what is behind the text: line numbers, and the lines with faults.
function draw() {
  const bad = new Map(faults.filter(f => f.line).map(f => [f.line, f.text]));
  const lines = text.value.split("\n");
  $("numbers").replaceChildren(...lines.flatMap((_, i) => {
    const number = bad.has(i + 1) ? element("b", {title: bad.get(i + 1)}, `▸${i + 1}`) : String(i + 1);
    return [number, "\n"];
  }));
  $("marks").replaceChildren(...lines.flatMap((line, i) => [bad.has(i + 1) ? element("mark", {}, line || " ") : line, "\n"]));
  follow();
}

function follow() {
  $("marks").scrollTop = $("numbers").scrollTop = text.scrollTop;
  $("marks").scrollLeft = text.scrollLeft;
}
