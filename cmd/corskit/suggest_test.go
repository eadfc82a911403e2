package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

const suggestFile = `# The policies of the API.
policies:
  app: # our own pages
    allow_origins:
      - https://app.example.com # the app
    allow_methods: [PUT]
    allow_credentials: true
    max_age: 10m
  public:
    allow_origins: ["https://docs.example.org"]
routes:
  - {host: api.example.com, path: /public/, policies: [public]}
  - {host: api.example.com, path: /open, policies: [public]}
  - {host: api.example.com, path: /items, policies: [app]}
`

func fetched(origin, path string) core.Request {
	return core.Request{
		Method: "GET", Host: "api.example.com", Path: path, Origin: []string{origin}, SecFetchSite: []string{"cross-site"},
	}
}

func asks(origin, path, method string, names ...string) core.Request {
	r := fetched(origin, path)
	r.Method, r.AccessControlRequestMethod, r.AccessControlRequestHeaders = "OPTIONS", []string{method}, names
	return r
}

// recorded has requests that suggestFile refuses, and how often each is sent.
var recorded = []struct {
	times   int
	request core.Request
}{
	{9, asks("https://app.example.com", "/items", "PATCH", "content-type,x-token")},
	{20, fetched("https://beta.example.com", "/items")},
	{5, asks("https://beta.example.com", "/items", "DELETE", "authorization")},
	{300, fetched("https://stranger.test", "/items")},
	{3, fetched("https://app.examp1e.com", "/items")},
	{3, fetched("http://app.example.com", "/items")},
	{3, fetched("http://docs.example.org", "/public/x")},
	{3, fetched("null", "/public/x")},
	{3, fetched("null", "/items")},
	{3, fetched("http://localhost:3000", "/items")},
	{2, asks("https://app.example.com", "/items", "PROPFIND", "x-http-method-override")},
	{2, asks("https://app.example.com", "/items", "GET", "cookie")},
	{2, fetched("*", "/items")},
	{1, fetched("https://app.example.com", "/elsewhere")},
	{1, fetched("https://app.example.com\x1b[31m", "/items\x1b[31m")},
}

// record writes the log of a service with the policies of a file.
func record(t *testing.T, file string, opts ...config.Options) (log string) {
	t.Helper()
	engine, err := config.Load(file, append(opts, config.Options{Environ: []string{}})...)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	engine.Observe(observe.Log(slog.NewJSONHandler(&b, nil), observe.LogOptions{Engine: engine, PerMinute: -1}))
	for _, r := range recorded {
		for range r.times {
			engine.Decide(t.Context(), r.request)
		}
	}
	return write(t, filepath.Dir(file), "decisions.jsonl", b.String())
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	record(t, write(t, dir, "cors.yaml", suggestFile))
	golden(t, "suggest", corskit(t, dir, "suggest", "--from", "decisions.jsonl"))
	golden(t, "suggest-json", corskit(t, dir, "suggest", "cors.yaml", "--from", "decisions.jsonl", "--format", "json"))
	golden(t, "suggest-known", corskit(t, dir, "suggest", "cors.yaml", "--from", "decisions.jsonl", "--known", "https://stranger.test"))
	if text, _ := os.ReadFile(filepath.Join(dir, "cors.yaml")); string(text) != suggestFile {
		t.Errorf("without --write, the file becomes\n%s", text)
	}
	colour := corskit(t, dir, "suggest", "--from", "decisions.jsonl", "--color", "always")
	contains(t, "the diff in colour", colour.stdout,
		"\x1b[1;32m+      - https://beta.example.com\x1b[0m", "\x1b[1;31m-    allow_methods: [PUT]\x1b[0m")
}

// TestSuggestionsAreFollowed writes the suggestions to files in all formats. What was
// refused is allowed then, apart from what is not suggested, and comments stay.
func TestSuggestionsAreFollowed(t *testing.T) {
	t.Parallel()
	profile := config.Options{Profile: "prod"}
	for _, tt := range []struct {
		name, file string
		text       string
		more       map[string]string
		kept       string
		opts       config.Options
	}{
		{name: "YAML", file: "cors.yaml", text: suggestFile, kept: "https://app.example.com # the app"},
		{name: "YAML with brackets", file: "cors.yml", text: `policies: {
  app: {allow_origins: ["https://app.example.com"], allow_credentials: true},
  public: {allow_origins: []}} # c
routes: [{path: /public/, policies: [public]}, {path: /items, policies: [app]}]
`, kept: "}} # c"},
		{name: "JSON", file: "cors.json", text: `{
  "policies": {
    "app": {
      "allow_credentials": true,
      "allow_origins": [
        "https://app.example.com"
      ]
    },
    "public": {}
  },
  "routes": [{"path": "/public/", "policies": ["public"]}, {"path": "/items", "policies": ["app"]}]
}
`},
		{name: "TOML", file: "cors.toml", text: `# policies
[policies.app]
allow_origins = [
  "https://app.example.com", # the app
]
allow_credentials = true # c
[policies.public]
[[routes]]
path = "/public/"
policies = ["public"]
[[routes]]
path = "/items"
policies = ["app"]
`, kept: `"https://app.example.com", # the app`},
		{name: "an origins_file", file: "cors.yaml", text: `policies:
  app: {origins_file: ours.txt, allow_credentials: true}
  public: {allow_origins: ["https://docs.example.org"]}
routes: [{path: /public/, policies: [public]}, {path: /items, policies: [app]}]
`, more: map[string]string{"ours.txt": "# ours\nhttps://app.example.com\n"}},
		{name: "a profile", file: "cors.yaml", text: suggestFile, more: map[string]string{
			"cors.prod.yaml": "policies:\n  app:\n    allow_methods: [DELETE] # of prod\n",
		}, opts: profile, kept: "the app"},
		{name: "two policies for the same requests", file: "cors.yaml", text: `policies:
  app: {allow_origins: ["https://app.example.com"], allow_methods: [PATCH]}
  public: {allow_origins: ["https://beta.example.org"], allow_methods: [DELETE]}
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, text := range tt.more {
				write(t, dir, name, text)
			}
			file := write(t, dir, tt.file, tt.text)
			record(t, file, tt.opts)
			args := []string{
				"suggest", tt.file, "--from", "decisions.jsonl", "--questionable", "--write", "--format", "json",
				"--profile", tt.opts.Profile,
			}
			r := corskit(t, dir, args...)
			if r.code != exitYes {
				t.Fatalf("%+v", r)
			}
			refused := stillRefused(t, file, tt.opts)
			if got := suggestedIn(t, r.stdout, markNone); !slices.Equal(got, refused) {
				t.Errorf("not suggested: %q\nstill refused: %q", got, refused)
			}
			text, _ := os.ReadFile(file)
			if !strings.Contains(string(text), tt.kept) {
				t.Errorf("%q is lost:\n%s", tt.kept, text)
			}
			if again := corskit(t, dir, args...); again.code != exitYes || suggestedIn(t, again.stdout, markSafe, markQuestionable) != nil {
				t.Errorf("there are suggestions after they were followed: %+v", again)
			}
		})
	}
}

// stillRefused returns the origins of recorded requests that a file refuses, each once.
func stillRefused(t *testing.T, file string, opts config.Options) (origins []string) {
	t.Helper()
	engine, err := config.Load(file, opts, config.Options{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recorded {
		if x := engine.Explain(context.Background(), r.request); !x.Browser.Allowed {
			origins = append(origins, strings.ReplaceAll(r.request.Origin[0], "\x1b", "\ufffd"))
		}
	}
	slices.Sort(origins)
	return slices.Compact(origins)
}

// suggestedIn returns the origins of the suggestions that have one of some marks.
func suggestedIn(t *testing.T, output string, marks ...mark) (origins []string) {
	t.Helper()
	var s suggested
	if err := json.Unmarshal([]byte(output), &s); err != nil {
		t.Fatalf("%v in %s", err, output)
	}
	for _, w := range s.Suggestions {
		if slices.Contains(marks, w.Mark) {
			origins = append(origins, w.Origin)
		}
	}
	slices.Sort(origins)
	return slices.Compact(origins)
}

func logOf(t *testing.T, requests ...core.Request) string {
	t.Helper()
	engine := core.MustNew(core.Policy{})
	var b strings.Builder
	engine.Observe(observe.Log(slog.NewJSONHandler(&b, nil), observe.LogOptions{PerMinute: -1}))
	for _, r := range requests {
		engine.Decide(t.Context(), r)
	}
	return b.String()
}

// TestSuggestMarks says of origins, methods and headers whether they should be added.
func TestSuggestMarks(t *testing.T) {
	t.Parallel()
	const credentials = "policies: {app: {allow_credentials: true, allow_origins: [\"https://app.example.com\", " +
		"\"https://*.northwind.co.uk\", \"https://ours.github.io\", \"https://one.nip.io\", \"https://www.corp\", \"https://a.b.corp\"]}}\n"
	plain := strings.Replace(credentials, "allow_credentials: true, ", "", 1)
	local := func(entry string) string { return strings.Replace(credentials, "https://one.nip.io", entry, 1) }
	const open = "policies: {app: {allow_origins: [\"*\"]}}\n"
	own := func(method string, names ...string) core.Request {
		return asks("https://app.example.com", "/", method, names...)
	}
	for _, tt := range []struct {
		file    string
		request core.Request
		mark    mark
		reason  string
	}{
		{credentials, fetched("https://new.example.com", "/"), markSafe, "registered domain (example.com) as https://app.example.com"},
		{credentials, fetched("https://example.com", "/"), markSafe, "same registered domain"},
		{credentials, fetched("https://app.example.com:8443", "/"), markSafe, "same registered domain"},
		{credentials, fetched("https://northwind.co.uk", "/"), markSafe, "(northwind.co.uk) as https://*.northwind.co.uk"},
		{credentials, fetched("https://ours.github.io:8443", "/"), markSafe, "(ours.github.io)"},
		{credentials, fetched("https://theirs.github.io", "/"), markQuestionable, "below github.io, where anyone can have a name"},
		{credentials, fetched("https://two.nip.io", "/"), markQuestionable, "below nip.io, where anyone can have a name"},
		{credentials, fetched("https://b.b.corp", "/"), markQuestionable, "nobody is known to register names below .corp"},
		{credentials, fetched("https://other.co.uk", "/"), markQuestionable, "a stranger: add it only if you know it"},
		{credentials, fetched("https://co.uk", "/"), markQuestionable, "not a registered domain"},
		{credentials, fetched("https://intranet", "/"), markQuestionable, "not a registered domain"},
		{credentials, fetched("https://app.example.com.evil.net", "/"), markQuestionable, "a look-alike of https://app.example.com"},
		{credentials, fetched("https://evilexample.com", "/"), markQuestionable, "a look-alike of"},
		{credentials, fetched("https://examp1e.com", "/"), markQuestionable, "a look-alike of"},
		{credentials, fetched("https://exarnple.com", "/"), markQuestionable, "a look-alike of"},
		{credentials, fetched("https://example.net", "/"), markQuestionable, "a look-alike of"},
		{credentials, fetched("https://northwlnd.co.uk", "/"), markQuestionable, "a look-alike of https://*.northwind.co.uk"},
		{credentials, fetched("https://xn--bcher-kva.net", "/"), markQuestionable, "punycode"},
		{credentials, fetched("https://192.0.2.7", "/"), markQuestionable, "an IP address"},
		{credentials, fetched("https://[2001:db8::1]", "/"), markQuestionable, "an IP address"},
		{credentials, fetched("chrome-extension://abcdefghijklmnopabcdefghijklmnop", "/"), markQuestionable, "not a web page"},
		{credentials, fetched("file://", "/"), markQuestionable, "every page of this scheme"},
		{credentials, fetched("http://localhost:5173", "/"), markQuestionable, "any program on the visitor's own machine"},
		{credentials, fetched("http://app.localhost", "/"), markQuestionable, "any program on the visitor's own machine"},
		{credentials, fetched("https://127.0.0.1", "/"), markQuestionable, "any program on the visitor's own machine"},
		{credentials, fetched("http://[::1]:3000", "/"), markQuestionable, "any program on the visitor's own machine"},
		{local("@loopback"), fetched("http://app.localhost", "/"), markSafe, "as others that the policy lists"},
		{local("http://127.0.0.1:3000"), fetched("http://localhost:5173", "/"), markSafe, "as others that the policy lists"},
		{local("https://[::1]"), fetched("https://localhost", "/"), markSafe, "as others that the policy lists"},
		{local("http://app.localhost:*"), fetched("http://[::1]:3000", "/"), markSafe, "as others that the policy lists"},
		{credentials, fetched("http://new.example.com", "/"), markNone, "anyone on the network can impersonate it"},
		{plain, fetched("http://new.example.com", "/"), markQuestionable, "anyone on the network can impersonate"},
		{credentials, fetched("null", "/"), markNone, "no setting allows it together with credentials"},
		{plain, fetched("null", "/"), markQuestionable, "any site can send it"},
		{plain, fetched("https://your-app.com", "/"), markQuestionable, "placeholder"},
		{plain, fetched("*", "/"), markNone, "no browser sends"},
		{plain, fetched("regexp:.*", "/"), markNone, "no policy can allow it"},
		{plain, fetched("https://*.example.com", "/"), markNone, "no policy can allow it"},
		{plain, fetched("@loopback", "/"), markNone, "no policy can allow it"},
		{plain, fetched("https://new.example.com/", "/"), markNone, "no policy can allow it"},
		{plain, fetched("", "/"), markNone, "no browser sends"},
		{plain, own("DELETE"), markSafe, "a common method"},
		{plain, own("CHICKEN"), markQuestionable, "not a common method"},
		{plain, own("PACTH"), markQuestionable, "did you mean \"PATCH\""},
		{plain, own("patch"), markNone, "did you mean \"PATCH\""},
		{strings.Replace(plain, "app: {", "app: {allow_methods: [PATCH], ", 1), own("patch"), markNone, "change the method in the script"},
		{plain, own("TRACE"), markNone, "browsers never send TRACE"},
		{plain, own("a b"), markNone, ""},
		{plain, own("GET", "x-token"), markSafe, "a header"},
		{plain, own("GET", "authorization"), markSafe, "a header"},
		{plain, own("GET", "x-forwarded-host"), markQuestionable, "take the method, path or client"},
		{plain, own("GET", "true-client-ip"), markQuestionable, "take the method, path or client"},
		{plain, own("GET", "x-middleware-subrequest"), markQuestionable, "take the method, path or client"},
		{plain, own("GET", "content-typ"), markQuestionable, "did you mean"},
		{plain, own("GET", "cookie"), markNone, "scripts cannot set"},
		{plain, own("GET", "a b"), markNone, ""},
		{open, own("DELETE"), markQuestionable, "every site could use it"},
		{open, own("GET", "x-token"), markQuestionable, "every site could use it"},
		{open, asks("null", "/", "DELETE"), markQuestionable, "every site could use it"},
		{"policies: {app: {allow_credentials: true, allow_headers: [\"*\"], allow_origins: [\"https://app.example.com\"]}}\n",
			own("GET", "a b"), markNone, "the requested header names"},
		{"policies: {app: {allow_origins: [\"https://app.example.com\"]}}\nroutes: [{path: /api, policies: [app]}]\n",
			fetched("https://app.example.com", "/api/x"), markNone, `write "/api/" for the path of route 0`},
	} {
		dir := t.TempDir()
		write(t, dir, "cors.yaml", tt.file)
		r := corskitInput(t, dir, logOf(t, tt.request), "suggest", "--from", "-", "--format", "json")
		var s suggested
		if err := json.Unmarshal([]byte(r.stdout), &s); err != nil || len(s.Suggestions) != 1 {
			t.Errorf("%+v: %+v", tt.request, r)
			continue
		}
		w := s.Suggestions[0]
		reason := w.Reason
		for _, a := range w.Add {
			reason += a.Reason
		}
		if w.Mark != tt.mark || !strings.Contains(reason, tt.reason) {
			t.Errorf("%s %v: %s, %q, want %s, %q",
				tt.request.Origin, tt.request.AccessControlRequestMethod, w.Mark, reason, tt.mark, tt.reason)
		}
		if (r.code == exitYes) != (tt.mark == markNone) {
			t.Errorf("%s: exit status %d", tt.request.Origin, r.code)
		}
	}
}

// An origin that is added to one policy takes its requests from another. The change is
// extended then.
func TestSuggestExtendsTheChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := write(t, dir, "cors.yaml", `policies:
  a: {allow_origins: ["https://app.example.com"], allow_methods: [PUT]}
  b: {allow_origins: ["https://www.example.com"], allow_methods: [DELETE]}
routes:
  - {path: /one/, policies: [a, b]}
  - {path: /two/, policies: [a]}
`)
	one, two := asks("https://new.example.com", "/one/x", "DELETE"), asks("https://new.example.com", "/two/x", "PUT")
	write(t, dir, "log", logOf(t, one)+logOf(t, two))
	r := corskit(t, dir, "suggest", "--from", "log", "--write")
	contains(t, "the change", r.stdout, "allow_methods: [PUT, DELETE]", "safe: https://new.example.com, 1 request, such as DELETE",
		"safe: https://new.example.com, 1 request, such as PUT", "2 refused requests")
	if r.code != exitYes {
		t.Errorf("%+v", r)
	}
	engine, err := config.Load(file, config.Options{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []core.Request{one, two} {
		if x := engine.Explain(t.Context(), r); !x.Browser.Allowed {
			t.Errorf("still refused:\n%s", x)
		}
	}
}

// TestSuggestChoosesThePolicy adds an origin to one of two policies.
func TestSuggestChoosesThePolicy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, first, second string
		request             core.Request
	}{
		{"the other refuses it", `allow_credentials: true, allow_origins: ["https://app.example.com"]`, `allow_origins: ["https://a.test"]`,
			fetched("http://new.example.com", "/")},
		{"the other lists strangers", `allow_origins: ["https://a.test"]`, `allow_origins: ["https://app.example.com"]`,
			fetched("https://new.example.com", "/")},
		{"the other lacks the method", `allow_origins: ["https://app.example.com"]`,
			`allow_methods: [PUT], allow_origins: ["https://www.example.com"]`, asks("https://new.example.com", "/", "PUT")},
	} {
		dir := t.TempDir()
		other, best := "other: {"+tt.first+"}", "best: {"+tt.second+"}"
		for i, policies := range []string{other + ", " + best, best + ", " + other} {
			write(t, dir, "cors.yaml", "policies: {"+policies+"}\n")
			r := corskitInput(t, dir, logOf(t, tt.request), "suggest", "--from", "-")
			if !strings.Contains(r.stdout, `to allow_origins of policy "best"`) {
				t.Errorf("%s, order %d: %+v", tt.name, i, r)
			}
		}
	}
}

// A stranger does not become safe by sending many requests, and methods that only it asks
// for are not safe either.
func TestSuggestStrangers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", suggestFile)
	requests := slices.Repeat([]core.Request{asks("https://stranger.test", "/items", "DELETE", "x-token")}, 1000)
	write(t, dir, "log", logOf(t, requests...))
	r := corskit(t, dir, "suggest", "--from", "log", "--write")
	if text, _ := os.ReadFile(filepath.Join(dir, "cors.yaml")); r.code != exitNo || string(text) != suggestFile {
		t.Errorf("%+v, and the file is\n%s", r, text)
	}
}

func TestSuggestBrokenLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", suggestFile)
	good := logOf(t, fetched("https://new.example.com", "/items"))
	r := corskitInput(t, dir, "x\n"+good+"{\n{\"msg\":\"other\"}\n"+strings.Repeat("y", 1<<20)+"\n", "suggest", "--from", "-")
	contains(t, "the output", r.stdout, "https://new.example.com", "note: skipped 3 lines that cannot be read; the first is line 1: ")
	if r.code != exitNo {
		t.Errorf("%+v", r)
	}
	for _, tt := range []struct{ input, want string }{
		{"x\ny\n", "standard input has no lines of observe.Log in JSON: line 1: "},
		{"", "0 refused requests; nothing to suggest"},
	} {
		r := corskitInput(t, dir, tt.input, "suggest", "--from", "-")
		if !strings.Contains(r.stdout+r.stderr, tt.want) || (r.code == exitFail) != (tt.input != "") {
			t.Errorf("%q: %+v, want %q", tt.input, r, tt.want)
		}
	}
}

// TestSuggestManyStrangers reads a log of an attack. A page of the service is not lost in
// it.
func TestSuggestManyStrangers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", suggestFile)
	ours := slices.Repeat([]core.Request{fetched("https://new.example.com", "/items")}, 8)
	var requests []core.Request
	for i := range 3 * maxDemands {
		requests = append(requests, fetched(fmt.Sprintf("https://s%d.test", i), "/items"))
	}
	write(t, dir, "log", logOf(t, slices.Concat(requests[:maxDemands], ours, requests[maxDemands:])...))
	r := corskit(t, dir, "suggest", "--from", "log", "--format", "json")
	if got := suggestedIn(t, r.stdout, markSafe); !slices.Equal(got, []string{"https://new.example.com"}) {
		t.Errorf("safe: %q", got)
	}
	var s suggested
	if err := json.Unmarshal([]byte(r.stdout), &s); err != nil || len(s.Suggestions) > maxPlanned || s.Traffic.Refusals != 3*maxDemands+8 ||
		s.Traffic.Forgotten != uint64(3*maxDemands-maxPlanned+1) {
		t.Errorf("%d suggestions, %+v, %v", len(s.Suggestions), s.Traffic, err)
	}
	text := corskit(t, dir, "suggest", "--from", "log")
	if n := strings.Count(text.stdout, "\n"); n > 100 {
		t.Errorf("%d lines are printed", n)
	}
	contains(t, "the output", text.stdout, "questionable: 1979 more, with 1979 requests", "left out 28001 requests")
}

// What suggest cannot change is said, with what to add and where.
func TestSuggestByHand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const alias = "policies:\n  other: {allow_origins: &ours [\"https://app.example.com\"]}\n" +
		"  app: {allow_origins: *ours, allow_methods: []}\n" +
		"routes: [{path: /o, policies: [other]}, {policies: [app]}]\n"
	write(t, dir, "cors.yaml", alias)
	write(t, dir, "log", logOf(t, asks("https://new.example.com", "/items", "PUT")))
	r := corskit(t, dir, "suggest", "--from", "log", "--write")
	contains(t, "the output", r.stdout, `cors.yaml:3:9: policies.app.allow_origins: in a notation that is not changed automatically; `+
		`add "https://new.example.com" by hand`, `allow_methods: ["PUT"]`)
	if r.code != exitNo {
		t.Errorf("%+v", r)
	}
	write(t, dir, "cors.yaml", suggestFile)
	variable := "CORS__POLICIES__APP__ALLOW_ORIGINS"
	r = corskitWith(t, dir, []string{variable + "=https://app.example.com"}, "suggest", "--from", "log")
	contains(t, "the output", r.stdout, "by hand: "+variable+": policies.app.allow_origins: set by the variable; "+
		"append ,https://new.example.com to the variable")
	if strings.Contains(r.stdout, "+      - https://new") {
		t.Errorf("the file is changed, which has no effect:\n%s", r.stdout)
	}
	r = corskitWith(t, dir, []string{variable + "=https://app.example.com"}, "suggest", "--from", "log", "--no-env")
	if strings.Contains(r.stdout, variable) {
		t.Errorf("with --no-env: %+v", r)
	}
}

// The new file has the permissions of the old one, and a symbolic link stays one.
func TestSuggestWrites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := write(t, filepath.Join(dir, "real"), "cors.yaml", suggestFile)
	link := filepath.Join(dir, "cors.yaml")
	if err := os.Symlink(file, link); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	} else if err != nil {
		link = file
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "log", logOf(t, fetched("https://new.example.com", "/items")))
	r := corskit(t, dir, "suggest", link, "--from", "log", "--write")
	contains(t, "the output", r.stdout, "1 refused request; wrote "+link)
	if r.code != exitYes {
		t.Errorf("%+v", r)
	}
	for path, mode := range map[string]os.FileMode{file: 0o640, link: os.ModeSymlink} {
		if link == file || runtime.GOOS == "windows" {
			break
		}
		if info, err := os.Lstat(path); err != nil || info.Mode().Type() != mode.Type() ||
			mode.Perm() != 0 && info.Mode().Perm() != mode.Perm() {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if text, _ := os.ReadFile(link); !strings.Contains(string(text), "      - https://new.example.com\n") {
		t.Errorf("the file is\n%s", text)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*")); left != nil {
		t.Errorf("files are left: %q", left)
	}
}

// A file that has changed since it was read is not overwritten.
func TestSuggestDoesNotOverwrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := write(t, dir, "a.yaml", "a"), write(t, dir, "b.yaml", "changed")
	err := writeEdits([]edited{
		{File: first, edit: config.Edit{Old: []byte("a"), New: []byte("new")}},
		{File: second, edit: config.Edit{Old: []byte("b"), New: []byte("new")}},
	})
	if err == nil || !strings.Contains(err.Error(), "b.yaml has changed meanwhile") {
		t.Errorf("got %v", err)
	}
	for path, want := range map[string]string{first: "a", second: "changed"} {
		if text, _ := os.ReadFile(path); string(text) != want {
			t.Errorf("%s is %q", path, text)
		}
	}
}

// If a file cannot be replaced, the error says which have been.
func TestSuggestWritesInPart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := write(t, dir, "a.yaml", "a"), write(t, dir, "b.yaml", "b")
	twice := []edited{
		{File: first, edit: config.Edit{Old: []byte("a"), New: []byte("new")}},
		{File: second, edit: config.Edit{Old: []byte("b"), New: []byte("new")}},
	}
	failed := errors.New("no space")
	fails := map[string]bool{second: true}
	replace := func(path string, text []byte) error {
		if fails[path] {
			return failed
		}
		return replaceFile(path, text)
	}
	err := writeEditsWith(twice, replace)
	if !errors.Is(err, failed) ||
		!strings.Contains(err.Error(), "b.yaml cannot be written, but these files have their changes already: "+first) {
		t.Errorf("got %v", err)
	}
	twice[0].edit.Old, fails[first] = []byte("new"), true
	if err := writeEditsWith(twice, replace); !errors.Is(err, failed) || !strings.Contains(err.Error(), "and nothing was: no space") {
		t.Errorf("got %v", err)
	}
}

// An origins_file with two names is one file. An addition for one policy would change the
// other.
func TestSuggestOneFileTwoNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "o.txt", "https://app.example.com\n")
	write(t, dir, "cors.yaml", "policies: {a: {origins_file: o.txt}, b: {origins_file: ./o.txt}}\n"+
		"routes: [{path: /a/, policies: [a]}, {path: /b/, policies: [b]}]\n")
	write(t, dir, "log", logOf(t, fetched("https://new.example.com", "/a/"))+logOf(t, fetched("https://two.example.com", "/b/")))
	r := corskit(t, dir, "suggest", "--from", "log", "--write")
	if text, _ := os.ReadFile(filepath.Join(dir, "o.txt")); r.code != exitFail || string(text) != "https://app.example.com\n" {
		t.Errorf("%+v, and the file is\n%s", r, text)
	}
	contains(t, "the error", r.stderr, "o.txt are the same file, and nothing was written; use one name for it")
}

// refusalsJSON is what an inspector answers.
const refusalsJSON = `[{"origin":"https://new.example.com","kind":"preflight","code":"origin-not-allowed",
"reason":"no policy allows the origin","policy":"","route":2,"count":15,"maxError":3,"first":"2026-01-01T00:00:00Z",
"method":"DELETE","host":"api.example.com","path":"/items","headers":["x-a,x-b"],"allowed":false,"hint":"","fix":null},
{"origin":"https://other.example.com","kind":"actual","code":"origin-not-allowed","reason":"","policy":"","route":2,"count":1,"maxError":0,
"method":"GET","host":"api.example.com","path":"/items","headers":[]}]`

// requestsJSON has the requests as they were sent, next to what the page shows of them.
const requestsJSON = `[{"origin":"https://app.example.com","kind":"preflight","code":"header-not-allowed","policy":"app","route":0,
"count":14,"maxError":9,"method":"PUT","host":"api.example.com","path":"\"/ITEMS/\\u00e9\"","headers":["x-a,x-..."],
"request":{"method":"OPTIONS","host":"api.example.com","path":"/ITEMS/\u00e9","rawPath":"/ITEMS/%C3%A9","foldPath":true,
"origin":["https://app.example.com"],"requestMethod":["PUT"],"requestHeaders":["x-a,x-b"],"privateNetwork":["true"]}},
{"origin":"https://app.example.com","kind":"actual","code":"no-route","policy":"","route":-1,"count":7,
"method":"GET","host":"api.example.com","path":"/","headers":[],
"request":{"method":"GET","host":"api.example.com","path":"/","origin":["https://app.example.com"],"fetchSite":["same-origin"]}}]`

// Requests are judged as they were sent, not as people read them.
func TestSuggestFromInspectorAsSent(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, requestsJSON) }))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	const file = "policies: {app: {allow_origins: [\"https://app.example.com\"], allow_methods: [PUT], allow_headers: [x-a]}}\n" +
		"routes: [{path: /items/, policies: [app]}]\n"
	write(t, dir, "old.yaml", file)
	r := corskit(t, dir, "suggest", "old.yaml", "--from", server.URL)
	contains(t, "the output", r.stdout, "safe: https://app.example.com, 5 requests, such as PUT api.example.com/ITEMS/\u00e9",
		`+ "x-b" to allow_headers of policy "app"`, "12 refused requests, 7 of which the file allows")
	write(t, dir, "new.yaml", strings.Replace(file, "[x-a]", "[x-a, x-b], allow_private_network: true", 1))
	r = corskit(t, dir, "diff", "old.yaml", "new.yaml", "--traffic", server.URL)
	contains(t, "the difference", r.stdout, "refused (header-not-allowed x-b) -> allowed into the private network")
}

func TestSuggestFromInspector(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cors/refusals.json":
			fmt.Fprint(w, refusalsJSON)
		case "/page/refusals.json":
			fmt.Fprint(w, "<html>")
		case "/moved/refusals.json":
			http.Redirect(w, r, "/cors/refusals.json", http.StatusFound)
		default:
			http.Error(w, "no such\x1b[31m page", http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	write(t, dir, "cors.yaml", suggestFile)
	for _, path := range []string{"/cors/", "/cors", "/cors/refusals.json"} {
		r := corskit(t, dir, "suggest", "--from", server.URL+path)
		contains(t, path, r.stdout, "safe: https://new.example.com, 12 requests, such as DELETE api.example.com/items", `"x-b"`,
			"safe: https://other.example.com, 1 request, such as GET", "13 refused requests")
	}
	for path, want := range map[string]string{
		"/page": "not the refusals of an inspector", "/moved": "status 302", "/none": "answers with status 404 (Not Found)",
	} {
		if r := corskit(t, dir, "suggest", "--from", server.URL+path); r.code != exitFail || !strings.Contains(r.stderr, want) ||
			strings.Contains(r.stderr, "\x1b") {
			t.Errorf("%s: %+v, want %q", path, r, want)
		}
	}
	server.Close()
	if r := corskit(t, dir, "suggest", "--from", server.URL); r.code != exitFail || !strings.Contains(r.stderr, "does not answer") {
		t.Errorf("%+v", r)
	}
}

func TestDiffTraffic(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	record(t, write(t, dir, "cors.yaml", suggestFile))
	write(t, dir, "new.yaml", strings.NewReplacer("[PUT]", "[PATCH]", "docs.example.org", "docs.example.net",
		"# the app", "# the app\n      - https://beta.example.com", "max_age: 10m", "reject_disallowed: true").Replace(suggestFile))
	golden(t, "diff-traffic", corskit(t, dir, "diff", "cors.yaml", "new.yaml", "--traffic", "decisions.jsonl"))
	golden(t, "diff-traffic-json", corskit(t, dir, "diff", "new.yaml", "cors.yaml", "--traffic", "decisions.jsonl", "--format", "json"))
	write(t, dir, "shadow.yaml", suggestFile+"shadow: {policies: {all: {allow_origins: [\"*\"]}}}\n")
	r := corskit(t, dir, "diff", "shadow.yaml", "--traffic", "decisions.jsonl")
	contains(t, "the difference to the shadow", r.stdout, "+ refused (origin-not-allowed) -> allowed: ",
		"+ refused (no-route) -> allowed: ")
	if r.code != exitNo {
		t.Errorf("%+v", r)
	}
	if r := corskit(t, dir, "diff", "cors.yaml", "cors.yaml", "--traffic", "decisions.jsonl"); r.code != exitYes ||
		!strings.Contains(r.stdout, "no difference for 304 requests\n") {
		t.Errorf("%+v", r)
	}
	if r := corskit(t, dir, "diff", "cors.yaml", "new.yaml", "--traffic", "nowhere"); r.code != exitFail {
		t.Errorf("%+v", r)
	}
}

// A policy may allow the same origin in one version to reach the private network.
func TestDiffTrafficPrivateNetwork(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const file = "policies: {app: {allow_origins: [\"https://app.example.com\"], allow_private_network: false}}\n"
	write(t, dir, "old.yaml", file)
	write(t, dir, "new.yaml", strings.Replace(file, "false", "true", 1))
	request := asks("https://app.example.com", "/", "GET")
	write(t, dir, "plain", logOf(t, request))
	request.AccessControlRequestPrivateNetwork = []string{"true"}
	write(t, dir, "private", logOf(t, request))
	for log, want := range map[string]string{
		"plain":   "no difference for 1 request\n",
		"private": "~ allowed -> allowed into the private network: 1 request\n",
	} {
		r := corskit(t, dir, "diff", "old.yaml", "new.yaml", "--traffic", log)
		contains(t, log, r.stdout, want)
	}
	r := corskit(t, dir, "diff", "old.yaml", "new.yaml", "--traffic", "private", "--format", "json")
	contains(t, "the JSON", r.stdout, `"privateNetwork": true`)
}

// Origins of a listed domain are safe, but nobody has dozens of new ones at once. Anyone
// can make them up.
func TestSuggestManyAlike(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", suggestFile)
	other := fetched("https://one.example.org", "/public/x")
	for n, want := range map[int]mark{maxAlike: markSafe, maxAlike + 1: markQuestionable} {
		var requests []core.Request
		for i := range n {
			requests = append(requests, asks(fmt.Sprintf("https://x%d.example.com", i), "/items", "DELETE"))
		}
		write(t, dir, "log", logOf(t, append(requests, other)...))
		r := corskit(t, dir, "suggest", "--from", "log", "--format", "json")
		if got := suggestedIn(t, r.stdout, want); !slices.Contains(got, "https://x0.example.com") {
			t.Errorf("%d new origins are not %s: %+v", n, want, r)
		}
		if diff := strings.Contains(r.stdout, "DELETE]"); diff != (want == markSafe) {
			t.Errorf("%d new origins: the change has their method: %v", n, diff)
		}
		if got := suggestedIn(t, r.stdout, markSafe); !slices.Contains(got, "https://one.example.org") {
			t.Errorf("safe: %q", got)
		}
	}
}

// Anyone can send preflights with an origin that is listed. A page that asks for dozens of
// new headers or methods has probably not sent them.
func TestSuggestManyNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", suggestFile)
	for n, want := range map[int]mark{maxAlike: markSafe, maxAlike + 1: markQuestionable} {
		var one []core.Request
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("x-n%02d", i))
			one = append(one, asks("https://app.example.com", "/items", "PUT", names[i]))
		}
		for i, requests := range [][]core.Request{one, {asks("https://app.example.com", "/items", "PUT", strings.Join(names, ","))}} {
			log := logOf(t, asks("https://app.example.com", "/items", "PATCH"))
			for _, r := range requests { // each for itself: a log leaves out most of a kind
				log += logOf(t, r)
			}
			write(t, dir, "log", log)
			r := corskit(t, dir, "suggest", "--from", "log", "--format", "json")
			if got := suggestedIn(t, r.stdout, want); !slices.Contains(got, "https://app.example.com") {
				t.Errorf("log %d: %d new headers are not %s: %+v", i, n, want, r)
			}
			if diff := strings.Contains(r.stdout, "+    allow_headers: [\\\"x-n00"); diff != (want == markSafe) {
				t.Errorf("log %d: %d new headers: the change has them: %v", i, n, diff)
			}
			contains(t, "the change", r.stdout, "[PUT, PATCH]")
		}
	}
}

// The names of a preflight are added at once, not each with policies of its own.
func TestNeedOfManyNames(t *testing.T) {
	policy := core.Policy{Name: "app", AllowOrigins: []string{"https://app.example.com"}}
	a := newAssessor(policy)
	cost := func(names int) (n need, allocations float64) {
		var lines []string
		for i := range names {
			lines = append(lines, fmt.Sprintf("x-n%02d", i))
		}
		r := asks("https://app.example.com", "/", "GET", strings.Join(lines, ","))
		safe := opinion{Mark: markSafe}
		allocations = testing.AllocsPerRun(10, func() { n = a.need(t.Context(), r, &safe) })
		return n, allocations
	}
	_, one := cost(1)
	many, all := cost(maxNeeded)
	if len(many.additions) != maxNeeded || many.additions[63].Entries[0] != "x-n63" || all > 20*one {
		t.Errorf("%d additions, %v allocations, and %v for one name", len(many.additions), all, one)
	}
	if n, _ := cost(maxNeeded + 1); n.refusal != "it asks for too many headers" {
		t.Errorf("got %+v", n)
	}
}

// TestUnified applies differences to the text that they are from.
func TestUnified(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for try := range 2000 {
		var before []string
		for range r.IntN(40) {
			before = append(before, fmt.Sprintf("line %d\n", r.IntN(10)))
		}
		after := slices.Clone(before)
		for range r.IntN(4) {
			at := r.IntN(len(after) + 1)
			switch {
			case at == len(after) || r.IntN(3) == 0:
				after = slices.Insert(after, at, "new\n")
			case r.IntN(2) == 0:
				after = slices.Delete(after, at, at+1)
			default:
				after[at] = "changed\n"
			}
		}
		from, to := strings.Join(before, ""), strings.Join(after, "")
		if try%3 == 0 {
			to = strings.TrimSuffix(to, "\n")
		}
		diff := unified("file", from, to)
		if got := patch(t, from, diff); got != to {
			t.Fatalf("from\n%s\nto\n%s\nis not\n%s", from, to, diff)
		}
	}
	if diff := unified("file", "", "new\n"); diff != "--- file\n+++ file\n@@ -0,0 +1,1 @@\n+new\n" {
		t.Errorf("from nothing: %q", diff)
	}
	if diff := unified("file", "same\n", "same\n"); diff != "--- file\n+++ file\n" {
		t.Errorf("no difference: %q", diff)
	}
}

// patch applies a difference in the unified format, and checks its line numbers.
func patch(t *testing.T, text, diff string) string {
	t.Helper()
	old, at := strings.SplitAfter(text, "\n"), 0
	var b strings.Builder
	var left, come int
	parts := strings.SplitAfter(diff, "\n")[2:]
	for i, line := range parts {
		if header := (struct{ old, n, is, m int }{}); strings.HasPrefix(line, "@@") {
			_, err := fmt.Sscanf(line, "@@ -%d,%d +%d,%d @@", &header.old, &header.n, &header.is, &header.m)
			if err != nil || left+come != 0 {
				t.Fatalf("%q: %v, and %d and %d lines are missing", line, err, left, come)
			}
			begin := header.old - 1
			if header.n == 0 {
				begin++
			}
			for ; at < begin; at++ {
				b.WriteString(old[at])
			}
			left, come = header.n, header.m
			continue
		}
		if line == "" || line[0] == '\\' {
			continue
		}
		content := line[1:]
		if i+1 < len(parts) && strings.HasPrefix(parts[i+1], "\\") {
			content = strings.TrimSuffix(content, "\n")
		}
		if line[0] != '+' {
			if old[at] != content {
				t.Fatalf("line %d is %q, not %q", at+1, old[at], content)
			}
			at++
			left--
		}
		if line[0] != '-' {
			b.WriteString(content)
			come--
		}
	}
	if left != 0 || come != 0 {
		t.Fatalf("the last part has %d and %d lines less than it says", left, come)
	}
	return b.String() + strings.Join(old[at:], "")
}

// Counts of continued lines are not added up, and memory is bounded.
func TestTrafficIsCounted(t *testing.T) {
	t.Parallel()
	g := growth{seed: maphash.MakeSeed()}
	r := observe.Refusal{Origin: "https://a.example"}
	total := uint64(0)
	for _, count := range []uint64{1, 2, 4, 2, 8, 1} {
		r.Count = count
		total += g.by(r)
	}
	r.First = time.Unix(1, 0) // after a restart
	for _, count := range []uint64{1, 2} {
		r.Count = count
		total += g.by(r)
	}
	if total != 10 {
		t.Errorf("%d requests, want 10", total)
	}
	for i := range 3 * maxIdentities {
		r.Route, r.Count = i+1, 1
		if n := g.by(r); n != 1 {
			t.Fatalf("a new refusal counts %d times", n)
		}
		if len(g.now) > maxIdentities || len(g.before) > maxIdentities {
			t.Fatalf("%d and %d are kept", len(g.now), len(g.before))
		}
	}
	rows := tally[int, int]{max: 100}
	rows.add(-1, 5, func() int { return -1 })
	for i := range 1000 {
		rows.add(i, 1, func() int { return i })
		if len(rows.rows) > 100 {
			t.Fatalf("%d rows", len(rows.rows))
		}
	}
	kept := uint64(0)
	for _, r := range rows.sorted() {
		kept += r.count
	}
	if first := rows.sorted()[0]; first.value != -1 || first.count != 5 || kept+rows.forgotten != 1005 {
		t.Errorf("the first row is %+v, and %d of %d are forgotten", first, rows.forgotten, kept+rows.forgotten)
	}
}
