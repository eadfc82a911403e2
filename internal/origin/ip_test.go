package origin

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestEndsInNumber(t *testing.T) {
	for host, want := range map[string]bool{
		"1": true, "a.1": true, "a.0": true, "a.9": true, "a.19": true, "0x": true, "a.0x": true, "a.0xf": true, "a.0xa0": true,
		"a.0x1f": true, "a": false, "f": false, "x": false, "a.f": false, "a.1a": false, "a.0xg": false, "a.1x": false,
		"1.a": false, "0x.example": false, "a.g": false, "a.-": false, "9a": false, "a9": false, "a.b9": false,
	} {
		if got := endsInNumber(host); got != want {
			t.Errorf("endsInNumber(%q) = %v", host, got)
		}
	}
}

// TestIsIPv4 compares isIPv4 with package netip, for every short string of a few
// characters, and for every number in each of the four positions.
func TestIsIPv4(t *testing.T) {
	check := func(s string) {
		a, err := netip.ParseAddr(s)
		if got, want := isIPv4(s), err == nil && a.Is4(); got != want {
			t.Errorf("isIPv4(%q) = %v, want %v", s, got, want)
		}
	}
	for n := range 1100 {
		for _, form := range []string{"%d.0.0.0", "1.%d.1.1", "9.9.9.%d", "1.2.%03d.4", "1.2.3.%02d"} {
			check(fmt.Sprintf(form, n))
		}
	}
	letters := []string{"0", "1", "9", ".", "/", ":", "25"}
	var grow func(s string, depth int)
	grow = func(s string, depth int) {
		check("1.2" + s)
		check(s)
		if depth > 0 {
			for _, l := range letters {
				grow(s+l, depth-1)
			}
		}
	}
	grow("", 5)
}

func TestCanonicalIPv4(t *testing.T) {
	for spelling, want := range map[string]string{
		"127.1": "127.0.0.1", "127.0.1": "127.0.0.1", "127.0.0.1.": "127.0.0.1", "2130706433": "127.0.0.1", "0x7f.1": "127.0.0.1",
		"0x7f000001": "127.0.0.1", "0177.0.0.01": "127.0.0.1", "0x": "0.0.0.0", "0": "0.0.0.0", "1.0x.0.0x": "1.0.0.0",
		"010.1":           "8.0.0.1",
		"255.255.255.255": "255.255.255.255", "255.16777215": "255.255.255.255", "255.255.65535": "255.255.255.255",
		"4294967295": "255.255.255.255", "255.0.0.255": "255.0.0.255",
		"256.0.0.1": "", "1.256.1": "", "1.1.1.256": "", "1.16777216": "", "1.1.65536": "", "4294967296": "", "1.2.3.4.5": "",
		"08": "", "1..2": "", "a": "", "0xg": "", "": "",
	} {
		if got, ok := canonicalIPv4(spelling); got != want || ok != (want != "") {
			t.Errorf("canonicalIPv4(%q) = %q, %v, want %q", spelling, got, ok, want)
		}
	}
}

// TestCanonicalIPv6 compares canonicalIPv6 with package netip, for every
// arrangement of a few groups and colons.
func TestCanonicalIPv6(t *testing.T) {
	check := func(s string) {
		a, err := netip.ParseAddr(s)
		want := err == nil && a.Is6() && !strings.ContainsAny(s, ".%") && !a.Is4In6() && a.String() == s
		if a.Is4In6() {
			return // netip writes these with dots, and browsers do not
		}
		if got := canonicalIPv6(s); got != want {
			t.Errorf("canonicalIPv6(%q) = %v, want %v", s, got, want)
		}
	}
	groups := []string{"", "0", "1", "abcd"}
	var grow func(s string, depth int)
	grow = func(s string, depth int) {
		check(s)
		if depth > 0 {
			for _, g := range groups {
				grow(s+":"+g, depth-1)
			}
		}
	}
	for _, g := range groups {
		grow(g, 7)
	}
	for _, s := range []string{
		"1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:", "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "12345::", "::12345", "::g", "::G", "::A",
		"::01",
		"fe80::1%25eth0", "::1.2.3.4", ":", "::", ":::", "1::2::3", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/", "::;", "::f", "::`",
		"0:1:0:1:0:1:0:1", "1:0:0:1:0:0:0:1", "1:0:0:1:0:0:1:1", "1:0:0:0:1:0:0:1", "0:0:1::", "1::1:0:0:1",
	} {
		check(s)
	}
}
