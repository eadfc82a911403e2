package page_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/corskit/corskit/conformance/realbrowser"
)

// notesSteps drives the notes page as a visitor does: it adds a note, changes it and
// removes it.
const notesSteps = `
	const last = () => $("main li:last-child");
	const texts = () => [...$("main").querySelectorAll("li")].map(li => li.firstChild.textContent).join(", ");
	await until(() => last());
	const before = texts();
	$("input").value = "second";
	$("form button").click();
	await until(() => texts() === before + ", second");
	last().querySelector("button").click();
	await until(() => texts() === before + ", second!");
	last().querySelector("button:last-child").click();
	await until(() => texts() === before);
	return [before, $("main output").textContent];`

// buttonSteps clicks every button in order, and returns what each shows.
const buttonSteps = `
	await until(() => $("main ol button"));
	const seen = [];
	for (const item of $("main ol").children) {
		item.querySelector("button").click();
		seen.push(await until(() => item.querySelector("output").textContent));
	}
	return seen;`

// swaggerSteps try both operations in Swagger UI, the second one also with the key. Swagger UI
// is large, so each operation has its own script.
var swaggerSteps = []string{
	`await execute("list"); return [await answer("list", "200")];`,
	`await execute("replace"); return [await answer("replace", "401")];`,
	`page.ui.preauthorizeApiKey("key", "secret");
	await click("#operations-default-replace .execute");
	return [await answer("replace", "200")];`,
}

// swaggerUI has the functions that swaggerSteps use.
const swaggerUI = `
	const cell = (operation, name) => $("#operations-default-" + operation + " .live-responses-table .response " + name);
	const answer = async (operation, status) => {
		await until(() => cell(operation, ".response-col_status")?.textContent.trim().startsWith(status));
		return status + " " + cell(operation, "code").textContent.replace(/\s+/g, "");
	};
	const click = async selector => (await until(() => $(selector))).click();
	const execute = async operation => {
		for (const button of ["button", ".try-out__btn", ".execute"]) {
			await click("#operations-default-" + operation + " " + button);
		}
	};`

// example is the folder of an example, and what its page must show.
type example struct {
	dir   string
	steps []string // bodies of functions that return what the page shows
	want  []string // expressions
	// blocked means that the steps are also tried from an origin that is not allowed.
	blocked bool
}

// of returns its arguments, as steps.
func of(steps ...string) []string { return steps }

var shown = []string{"read the README", ""}

var examples = []example{
	{"nethttp", of(notesSteps), shown, false},
	{"gin", of(notesSteps), shown, false},
	{"echo", of(notesSteps), shown, false},
	{"fiber", of(notesSteps), shown, false},
	{"jwt", of(buttonSteps), []string{
		`401 {"message":"log in first"}, Bearer realm="notes"`, `403 {"message":"wrong name or password"}`,
		"200, a token", "200 hello ada", "blocked: .+",
	}, true},
	{"sessions", of(buttonSteps), []string{
		"401 log in first", "200 hello ada", "200 you are ada", "401 log in first", "200 goodbye", "401 log in first",
	}, true},
	{"proxy", of(buttonSteps), []string{"200 GET /items for http, from the service", "200 PUT /items/1 for http", "blocked: .+"}, true},
	{"websocket", of(buttonSteps), []string{"200 teatime", "echo: hello"}, true},
	{"uploads", of(buttonSteps), []string{"200 500000 bytes, 100 %", "200 500000 bytes, 100 %", "200 0 bytes, 0 %"}, true},
	{"rpc", of(buttonSteps), []string{
		`200 "hello ada"`, `400 {"code":"invalid_argument","message":"no name"}`, `200 status 0 "hello ada"`, "200 status 3 no name",
	}, true},
	{"openapi", swaggerSteps, []string{`200 \[{"id":1,"text":".+"}\]`, "401 sendX-Api-Key:secret", `200 {"id":1,"text":"changed"}`}, false},
}

// program is a running example.
type program struct{ page, api string } // origins

// TestExamples uses the page of each example in each browser.
func TestExamples(t *testing.T) {
	var once sync.Once
	running := make(map[string]program)
	realbrowser.Each(t, func(t2 *testing.T, b *realbrowser.Session) {
		once.Do(func() { start(t2, t, running) })
		for _, e := range examples {
			p, ok := running[e.dir]
			if !ok {
				t2.Fatalf("%s did not start", e.dir)
			}
			visit(t2, b, e, p)
		}
	})
}

// visit uses the page of one example.
func visit(t *testing.T, b *realbrowser.Session, e example, p program) {
	t.Helper()
	stranger := strings.Replace(p.page, "localhost", "127.0.0.1", 1)
	for origin, server := range map[string]string{p.page: p.page, p.api: p.api, stranger: p.page} {
		if err := b.Route(origin, host(server)); err != nil {
			t.Fatal(err)
		}
	}
	run := func(origin string) (seen []string) {
		t.Helper()
		for _, steps := range slices.Concat(of(`globalThis.page?.close(); globalThis.page = await visit("/"); return [];`), e.steps) {
			got, err := b.Script(t.Context(), origin, `
				const $ = selector => page.document.querySelector(selector);
				`+swaggerUI+`
				return JSON.stringify(await (async () => {`+steps+`})());`)
			if err != nil {
				t.Errorf("%s: %v", e.dir, err)
				return seen
			}
			var more []string
			if err := json.Unmarshal([]byte(got), &more); err != nil {
				t.Errorf("%s: %v", e.dir, err)
			}
			seen = append(seen, more...)
		}
		return seen
	}
	seen := run(p.page)
	matches := len(seen) == len(e.want)
	for i := range seen {
		matches = matches && regexp.MustCompile(`\A(?:`+e.want[i]+`)\z`).MatchString(seen[i])
	}
	if !matches {
		t.Errorf("%s shows\n%s\nwant\n%s", e.dir, strings.Join(seen, "\n"), strings.Join(e.want, "\n"))
	}
	if !e.blocked {
		return
	}
	for i, text := range run(stranger) {
		if !strings.HasPrefix(text, "blocked: ") {
			t.Errorf("%s, from %s, step %d: %s", e.dir, stranger, i+1, text)
		}
	}
}

func host(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return net.JoinHostPort("127.0.0.1", u.Port())
}

// start builds the programs with one go command, starts them, and fills in the addresses on
// which they listen. It reports failures to t. The programs end when the test all ends, which
// has a subtest for each browser.
func start(t, all *testing.T, running map[string]program) {
	t.Helper()
	bin := all.TempDir()
	args := []string{"build", "-ldflags=-s -w", "-o", bin + string(filepath.Separator)}
	for _, e := range examples {
		args = append(args, "../"+e.dir)
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	for _, e := range examples {
		flags := []string{"-page", "127.0.0.1:0", "-api", "127.0.0.1:0"}
		if e.steps[0] == notesSteps {
			flags[2] = "-listen"
		}
		running[e.dir] = launch(t, all, filepath.Join(bin, e.dir), flags)
	}
}

// launch starts a command and waits until it has printed where it listens.
func launch(t, all *testing.T, name string, flags []string) program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, name, flags...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	all.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	var p program
	for s := bufio.NewScanner(out); p.api == "" && s.Scan(); {
		if origin, ok := strings.CutPrefix(s.Text(), "page: "); ok {
			p.page = origin
		} else if origin, ok := strings.CutPrefix(s.Text(), "api: "); ok {
			p.api = strings.TrimSpace(origin)
		}
	}
	if p.page == "" || p.api == "" {
		t.Fatalf("%s ended before it printed where it listens", filepath.Base(name))
	}
	return p
}
