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
	"sync/atomic"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

const page = "https://app.example.com"

// flawed is a server with hand-made CORS headers: allow says what
// Access-Control-Allow-Origin answers to an origin, "" for nothing.
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

// onlyIf echoes origins for which a test holds.
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

// probeServer probes a server at /x, or below it if args begin with a path.
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

func TestProbeFindings(t *testing.T) {
	onPort := []string{"--origin", page + ":8443"}
	for _, tt := range []struct {
		name    string
		server  http.Handler
		args    []string
		verdict string
		want    []string // "severity code"
	}{
		{"sound", flawed(sound), nil, "ok", nil},
		{"sound, preflight", flawed(sound), []string{"-X", "PUT"}, "ok", nil},
		{"sound, credentials", flawed(sound, "Access-Control-Allow-Credentials", "true"), []string{"--credentials"}, "ok", nil},
		{"sound, subdomains", flawed(onlyIf(func(o string) bool { return strings.HasPrefix(o, "https://") && strings.HasSuffix(o, ".example.com") })), nil, "ok", nil},
		{"public", flawed(func(string) string { return "*" }, "-Vary", ""), nil, "ok", nil},
		{"static", flawed(func(string) string { return page }, "-Vary", ""), nil, "ok", nil},
		{"refused", flawed(onlyIf(func(string) bool { return false })), nil, "allow-origin-missing", nil},
		{"method", flawed(sound), []string{"-X", "PATCH"}, "method-not-allowed", nil},
		{"header", flawed(sound), []string{"-H", "X-Token: 1"}, "header-not-allowed", nil},

		{"reflects", flawed(onlyIf(func(string) bool { return true })), nil, "ok", []string{"error reflects-any-origin"}},
		{"reflects, credentials", flawed(onlyIf(func(string) bool { return true }), "Access-Control-Allow-Credentials", "true"), nil, "ok", []string{"error reflects-any-origin"}},
		{"reflects, but not null", flawed(onlyIf(func(o string) bool { return o != "null" }), "-Vary", ""), nil, "ok", []string{"error reflects-any-origin", "error missing-vary"}},
		{"null", flawed(onlyIf(func(o string) bool { return exact(o) || o == "null" })), nil, "ok", []string{"warning allows-null"}},
		{"null, credentials", flawed(onlyIf(func(o string) bool { return exact(o) || o == "null" }), "Access-Control-Allow-Credentials", "true"), nil, "ok", []string{"error allows-null"}},
		{"prefix", flawed(onlyIf(func(o string) bool { return strings.HasPrefix(o, page) })), nil, "ok", []string{"error matches-prefix"}},
		{"suffix", flawed(onlyIf(func(o string) bool {
			return strings.HasPrefix(o, "https://") && strings.HasSuffix(o, "example.com") && !strings.Contains(o, "x")
		})), nil, "allow-origin-missing", nil},
		{"suffix without dot", flawed(onlyIf(func(o string) bool {
			return strings.HasPrefix(o, "https://") && strings.HasSuffix(o, "example.com") && !strings.HasSuffix(o, "xexample.com")
		})), nil, "ok", []string{"error matches-suffix"}},
		{"dot", flawed(onlyIf(func(o string) bool { return exact(o) || o == "https://appxexample.com" })), nil, "ok", []string{"error unescaped-dot"}},
		{"port", flawed(onlyIf(func(o string) bool { return o == page+":8443" })), onPort, "ok", nil},
		{"port, dot", flawed(onlyIf(regexp.MustCompile(`^https://app.example.com:8443$`).MatchString)), onPort, "ok", []string{"error unescaped-dot"}},
		{"port, suffix", flawed(onlyIf(func(o string) bool {
			return strings.HasPrefix(o, "https://") && strings.HasSuffix(o, "example.com:8443") && !strings.HasSuffix(o, "xexample.com:8443")
		})), onPort, "ok", []string{"error matches-suffix"}},
		{"port, prefix without it", flawed(onlyIf(func(o string) bool { return strings.HasPrefix(o, page) })), onPort, "ok", []string{"error matches-prefix"}},
		{"port, prefix with it", flawed(onlyIf(regexp.MustCompile(`^https://app\.example\.com.*:8443$`).MatchString)), onPort, "ok", []string{"error matches-prefix"}},
		{"http", flawed(onlyIf(func(o string) bool { return exact(o) || o == "http://app.example.com" })), nil, "ok", []string{"warning allows-http"}},
		{"http, credentials", flawed(onlyIf(func(o string) bool { return exact(o) || o == "http://app.example.com" }), "Access-Control-Allow-Credentials", "true"), nil, "ok", []string{"error allows-http"}},
		{"no Vary", flawed(sound, "-Vary", ""), nil, "ok", []string{"error missing-vary"}},
		{"another Vary", flawed(sound, "Vary", "Accept-Encoding, X-Origin"), nil, "ok", []string{"error missing-vary"}},
		{"Vary among others", flawed(sound, "Vary", "Accept-Encoding, ORIGIN"), nil, "ok", nil},
		{"Vary with Origin only", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Origin") != "" {
				w.Header().Set("Vary", "Origin")
			}
			if r.Header.Get("Origin") == page {
				w.Header().Set("Access-Control-Allow-Origin", page)
			}
		}), nil, "ok", []string{"error missing-vary"}},
		{"doubled", flawed(sound, "+Access-Control-Allow-Origin", page), nil, "allow-origin-multiple", []string{"error doubled-header"}},
		{"doubled, behind a preflight that fails", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "OPTIONS" {
				w.WriteHeader(405)
				return
			}
			flawed(sound, "+Access-Control-Allow-Origin", page).ServeHTTP(w, r)
		}), []string{"-X", "PUT"}, "allow-origin-missing", []string{"error doubled-header"}},
		{"doubled, one line", flawed(func(string) string { return page + ", " + page }), nil, "allow-origin-mismatch", []string{"error doubled-header"}},
		{"doubled credentials", flawed(sound, "+Access-Control-Allow-Credentials", "true", "+Access-Control-Allow-Credentials", "true"),
			[]string{"--credentials"}, "allow-credentials", []string{"error doubled-header"}},
		{"wildcard, credentials", flawed(func(string) string { return "*" }, "Access-Control-Allow-Credentials", "true"), nil, "ok", []string{"error credentials-with-wildcard"}},
		{"wildcard headers, credentials", flawed(sound, "Access-Control-Allow-Credentials", "true", "Access-Control-Allow-Headers", "*"), nil, "ok", []string{"warning wildcard-not-special"}},
		{"credentials false", flawed(sound, "Access-Control-Allow-Credentials", "false"), nil, "ok", []string{"warning credentials-value"}},
		{"max age", flawed(sound, "Access-Control-Max-Age", "10m"), []string{"-X", "PUT"}, "ok", []string{"warning max-age-value"}},
		{"slash", flawed(func(string) string { return page + "/" }), nil, "allow-origin-mismatch", []string{"error allow-origin-spelling"}},
		{"pattern", flawed(func(string) string { return "https://*.example.com" }), nil, "allow-origin-mismatch", []string{"error allow-origin-pattern"}},
	} {
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

// Our own middleware passes, whatever its policy.
func TestProbeOurs(t *testing.T) {
	policy := core.Policy{AllowOrigins: []string{page, "https://*.example.com"}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"content-type"}, AllowCredentials: true}
	for name, p := range map[string]core.Policy{"credentials": policy, "public": {AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}}} {
		t.Run(name, func(t *testing.T) {
			ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
			args := []string{"-X", "PUT", "-H", "Content-Type"}
			if p.AllowCredentials {
				args = append(args, "--credentials")
			}
			if got, r := probeServer(t, corshttp.Middleware(core.MustNew(p))(ok), args...); r.code != exitYes || len(got.Findings) > 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

// What changes something is sent once, and only if the preflight allows it.
func TestProbeIsCareful(t *testing.T) {
	for origins, want := range map[string]int{page: 1, "https://other.example": 0} {
		var mu sync.Mutex
		count := map[string]int{}
		h := corshttp.Middleware(core.MustNew(core.Policy{AllowOrigins: []string{origins}, AllowMethods: []string{"DELETE"}}))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		_, r := probeServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			count[r.Method]++
			mu.Unlock()
			h.ServeHTTP(w, r)
		}), "-X", "DELETE")
		if count["DELETE"] != want || len(count) > 2+want || count["GET"]+count["OPTIONS"] > 20 || count["GET"] == 0 {
			t.Errorf("%s: sent %v: %+v", origins, count, r)
		}
	}
}

func TestProbeText(t *testing.T) {
	s := httptest.NewServer(flawed(onlyIf(func(string) bool { return true }), "Access-Control-Allow-Credentials", "true"))
	defer s.Close()
	r := corskit(t, "", "probe", s.URL, "-o", page, "-X", "PUT")
	contains(t, "the text", r.stdout, "1. the preflight", "> OPTIONS", "< 204", "2. the request", "allowed: the response may be read",
		"error: reflects-any-origin: an origin that nobody has is allowed", "with credentials", "fix: compare Origin with a list")
	r = corskit(t, "", "probe", s.URL, "-o", page, "--format", "github")
	contains(t, "the annotations", r.stdout, "::error title=CORS%3A reflects-any-origin::")
	if r.code != exitNo {
		t.Errorf("%+v", r)
	}
}

func TestProbePreflightFixes(t *testing.T) {
	status := func(code int, header ...string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			if r.Method == "OPTIONS" {
				w.WriteHeader(code)
			}
		})
	}
	for want, h := range map[string]http.Handler{
		"outside of authentication":          status(401),
		"no route answers OPTIONS":           status(405, "Allow", "PUT"),
		"browsers follow no redirect":        status(307, "Location", "/y"),
		"answer preflights with 204":         status(500, "Access-Control-Allow-Origin", page),
		"the server does not allow the orig": status(204),
	} {
		if got, r := probeServer(t, h, "-X", "PUT"); !strings.Contains(got.Fix, want) || r.code != exitNo {
			t.Errorf("the fix is %q, want %q", got.Fix, want)
		}
	}
}

// A server may be hostile, or absent.
func TestProbeHostileServers(t *testing.T) {
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
		t.Errorf("a body without an end: %+v", r)
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
		if r := corskit(t, "", "probe", s.URL, "-o", page, "--timeout", "300ms"); r.code != exitFail || !strings.Contains(r.stderr, "does not answer") {
			t.Errorf("%s: %+v", name, r)
		}
		s.CloseClientConnections()
		s.Close()
	}
	gone := httptest.NewServer(silent)
	gone.Close()
	if r := corskit(t, "", "probe", gone.URL, "-o", page); r.code != exitFail || !strings.Contains(r.stderr, "does not answer") {
		t.Errorf("nobody there: %+v", r)
	}
	escapes := flawed(sound, "Vary", "Origin, \x1b[31mred", "Access-Control-Allow-Methods", "PUT")
	s := httptest.NewServer(escapes)
	defer s.Close()
	if r := corskit(t, "", "probe", s.URL, "-o", page); strings.Contains(r.stdout, "\x1b") {
		t.Errorf("raw bytes of the server: %q", r.stdout)
	}
}

// What gets no answer is not passed off as sound.
func TestProbeUnanswered(t *testing.T) {
	// after returns a server that answers so many requests.
	after := func(n int32, h, then http.Handler) http.Handler {
		var seen atomic.Int32
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if seen.Add(1) > n {
				then.ServeHTTP(w, r)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
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
		{"closes after a refusal", after(1, flawed(onlyIf(func(string) bool { return false })), closes), nil, 15, exitNo},
		{"a warning alone", after(10, flawed(sound, "Access-Control-Allow-Credentials", "false"), closes), nil, 6, exitFail},
	} {
		got, r := probeServer(t, tt.server, tt.args...)
		if got.Unanswered != tt.silent || got.Checks != 15 || r.code != tt.code || r.stderr != "" {
			t.Errorf("%s: %d of %d unanswered, want %d of 15; %+v, want exit status %d", tt.name, got.Unanswered, got.Checks, tt.silent, r, tt.code)
		}
		contains(t, tt.name, got.Unjudged, strconv.Itoa(tt.silent)+" of 15 more requests got no answer")
	}
	for format, want := range map[string]string{"text": "not judged: 15 of 15 more requests got no answer", "github": "::warning title=CORS%3A not judged::15 of 15"} {
		s := httptest.NewServer(after(1, flawed(sound), closes))
		r := corskit(t, "", "probe", s.URL, "-o", page, "--format", format)
		s.Close()
		if r.code != exitFail || !strings.Contains(r.stdout, want) || strings.Contains(r.stdout, "no misconfiguration") {
			t.Errorf("%s: %+v", format, r)
		}
	}
}

// A browser does not send every URL as it is written.
func TestProbeURL(t *testing.T) {
	var mu sync.Mutex
	paths := map[string]bool{}
	got, r := probeServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		paths[r.RequestURI] = true
		mu.Unlock()
		flawed(sound).ServeHTTP(w, r)
	}), "/../%2e/good#top")
	if r.code != exitYes || len(paths) != 1 || !paths["/good"] || !strings.HasSuffix(got.URL, "/good") || len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "browsers send the URL ") {
		t.Errorf("asked for %v: %+v", paths, r)
	}
}

// Nothing is sent to another machine without leave, redirects included.
func TestProbeAsks(t *testing.T) {
	if r := corskit(t, "", "probe", "http://server.invalid/", "-o", page); r.code != exitFail || !strings.Contains(r.stderr, "--yes agrees") {
		t.Errorf("%+v", r)
	}
	if r := corskit(t, "", "probe", "http://server.invalid/", "-o", page, "--yes", "--timeout", "5s"); r.code != exitFail || !strings.Contains(r.stderr, "does not answer") {
		t.Errorf("%+v", r)
	}
	for _, host := range []string{"http://localhost.evil.invalid/", "http://127.0.0.1.evil.invalid/", "http://0.0.0.0/", "http://[::ffff:10.0.0.1]/"} {
		if r := corskit(t, "", "probe", host, "-o", page); r.code != exitFail || !strings.Contains(r.stderr, "is another machine") {
			t.Errorf("%s: %+v", host, r)
		}
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		http.Redirect(w, r, "http://server.invalid/", http.StatusFound)
	}))
	defer s.Close()
	if r := corskit(t, "", "probe", s.URL, "-o", page); r.code != exitFail || !strings.Contains(r.stderr, "server.invalid is another machine") {
		t.Errorf("a redirect: %+v", r)
	}
}
