package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestExplainGolden(t *testing.T) {
	const app = "https://app.example.com"
	api := []string{"../check/good.yaml", "--host", "api.example.com"}
	for name, args := range map[string][]string{
		"preflight": {
			"-o", app, "-X", "put", "-H", "Content-Type: application/json", "-H", "Authorization", "--credentials",
		},
		"simple":         {"-o", app},
		"wildcard":       {"-o", "https://x.y.pr.example.com", "-X", "DELETE"},
		"stranger":       {"-o", "https://evil.example", "-X", "PUT"},
		"other-scheme":   {"-o", "http://app.example.com"},
		"method":         {"-o", app, "-X", "PATCH"},
		"method-case":    {"-o", app, "-X", "Patch"},
		"header":         {"-o", app, "-H", "X-Token: 1"},
		"cookie":         {"-o", app, "-H", "Cookie: a=b"},
		"slash":          {"-o", app + "/"},
		"no-scheme":      {"-o", "app.example.com"},
		"null":           {"-o", "null"},
		"same-origin":    {"-o", "https://api.example.com", "-X", "PUT"},
		"forbidden":      {"-o", app, "-X", "TRACE"},
		"no-route":       {"-o", app, "--host", "other.example.com"},
		"public":         {"-o", "https://evil.example", "--path", "/public/x"},
		"public-cookies": {"-o", "https://evil.example", "--path", "/public/x", "--credentials"},
		"json":           {"-o", app, "-X", "PUT", "-H", "X-Token: 1", "--format", "json"},
	} {
		t.Run(name, func(t *testing.T) {
			all := slices.Concat([]string{"explain"}, api, args)
			golden(t, "explain/"+name, corskit(t, "testdata/explain", all...))
		})
	}
}

// The JSON output agrees with the exit status.
func TestExplainJSON(t *testing.T) {
	for origin, want := range map[string]bool{"https://app.example.com": true, "https://evil.example": false} {
		r := corskit(t, "testdata/check", "explain", "good.yaml", "--host", "api.example.com", "-o", origin, "--format", "json")
		var got explained
		err := json.Unmarshal([]byte(r.stdout), &got)
		if err != nil || got.Verdict.Allowed != want || (r.code == exitYes) != want || (got.Fix == "") != want {
			t.Errorf("%s: %v, %+v", origin, err, r)
		}
	}
}

func TestExplainBadFile(t *testing.T) {
	r := corskit(t, "testdata/check", "explain", "faults.yaml", "-o", "https://app.example.com")
	if r.code != exitFail || r.stdout != "" {
		t.Errorf("%+v", r)
	}
	contains(t, "the error", r.stderr, "faults.yaml:4:5: error: policies.spa.allow_origin", "faults.yaml has ")
}

// In shipping browsers, * covers Authorization. In the standard it does not.
func TestExplainBrowsers(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "cors.yaml", "policies: {app: {allow_origins: [\"https://a.example\"], allow_headers: [\"*\"]}}\n")
	for browser, want := range map[string]int{"spec": exitNo, "chromium": exitYes, "firefox": exitYes, "webkit": exitYes} {
		r := corskit(t, dir, "explain", "cors.yaml", "-o", "https://a.example", "-H", "Authorization", "--browser", browser)
		if r.code != want {
			t.Errorf("%s: %+v", browser, r)
		}
	}
}

// A browser does not send every URL as written.
func TestExplainURL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", `policies:
  app: {allow_origins: ["https://app.example"]}
  public: {allow_origins: ["*"]}
routes:
  - {host: xn--bcher-kva.example, policies: [app]}
  - {host: api.example.com, path: /public/, policies: [public]}
  - {host: api.example.com, path: /x, policies: [app]}
`)
	for _, tt := range []struct {
		host, path string
		want       string // the URL that the browser fetches
		code       int    // for a page that only the policy app refuses
	}{
		{"api.example.com", "/public/y", "https://api.example.com/public/y", exitYes},
		{"api.example.com", "/public/../x", "https://api.example.com/x", exitNo},
		{"api.example.com", "/public/%2e%2E/x", "https://api.example.com/x", exitNo},
		{"api.example.com", `/public\..\x`, "https://api.example.com/x", exitNo},
		{"api.example.com", "/x/../public/y", "https://api.example.com/public/y", exitYes},
		{"API.example.com:443", "/public/y#z", "https://api.example.com/public/y", exitYes},
		{"api.example.com:8443", "/public/y", "https://api.example.com:8443/public/y", exitYes},
		{"b\u00fccher.example", "/", "https://xn--bcher-kva.example/", exitNo},
	} {
		r := corskit(t, dir, "explain", "cors.yaml", "-o", "https://evil.example",
			"--host", tt.host, "--path", tt.path, "--format", "json")
		var got explained
		err := json.Unmarshal([]byte(r.stdout), &got)
		if err != nil || got.Fetch.URL != tt.want || got.Exchanges[0].Request.URL != tt.want ||
			r.code != tt.code || got.Verdict.Code == "no-route" {
			t.Errorf("%s%s: %v, %+v, want %s and exit status %d", tt.host, tt.path, err, r, tt.want, tt.code)
		}
		raw := "https://" + tt.host + tt.path
		told := len(got.Notes) == 1 && got.Notes[0] == "browsers send the URL "+raw+" as "+tt.want
		if told != (raw != tt.want) {
			t.Errorf("%s: notes %q", raw, got.Notes)
		}
		if tt.code == exitNo && !strings.Contains(r.stdout, `of policy \"app\" allows`) {
			t.Errorf("%s: a route of policy app does not govern: %s", raw, r.stdout)
		}
	}
}

// The advice never leads to a file that check refuses.
func TestExplainCredentialsFix(t *testing.T) {
	t.Parallel()
	const (
		leave  = "fetch without credentials"
		single = leave + ", or add a policy before this one that lists the origin and sets allow_credentials: true"
		set    = `set allow_credentials: true in policy "app", or ` + leave
		https  = leave + "; for credentials, serve the page over https://, or set dangerously_allow_insecure_origins if that is intended"
	)
	for _, tt := range []struct{ policy, origin, want string }{
		{`allow_origins: ["https://a.example"]`, "https://a.example", set},
		{`allow_origins: ["http://localhost:*"]`, "http://localhost:3000", set},
		{`allow_origins: ["null"], dangerously_allow_null_origin: true`, "null", leave},
		{`allow_origins: ["null", "https://a.example"], dangerously_allow_null_origin: true`, "https://a.example", single},
		{`allow_origins: ["http://a.example"]`, "http://a.example", https},
		{`allow_origins: ["http://a.example"], dangerously_allow_insecure_origins: true`, "http://a.example", set},
		{`allow_origins: ["https://*.github.io"]`, "https://a.github.io", single},
		{`allow_origins: ["https://a.example"], expose_headers: ["*"]`, "https://a.example", single},
		{`allow_origins: ["*"]`, "https://a.example", single},
		{`allow_origins: ["*"]`, "http://a.example", https},
	} {
		dir := t.TempDir()
		write(t, dir, "cors.yaml", "policies: {app: {"+tt.policy+"}}\n")
		r := corskit(t, dir, "explain", "cors.yaml", "-o", tt.origin, "--credentials", "--format", "json")
		var got explained
		if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || got.Fix != tt.want {
			t.Errorf("%s, %s: %v, fix %q, want %q", tt.policy, tt.origin, err, got.Fix, tt.want)
		}
		write(t, dir, "advised.yaml", "policies: {app: {"+tt.policy+", allow_credentials: true}}\n")
		r = corskit(t, dir, "check", "advised.yaml")
		if (r.code == exitYes) != strings.HasPrefix(got.Fix, "set allow_credentials: true") {
			t.Errorf("%s: the fix is %q, and with allow_credentials: %+v", tt.policy, got.Fix, r)
		}
	}
}

// TestExplainOverridden checks that a fix of a key that a variable replaces says so.
func TestExplainOverridden(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", "variables: {ORIGINS: policies.app.allow_origins}\n"+
		"policies: {app: {allow_origins: [\"https://b.example\"], allow_methods: [PUT]}}\n")
	const note = "policies.app.allow_origins has no effect, because the variable ORIGINS is set; change the variable, or unset it"
	for _, tt := range []struct {
		env  []string
		args []string
		want bool
	}{
		{[]string{"ORIGINS=https://a.example"}, []string{"-o", "https://b.example"}, true},
		{[]string{"ORIGINS=https://a.example"}, []string{"-o", "https://a.example", "--method", "PATCH"}, false},
		{[]string{"ORIGINS=https://a.example"}, []string{"-o", "https://a.example"}, false},
		{nil, []string{"-o", "https://c.example"}, false},
	} {
		r := corskitWith(t, dir, tt.env, append([]string{"explain", "cors.yaml"}, tt.args...)...)
		if strings.Contains(r.stdout, note) != tt.want {
			t.Errorf("%q, %q: want the note: %v\n%s%s", tt.env, tt.args, tt.want, r.stdout, r.stderr)
		}
	}
}

func TestExplainMeantOrigin(t *testing.T) {
	t.Parallel()
	for origin, want := range map[string]string{
		" https://ok.example": "https://ok.example", "HTTPS://ok.example:443/": "https://ok.example",
		"ok.example": "https://ok.example", "//ok.example": "https://ok.example",
		"https://b\u00fccher.example": "https://xn--bcher-kva.example",
		"file:///x":                   "null", "data:,x": "null", "Null": "null",
		"ok example": "", "https://": "", "https://ok.example:99999": "",
	} {
		note := "browsers never send the origin " + origin
		if want != "" {
			note += "; did you mean " + want + "?"
		}
		r := corskit(t, "testdata/check", "explain", "good.yaml", "--host", "api.example.com", "-o", origin, "--format", "json")
		var got explained
		if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || len(got.Notes) != 1 || got.Notes[0] != note {
			t.Errorf("%s: %v, notes %q, want %q", origin, err, got.Notes, note)
		}
	}
}

// Applications send origins that no browser does.
func TestExplainListedOrigin(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"file://", "app://.", "https://ok.example."} {
		r := corskit(t, "testdata/check", "explain", "good.yaml", "--host", "api.example.com", "-o", origin, "--format", "json")
		var got explained
		if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || len(got.Notes) > 0 {
			t.Errorf("%s: %v, notes %q", origin, err, got.Notes)
		}
	}
}

// A script gets a TypeError for a header that cannot be sent.
func TestExplainHeaderFaults(t *testing.T) {
	args := []string{"explain", "good.yaml", "--host", "api.example.com", "-o", "https://app.example.com", "-H"}
	for header, want := range map[string]string{
		"X-A: \u4e16\u754c": "the value of the header X-A contains characters beyond U+00FF",
		"X-A: b\r\nfoo":     "the value of the header X-A contains a line break",
		"X A: b":            "the header name X A is not a token",
	} {
		r := corskit(t, "testdata/check", append(args, header)...)
		if r.code != exitNo || strings.Contains(r.stdout, "1. the") {
			t.Errorf("%q: %+v", header, r)
		}
		contains(t, header, r.stdout, want, "TypeError", "(header-syntax)")
	}
	if r := corskit(t, "testdata/check", append(args, "Accept: \u00e9")...); r.code != exitYes {
		t.Errorf("a byte beyond ASCII: %+v", r)
	}
}

// A policy that allows every origin does not allow an origin that no page has.
func TestExplainNoSuchOrigin(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", "policies: {app: {allow_origins: [\"*\"], allow_methods: [PUT]}}\n")
	for origin, meant := range map[string]string{
		"app.x.io": "https://app.x.io", "https://app.x.io/": "https://app.x.io", "HTTPS://app.x.io": "https://app.x.io",
		"https://app.x.io:443": "https://app.x.io", "localhost:3000": "http://localhost:3000", "x y": "", "*": "", "https://*.x.io": "",
	} {
		r := corskit(t, dir, "explain", "cors.yaml", "-o", origin, "-X", "PUT")
		if r.code != exitNo || strings.Contains(r.stdout, "\nallowed: ") || !strings.Contains(r.stdout, "(no-such-origin)") ||
			strings.Contains(r.stdout, "fix: explain the origin "+meant+"\n") != (meant != "") {
			t.Errorf("%s: %+v", origin, r)
		}
		r = corskit(t, dir, "probe", "http://localhost/", "-o", origin)
		if r.code != exitFail || !strings.Contains(r.stderr, meant) || !strings.Contains(r.stderr, "corskit: --origin: ") {
			t.Errorf("probe, %s: %+v", origin, r)
		}
	}
	for _, origin := range []string{"https://app.x.io", "null", "http://localhost:3000", "file://", "capacitor://localhost"} {
		if r := corskit(t, dir, "explain", "cors.yaml", "-o", origin); r.code != exitYes {
			t.Errorf("%s: %+v", origin, r)
		}
	}
}

// A path without a final slash covers only itself, and explain says so.
func TestExplainTrailingSlash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(routes string) {
		write(t, dir, "cors.yaml", `policies: {app: {allow_origins: ["https://a.example"]}, none: {allow_origins: ["https://b.example"]}}
routes: `+routes+"\n")
	}
	const hint = `write "/api/" for the path of route 0: without the final slash, "/api" covers only itself`
	const note = "note: route 0 covers only the path /api: to cover what is below it too, write /api/\n"
	for _, tt := range []struct {
		routes, path string
		code         int
		want         string
	}{
		{"[{path: /api, policies: [app]}]", "/api", exitYes, "allowed: "},
		{"[{path: /api, policies: [app]}]", "/api/items", exitNo, "fix: " + hint},
		{"[{path: /api, policies: [app]}]", "/api/", exitNo, "fix: " + hint},
		{"[{path: /api, policies: [app]}]", "/apikeys", exitNo, "fix: add a route that covers it"},
		{"[{path: /api, host: api.example.com, policies: [app]}]", "/api/items", exitNo, "fix: add a route that covers it"},
		{"[{path: /api, policies: [app]}, {path: /, policies: [none]}]", "/api/items", exitNo, note},
		{"[{path: /api, policies: [none]}, {path: /api/, policies: [app]}]", "/api/items", exitYes, note},
		{"[{path: /api/, policies: [app]}]", "/api/items", exitYes, "allowed: "},
	} {
		file(tt.routes)
		r := corskit(t, dir, "explain", "-o", "https://a.example", "--path", tt.path, "--host", "other.example.com")
		if r.code != tt.code || !strings.Contains(r.stdout, tt.want) || strings.Contains(r.stdout, note) != (tt.want == note) {
			t.Errorf("%s, %s: %+v, want %q", tt.routes, tt.path, r, tt.want)
		}
	}
	// Following the fix covers the request.
	file("[{path: /api/, policies: [app]}]")
	if r := corskit(t, dir, "explain", "-o", "https://a.example", "--path", "/api/items", "--host", "x.example"); r.code != exitYes {
		t.Errorf("%+v", r)
	}
}

// TestExplainSaysHowToChooseARoute checks that the note on routes ends when a route is chosen.
func TestExplainSaysHowToChooseARoute(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const policies = "policies: {a: {allow_origins: [\"https://a.example\"]}}\nroutes: [{path: /api/, policies: [a]}"
	write(t, dir, "paths.yaml", policies+"]\n")
	write(t, dir, "hosts.yaml", policies+", {host: h.example, path: /, policies: [a]}]\n")
	for _, tt := range []struct {
		file  string
		flags []string
		want  bool
	}{
		{"paths.yaml", nil, true},
		{"paths.yaml", []string{"--path", "/api/x"}, false},
		{"hosts.yaml", []string{"--path", "/api/x"}, true},
		{"hosts.yaml", []string{"--host", "h.example"}, false},
	} {
		r := corskit(t, dir, append([]string{"explain", tt.file, "-o", "https://a.example"}, tt.flags...)...)
		if got := strings.Contains(r.stdout, "use --host and --path"); got != tt.want {
			t.Errorf("%s %q: %+v", tt.file, tt.flags, r)
		}
	}
}
