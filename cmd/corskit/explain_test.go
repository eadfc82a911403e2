package main

import (
	"encoding/json"
	"testing"
)

func TestExplainGolden(t *testing.T) {
	const app = "https://app.example.com"
	api := []string{"../check/good.yaml", "--host", "api.example.com"}
	for name, args := range map[string][]string{
		"preflight":      {"-o", app, "-X", "put", "-H", "Content-Type: application/json", "-H", "Authorization", "--credentials"},
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
			golden(t, "explain/"+name, corskit(t, "testdata/explain", append(append([]string{"explain"}, api...), args...)...))
		})
	}
}

// The output for programs says the same as the exit status.
func TestExplainJSON(t *testing.T) {
	for origin, want := range map[string]bool{"https://app.example.com": true, "https://evil.example": false} {
		r := corskit(t, "testdata/check", "explain", "good.yaml", "--host", "api.example.com", "-o", origin, "--format", "json")
		var got explained
		if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || got.Verdict.Allowed != want || (r.code == exitYes) != want || (got.Fix == "") != want {
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

// Shipping browsers let * cover Authorization, and the standard does not.
func TestExplainBrowsers(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "cors.yaml", "policies: {app: {allow_origins: [\"https://a.example\"], allow_headers: [\"*\"]}}\n")
	for browser, want := range map[string]int{"spec": exitNo, "chromium": exitYes, "firefox": exitYes, "webkit": exitYes} {
		if r := corskit(t, dir, "explain", "cors.yaml", "-o", "https://a.example", "-H", "Authorization", "--browser", browser); r.code != want {
			t.Errorf("%s: %+v", browser, r)
		}
	}
}
