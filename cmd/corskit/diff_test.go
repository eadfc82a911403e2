package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	dir := t.TempDir()
	old := write(t, dir, "old.yaml", `policies:
  app:
    allow_origins: ["https://a.example", "https://*.b.example", "https://same.example",
      "regexp:https://[a-z]+\\.r\\.example", "http://localhost:3000-3999"]
    allow_methods: [PUT]
    max_age: 10m
`)
	changed := write(t, dir, "new.yaml", `policies:
  app:
    allow_origins: ["https://a.example", "https://x.b.example", "https://same.example", "http://localhost:3000-3999", "https://new.example"]
    allow_methods: [PUT, PATCH]
    allow_headers: [X-Token]
`)
	// The same policies, written differently.
	same := write(t, dir, "same.json", `{"policies": {
  "q": {"allow_origins": ["https://same.example", "https://a.example", "http://localhost:3000-3999"],
    "allow_methods": ["PUT"], "max_age": "600s"},
  "app": {"allow_origins": ["https://*.b.example", "regexp:https://[a-z]+\\.r\\.example"],
  "allow_methods": ["PUT"], "max_age": "10m"}}}`)

	if r := corskit(t, dir, "diff", old, old); r.code != exitYes || r.stdout != "no difference\n" {
		t.Errorf("a file and itself: %+v", r)
	}
	if r := corskit(t, dir, "diff", old, same); r.code != exitYes {
		t.Errorf("the same policies, written differently: %+v", r)
	}
	golden(t, "diff", corskit(t, dir, "diff", filepath.Base(old), filepath.Base(changed)))
	golden(t, "diff-json", corskit(t, dir, "diff", "--format", "json", filepath.Base(old), filepath.Base(changed)))

	open := write(t, dir, "open.yaml",
		"policies: {app: {allow_origins: [\"*\"]}}\nroutes: [{path: /public/, policies: [app]}]\n")
	r := corskit(t, dir, "diff", old, open)
	if r.code != exitNo {
		t.Errorf("a route for everyone: %+v", r)
	}
	contains(t, "the difference", r.stdout,
		"may now read responses at /public/\n", "any other origin", "may no longer read responses elsewhere\n")
	strict := write(t, dir, "strict.yaml", "policies: {app: {reject_disallowed: true}}\n")
	loose := write(t, dir, "loose.yaml", "policies: {app: {}}\n")
	if r := corskit(t, dir, "diff", loose, strict); r.code != exitNo || !strings.Contains(r.stdout, "rejection with status 403") {
		t.Errorf("reject_disallowed: %+v", r)
	}
	if r := corskit(t, dir, "diff", old, "nowhere.yaml"); r.code != exitFail {
		t.Errorf("a missing file: %+v", r)
	}
}

// A few origins of each pattern suffice to show how two patterns differ.
func TestDiffPatterns(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		before, after string // allow_origins
		want          []string
	}{
		{"http://localhost", "http://localhost:*", []string{"+", "    http://localhost:1-79\n    http://localhost:81-65535\n"}},
		{"http://localhost:3000-3999", "http://localhost:3000-4999",
			[]string{"+", "    http://localhost:4000-4999\n"}},
		{"http://localhost:3000-4999", "http://localhost:3001-4999",
			[]string{"-", "    http://localhost:3000\n"}},
		{"http://127.0.0.1:*", "@loopback", []string{"+", "@loopback, such as http://[::1]"}},
		{"https://a-*.b.example", "https://*.b.example", []string{"+", "https://*.b.example"}},
		{"regexp:https://[a-z0-9_-]+\\.b\\.example", "https://*.b.example",
			[]string{"+", "such as https://a.a.b.example"}},
		{"regexp:https://[a-m]+\\.b\\.example", "regexp:https://[a-z]+\\.b\\.example",
			[]string{"+", "such as https://n.b.example"}},
		{"regexp:https://(app|www)\\.b\\.example", "regexp:https://(app|web)\\.b\\.example",
			[]string{"+", "such as https://web.b.example", "-", "such as https://www.b.example"}},
		{"https://a.example", "regexp:(?i)https://[^a-z]\\.example",
			[]string{"+", "-", "regexp:(?i)https://[^a-z]", "https://a.example"}},
		{"regexp:https://a{1,3}\\.b\\.example", "regexp:https://a{1,5}\\.b\\.example",
			[]string{"+", "such as https://aaaa.b.example"}},
		{"regexp:https://(a|b)\\.example", "regexp:https://(b|a)\\.example",
			[]string{"no difference"}},
		{"regexp:https://[a-z]+", "regexp:https://[a-z]{1,2}",
			[]string{"-", "https://aaa"}},
		{"regexp:https://(x\\.)*b\\.example", "regexp:https://(x\\.)?b\\.example", []string{"-", "https://x.x.b.example"}},
		{"regexp:https://[a-z]{2}\\.[a-z]{3}\\.example", "regexp:https://[a-z]{2}\\.[a-z]+\\.example",
			[]string{"+", "https://aa.a.example"}},
		{"https://*.b.example", "*", []string{"+", "any other origin"}},
	} {
		diffOrigins(t, "'"+tt.before+"'", "'"+tt.after+"'", tt.want)
	}
}

// diffOrigins runs diff with two lists of origins, and checks that it prints what is
// wanted: first "no difference", or the mark of a change.
func diffOrigins(t *testing.T, before, after string, want []string) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "old.yaml", "policies: {app: {allow_origins: ["+before+"]}}\n")
	write(t, dir, "new.yaml", "policies: {app: {allow_origins: ["+after+"]}}\n")
	r := corskit(t, dir, "diff", "old.yaml", "new.yaml")
	code := exitNo
	if want[0] == "no difference" {
		code = exitYes
	}
	if r.code != code {
		t.Errorf("from %s to %s: %+v", before, after, r)
	}
	contains(t, "from "+before+" to "+after, r.stdout, want...)
}

// Differences that samples would miss.
func TestDiffIsExact(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		before, after string // allow_origins
		want          []string
	}{
		{`'regexp:https://[a-z0-9]{8}\.b\.example'`, `'regexp:https://([a-z0-9]{7}[a-y0-9]|qwerty[a-z]z)\.b\.example'`,
			[]string{"-", "such as https://aaaaaaaz.b.example"}},
		{`'regexp:https://.*\.b\.example'`, `'https://*.b.example'`, []string{"no difference"}},
		{`'regexp:https://.*\.b\.example'`, `'regexp:https://.*[^q]\.b\.example'`, []string{"-", "such as https://q.b.example"}},
		{`'https://pr-*.b.example', 'https://*.b.example'`, `'https://*.b.example'`, []string{"no difference"}},
		{`'http://localhost:*'`, `'http://localhost:2-65535', 'http://localhost'`,
			[]string{"-", "    http://localhost:1\n"}},
		{`'https://*.b.example'`, `'https://a.b.example', 'https://b.b.example'`,
			[]string{"-", "https://*.b.example, such as https://c.b.example"}},
		{`'regexp:https://[ab]\.example'`, `'https://a.example', 'https://b.example'`, []string{"no difference"}},
		{`'regexp:.*'`, `'*'`, []string{"+", "any other origin"}},
	} {
		diffOrigins(t, tt.before, tt.after, tt.want)
	}
}

// A note names what is too complex to compare, in the JSON output too.
func TestDiffNote(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "old.yaml", "policies: {app: {allow_origins: ['regexp:https://[ab]{20}a[ab]*\\.example']}}\n")
	write(t, dir, "new.yaml", "policies: {app: {allow_origins: ['regexp:https://[ab]{20}b[ab]*\\.example']}}\n")
	for after, notes := range map[string]int{"old.yaml": 0, "new.yaml": 2} {
		r := corskit(t, dir, "diff", "old.yaml", after, "--format", "json")
		var got compared
		err := json.Unmarshal([]byte(r.stdout), &got)
		if err != nil || got.Changes == nil || len(got.Notes) != notes {
			t.Errorf("old.yaml and %s: %v, %+v", after, err, r)
		}
	}
}

// diff omits samples that whole entries or port ranges of the same change cover.
func TestDiffWithoutSamples(t *testing.T) {
	t.Parallel()
	const change = "], max_age: 10m, expose_headers: [x-a"
	for _, tt := range []struct {
		before, after string // allow_origins
		want          string // the lines about origins
	}{
		{"'http://localhost:3000-3999'", "'http://localhost:3000-4999'",
			"~ http://localhost:3000-3999 + http://localhost:4000-4999"},
		{"'http://localhost:3000-3010', 'http://localhost:4000'", "'http://localhost:3005-3020', 'http://localhost:4000-4001'",
			"- http://localhost:3000-3004 ~ http://localhost:3005-3010 http://localhost:4000 " +
				"+ http://localhost:3011-3020 http://localhost:4001"},
		{"'https://pr-*.b.example'", "'https://*.b.example'",
			"~ https://pr-*.b.example + https://*.b.example, such as https://a.b.example"},
		{"'http://x.b.example:1-9'", "'http://*.b.example:5-6'",
			"- http://x.b.example:1-4 http://x.b.example:7-9 ~ http://x.b.example:5-6 " +
				"+ http://*.b.example:5-6, such as http://127.b.example:5"},
		{"'http://localhost:1-99'", "'http://localhost:1-9', 'regexp:http://localhost:(4[0-9])'",
			"- http://localhost:1-99, such as http://localhost ~ http://localhost:1-9 regexp:http://localhost:(4[0-9])"},
	} {
		dir := t.TempDir()
		write(t, dir, "old.yaml", "policies: {app: {allow_origins: ["+tt.before+"]}}\n")
		write(t, dir, "new.yaml", "policies: {app: {allow_origins: ["+tt.after+change+"]}}\n")
		var got []string
		for line := range strings.Lines(corskit(t, dir, "diff", "old.yaml", "new.yaml").stdout) {
			if origin, ok := strings.CutPrefix(line, "    "); ok {
				got = append(got, strings.TrimSpace(origin))
			} else if !strings.HasPrefix(line, " ") {
				got = append(got, line[:1])
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("from %s to %s: %q, want %q", tt.before, tt.after, strings.Join(got, " "), tt.want)
		}
	}
}

// Lists are compared by what they allow.
func TestDiffLists(t *testing.T) {
	t.Parallel()
	const credentials = "allow_credentials: true, "
	for i, tt := range []struct {
		before, after string // the policy apart from its origins
		want          string // the lines about rights
	}{
		{"allow_methods: [put]", "allow_methods: [PUT]", ""},
		{"allow_methods: [PUT, PATCH]", "allow_methods: [PATCH, PUT, GET]", ""},
		{"allow_methods: [PUT]", "allow_methods: ['*']", "+ method *"},
		{"allow_methods: ['*']", "allow_methods: [PUT]", "- method *"},
		{"allow_methods: ['*', PUT]", "allow_methods: ['*']", ""},
		{"allow_methods: []", "allow_methods: [GET, HEAD, POST]", ""},
		{credentials + "allow_methods: [PUT]", credentials + "allow_methods: ['*']", "+ method *"},

		{"allow_headers: [X-A]", "allow_headers: [x-a]", ""},
		{"allow_headers: ['*', x-a]", "allow_headers: ['*']", ""},
		{"allow_headers: [x-a]", "allow_headers: ['*']", "+ request header *"},
		{"allow_headers: ['*']", "allow_headers: [x-a]", "- request header *"},
		{"allow_headers: [authorization]", "allow_headers: ['*']", "+ request header *\n- request header authorization"},
		{"allow_headers: ['*', Authorization]", "allow_headers: ['*']", "- request header authorization"},
		{credentials + "allow_headers: ['*', authorization]", credentials + "allow_headers: ['*']", ""},
		{credentials + "allow_headers: [authorization]", credentials + "allow_headers: ['*']", "+ request header *"},

		{"expose_headers: [X-A]", "expose_headers: [x-a]", ""},
		{"expose_headers: [x-a, cache-control, Content-Type]", "expose_headers: [x-a]", ""},
		{"expose_headers: [x-a]", "expose_headers: ['*']", "+ response header *"},
		{"expose_headers: ['*', authorization]", "expose_headers: ['*']", ""},

		{"allow_headers: ['@grpc-web']", "allow_headers: [content-type, grpc-timeout, x-grpc-web, x-user-agent]", ""},
		{"allow_headers: ['@grpc-web']", "allow_headers: ['@grpc-web', x-a]", "+ request header x-a"},
		{"expose_headers: []", "expose_headers: ['@mcp']", "+ response header mcp-session-id"},
		{"allow_methods: []", "allow_methods: ['@mcp']", "+ method DELETE"},

		{"max_age: 60s", "max_age: 1m", ""},
		{"max_age: 60s", "max_age: disabled", "~ max_age: 60s -> disabled"},
		{"max_age: 86400s", "max_age: 600s", "~ max_age: 86400s -> 600s"},
		{"max_age: 24h", "max_age: '10m'", "~ max_age: 24h -> 10m"},
		{"max_age: 1m", "allow_methods: []", "~ max_age: 1m -> none"},
		{"allow_private_network: false", "allow_private_network: true", "+ private network access"},
		{"allow_credentials: false", "allow_credentials: true", "+ credentials"},
	} {
		if !sampled(i, 4) {
			continue
		}
		dir := t.TempDir()
		write(t, dir, "old.yaml", "policies: {app: {allow_origins: ['https://a.example'], "+tt.before+"}}\n")
		write(t, dir, "new.yaml", "policies: {app: {allow_origins: ['https://a.example'], "+tt.after+"}}\n")
		want, code := "no difference\n", exitYes
		if tt.want != "" {
			want, code = "~ permissions change\n    https://a.example\n  "+strings.ReplaceAll(tt.want, "\n", "\n  ")+"\n", exitNo
		}
		if r := corskit(t, dir, "diff", "old.yaml", "new.yaml"); r.code != code || r.stdout != want {
			t.Errorf("from %s to %s: %+v, want %s", tt.before, tt.after, r, want)
		}
	}
}

// A request may match a route by host and another by path. The order of the routes
// decides which of them governs it.
func TestDiffRoutes(t *testing.T) {
	const policies = "policies: {p: {allow_origins: [\"https://a.example\"]}, q: {allow_origins: [\"https://b.example\"]}}\n"
	const host, path = "{host: h.example, policies: [p]}", "{path: /b/, policies: [q]}"
	dir := t.TempDir()
	write(t, dir, "old.yaml", policies+"routes: ["+host+", "+path+"]\n")
	write(t, dir, "new.yaml", policies+"routes: ["+path+", "+host+"]\n")
	r := corskit(t, dir, "diff", "old.yaml", "new.yaml")
	want := `- may no longer read responses at h.example/b/
    https://a.example
+ may now read responses at h.example/b/
    https://b.example
  + method GET, HEAD, POST
`
	if r.code != exitNo || r.stdout != want {
		t.Errorf("got %+v, want %s", r, want)
	}
}
