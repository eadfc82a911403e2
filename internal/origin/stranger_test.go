package origin

import (
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
)

func TestStranger(t *testing.T) {
	for _, tt := range []struct{ expr, want string }{ // want is an origin, "-" for none, or "" for any
		{`https://.*`, strangers[0]},
		{`https://[a-z]+\.io`, "https://corskitprobe.io"},
		{`https://app.a.example.com`, ""},                         // dots not escaped
		{`https://.*example\.com`, ""},                            // no boundary before example
		{`https://example\.com.*`, ""},                            // no boundary after com
		{`https://[a-z]+\.github\.io`, ""},                        // pages of different users
		{`https://(a\.com|b.net)`, ""},                            // in the second branch
		{`https://(a\.com|b\.net|c\.org|d.dev)`, ""},              // in the fourth
		{`https://(a\.com|b\.com|c\.com|d\.com|[a-z]+\.xyz)`, ""}, // in the fifth
		{`https://(` + strings.Repeat(`own\.com|`, 30) + `x.com)`, ""},
		{`(?i)https://app.a.example.com`, ""},
		{`https://[ab]+\.com`, ""},
		{`https://(a|z)corp\.com`, "-"}, // the parser turns (a|z) into a class
		{`https://(acorp|zcorp|mcorp)\.com`, "-"},
		{`(?i)https://(a|z)corp\.com`, "-"},
		{`https://(.*\.)?example\.com`, "-"},         // the domain itself and its subdomains
		{`https://[a-z0-9-]+\.a\.example\.com`, "-"}, // subdomains only
		{`https://(a\.com|b\.net)`, "-"},             // two domains, both written out
		{`https://pr-[0-9]+\.example\.org:[0-9]+`, "-"},
		{`http://localhost:[0-9]+`, "-"},
		{`https://example\.com`, "-"},
		{`a`, "-"},
		{``, "-"},
	} {
		p := Pattern{Kind: Regexp}
		if tt.expr != "" {
			ParsePattern("regexp:"+tt.expr, func(parsed Pattern) { p = parsed })
		} else {
			ParsePattern("regexp:()", func(parsed Pattern) { p = parsed })
		}
		got, found := p.Stranger()
		switch {
		case tt.want == "-" && (found || got != ""):
			t.Errorf("%s: found %q, want no stranger", tt.expr, got)
		case tt.want != "-" && (!found || !p.Expr.MatchString(got)):
			t.Errorf("%s: %q, %v, want a stranger that matches", tt.expr, got, found)
		case tt.want != "-" && tt.want != "" && got != tt.want:
			t.Errorf("%s: %q, want %q", tt.expr, got, tt.want)
		}
	}
}

func TestLookAlikes(t *testing.T) {
	for _, tt := range []struct {
		origin string
		want   []string
	}{
		{"http://a.b", []string{"http://a.b", "https://a.b", "http://xa.b", "https://xa.b", "http://corskitprobe.a.b",
			"http://a.b.corskitprobe.com", "http://a.bcorskitprobe.com", "http://axb"}},
		{"a.b", []string{"a.b", "https://a.b", "https://xa.b", "https://axb"}},
	} {
		got := lookAlikes(tt.origin)
		for _, s := range tt.want {
			if !slices.Contains(got, s) {
				t.Errorf("lookAlikes(%q) lacks %q: %q", tt.origin, s, got)
			}
		}
	}
}

func TestSampler(t *testing.T) {
	const room = 100
	for _, tt := range []struct {
		expr string
		s    sampler
		want string
	}{
		{`abc`, sampler{'z', 0, 0, room, maxSteps}, "abc"},
		{`a.c`, sampler{'z', 0, 0, room, maxSteps}, "azc"},
		{`(?s)a.c`, sampler{'z', 0, 0, room, maxSteps}, "azc"},
		{`(a)b`, sampler{'z', 0, 0, room, maxSteps}, "ab"},
		{`a*`, sampler{'z', 0, 0, room, maxSteps}, ""},
		{`a*`, sampler{'z', 2, 0, room, maxSteps}, "aa"},
		{`a+`, sampler{'z', 0, 0, room, maxSteps}, "a"},
		{`a+`, sampler{'z', 2, 0, room, maxSteps}, "aaa"},
		{`a?`, sampler{'z', 0, 0, room, maxSteps}, ""},
		{`a?`, sampler{'z', 2, 0, room, maxSteps}, "a"},
		{`a{2,3}`, sampler{'z', 0, 0, room, maxSteps}, "aa"},
		{`a{2,3}`, sampler{'z', 2, 0, room, maxSteps}, "aaa"},
		{`a{2,}`, sampler{'z', 2, 0, room, maxSteps}, "aaaa"},
		{`xa{0}`, sampler{'z', 2, 0, room, maxSteps}, "x"},
		{`a*`, sampler{'z', 12, 0, 3, maxSteps}, "aaa"},
		{`a`, sampler{'z', 0, 0, 0, maxSteps}, ""},
		{`ab|cd|ef`, sampler{'z', 0, 0, room, maxSteps}, "ab"},
		{`ab|cd|ef`, sampler{'z', 0, 1, room, maxSteps}, "cd"},
		{`ab|cd|ef`, sampler{'z', 0, 9, room, maxSteps}, "ef"},
		{`[a-cx-z]`, sampler{'z', 0, 0, room, maxSteps}, "z"},
		{`[a-cx-z]`, sampler{'x', 0, 0, room, maxSteps}, "x"},
		{`[a-cx-z]`, sampler{'m', 0, 0, room, maxSteps}, "a"},
		{`[x-z0]`, sampler{'z', 0, 0, room, maxSteps}, "x"},
		{`[w-z0]`, sampler{'z', 0, 0, room, maxSteps}, "z"},
		{`[.x]`, sampler{'.', 0, 0, room, maxSteps}, "."},
		{`[0-4]`, sampler{'5', 0, 0, room, maxSteps}, "0"},
		{`[5-9X]`, sampler{'z', 0, 0, room, maxSteps}, "5"},
		{`[/X]`, sampler{'z', 0, 0, room, maxSteps}, "/"},
		{`[^a-z0-9-]`, sampler{'z', 0, 0, room, maxSteps}, "\x00"},
	} {
		re, err := syntax.Parse(tt.expr, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		s := tt.s
		if s.write(&b, re); b.String() != tt.want {
			t.Errorf("%s with %+v: %q, want %q", tt.expr, tt.s, b.String(), tt.want)
		}
	}
	if got := (&sampler{char: 'z'}).of(nil); got != 'z' {
		t.Errorf("a class without members: %q, want %q", got, "z")
	}
}

func TestRegistrable(t *testing.T) {
	for host, want := range map[string]string{
		"a.b.example.com": "example.com", "example.com": "example.com", "com": "com", "x.github.io": "x.github.io",
		"a.x.github.io": "x.github.io", "github.io": "github.io",
		"a.example.co.uk": "example.co.uk", "localhost": "localhost", "a.internal": "internal", "b.a.internal": "internal",
		"": "address", "[::1]": "address", "[2001:db8::1]": "address", "10.0.0.1": "address",
	} {
		if got := registrable(host); got != want {
			t.Errorf("registrable(%q) = %q, want %q", host, got, want)
		}
	}
}

// TestStrangerIsBounded: nested repetitions of nothing multiply the ways to match
// the same string. Looking for strangers must end all the same.
func TestStrangerIsBounded(t *testing.T) {
	nested := strings.Repeat("(", 40) + strings.Repeat(")*", 40)
	for entry, want := range map[string]bool{
		`regexp:https://a\.example\.com` + nested: false,
		`regexp:https://[a-z]+\.com` + nested:     true,
	} {
		var p Pattern
		if f := ParsePattern(entry, func(q Pattern) { p = q }); f != nil {
			t.Fatal(f)
		}
		if s, found := p.Stranger(); found != want {
			t.Errorf("%s matches the stranger %q: %v, want %v", entry, s, found, want)
		}
	}
}
