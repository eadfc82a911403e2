package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// explain and probe can read the browser's messages that conform prints.
func TestConformWordsAreRead(t *testing.T) {
	t.Parallel()
	f := browsermodel.Fetch{Origin: app, URL: api + "/items", Method: "PUT", Header: browsermodel.Header("x-token", "1")}
	for code := range chromiumReasons {
		for _, preflight := range []bool{false, true} {
			text := words(f, browsermodel.Finding{Code: code}, preflight)
			m, ok := parseMessage(text)
			if !ok || m.Browser != "chromium" || m.Code != code || m.Origin != f.Origin || m.URL != f.URL {
				t.Errorf("%s is read as %+v:\n%s", code, m, text)
			}
			if code == browsermodel.CodeMethodNotAllowed && m.Method != "PUT" ||
				code == browsermodel.CodeHeaderNotAllowed && m.Header != "x-token" {
				t.Errorf("%s names neither method nor header: %s", code, text)
			}
			if preflight && !m.Preflight {
				t.Errorf("%s is not about a preflight: %s", code, text)
			}
		}
	}
	for code := range map[browsermodel.Code]bool{browsermodel.CodeAllowHeadersSyntax: true, browsermodel.CodeNetwork: true} {
		if got := words(f, browsermodel.Finding{Code: code, Text: "the reason"}, true); got != "the reason" {
			t.Errorf("%s: %q", code, got)
		}
	}
	if got := words(f, browsermodel.Finding{OK: true, Text: "allowed"}, true); got != "" {
		t.Errorf("an allowed request: %q", got)
	}
}

// A shell splits the curl command into the intended words.
func TestCurlIsQuoted(t *testing.T) {
	t.Parallel()
	r := browsermodel.Request{Method: "OPTIONS", URL: "http://localhost:8080/a?b=$(c)&d='e'", Header: browsermodel.Header(
		"Origin", "https://it's.example", "Access-Control-Request-Method", "PUT", "Accept", "*/*", "Host", "api.example.com",
	)}
	got := curl(r)
	out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '%s\\n' "+got).Output()
	want := strings.Join([]string{
		"curl", "-i", "-X", "OPTIONS", "-H", "Host: api.example.com", "-H", "Origin: https://it's.example", "-H",
		"Access-Control-Request-Method: PUT", r.URL, "",
	}, "\n")
	if err != nil || string(out) != want {
		t.Errorf("%s: %v, a shell reads:\n%s", got, err, out)
	}
	for method, begin := range map[string]string{"GET": "curl -sS -o /dev/null -D - ", "HEAD": "curl -I ", "PUT": "curl -i -X PUT "} {
		if got := curl(browsermodel.Request{Method: method, URL: "http://localhost/"}); got != begin+"http://localhost/" {
			t.Errorf("%s: %s", method, got)
		}
	}
}
