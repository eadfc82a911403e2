// Parts that the pages of corskit share. All text goes through text nodes, so nothing that
// a client sent is ever read as markup.

/** element makes an element: element("p", {class: "note"}, "text", child). */
export function element(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) e.setAttribute(key, "");
    else if (value !== false && value != null) e.setAttribute(key, value);
  }
  e.append(...children.filter(c => c != null && c !== false));
  return e;
}

/** shape makes an element of SVG. */
export function shape(name, attributes, ...children) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

/** say replaces the text of an element, if it differs. */
export function say(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

/** ago says how long ago a time was, in words. */
export function ago(time, now = Date.now()) {
  const seconds = Math.max(0, (now - new Date(time)) / 1000);
  const one = (n, unit) => `${n} ${unit}${n === 1 ? "" : "s"} ago`;
  if (seconds < 5) return "just now";
  if (seconds < 60) return one(Math.floor(seconds), "second");
  if (seconds < 3600) return one(Math.floor(seconds / 60), "minute");
  if (seconds < 48 * 3600) return one(Math.floor(seconds / 3600), "hour");
  return one(Math.floor(seconds / 86400), "day");
}

/** count writes a number with separators. */
export const count = n => n.toLocaleString("en");

/** badge is a word on a colored ground: good, bad, warn or quiet. */
export const badge = (kind, text) => element("span", {class: "badge " + kind}, text);

/**
 * keyed updates the children of a list in place, so that what is open, selected or focused
 * stays so. make returns the element for an item and its update function.
 */
export function keyed(list, items, key, make) {
  const known = list.keyed ??= new Map();
  const left = new Set(known.keys());
  let place = list.firstChild;
  const used = new Set();
  for (const item of items) {
    let k = key(item);
    while (used.has(k)) k += "+"; // long values that were cut may look alike
    used.add(k);
    if (!left.delete(k)) known.set(k, make(item));
    const part = known.get(k);
    if (part.element === place) place = place.nextSibling;
    else if (!part.element.contains(document.activeElement)) list.insertBefore(part.element, place);
    part.update(item);
  }
  for (const k of left) {
    known.get(k).element.remove();
    known.delete(k);
  }
}

/** lines is text to copy, with a button that does it. told is called with the news. */
export function lines(label, text, told) {
  const pre = element("pre", {class: "lines", tabindex: "0", role: "region", "aria-label": label}, text);
  const button = element("button", {type: "button"}, "Copy the lines");
  button.addEventListener("click", async () => {
    if (await copy(pre)) told("The lines were copied.");
    else told("The lines are selected: copy them with the keyboard.");
  });
  return [pre, button];
}

// copy copies the text of an element, or selects it if the page may not copy.
async function copy(e) {
  const range = document.createRange();
  range.selectNodeContents(e);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  try {
    await navigator.clipboard.writeText(e.textContent);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}

/** story tells an explanation: its exchanges, step by step. */
export function story(explanation) {
  return element("ol", {class: "story"}, ...explanation.exchanges.map(exchange));
}

const refusing = /not-allowed|not-echoed|repeated|malformed|no-route|ambiguous|method-case|rejected/;

function exchange(e) {
  const title = e.preflight ? "The browser asks first (preflight)" : "The browser sends the request";
  const answered = e.status === 0 ? "The handler answers" : `Answered with ${e.status}`;
  return element("li", {class: e.allowed ? "good" : "bad"},
    element("h3", {}, title),
    element("pre", {class: "lines"}, e.request.join("\n")),
    element("ol", {class: "steps"}, ...e.steps.map(s =>
      element("li", {class: refusing.test(s.code) && s.code !== "credentials-not-allowed" ? "bad" : ""}, s.text))),
    e.headers.length > 0 && element("p", {class: "note"}, `${answered}, with these headers:`),
    e.headers.length > 0 && element("pre", {class: "lines"}, e.headers.join("\n")),
    element("p", {class: "verdict " + (e.allowed ? "good" : "bad")}, sentence(e.verdict)));
}

/** sentence makes words a sentence. */
export const sentence = s => s === "" ? "" : s[0].toUpperCase() + s.slice(1) + (s.endsWith(".") ? "" : ".");
