package config_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
)

// TestClaimOfAllHeaders checks what the schema says about * in allow_headers.
func TestClaimOfAllHeaders(t *testing.T) {
	const claim = "* allows every header; without credentials it does not cover authorization, which must be listed."
	for _, f := range below(t, "policies") {
		if f.Key == "allow_headers" && !strings.HasSuffix(f.Doc, claim) {
			t.Errorf("allow_headers: %q does not end in %q", f.Doc, claim)
		}
	}
	for _, credentials := range []bool{false, true} {
		c := read(t, yaml(fmt.Sprintf(
			`policies: {p: {allow_origins: ["https://a.example"], allow_headers: ["*"], allow_credentials: %t}}`, credentials)))
		d := c.Engine().Decide(context.Background(), core.Request{
			Method: "OPTIONS", Path: "/", Host: "api.example", Origin: []string{"https://a.example"},
			AccessControlRequestMethod: []string{"GET"}, AccessControlRequestHeaders: []string{"authorization"},
		})
		// In browsers, * covers every header except authorization (Fetch, "CORS-preflight fetch").
		want := "*"
		if credentials {
			want = "authorization"
		}
		if d.AllowHeaders != want {
			t.Errorf("with credentials %t: got allowed headers %q, want %q", credentials, d.AllowHeaders, want)
		}
	}
}

// TestClaimOfOwnPages checks what the schema says about reject_disallowed: which requests of
// the server's own pages are rejected, and that the remedies help.
func TestClaimOfOwnPages(t *testing.T) {
	const claim = "Requests of the server's own pages are not rejected if the browser sends Sec-Fetch-Site, or if Origin has " +
		"the host and port of Host. " +
		"Over plain http, browsers send no Sec-Fetch-Site, so a proxy that rewrites Host, or the Origin null, makes the " +
		"server reject its own pages: " +
		"list the server's own origin in allow_origins or let the proxy pass on Host, " +
		"and set Referrer-Policy: same-origin for pages with forms."
	for _, f := range below(t, "policies") {
		if f.Key == "reject_disallowed" && !strings.HasSuffix(f.Doc, claim) {
			t.Errorf("reject_disallowed: %q does not end in %q", f.Doc, claim)
		}
	}
	for _, c := range []struct {
		origin, host, site string
		origins            string // allow_origins
		rejected           bool
	}{
		{"http://own.example:8080", "own.example:8080", "", "", false},
		{"https://own.example", "backend:3000", "same-origin", "", false},
		{"http://own.example:8080", "backend:3000", "", "", true},
		{"http://own.example:8080", "backend:3000", "", `"http://own.example:8080"`, false},
		{"null", "own.example:8080", "same-origin", "", false},
		{"null", "own.example:8080", "", "", true},
		{"http://other.example", "own.example:8080", "", "", true},
	} {
		engine := read(t, yaml("policies: {p: {reject_disallowed: true, allow_origins: ["+c.origins+"]}}")).Engine()
		r := core.Request{Method: "POST", Path: "/", Host: c.host, Origin: []string{c.origin}}
		if c.site != "" {
			r.SecFetchSite = []string{c.site}
		}
		if got := engine.Decide(context.Background(), r).Status == 403; got != c.rejected {
			t.Errorf("%+v: rejected %t", c, got)
		}
	}
}
