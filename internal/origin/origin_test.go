package origin

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/corskit/corskit/reason"
)

// build compiles entries of ascending owners.
func build(tb testing.TB, entries []string, owners []int) *Matcher {
	tb.Helper()
	b := NewBuilder(roomFor(entries))
	for i, e := range entries {
		if f := ParsePattern(e, func(p Pattern) { b.Add(owners[i], p, false) }); f != nil {
			tb.Fatalf("ParsePattern(%q): %+v", e, *f)
		}
	}
	return b.Matcher()
}

// roomFor returns room for entries of several owners.
func roomFor(entries []string) *Room {
	var r Room
	r.Add(entries)
	r.Add([]string{""})
	return &r
}

func owned(entries []string) []int { return make([]int, len(entries)) }

const everyone = 1 << 20

func TestMatch(t *testing.T) {
	long := strings.Repeat("a", 63)
	tests := []struct {
		pattern string
		yes, no []string
	}{
		{"https://a.example",
			[]string{"https://a.example"},
			[]string{"", "null", "https://a.example.", "https://a.example/", "https://a.example:443", "https://a.example:8443",
				"http://a.example", "HTTPS://a.example", "https://A.example", "https://a.exampl", "https://a.example.evil.test",
				"https://evil-a.example", "https://b.a.example", "https://a.example, https://a.example", " https://a.example",
				"https://axexample", "https://a.example\x00", "https://a.examplé"}},
		{"https://*.a.example",
			[]string{"https://x.a.example", "https://x.y.a.example", "https://-.a.example", "https://_x.a.example",
				"https://" + long + ".a.example"},
			[]string{"https://a.example", "https://.a.example", "https://x..a.example", "https://xa.example", "http://x.a.example",
				"https://x.a.example:8443", "https://evil.test/.a.example", "https://evil.test?.a.example", "https://evil.test#.a.example",
				"https://evil.test@.a.example", "https://evil.test:.a.example", "https://evil.test\\.a.example",
				"https://evil.test{.a.example",
				"https://X.a.example", "https://x.a.example.", "https://" + long + "a.a.example", "https://é.a.example"}},
		{"https://pr-*.a.example",
			[]string{"https://pr-1.a.example", "https://pr--.a.example", "https://pr-a_b.a.example"},
			[]string{"https://pr-.a.example", "https://pr-.x.a.example", "https://pr-1.x.a.example", "https://x.pr-1.a.example",
				"https://pr.a.example", "https://pr-1.a.example:1"}},
		{"https://*-team.vercel.app",
			[]string{"https://x-team.vercel.app", "https://-team-team.vercel.app"},
			[]string{"https://-team.vercel.app", "https://x.y-team.vercel.app", "https://team.vercel.app", "https://xteam.vercel.app"}},
		{"https://a-*-b-*.c.example",
			[]string{"https://a-1-b-2.c.example", "https://a--b--b-x.c.example"},
			[]string{"https://a--b-2.c.example", "https://a-1-b-.c.example", "https://a-1.b-2.c.example", "https://a-1b-2.c.example"}},
		{"https://*.pr-*.c.example",
			[]string{"https://x.pr-1.c.example", "https://x.y.pr-1.c.example"},
			[]string{"https://pr-1.c.example", "https://x.pr-.c.example", "https://x.pr-1.y.c.example"}},
		{"https://a.*.c.example",
			[]string{"https://a.b.c.example"},
			[]string{"https://a.c.example", "https://a.b.b.c.example", "https://xa.b.c.example", "https://a..c.example"}},
		{"http://localhost:*",
			[]string{"http://localhost", "http://localhost:1", "http://localhost:65535", "http://localhost:8080", "http://localhost:443"},
			[]string{"http://localhost:0", "http://localhost:65536", "http://localhost:080", "http://localhost:", "http://localhost:80",
				"http://localhost.evil.test", "http://localhost:1.evil.test", "http://localhost:1x", "https://localhost:1",
				"http://localhost:99999", "http://xlocalhost:1"}},
		{"http://localhost:3000-3999",
			[]string{"http://localhost:3000", "http://localhost:3999", "http://localhost:3500"},
			[]string{"http://localhost", "http://localhost:2999", "http://localhost:4000", "http://localhost:03000"}},
		{"http://localhost:79-81",
			[]string{"http://localhost", "http://localhost:79", "http://localhost:81"},
			[]string{"http://localhost:80", "http://localhost:82"}},
		{"https://*.a.example:8443",
			[]string{"https://x.a.example:8443"},
			[]string{"https://x.a.example", "https://x.a.example:443", "https://x.a.example:84430"}},
		{"regexp:https://[a-z]+\\.a\\.example",
			[]string{"https://x.a.example"},
			[]string{"https://x.a.example.evil.test", "https://x.a.example\n", "xhttps://x.a.example", "https://x1.a.example",
				"https://x.a.example:443"}},
		{"regexp:https://a|https://b",
			[]string{"https://a", "https://b"},
			[]string{"https://ab", "https://a.evil.test", "https://x-https://b"}},
		{"regexp:.*",
			[]string{"https://a", "http://x.y:81", "chrome-extension://AbC"},
			[]string{"null", "", "https://a, https://b", "https://a/", "https://a b", "https://A", "https://127.1", "https://a:443"}},
		{"@loopback",
			[]string{"http://localhost", "https://localhost:1", "http://127.0.0.1:8080", "http://[::1]", "https://[::1]:3000"},
			[]string{"http://localhost:80", "http://127.0.0.2", "http://[::2]", "http://[0::1]", "ws://localhost", "http://localhost.x"}},
		{"*",
			[]string{"https://a.example", "null", "capacitor://localhost", "http://[2001:db8::1]:81"},
			[]string{"", "NULL", "https://", "https://a.example/", "https://a example", "://a", "https:a", "1https://a", "https://[::g]",
				"https://[1::2::3]", "https://a..b", "https://a.b:"}},
		{"null", []string{"null"}, []string{"NULL", "Null", "\"null\"", "null ", ""}},
		{"http://[::1]:8080", []string{"http://[::1]:8080"}, []string{"http://[::1]", "http://[0::1]:8080", "http://[::1]:8081",
			"http://::1:8080"}},
		{"http://[2001:db8::1]:*", []string{"http://[2001:db8::1]", "http://[2001:db8::1]:8080"}, []string{"http://[2001:db8::2]",
			"http://[2001:0db8::1]"}},
		{"capacitor://localhost", []string{"capacitor://localhost"}, []string{"capacitor://localhost:80", "http://localhost",
			"capacitor://localhost/", "Capacitor://localhost"}},
		{"chrome-extension://abcdefgh", []string{"chrome-extension://abcdefgh"}, []string{"chrome-extension://abcdefg",
			"chrome-extension://abcdefghi", "chrome-extension://ABCDEFGH"}},
		{"app://.", []string{"app://."}, []string{"app://", "app://..", "app://a", "app://.:1", "xapp://.", "app://./", "https://."}},
		{"file://", []string{"file://"}, []string{"file:///", "file://.", "file:", "file://x", "null", "xfile://", "https://"}},
		{"qrc://", []string{"qrc://"}, []string{"qrc:///", "qrc:", "qrc://x"}},
		{"https://a.example.", []string{"https://a.example."}, []string{"https://a.example", "https://a.example..", "https://x.a.example.",
			"https://a.example.:8443", "http://a.example."}},
		{"https://a.example", []string{"https://a.example"}, []string{"https://a.example."}},
		{"https://a.example.:8443", []string{"https://a.example.:8443"}, []string{"https://a.example.", "https://a.example:8443"}},
		{"x-app://*.a.example", []string{"x-app://x.a.example", "x-app://X.y.a.example"},
			[]string{"x-app://a.example", "x-app://x.a.example.", "x-app://x.a.example:1", "https://x.a.example", "x-app://.a.example"}},
		{"x-app://pr-*.a", []string{"x-app://pr-1.a", "x-app://pr-X.a"}, []string{"x-app://pr-.a", "x-app://pr-1.b", "x-app://pr-1.x.a"}},
		{"x-app://a:*", []string{"x-app://a", "x-app://a:1", "x-app://a:80"}, []string{"x-app://a:0", "x-app://a.", "x-app://b:1"}},
		{"x-app://a:70-80", []string{"x-app://a:70", "x-app://a:80"}, []string{"x-app://a", "x-app://a:81"}},
		{"regexp:[a-z]+://.*", []string{"app://a", "https://a.example"}, []string{"app://.", "file://", "qrc://", "https://a.example."}},
		{"*", []string{"app://.", "file://", "qrc://", "https://a.example.", "app://.:1", "x://a.:1", "http://a.example.:81"},
			[]string{"app://..", "file://:1", "https://.", "https://", "https://127.0.0.1.", "https://a..",
				"https://[::1].", "app://[::1].",
				"https://a.example.:443", "://.", "x://a..", "https://.a", "app://.a"}},
	}
	for _, tt := range tests {
		m := build(t, []string{tt.pattern}, []int{0})
		for _, o := range tt.yes {
			if got, p := m.Find(o, everyone); got != 0 || p != tt.pattern {
				t.Errorf("pattern %q, origin %q: Find = %d, %q; want a match", tt.pattern, o, got, p)
			}
		}
		for _, o := range tt.no {
			if got := m.Match(o, everyone); got != NoOwner {
				t.Errorf("pattern %q matches %q", tt.pattern, o)
			}
		}
		for _, o := range append(tt.yes, tt.no...) {
			if ref := refOne(tt.pattern, o); ref != (m.Match(o, everyone) == 0) {
				t.Errorf("pattern %q, origin %q: the reference says %v", tt.pattern, o, ref)
			}
		}
	}
}

func TestSecureRegexp(t *testing.T) {
	b := NewBuilder(&Room{})
	ParsePattern("regexp:https?://.*", func(p Pattern) { b.Add(0, p, true) })
	m := b.Matcher()
	for o, want := range map[string]int{
		"https://a": 0, "http://a": NoOwner, "http://localhost:3000": 0, "http://x.localhost": 0, "http://127.0.0.1": 0,
		"http://127.evil.test": NoOwner, "http://[::1]:1": 0,
	} {
		if got := m.Match(o, everyone); got != want {
			t.Errorf("Match(%q) = %d, want %d", o, got, want)
		}
	}
}

// The lowest owner below limit wins, for every kind of pattern.
func TestOwners(t *testing.T) {
	entries := []string{"https://a.example", "https://*.b.example", "https://x.b.example", "https://a.example",
		"regexp:https://.*\\.example", "null", "*"}
	owners := []int{0, 1, 2, 2, 3, 4, 5}
	m := build(t, entries, owners)
	for o, want := range map[string]int{
		"https://a.example": 0, "https://x.b.example": 1, "https://y.b.example": 1, "https://c.example": 3, "null": 4,
		"https://c.test": 5, "bad": NoOwner,
	} {
		if got := m.Match(o, everyone); got != want {
			t.Errorf("Match(%q) = %d, want %d", o, got, want)
		}
		if got := m.Match(o, max(want, 0)); got != NoOwner {
			t.Errorf("Match(%q, %d) = %d, want NoOwner", o, want, got)
		}
	}
	if m.Any() != 5 {
		t.Errorf("Any() = %d, want 5", m.Any())
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		entry  string
		reason reason.Reason
		fix    string // the corrected spelling, or ""
	}{
		{"", reason.Empty, ""},
		{" https://a.example", reason.WhiteSpace, "https://a.example"},
		{"https://a.example\n", reason.WhiteSpace, "https://a.example"},
		{"https://a exa.mple", reason.WhiteSpace, ""},
		{"https://a.example https://b.example", reason.List, ""},
		{"https://a.example,https://b.example", reason.List, ""},
		{"a.example", reason.MissingScheme, "https://a.example"},
		{"*.a.example", reason.MissingScheme, "https://*.a.example"},
		{"localhost:3000", reason.MissingScheme, "http://localhost:3000"},
		{"127.0.0.1:3000", reason.MissingScheme, "http://127.0.0.1:3000"},
		{"https//a.example", reason.MissingScheme, "https://a.example"},
		{"http//localhost:3000", reason.MissingScheme, "http://localhost:3000"},
		{"http://::1:3000", reason.IPv6, "http://[::1]:3000"},
		{"https://a.example@evil.test", reason.Userinfo, ""},
		{"10.0.0.0/8", reason.Host, ""},
		{"http://192.168.1.0/24", reason.Host, ""},
		{"\"https://a.example\"", reason.Syntax, "https://a.example"},
		{"- https://a.example", reason.Syntax, "https://a.example"},
		{"\ufeffhttps://a.example", reason.NonASCII, "https://a.example"},
		{`["https://a.example"]`, reason.List, "https://a.example"},
		{`https://.*\.a\.example`, reason.Syntax, `regexp:https://.*\.a\.example`},
		{"regex:https://a", reason.Syntax, "regexp:https://a"},
		{"${ORIGIN}", reason.Syntax, ""},
		{"self", reason.Syntax, ""},
		{"about:blank", reason.MissingHost, ""},
		{"https://.a.example", reason.Host, "https://*.a.example"},
		{"https://.", reason.MissingHost, ""},
		{"https://..", reason.MissingHost, ""},
		{"https://a..", reason.TrailingDot, "https://a"},
		{"https://127.0.0.1.", reason.TrailingDot, "https://127.0.0.1"},
		{"https://127.0.0.1..", reason.TrailingDot, "https://127.0.0.1"},
		{"https://*.a.example.", reason.TrailingDot, "https://*.a.example"},
		{"http://localhost.:*", reason.TrailingDot, "http://localhost:*"},
		{"https://A.example.", reason.UpperCase, "https://a.example."},
		{"loopback", reason.Syntax, "@loopback"},
		{"//a.example", reason.MissingScheme, "https://a.example"},
		{"://a.example", reason.MissingScheme, "https://a.example"},
		{"https:a.example", reason.Syntax, "https://a.example"},
		{"https://", reason.MissingHost, ""},
		{"https:///x", reason.MissingHost, ""},
		{"https://:80", reason.MissingHost, ""},
		{"file:///x", reason.MissingHost, ""},
		{" file://", reason.WhiteSpace, "file://"},
		{"FILE://", reason.UpperCase, "file://"},
		{"APP://.", reason.UpperCase, "app://."},
		{"app://./", reason.TrailingSlash, "app://."},
		{"app://..", reason.MissingHost, ""},
		{"app://:80", reason.MissingHost, ""},
		{"capacitor://", reason.MissingHost, ""},
		{"https://xn--a.example", reason.Host, ""},
		{"https://*.xn--a", reason.Host, ""},
		{"https://xn--.example", reason.Host, ""},
		{"https://xn--a-.example", reason.Host, ""},
		{"https://xn--bcher-kva.xn--a.example.", reason.TrailingDot, ""},
		{"https://a.example/", reason.TrailingSlash, "https://a.example"},
		{"https://a.example/*", reason.Path, "https://a.example"},
		{"https://a.example/x?y#z", reason.Path, "https://a.example"},
		{"https://a.example?y", reason.Path, "https://a.example"},
		{"https://*.a.example/", reason.TrailingSlash, "https://*.a.example"},
		{"https://u@a.example", reason.Userinfo, "https://a.example"},
		{"https://u:p@a.example:81", reason.Userinfo, "https://a.example:81"},
		{"HTTPS://a.example", reason.UpperCase, "https://a.example"},
		{"https://A.Example", reason.UpperCase, "https://a.example"},
		{"chrome-extension://ABC", reason.UpperCase, ""},
		{"https://bücher.example", reason.NonASCII, "https://xn--bcher-kva.example"},
		{"https://*.bücher.example", reason.NonASCII, "https://*.xn--bcher-kva.example"},
		{"https://a..example", reason.Host, ""},
		{"https://a%20b.example", reason.Host, ""},
		{"https://" + strings.Repeat("a", 64) + ".example", reason.Host, ""},
		{"https://" + strings.Repeat("a.", 130) + "example", reason.TooLong, ""},
		{"https://" + strings.Repeat("a", 2000), reason.TooLong, ""},
		{"http://127.1", reason.IPv4, "http://127.0.0.1"},
		{"http://0x7f000001", reason.IPv4, "http://127.0.0.1"},
		{"http://0177.0.0.1", reason.IPv4, "http://127.0.0.1"},
		{"http://256.0.0.1", reason.IPv4, ""},
		{"http://1.2.3.4.5", reason.IPv4, ""},
		{"http://[0:0:0:0:0:0:0:1]", reason.IPv6, "http://[::1]"},
		{"http://[2001:DB8::1]", reason.UpperCase, "http://[2001:db8::1]"},
		{"http://[::ffff:127.0.0.1]", reason.IPv6, "http://[::ffff:7f00:1]"},
		{"http://::1", reason.IPv6, "http://[::1]"},
		{"http://[::1%25eth0]", reason.IPv6, ""},
		{"http://[::1", reason.IPv6, ""},
		{"https://a.example:443", reason.DefaultPort, "https://a.example"},
		{"http://a.example:80", reason.DefaultPort, "http://a.example"},
		{"https://*.a.example:443", reason.DefaultPort, "https://*.a.example"},
		{"https://a.example:", reason.Port, "https://a.example"},
		{"https://a.example:0", reason.Port, ""},
		{"https://a.example:0443", reason.Port, "https://a.example"},
		{"https://a.example:65536", reason.Port, ""},
		{"https://a.example:90-80", reason.Port, ""},
		{"https://a.example:80-", reason.Port, ""},
		{"https://a.example:x", reason.Port, ""},
		{"app://a:2-1", reason.Port, ""},
		{"https://*", reason.Wildcard, ""},
		{"*://a.example", reason.Wildcard, ""},
		{"http*://a.example", reason.Wildcard, ""},
		{"https://a.*", reason.Wildcard, ""},
		{"http://localhost*", reason.Wildcard, "http://localhost:*"},
		{"https://127.0.0.1*", reason.Wildcard, "https://127.0.0.1:*"},
		{"https://app.example.com*", reason.Wildcard, "https://app.example.com"},
		{"https://com*", reason.Wildcard, ""},
		{"https://app.nosuchtld*", reason.Wildcard, ""},
		{"http://localhost:[*]", reason.Port, "http://localhost:*"},
		{"https://*.d.example:[*]", reason.Port, "https://*.d.example:*"},
		{"http://localhost:[3000-3999]", reason.Port, "http://localhost:3000-3999"},
		{"http://localhost:{3000..3999}", reason.Port, "http://localhost:3000-3999"},
		{"http://localhost:[0-1]", reason.Port, ""},
		{"http://[::1]:[*]", reason.Port, "http://[::1]:*"},
		{"'A.example'", reason.Syntax, "https://a.example"},
		{"\u201chttps://a.example\u201d", reason.Syntax, "https://a.example"},
		{"[https://a.example]", reason.List, "https://a.example"},
		{"https://a.example,", reason.List, "https://a.example"},
		{"(https://a.example)", reason.Syntax, ""},
		{"[::1]", reason.MissingScheme, "http://[::1]"},
		{"- - - - https://a.example", reason.Syntax, "https://a.example"},
		{"- - [https://A.example]", reason.Syntax, "https://a.example"},
		{"- - http://LOCALHOST:[3000]", reason.Syntax, "http://localhost:3000"},
		{"https://a.example # ours", reason.WhiteSpace, "https://a.example"},
		{"https://a.example // ours", reason.WhiteSpace, "https://a.example"},
		{"origin: https://a.example", reason.WhiteSpace, "https://a.example"},
		{"^https://.*\\.a\\.example$", reason.Syntax, `regexp:https://.*\.a\.example`},
		{"/^https:\\/\\/a\\.example$/", reason.Syntax, `regexp:https://a\.example`},
		{"regex: https://a", reason.Syntax, "regexp:https://a"},
		{"true", reason.Syntax, ""},
		{"undefined", reason.Syntax, ""},
		{"<no value>", reason.Syntax, ""},
		{"https://<your-domain>", reason.Syntax, ""},
		{"https://YOUR_APP_DOMAIN", reason.Syntax, ""},
		{"%ORIGIN%", reason.Syntax, ""},
		{"https://a**.example", reason.Wildcard, ""},
		{"http://192.168.1.*", reason.Wildcard, ""},
		{"http://192.*.1.1", reason.Wildcard, ""},
		{"capacitor://*", reason.Wildcard, ""},
		{"chrome-extension://*", reason.Wildcard, ""},
		{"x-app://a-*", reason.Wildcard, ""},
		{"x-app://a.*", reason.Wildcard, ""},
		{"x-app://a**.b", reason.Wildcard, ""},
		{"https://*.*.*.*.*.*.*.*.*.example", reason.Wildcard, ""},
		{"regexp:", reason.Regexp, ""},
		{"regexp:(", reason.Regexp, ""},
		{"regexp:a)|(b", reason.Regexp, ""},
		{"regexp:(?=a)", reason.Regexp, ""},
		{"Regexp:https://a", reason.UpperCase, "regexp:https://a"},
		{"regexp:" + strings.Repeat("a", 5000), reason.TooLong, ""},
		{"NULL", reason.UpperCase, "null"},
		{"@Loopback", reason.UpperCase, "@loopback"},
		{"@localhost", reason.Syntax, "@loopback"},
		{"any", reason.Syntax, ""},
		{" *", reason.WhiteSpace, "*"},
		{"1https://a", reason.Syntax, ""},
	}
	for _, tt := range tests {
		f := ParsePattern(tt.entry, func(Pattern) { t.Errorf("%.80q: accepted", tt.entry) })
		if f == nil {
			continue
		}
		want := ""
		if tt.fix != "" {
			want = fmt.Sprintf("did you mean %q?", tt.fix)
		}
		if f.Reason != tt.reason || want != "" && f.Suggestion != want || want == "" && strings.Contains(f.Suggestion,
			"did you mean \"https") || f.Detail == "" {
			t.Errorf("%.80q: %+v; want %s, %s", tt.entry, *f, tt.reason, want)
		}
	}
}

func TestPublicSuffix(t *testing.T) {
	for entry, want := range map[string]string{
		"https://*.com": "com", "https://*.github.io": "github.io", "https://*.co.uk": "co.uk", "https://*.kawasaki.jp": "kawasaki.jp",
		"https://*.np": "np", "https://*.amazonaws.com": "amazonaws.com", "https://*.foo.ck": "foo.ck",
		"https://*-team.vercel.app": "vercel.app", "https://*example.com": "com", "https://pr-*.github.io": "github.io",
		// Parents of suffixes, and hosts that the list lacks.
		"https://*.on.aws": "on.aws", "https://*.us-east-1.on.aws": "us-east-1.on.aws", "https://*.scw.cloud": "scw.cloud",
		"https://*.app.github.dev": "app.github.dev", "https://*.github.dev": "github.dev", "https://*.devtunnels.ms": "devtunnels.ms",
		"https://*-3000.euw.devtunnels.ms": "euw.devtunnels.ms", "https://*.storage.googleapis.com": "storage.googleapis.com",
		"https://*.cloudapp.azure.com": "cloudapp.azure.com", "https://*.azure.com": "azure.com",
		"https://*.westeurope.cloudapp.azure.com": "westeurope.cloudapp.azure.com", "https://*.windows.net": "windows.net",
		"https://*.core.windows.net": "core.windows.net", "https://*.googleapis.com": "googleapis.com",
		"https://*.oraclecloud.com": "oraclecloud.com", "https://*.nip.io": "nip.io", "https://*.1.nip.io": "1.nip.io",
		"https://*.0.0.1.nip.io": "0.0.1.nip.io", "https://*-0-1.sslip.io": "sslip.io",
		"https://*.lambda-url.*.on.aws": "on.aws", "https://*.a.*.on.aws": "",
		"https://a.*.us-east-1.on.aws": "us-east-1.on.aws", "https://*-url.us-east-1.on.aws": "us-east-1.on.aws",
		"https://x.*-x.user.fm": "user.fm", "https://*-x.user.fm": "user.fm",
		// Names below them that have one owner, or none but the operator.
		"https://*.x.lambda-url.us-east-1.on.aws": "", "https://*.10.0.0.1.nip.io": "", "https://*.10-0-0-1.nip.io": "",
		"https://*.a.10.0.0.1.nip.io": "", "https://*-1.on.aws": "", "https://a.*.on.aws": "", "https://*.a.app.github.dev": "",
		"https://*.city.kawasaki.jp": "", "https://*-x.salesforce.com": "", "https://*.1.example.com": "",
		"x-app://*.com": "", "x-app://*.on.aws": "",
		"https://*.example.com": "", "https://*.a.github.io": "", "https://pr-*.example.com": "", "http://*.localhost": "",
		"https://*.internal":    "",
		"https://a.github.io:*": "",
	} {
		ParsePattern(entry, func(p Pattern) {
			if where, _, ok := p.Shared(); ok != (want != "") || !strings.Contains(" "+where, " "+want+",") && ok {
				t.Errorf("%s: Shared() = %q, %v; want %q", entry, where, ok, want)
			}
		})
	}
}

func TestDuplicates(t *testing.T) {
	b := NewBuilder(roomFor([]string{"https://a.example"}))
	add := func(owner int, e string) (added bool) {
		ParsePattern(e, func(p Pattern) { added = b.Add(owner, p, false) })
		return added
	}
	if !add(0, "https://a.example") || add(1, "https://a.example") || !add(1, "*") || add(2, "*") || !add(2, "null") || add(3, "null") {
		t.Error("Add must return true for new patterns and false for known ones")
	}
}

func TestAllocations(t *testing.T) {
	entries := append(exactOrigins(1000), "https://*.a.example", "https://pr-*.b.example", "https://*-x-*.c.example",
		"http://localhost:*", `regexp:https://[a-z]+\.d\.example`)
	m := build(t, entries, owned(entries))
	for _, o := range []string{entries[7], "https://x.a.example", "https://pr-1.b.example", "https://a-x-b.c.example",
		"http://localhost:1", "https://x.d.example",
		"https://nobody.example", "null", "", strings.Repeat("x", 1<<20), "http://[::1]:8080", "https://" + strings.Repeat("a.",
			120) + "a.example", "https://[::::1]"} {
		if n := testing.AllocsPerRun(100, func() { m.Match(o, everyone) }); n != 0 {
			t.Errorf("Match(%.40q): %v allocations", o, n)
		}
	}
}

func FuzzMatch(f *testing.F) {
	for _, s := range []string{"https://a.example", "https://*.a.example", "https://pr-*.a.example", "https://*-a-*.b.example",
		"http://localhost:*", "http://localhost:1-90", "http://[::1]:8080", "regexp:https://[a-z]+", "null", "*", "@loopback"} {
		f.Add(s, "https://b.example", s)
		f.Add(s, "https://*.a.example", "https://evil.test/.a.example")
	}
	f.Fuzz(func(t *testing.T, p1, p2, o string) {
		var entries []string
		for _, p := range []string{p1, p2} {
			if len(p) < 200 && parseStrict(p, func(Pattern) {}) == nil {
				entries = append(entries, p)
			}
		}
		if got, want := build(t, entries, owned(entries)).Match(o, everyone), refMatch(entries, owned(entries), o); got != want {
			t.Errorf("patterns %q, origin %q: Match = %d, the reference says %d", entries, o, got, want)
		}
		clear(refCache)
	})
}

func FuzzParsePattern(f *testing.F) {
	for _, s := range []string{"https://A.example:443/", "http://127.1", "http://[0::1]", "https://é", "regexp:(", "a b", "*://x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fault := ParsePattern(s, func(p Pattern) {
			if p.Source != s {
				t.Errorf("%q: Source is %q", s, p.Source)
			}
		})
		if _, ok := Parse(s); ok != refValid(s) {
			t.Errorf("Parse(%q) = %v, the reference disagrees", s, ok)
		}
		if fault == nil {
			return
		}
		if fault.Detail == "" || fault.Suggestion == "" {
			t.Errorf("%q: %+v has no detail or no suggestion", s, fault)
		}
		for _, quoted := range regexp.MustCompile(`"(?:[^"\\]|\\.)*"`).FindAllString(fault.Suggestion, -1) {
			fixed, err := strconv.Unquote(quoted)
			if err != nil {
				t.Errorf("%q: %s: %v", s, fault.Suggestion, err)
			}
			if other := ParsePattern(fixed, func(Pattern) {}); other != nil {
				t.Errorf("%q: %s, which is not a pattern: %s", s, fault.Suggestion, other.Detail)
			}
		}
	})
}
