package origin

import (
	"fmt"
	"math"
	"math/bits"
	"regexp"
	"strings"
	"testing"

	"github.com/corskit/corskit/reason"
)

// TestBytesOfAnOrigin tries every byte in each part of an origin that allows only
// some bytes.
func TestBytesOfAnOrigin(t *testing.T) {
	const (
		lower  = "abcdefghijklmnopqrstuvwxyz"
		upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		digits = "0123456789"
	)
	for _, place := range []struct{ before, after, allowed string }{
		{"", "x://a", lower},
		{"x", "x://a", lower + digits + "+-."},
		{"https://a", "a", lower + digits + "-_."},
		{"app://a", "a", lower + digits + "-_." + upper},
		{"http://[", "::1]", digits + "abcdef"},
		{"https://a:1", "", digits},
	} {
		for b := range 256 {
			s := place.before + string([]byte{byte(b)}) + place.after
			if s == "http://[0::1]" { // not canonical
				continue
			}
			_, ok := Parse(s)
			if want := strings.IndexByte(place.allowed, byte(b)) >= 0; ok != want {
				t.Errorf("Parse(%q): %v, want %v", s, ok, want)
			}
		}
	}
}

// TestWords compares areLabelWords with areLabels, for every byte at every index of
// hosts of several lengths, with and without a dot before it.
func TestWords(t *testing.T) {
	for n := wordSize; n <= 4*wordSize; n++ {
		host := []byte(strings.Repeat("a", n))
		for i := range host {
			for _, before := range []byte("a.") {
				for b := range 256 {
					host[max(i-1, 0)] = before
					host[i] = byte(b)
					if got, want := areLabelWords(string(host)), areLabels(string(host), false); got != want {
						t.Fatalf("areLabelWords(%q) = %v, areLabels = %v", host, got, want)
					}
				}
			}
			host[max(i-1, 0)], host[i] = 'a', 'a'
		}
	}
}

// TestLengths tries the greatest length of every part, and one byte more.
func TestLengths(t *testing.T) {
	scheme := strings.Repeat("s", 64)
	host := strings.Repeat(strings.Repeat("a", 62)+".", 4) + "b" // 253 bytes
	full := "[1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]"
	for _, tt := range []struct {
		name, s string
		want    bool
	}{
		{"a scheme of 64", scheme + "://a", true},
		{"a scheme of 65", scheme + "s://a", false},
		{"a host of 253 bytes", "https://" + host, true},
		{"a host of 254 bytes", "https://a" + host, false},
		{"an opaque host of 253", "app://" + strings.Repeat("a", 253), true},
		{"an opaque host of 254", "app://" + strings.Repeat("a", 254), false},
		{"a last label of 63", "https://a." + strings.Repeat("b", 63), true},
		{"a last label of 64", "https://a." + strings.Repeat("b", 64), false},
		{"an only label of 63", "https://" + strings.Repeat("b", 63), true},
		{"an only label of 64", "https://" + strings.Repeat("b", 64), false},
		{"an address in full", "http://" + full, true},
		{"an address and a digit", "http://" + full[:len(full)-1] + "f]", false},
		{"an address without its end", "http://" + full[:len(full)-1], false},
		{"an address without its end, short", "http://[::1", false},
		{"a number in hexadecimal that ends in a", "http://0xa", false},
		{"a number in hexadecimal that ends in f", "http://0xf", false},
	} {
		if _, ok := Parse(tt.s); ok != tt.want {
			t.Errorf("%s: Parse(%q): %v", tt.name, tt.s, ok)
		}
		if fault := ParsePattern(tt.s, func(Pattern) {}); (fault == nil) != tt.want {
			t.Errorf("%s: ParsePattern(%q): %+v", tt.name, tt.s, fault)
		}
	}

	longest := scheme + "://" + host + ":65535"
	if len(longest) != MaxLen {
		t.Fatalf("the longest origin has %d bytes, want MaxLen", len(longest))
	}
	m := build(t, []string{"*"}, []int{0})
	if m.Match(longest, everyone) != 0 {
		t.Error(`"*" does not match the longest origin`)
	}
	if m.Match("s"+longest, everyone) != NoOwner {
		t.Error(`"*" matches a string longer than any origin`)
	}
	several := []string{longest, "https://a", "https://b", "https://c", "https://d", "https://e"}
	m = build(t, several, make([]int, len(several)))
	if m.Match(longest, everyone) != 0 {
		t.Error("the longest origin is not found among others")
	}
	for n := MaxLen + 1; n <= 2*MaxLen; n++ {
		if m.Match(strings.Repeat("a", n), everyone) != NoOwner {
			t.Errorf("Match finds a string of %d bytes", n)
		}
	}
}

// TestPatternBounds tries the largest allowed value of each limit, and the next
// larger one.
func TestPatternBounds(t *testing.T) {
	host := strings.Repeat(strings.Repeat("a", 62)+".", 4) + "b"
	for _, tt := range []struct {
		name, entry string
		reason      reason.Reason // "" if it is a pattern
	}{
		{"an expression of 4096 bytes", "regexp:" + strings.Repeat("a", 4096), ""},
		{"an expression of 4097 bytes", "regexp:" + strings.Repeat("a", 4097), reason.TooLong},
		{"8 wildcards", "https://*.*.*.*.*.*.*.*.example", ""},
		{"9 wildcards", "https://*.*.*.*.*.*.*.*.*.example", reason.Wildcard},
		{"a host of 253 bytes", "https://*" + host[1:], ""},
		{"a host of 254 bytes", "https://*" + host, reason.TooLong},
		{"a range of one port", "https://a.example:80-80", ""},
		{"a range of no port", "https://a.example:81-80", reason.Port},
		{"an entry of 1024 bytes", "https://a.example/" + strings.Repeat("x", 1024-len("https://a.example/")), reason.Path},
		{"an entry of 1025 bytes", "https://a.example/" + strings.Repeat("x", 1025-len("https://a.example/")), reason.TooLong},
	} {
		var got reason.Reason
		if fault := ParsePattern(tt.entry, func(Pattern) {}); fault != nil {
			got = fault.Reason
		}
		if got != tt.reason {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.reason)
		}
	}
}

// TestDefaultPortInRange: a range matches an origin without a port if it contains
// the default port of the scheme, even as its first or last port.
func TestDefaultPortInRange(t *testing.T) {
	for ports, want := range map[string]bool{
		"*": true, "80-90": true, "70-80": true, "80-80": true, "1-65535": true, "81-90": false, "70-79": false, "8080": false,
	} {
		entry := "http://localhost:" + ports
		m := build(t, []string{entry}, []int{0})
		if got := m.Match("http://localhost", everyone) == 0; got != want || got != refOne(entry, "http://localhost") {
			t.Errorf("%s matches http://localhost: %v, want %v", entry, got, want)
		}
	}
}

// TestKinds: an entry without a wildcard is an exact origin, for every scheme.
func TestKinds(t *testing.T) {
	for entry, want := range map[string]Kind{
		"https://a.example": Exact, "http://a.example:81": Exact, "app://a": Exact, "app://a:1": Exact, "ws://a": Exact,
		"https://*.a.example": Wild, "http://a:*": Wild, "http://a:1-2": Wild, "regexp:a": Regexp, "*": Any, "null": Null,
	} {
		if fault := ParsePattern(entry, func(p Pattern) {
			if p.Kind != want {
				t.Errorf("%s is of kind %d, want %d", entry, p.Kind, want)
			}
		}); fault != nil {
			t.Errorf("%s: %+v", entry, *fault)
		}
	}
	for entry, want := range map[string]bool{
		"https://a.example": true, "https://a.example:81": true, "http://a.example": false, "app://a": false,
		"https://A.example": false, "https://*.a.example": false,
	} {
		if IsPlain(entry) != want {
			t.Errorf("IsPlain(%q) = %v", entry, !want)
		}
	}
}

// TestInsecureAndUnmanaged checks which patterns need a flag, or get a warning, in
// a policy with credentials.
func TestInsecureAndUnmanaged(t *testing.T) {
	for entry, want := range map[string]struct{ insecure, unmanaged bool }{
		"http://a.example":      {true, false},
		"http://*.a.example":    {true, false},
		"https://a.example":     {false, false},
		"app://a":               {false, false},
		"http://localhost":      {false, false},
		"http://localhost:*":    {false, false},
		"http://*.localhost":    {false, true},
		"http://127.0.0.1:*":    {false, false},
		"https://*.internal":    {false, true},
		"https://*.a.internal":  {false, false},
		"https://*.com":         {false, false},
		"https://a.internal:*":  {false, false},
		"https://*-x.a.example": {false, false},
	} {
		ParsePattern(entry, func(p Pattern) {
			if p.Insecure() != want.insecure || p.Unmanaged() != want.unmanaged {
				t.Errorf("%s: insecure %v, unmanaged %v, want %+v", entry, p.Insecure(), p.Unmanaged(), want)
			}
		})
	}
}

// TestLimit: owners at or above the limit are ignored.
func TestLimit(t *testing.T) {
	exact := build(t, []string{"https://a.example", "https://b.example"}, []int{0, 1})
	star := build(t, []string{"https://a.example", "*"}, []int{0, 1})
	for _, tt := range []struct {
		name   string
		m      *Matcher
		origin string
		limit  int
		want   int
	}{
		{"an exact origin below", exact, "https://b.example", 2, 1},
		{"an exact origin at", exact, "https://b.example", 1, NoOwner},
		{"null below", star, "null", 2, 1},
		{"null at", star, "null", 1, NoOwner},
		{"any below", star, "https://c.example", 2, 1},
		{"any at", star, "https://c.example", 1, NoOwner},
		{"nobody", star, "https://a.example", 0, NoOwner},
	} {
		if got := tt.m.Match(tt.origin, tt.limit); got != tt.want {
			t.Errorf("%s the limit: Match(%q, %d) = %d, want %d", tt.name, tt.origin, tt.limit, got, tt.want)
		}
		if got, _ := tt.m.Find(tt.origin, tt.limit); got != tt.want {
			t.Errorf("%s the limit: Find(%q, %d) = %d, want %d", tt.name, tt.origin, tt.limit, got, tt.want)
		}
	}
}

// TestSeveralOfAnOwner checks that every origin of an owner, from the first to the
// last, is found with that owner.
func TestSeveralOfAnOwner(t *testing.T) {
	entries := exactOrigins(30)
	for _, few := range []int{1, 10} {
		owners := make([]int, 3*few)
		for i := range owners {
			owners[i] = i / few
		}
		m := build(t, entries[:len(owners)], owners)
		for i, owner := range owners {
			if got := m.Match(entries[i], everyone); got != owner {
				t.Errorf("Match(%q) = %d, want %d; owners %v", entries[i], got, owner, owners)
			}
		}
	}
}

// TestTails checks that a pattern with a shorter tail hides one with a longer tail
// only if it matches and its owner is lower.
func TestTails(t *testing.T) {
	m := build(t, []string{"https://*.b.a.example", "https://*.example:81", "https://*.a.example", "https://*.example"}, []int{0,
		1, 2, 3})
	for origin, want := range map[string]int{
		"https://x.b.a.example": 0, "https://x.a.example:81": 1, "https://x.a.example": 2, "https://x.example": 3,
		"http://x.a.example": NoOwner,
	} {
		if got := m.Match(origin, everyone); got != want {
			t.Errorf("Match(%q) = %d, want %d", origin, got, want)
		}
	}
}

// TestFindPattern: FindPattern ignores exact origins.
func TestFindPattern(t *testing.T) {
	m := build(t, []string{"https://x.a.example", "https://*.a.example", "https://b.example"}, []int{0, 1, 2})
	for origin, want := range map[string]string{"https://x.a.example": "https://*.a.example", "https://b.example": "",
		"https://c.example": "", "bad": ""} {
		owner, got := m.FindPattern(origin, everyone)
		if got != want || (owner == NoOwner) != (want == "") {
			t.Errorf("FindPattern(%q) = %d, %q, want %q", origin, owner, got, want)
		}
	}
}

// TestTries: Tries counts the patterns that a lookup tries one by one.
func TestTries(t *testing.T) {
	for name, entry := range map[string]string{
		"one tail":          "https://*.a.example:%d-65535",
		"one tail and head": "https://pr-*.a.example:%d-65535",
		"expressions":       "regexp:https://a%d",
	} {
		for _, n := range []int{1, 64, 65} {
			var entries []string
			for i := range n {
				entries = append(entries, fmt.Sprintf(entry, i+1))
			}
			if got := build(t, entries, owned(entries)).Tries(); got != n {
				t.Errorf("%s: %d patterns: Tries() = %d", name, n, got)
			}
		}
	}
}

// TestFits checks that 4 GiB of entries do not fit, nor a table larger than an
// array can be.
func TestFits(t *testing.T) {
	const mebi = 1 << 20
	long, most := strings.Repeat("x", mebi), make([]string, 4096)
	for i := range most {
		most[i] = long
	}
	most[0] = long[1:]
	var r Room
	if !r.Fits() {
		t.Error("the zero Room does not fit")
	}
	if r.Add(most); !r.Fits() {
		t.Error("a byte less than 4 GiB does not fit")
	}
	if r.Add([]string{"x"}); r.Fits() {
		t.Error("4 GiB fit")
	}
	r = Room{}
	r.counts[MaxLen] = math.MaxInt / MaxLen
	if r.Fits() {
		t.Error("more than an array can hold fits")
	}
}

// TestParseIPv6 tries strings that canonicalIPv6 would also reject later.
func TestParseIPv6(t *testing.T) {
	for s, want := range map[string]bool{
		"::": true, "1::": true, "::1": true, "1:2:3:4:5:6:7:8": true, "1:2:3:4:5:6:7::": true, "::2:3:4:5:6:7:8": true,
		"1:2:3:4:5:6:7:8::": false, "1:2:3:4::5:6:7:8": false, "::1::2": false, "1::2::3": false, ":::1": false, "1:::2": false,
		"12345::": false, "::12345": false, "1:2": false, "": false, ":": false, "1:": false, "g::": false, "1:2:3:4:5:6:7:8:9": false,
	} {
		if _, ok := parseIPv6(s); ok != want {
			t.Errorf("parseIPv6(%q): %v, want %v", s, ok, want)
		}
	}
}

func TestRespellIPv6(t *testing.T) {
	for s, want := range map[string]string{
		"0:0::1": "::1", "2001:DB8::1": "2001:db8::1", "::ffff:1.2.3.4": "::ffff:102:304",
		"1.2.3.4": "", "fe80::1%eth0": "", "a": "", "": "", "::g": "",
	} {
		if got, ok := respellIPv6(s); got != want || ok != (want != "") {
			t.Errorf("respellIPv6(%q) = %q, %v, want %q", s, got, ok, want)
		}
	}
}

// TestMiddleLabels: labels between wildcards are compared in full.
func TestMiddleLabels(t *testing.T) {
	const pattern = "https://a-*.b.c-*-d.example"
	m := build(t, []string{pattern}, []int{0})
	for host, want := range map[string]bool{
		"a-1.b.c-1-d.example": true, "a-1.b.c-1-d-d.example": true,
		"a-1.xb.c-1-d.example": false, "a-1.bx.c-1-d.example": false, "xa-1.b.c-1-d.example": false, "a-1.b.xc-1-d.example": false,
		"a-1.b.c-1-dx.example": false, "a-1.b.c--d.example": false, "a-.b.c-1-d.example": false, "a-1.c-1-d.example": false,
		"a-1.x.b.c-1-d.example": false,
	} {
		if got := m.Match("https://"+host, everyone) == 0; got != want || got != refOne(pattern, "https://"+host) {
			t.Errorf("%s matches %s: %v, want %v", pattern, host, got, want)
		}
	}
}

// TestTableWraps: if the last group is full, its origins continue in the first.
func TestTableWraps(t *testing.T) {
	const count = groupSize + 1
	format := func(i int) string { return fmt.Sprintf("https://c%07d.example", i) }
	var room Room
	for i := range count {
		room.Add([]string{format(i)})
	}
	table := newTable(&room)
	last := func(s string) bool {
		i, _ := bits.Mul64(hash(s), table.bins[0].groups)
		return i == table.bins[0].groups-1
	}
	var members, others []string
	for i := 0; len(others) < 100; i++ {
		s := format(i)
		switch {
		case !last(s):
		case len(members) < count:
			members = append(members, s)
		default:
			others = append(others, s)
		}
	}
	for i, s := range members {
		if !table.add(i, s) || table.add(count, s) {
			t.Fatalf("add(%q): want true, then false", s)
		}
	}
	for i, s := range members {
		if owner, ok := table.find(s); !ok || owner != i {
			t.Errorf("find(%q) = %d, %v, want %d", s, owner, ok, i)
		}
	}
	for _, s := range others {
		if _, ok := table.find(s); ok {
			t.Errorf("find(%q) = true, want false", s)
		}
	}
}

// TestAdvice checks the detail and the suggestion of faults.
func TestAdvice(t *testing.T) {
	const (
		expand = "a variable that was not expanded"
		regex  = "a regular expression without its prefix"
		noURL  = "pages of such URLs have the origin"
		v6     = "not an IPv6 address in its canonical form"
		label  = "write that label out"
	)
	for _, tt := range []struct {
		entry      string
		reason     reason.Reason
		detail     string // a prefix
		suggestion string // a prefix
	}{
		{"https://${HOST}", reason.Syntax, expand, "check that the variable"},
		{"https://{{host}}", reason.Syntax, "a template that was not rendered", "render it"},
		{"$ORIGIN", reason.Syntax, expand, "check that the variable"},
		{"FILE:///x", reason.MissingHost, `browsers send "null" for pages from files`, `serve the page from a server, or write "file://"`},
		{"file:/x", reason.MissingHost, `browsers send "null" for pages from files`, "serve the page from a server"},
		{"app://..", reason.MissingHost, "no host after app://", "write an origin as browsers send it"},
		{"data:,x", reason.MissingHost, noURL, "serve the page"},
		{"about:blank", reason.MissingHost, noURL, "serve the page"},
		{"blob:x", reason.MissingHost, noURL, "serve the page"},
		{"^a", reason.Syntax, regex, "write the prefix regexp: and"},
		{"/^a", reason.Syntax, regex, "write the prefix regexp: and"},
		{"/http", reason.Syntax, regex, "write the prefix regexp: and"},
		{"Regex:a", reason.Syntax, regex, "write the prefix regexp: and"},
		{"re:a", reason.Syntax, regex, "write the prefix regexp: and"},
		{"https?:a", reason.Syntax, regex, "write the prefix regexp: and"},
		{`a\.b`, reason.Syntax, regex, "write the prefix regexp: and"},
		{`'https://a.example'`, reason.Syntax, "quotes around", `did you mean "https://a.example"?`},
		{`1https://a.example1`, reason.Syntax, `not a scheme: "1https"`, "write an origin as browsers send it"},
		{`"`, reason.MissingScheme, "an origin begins with its scheme", ""},
		{" 1https://a", reason.Syntax, `not a scheme: "1https"`, "write an origin as browsers send it"},
		{"1HTTPS://a", reason.UpperCase, "upper case in the scheme", "write an origin as browsers send it"},
		{"https://@a.example", reason.Userinfo, "an origin has no user name", `did you mean "https://a.example"?`},
		{"https://b.example@a.example", reason.Userinfo, "an origin has no user name", "write the host you mean"},
		{" capacitor://*", reason.WhiteSpace, "white space around the entry; also: a wildcard for the whole host",
			`write "capacitor://localhost"`},
		{"capacitor://", reason.MissingHost, "no host after capacitor://", `write "capacitor://localhost"`},
		{"tauri://*", reason.Wildcard, "a wildcard for the whole host", `write "tauri://localhost"`},
		{"chrome-extension://*", reason.Wildcard, "a wildcard for the whole host",
			`list your extension, or write "regexp:chrome-extension://[a-p]{32}" for all`},
		{"moz-extension://*", reason.Wildcard, "a wildcard for the whole host", `write "regexp:moz-extension://[0-9a-f-]{36}" for all`},
		{"vscode-webview://*", reason.Wildcard, "a wildcard for the whole host", `write "regexp:vscode-webview://[a-z0-9]{52}" for all`},
		{"x-app://*", reason.Wildcard, "a wildcard for the whole host",
			`list the origins one by one, or write "regexp:x-app://[A-Za-z0-9_-]+" for all`},
		{"x-app://a.b-*", reason.Wildcard, "a wildcard in the last label",
			`use an expression, as in "regexp:x-app://a\\.b-[A-Za-z0-9_-]+"`},
		{"https://a.xn--a.example", reason.Host, `no browser sends "xn--a", which is not the ASCII form`,
			"write the name in its own characters"},
		{"http://192.168.1.*", reason.Wildcard, "a wildcard in an IPv4 address", "use a regular expression"},
		{"https://a.*", reason.Wildcard, "a wildcard in the top-level label", label},
		{"https://a.b*", reason.Wildcard, "a wildcard in the top-level label", label},
		{"https://a..b.*", reason.Wildcard, "a wildcard in the top-level label", label},
		{"x-app://1.*", reason.Wildcard, "a wildcard in the last label", "use an expression"},
		{"https://xn--a.bücher.example", reason.NonASCII, `browsers send a host in its ASCII form; also: no browser sends "xn--a"`,
			"write the name in its own"},
		{"https://1.xn--4db", reason.Host, `no browser sends "1.xn--4db", which`, "write the name in its own"},
		{"https://A.example:0", reason.UpperCase, "upper case in the host; also: a port is a number", "write an origin"},
		{"regexp:(\x01", reason.Regexp, "not a regular expression: missing closing ): `(\ufffd`", "see https://golang.org/s/re2syntax"},
		{"https://a.example,b", reason.List, "several values in one entry", "write one list entry"},
		{"[https://a.example]", reason.List, "a list in one entry", `did you mean "https://a.example"?`},
		{"[]", reason.MissingScheme, "an origin begins with its scheme", "write an origin"},
		{"any", reason.Syntax, "not an origin pattern", `write "*" to allow every origin`},
		{"https://a b.example", reason.WhiteSpace, "white space in the entry", "remove it"},
		{"https://${A}", reason.Syntax, expand, "check that the variable"},
		{"__ORIGIN__", reason.Syntax, expand, "check that the variable"},
		{"undefined", reason.Syntax, "the text of a value that was not set", "set the value or variable"},
		{"True", reason.Syntax, "not an origin pattern", `write "*" to allow every origin`},
		{"off", reason.Syntax, "not an origin pattern", "pages of the server's own"},
		{"https://YOUR_APP_DOMAIN", reason.Syntax, "a placeholder", `write the origin of your own pages, as in "https://app.example.com"`},
		{"https://<your.domain>", reason.Syntax, "a placeholder", "write the origin of your own"},
		{"https://app.a.*", reason.Wildcard, "a wildcard in the top-level label", `write that label out, as in "https://app.a.com"`},
		{"https://exAmple", reason.UpperCase, "upper case in the host", `did you mean "https://example"?`},
		{"https://eZ", reason.UpperCase, "upper case in the host", `did you mean "https://ez"?`},
		{"https://a\x80.example", reason.NonASCII, "browsers send a host in its ASCII form", "write an origin"},
		{"https://ab--c.bücher.example", reason.NonASCII, "browsers send a host in its ASCII form",
			`did you mean "https://ab--c.xn--bcher-kva.example"?`},
		{"app://A", reason.UpperCase, "upper case in the host", `if browsers send exactly this, write "regexp:app://A"`},
		{"app://a.B:1", reason.UpperCase, "upper case in the host", `if browsers send exactly this, write "regexp:app://a\\.B:1"`},
		{"app://A/", reason.TrailingSlash, "a trailing slash", `did you mean "app://a"?`},
		{"app://127.1/", reason.TrailingSlash, "a trailing slash", `did you mean "app://127.1"?`},
		{"http://1.2.3.4:0", reason.Port, "a port is a number", "write a port"},
		{"http://[abc", reason.IPv6, v6, "write the address"},
		{"http://[zz:1]", reason.IPv6, v6, "write the address"},
		{"http://[bad:]", reason.IPv6, v6, "write the address"},
		{"http://[::1%eth0]", reason.IPv6, v6, "write the address"},
		{"http://::1:3000", reason.IPv6, v6 + ", in brackets", `did you mean "http://[::1]:3000"?`},
		{"http://::1:300", reason.IPv6, v6 + ", in brackets", `did you mean "http://[::1]:300"?`},
		{"http://::1:80", reason.IPv6, v6 + ", in brackets", `did you mean "http://[::1:80]"?`},
		{"http://::1:abc", reason.IPv6, v6 + ", in brackets", `did you mean "http://[::1:abc]"?`},
		{"http://::2:3000", reason.IPv6, v6 + ", in brackets", `did you mean "http://[::2:3000]"?`},
	} {
		f := ParsePattern(tt.entry, func(Pattern) {})
		switch {
		case f == nil:
			t.Errorf("%q is a pattern", tt.entry)
		case f.Reason != tt.reason || !strings.HasPrefix(f.Detail, tt.detail) || !strings.HasPrefix(f.Suggestion, tt.suggestion):
			t.Errorf("%q: %+v\nwant %s, %s, %s", tt.entry, *f, tt.reason, tt.detail, tt.suggestion)
		case tt.detail == v6 && f.Detail != v6:
			t.Errorf("%q: detail %q, want exactly %q", tt.entry, f.Detail, v6)
		case tt.suggestion == label && f.Suggestion != label:
			t.Errorf("%q: suggestion %q, want exactly %q", tt.entry, f.Suggestion, label)
		}
	}
}

// TestUpperCaseAdvice: the expression suggested for an origin with upper case
// matches that origin only.
func TestUpperCaseAdvice(t *testing.T) {
	const origin = "app://My.App"
	f := ParsePattern(origin, func(Pattern) {})
	quoted := regexp.MustCompile(`"(.*)"$`).FindStringSubmatch(f.Suggestion)
	if quoted == nil {
		t.Fatalf("no expression in %q", f.Suggestion)
	}
	m := build(t, []string{strings.ReplaceAll(quoted[1], `\\`, `\`)}, []int{0})
	if m.Match(origin, everyone) != 0 || m.Match("app://my.app", everyone) == 0 || m.Match("app://MyxApp", everyone) == 0 {
		t.Errorf("%s: %s does not match exactly that origin", origin, f.Suggestion)
	}
}
