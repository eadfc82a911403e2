package main

import (
	"encoding/xml"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

const conformFile = "testdata/conform/cors.yaml"

// engineOf returns the engine of a file.
func engineOf(t *testing.T, file string) *core.Engine {
	t.Helper()
	engine, err := config.Load(file, config.Options{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

// behind serves a file behind the adapter of a framework, and returns the URL.
func behind(t *testing.T, framework, file string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := frameworks[framework](&tryout{framework: framework, engine: engineOf(t, file), log: slog.New(slog.DiscardHandler)})
	ended := make(chan error, 1)
	go func() { ended <- s.serve(l) }()
	t.Cleanup(func() {
		_ = s.shutdown(t.Context())
		_ = l.Close()
		<-ended
	})
	return "http://" + l.Addr().String() + "/"
}

// wrapped serves a file behind the adapter for net/http, inside the handler that outer adds.
func wrapped(t *testing.T, file string, outer func(http.Handler) http.Handler) string {
	t.Helper()
	s := httptest.NewServer(outer(corshttp.Middleware(engineOf(t, file))(status(200))))
	t.Cleanup(s.Close)
	return s.URL
}

func unchanged(h http.Handler) http.Handler { return h }

// smallFile writes a file with one policy.
func smallFile(t *testing.T, keys ...string) string {
	t.Helper()
	text := "version: 1\npolicies:\n  app:\n"
	for _, k := range keys {
		text += "    " + k + "\n"
	}
	return write(t, t.TempDir(), "cors.yaml", text)
}

// Our own adapters do what every file says.
func TestConformFindsNothingBehindOurAdapters(t *testing.T) {
	t.Parallel()
	files := []string{
		conformFile, "testdata/init/cors.yaml", "testdata/check/good.yaml",
		smallFile(t, `allow_origins: ["@loopback"]`, `allow_methods: ["*"]`, `allow_headers: ["*"]`, `allow_credentials: true`),
		smallFile(t, `allow_origins: ["*"]`, `allow_headers: ["*", authorization]`, `expose_headers: ["*"]`, `allow_private_network: true`),
		smallFile(t, `allow_origins: ["null", "http://old.example"]`, `dangerously_allow_null_origin: true`, `reject_disallowed: true`),
		smallFile(t, `allow_origins: []`),
		smallFile(t, `allow_origins: ['regexp:https://(a|b|c)\.example(:[0-9]+)?', "https://*.d.example:*"]`,
			`allow_methods: [patch-x, PATCH]`),
	}
	for i, name := range frameworkNames() {
		for k, file := range files {
			if testing.Short() && k != i {
				continue
			}
			got, err := conformTo(t, behind(t, name, file), file, "--send", "POST,PUT,PATCH,DELETE")
			if err != nil || !got.Conforms || len(got.Differences) > 0 || got.Unanswered > 0 || got.Requests < 10 {
				t.Errorf("%s, %s: %v, %+v", name, file, err, got)
				for _, d := range got.Differences {
					t.Errorf("%+v", d)
				}
			}
		}
	}
}

// The output for a server with several faults.
func TestConformOutput(t *testing.T) {
	t.Parallel()
	file := smallFile(t, `allow_origins: ["https://app.example.com", "https://*.pr.example.com"]`, `allow_methods: [PUT]`,
		`allow_headers: [x-token]`, `expose_headers: [etag]`, `allow_credentials: true`, `max_age: 10m`)
	s := httptest.NewServer(flawed(onlyIf(func(o string) bool { return strings.HasPrefix(o, "https://app.example.com") }),
		allowCredentials, "true", "Access-Control-Max-Age", "60", "-Vary", ""))
	defer s.Close()
	dir := filepath.Dir(file)
	for name, format := range map[string]string{"text": "text", "json": "json", "github": "github", "junit": "junit"} {
		r := corskit(t, dir, "conform", s.URL+"/items", "cors.yaml", "--format", format)
		for _, text := range []*string{&r.stdout, &r.stderr} {
			*text = strings.ReplaceAll(*text, strings.TrimPrefix(s.URL, "http://"), "localhost:8080")
		}
		if format == "junit" {
			checkJUnit(t, r)
			continue
		}
		golden(t, "conform/"+name, r)
	}
}

// checkJUnit checks that counts and elements agree.
func checkJUnit(t *testing.T, r result) {
	t.Helper()
	var got junitSuites
	if err := xml.Unmarshal([]byte(r.stdout), &got); err != nil || len(got.Suites) != 2 || r.code != exitNo {
		t.Fatalf("%v: %+v", err, r)
	}
	for _, s := range got.Suites {
		failures, skipped := 0, 0
		for _, c := range s.Cases {
			if c.Failure != nil {
				failures++
				contains(t, "a failure", c.Failure.Text+c.Failure.Message, "curl", "fix:")
			}
			if c.Skipped != nil {
				skipped++
			}
			if c.Class == "" || c.Name == "" {
				t.Errorf("a case without a name: %+v", c)
			}
		}
		if s.Tests != len(s.Cases) || s.Failures != failures || s.Skipped != skipped || failures == 0 {
			t.Errorf("%s: %d tests, %d failures, %d skipped", s.Name, s.Tests, s.Failures, s.Skipped)
		}
	}
	contains(t, "the report", r.stdout, `<?xml version="1.0"`, `name="preflight for PUT x-token from https://app.example.com"`,
		"missing-vary")
}

// Only GET, HEAD and OPTIONS are sent, unless --send names another method that the file allows and
// the server permits.
func TestConformSendsOnlyWhatIsHarmless(t *testing.T) {
	t.Parallel()
	file := smallFile(t, `allow_origins: ["https://app.example.com"]`, `allow_methods: [PUT, DELETE]`)
	var mu sync.Mutex
	sent := make(map[string]int)
	url := wrapped(t, file, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			sent[r.Method]++
			mu.Unlock()
			h.ServeHTTP(w, r)
		})
	})
	conformTo(t, url, file)
	for method := range sent {
		if !isHarmless(method) {
			t.Errorf("sent %s", method)
		}
	}
	conformTo(t, url, file, "--send", "put,PATCH,POST")
	if sent["PUT"] != 1 || sent["POST"] != 1 || sent["PATCH"] != 0 || sent["DELETE"] != 0 {
		t.Errorf("sent %v", sent)
	}
}

// A busy server counts as one that has not answered.
func TestConformBusy(t *testing.T) {
	t.Parallel()
	file := smallFile(t, `allow_origins: ["https://app.example.com"]`)
	sound := func(h http.Handler) http.Handler { return after(5, h, status(429)) }
	got, err := conformTo(t, wrapped(t, file, sound), file)
	if err != errNoAnswer || got.Conforms || got.Unanswered != 1 || got.Requests != 6 || len(got.Differences) > 0 {
		t.Errorf("%v: %+v", err, got)
	}
	contains(t, "what is not judged", got.Unjudged, "1 of 6 requests got no answer", "status 429", "were not sent", "--rate 30/m")

	broken := func(http.Handler) http.Handler { return after(5, flawed(onlyIf(always)), status(503)) }
	got, err = conformTo(t, wrapped(t, file, broken), file)
	if err != errNo || !slices.Contains(got.found(), "error reflects-any-origin") {
		t.Errorf("%v: %+v", err, got)
	}

	var seen atomic.Int32
	waits := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if seen.Add(1) == 3 {
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(503)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
	if got, err := conformTo(t, wrapped(t, file, waits), file); err != nil || !got.Conforms {
		t.Errorf("Retry-After: %v: %+v", err, got)
	}
}

// A server that does not answer is not judged, and neither is one that ends.
func TestConformNoAnswer(t *testing.T) {
	t.Parallel()
	file := smallFile(t, `allow_origins: ["https://app.example.com"]`)
	gone := httptest.NewServer(status(200))
	gone.Close()
	r := corskit(t, "", "conform", gone.URL, file)
	if r.code != exitFail || !strings.Contains(r.stderr, "does not answer") {
		t.Errorf("%+v", r)
	}
	drops := func(h http.Handler) http.Handler {
		return after(5, h, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	}
	got, err := conformTo(t, wrapped(t, file, drops), file)
	if err != errNoAnswer || got.Conforms || got.Unanswered != maxFailures {
		t.Errorf("%v: %+v", err, got)
	}
	r = corskit(t, "", "conform", "http://server.invalid/", file)
	if r.code != exitFail || !strings.Contains(r.stderr, "server.invalid is another machine") {
		t.Errorf("%+v", r)
	}
}

// The hosts and paths that conform uses.
func TestConformPlaces(t *testing.T) {
	t.Parallel()
	file := write(t, t.TempDir(), "cors.yaml", `version: 1
policies:
  app: {allow_origins: ["https://app.example.com"]}
  public: {allow_origins: ["*"]}
routes:
  - {path: /public/, policies: [public]}
  - {host: api.example.com, path: /v1/, policies: [app]}
  - {host: api.example.com, path: /exact, policies: [app]}
  - {host: api.example.com, path: /v1/never/, policies: [public]}
`)
	var mu sync.Mutex
	var asked []string
	url := wrapped(t, file, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			host, port, _ := net.SplitHostPort(r.Host)
			if at := host + r.URL.String(); port == "" {
				t.Errorf("Host is %q, and browsers name the port", r.Host)
			} else {
				mu.Lock()
				if !slices.Contains(asked, at) {
					asked = append(asked, at)
				}
				mu.Unlock()
			}
			h.ServeHTTP(w, r)
		})
	})
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "127.0.0.1/corskit-sample 127.0.0.1/corskit-sample/public/ 127.0.0.1/public/ 127.0.0.1/public/corskit-sample " +
			"127.0.0.1/publiccorskit-sample api.example.com/corskit-sample/exact api.example.com/corskit-sample/v1/ " +
			"api.example.com/exact api.example.com/exact/corskit-sample " +
			"api.example.com/exactcorskit-sample api.example.com/v1/ api.example.com/v1/corskit-sample api.example.com/v1corskit-sample"},
		{[]string{"--path", "/public/news?page=2", "--path", "/none"}, "127.0.0.1/none 127.0.0.1/public/news?page=2 " +
			"api.example.com/exact api.example.com/v1/corskit-sample"},
		{[]string{"--host", "api.example.com", "--path", "/v1/items", "--path", "/public/x"},
			"api.example.com/corskit-sample api.example.com/exact api.example.com/public/x api.example.com/v1/items"},
	} {
		asked = nil
		got, err := conformTo(t, url, file, tt.args...)
		slices.Sort(asked)
		if err != nil || strings.Join(asked, " ") != tt.want {
			t.Errorf("%q: %v, asked at %s", tt.args, err, strings.Join(asked, " "))
		}
		if len(got.Notes) > 0 {
			t.Errorf("%q: %q", tt.args, got.Notes)
		}
	}
}

// If conform may not send all requests, every route keeps its share, and a note has the number
// of the others.
func TestConformLimit(t *testing.T) {
	t.Parallel()
	got, err := conformTo(t, wrapped(t, conformFile, unchanged), conformFile, "--max-requests", "200")
	if err != nil || got.Requests != 200 || len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "left out") {
		t.Errorf("%v: %+v", err, got)
	}
	all, cut := apportioned([][]question{make([]question, 10), make([]question, 2), make([]question, 30)}, 22)
	if len(all) != 22 || cut != 20 {
		t.Errorf("%d questions, %d left out", len(all), cut)
	}
	put := question{part: sending, fetch: browsermodel.Fetch{Method: "PUT"}} // takes a preflight too
	for limit, want := range []int{0, 1, 1, 3, 3, 5, 6} {
		all, cut = apportioned([][]question{{{}, put, {}}, {put}}, limit)
		if sent := requestsOf(all); sent > limit || sent+cut != 6 || sent != want {
			t.Errorf("of 6 requests, %d are sent and %d left out; the limit is %d", sent, cut, limit)
		}
	}
	if testing.Short() {
		return // deriving look-alikes of 40 entries takes seconds
	}
	many := filepath.Join(t.TempDir(), "many.txt")
	writeOrigins(t, many, 5000)
	file := write(t, filepath.Dir(many), "cors.yaml", "policies: {app: {origins_file: many.txt}}\n")
	got, err = conformTo(t, wrapped(t, file, unchanged), file, "--max-requests", "100")
	if err != nil || got.Requests != 100 || !strings.Contains(strings.Join(got.Notes, "\n"), "the file lists 5000 entries") {
		t.Errorf("%v: %d requests, %q", err, got.Requests, got.Notes)
	}
}

// A cause is one difference, however many requests show it.
func TestConformCauses(t *testing.T) {
	t.Parallel()
	file := smallFile(t, `allow_origins: ["https://app.example.com", "https://b.example"]`, `allow_methods: [PUT, PATCH]`,
		`allow_headers: [x-token, content-type]`, `allow_credentials: true`)
	lists := []string{
		"Access-Control-Allow-Methods", "PUT, PATCH", "Access-Control-Allow-Headers", "x-token, content-type", allowCredentials, "true",
	}
	both := onlyIf(func(o string) bool { return o == page || o == "https://b.example" })
	with := func(more ...string) http.Handler { return flawed(both, append(slices.Clone(lists), more...)...) }
	for _, tt := range []struct {
		name   string
		server http.Handler
		want   []string
	}{
		{"sound", with(), nil},
		{"no CORS at all", status(200), []string{"error allow-origin-missing"}},
		{"nothing there", status(404), []string{"error allow-origin-missing"}},
		{"authentication in front", status(401), []string{"error allow-origin-missing"}},
		{"static", flawed(func(string) string { return page }, lists...), []string{"error allow-origin-mismatch"}},
		{"everyone", flawed(func(string) string { return "*" }, append(lists, "-"+allowCredentials, "", "-Vary", "")...),
			[]string{"error allows-everyone", "error allow-origin-wildcard"}},
		{"OPTIONS answered with 405", onlyOptions(with(), 405), []string{"error allow-origin-missing"}},
		{"OPTIONS answered with 500", optionsStatus(with(), 500), []string{"error preflight-status"}},
		{"a slash", flawed(func(o string) string {
			if both(o) != "" {
				return o + "/"
			}
			return ""
		}, lists...), []string{"error allow-origin-spelling"}},
		{"methods and headers missing", with("Access-Control-Allow-Methods", "PUT", "Access-Control-Allow-Headers", "x-token"),
			[]string{"error header-not-allowed", "error method-not-allowed"}},
		{"* with credentials", with("Access-Control-Allow-Methods", "*"),
			[]string{"error methods", "error method-not-allowed", "warning wildcard-not-special"}},
		{"not-token", with("Access-Control-Allow-Methods", "PUT PATCH"), []string{"error allow-methods-syntax"}},
	} {
		s := httptest.NewServer(tt.server)
		got, _ := conformTo(t, s.URL+"/items", file)
		s.Close()
		found := slices.DeleteFunc(got.found(), func(code string) bool { return code == "warning needless-headers" }) // flawed sends them
		if !slices.Equal(found, tt.want) {
			t.Errorf("%s: found %q, want %q", tt.name, found, tt.want)
		}
		for _, d := range got.Differences {
			if d.Fix == "" || d.Text == "" || d.Requests < 1 || len(d.Places) != 1 || len(d.Examples) < 1 ||
				len(d.Examples) > maxExamples || d.Examples[0].Says == "" || !strings.HasPrefix(d.Examples[0].Curl, "curl ") {
				t.Errorf("%s: %+v", tt.name, d)
			}
		}
	}
}

// optionsStatus changes the status of answers to OPTIONS.
func optionsStatus(h http.Handler, code int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		maps.Copy(w.Header(), rec.Header())
		if r.Method == "OPTIONS" {
			rec.Code = code
		}
		w.WriteHeader(rec.Code)
	})
}

// onlyOptions answers OPTIONS with a status.
func onlyOptions(h http.Handler, code int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "OPTIONS" {
			w.WriteHeader(code)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// A body that never ends does not hold conform up.
func TestConformEndlessBody(t *testing.T) {
	t.Parallel()
	file := smallFile(t, `allow_origins: ["https://app.example.com"]`)
	s := httptest.NewServer(corshttp.Middleware(engineOf(t, file))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" {
			return
		}
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})))
	defer s.Close()
	if got, err := conformTo(t, s.URL, file); err != nil || !got.Conforms {
		t.Errorf("%v: %+v", err, got)
	}
}

func TestConformUsage(t *testing.T) {
	t.Parallel()
	file, err := filepath.Abs(conformFile)
	if err != nil {
		t.Fatal(err)
	}
	for i, tt := range []struct {
		args []string
		want string
	}{
		{nil, "got 0 arguments, want 'corskit conform URL [FILE]'"},
		{[]string{"http://localhost/"}, "no file to read"},
		{[]string{"localhost:8080", file}, "is not an http:// or https:// URL"},
		{[]string{"htps://localhost:8080", file}, "did you mean https://localhost:8080?"},
		{[]string{"http://u:p@localhost/", file}, "user name or password"},
		{[]string{"http://localhost:99999/", file}, "the port 99999 is beyond 65535"},
		{[]string{"http://localhost/", file, "--path", "x"}, "must begin with a slash"},
		{[]string{"http://localhost/", file, "--host", "a:1"}, "is not a host in lower case"},
		{[]string{"http://localhost/", file, "--host", "A"}, "is not a host in lower case"},
		{[]string{"http://localhost/", file, "--send", "TRACE"}, "--send TRACE: scripts may not send TRACE"},
		{[]string{"http://localhost/", file, "--send", "a b"}, "is not a token"},
		{[]string{"http://localhost/", file, "--max-requests", "0"}, "--max-requests must be positive"},
		{[]string{"http://localhost/", file, "--rate", "0"}, "is not a rate"},
		{[]string{"http://localhost/", file, "--timeout", "0s"}, "--timeout must be positive"},
		{[]string{"http://localhost/", file, "--format", "xml"}, "it must be text, json, junit or github"},
	} {
		if !sampled(i, 4) {
			continue
		}
		r := corskit(t, os.TempDir(), append([]string{"conform"}, tt.args...)...)
		usage := strings.Contains(r.stderr, "--help' for usage")
		if r.code != exitFail || r.stdout != "" || !strings.Contains(r.stderr, tt.want) || !usage {
			t.Errorf("%q: %+v, want %q", tt.args, r, tt.want)
		}
	}
	bad := write(t, t.TempDir(), "cors.yaml", "policies: {app: {allow_origins: [\"https://a.example/\"]}}\n")
	if r := corskit(t, "", "conform", "http://localhost:1/", bad); r.code != exitFail || !strings.Contains(r.stderr, "has 1 fault") {
		t.Errorf("%+v", r)
	}
}
