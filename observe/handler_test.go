package observe_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

// inspect starts a server with an inspector.
func inspect(t *testing.T, e *core.Engine, opts observe.HandlerOptions) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(observe.Handler(e, opts))
	t.Cleanup(server.Close)
	return server
}

// send sends a request. A header "Host" sets the host.
func send(t *testing.T, method, address string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Add(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// read reads JSON.
func read(t *testing.T, address string, into any) {
	t.Helper()
	res, body := send(t, "GET", address)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %s %s", address, res.Status, body)
	}
	if err := json.Unmarshal([]byte(body), into); err != nil {
		t.Fatalf("%s: %v in %s", address, err, body)
	}
}

func TestInspectorAnswersOnlyItsOwnPage(t *testing.T) {
	server := inspect(t, core.MustNew(policy()), observe.HandlerOptions{Hosts: []string{"Inspector.example", " "}})
	own := server.Listener.Addr().String()
	for _, tt := range []struct {
		name, method string
		header       []string
		want         int
	}{
		{"curl", "GET", nil, 200},
		{"HEAD", "HEAD", nil, 200},
		{"the address bar", "GET", []string{"Sec-Fetch-Site", "none"}, 200},
		{"its own page", "GET", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://" + own}, 200},
		{"behind TLS", "GET", []string{"Origin", "https://" + own}, 200},
		{"localhost", "GET", []string{"Host", "localhost:6060"}, 200},
		{"IPv6", "GET", []string{"Host", "[::1]:6060"}, 200},
		{"IPv6 without a port", "GET", []string{"Host", "[::1]"}, 200},
		{"another loopback address", "GET", []string{"Host", "127.9.8.7"}, 200},
		{"a listed host", "GET", []string{"Host", "inspector.example:6060"}, 200},
		{"a listed host in upper case", "GET", []string{"Host", "INSPECTOR.example"}, 200},
		{"a rebound host", "GET", []string{"Host", "evil.example"}, 403},
		{"a name below loopback", "GET", []string{"Host", "localhost.evil.example"}, 403},
		{"a name below a listed host", "GET", []string{"Host", "x.inspector.example"}, 403},
		{"a name that ends as a listed host", "GET", []string{"Host", "evilinspector.example"}, 403},
		{"a final dot", "GET", []string{"Host", "localhost."}, 403},
		{"an address that is not loopback", "GET", []string{"Host", "192.0.2.1"}, 403},
		{"every address", "GET", []string{"Host", "0.0.0.0:6060"}, 403},
		{"a name that begins with loopback", "GET", []string{"Host", "127.0.0.1.evil.example"}, 403},
		{"another site", "GET", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"another port of this host", "GET", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"another origin", "GET", []string{"Origin", "https://evil.example"}, 403},
		{"another port in Origin", "GET", []string{"Origin", "http://127.0.0.1:1"}, 403},
		{"a sandboxed frame", "GET", []string{"Origin", "null"}, 403},
		{"an empty Origin", "GET", []string{"Origin", ""}, 403},
		{"a second Origin", "GET", []string{"Origin", "http://" + own, "Origin", "https://evil.example"}, 403},
		{"a preflight", "OPTIONS", []string{"Access-Control-Request-Method", "GET"}, 405},
		{"POST", "POST", nil, 405},
		{"DELETE", "DELETE", nil, 405},
	} {
		for _, path := range []string{"/", "/style.css", "/state.json", "/refusals.json", "/explain", "/nowhere", "/events"} {
			if path == "/events" && tt.want == 200 {
				continue // it does not end
			}
			res, body := send(t, tt.method, server.URL+path, tt.header...)
			want := tt.want
			if path == "/nowhere" && want == 200 {
				want = 404
			}
			if res.StatusCode != want {
				t.Errorf("%s, %s %s: %s, want %d", tt.name, tt.method, path, res.Status, want)
			}
			if want >= 400 && (strings.Contains(body, "policies") || strings.Contains(body, "<")) {
				t.Errorf("%s, %s %s: the answer is %q", tt.name, tt.method, path, body)
			}
			if got := res.Header.Get("Allow"); (got == "GET, HEAD") != (want == 405) {
				t.Errorf("%s, %s %s: Allow %q", tt.name, tt.method, path, got)
			}
			checkProtection(t, tt.name+", "+path, res.Header)
		}
	}
}

func checkProtection(t *testing.T, name string, h http.Header) {
	t.Helper()
	for field, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
			"base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
		"Referrer-Policy":              "no-referrer",
		"Access-Control-Allow-Origin":  "",
	} {
		if got := h.Get(field); got != want {
			t.Errorf("%s: %s is %q, want %q", name, field, got, want)
		}
	}
}

// The page may be mounted anywhere, and refers only to its own files.
func TestInspectorPage(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/debug/cors/", observe.Handler(core.MustNew(policy()), observe.HandlerOptions{}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for path, mediaType := range map[string]string{
		"": "text/html; charset=utf-8", "style.css": "text/css; charset=utf-8",
		"inspector.js": "text/javascript; charset=utf-8", "parts.js": "text/javascript; charset=utf-8",
	} {
		res, body := send(t, "GET", server.URL+"/debug/cors/"+path)
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != mediaType || body == "" {
			t.Errorf("%s: %s, %s, %d bytes", path, res.Status, res.Header.Get("Content-Type"), len(body))
		}
		for _, bad := range []string{
			"src=\"http", "href=\"http", "innerHTML", "insertAdjacent", "document.write", "style=\"", "onclick", "eval(",
		} {
			if strings.Contains(body, bad) {
				t.Errorf("%s contains %q", path, bad)
			}
		}
	}
}

// TestInspectorExplains checks the explanations of requests.
func TestInspectorExplains(t *testing.T) {
	e := core.MustNew(
		core.Policy{
			Name: "app", AllowOrigins: []string{"https://app.example.com"}, AllowMethods: []string{"PUT"},
			AllowHeaders: []string{"x-a"}, AllowCredentials: true,
		},
		core.Policy{Name: "open", AllowOrigins: []string{"https://*.partner.example"}},
	)
	if err := e.Shadow(policy()); err != nil {
		t.Fatal(err)
	}
	server := inspect(t, e, observe.HandlerOptions{Spell: strings.ToUpper})
	for _, tt := range []struct {
		name, query string
		allowed     bool
		stages      int
		verdict     string
		hint, lines string
	}{
		{"allowed", "origin=https://app.example.com", true, 1, "may read", "", ""},
		{"with a preflight", "origin=https://app.example.com&method=put&headers=X-A&credentials=on", true, 2, "may read", "", ""},
		{"of no page", "method=PUT", true, 1, "without an Origin", "", ""},
		{"of its own page", "origin=https://h.example&host=h.example&method=DELETE", true, 1, "own origin", "", ""},
		{
			"another origin", "origin=https://b.example", false, 1, "hides", `add "https://b.example" to ALLOWORIGINS`,
			"policies:\n  open:\n    ALLOWORIGINS:\n      - \"https://*.partner.example\"\n      - \"https://b.example\"\n",
		},
		{
			"method and header", "origin=https://app.example.com&method=DELETE&headers=x-a,+x-b%0Ax-b", false, 1, "preflight fails",
			`add "DELETE" to ALLOWMETHODS of policy "app"`,
			"policies:\n  app:\n    ALLOWMETHODS:\n      - \"PUT\"\n      - \"DELETE\"\n" +
				"    ALLOWHEADERS:\n      - \"x-a\"\n      - \"x-b\"\n",
		},
		{
			"credentials", "origin=https://x.partner.example&credentials=on", false, 1, "has credentials", "",
			"policies:\n  open:\n    ALLOWCREDENTIALS: true\n",
		},
		{"a slash", "origin=https://app.example.com/", false, 1, "hides", "a trailing slash", ""},
	} {
		var got struct {
			Allowed       bool
			Verdict, Hint string
			Fix           *struct{ Lines string }
			Exchanges     []struct{ Steps []struct{ Text string } }
			Shadow        *struct{ Allowed bool }
		}
		read(t, server.URL+"/explain?"+tt.query, &got)
		lines := ""
		if got.Fix != nil {
			lines = got.Fix.Lines
		}
		if got.Allowed != tt.allowed || len(got.Exchanges) != tt.stages || !strings.Contains(got.Verdict, tt.verdict) ||
			!strings.Contains(got.Hint, tt.hint) || lines != tt.lines {
			t.Errorf("%s: %+v, lines\n%s", tt.name, got, lines)
		}
		if got.Shadow == nil || got.Shadow.Allowed != (tt.allowed && !strings.Contains(tt.query, "credentials")) {
			t.Errorf("%s: under the shadow %+v", tt.name, got.Shadow)
		}
	}
}

// Names that a preset lists are not added again.
func TestInspectorKnowsPresets(t *testing.T) {
	p := policy()
	p.AllowMethods, p.AllowHeaders = []string{"@mcp"}, []string{"@grpc-web"}
	server := inspect(t, core.MustNew(p), observe.HandlerOptions{})
	var got struct{ Fix struct{ Lines string } }
	read(t, server.URL+"/explain?origin=https://app.example.com&method=DELETE&headers=x-grpc-web,x-a", &got)
	const want = "policies:\n  app:\n    allow_headers:\n      - \"@grpc-web\"\n      - \"x-a\"\n"
	if got.Fix.Lines != want {
		t.Errorf("the lines are\n%s\nwant\n%s", got.Fix.Lines, want)
	}
}

func TestInspectorRefusesQuestions(t *testing.T) {
	server := inspect(t, core.MustNew(policy()), observe.HandlerOptions{})
	for _, query := range []string{
		"method=A+B", "headers=a:b", "%zz", "headers=" + strings.Repeat("a,", 51), "path=/" + strings.Repeat("a", 16<<10),
	} {
		res, body := send(t, "GET", server.URL+"/explain?"+query)
		if res.StatusCode != 400 || !strings.Contains(body, `"error"`) {
			t.Errorf("%.40s: %s %s", query, res.Status, body)
		}
	}
}

// A fix changes the policies of the request's route.
func TestInspectorFollowsRoutes(t *testing.T) {
	e, err := core.NewRouted(
		core.Route{Path: "/a/", Policies: []core.Policy{{Name: "a"}}},
		core.Route{Host: "h.example", Policies: []core.Policy{{Name: "On"}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	server := inspect(t, e, observe.HandlerOptions{})
	for query, want := range map[string]string{
		"path=/a/x":      "policies:\n  a:\n    allow_origins:\n      - \"https://b.example\"\n",
		"host=h.example": "policies:\n  \"On\":\n    allow_origins:\n      - \"https://b.example\"\n",
		"host=i.example": "",
	} {
		var got struct{ Fix *struct{ Lines string } }
		read(t, server.URL+"/explain?origin=https://b.example&"+query, &got)
		if (got.Fix == nil) != (want == "") || got.Fix != nil && got.Fix.Lines != want {
			t.Errorf("%s: %+v, want\n%s", query, got.Fix, want)
		}
	}
}

// Only the first policies are tried, because each trial compiles one.
func TestInspectorTriesFewPolicies(t *testing.T) {
	for _, tt := range []struct {
		unfit int // policies that do not accept the origin
		lines bool
	}{{19, true}, {20, false}} {
		policies := make([]core.Policy, tt.unfit+1)
		for i := range policies {
			policies[i] = core.Policy{Name: fmt.Sprint("p", i), AllowCredentials: i < tt.unfit}
		}
		var got struct{ Fix *struct{ Lines string } }
		read(t, inspect(t, core.MustNew(policies...), observe.HandlerOptions{}).URL+"/explain?origin=http://b.example", &got)
		if (got.Fix != nil) != tt.lines {
			t.Errorf("after %d policies that do not fit: %+v", tt.unfit, got.Fix)
		}
	}
}

// If the routes are replaced while a request is explained, nothing is suggested: the
// index of its route may now belong to another one.
func TestInspectorSuggestsNothingAcrossReloads(t *testing.T) {
	a := core.Route{Path: "/a/", Policies: []core.Policy{{Name: "a"}}}
	var e *core.Engine
	b := core.Route{Path: "/b/", Policies: []core.Policy{{Name: "b", AllowOriginFunc: func(context.Context, core.Request) bool {
		if err := e.ReloadRouted(core.Route{Path: "/b/", Policies: []core.Policy{{Name: "new"}}}, a); err != nil {
			t.Error(err)
		}
		return false
	}}}}
	e, err := core.NewRouted(a, b)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Fix *struct{ Lines string } }
	read(t, inspect(t, e, observe.HandlerOptions{}).URL+"/explain?origin=https://b.example&path=/b/", &got)
	if got.Fix != nil {
		t.Errorf("the fix for a request below /b/ is\n%s", got.Fix.Lines)
	}
}

// Nothing is suggested that a policy would refuse or that would not help.
func TestInspectorSuggestsOnlyWhatWorks(t *testing.T) {
	credentials := core.Policy{Name: "app", AllowOrigins: []string{"https://app.example.com"}, AllowCredentials: true}
	function := policy()
	function.AllowOriginFunc = func(_ context.Context, r core.Request) bool {
		if r.OriginValue() == "https://panic.example" {
			panic("no")
		}
		return false
	}
	many := policy()
	for i := range 30 {
		many.AllowOrigins = append(many.AllowOrigins, "https://x"+strings.Repeat("x", i)+".example")
	}
	for _, tt := range []struct {
		name, query string
		policy      core.Policy
		lines       bool
		contains    string // in the answer
	}{
		{"null", "origin=null", policy(), false, "DangerouslyAllowNullOrigin"},
		{"every origin", "origin=*", policy(), false, "no browser sends"},
		{"a pattern", "origin=https://*.b.example", policy(), false, "no browser sends"},
		{"a name of entries", "origin=@loopback", policy(), false, "no browser sends"},
		{"a check of corskit probe", "origin=https://a.corskit-probe.invalid", policy(), false, "a check of corskit probe"},
		{"http with credentials", "origin=http://b.example", credentials, false, "https://"},
		{"http", "origin=http://b.example", policy(), true, "anyone on the network can impersonate"},
		{"a public suffix is an origin", "origin=https://github.io", policy(), true, "add"},
		{"a forbidden method", "origin=https://app.example.com&method=TRACE", policy(), false, "never send"},
		{"the case of a method", "origin=https://app.example.com&method=patch", policy(), false, "PATCH"},
		{"a forbidden header", "origin=https://app.example.com&headers=cookie", policy(), false, "cannot set"},
		{"a script", "origin=<script>alert(1)</script>", policy(), false, "no policy can allow it"},
		{"a function", "origin=https://b.example", function, true, "allow_origins"},
		{"a function that panics", "origin=https://panic.example", function, false, "panics"},
		{"many origins", "origin=https://b.example", many, true, "keep the 31 entries"},
		{"any header, not authorization", "origin=https://app.example.com&headers=authorization,x-a",
			core.Policy{AllowOrigins: []string{"https://app.example.com"}, AllowHeaders: []string{"*"}}, true, `authorization`},
	} {
		server := inspect(t, core.MustNew(tt.policy), observe.HandlerOptions{})
		var got struct {
			Allowed bool
			Fix     *struct{ Lines string }
		}
		read(t, server.URL+"/explain?"+tt.query, &got)
		_, body := send(t, "GET", server.URL+"/explain?"+tt.query)
		body = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(body)
		if got.Allowed || (got.Fix != nil) != tt.lines || !strings.Contains(body, tt.contains) {
			t.Errorf("%s: %s", tt.name, body)
		}
	}
}

// requests are the parts of refusals.json for programs.
var requests = regexp.MustCompile(`"request":\{[^{}]*\}`)

// Programs read requests as they were sent, and terminals get only ASCII.
func TestInspectorShowsRequests(t *testing.T) {
	e := core.MustNew(policy())
	server := inspect(t, e, observe.HandlerOptions{})
	sent := preflight("https://\u202e\x1b<\U0001f600\x7f.example", "PUT", "x-a,"+strings.Repeat("x", 600), "x-b")
	sent.Host, sent.Path, sent.RawPath, sent.FoldPath = "h.example", "/ä/b", "/%C3%A4%2Fb", true
	sent.AccessControlRequestPrivateNetwork, sent.SecFetchSite = []string{"true"}, []string{"cross-site"}
	e.Decide(ctx, sent)
	var got []struct {
		Request struct {
			Method, Host, Path, RawPath                                      string
			FoldPath                                                         bool
			Origin, RequestMethod, RequestHeaders, PrivateNetwork, FetchSite []string
		}
	}
	read(t, server.URL+"/refusals.json", &got)
	if len(got) != 1 || fmt.Sprint(got[0].Request) != fmt.Sprint(sent) {
		t.Errorf("got  %+v\nsent %+v", got, sent)
	}
	_, body := send(t, "GET", server.URL+"/refusals.json")
	if i := strings.IndexFunc(body, func(c rune) bool { return c < ' ' || c > '~' }); i >= 0 {
		t.Errorf("byte %d is not printable: %q", i, body)
	}
}

// The path of a question is the path as a client sends it. Its escapes matter only if
// net/http sets RawPath for it.
func TestInspectorExplainsPaths(t *testing.T) {
	var got core.Request
	p := policy()
	p.AllowOriginFunc = func(_ context.Context, r core.Request) bool { got = r; return true }
	server := inspect(t, core.MustNew(p), observe.HandlerOptions{})
	for _, sent := range []string{"/a", "/a%20b", "/a%25b", "/a%2525b", "/a%2Fb", "/%61", "/a%C3%A4"} {
		send(t, "GET", server.URL+"/explain?"+url.Values{"origin": {"https://b.example"}, "path": {sent}}.Encode())
		want, err := url.Parse(sent)
		if err != nil {
			t.Fatal(err)
		}
		if got.Path != want.Path || got.RawPath != want.RawPath {
			t.Errorf("%s: %q and %q, want %q and %q", sent, got.Path, got.RawPath, want.Path, want.RawPath)
		}
	}
}

// Values that a client sends are shortened, and quoted if they have unusual characters.
func TestInspectorQuotes(t *testing.T) {
	e := core.MustNew(policy())
	server := inspect(t, e, observe.HandlerOptions{})
	evil := "https://\u202e<script>\x1b[31m" + strings.Repeat("A", 1<<16)
	e.Decide(ctx, core.Request{Method: evil, Host: evil, Path: "/" + evil, Origin: []string{evil}})
	e.Decide(ctx, core.Request{Method: "OPTIONS", Host: evil, Path: evil, Origin: []string{"https://app.example.com"},
		AccessControlRequestMethod: []string{"PUT"}, AccessControlRequestHeaders: []string{evil}})
	address := server.URL + "/explain?" + url.Values{"origin": {evil[:4000]}, "path": {evil[:4000]}, "host": {evil[:4000]}}.Encode()
	for _, address := range []string{address, server.URL + "/refusals.json", server.URL + "/state.json"} {
		_, body := send(t, "GET", address)
		people := requests.ReplaceAllString(body, "")
		if strings.ContainsAny(body, "\u202e\x1b<") || strings.Contains(people, `\u001b`) || len(body) > 20_000 {
			t.Errorf("%s: %d bytes, %.2000q", address, len(body), body)
		}
	}
	var refusals []struct{ Origin, Reason string }
	read(t, server.URL+"/refusals.json", &refusals)
	origins := fmt.Sprint(refusals)
	if len(refusals) != 2 || !strings.Contains(origins, `"https://\u202e<script>\x1b[31mAAA`) || !strings.Contains(origins, `A"… `) {
		t.Errorf("%+v", refusals)
	}
}

// Parts of state.json in TestInspectorState.
const wantState = `"config":{"file":"cors.yaml","revision":"abc","loaded":"1970-01-01T00:00:01Z",` +
	`"faults":["f","g","h"]},"warnings":["w"],` +
	`"policies":[{"name":"app","allowOrigins":["https://app.example.com"],"origins":1,"function":false,"allowMethods":["PUT"],` +
	`"allowHeaders":null,"exposeHeaders":null,"allowCredentials":false,"rejectDisallowed":false,"maxAge":""},` +
	`{"name":"b","allowOrigins":["http://b.example"],"origins":1,"function":true,"allowMethods":null,"allowHeaders":null,` +
	`"exposeHeaders":["etag"],"allowCredentials":false,"rejectDisallowed":true,"maxAge":"1m0s"},` +
	`{"name":"c","allowOrigins":["*"],"origins":1,"function":false,"allowMethods":null,"allowHeaders":null,"exposeHeaders":null,` +
	`"allowCredentials":false,"rejectDisallowed":false,"maxAge":"0s"}],` +
	`"routes":[{"host":"","path":"/a/","policies":["app","b"]},{"host":"h.example","path":"","policies":["c"]}],`
const wantTotals = `"totals":[{"kind":"actual","result":"rejected","code":"origin-not-allowed","policy":"","route":0,` +
	`"shadow":"","n":1}],"shadow":null`
const wantBare = `"config":{"file":"","revision":"","loaded":null,"faults":[]},"warnings":[],"policies":[],"routes":null,` +
	`"minutes":[],"totals":[],"shadow":null`

func TestInspectorState(t *testing.T) {
	e, err := core.NewRouted(
		core.Route{Path: "/a/", Policies: []core.Policy{policy(), {
			Name: "b", AllowOrigins: []string{"http://b.example"}, MaxAge: time.Minute, ExposeHeaders: []string{"etag"},
			AllowOriginFunc: func(context.Context, core.Request) bool { return false }, RejectDisallowed: true,
		}}},
		core.Route{Host: "h.example", Policies: []core.Policy{{Name: "c", AllowOrigins: []string{"*"}, MaxAge: core.NoPreflightCache}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	counters, refusals := observe.NewCounters(), observe.NewRefusals(5)
	e.Observe(counters)
	e.Observe(refusals)
	status := func() observe.ConfigStatus {
		return observe.ConfigStatus{
			File: "cors.yaml", Revision: "abc", Loaded: time.Unix(1, 0).UTC(), Warnings: []string{"w"},
			Err: errors.Join(errors.New("f"), errors.Join(errors.New("g"), errors.New("h"))),
		}
	}
	with := inspect(t, e, observe.HandlerOptions{Counters: counters, Refusals: refusals, Config: status})
	without := inspect(t, e, observe.HandlerOptions{Spell: func(f string) string { return "<" + f + ">" }})
	bare := inspect(t, nil, observe.HandlerOptions{Config: func() observe.ConfigStatus { return observe.ConfigStatus{} }})
	e.Decide(ctx, core.Request{Method: "GET", Path: "/a/x", Origin: []string{"https://evil.example"}})

	_, state := send(t, "GET", with.URL+"/state.json")
	for _, want := range []string{wantState, wantTotals, `"rejected":1`} {
		if !strings.Contains(state, want) {
			t.Errorf("state.json is\n%s\nand lacks\n%s", state, want)
		}
	}
	_, state = send(t, "GET", without.URL+"/state.json")
	for _, want := range []string{`"config":null`, `\u003cAllowOrigins\u003e[0]`, wantTotals} {
		if !strings.Contains(state, want) {
			t.Errorf("state.json is\n%s\nand lacks\n%s", state, want)
		}
	}
	_, state = send(t, "GET", bare.URL+"/state.json")
	if !strings.Contains(state, wantBare) {
		t.Errorf("without an engine, state.json is\n%s\nand lacks\n%s", state, wantBare)
	}
	for _, server := range []*httptest.Server{with, without} {
		var list []struct {
			Origin, Reason, Path string
			Route                int
			Count                int
		}
		read(t, server.URL+"/refusals.json", &list)
		if len(list) != 1 || list[0].Origin != "https://evil.example" || list[0].Reason != "no policy allows the origin" ||
			list[0].Count != 1 || list[0].Path != "/a/x" || list[0].Route != 0 {
			t.Errorf("refusals.json is %+v", list)
		}
	}
}

// A policy that several routes share is shown once. Other policies with its name are
// shown too.
func TestInspectorPoliciesOfRoutes(t *testing.T) {
	other := policy()
	other.AllowMethods = nil
	e, err := core.NewRouted(
		core.Route{Path: "/a", Policies: []core.Policy{policy()}},
		core.Route{Path: "/b", Policies: []core.Policy{policy(), other}},
	)
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Policies []struct{ AllowMethods []string }
	}
	read(t, inspect(t, e, observe.HandlerOptions{}).URL+"/state.json", &state)
	if got := fmt.Sprint(state.Policies); got != "[{[PUT]} {[]}]" {
		t.Errorf("got %s", got)
	}
}

// The page stays small, no matter how long the lists of a policy and of routes are.
func TestInspectorShowsTheBeginning(t *testing.T) {
	p := policy()
	p.AllowOrigins = nil
	for i := range 120 {
		p.AllowOrigins = append(p.AllowOrigins, fmt.Sprintf("https://x%d.example", i))
	}
	routes := make([]core.Route, 120)
	for i := range routes {
		p.Name = fmt.Sprint("p", i)
		routes[i] = core.Route{Path: fmt.Sprintf("/p%d/", i), Policies: []core.Policy{p}}
	}
	e, err := core.NewRouted(routes...)
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Policies []struct {
			AllowOrigins []string
			Origins      int
		}
		Routes []any
	}
	read(t, inspect(t, e, observe.HandlerOptions{}).URL+"/state.json", &state)
	if len(state.Policies) != 100 || len(state.Routes) != 100 || len(state.Policies[0].AllowOrigins) != 50 ||
		state.Policies[0].Origins != 120 {
		t.Errorf("%d policies, %d routes, %d of %d origins", len(state.Policies), len(state.Routes),
			len(state.Policies[0].AllowOrigins), state.Policies[0].Origins)
	}
}
