// The story of one verdict, in four steps.
import {element, lines, sentence} from "./inspector/parts.js";

const quoted = s => JSON.stringify(s);

/** script is what the script of the page did. */
export function script(request, url) {
  if (request.kind === "events") return `new EventSource(${quoted(url)})`;
  if (request.kind === "websocket") return `new WebSocket(${quoted(url.replace(/^http/, "ws"))})`;
  const options = [];
  if (request.method !== "GET") options.push(`method: ${quoted(request.method)}`);
  const headers = request.headers ?? [];
  if (headers.length > 0) {
    options.push(`headers: {\n    ${headers.map(([n, v]) => `${quoted(n)}: ${quoted(v)}`).join(",\n    ")}\n  }`);
  }
  if (request.body) options.push(`body: ${quoted(request.body)}`);
  if (request.credentials) options.push(`credentials: "include"`);
  return options.length === 0 ? `fetch(${quoted(url)})` : `fetch(${quoted(url)}, {\n  ${options.join(",\n  ")}\n})`;
}

/** verdict is the outcome of a request: a word, whether that is good, and a remark. */
export function verdict(request, seen, exchanges) {
  const actual = exchanges.filter(x => !x.preflight);
  const asked = exchanges.some(x => x.preflight) ? "asked first" : "";
  if (request.kind === "websocket") {
    if (seen.ok) return {word: "open", good: true, remark: "the server checked"};
    if (actual.length === 0) return {word: "no answer", good: false, remark: ""};
    return {word: "refused", good: false, remark: `by the server: ${actual.at(-1).status}`};
  }
  if (seen.ok) return {word: seen.status >= 400 ? `read the ${seen.status}` : "read", good: true, remark: asked};
  if (actual.length > 0) return {word: "hidden", good: false, remark: asked || "answered, withheld"};
  if (asked) return {word: "never sent", good: false, remark: asked};
  return {word: "no answer", good: false, remark: ""};
}

const step = (title, ...parts) => element("li", {}, element("h3", {}, title), ...parts);
const note = (...parts) => element("p", {class: "note"}, ...parts);

// head shows the first line of a message and the headers that CORS depends on. The other headers
// are folded away.
function head(label, message) {
  const line = f => `${f.name}: ${f.value}`;
  const main = message.fields.filter(f => f.cors);
  const rest = message.fields.filter(f => !f.cors);
  const parts = [element("pre", {class: "lines", tabindex: "0", role: "region", "aria-label": label},
    element("strong", {}, message.line), ...main.map(f => "\n" + line(f)))];
  if (rest.length > 0) {
    parts.push(element("details", {}, element("summary", {}, `${rest.length} more header${rest.length === 1 ? "" : "s"}`),
      element("pre", {class: "lines", tabindex: "0", role: "region", "aria-label": label + ", the other headers"},
        rest.map(line).join("\n"))));
  }
  return parts;
}

const names = {"preflight": "The preflight", "actual": "The request"};
const nameOf = (x, i, all) => x.preflight ? names.preflight : i > 0 && !all[i - 1].preflight ? "After the redirect" : names.actual;

function sentStep(request, seen, exchanges) {
  const asked = exchanges.some(x => x.preflight);
  const sent = exchanges.some(x => !x.preflight);
  const title = asked ? (sent ? "The browser asked, then sent" : "The browser asked") : "The browser sent";
  const parts = exchanges.flatMap((x, i) => [element("h4", {}, nameOf(x, i, exchanges)), ...head(nameOf(x, i, exchanges), x.request)]);
  if (!asked && sent) {
    parts.push(note("Without asking: " +
      (request.kind === "websocket" ? "browsers never ask about WebSockets." : "the request is simple.")));
  }
  if (request.credentials && sent && !exchanges.some(x => x.request.fields.some(f => f.name.toLowerCase() === "cookie"))) {
    parts.push(note("Without the cookie: it has SameSite=Lax, and the page and the API are different sites."));
  }
  if (exchanges.length === 0) parts.push(note("Nothing arrived at the API."));
  return step(title, ...parts);
}

const refusing = /not-allowed|not-echoed|repeated|malformed|no-route|ambiguous|method-case|rejected/;

// why gives the engine's reasons for its answer to one request.
function why(x, request) {
  const bad = s => refusing.test(s.code) && (s.code !== "credentials-not-allowed" || request.credentials);
  return element("ul", {class: "steps"}, ...x.steps.filter(s => s.code !== "kind-actual" && s.code !== "kind-preflight")
    .map(s => element("li", {class: bad(s) ? "bad" : ""}, sentence(s.text))));
}

function answerStep(request, exchanges, advice) {
  const parts = exchanges.flatMap((x, i) => [
    element("h4", {}, nameOf(x, i, exchanges)),
    ...(x.status ? head("The answer: " + nameOf(x, i, exchanges), x.response) : [note("There was no answer.")]),
    element("details", {open: i === exchanges.length - 1}, element("summary", {}, "Why"), why(x, request)),
  ]);
  return step("The server answered", ...parts, advice);
}

function sawStep(request, seen, v, exchanges) {
  const parts = [element("p", {class: "verdict " + (v.good ? "good" : "bad")}, v.good ? "An answer" : "An error")];
  if (seen.ok) {
    if (seen.status) parts.push(note(`Status ${seen.status}${seen.redirected ? ", after a redirect" : ""}; these headers and this body:`));
    const readable = (seen.headers ?? []).map(([n, value]) => `${n}: ${value}`);
    if (readable.length > 0) parts.push(element("pre", {class: "lines"}, readable.join("\n")));
    parts.push(element("pre", {class: "lines"}, seen.body));
    return step("The script saw", ...parts);
  }
  parts.push(element("pre", {class: "lines"}, seen.error));
  const hidden = exchanges.some(x => !x.preflight && x.status);
  if (request.kind === "websocket") parts.push(note("The script does not learn that the server refused the handshake."));
  else if (hidden) parts.push(note("The server did its work, and the browser kept the answer from the script."));
  else parts.push(note("The server's handler never ran."));
  parts.push(note("The browser's console (F12) says more; no script can read that."));
  return step("The script saw", ...parts);
}

/** advice is what to change in the policy, as the inspector says it. */
export function advice(x, told) {
  if (!x || x.allowed) return null;
  const parts = [element("h4", {}, "To allow it")];
  if (x.hint) parts.push(element("p", {}, sentence(x.hint)));
  if (x.fix) {
    parts.push(...(x.fix.cautions ?? []).map(c => element("p", {class: "note"}, sentence(c))));
    parts.push(...lines("Lines for the file", x.fix.lines, told));
  }
  return element("div", {class: "fix"}, ...parts);
}

/** story tells in four steps what happened to a request. fix is the advice, or null. */
export function story(request, url, seen, exchanges, fix) {
  const v = verdict(request, seen, exchanges);
  return [
    step("The script called",
      element("pre", {class: "lines", tabindex: "0", role: "region", "aria-label": "The script"}, script(request, url)),
      note(request.note)),
    sentStep(request, seen, exchanges),
    answerStep(request, exchanges, fix),
    sawStep(request, seen, v, exchanges),
  ];
}
