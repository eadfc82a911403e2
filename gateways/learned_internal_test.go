package gateways

import (
	"slices"
	"testing"
)

func TestEntriesForExpressions(t *testing.T) {
	for e, want := range map[string][]string{
		`^https://app\.example\.com$`:                               {"https://app.example.com"},
		`^https?://app\.example\.com$`:                              {"http://app.example.com", "https://app.example.com"},
		`^(?:https://(?:[0-9_a-z-]+[.])+partner[.]example)$`:        {"https://*.partner.example"},
		`^https://.*\.example\.com$`:                                {"https://*.example.com"},
		`^https://pr-[0-9_a-z-]+[.]example[.]com(:[0-9]+)?$`:        {"https://pr-*.example.com:*"},
		`^(https://a\.test|https://b\.test|http://localhost:3000)$`: {"https://a.test", "https://b.test", "http://localhost:3000"},
		`^https://[^.]+\.example\.com$`:                             {`regexp:https://[^.]+\.example\.com`},
		`https://app\.example\.com`:                                 {`regexp:.*(?:https://app\.example\.com).*`},
		`^https://app\.example\.com`:                                {`regexp:https://app\.example\.com.*`},
		`^(?:null|https://a\.test)$`:                                {"null", "https://a.test"},
	} {
		if got := entriesMatching(e); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", e, got, want)
		}
	}
}
