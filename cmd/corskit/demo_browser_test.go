package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/realbrowser"
)

// Origins that attack the demo.
const (
	originAttack      = "https://attack.example"
	originReboundDemo = "http://rebound.example:4711"
)

// TestDemoInBrowsers uses the demo as people do, with another framework in each browser:
// every verdict on the page is that of the browser, and equals what the model of the browser
// says about the same server.
func TestDemoInBrowsers(t *testing.T) {
	noSignals(t)
	frameworkOf := map[string]string{"chromium": "gin", "firefox": "fiber", "webkit": "echo"}
	realbrowser.Each(t, func(t *testing.T, b *realbrowser.Session) {
		d := &demoDriver{t: t, b: b, demo: startDemo(t, t.TempDir(), "--framework", frameworkOf[b.Engine.Name])}
		d.routes()
		d.open()
		d.compare("at the start")
		d.story()
		d.editOnPage()
		d.editFile()
		d.badEditOnPage()
		d.badEditInFile()
		d.strangers()
		d.unreached()
		if code := d.demo.interrupt(); code != exitYes {
			t.Errorf("exit status %d after Ctrl-C", code)
		}
	}, originAttack)
}

type demoDriver struct {
	t     *testing.T
	b     *realbrowser.Session
	demo  *showing
	facts demoFacts
	shown string // the revision whose verdicts are on the page
}

// routes lets the browser reach the demo.
func (d *demoDriver) routes() {
	d.facts = d.demo.facts()
	at := map[string]string{originReboundDemo: loopbackOf(d.facts.Control)}
	for _, c := range d.facts.Columns {
		at[c.Origin] = loopbackOf(c.Origin)
	}
	for _, origin := range []string{d.facts.Control, d.facts.API} {
		at[origin] = loopbackOf(origin)
	}
	for origin, address := range at {
		if err := d.b.Route(origin, address); err != nil {
			d.t.Fatal(err)
		}
	}
}

// loopbackOf returns the address of an origin of the demo.
func loopbackOf(origin string) string {
	return "127.0.0.1" + origin[strings.LastIndexByte(origin, ':'):]
}

func (d *demoDriver) run(script string) string {
	d.t.Helper()
	got, err := d.b.Script(d.t.Context(), d.facts.Control, script)
	if err != nil {
		d.t.Fatal(err)
	}
	return got
}

// open opens the page and waits for all verdicts. On a busy machine, the demo may say for a
// moment that one of its pages has not loaded.
func (d *demoDriver) open() {
	_, hash, _ := strings.Cut(d.demo.page, "#")
	d.shown = d.run(fmt.Sprintf(`
		globalThis.page = await visit("/#%s");
		globalThis.$ = selector => page.document.querySelector(selector);
		globalThis.type = text => {
			$("#text").value = text;
			$("#text").dispatchEvent(new page.Event("input", {bubbles: true}));
		};
		return await until(() => $("#unreached").hidden && page.document.body.dataset.shown);`, hash))
}

// changed waits until the verdicts of another policy are on the page.
func (d *demoDriver) changed(what string) {
	d.t.Helper()
	got := d.run(fmt.Sprintf(`
		const start = performance.now();
		const shown = await until(() => page.document.body.dataset.shown !== %q && page.document.body.dataset.shown);
		return shown + " " + Math.round(performance.now() - start);`, d.shown))
	revision, elapsed, _ := strings.Cut(got, " ")
	d.t.Logf("%s: the verdicts followed after %s ms", what, elapsed)
	d.shown = revision
}

// compare compares every verdict on the page with that of the model.
func (d *demoDriver) compare(when string) {
	d.t.Helper()
	var got map[string]string
	if err := json.Unmarshal([]byte(d.run(`
		const cells = {};
		[...page.document.querySelectorAll("#rows tr")].forEach((row, r) => [...row.querySelectorAll("button")].forEach((cell, c) => {
			cells[r + "/" + c] = cell.querySelector(".word").textContent;
		}));
		return JSON.stringify(cells);`)), &got); err != nil {
		d.t.Fatal(err)
	}
	want := d.model()
	for _, cell := range slices.Sorted(maps.Keys(want)) {
		if got[cell] != want[cell] {
			d.t.Errorf("%s, cell %s: the page says %q, the model %q", when, cell, got[cell], want[cell])
		}
	}
	if len(got) != len(want) || len(want) != 24 {
		d.t.Errorf("%s: %d cells, want %d", when, len(got), len(want))
	}
}

// model returns what the page should say in each cell.
func (d *demoDriver) model() map[string]string {
	d.t.Helper()
	engine, err := config.Load(d.demo.file, config.Options{Environ: []string{}})
	if err != nil {
		d.t.Fatal(err)
	}
	browser := &browsermodel.Browser{Transport: conformance.RoundTripper(http.DefaultTransport), Profile: d.b.Engine.Profile}
	want := make(map[string]string)
	for r, request := range d.facts.Requests {
		for c, column := range d.facts.Columns {
			cell := fmt.Sprintf("%d/%d", r, c)
			if request.Kind == "websocket" {
				want[cell] = map[bool]string{true: "open", false: "refused"}[engine.AllowsOrigin(column.Origin)]
				continue
			}
			f := browsermodel.Fetch{
				Origin: column.Origin, URL: d.facts.API + request.Path, Method: request.Method, Body: request.Body,
				Credentials: request.Credentials, Partition: d.shown, // so that no cached preflight counts
			}
			for _, h := range request.Headers {
				f.Header = append(f.Header, browsermodel.Field{Name: h[0], Value: h[1]})
			}
			switch v := browser.Fetch(d.t.Context(), f); {
			case v.Allowed && v.Status >= 400:
				want[cell] = fmt.Sprintf("read the %d", v.Status)
			case v.Allowed:
				want[cell] = "read"
			case v.AtPreflight:
				want[cell] = "never sent"
			default:
				want[cell] = "hidden"
			}
		}
	}
	return want
}

// story chooses verdicts with the keyboard and reads their stories.
func (d *demoDriver) story() {
	d.t.Helper()
	for _, tt := range []struct {
		cell string // row/column
		want []string
	}{
		{"1/2", []string{`method: "PUT"`, "OPTIONS /items/1", "Access-Control-Request-Headers: content-type,x-request-id", "403",
			"Add \"" + d.facts.Columns[2].Origin, "allow_origins:", "The server's handler never ran.", "TypeError"}},
		{"1/0", []string{"The preflight", "Access-Control-Allow-Methods: PUT", "PUT /items/1", "x-request-id: demo", `"saved":true`}},
		{"2/0", []string{"Cookie: corskit-demo=visitor", `"cookie":true`}},
		{"2/1", []string{`credentials: "include"`, "allow_credentials: true", "kept the answer from the script"}},
		{"4/0", []string{"302 Found", "After the redirect", "Status 200, after a redirect"}},
		{"5/1", []string{"500 Internal Server Error", "Status 500", "out of tea"}},
		{"6/2", []string{"new EventSource(", "text/event-stream", "an error event"}},
		{"7/2", []string{"new WebSocket(", "Sec-WebSocket-Version", "403 Forbidden"}},
		{"7/1", []string{"101 Switching Protocols", "tea is ready"}},
	} {
		got := d.run(fmt.Sprintf(`
			const [row, column] = %q.split("/").map(Number);
			const cell = (r, c) => page.document.querySelectorAll("#rows tr")[r].querySelectorAll("button")[c];
			cell(0, 0).click();
			await until(() => $("#steps").textContent.includes("A simple request"));
			cell(0, 0).focus();
			const key = name => page.document.activeElement.dispatchEvent(new page.KeyboardEvent("keydown", {key: name, bubbles: true}));
			for (let i = 0; i < row; i++) key("ArrowDown");
			for (let i = 0; i < column; i++) key("ArrowRight");
			if (page.document.activeElement !== cell(row, column)) throw new Error("the arrow keys do not lead there");
			const before = $("#steps").textContent;
			page.document.activeElement.click();
			const good = cell(row, column).classList.contains("good");
			await until(() => ($("#steps").textContent !== before) && (good || $("#steps .fix")));
			if (cell(row, column).getAttribute("aria-pressed") !== "true") throw new Error("not pressed");
			return $("#steps").textContent;`, tt.cell))
		contains(d.t, "the story of "+tt.cell, got, tt.want...)
	}
}

// listing returns the policy with the third origin listed.
func (d *demoDriver) listing(text string) string {
	return strings.Replace(text, `allow_origins: ["`, fmt.Sprintf(`allow_origins: [%q, "`, d.facts.Columns[2].Origin), 1)
}

func (d *demoDriver) file() string {
	d.t.Helper()
	text, err := os.ReadFile(d.demo.file)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(text)
}

// editOnPage allows the third origin on the page.
func (d *demoDriver) editOnPage() {
	d.t.Helper()
	edited := d.listing(d.file())
	d.run(fmt.Sprintf(`type(%q); return "";`, edited))
	d.changed("an edit on the page")
	d.run(`await until(() => $("#written").textContent.startsWith("Written at")); return "";`) // it may follow the verdicts
	if got := d.file(); got != edited {
		d.t.Errorf("the file has %q, want %q", got, edited)
	}
	d.compare("after an edit on the page")
}

// editFile writes another policy to the file.
func (d *demoDriver) editFile() {
	d.t.Helper()
	text := fmt.Sprintf("policies:\n  all:\n    allow_origins: [%q, %q]\n    allow_headers: [x-unlisted]\n    reject_disallowed: true\n",
		d.facts.Columns[1].Origin, d.facts.Columns[2].Origin)
	d.write(text)
	d.changed("an edit of the file")
	d.compare("after an edit of the file")
	d.run(fmt.Sprintf(`await until(() => $("#text").value === %q); return "";`, text)) // it may follow the verdicts
}

func (d *demoDriver) write(text string) {
	d.t.Helper()
	if err := os.WriteFile(d.demo.file, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// badEditOnPage makes a mistake on the page, and fixes it.
func (d *demoDriver) badEditOnPage() {
	d.t.Helper()
	before := d.file()
	bad := strings.Replace(before, d.facts.Columns[2].Origin, d.facts.Columns[2].Origin+"/", 1)
	got := d.run(fmt.Sprintf(`
		type(%q);
		await until(() => !$("#faults").hidden);
		$("#faults-list button").click();
		const text = $("#text");
		return JSON.stringify([$("#faults").innerText, $("#marks mark").textContent, text.getAttribute("aria-invalid"),
			text.value.slice(0, text.selectionStart).split("\n").length, page.document.body.dataset.shown]);`, bad))
	var seen [5]any
	if err := json.Unmarshal([]byte(got), &seen); err != nil {
		d.t.Fatal(err)
	}
	contains(d.t, "the faults", fmt.Sprint(seen[0]), "Not written", "line 3", "slash", "The old policy stays in force")
	if seen[2] != "true" || seen[3] != 3.0 || seen[4] != d.shown || !strings.Contains(fmt.Sprint(seen[1]), "allow_origins") {
		d.t.Errorf("with a fault, the page shows %s; the verdicts were of %s", got, d.shown)
	}
	if d.file() != before {
		d.t.Error("a policy with a fault was written to the file")
	}
	d.compare("with a fault on the page")
	d.run(fmt.Sprintf(`type(%q); await until(() => $("#faults").hidden); return "";`, before))
}

// badEditInFile makes a mistake in the file, and fixes it on the page.
func (d *demoDriver) badEditInFile() {
	d.t.Helper()
	good := d.file()
	bad := strings.Replace(good, "allow_headers", "allow_header", 1)
	d.write(bad)
	got := d.run(fmt.Sprintf(`
		await until(() => !$("#faults").hidden && $("#text").value === %q); // the file may be seen empty before
		return $("#faults").innerText;`, bad))
	contains(d.t, "the faults", got, "The file has a fault", "line 4", "allow_header:")
	d.write(good)
	d.run(`await until(() => $("#faults").hidden); return "";`)
	d.compare("after a fault in the file")
	// While the page has a text of its own with a fault, the file changes.
	d.run(`type("policies: 1\n"); await until(() => !$("#faults").hidden); return "";`)
	d.write(strings.Replace(good, "all:", "others:", 1))
	d.run(`
		await until(() => !$("#conflict").hidden);
		if ($("#text").value !== "policies: 1\n") throw new Error("the text on the page was lost");
		$("#take").click();
		await until(() => $("#conflict").hidden && $("#text").value.includes("others:"));
		return "";`)
	d.changed("an edit of the file, while the page had another text")
	d.write("policies: {nobody: {allow_origins: []}}\n")
	d.run(`await until(() => !$("#none").hidden); return "";`)
	d.compare("under a policy that allows no page")
}

// strangers try to read and edit the policy from pages of other origins, the calling pages
// of the demo among them.
func (d *demoDriver) strangers() {
	d.t.Helper()
	before := d.file()
	attack := fmt.Sprintf(`
		const url = %q, key = %q;
		const headers = {"x-demo-key": key, "if-match": "x"};
		const tries = {
			read: async () => (await fetch(url + "/policy")).status,
			put: async () => (await fetch(url + "/policy", {method: "PUT", headers, body: "x"})).status,
			post: async () => (await fetch(url + "/policy", {method: "POST", body: "x"})).status,
			events: () => new Promise((yes, no) => {
				const e = new EventSource(url + "/events");
				e.onopen = e.onmessage = () => { e.close(); yes("open"); };
				e.onerror = () => { e.close(); no(); };
			}),
			script: () => new Promise((yes, no) => {
				const e = document.createElement("script");
				e.src = url + "/demo.js";
				e.onload = () => yes("loaded");
				e.onerror = () => no();
				document.body.append(e);
			}),
		};
		const got = [];
		for (const [name, attempt] of Object.entries(tries)) {
			try { got.push(name + ": " + await attempt()); } catch {}
		}
		return got.join(", ");`, d.facts.Control, d.demo.key())
	for _, origin := range []string{originAttack, d.facts.Columns[0].Origin, d.facts.Columns[2].Origin} {
		got, err := d.b.Script(d.t.Context(), origin, attack)
		if err != nil || got != "" {
			d.t.Errorf("a page at %s gets %s, %v", origin, got, err)
		}
	}
	got, err := d.b.Script(d.t.Context(), originReboundDemo, fmt.Sprintf(`
		const put = await fetch("/policy", {method: "PUT", headers: {"x-demo-key": %q}, body: "x"});
		return put.status + " " + (await fetch("/policy")).status;`, d.demo.key()))
	if err != nil || got != "403 403" {
		d.t.Errorf("a rebound host name gets %s, %v", got, err)
	}
	if d.file() != before {
		d.t.Error("a stranger has changed the file")
	}
}

// unreached opens another demo, with an address that lacks the key, and keeps the browser from
// loading one of its pages. The other pages show their verdicts, and the policy cannot be
// edited. Then that page loads after all.
func (d *demoDriver) unreached() {
	d.t.Helper()
	if d.b.Engine.Name != "chromium" {
		return // the wait is long, and the page does not depend on the browser
	}
	other := demoDriver{t: d.t, b: d.b, demo: startDemo(d.t, d.t.TempDir())}
	other.facts = other.demo.facts()
	lost := other.facts.Columns[1].Origin
	for _, origin := range []string{other.facts.Control, other.facts.API, other.facts.Columns[0].Origin, other.facts.Columns[2].Origin} {
		if err := d.b.Route(origin, loopbackOf(origin)); err != nil {
			d.t.Fatal(err)
		}
	}
	got := other.run(`
		globalThis.other = await visit("/");
		globalThis.$ = selector => other.document.querySelector(selector);
		globalThis.words = () => [...other.document.querySelectorAll("#rows tr:first-child .word")].map(e => e.textContent).join(", ");
		await until(() => other.document.body.dataset.shown && words() === "read, not loaded, hidden"); // others may be late
		return JSON.stringify([$("#unreached").textContent, $("#text").readOnly, $("#policy-note").textContent]);`)
	var seen [3]any
	if err := json.Unmarshal([]byte(got), &seen); err != nil {
		d.t.Fatal(err)
	}
	contains(d.t, "the note", fmt.Sprint(seen[0]), lost, "127.0.0.1 pr-7.localhost")
	contains(d.t, "the note on the policy", fmt.Sprint(seen[2]), "the address that the command printed")
	if seen[1] != true {
		d.t.Errorf("without the key, the demo shows %s", got)
	}
	if err := d.b.Route(lost, loopbackOf(lost)); err != nil {
		d.t.Fatal(err)
	}
	other.run(`
		const frame = other.document.querySelectorAll("#frames iframe")[1];
		frame.src = frame.src;
		await until(() => $("#unreached").hidden && other.document.body.dataset.shown && words() === "read, read, hidden");
		return "";`)
}
