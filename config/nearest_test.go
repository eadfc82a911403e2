package config

import (
	"strings"
	"testing"

	"github.com/corskit/corskit/config/internal/wording"
)

func TestNearest(t *testing.T) {
	keys := (&Field{Fields: policyFields}).keys()
	for s, want := range map[string]string{
		"allow_origin": "allow_origins", "allowed_origins": "allow_origins", "origins": "allow_origins", "origin": "allow_origins",
		"AllowOrigins": "allow_origins", "Access-Control-Allow-Headers": "allow_headers", "headers": "allow_headers",
		"methods": "allow_methods", "exposed_headers": "expose_headers", "exposeHeaders": "expose_headers", "expose": "expose_headers",
		"credentials": "allow_credentials", "withCredentials": "allow_credentials", "supports_credentials": "allow_credentials",
		"maxage": "max_age", "max-age": "max_age", "maxAge": "max_age", "private_network": "allow_private_network",
		"allow_null_origin": "dangerously_allow_null_origin", "originsfile": "origins_file", "reject": "reject_disallowed",
		"xyzzy": "", "": "", "a": "", "foo": "", strings.Repeat("allow_origins", 100): "",
	} {
		if got := wording.Nearest(s, keys); got != want {
			t.Errorf("Nearest(%q) is %q, want %q", s, got, want)
		}
	}
}
