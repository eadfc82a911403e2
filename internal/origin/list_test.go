package origin

import (
	"strings"
	"testing"
)

// TestLists checks the entries that are suggested for several values in one entry.
func TestLists(t *testing.T) {
	const two = ` "https://a.example", "https://b.example"`
	long := strings.Repeat("b", 20)
	for entry, want := range map[string]string{
		"https://a.example,https://b.example":           two,
		"https://a.example, https://b.example":          two,
		"https://a.example https://b.example":           two,
		"https://a.example\thttps://b.example":          two,
		"https://a.example\nhttps://b.example\n":        two,
		"https://a.example;https://b.example":           two,
		"https://a.example|https://b.example":           two,
		"https://a.example/,b.example":                  two,
		`"https://a.example,https://b.example"`:         two,
		`'https://a.example https://b.example'`:         two,
		`"https://a.example","https://b.example"`:       two,
		"[https://a.example,https://b.example]":         two,
		"[https://a.example https://b.example]":         two,
		`["https://a.example", 'https://b.example']`:    two,
		`'["https://a.example", "https://b.example"]'`:  two,
		"{https://a.example,https://b.example}":         two,
		"- https://a.example\n- https://b.example\n":    two,
		"- 'https://a.example'\n- https://b.example":    two,
		"http://localhost:3000,3001":                    ` "http://localhost:3000", "http://localhost:3001"`,
		"http://localhost:[3000,3001]":                  ` "http://localhost:3000", "http://localhost:3001"`,
		"http://localhost:[3000, 4000-4001]":            ` "http://localhost:3000", "http://localhost:4000-4001"`,
		"@loopback,https://a.example":                   ` "@loopback", "https://a.example"`,
		"[http://[::1]:1,http://[::1]:2]":               ` "http://[::1]:1", "http://[::1]:2"`,
		"any origin":                                    "",
		"https://a.example,undefined":                   "",
		"https://a.example,b":                           "",
		"https://a.example:0,https://b.example":         "",
		"https://a.example,3000":                        "",
		",":                                             "",
		strings.Repeat("a://b,", 17):                    "",
		strings.Repeat("https://a-name.example,", 9):    "",
		"https://a.example,https://a.example@evil.test": "",
		// The largest list that is suggested has 16 elements, and its suggestion 200 bytes.
		strings.Repeat("a://b,", 15) + "a://b" + long:  strings.Repeat(` "a://b",`, 15) + ` "a://b` + long + `"`,
		strings.Repeat("a://b,", 15) + "a://bb" + long: "",
	} {
		f := ParsePattern(entry, func(Pattern) { t.Errorf("%q is accepted", entry) })
		if f == nil {
			continue
		}
		if want != "" {
			want = ":" + want
		}
		if want = "write one list entry for each origin" + want; f.Suggestion != want {
			t.Errorf("%q: %s: %s; want %s", entry, f.Detail, f.Suggestion, want)
		}
	}
}

func TestIsPlaceholder(t *testing.T) {
	for _, s := range []string{
		"https://your_app_domain", "https://your-domain.com", "https://yourdomain.com", "https://app.your-company.com:8443",
		"https://your-own.host", "https://your-app-name.netlify.app", "http://change-me", "https://changeme.example", "https://placeholder",
		"https://replace-me.example", "https://app.replaceme",
	} {
		if !IsPlaceholder(s) {
			t.Errorf("%s must count as a placeholder", s)
		}
	}
	for _, s := range []string{
		"https://app.example.com", "https://yourls.org", "https://your-health.example", "https://meyour.com", "https://home.example",
		"https://change.me", "https://yourapplied.com", "https://tourdomain.com", "https://yours.example", "your-domain.com",
		"https://app.your-server.de", "https://static.203.0.113.7.clients.your-server.de:8443",
	} {
		if IsPlaceholder(s) {
			t.Errorf("%s must not count as a placeholder", s)
		}
	}
}
