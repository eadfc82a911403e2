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
