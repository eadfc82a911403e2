package observe_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

// withoutTimes is for handlers whose output is compared.
func withoutTimes(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey || a.Key == "first" {
		return slog.Attr{}
	}
	return a
}

// logged returns what Log writes about requests, as text without times.
func logged(e *core.Engine, opts observe.LogOptions, requests ...core.Request) string {
	var b bytes.Buffer
	h := slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: withoutTimes, Level: slog.LevelDebug})
	defer e.Observe(observe.Log(h, opts))()
	for _, r := range requests {
		e.Decide(ctx, r)
	}
	return b.String()
}

func TestLog(t *testing.T) {
	e := core.MustNew(policy())
	twice := get(app)
	twice.Origin = append(twice.Origin, app)
	full := preflight(app, "PUT", "x-a", "x-b")
	full.Path, full.RawPath, full.FoldPath = "/a b?q=1", "/a%20b?q=1", true
	full.AccessControlRequestPrivateNetwork, full.SecFetchSite = []string{"true"}, []string{"cross-site"}
	hostile := get("https://a.example\nlevel=ERROR\x1b[2J\u202e\xff")
	tests := []struct {
		name    string
		opts    observe.LogOptions
		request core.Request
		want    string
	}{
		{"allowed", observe.LogOptions{}, get(app), ""},
		{"refused", observe.LogOptions{}, get("https://x.example"),
			`level=WARN msg="cors: refused" origin=https://x.example method=GET host="" path=/ kind=actual ` +
				`code=origin-not-allowed policy="" route=-1 refused="" count=1`},
		{"fix", observe.LogOptions{Engine: e, Level: slog.LevelDebug}, get("https://x.example"),
			`level=DEBUG msg="cors: refused" origin=https://x.example method=GET host="" path=/ kind=actual ` +
				`code=origin-not-allowed policy="" route=-1 refused="" count=1 ` +
				`fix="add \"https://x.example\" to AllowOrigins of policy \"app\""`},
		{"spelled fix", observe.LogOptions{Engine: e, Spell: strings.ToLower}, get("https://x.example"),
			`level=WARN msg="cors: refused" origin=https://x.example method=GET host="" path=/ kind=actual ` +
				`code=origin-not-allowed policy="" route=-1 refused="" count=1 ` +
				`fix="add \"https://x.example\" to alloworigins of policy \"app\""`},
		{"repeated", observe.LogOptions{}, twice,
			`level=WARN msg="cors: refused" origin="https://app.example.com, https://app.example.com" method=GET host="" path=/ ` +
				`kind=actual code=origin-repeated policy="" route=-1 refused="" count=1`},
		{"everything", observe.LogOptions{}, full,
			`level=WARN msg="cors: refused" origin=https://app.example.com method=OPTIONS host=api.example.com path="/a b" ` +
				`kind=preflight code=header-not-allowed policy=app route=-1 refused=x-a count=1 raw_path=/a%20b fold_path=true ` +
				`request_method=PUT request_headers=x-a,x-b private_network=true fetch_site=cross-site`},
		{"hostile", observe.LogOptions{}, hostile,
			`level=WARN msg="cors: refused" origin="https://a.example�level=ERROR�[2J��" method=GET host="" path=/ kind=actual ` +
				`code=origin-not-allowed policy="" route=-1 refused="" count=1`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.TrimSpace(logged(e, tt.opts, tt.request)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestLogDoubles(t *testing.T) {
	e := core.MustNew(policy())
	var requests []core.Request
	for i := range 20 {
		requests = append(requests, get("https://x.example"), preflight(app, fmt.Sprint("M", i%2)))
	}
	lines := strings.Split(logged(e, observe.LogOptions{}, requests...), "\n")
	counts := make(map[string]string)
	for _, line := range lines[:len(lines)-1] {
		key := value(line, "origin") + value(line, "refused")
		counts[key] += " " + value(line, "count")
	}
	want := map[string]string{"https://x.example": " 1 2 4 8 16", app + "M0": " 1 2 4 8", app + "M1": " 1 2 4 8"}
	if fmt.Sprint(counts) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", counts, want)
	}
}

// value returns the value of an attribute of a line.
func value(line, name string) string {
	_, rest, _ := strings.Cut(line, " "+name+"=")
	v, _, _ := strings.Cut(rest, " ")
	return strings.Trim(v, `"`)
}

func TestLogOfShadow(t *testing.T) {
	stricter, looser := policy(), policy()
	stricter.Name, stricter.AllowMethods = "strict", nil
	looser.Name, looser.AllowOrigins = "loose", []string{app, "https://new.example.com"}
	request := `origin=https://app.example.com method=OPTIONS host=api.example.com path=/items/1 kind=preflight `
	tests := []struct {
		name    string
		shadow  core.Policy
		request core.Request
		want    string
	}{
		{"same", policy(), preflight(app, "PUT"), ""},
		{"stricter", stricter, preflight(app, "PUT"),
			`level=INFO msg="cors: shadow differs" ` + request + `code=origin-allowed policy=app route=-1 refused=PUT count=1 ` +
				`request_method=PUT shadow=stricter shadow_code=method-not-allowed shadow_policy=strict shadow_route=-1` + "\n"},
		{"looser", looser, get("https://new.example.com"),
			`level=WARN msg="cors: refused" origin=https://new.example.com method=GET host="" path=/ kind=actual ` +
				`code=origin-not-allowed policy="" route=-1 refused="" count=1` + "\n" +
				`level=INFO msg="cors: shadow differs" origin=https://new.example.com method=GET host="" path=/ kind=actual ` +
				`code=origin-not-allowed policy="" route=-1 refused="" count=1 ` +
				`shadow=looser shadow_code=origin-allowed shadow_policy=loose shadow_route=-1` + "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := core.MustNew(policy())
			if err := e.Shadow(tt.shadow); err != nil {
				t.Fatal(err)
			}
			if got := logged(e, observe.LogOptions{}, tt.request); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if got := logged(e, observe.LogOptions{ShadowLevel: slog.LevelError}, tt.request); strings.Contains(got, "INFO") {
				t.Errorf("another level: got %s", got)
			}
		})
	}
}

// TestLogTellsDifferencesApart checks that a change of the shadow policies, or of what a
// request asks for, is another difference.
func TestLogTellsDifferencesApart(t *testing.T) {
	now, renamed, mixed := policy(), policy(), policy()
	now.AllowCredentials = true
	renamed.Name = "renamed"
	mixed.AllowPrivateNetwork = true // looser only for requests that ask for it
	e := core.MustNew(now)
	var b bytes.Buffer
	e.Observe(observe.Log(slog.NewTextHandler(&b, nil), observe.LogOptions{}))
	asking := preflight(app, "PUT")
	asking.AccessControlRequestPrivateNetwork = []string{"true"}
	for _, step := range []struct {
		shadow  core.Policy
		request core.Request
		want    string
	}{
		{policy(), preflight(app, "PUT"), "stricter app 1"},
		{policy(), preflight(app, "PUT"), "stricter app 2"},
		{renamed, preflight(app, "PUT"), "stricter renamed 1"},
		{mixed, asking, "looser app 1"},
		{mixed, preflight(app, "PUT"), "  "}, // the third of its kind
		{mixed, preflight(app, "PUT"), "stricter app 4"},
	} {
		if err := e.Shadow(step.shadow); err != nil {
			t.Fatal(err)
		}
		b.Reset()
		e.Decide(ctx, step.request)
		line := strings.TrimSpace(b.String())
		if got := value(line, "shadow") + " " + value(line, "shadow_policy") + " " + value(line, "count"); got != step.want {
			t.Errorf("got %q, want %q", got, step.want)
		}
	}
}

func TestLogLimit(t *testing.T) {
	count := func(t *testing.T, opts observe.LogOptions) (first, later int, dropped string) {
		var b bytes.Buffer
		synctest.Test(t, func(t *testing.T) {
			e := core.MustNew(policy())
			e.Observe(observe.Log(slog.NewTextHandler(&b, nil), opts))
			flood := func() {
				for i := range 1000 {
					e.Decide(ctx, get(fmt.Sprintf("https://%d.%d.example", i, time.Now().UnixNano())))
				}
			}
			flood()
			first = strings.Count(b.String(), "\n")
			b.Reset()
			time.Sleep(6 * time.Second)
			flood()
			line, _, _ := strings.Cut(b.String(), "\n")
			later, dropped = strings.Count(b.String(), "\n"), value(line, "dropped")
			b.Reset()
			time.Sleep(time.Hour)
			flood()
			if n := strings.Count(b.String(), "\n"); n != first {
				t.Errorf("%d lines after an hour, want %d", n, first)
			}
			time.Sleep(time.Second) // let timers end
		})
		return
	}
	if first, later, dropped := count(t, observe.LogOptions{}); first != 60 || later != 6 || dropped != "940" {
		t.Errorf("by default: %d, %d lines, %s dropped", first, later, dropped)
	}
	if first, later, _ := count(t, observe.LogOptions{PerMinute: 10}); first != 10 || later != 1 {
		t.Errorf("10 a minute: %d, %d lines", first, later)
	}
	if first, later, dropped := count(t, observe.LogOptions{PerMinute: -1}); first != 1000 || later != 1000 || dropped != "" {
		t.Errorf("no limit: %d, %d lines, %q dropped", first, later, dropped)
	}
}

// bare is a handler that writes values unchanged.
type bare struct{ bytes.Buffer }

func (h *bare) Enabled(context.Context, slog.Level) bool { return true }
func (h *bare) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h *bare) WithGroup(string) slog.Handler            { return h }
func (h *bare) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(h, "%s=%v|", a.Key, a.Value)
		return true
	})
	return nil
}

func FuzzLog(f *testing.F) {
	f.Add("https://a.example\nx", "PUT\r", "x-a\x00", "/a\x1b[2J", "h\u2028", "Sec")
	f.Add(strings.Repeat("ä", 400), strings.Repeat("\xff", 2000), strings.Repeat("\x00,", 2000), "", "", "\u202e")
	e := core.MustNew(policy())
	f.Fuzz(func(t *testing.T, origin, method, names, path, host, site string) {
		r := preflight(origin, method, names)
		r.Path, r.Host, r.RawPath, r.SecFetchSite = path, host, path, []string{site}
		var h bare
		stop := e.Observe(observe.Log(&h, observe.LogOptions{Engine: e}))
		e.Decide(ctx, r)
		stop()
		got := h.String()
		if i := strings.IndexFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 || len(got) > 20<<10 {
			t.Errorf("%d bytes, unprintable at %d: %q", len(got), i, got)
		}
		roundTrip(t, e, r)
	})
}

// TestLogOverHTTP sends requests with secrets to a server.
func TestLogOverHTTP(t *testing.T) {
	e := core.MustNew(policy())
	var b bytes.Buffer
	e.Observe(observe.Log(slog.NewJSONHandler(&b, nil), observe.LogOptions{Engine: e}))
	refusals := observe.NewRefusals(5)
	e.Observe(refusals)
	server := httptest.NewServer(corshttp.Middleware(e)(http.NotFoundHandler()))
	request, err := http.NewRequest("POST", server.URL+"/items?token=secret", strings.NewReader("secret"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "https://x.example")
	request.Header.Set("Cookie", "session=secret")
	request.Header.Set("Authorization", "secret")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	server.Close()
	got := b.String() + fmt.Sprint(refusals.Snapshot())
	if strings.Contains(got, "secret") || !strings.Contains(got, `"path":"/items"`) || !strings.Contains(got, `"method":"POST"`) {
		t.Errorf("logged %s", got)
	}
}

func TestLogIsBounded(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	looser := policy()
	looser.AllowOrigins = []string{"*"}
	e := core.MustNew(policy())
	if err := e.Shadow(looser); err != nil {
		t.Fatal(err)
	}
	request := hostile(0)
	log := observe.Log(slog.NewJSONHandler(io.Discard, nil), observe.LogOptions{})
	before := liveHeap()
	e.Observe(log)
	for i := range n {
		request.Origin[0] = fmt.Sprintf("https://%d%s", i, request.Host)
		e.Decide(ctx, request)
	}
	if kept := liveHeap() - before; kept > 1<<20 {
		t.Errorf("%d bytes are kept", kept)
	}
	e.Decide(ctx, request) // keeps all of it alive
}

func TestLogIsSafeForConcurrentUse(t *testing.T) {
	const workers, rounds = 4, 256
	var b bytes.Buffer
	e := core.MustNew(policy())
	e.Observe(observe.Log(slog.NewJSONHandler(&b, nil), observe.LogOptions{PerMinute: -1}))
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range rounds {
				e.Decide(ctx, get(fmt.Sprintf("https://%d.example", i%2)))
			}
		})
	}
	wg.Wait()
	n, most := 0, uint64(0)
	for r, err := range observe.ReadLog(&b) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		most = max(most, r.Count)
	}
	if n != 2*10 || most != workers*rounds/2 { // 1, 2, 4 ... 512
		t.Errorf("%d lines, the highest count is %d", n, most)
	}
}

func TestLogDoesNotAllocate(t *testing.T) {
	observeTwo(func(a, _ *core.Observation) {
		log := observe.Log(slog.NewJSONHandler(io.Discard, nil), observe.LogOptions{})
		for range 1 << 10 {
			log.Observe(ctx, a)
		}
		if got := testing.AllocsPerRun(1000, func() { log.Observe(ctx, a) }); got != 0 { // up to 2025: no line is due
			t.Errorf("%v allocations, want 0", got)
		}
	})
}

// keeper is a handler that keeps records, as a handler that exports them later does.
type keeper struct {
	slog.Handler
	records []slog.Record
}

func (k *keeper) Handle(_ context.Context, r slog.Record) error {
	k.records = append(k.records, r.Clone())
	return nil
}

// TestLogKeepsCopies checks that records survive when a server reuses the memory of
// requests.
func TestLogKeepsCopies(t *testing.T) {
	e := core.MustNew(policy())
	open := policy()
	open.AllowHeaders = []string{"*"}
	if err := e.Shadow(open); err != nil {
		t.Fatal(err)
	}
	k := &keeper{Handler: slog.NewTextHandler(io.Discard, nil)}
	e.Observe(observe.Log(k, observe.LogOptions{Engine: e}))
	request := preflight(app, "PUT", "x-a")
	request.AccessControlRequestPrivateNetwork, request.SecFetchSite = []string{"true"}, []string{"cross-site"}
	src := &transient{request, make([]byte, 0, 1<<16)}
	e.Resolve(src, new(core.Outcome))
	clear(src.buffer)
	for _, r := range k.records {
		r.Attrs(func(a slog.Attr) bool {
			if text := a.Value.String(); strings.Contains(text, "\x00") {
				t.Errorf("%s: %s is %q", r.Message, a.Key, text)
			}
			return true
		})
	}
	if len(k.records) != 2 {
		t.Errorf("%d records, want a refusal and a difference", len(k.records))
	}
}

func TestLogWithoutHandler(t *testing.T) {
	var b bytes.Buffer
	old := slog.Default()
	defer slog.SetDefault(old)
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelError})))
	e := core.MustNew(policy())
	e.Observe(observe.Log(nil, observe.LogOptions{}))
	e.Decide(ctx, get("https://x.example"))
	if b.Len() != 0 {
		t.Errorf("logged below the level of the handler: %s", &b)
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil)))
	e.Decide(ctx, get("https://x.example"))
	if !strings.Contains(b.String(), "count=2") {
		t.Errorf("the default handler got %q", &b)
	}
}

// TestLogDocumentation compares docs/observe.md and the README with lines that Log writes.
func TestLogDocumentation(t *testing.T) {
	page, err := os.ReadFile("../docs/observe.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "### Lines of the log")
	section, _, _ = strings.Cut(section, "\n### ")
	documented := make(map[string]bool)
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(section, -1) {
		documented[m[1]] = true
	}
	written := attributes(t)
	for name := range written {
		if !documented[name] {
			t.Errorf("docs/observe.md does not list %s", name)
		}
	}
	for name := range documented {
		if !written[name] {
			t.Errorf("docs/observe.md lists %s, which is not written", name)
		}
	}

	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(readme), "```json\n{\"time\":\"2026-01-02T15:04:05Z\",")
	shown, _, _ = strings.Cut(shown, "\n```")
	shown = strings.ReplaceAll(shown, "\n ", "")
	var b bytes.Buffer
	e := core.MustNew(core.Policy{AllowOrigins: []string{app}})
	e.Observe(observe.Log(slog.NewJSONHandler(&b, &slog.HandlerOptions{ReplaceAttr: withoutTimes}), observe.LogOptions{Engine: e}))
	e.Decide(ctx, core.Request{Method: "GET", Host: "api.example.com", Path: "/items", Origin: []string{"https://admin.example.com"}})
	want := strings.Replace(b.String(), `"fix"`, `"first":"2026-01-02T15:04:05Z","fix"`, 1)
	if want = strings.TrimSpace(want); "{"+shown != want {
		t.Errorf("the README shows {%s\nwant %s", shown, want)
	}
}

// attributes returns the names of all attributes that Log writes.
func attributes(t *testing.T) map[string]bool {
	h := new(bare)
	p := policy()
	e := core.MustNew(p)
	p.AllowOrigins, p.AllowHeaders = []string{"https://x.example"}, []string{"x-a"}
	if err := e.Shadow(p); err != nil {
		t.Fatal(err)
	}
	e.Observe(observe.Log(h, observe.LogOptions{Engine: e}))
	full := preflight("https://x.example", "PUT", "x-a")
	full.RawPath, full.FoldPath = "/%20", true
	full.AccessControlRequestPrivateNetwork, full.SecFetchSite = []string{"true"}, []string{"cross-site"}
	e.Decide(ctx, full)
	names := map[string]bool{"dropped": true} // only later: see TestLogLimit
	for _, each := range strings.Split(strings.TrimSuffix(h.String(), "|"), "|") {
		name, _, _ := strings.Cut(each, "=")
		names[name] = true
	}
	return names
}
