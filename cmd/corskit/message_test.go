package main

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	api = "https://api.example.com"
	app = "https://app.example.com"

	noHeader  = "No 'Access-Control-Allow-Origin' header is present on the requested resource."
	preflight = "Response to preflight request doesn't pass access control check: "
	noRequest = "must not be the wildcard '*' when the request's credentials mode is 'include'."
)

// chromium returns a message as Chromium prints it.
func chromium(url, reason string) string {
	return "Access to fetch at '" + url + "' from origin '" + app + "' has been blocked by CORS policy: " + reason
}

func firefox(reason string) string {
	return "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at " + api + "/items. (Reason: " +
		strings.NewReplacer("[", "\u2018", "]", "\u2019").Replace(reason)
}

func safari(reason string) string {
	return "[Error] " + reason + "\n[Error] Fetch API cannot load " + api + "/items due to access control checks."
}

func refusedHeader(name string) string {
	return "Request header field " + name + " is not allowed by Access-Control-Allow-Headers in preflight response."
}

// messages are as browsers print them, with what is around them in a console. The
// fields that all messages of a browser have are left out.
var messages = []struct {
	text string
	want message
}{
	{chromium(api+"/items", noHeader), message{Code: "allow-origin-missing"}},
	{"index.html:1 " + strings.Replace(chromium(api+"/items", noHeader), "from origin", "\n  from origin", 1) +
		"\napp.js:12  PUT " + api + "/items net::ERR_FAILED 404 (Not Found)",
		message{Code: "allow-origin-missing", Method: "PUT", Status: 404}},
	{chromium(api+"/items", preflight+"It does not have HTTP ok status."), message{Code: "preflight-status", Preflight: true}},
	{chromium(api+"/items", preflight+"Redirect is not allowed for a preflight request."),
		message{Code: "preflight-redirect", Preflight: true}},
	{chromium(api+"/items", preflight+"The value of the 'Access-Control-Allow-Origin' header in the response "+noRequest+
		" The credentials mode of requests initiated by the XMLHttpRequest is controlled by the withCredentials attribute."),
		message{Code: "allow-origin-wildcard", Preflight: true, Credentials: true}},
	{chromium(api+"/items", "The value of the 'Access-Control-Allow-Credentials' header in the response is '' which must be 'true' "+
		"when the request's credentials mode is 'include'."), message{Code: "allow-credentials", Credentials: true}},
	{strings.Replace(chromium(api+"/items",
		"The 'Access-Control-Allow-Origin' header contains multiple values '*, *', but only one is allowed."),
		"' from", "' (redirected from 'https://old.example.com/items') from", 1),
		message{Code: "allow-origin-multiple", Redirected: "https://old.example.com/items"}},
	{chromium(api+"/items",
		"The 'Access-Control-Allow-Origin' header has a value 'https://x.example' that is not equal to the supplied origin."),
		message{Code: "allow-origin-mismatch"}},
	{chromium(api+"/items", "Method PUT is not allowed by Access-Control-Allow-Methods in preflight response."),
		message{Code: "method-not-allowed", Method: "PUT", Preflight: true}},
	{chromium(api+"/items", refusedHeader("x-token")+"\n  POST "+api+"/items net::ERR_FAILED"),
		message{Code: "header-not-allowed", Header: "x-token", Method: "POST", Preflight: true}},
	{"XMLHttpRequest cannot load " + api + "/items. " + noHeader + " Origin '" + app + "' is therefore not allowed access. " +
		"The response had HTTP status code 404.", message{Code: "allow-origin-missing"}},

	{firefox("CORS header [Access-Control-Allow-Origin] missing). Status code: 200."), message{Code: "allow-origin-missing", Status: 200}},
	{firefox("CORS header [Access-Control-Allow-Origin] does not match [https://x.example])."), message{Code: "allow-origin-mismatch"}},
	{firefox("Multiple CORS header 'Access-Control-Allow-Origin' not allowed)."), message{Code: "allow-origin-multiple"}},
	{firefox("Credential is not supported if the CORS header [Access-Control-Allow-Origin] is [*])."),
		message{Code: "allow-origin-wildcard", Credentials: true}},
	{firefox("expected [true] in CORS header [Access-Control-Allow-Credentials])."),
		message{Code: "allow-credentials", Credentials: true}},
	{firefox("Did not find method in CORS header [Access-Control-Allow-Methods])."),
		message{Code: "method-not-allowed", Preflight: true}},
	{firefox("header [x-token] is not allowed according to header [Access-Control-Allow-Headers] from CORS preflight response)."),
		message{Code: "header-not-allowed", Header: "x-token", Preflight: true}},
	{firefox("missing token [x-token] in CORS header [Access-Control-Allow-Headers] from CORS preflight channel)."),
		message{Code: "header-not-allowed", Header: "x-token", Preflight: true}},
	{firefox("CORS preflight response did not succeed). Status code: 405."),
		message{Code: "preflight-status", Preflight: true, Status: 405}},
	{firefox("CORS request did not succeed). Status code: (null)."), message{Code: "network"}},

	{safari("Origin " + app + " is not allowed by Access-Control-Allow-Origin. Status code: 200"),
		message{Code: "allow-origin-missing", Origin: app, Status: 200}},
	{safari("Preflight response is not successful. Status code: 404"), message{Code: "preflight-status", Preflight: true, Status: 404}},
	{safari("Request header field X-Token is not allowed by Access-Control-Allow-Headers."),
		message{Code: "header-not-allowed", Header: "X-Token", Preflight: true}},
	{safari("Method PUT is not allowed by Access-Control-Allow-Methods."),
		message{Code: "method-not-allowed", Method: "PUT", Preflight: true}},
	{safari("Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true."),
		message{Code: "allow-origin-wildcard", Credentials: true}},
	{safari("Credentials flag is true, but Access-Control-Allow-Credentials is not \"true\"."),
		message{Code: "allow-credentials", Credentials: true}},
}

func TestParseMessage(t *testing.T) {
	t.Parallel()
	for _, tt := range messages {
		want := tt.want
		want.URL = api + "/items"
		switch {
		case strings.Contains(tt.text, "(Reason"):
			want.Browser = "firefox"
		case strings.Contains(tt.text, "[Error]"):
			want.Browser = "webkit"
		default:
			want.Browser, want.Origin = "chromium", app
		}
		if got, ok := parseMessage(tt.text); !ok || got != want {
			t.Errorf("%s\nread %+v\nwant %+v", tt.text, got, want)
		}
	}
	for _, text := range []string{"", "cors.yaml", "TypeError: Failed to fetch", api + "/items", "a b", "Status code: 200"} {
		if m, ok := parseMessage(text); ok {
			t.Errorf("%q is a message: %+v", text, m)
		}
	}
}

// TestBrowserMessages reads what Chromium, Firefox and WebKit print. Those of Chromium
// and WebKit come from the browsers, those of Firefox from its security.properties.
func TestBrowserMessages(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/messages/browsers.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(text), "\n\n") {
		want, printed, _ := strings.Cut(block, "\n")
		m, ok := parseMessage(printed)
		if got := m.Browser + " " + string(m.Code); !ok || got != want {
			t.Errorf("%s\nread %s, want %s", printed, got, want)
		}
		if !strings.HasPrefix(m.URL, "http://127.0.0.1:18082/") || strings.Trim(m.URL, "'.,") != m.URL {
			t.Errorf("%s\nURL %q", printed, m.URL)
		}
		if names := m.Browser == "chromium" || strings.Contains(printed, " Origin http"); names != (m.Origin == "http://127.0.0.1:18081") {
			t.Errorf("%s\norigin %q", printed, m.Origin)
		}
	}
}

type explainTest struct {
	name string
	args []string
	code int
	want []string // parts of the answer
}

var explainMessages = []explainTest{
	{"origin", []string{strings.Replace(chromium(api+"/items?q=1", noHeader), app, "https://new.example.com", 1)}, exitNo, []string{
		"read from the message of Chromium: origin https://new.example.com, URL https://api.example.com/items?q=1",
		`fix: add "https://new.example.com" to allow_origins`}},
	{"method", []string{chromium(api+"/items", "Method PATCH is not allowed by Access-Control-Allow-Methods in preflight response.")},
		exitNo, []string{`fix: add "PATCH" to allow_methods of policy "app"`}},
	{"header", []string{chromium(api+"/items", refusedHeader("x-token"))}, exitNo,
		[]string{`fix: add "x-token" to allow_headers of policy "app"`}},
	{"header, URL of another route", []string{chromium(api+"/public/x", refusedHeader("x-token"))}, exitNo,
		[]string{`fix: add "x-token" to allow_headers of policy "public"`}},
	{"credentials", []string{chromium(api+"/public/x",
		preflight+"The value of the 'Access-Control-Allow-Origin' header in the response "+noRequest)}, exitNo,
		[]string{"at the preflight", "(GET, with credentials)", "Access-Control-Request-Method: GET", "fix: fetch without credentials"}},
	{"allowed, so another server", []string{chromium(api+"/items", noHeader)}, exitYes, []string{
		"note: this policy allows the request: the server has not loaded this file yet, " +
			"or the response comes from a server with another policy"}},
	{"allowed, with a status", []string{chromium(api+"/items", noHeader) + "\nGET " + api + "/items net::ERR_FAILED 401 (Unauthorized)"},
		exitYes, []string{"the response with status 401 comes from outside the CORS middleware"}},
	{"preflight status", []string{chromium(api+"/items", preflight+"It does not have HTTP ok status.")}, exitYes, []string{
		"note: the message does not say why there is a preflight", "allowed, as GET without headers: ",
		"such as -X POST -H 'Content-Type: application/json'", "a router or authentication answers the preflight"}},
	{"twice", []string{chromium(api+"/items",
		"The 'Access-Control-Allow-Origin' header contains multiple values 'a, a', but only one is allowed.")},
		exitYes, []string{"a handler or a proxy sets the header too"}},
	{"firefox", []string{firefox("CORS header [Access-Control-Allow-Origin] missing)."), "-o", "https://new.example.com"},
		exitNo, []string{"read from the message of Firefox", `fix: add "https://new.example.com" to allow_origins`}},
	{"safari", []string{safari("Origin https://new.example.com is not allowed by Access-Control-Allow-Origin.")},
		exitNo, []string{"read from the message of Safari", `fix: add "https://new.example.com" to allow_origins`}},
	{"flags win", []string{chromium(api+"/items", "Method PATCH is not allowed by Access-Control-Allow-Methods in preflight response."),
		"-X", "PUT", "--path", "/other"}, exitYes, []string{"fetches https://server.invalid/other (PUT"}},
	{"no URL and no method", []string{"Request header field X-Token is not allowed by Access-Control-Allow-Headers.", "-o", app}, exitNo,
		[]string{"note: the message names no URL: assumed https://server.invalid/; if the file has routes or lists the server, add --host",
			"note: the message names no method: assumed GET; if the script uses another, add --method"}},
	{"a path that a flag gives", []string{"Request header field X-Token is not allowed by Access-Control-Allow-Headers.", "-o", app,
		"--path", "/public/", "-X", "POST"}, exitNo, []string{`to allow_headers of policy "public"` + "\n"}},
	{"private network", []string{chromium(api+"/items",
		"Permission was denied for this request to access the `unknown` address space.")},
		exitNo, []string{"refused: the browser refuses the request whatever the policy says (private-network)",
			"fix: the browser protects"}},
}

// explain answers a pasted message with what to change in the file.
func TestExplainMessage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", `policies:
  app: {allow_origins: ["https://app.example.com"], allow_methods: [PUT]}
  public: {allow_origins: ["*"]}
routes:
  - {path: /public/, policies: [public]}
  - {path: /, policies: [app]}
`)
	for i, tt := range explainMessages {
		files := [][]string{{"cors.yaml"}, nil}[i%2] // the file has a default
		r := corskit(t, dir, slices.Concat([]string{"explain"}, files, tt.args)...)
		if r.code != tt.code {
			t.Errorf("%s: %+v, want exit status %d", tt.name, r, tt.code)
		}
		contains(t, tt.name, r.stdout, tt.want...)
	}
	r := corskit(t, dir, "explain", "--format", "json", chromium(api+"/items", refusedHeader("x-token")))
	var got explained
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || got.Message == nil || got.Message.Header != "x-token" {
		t.Errorf("JSON: %v, %+v", err, r)
	}
	// Firefox warns of what it still allows.
	write(t, dir, "star.yaml", "policies: {app: {allow_origins: [\"https://app.example.com\"], allow_headers: [\"*\"]}}\n")
	warning := firefox("When the `Access-Control-Allow-Headers` is `*`, the `Authorization` header is not covered.)")
	r = corskit(t, dir, "explain", "star.yaml", warning, "-o", app)
	if r.code != exitNo || !strings.Contains(r.stdout, `fix: add "authorization", next to "*", to allow_headers of policy "app"`) {
		t.Errorf("a warning: %+v", r)
	}
}

// A message may lack what is needed, and then corskit says what.
func TestMessageUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", "policies: {app: {allow_origins: [\"https://a.example\"], allow_methods: [GET, put]}}\n")
	write(t, dir, "two.yaml", "policies: {app: {allow_origins: [\"https://a.example\"]}, b: {}}\n")
	write(t, dir, "mcp.yaml", "policies: {app: {allow_origins: [\"https://a.example\"], allow_methods: [\"@mcp\"]}}\n")
	method := firefox("Did not find method in CORS header [Access-Control-Allow-Methods])")
	missing := firefox("CORS header [Access-Control-Allow-Origin] missing).")
	for i, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"explain", missing}, "the message of Firefox does not name the page's origin: add --origin"},
		{[]string{"probe", missing}, "the message of Firefox does not name the page's origin: add --origin"},
		{[]string{"explain", method, "-o", "https://a.example"}, "the message of Firefox does not name the method: add --method " +
			"(the policy allows GET, HEAD, POST, PUT: the script uses another, such as DELETE or PATCH)"},
		{[]string{"explain", method}, "the message of Firefox names neither the page's origin nor the method: add --origin and --method " +
			"(the policy allows GET, HEAD, POST, PUT: the script uses another, such as DELETE or PATCH)"},
		{[]string{"explain", "mcp.yaml", method},
			"(the policy allows GET, HEAD, POST, DELETE: the script uses another, such as PUT or PATCH)"},
		{[]string{"explain", "two.yaml", method}, "add --origin and --method (not GET, HEAD or POST, which need no permission)"},
		{[]string{"explain", "absent.yaml", method}, "add --origin and --method (not GET, HEAD or POST, which need no permission)"},
		{[]string{"probe", method}, "add --origin and --method (not GET, HEAD or POST, which need no permission)"},
		{[]string{"explain", "cors.yaml", "No 'Access-Control-Allow-Origin' header", "-o", "https://a.example"}, "found no CORS message"},
		{[]string{"explain", "No 'Access-Control-Allow-Origin' header", "-o", "https://a.example"}, "found no CORS message"},
		{[]string{"explain", "CORS error on PUT https://api.example.com", "-o", "https://a.example"}, "found no CORS message"},
		{[]string{"explain", "cors.yaml", "CORS-error"}, "found no CORS message"},
		{[]string{"explain", "https://api.example.com/x"}, "found no CORS message"},
		{[]string{"explain", "cors.yaml", "two.yaml"}, "got 2 arguments, want 'corskit explain [FILE] [MESSAGE]"},
		{[]string{"explain", "my cors.yaml", "-o", "https://a.example"}, "no such file"},
		{[]string{"probe", "http://localhost/", "No 'Access-Control-Allow-Origin' header"}, "found no CORS message"},
		{[]string{"probe", "CORS error on PUT https://api.example.com"}, "found no CORS message"},
		{[]string{"probe", "Origin https://a.example is not allowed by Access-Control-Allow-Origin."},
			"the message of Safari does not name the URL: write it before the message"},
		{[]string{"explain", "TypeError: Failed to fetch"}, "found no CORS message of Chromium, Firefox or Safari: paste the whole line"},
		{[]string{"explain", "-"}, "found no CORS message"},
		{[]string{"probe", "-"}, "found no CORS message"},
		{[]string{"explain", chromium(api, noHeader), missing}, "got two messages: paste one"},
		{[]string{"probe", "http://localhost/", "http://localhost/", "-o", "https://a.example"}, "got 2 arguments, want 'corskit probe"},
		{[]string{"probe", chromium("file:///x", "Cross origin requests are only supported for protocol schemes: http, https.")},
			"write the whole URL, with its scheme"},
	} {
		if !sampled(i, 4) {
			continue
		}
		r := corskit(t, dir, tt.args...)
		if r.code != exitFail || r.stdout != "" || !strings.Contains(r.stderr, tt.want) {
			t.Errorf("corskit %q: %+v, want %q", tt.args, r, tt.want)
		}
	}
}

// probe sends what the message is about to the server that it names.
func TestProbeMessage(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(flawed(sound))
	defer s.Close()
	text := chromium(s.URL+"/x", refusedHeader("x-token")) + "\n  PUT " + s.URL + "/x net::ERR_FAILED"
	for _, args := range [][]string{{"probe", text}, {"probe", s.URL + "/x", text}} {
		r := corskit(t, "", args...)
		contains(t, "the text", r.stdout, "read from the message of Chromium: origin "+page+", URL "+s.URL+"/x, method PUT, header x-token",
			"> Access-Control-Request-Method: PUT", "> Access-Control-Request-Headers: x-token", "refused: ", "(header-not-allowed)")
		if r.code != exitNo {
			t.Errorf("%+v", r)
		}
	}
	cmd := exec.Command(binary, "probe", "-", "--format", "json")
	cmd.Env, cmd.Stdin = environ(), strings.NewReader(text)
	stdout, _ := cmd.Output()
	var got probed
	if err := json.Unmarshal(stdout, &got); err != nil || got.Message == nil || got.Message.Header != "x-token" ||
		got.Verdict.Code != "header-not-allowed" {
		t.Errorf("standard input: %v, %s", err, stdout)
	}
	r := corskit(t, "", "probe", chromium(s.URL, noHeader))
	if r.code != exitYes || !strings.Contains(r.stdout, "note: the server allows this request, but the script may have sent another") {
		t.Errorf("%+v", r)
	}
}

// A cause is explained in one place, and so is what a message does not say.
func TestMessageSaysItOnce(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(flawed(sound))
	defer s.Close()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", "policies: {app: {allow_origins: [\"https://app.example.com\"]}}\n")
	refused := chromium(s.URL+"/x", refusedHeader("x-token"))
	for _, command := range []string{"probe", "explain"} {
		r := corskit(t, dir, command, refused, "-X", "POST")
		if strings.Count(r.stdout, "see: ") != 1 || !strings.Contains(r.stdout, "see: "+errorsURL+"#header-not-allowed\n") {
			t.Errorf("%s: %+v", command, r)
		}
	}
	// The message and the verdict have two causes.
	r := corskit(t, dir, "probe", chromium(s.URL+"/x", noHeader), "-H", "x-token")
	contains(t, "two causes", r.stdout, "see: "+errorsURL+"#allow-origin-missing\n", "see: "+codesURL+"header-not-allowed\n")

	status := chromium(s.URL+"/x", preflight+"It does not have HTTP ok status.")
	r = corskit(t, dir, "probe", status)
	if r.code != exitYes || strings.Count(r.stdout, "note: ") != 1 {
		t.Errorf("%+v", r)
	}
	contains(t, "a preflight", r.stdout, "allowed, as GET without headers: ", "such as -X POST -H 'Content-Type: application/json'\n")
	if r = corskit(t, dir, "probe", status, "-X", "PUT"); strings.Contains(r.stdout, "allowed, as") {
		t.Errorf("%+v", r)
	}
}
