package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

const page = "https://app.example.com"

// flawed returns a server with hand-made CORS headers. allow returns
// Access-Control-Allow-Origin for an origin, or "" to omit it. more holds pairs of
// a header name and a value: "+Name" adds a line, "-Name" removes the header.
func flawed(allow func(origin string) string, more ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if value := allow(r.Header.Get("Origin")); value != "" {
			w.Header().Set("Access-Control-Allow-Origin", value)
		}
		w.Header().Set("Access-Control-Allow-Methods", "PUT, DELETE")
		w.Header().Set("Vary", "Origin")
		for i := 0; i < len(more); i += 2 {
			switch {
			case strings.HasPrefix(more[i], "-"):
				w.Header().Del(more[i][1:])
			case strings.HasPrefix(more[i], "+"):
				w.Header().Add(more[i][1:], more[i+1])
			default:
				w.Header().Set(more[i], more[i+1])
			}
		}
		if r.Method == "OPTIONS" {
			w.WriteHeader(204)
		}
	})
}

// onlyIf echoes the origins for which test holds.
func onlyIf(test func(origin string) bool) func(string) string {
	return func(origin string) string {
		if origin != "" && test(origin) {
			return origin
		}
		return ""
	}
}

func exact(origin string) bool { return origin == page }

var sound = onlyIf(exact)

// probeServer probes a server at /x. If args begin with a path, it is added to /x.
func probeServer(t *testing.T, h http.Handler, args ...string) (probed, result) {
	t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	path := "/x"
	if len(args) > 0 && strings.HasPrefix(args[0], "/") {
		path, args = path+args[0], args[1:]
	}
	r := corskit(t, "", append([]string{"probe", s.URL + path, "--origin", page, "--format", "json"}, args...)...)
	var got probed
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
		t.Fatalf("%v: %+v", err, r)
	}
	return got, r
}

// listed echoes page and more origins.
func listed(more ...string) func(string) string {
	return onlyIf(func(o string) bool { return exact(o) || slices.Contains(more, o) })
}

// ending echoes https origins that end with a suffix, unless refused holds.
func ending(suffix string, refused func(origin string) bool) func(string) string {
	return onlyIf(func(o string) bool {
		return strings.HasPrefix(o, "https://") && strings.HasSuffix(o, suffix) && !refused(o)
	})
}

func matching(expression string) func(string) string {
	return onlyIf(regexp.MustCompile(expression).MatchString)
}

func never(string) bool  { return false }
func always(string) bool { return true }

const allowCredentials = "Access-Control-Allow-Credentials"

type findingsTest struct {
	name    string
	server  http.Handler
	args    []string
	verdict string
	want    []string // "severity code"
}

func TestProbeFindings(t *testing.T) {
	everyone := onlyIf(always)
	public := func(string) string { return "*" }
	begins := onlyIf(func(o string) bool { return strings.HasPrefix(o, page) })
	withNull, withHTTP := listed("null"), listed("http://app.example.com")
	put, onPort := []string{"-X", "PUT"}, []string{"--origin", page + ":8443"}
	for i, tt := range slices.Concat([]findingsTest{
		{"sound", flawed(sound), nil, "ok", nil},
		{"sound, preflight", flawed(sound), put, "ok", nil},
		{"sound, credentials", flawed(sound, allowCredentials, "true"), []string{"--credentials"}, "ok", nil},
		{"sound, subdomains", flawed(ending(".example.com", never)), nil, "ok", nil},
		{"public", flawed(public, "-Vary", ""), nil, "ok", nil},
		{"static", flawed(func(string) string { return page }, "-Vary", ""), nil, "ok", nil},
		{"refused", flawed(onlyIf(never)), nil, "allow-origin-missing", nil},
		{"method", flawed(sound), []string{"-X", "PATCH"}, "method-not-allowed", nil},
		{"header", flawed(sound), []string{"-H", "X-Token: 1"}, "header-not-allowed", nil},

		{"reflects", flawed(everyone), nil, "ok", []string{"error reflects-any-origin"}},
		{"reflects, credentials", flawed(everyone, allowCredentials, "true"), nil, "ok", []string{"error reflects-any-origin"}},
		{"reflects, but not null", flawed(onlyIf(func(o string) bool { return o != "null" }), "-Vary", ""), nil, "ok",
			[]string{"error reflects-any-origin", "error missing-vary"}},
		{"null", flawed(withNull), nil, "ok", []string{"warning allows-null"}},
		{"null, credentials", flawed(withNull, allowCredentials, "true"), nil, "ok", []string{"error allows-null"}},
		{"prefix", flawed(begins), nil, "ok", []string{"error matches-prefix"}},
		{"suffix", flawed(ending("example.com", func(o string) bool { return strings.Contains(o, "x") })), nil, "allow-origin-missing",
			nil},
		{"suffix without dot", flawed(ending("example.com", func(o string) bool {
			return strings.HasSuffix(o, "xexample.com")
		})), nil, "ok", []string{"error matches-suffix"}},
		{"dot", flawed(listed("https://appxexample.com")), nil, "ok", []string{"error unescaped-dot"}},
		{"port", flawed(onlyIf(func(o string) bool { return o == page+":8443" })), onPort, "ok", nil},
		{"port, dot", flawed(matching(`^https://app.example.com:8443$`)), onPort, "ok", []string{"error unescaped-dot"}},
		{"port, suffix", flawed(ending("example.com:8443", func(o string) bool {
			return strings.HasSuffix(o, "xexample.com:8443")
		})), onPort, "ok", []string{"error matches-suffix"}},
		{"port, prefix without it", flawed(begins), onPort, "ok", []string{"error matches-prefix"}},
		{"port, prefix with it", flawed(matching(`^https://app\.example\.com.*:8443$`)), onPort, "ok", []string{"error matches-prefix"}},
		{"http", flawed(withHTTP), nil, "ok", []string{"warning allows-http"}},
		{"http, credentials", flawed(withHTTP, allowCredentials, "true"), nil, "ok", []string{"error allows-http"}},
	}, varyTests(), headerTests()) {
		if !sampled(i, 3) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, r := probeServer(t, tt.server, tt.args...)
			var found []string
			for _, f := range got.Findings {
				found = append(found, f.Severity+" "+f.Code)
				if f.Text == "" || f.Fix == "" {
					t.Errorf("%+v", f)
				}
			}
			if !slices.Equal(found, tt.want) || got.Verdict.Code != tt.verdict {
				t.Errorf("verdict %s, findings %q, want %s, %q\n%s", got.Verdict.Code, found, tt.verdict, tt.want, r.stdout)
			}
			want := exitYes
			if tt.verdict != "ok" || serious(got.Findings) {
				want = exitNo
			}
			if r.code != want || (got.Fix == "") != (tt.verdict == "ok") {
				t.Errorf("exit status %d, fix %q", r.code, got.Fix)
			}
		})
	}
}

func varyTests() []findingsTest {
	withOriginOnly := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" {
			w.Header().Set("Vary", "Origin")
		}
		if r.Header.Get("Origin") == page {
			w.Header().Set("Access-Control-Allow-Origin", page)
		}
	})
	missing := []string{"error missing-vary"}
	return []findingsTest{
		{"no Vary", flawed(sound, "-Vary", ""), nil, "ok", missing},
		{"another Vary", flawed(sound, "Vary", "Accept-Encoding, X-Origin"), nil, "ok", missing},
		{"Vary among others", flawed(sound, "Vary", "Accept-Encoding, ORIGIN"), nil, "ok", nil},
		{"Vary with Origin only", withOriginOnly, nil, "ok", missing},
	}
}

func headerTests() []findingsTest {
	const allowOrigin = "Access-Control-Allow-Origin"
	doubled := []string{"error doubled-header"}
	noPreflight := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "OPTIONS" {
			w.WriteHeader(405)
			return
		}
		flawed(sound, "+"+allowOrigin, page).ServeHTTP(w, r)
	})
	twice := []string{"+" + allowCredentials, "true", "+" + allowCredentials, "true"}
	star := flawed(func(string) string { return "*" }, allowCredentials, "true")
	return []findingsTest{
		{"doubled", flawed(sound, "+"+allowOrigin, page), nil, "allow-origin-multiple", doubled},
		{"doubled, behind a preflight that fails", noPreflight, []string{"-X", "PUT"}, "allow-origin-missing", doubled},
		{"doubled, one line", flawed(func(string) string { return page + ", " + page }), nil, "allow-origin-mismatch", doubled},
		{"doubled credentials", flawed(sound, twice...), []string{"--credentials"}, "allow-credentials", doubled},
		{"wildcard, credentials", star, nil, "ok", []string{"error credentials-with-wildcard"}},
		{"wildcard headers, credentials", flawed(sound, allowCredentials, "true", "Access-Control-Allow-Headers", "*"), nil, "ok",
			[]string{"warning wildcard-not-special"}},
		{"credentials false", flawed(sound, allowCredentials, "false"), nil, "ok", []string{"warning credentials-value"}},
		{"max age", flawed(sound, "Access-Control-Max-Age", "10m"), []string{"-X", "PUT"}, "ok", []string{"warning max-age-value"}},
		{"slash", flawed(func(string) string { return page + "/" }), nil, "allow-origin-mismatch", []string{"error allow-origin-spelling"}},
		{"pattern", flawed(func(string) string { return "https://*.example.com" }), nil, "allow-origin-mismatch",
			[]string{"error allow-origin-pattern"}},
	}
}

// The middleware of this repository passes with any policy.
func TestProbeOurs(t *testing.T) {
	for name, p := range map[string]core.Policy{
		"credentials": {
			AllowOrigins: []string{page, "https://*.example.com"}, AllowMethods: []string{"PUT"},
			AllowHeaders: []string{"content-type"}, AllowCredentials: true,
		},
		"public": {AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}},
	} {
		t.Run(name, func(t *testing.T) {
			ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
			args := []string{"-X", "PUT", "-H", "Content-Type"}
			if p.AllowCredentials {
				args = append(args, "--credentials")
			}
			got, r := probeServer(t, corshttp.Middleware(core.MustNew(p))(ok), args...)
			if r.code != exitYes || len(got.Findings) > 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

// A request that changes something is sent once, and only if the preflight allows
// it.
func TestProbeIsCareful(t *testing.T) {
	for origins, want := range map[string]int{page: 1, "https://other.example": 0} {
		var mu sync.Mutex
		count := map[string]int{}
		engine := core.MustNew(core.Policy{AllowOrigins: []string{origins}, AllowMethods: []string{"DELETE"}})
		h := corshttp.Middleware(engine)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		_, r := probeServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			count[r.Method]++
			mu.Unlock()
			h.ServeHTTP(w, r)
		}), "-X", "DELETE")
		if count["DELETE"] != want || len(count) > 2+want || count["GET"]+count["OPTIONS"] > 20 || count["GET"] == 0 {
			t.Errorf("a server that allows %s: got %v requests, want %d DELETE: %+v", origins, count, want, r)
		}
	}
}

func TestProbeText(t *testing.T) {
	s := httptest.NewServer(flawed(onlyIf(always), allowCredentials, "true"))
	defer s.Close()
	r := corskit(t, "", "probe", s.URL, "-o", page, "-X", "PUT")
	contains(t, "the text", r.stdout, "1. the preflight", "> OPTIONS", "< 204", "2. the request", "allowed: the response may be read",
		"error: reflects-any-origin: an origin that cannot exist is allowed", "with credentials", "fix: compare Origin with a list")
	r = corskit(t, "", "probe", s.URL, "-o", page, "--format", "github")
	contains(t, "the annotations", r.stdout, "::error title=CORS%3A reflects-any-origin::")
	if r.code != exitNo {
		t.Errorf("%+v", r)
	}
}

func TestProbePreflightFixes(t *testing.T) {
	t.Parallel()
	for want, h := range map[string]http.Handler{
		"authentication answers the preflig":             status(401),
		"refuses the origin, or requires cr":             status(403),
		"no route answers OPTIONS":                       status(405, "Allow", "PUT"),
		"/y":                                             status(307, "Location", "/y"),
		"answer preflights with 204":                     status(500, "Access-Control-Allow-Origin", page),
		"no answer has CORS headers":                     status(204),
		"list the origin on the server; if it is listed": status(204, "Vary", "Accept, Origin"),
	} {
		if got, r := probeServer(t, h, "-X", "PUT"); !strings.Contains(got.Fix, want) || r.code != exitNo {
			t.Errorf("the fix is %q, want %q", got.Fix, want)
		}
	}
}

// TestProbeRefusedText checks that the text about a server with one fault, which refuses the
// preflight, neither contradicts itself nor supposes that policies are in a file.
func TestProbeRefusedText(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(status(401))
	defer s.Close()
	r := corskit(t, "", "probe", s.URL, "-o", page, "-X", "PUT")
	contains(t, "the text", r.stdout, "refused: ", "\nno other misconfiguration found (")
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://other.example"}})
	ours := httptest.NewServer(corshttp.Middleware(engine)(status(200)))
	defer ours.Close()
	r = corskit(t, "", "probe", ours.URL, "-o", page, "-X", "PUT")
	contains(t, "the text", r.stdout, "with its file, or engine.Explain in its code, says more")
}

// A hostile or missing server must not hang or crash probe.
func TestProbeHostileServers(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	defer close(stop)
	endless := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		http.NewResponseController(w).Flush()
		for {
			select {
			case <-stop:
				return
			case <-r.Context().Done():
				return
			default:
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}
	})
	if got, r := probeServer(t, endless); r.code != exitYes || !got.Verdict.Allowed {
		t.Errorf("an endless body: %+v", r)
	}
	silent := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	})
	huge := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", strings.Repeat("a", 1<<20))
	})
	for name, h := range map[string]http.Handler{"silent": silent, "a mebibyte of headers": huge} {
		s := httptest.NewServer(h)
		r := corskit(t, "", "probe", s.URL, "-o", page, "--timeout", "300ms")
		if r.code != exitFail || !strings.Contains(r.stderr, "does not answer") {
			t.Errorf("%s: %+v", name, r)
		}
		s.CloseClientConnections()
		s.Close()
	}
	gone := httptest.NewServer(silent)
	gone.Close()
	if r := corskit(t, "", "probe", gone.URL, "-o", page); r.code != exitFail || !strings.Contains(r.stderr, "does not answer") {
		t.Errorf("a closed port: %+v", r)
	}
	escapes := flawed(sound, "Vary", "Origin, \x1b[31mred\u009b2J\x7f", "Access-Control-Allow-Methods", "PUT")
	s := httptest.NewServer(escapes)
	defer s.Close()
	for _, format := range []string{"text", "json", "github"} {
		if r := corskit(t, "", "probe", s.URL, "-o", page, "--format", format); strings.ContainsAny(r.stdout, "\x1b\u009b\x7f") {
			t.Errorf("raw bytes of the server: %q", r.stdout)
		}
	}
}

// Checks without an answer do not count as passed.
func TestProbeUnanswered(t *testing.T) {
	closes := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	late := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(limit):
		}
	})
	for _, tt := range []struct {
		name   string
		server http.Handler
		args   []string
		silent int
		code   int
	}{
		{"closes after the first", after(1, flawed(sound), closes), nil, 15, exitFail},
		{"is late after some", after(10, flawed(sound), late), []string{"--timeout", "1s"}, 6, exitFail},
		{"closes after some", after(10, flawed(sound), closes), nil, 6, exitFail},
		{"closes after what is wrong", after(4, flawed(sound, "-Vary", "", "+Access-Control-Allow-Origin", page), closes), nil, 12, exitNo},
		{"closes after a refusal", after(1, flawed(onlyIf(never)), closes), nil, 15, exitNo},
		{"only a warning", after(10, flawed(sound, allowCredentials, "false"), closes), nil, 6, exitFail},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && slices.Contains(tt.args, "--timeout") {
				t.Skip("-short: it waits for six timeouts of the probe")
			}
			got, r := probeServer(t, tt.server, tt.args...)
			if got.Unanswered != tt.silent || got.Checks != 15 || r.code != tt.code || r.stderr != "" {
				t.Errorf("%d of %d unanswered, want %d of 15; %+v, want exit status %d",
					got.Unanswered, got.Checks, tt.silent, r, tt.code)
			}
			contains(t, "the reason", got.Unjudged, strconv.Itoa(tt.silent)+" of 15 further requests got no answer")
		})
	}
	for format, want := range map[string]string{
		"text":   "incomplete: 15 of 15 further requests got no answer",
		"github": "::warning title=CORS%3A incomplete::15 of 15",
	} {
		s := httptest.NewServer(after(1, flawed(sound), closes))
		r := corskit(t, "", "probe", s.URL, "-o", page, "--format", format)
		s.Close()
		if r.code != exitFail || !strings.Contains(r.stdout, want) || strings.Contains(r.stdout, "no misconfiguration") {
			t.Errorf("%s: %+v", format, r)
		}
	}
}

// A browser does not send every URL as written.
func TestProbeURL(t *testing.T) {
	var mu sync.Mutex
	paths := map[string]bool{}
	got, r := probeServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		paths[r.RequestURI] = true
		mu.Unlock()
		flawed(sound).ServeHTTP(w, r)
	}), "/../%2e/good#top")
	if r.code != exitYes || len(paths) != 1 || !paths["/good"] || !strings.HasSuffix(got.URL, "/good") {
		t.Errorf("requested %v, want /good only: %+v", paths, r)
	}
	if len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "browsers send the URL ") {
		t.Errorf("notes %q", got.Notes)
	}
}

// Without consent nothing is sent to another machine, not even after a redirect.
func TestProbeAsks(t *testing.T) {
	t.Parallel()
	r := corskit(t, "", "probe", "http://server.invalid/", "-o", page)
	if r.code != exitFail || !strings.Contains(r.stderr, "use --yes") {
		t.Errorf("without a terminal: %+v", r)
	}
	r = corskit(t, "", "probe", "http://server.invalid/", "-o", page, "--yes", "--timeout", "5s")
	if r.code != exitFail || !strings.Contains(r.stderr, "does not answer") {
		t.Errorf("--yes: %+v", r)
	}
	for _, host := range []string{
		"http://localhost.evil.invalid/", "http://127.0.0.1.evil.invalid/", "http://0.0.0.0/", "http://[::ffff:10.0.0.1]/",
	} {
		if r := corskit(t, "", "probe", host, "-o", page); r.code != exitFail || !strings.Contains(r.stderr, "is another machine") {
			t.Errorf("%s: %+v", host, r)
		}
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		http.Redirect(w, r, "http://server.invalid/", http.StatusFound)
	}))
	defer s.Close()
	r = corskit(t, "", "probe", s.URL, "-o", page)
	if r.code != exitFail || !strings.Contains(r.stderr, "server.invalid is another machine") {
		t.Errorf("a redirect: %+v", r)
	}
}

// If no answer has CORS headers, the fix is to mount the middleware.
func TestProbeNoMiddleware(t *testing.T) {
	t.Parallel()
	got, r := probeServer(t, status(200))
	if r.code != exitNo || !strings.Contains(got.Fix, "no CORS middleware") ||
		!strings.HasSuffix(got.Fix, "errors.md#in-your-framework says") {
		t.Errorf("the fix is %q", got.Fix)
	}
	// Another origin gets a header.
	got, _ = probeServer(t, flawed(onlyIf(func(o string) bool { return o != page }), "-Vary", "", "-Access-Control-Allow-Methods", ""))
	if !strings.Contains(got.Fix, "list the origin on the server; if it is listed") {
		t.Errorf("the fix is %q", got.Fix)
	}
}

// An allowed request may still miss the route.
func TestProbeMissingRoute(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{
		200: "", 403: "", 404: "no such route", 405: "the route does not have the method PUT",
	} {
		engine := core.MustNew(core.Policy{AllowOrigins: []string{page}, AllowMethods: []string{"PUT"}})
		got, r := probeServer(t, corshttp.Middleware(engine)(status(code)), "-X", "PUT")
		if notes := strings.Join(got.Notes, "; "); r.code != exitYes || (want == "") != (notes == "") || !strings.Contains(notes, want) {
			t.Errorf("status %d: %q, %+v", code, notes, r)
		}
	}
}
