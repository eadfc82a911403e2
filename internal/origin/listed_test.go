package origin

import (
	"regexp"
	"strings"
	"testing"
)

// TestIsOrigin covers the origins that only an exact entry matches, and labels in
// punycode. Each origin among them is an exact pattern too, unless its host has upper
// case, or is empty although the scheme requires one.
func TestIsOrigin(t *testing.T) {
	for s, want := range map[string]bool{
		"https://a.example": true, "https://a.example.": true, "https://a.example.:81": true, "https://a.": true,
		"app://.": true, "app://.:81": true, "file://": true, "qrc://": true, "x+y.z-1://": true, "app://a.": true, "app://A.": true,
		"app://1.2.3.4.": true, "app://127.1": true,

		"": false, "null": false, "://": false, "1x://": false, "https://": false, "wss://": false, "ftp://": false, "http://.": false,
		"https://..": false, "app://..": false, "app://.a": false, "app://a..b": false, "app://:81": false, "app://.:0": false,
		"https://a..": false, "https://.a.": false, "https://a.example.:443": false, "https://A.example.": false,
		"http://1.2.3.4.": false, "http://1.2.3.256.": false, "http://0x7f.": false, "http://[::1].": false, "app://[::1].": false,
		"file:///": false, "file://./": false, "app://. ": false,

		"https://xn--bcher-kva.example": true, "https://xn--bcher-kva.example.": true, "https://a.xn--fiqs8s": true,
		"https://axn--b.example": true, "https://a--b.example": true, "https://ab--c.example": true, "https://xn-a.example": true,
		"https://xn--fa-hia.example": true, "https://xn--4dbcagdahymbxekheh6e0a7fei0b.example": true,
		"https://xn--a.example": false, "https://xn--.example": false, "https://xn--a-.example": false, "https://xn--a.example.": false,
		"https://xn--zca0.example": false, "wss://xn--a.example": false, "http://xn--a": false, "https://xn--a:81": false,
		"https://xn--Bcher-kva.example": false, "https://xn--bcher-kva.xn--a.example": false,
		"app://xn--a": true, // the host of such a scheme is opaque
	} {
		if got := IsOrigin(s); got != want {
			t.Errorf("IsOrigin(%q) = %v", s, got)
		}
		exact := false
		fault := ParsePattern(s, func(p Pattern) { exact = p.Kind == Exact && p.Source == s })
		if listed := want && !strings.Contains(s, "A"); exact != listed {
			t.Errorf("ParsePattern(%q): exact %v, %+v", s, exact, fault)
		}
	}
}

// TestPunycodeInWildcards: only complete labels can be checked.
func TestPunycodeInWildcards(t *testing.T) {
	for entry, want := range map[string]bool{
		"https://*.xn--bcher-kva.example": true, "https://xn--*.example.com": true, "https://xn--bcher-kva.*.example": true,
		"https://*.xn--a.example": false, "https://xn--a.*.example": false, "https://*.xn--a.example:81": false,
	} {
		if got := isPattern(entry); got != want {
			t.Errorf("%s: %v, want %v", entry, got, want)
		}
	}
}

// TestSuggestedExpressions: for a wildcard that a scheme does not permit, the suggested
// entry is a pattern that matches what was meant.
func TestSuggestedExpressions(t *testing.T) {
	quoted := regexp.MustCompile(`"([^"]+)"`)
	for entry, origin := range map[string]string{
		"chrome-extension://*":     "chrome-extension://" + strings.Repeat("abcdefgp", 4),
		"moz-extension://*":        "moz-extension://9f1c8a2b-0d4e-4c55-8a1b-2c3d4e5f6071",
		"safari-web-extension://*": "safari-web-extension://9F1C8A2B-0D4E-4C55-8A1B-2C3D4E5F6071",
		"vscode-webview://*":       "vscode-webview://" + strings.Repeat("a1b2", 13),
		"capacitor://*":            "capacitor://localhost",
		"ionic://*":                "ionic://localhost",
		"tauri://*":                "tauri://localhost",
		"x-app://*":                "x-app://Any-1",
		"x-app://a.b-*":            "x-app://a.b-7",
	} {
		fault := ParsePattern(entry, func(Pattern) { t.Errorf("%s is accepted", entry) })
		suggested := quoted.FindStringSubmatch(fault.Suggestion)
		if suggested == nil || !isPattern(suggested[1]) {
			t.Errorf("%s: the suggestion %s has no pattern", entry, fault.Suggestion)
			continue
		}
		if m := build(t, []string{strings.ReplaceAll(suggested[1], `\\`, `\`)}, []int{0}); m.Match(origin, everyone) != 0 {
			t.Errorf("%s: the suggested %s does not match %s", entry, suggested[1], origin)
		}
	}
}

func TestTrailingDot(t *testing.T) {
	for entry, want := range map[string]bool{
		"https://a.example.": true, "http://a.:81": true, "https://a.example": false, "app://.": false, "app://a.": false, "file://": false,
		"https://*.a.example": false,
	} {
		if f := ParsePattern(entry, func(p Pattern) {
			if p.TrailingDot() != want {
				t.Errorf("%s: TrailingDot() = %v", entry, !want)
			}
		}); f != nil {
			t.Errorf("%s: %+v", entry, *f)
		}
	}
}

// TestSharedAdvice checks the suggestions for a wildcard over shared hosts.
func TestSharedAdvice(t *testing.T) {
	for entry, want := range map[string]string{
		"https://*.com": `write out the registered domain, as in "https://*.example.com"`,
		"https://*.np":  `list the origins one by one, as in "https://app.np", or give them`,
		"https://*.github.io": `list the origins one by one, as in "https://app.github.io", or give them a domain of your own, ` +
			`as in "https://*.preview.example.com"`,
		"http://*-team.*.vercel.app": `list the origins one by one, as in "https://app-team.app.vercel.app", or`,
		"https://*.kawasaki.jp":      `list the origins one by one, as in "https://app.kawasaki.jp", or`,
		"https://*.1.nip.io":         `write out the address, as in "https://*.203.0.113.7.nip.io"`,
		"https://*.nip.io":           `write out the address, as in "https://*.203.0.113.7.nip.io"`,
	} {
		ParsePattern(entry, func(p Pattern) {
			if _, advice, ok := p.Shared(); !ok || !strings.HasPrefix(advice, want) {
				t.Errorf("%s: %s, %v; want %s", entry, advice, ok, want)
			}
		})
	}
}

// TestAnyListed: "*" matches a listed origin too, if its owner is below the limit.
func TestAnyListed(t *testing.T) {
	m := build(t, []string{"https://*.a.example", "*"}, []int{0, 1})
	for limit, want := range map[int]int{0: NoOwner, 1: NoOwner, 2: 1} {
		if got := m.Match("app://.", limit); got != want {
			t.Errorf("below %d: %d, want %d", limit, got, want)
		}
	}
	if got := build(t, []string{"https://*.a.example"}, []int{0}).Match("app://.", everyone); got != NoOwner {
		t.Errorf("without *: %d", got)
	}
}
