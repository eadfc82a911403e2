// A page that calls the API. It takes work only from the control page, and reports what its
// script saw only to the control page.
"use strict";

const control = document.documentElement.dataset.control;
const limit = 10000; // milliseconds for an answer
const most = 300; // characters of a body

addEventListener("message", async event => {
  if (event.origin !== control || event.source !== parent) return;
  const work = event.data;
  const seen = await Promise.all(work.requests.map(async r => [r.id, await kinds[r.kind](r)]));
  tell({batch: work.batch, seen: Object.fromEntries(seen)});
});

const tell = message => parent.postMessage(message, control);
const within = promise => Promise.race([promise, new Promise(done =>
  setTimeout(() => done({ok: false, error: "no answer within " + limit / 1000 + " seconds"}), limit))]);

const kinds = {
  async fetch({url, method, headers, body, credentials}) {
    const init = {method, headers: headers ?? [], credentials: credentials ? "include" : "same-origin", signal: AbortSignal.timeout(limit)};
    if (body) init.body = body;
    try {
      const response = await fetch(url, init);
      const text = await response.text();
      return {
        ok: true, status: response.status, redirected: response.redirected, headers: [...response.headers], body: text.slice(0, most),
      };
    } catch (e) {
      return {ok: false, error: e.name + ": " + e.message};
    }
  },

  events: ({url, credentials}) => within(new Promise(done => {
    const source = new EventSource(url, {withCredentials: credentials});
    const end = seen => { source.close(); done(seen); };
    source.onmessage = e => end({ok: true, body: e.data.slice(0, most)});
    source.onerror = () => end({ok: false, error: "an error event, without a reason"});
  })),

  websocket: ({url}) => within(new Promise(done => {
    const socket = new WebSocket(url.replace(/^http/, "ws"));
    let got;
    socket.onmessage = e => { got = String(e.data).slice(0, most); socket.close(); done({ok: true, body: got}); };
    socket.onclose = e => { if (got === undefined) done({ok: false, error: `an error event, then a close event with code ${e.code}`}); };
  })),
};

tell({ready: true});
