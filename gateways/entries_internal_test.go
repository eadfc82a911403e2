package gateways

import (
	"regexp"
	"testing"

	"github.com/corskit/corskit/core"
)

// TestExpressions compares each kind of entry with its expression, on one origin of each class that
// either of them distinguishes.
func TestExpressions(t *testing.T) {
	for _, entry := range []string{
		"https://app.example.com", "http://[::1]:3000", "capacitor://localhost", "https://*.example.com", "https://*.example.com:8443",
		"https://pr-*.example.com", "https://*-team.example.net", "https://a*b*c.example.org", "http://localhost:*",
		"https://*.example.com:*",
		"http://localhost:3000-3999", "http://localhost:1-65535", "http://localhost:79-81", "https://example.com:442-444",
		"http://localhost:8-12345",
		"https://example.com:9999-10001", "@loopback", `regexp:https://[a-z]+\.example\.com`,
	} {
		e := entriesOf(core.Policy{AllowOrigins: []string{entry}})[0]
		pattern := expressionPattern(e.Expression, true)
		for _, pair := range [][2]string{{entry, pattern}, {pattern, entry}} {
			examples, err := core.Examples(pair[0], pair[1])
			if err != nil {
				t.Fatal(entry, err)
			}
			other, err := core.New(core.Policy{AllowOrigins: []string{pair[1]}})
			if err != nil {
				t.Fatal(entry, err)
			}
			for _, o := range examples {
				if !other.AllowsOrigin(o) {
					t.Errorf("%s and %s: only the first matches %s", pair[0], pair[1], o)
				}
			}
		}
		if back := patternOf(e.Expression); e.Kind != expressionEntry && back != entry &&
			!regexp.MustCompile(`[0-9]-[0-9]`).MatchString(entry) {
			t.Errorf("%s becomes %q", entry, back)
		}
	}
}
