import {ago, badge, count, element, keyed, lines, say, sentence, shape, story} from "./parts.js";

const $ = id => document.getElementById(id);
const codesPage = "https://github.com/corskit/corskit/blob/main/docs/codes.md#"; // what each code means
const news = text => say($("news"), text);
let state;

// In force

function showSource() {
  const c = state.config;
  const parts = [];
  if (c) {
    parts.push(element("strong", {}, c.file || "configuration"), ` revision ${c.revision}`);
    if (c.loaded) parts.push(`, in force since ${new Date(c.loaded).toLocaleString()} (${ago(c.loaded)})`);
  } else {
    parts.push(`policies set by the program; observed since ${new Date(state.since).toLocaleString()}`);
  }
  $("source").replaceChildren(...parts);
}

const texts = (list, items) => keyed(list, items ?? [], t => t, t => ({element: element("li", {}, t), update() {}}));

function showFaults() {
  const faults = state.config?.faults ?? [];
  if ($("faults").hidden && faults.length > 0) news("The file has a fault: " + faults[0]);
  $("faults").hidden = faults.length === 0;
  texts($("faults-list"), faults);
}

function policy(p) {
  const fact = (name, list, none = "none") => [
    element("dt", {}, name),
    element("dd", {}, list && list.length > 0 ? element("ul", {class: "mono"}, ...list.map(v => element("li", {}, v))) : none),
  ];
  const origins = [...(p.allowOrigins ?? [])];
  if (p.origins > origins.length) origins.push(`and ${count(p.origins - origins.length)} more`);
  if (p.function) origins.push("origins that a function allows");
  return element("article", {class: "policy"},
    element("h3", {}, p.name, " ", p.allowCredentials ? badge("warn", "credentials") : "", " ",
      p.rejectDisallowed ? badge("quiet", "rejects others") : "",
      ...(p.settings ?? []).flatMap(name => [" ", badge("quiet", name)])),
    element("dl", {class: "facts"},
      ...fact("origins", origins), ...fact("methods", ["GET, HEAD, POST", ...(p.allowMethods ?? [])]),
      ...fact("headers", p.allowHeaders, "only safelisted ones"), ...fact("exposes", p.exposeHeaders, "only safelisted ones"),
      ...fact("max age", p.maxAge ? [p.maxAge] : [], "5 s (the browser's default)")));
}

// showPolicies rebuilds the lists only if they have changed, so that a selection stays.
const shownPolicies = {};
function showPolicies(prefix, policies, routes) {
  const now = JSON.stringify([policies, routes]);
  if (shownPolicies[prefix] === now) return;
  shownPolicies[prefix] = now;
  $(prefix + "policies").replaceChildren(...policies.map(policy));
  $(prefix + "routes").replaceChildren(...(routes ?? []).map(r => element("li", {},
    element("code", {}, (r.host || "any host") + " " + (r.path || "/")), ` → ${r.policies.join(", ")}`)));
  $(prefix + "routes").start = 0;
}

// Verdicts

const kinds = [["allowed", "allowed"], ["refused", "refused"], ["rejected", "rejected (403)"], ["notCors", "not CORS"]];

function sums(list, all) {
  keyed(list, all, s => s.kind, s => {
    const number = element("dd");
    const row = element("div", {}, element("dt", {}, s.name), number);
    return {element: row, update(s) {
      say(number, count(s.n));
      row.className = s.kind + (s.n === 0 ? " none" : "");
    }};
  });
}

function showVerdicts() {
  const minutes = state.minutes;
  const total = kind => minutes.reduce((n, m) => n + m[kind], 0);
  sums($("sums"), kinds.map(([kind, name]) => ({kind, name, n: total(kind)})));
  const end = new Date(state.minute).getTime();
  const top = Math.max(1, ...minutes.map(m => kinds.reduce((n, [kind]) => n + m[kind], 0)));
  const bars = [];
  for (const m of minutes) {
    const column = 59 - Math.round((end - new Date(m.start)) / 60000);
    let y = 84;
    for (const kind of ["notCors", "allowed", "rejected", "refused"]) {
      if (m[kind] === 0) continue;
      const height = Math.max(2, m[kind] / top * 76);
      y -= height;
      bars.push(shape("rect", {class: kind, x: column * 10 + 1, width: 8, y, height}));
    }
  }
  $("chart").replaceChildren(...bars);
  $("chart").setAttribute("aria-label", kinds.map(([kind, name]) => `${count(total(kind))} ${name}`).join(", ") +
    `; at most ${count(top)} a minute`);
  say($("since"), new Date(state.since).toLocaleString());
  const rows = [...state.totals].sort((a, b) => b.n - a.n).slice(0, 200);
  keyed($("totals").tBodies[0], rows, t => JSON.stringify([t.result, t.code, t.kind, t.policy, t.route, t.shadow]), t => {
    const number = element("td", {class: "number"});
    const code = t.code.startsWith("(") ? t.code : element("a", {href: codesPage + t.code, rel: "noreferrer"}, t.code);
    const cells = [t.result, code, t.kind, t.policy, t.route < 0 ? "" : String(t.route), t.shadow];
    return {element: element("tr", {}, ...cells.map(c => element("td", {}, c)), number), update: t => say(number, count(t.n))};
  });
}

// Refusals

const tail = (...parts) => element("span", {class: "tail"}, ...parts);

// script is the request of a script, as the form asks about it: the path as it was sent.
const script = ({kind, request: r}) => ({
  origin: r.origin?.[0] ?? "", method: (kind === "preflight" && r.requestMethod?.[0]) || r.method,
  path: r.rawPath || r.path.replaceAll("%", "%25"), host: r.host, headers: (r.requestHeaders ?? []).join(", "),
});

// advice is what to do: the hint, and lines to copy.
function advice(a) {
  const parts = [];
  if (a.hint) parts.push(element("p", {}, sentence(a.hint)));
  if (a.fix) {
    parts.push(element("p", {class: "note"}, `If the request should succeed, policy ${a.fix.policy} needs:`),
      ...(a.fix.cautions ? [element("ul", {class: "plain warnings"}, ...a.fix.cautions.map(c => element("li", {}, sentence(c))))] : []));
    const [pre, button] = lines("Lines for the file", a.fix.lines, news);
    parts.push(pre, button);
  }
  return parts;
}

let firstRefusals = true;
let told = 0; // when refusals were last announced

function refusal(r) {
  const why = element("span", {class: "why"}, r.reason);
  const times = element("span", {class: "count"});
  const when = element("span", {class: "when"});
  const now = element("span");
  const body = element("div");
  const item = element("li", {class: firstRefusals ? "item" : "item new"}, element("details", {},
    element("summary", {}, element("span", {class: "line"},
      element("span", {class: "who mono"}, r.origin || "(no origin)"), why, now, tail(times, when))),
    body));
  let shown;
  return {element: item, update(r) {
    item.refusal = r;
    const most = r.maxError > 0 ? `at most ${count(r.count)}` : count(r.count);
    say(times, most + "×");
    say(when, ago(r.last));
    const next = JSON.stringify([r.allowed, r.hint, r.fix, r.method, r.host, r.path, r.headers]);
    if (shown === next || shown && body.contains(document.activeElement) && body.contains(getSelection().anchorNode)) return;
    shown = next;
    now.replaceChildren(r.allowed ? badge("good", "allowed now") : "");
    const explain = element("button", {type: "button"}, "Explain this request");
    explain.addEventListener("click", () => ask(script(item.refusal)));
    const parts = r.allowed ? [element("p", {}, "The policies in force allow this request now.")] : advice(r);
    body.replaceChildren(
      element("p", {class: "mono"}, `${r.kind === "preflight" ? "preflight for " : ""}${r.method} ${r.host}${r.path}` +
        (r.headers.length > 0 ? `, headers ${r.headers.join(", ")}` : "")),
      ...parts.filter(p => p.localName !== "button"),
      element("div", {class: "buttons"}, ...parts.filter(p => p.localName === "button"), explain));
  }};
}

const refusalKey = r => JSON.stringify([r.kind, r.code, r.refused, r.origin, r.policy, r.route]);

function showRefusals(refusals) {
  const known = $("refused-list").keyed;
  const fresh = firstRefusals ? [] : refusals.filter(r => !known?.has(refusalKey(r)));
  $("refused-none").hidden = refusals.length > 0;
  keyed($("refused-list"), refusals, refusalKey, refusal);
  firstRefusals = false;
  if (fresh.length === 0 || Date.now() - told < 5000) return; // a flood would drown everything else
  told = Date.now();
  if (fresh.length === 1) news(`Refused: ${fresh[0].origin}, ${fresh[0].reason}.`);
  if (fresh.length > 1) news(`${fresh.length} more origins were refused.`);
}

// Shadow

function difference(d) {
  const times = element("span", {class: "count"});
  const when = element("span", {class: "when"});
  const last = element("p", {class: "mono"});
  const item = element("li", {class: "item"}, element("details", {},
    element("summary", {}, element("span", {class: "line"},
      badge(d.difference === "stricter" ? "bad" : "warn", d.difference),
      element("span", {class: "who mono"}, d.origin || "(no origin)"),
      element("span", {class: "why"}, "would be " + d.then), tail(times, when))),
    element("div", {}, element("p", {}, `In force: ${d.now}. Under the shadow policies: ${d.then}.`), last)));
  return {element: item, update(d) {
    say(times, count(d.count) + "×");
    say(when, ago(d.last));
    say(last, `${d.method} ${d.host}${d.path}`);
  }};
}

const differenceKey = d => JSON.stringify([d.origin, d.kind, d.kind === "preflight" && d.method, d.difference, d.now, d.then]);

function showShadow() {
  const s = state.shadow;
  $("shadow").hidden = !s;
  if (!s) return;
  const total = kind => state.totals.filter(t => t.shadow === kind).reduce((n, t) => n + t.n, 0);
  sums($("shadow-sums"), ["stricter", "looser", "same"].map(kind => ({kind, name: kind, n: total(kind)})));
  $("shadow-none").hidden = s.differences.length > 0;
  keyed($("shadow-list"), s.differences, differenceKey, difference);
  texts($("shadow-warnings"), s.warnings);
  showPolicies("shadow-", s.policies, s.routes);
}

function showState() {
  showSource();
  showFaults();
  texts($("warnings"), state.warnings);
  showPolicies("", state.policies, state.routes);
  showVerdicts();
  showShadow();
}

// Explain

const form = $("question");

function ask(question) {
  for (const [name, value] of Object.entries(question)) form.elements[name].value = value;
  form.requestSubmit();
  form.closest("section").scrollIntoView({block: "start"});
  form.elements.origin.focus({preventScroll: true});
}

form.addEventListener("submit", async event => {
  event.preventDefault();
  let parts;
  try {
    const response = await fetch("explain?" + new URLSearchParams(new FormData(form)));
    const x = await response.json();
    parts = x.error ? [element("p", {class: "verdict bad"}, sentence(x.error))] : explanation(x);
    news(sentence(x.error ?? x.verdict));
  } catch (e) {
    parts = [element("p", {class: "verdict bad"}, "The server does not answer.")];
  }
  $("answer").replaceChildren(...parts);
});

function explanation(x) {
  const verdict = element("p", {class: "verdict " + (x.allowed ? "good" : "bad")}, sentence(x.verdict));
  const parts = [verdict, ...(x.allowed ? [] : advice(x)), story(x)];
  if (x.shadow) {
    parts.push(element("details", {},
      element("summary", {}, "Under the shadow policies: " + (x.shadow.allowed === x.allowed ? "the same, " : "") + x.shadow.verdict),
      story(x.shadow)));
  }
  return parts;
}

// Live

const handlers = {
  state(data) { state = data; showState(); },
  refusals(data) { latest = data; showRefusals(data); },
};
let latest = [];
let retry;

function live(kind, text) {
  $("live").className = "live " + kind;
  say($("live"), text);
}

function connect() {
  const events = new EventSource("events");
  events.addEventListener("open", () => live("on", "live"));
  for (const [name, handle] of Object.entries(handlers)) {
    events.addEventListener(name, event => handle(JSON.parse(event.data)));
  }
  events.addEventListener("error", () => {
    live("off", "not connected");
    if (events.readyState !== EventSource.CLOSED) return; // the browser tries again
    clearTimeout(retry);
    retry = setTimeout(connect, 5000);
    load();
  });
}

// load fetches what the events would have sent.
async function load() {
  try {
    for (const [name, handle] of Object.entries(handlers)) {
      const response = await fetch(name + ".json");
      if (response.ok) handle(await response.json());
    }
  } catch {
    // The next attempt may succeed.
  }
}

connect();
setInterval(() => {
  if (state) showSource();
  showRefusals(latest);
}, 10000);
