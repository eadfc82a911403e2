package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/corskit/corskit/conformance/realbrowser"
)

// TestServeInspect reads the inspector, and stops the server while a page listens.
func TestServeInspect(t *testing.T) {
	t.Parallel()
	noSignals(t)
	dir := t.TempDir()
	write(t, dir, "cors.yaml", served)
	s := start(t, dir, "cors.yaml", "--inspect", "127.0.0.1:0", "--inspect-host", "inspector.example")
	s.send("GET", "/items", "", "Origin", "https://evil.example")
	get := func(path, host string) (*http.Response, *bufio.Reader) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.inspector+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res, bufio.NewReader(res.Body)
	}
	for host, want := range map[string]int{"": 200, "localhost": 200, "inspector.example": 200, "evil.example": 403} {
		if res, _ := get("/", host); res.StatusCode != want {
			t.Errorf("host %q: %s, want %d", host, res.Status, want)
		}
	}
	_, body := get("/refusals.json", "")
	var refusals []struct {
		Origin, Hint string
		Fix          struct{ Policy, Lines string }
	}
	if err := json.NewDecoder(body).Decode(&refusals); err != nil {
		t.Fatal(err)
	}
	const lines = "policies:\n  app:\n    allow_origins:\n      - \"https://a.example\"\n      - \"https://evil.example\"\n"
	if len(refusals) != 1 || refusals[0].Origin != "https://evil.example" || refusals[0].Fix.Lines != lines ||
		refusals[0].Hint != `add "https://evil.example" to allow_origins of policy "app"` {
		t.Errorf("the refusals are %+v", refusals)
	}
	var state struct {
		Config struct{ File, Revision string }
	}
	_, body = get("/state.json", "")
	if err := json.NewDecoder(body).Decode(&state); err != nil || state.Config.File != "cors.yaml" || len(state.Config.Revision) != 12 {
		t.Errorf("the state is %+v, %v", state, err)
	}
	_, body = get("/events", "")
	if line, err := body.ReadString('\n'); line != "event: state\n" {
		t.Errorf("the first event is %q, %v", line, err)
	}
	if code := s.interrupt(); code != exitYes {
		t.Errorf("exit status %d after Ctrl-C", code)
	}
	r := corskit(t, dir, "serve", "--inspect", "nowhere", "--listen", "127.0.0.1:0")
	if r.code != exitFail || !strings.Contains(r.stderr, "listen") {
		t.Errorf("%+v", r)
	}
}

// The origins of the browser test.
const (
	originInspector = "https://inspector.example"
	originRebound   = "https://rebound.example"
	originAPI       = "https://api.example.com"
	originPage      = "https://new.example.com"
	originEvil      = "https://evil.example"
)

// inspectedPolicy refuses originPage.
const inspectedPolicy = `version: 1
policies:
  app:
    # the page of our customers
    allow_origins: ["https://app.example.com"]
    allow_methods:
      - PATCH
    max_age: 1s
`

// pageThatFetches tells the window that opened it whether its request succeeds.
const pageThatFetches = `<!doctype html><title>a page</title><script>
fetch("` + originAPI + `/items/1", {method: "PUT", headers: {"content-type": "application/json"}, body: "{}"})
	.then(r => r.json()).then(() => opener.postMessage("read", "*"), () => opener.postMessage("failed", "*"));
</script>`

// openPage is the part of a script that opens the page and waits for its message.
const openPage = `
const said = new Promise(done => addEventListener("message", e => done(e.data), {once: true}));
const other = open("` + originPage + `/", "_blank", "popup,width=400,height=300");
const result = await said;
other.close();
`

// TestInspectorInBrowsers follows a refusal from a page to the inspector, and its fix from the
// inspector to the page. Then it attacks the inspector.
func TestInspectorInBrowsers(t *testing.T) {
	noSignals(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, pageThatFetches)
	}))
	t.Cleanup(page.Close)
	realbrowser.Each(t, func(t *testing.T, b *realbrowser.Session) {
		dir := t.TempDir()
		file := write(t, dir, "cors.yaml", inspectedPolicy)
		s := start(t, dir, "cors.yaml", "--watch", "--inspect", "127.0.0.1:0",
			"--inspect-host", strings.TrimPrefix(originInspector, "https://"))
		for origin, address := range map[string]string{
			originInspector: s.inspector, originRebound: s.inspector, originAPI: s.url, originPage: page.URL,
		} {
			if err := b.Route(origin, strings.TrimPrefix(address, "http://")); err != nil {
				t.Fatal(err)
			}
		}
		t.Run("fix", func(t *testing.T) { (&driver{t, b}).fix(file) })
		t.Run("explain", func(t *testing.T) { (&driver{t, b}).explain() })
		t.Run("markup", func(t *testing.T) { (&driver{t, b}).markup(s) })
		t.Run("strangers", func(t *testing.T) { (&driver{t, b}).strangers() })
	}, originInspector, originRebound, originAPI, originPage, originEvil)
}

// driver uses the inspector in a browser.
type driver struct {
	t *testing.T
	b *realbrowser.Session
}

func (d *driver) run(origin, script string) string {
	d.t.Helper()
	got, err := d.b.Script(d.t.Context(), origin, script)
	if err != nil {
		d.t.Fatal(err)
	}
	return got
}

// fix opens the inspector and then the page. The refusal appears without a reload. Its lines,
// pasted into the file, make the request of the page succeed. The refusal should appear
// within a second; the server takes at most 0.3 of it. A machine that runs other tests
// may need longer, so only the time limit of a script bounds the wait.
func (d *driver) fix(file string) {
	got := d.run(originInspector, `
		globalThis.inspector = await visit("/");
		const $ = selector => inspector.document.querySelector(selector);
		await until(() => $("#live").textContent === "live" && !$("#refused-none").hidden);
		`+openPage+`
		const start = performance.now();
		const item = await until(() => $("#refused-list .item"));
		const elapsed = Math.round(performance.now() - start);
		item.querySelector("summary").click();
		return JSON.stringify({
			result, elapsed, summary: item.querySelector("summary").innerText, lines: item.querySelector("pre").textContent,
			open: item.querySelector("details").open, news: $("#news").textContent,
		});`)
	var seen struct {
		Result, Summary, Lines, News string
		Elapsed                      int
		Open                         bool
	}
	if err := json.Unmarshal([]byte(got), &seen); err != nil {
		d.t.Fatal(err)
	}
	if seen.Result != "failed" || !seen.Open || !strings.Contains(seen.Summary, originPage) ||
		!strings.Contains(seen.Summary, "no policy allows the origin") || !strings.Contains(seen.News, originPage) {
		d.t.Fatalf("the inspector shows %s", got)
	}
	d.t.Logf("the refusal appeared %d ms after the page knew of it", seen.Elapsed)
	text, err := os.ReadFile(file)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(paste(string(text), seen.Lines)), 0o600); err != nil {
		d.t.Fatal(err)
	}
	got = d.run(originInspector, `
		await until(() => inspector.document.querySelector("#refused-list .badge.good")?.textContent === "allowed now");
		`+openPage+`
		return result;`)
	if got != "read" {
		text, _ := os.ReadFile(file)
		d.t.Errorf("with the lines in the file, the page's request %s\n%s", got, text)
	}
}

// paste puts lines to copy into a file: lists of a policy take the place of those that the
// policy has.
func paste(file, lines string) string {
	head, added, _ := strings.Cut(lines, "\n    ")
	added = "    " + added
	var kept []string
	skip := false
	for _, line := range strings.SplitAfter(file, "\n") {
		if strings.HasPrefix(line, "    ") && !strings.HasPrefix(line, "     ") {
			key, _, _ := strings.Cut(line, ":")
			skip = strings.Contains(added, key+":\n")
		}
		if !skip {
			kept = append(kept, line)
		}
	}
	return strings.Replace(strings.Join(kept, ""), head+"\n", head+"\n"+added, 1)
}

// explain asks the form about a request, by its keys only: it fills in the fields and
// submits the form.
func (d *driver) explain() {
	got := d.run(originInspector, `
		const form = inspector.document.querySelector("#question");
		const set = (name, value) => { form.elements[name].value = value; };
		set("origin", "https://app.example.com");
		set("method", "DELETE");
		set("headers", "x-b");
		form.requestSubmit();
		const answer = inspector.document.querySelector("#answer");
		await until(() => answer.querySelector(".story"));
		return answer.innerText;`)
	for _, want := range []string{
		"The browser asks first", `"DELETE" is not in allow_methods`, "The preflight fails: the browser never sends the request.",
		`Add "DELETE" to allow_methods of policy "app".`, "allow_headers:",
	} {
		if !strings.Contains(got, want) {
			d.t.Errorf("the answer lacks %q:\n%s", want, got)
		}
	}
}

// markup sends markup in everything that a client can send. It arrives as text.
func (d *driver) markup(s *serving) {
	const evil = `<img src=x onerror=hacked=1><script>hacked=1</script>`
	s.send("GET", "/"+strings.ReplaceAll(evil, " ", "%20"), "", "Origin", evil)
	s.send("OPTIONS", "/", "", "Origin", "https://app.example.com", "Access-Control-Request-Method", evil,
		"Access-Control-Request-Headers", evil)
	got := d.run(originInspector, `
		const page = inspector.document;
		await until(() => [...page.querySelectorAll(".who")].some(e => e.textContent.startsWith("<img")));
		for (const details of page.querySelectorAll("details")) details.open = true;
		for (const button of page.querySelectorAll("#refused-list .buttons button:last-child")) button.click();
		await until(() => page.querySelector("#answer *"));
		const handlers = page.querySelectorAll("[onerror]").length;
		return JSON.stringify([page.images.length, page.scripts.length, typeof inspector.hacked, handlers]);`)
	if got != `[0,1,"undefined",0]` {
		d.t.Errorf("images, scripts, hacked, handlers: %s", got)
	}
}

// strangers tries to read the inspector from pages of other origins.
func (d *driver) strangers() {
	got := d.run(originRebound, `return (await fetch("/")).status + " " + (await fetch("/refusals.json")).status;`)
	if got != "403 403" {
		d.t.Errorf("a rebound host name gets %s", got)
	}
	got = d.run(originEvil, `
		const url = "`+originInspector+`/";
		const tries = {
			cors: async () => (await fetch(url + "refusals.json")).status,
			credentials: async () => (await fetch(url + "state.json", {credentials: "include"})).status,
			"no-cors": async () => {
				const r = await fetch(url + "refusals.json", {mode: "no-cors"});
				if (r.type === "opaque" && (await r.text()) === "") throw new Error("opaque");
				return r.status;
			},
			post: async () => (await fetch(url + "explain", {method: "POST", body: "x"})).status,
			events: () => new Promise((yes, no) => {
				const e = new EventSource(url + "events");
				for (const name of ["open", "state", "refusals"]) e.addEventListener(name, () => { e.close(); yes(name); });
				e.onerror = () => { e.close(); no(new Error("events")); };
			}),
			script: () => new Promise((yes, no) => {
				const e = document.createElement("script");
				e.src = url + "inspector.js";
				e.onload = () => yes("script");
				e.onerror = () => no(new Error("script"));
				document.body.append(e);
			}),
			frame: () => new Promise((yes, no) => {
				const e = document.createElement("iframe");
				e.src = url;
				e.onload = e.onerror = () => setTimeout(() => {
					try { e.contentDocument ? no(new Error("its own error page")) : 0; e.contentWindow.document.title; yes("frame"); }
					catch { no(new Error("frame")); }
				}, 50);
				document.body.append(e);
			}),
			window: async () => {
				const w = open(url, "_blank", "popup");
				try {
					for (;;) { // until it has left about:blank, which a script may read
						if (w.closed) throw new Error("closed");
						if (w.location.href !== "about:blank") return w.document.title;
						await new Promise(done => setTimeout(done, 20));
					}
				} finally { w.close(); }
			},
		};
		const got = [];
		for (const [name, attempt] of Object.entries(tries)) {
			try { got.push(name + ": " + await attempt()); } catch {}
		}
		return got.join(", ");`)
	if got != "" {
		d.t.Errorf("a page of another origin gets %s", got)
	}
	for _, r := range d.b.Requests(originInspector) {
		if site, _ := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" && r.Method == "POST" {
			return
		}
	}
	d.t.Error("no attack has reached the inspector, so the test shows nothing")
}
