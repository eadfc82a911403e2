package wording

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	keys := []string{
		"allow_origins", "origins_file", "allow_methods", "allow_headers", "expose_headers", "allow_credentials", "max_age",
		"allow_private_network", "reject_disallowed", "dangerously_allow_null_origin", "dangerously_allow_insecure_origins",
		"dangerously_allow_public_suffixes",
	}
	for s, want := range map[string]string{
		"allow_origin": "allow_origins", "allowed_origins": "allow_origins", "origins": "allow_origins", "origin": "allow_origins",
		"AllowOrigins": "allow_origins", "Access-Control-Allow-Headers": "allow_headers", "headers": "allow_headers",
		"methods": "allow_methods", "exposed_headers": "expose_headers", "exposeHeaders": "expose_headers", "expose": "expose_headers",
		"credentials": "allow_credentials", "withCredentials": "allow_credentials", "supports_credentials": "allow_credentials",
		"maxage": "max_age", "max-age": "max_age", "maxAge": "max_age", "private_network": "allow_private_network",
		"allow_null_origin": "dangerously_allow_null_origin", "originsfile": "origins_file", "reject": "reject_disallowed",
		"xyzzy": "", "": "", "a": "", "foo": "", strings.Repeat("allow_origins", 100): "",
	} {
		if got := Nearest(s, keys); got != want {
			t.Errorf("Nearest(%q) is %q, want %q", s, got, want)
		}
	}
}
