package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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

// sent is a request, and how often it is sent.
type sent struct {
	times   int
	request core.Request
}

// recorded has requests that suggestFile refuses.
var recorded = []sent{
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
func record(t *testing.T, file string, requests []sent, opts ...config.Options) (log string) {
	t.Helper()
	engine, err := config.Load(file, append(opts, config.Options{Environ: []string{}})...)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	engine.Observe(observe.Log(slog.NewJSONHandler(&b, nil), observe.LogOptions{Engine: engine, PerMinute: -1}))
	for _, r := range requests {
		for range r.times {
			engine.Decide(t.Context(), r.request)
		}
	}
	return write(t, filepath.Dir(file), "decisions.jsonl", b.String())
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	record(t, write(t, dir, "cors.yaml", suggestFile), recorded)
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
			record(t, file, recorded, tt.opts)
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
	for i, tt := range []struct {
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
		{credentials, fetched("https://theirs.github.io", "/"), markQuestionable, "below github.io, where anyone can register a name"},
		{credentials, fetched("https://two.nip.io", "/"), markQuestionable, "below nip.io, where anyone can register a name"},
		{credentials, fetched("https://b.b.corp", "/"), markQuestionable, "no registry is known for names below .corp"},
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
		{local("@loopback"), fetched("http://app.localhost", "/"), markSafe, "like others that the policy lists"},
		{local("http://127.0.0.1:3000"), fetched("http://localhost:5173", "/"), markSafe, "like others that the policy lists"},
		{local("https://[::1]"), fetched("https://localhost", "/"), markSafe, "like others that the policy lists"},
		{local("http://app.localhost:*"), fetched("http://[::1]:3000", "/"), markSafe, "like others that the policy lists"},
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
		{plain, fetched("https://corskit-probe.invalid", "/"), markNone, "a check of corskit probe"},
		{plain, fetched("https://app.example.com.corskit-probe.invalid:8443", "/"), markNone, "a check of corskit probe"},
		{credentials, fetched("http://localhost.corskit-probe.invalid", "/"), markNone, "a check of corskit probe"},
		{plain, fetched("https://not-corskit-probe.invalid", "/"), markQuestionable, "a stranger"},
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
		if !sampled(i, 4) {
			continue
		}
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

// If suggest cannot change a file, it says what to add and where.
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
