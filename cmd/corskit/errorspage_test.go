package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
)

// mistakes are servers that cause the messages in a section of docs/errors.md: their status
// and headers, in which ORIGIN stands for that of the request. code is the verdict of probe,
// if it is not the name of the section. The status 0 means no answer.
var mistakes = map[string]struct {
	status int
	header []string
	code   string
}{
	"allow-origin-missing":  {status: 200},
	"preflight-status":      {status: 405, header: []string{"Access-Control-Allow-Origin", "ORIGIN"}},
	"header-not-allowed":    {status: 204, header: []string{"Access-Control-Allow-Origin", "ORIGIN"}},
	"method-not-allowed":    {status: 204, header: []string{"Access-Control-Allow-Origin", "ORIGIN"}},
	"allow-origin-wildcard": {status: 200, header: []string{"Access-Control-Allow-Origin", "*"}},
	"allow-credentials":     {status: 200, header: []string{"Access-Control-Allow-Origin", "ORIGIN"}},
	"allow-origin-multiple": {status: 200, header: []string{"Access-Control-Allow-Origin", "ORIGIN", "Access-Control-Allow-Origin", "*"}},
	"allow-origin-mismatch": {status: 200, header: []string{"Access-Control-Allow-Origin", "ORIGIN/"}},
	"preflight-redirect": {status: 307, header: []string{"Access-Control-Allow-Origin", "ORIGIN", "Location", "/items/"},
		code: "preflight-status"},
	"network":              {},
	"authorization-listed": {status: 200, header: []string{"Access-Control-Allow-Origin", "*", "Access-Control-Allow-Headers", "*"}},
	"allow-methods-syntax": {status: 200, header: []string{"Access-Control-Allow-Origin", "*", "Access-Control-Allow-Methods", "GET PUT"}},
	"allow-headers-syntax": {status: 200, header: []string{"Access-Control-Allow-Origin", "*", "Access-Control-Allow-Headers", "a b"}},
	"redirect-credentials": {status: 302, header: []string{"Access-Control-Allow-Origin", "*", "Location", "http://user:secret@HOST/"}},
}

// TestErrorsPageCommands checks that the commands in docs/errors.md show what their sections
// are about.
func TestErrorsPageCommands(t *testing.T) {
	t.Parallel()
	if _, outside := os.Stat("../../go.work"); outside != nil {
		return // .ci/run also tests a copy of the module alone
	}
	text, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`(?m)^    corskit (probe https.*)$`)
	found := 0
	for _, section := range strings.Split(string(text), `## <a id="`)[1:] {
		name, _, _ := strings.Cut(section, `"`)
		m := command.FindStringSubmatch(section)
		if m == nil {
			continue
		}
		found++
		mistake, ok := mistakes[name]
		if !ok {
			t.Errorf("no server for %s", name)
			continue
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if mistake.status == 0 {
				panic(http.ErrAbortHandler)
			}
			fill := strings.NewReplacer("ORIGIN", r.Header.Get("Origin"), "HOST", r.Host)
			for i := 0; i < len(mistake.header); i += 2 {
				w.Header().Add(mistake.header[i], fill.Replace(mistake.header[i+1]))
			}
			w.WriteHeader(mistake.status)
		}))
		args := splitCommand(strings.ReplaceAll(m[1], "https://api.example.com", server.URL))
		r := corskit(t, "", append(args, "--format", "json")...)
		server.Close()
		if mistake.status == 0 {
			contains(t, name, r.stderr, "does not answer")
			continue
		}
		var got probed
		want := mistake.code
		if want == "" {
			want = name
		}
		if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || got.Verdict.Code != want || got.Verdict.Allowed {
			t.Errorf("%s: corskit %q: %v, %+v, want %s", name, args, err, r, want)
		}
	}
	if found < len(mistakes) {
		t.Errorf("found %d commands for %d servers", found, len(mistakes))
	}
}
