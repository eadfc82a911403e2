package fetch_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/internal/fetch"
)

func TestIsToken(t *testing.T) {
	token := regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	for c := range 256 {
		for _, s := range []string{string([]byte{byte(c)}), "a" + string([]byte{byte(c)}), string([]byte{byte(c)}) + "Z"} {
			if got, want := fetch.IsToken(s), token.MatchString(s); got != want {
				t.Errorf("IsToken(%q) = %v, want %v", s, got, want)
			}
		}
	}
	if fetch.IsToken("") {
		t.Error("the empty string is a token")
	}
}

func TestMethods(t *testing.T) {
	tests := []struct {
		method, normalized, registered string
		forbidden, safelisted          bool
	}{
		{method: "get", normalized: "GET"},
		{method: "GET", normalized: "GET", safelisted: true},
		{method: "Head", normalized: "HEAD"},
		{method: "HEAD", normalized: "HEAD", safelisted: true},
		{method: "POST", normalized: "POST", safelisted: true},
		{method: "post", normalized: "POST"},
		{method: "put", normalized: "PUT"},
		{method: "delete", normalized: "DELETE"},
		{method: "options", normalized: "OPTIONS"},
		{method: "OPTIONS", normalized: "OPTIONS"},
		{method: "connect", normalized: "connect", forbidden: true},
		{method: "TRACE", normalized: "TRACE", forbidden: true},
		{method: "tRaCk", normalized: "tRaCk", forbidden: true},
		{method: "chicken", normalized: "chicken"},
		{method: "", normalized: ""},
		{method: "patch", normalized: "patch", registered: "PATCH"},
		{method: "PATCH", normalized: "PATCH", registered: "PATCH"},
	}
	for _, m := range []string{
		"QUERY", "LINK", "UNLINK", "PROPFIND", "PROPPATCH", "MKCOL", "MKCALENDAR", "COPY", "MOVE", "LOCK", "UNLOCK",
		"SEARCH", "REPORT", "ACL", "BIND", "UNBIND", "REBIND", "PURGE", "MERGE", "CHECKIN", "CHECKOUT",
	} {
		l := strings.ToLower(m)
		tests = append(tests, struct {
			method, normalized, registered string
			forbidden, safelisted          bool
		}{method: l, normalized: l, registered: m})
	}
	for _, tt := range tests {
		if got := fetch.NormalizeMethod(tt.method); got != tt.normalized {
			t.Errorf("NormalizeMethod(%q) = %q, want %q", tt.method, got, tt.normalized)
		}
		if got := fetch.IsForbiddenMethod(tt.method); got != tt.forbidden {
			t.Errorf("IsForbiddenMethod(%q) = %v", tt.method, got)
		}
		if got := fetch.IsSafelistedMethod(tt.method); got != tt.safelisted {
			t.Errorf("IsSafelistedMethod(%q) = %v", tt.method, got)
		}
		if got, ok := fetch.RegisteredMethod(tt.method); got != tt.registered || ok != (tt.registered != "") {
			t.Errorf("RegisteredMethod(%q) = %q, %v, want %q", tt.method, got, ok, tt.registered)
		}
	}
}

func TestHeaderNames(t *testing.T) {
	const (
		forbidden         = 1 << iota // as request headers
		forbiddenResponse             // as response headers
		safelisted                    // as response headers
	)
	want := map[string]int{"authorization": 0, "x-a": 0, "proxy": 0, "sec": 0, "etag": 0, "": 0, "x-sec-a": 0}
	for _, name := range strings.Fields(`accept-charset accept-encoding access-control-request-headers
		access-control-request-method access-control-request-private-network connection content-length cookie cookie2
		date dnt expect host keep-alive origin referer set-cookie te trailer transfer-encoding upgrade via
		proxy-authorization proxy- sec-fetch-site sec-`) {
		want[name] |= forbidden
	}
	for _, name := range []string{"set-cookie", "set-cookie2"} {
		want[name] |= forbiddenResponse
	}
	for _, name := range []string{"cache-control", "content-language", "content-length", "content-type", "expires",
		"last-modified", "pragma"} {
		want[name] |= safelisted
	}
	for name, w := range want {
		got := 0
		if fetch.IsForbiddenRequestHeader(name) {
			got |= forbidden
		}
		if fetch.IsForbiddenResponseHeader(name) {
			got |= forbiddenResponse
		}
		if fetch.IsSafelistedResponseHeader(name) {
			got |= safelisted
		}
		if got != w {
			t.Errorf("%q: %03b, want %03b", name, got, w)
		}
	}
}

func TestIsEchoableMethod(t *testing.T) {
	tests := map[string]bool{
		"PUT": true, "chicken": true, strings.Repeat("A", 64): true,
		strings.Repeat("A", 65): false, "": false, "PUT, DELETE": false, "TRACE": false, "connect": false, "P\r\n": false,
	}
	for m, want := range tests {
		if got := fetch.IsEchoableMethod(m); got != want {
			t.Errorf("IsEchoableMethod(%q) = %v, want %v", m, got, want)
		}
	}
}

func TestAreEchoableHeaders(t *testing.T) {
	lines := func(n int, line string) []string { return slices.Repeat([]string{line}, n) }
	tests := []struct {
		name  string
		lines []string
		want  bool
	}{
		{"none", nil, true},
		{"an empty line", lines(1, ""), true},
		{"one name", lines(1, "x-a"), true},
		{"blanks around", lines(1, " x-a\t,\tx-b "), true},
		{"16 lines", lines(16, "x-a"), true},
		{"17 lines", lines(17, "x-a"), false},
		{"1024 bytes", lines(1, strings.Repeat("a", 1024)), true},
		{"1025 bytes", lines(1, strings.Repeat("a", 1025)), false},
		{"1024 bytes in two lines", lines(2, strings.Repeat("a", 512)), true},
		{"1026 bytes in two lines", lines(2, strings.Repeat("a", 513)), false},
		{"16 empty elements", lines(1, strings.Repeat(",", 16)+"x-a"), true},
		{"17 empty elements", lines(1, strings.Repeat(",", 17)+"x-a"), false},
		{"17 empty elements in two lines", []string{strings.Repeat(",", 8) + "x-a", strings.Repeat(" ,", 9) + "x-a"}, false},
		{"a blank inside", lines(1, "x a"), false},
		{"a colon", lines(1, "x-a:"), false},
		{"a line break", lines(1, "x-a\r\nx-b"), false},
		{"a bad second line", []string{"x-a", "x b"}, false},
		{"no-break space", lines(1, "x-a,\u00a0"), false},
	}
	for _, tt := range tests {
		if got := fetch.AreEchoableHeaders(tt.lines); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestElements(t *testing.T) {
	lines := []string{"a, b\t,,", "", " ", "c", ",d d"}
	collect := func(limit int) (got []string) {
		fetch.Elements(lines, func(s string) bool {
			got = append(got, s)
			return len(got) < limit
		})
		return got
	}
	want := []string{"a", "b", "c", "d d"}
	for n := 1; n <= len(want); n++ {
		if got := collect(n); !slices.Equal(got, want[:n]) {
			t.Errorf("the first %d: %q, want %q", n, got, want[:n])
		}
	}
	if got := collect(99); !slices.Equal(got, want) {
		t.Errorf("all: %q, want %q", got, want)
	}
}

// FuzzHeaderLists compares Elements and AreEchoableHeaders with strings.Split.
func FuzzHeaderLists(f *testing.F) {
	for _, seed := range [][2]string{
		{"", ""}, {"x-a", "x-b"}, {" x-a\t,", ",,x-b"}, {"x a", "x-a\r\nSet-Cookie: a=b"}, {strings.Repeat(",", 17), "\xff"}, {"0", "*"},
	} {
		f.Add(seed[0], seed[1])
	}
	element := regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	f.Fuzz(func(t *testing.T, a, b string) {
		lines := []string{a, b}
		var want []string
		echoable, empty := len(a)+len(b) <= fetch.MaxEchoedHeaders, 0
		for _, line := range lines {
			elements := strings.Split(line, ",")
			for i, e := range elements {
				e = strings.Trim(e, " \t")
				switch {
				case e != "":
					want = append(want, e)
					echoable = echoable && e != "*" && element.MatchString(e)
				case i < len(elements)-1 || elements[i] != "":
					empty++
				}
			}
		}
		var got []string
		fetch.Elements(lines, func(s string) bool { got = append(got, s); return true })
		if !slices.Equal(got, want) {
			t.Errorf("Elements(%q) = %q, want %q", lines, got, want)
		}
		if got, want := fetch.AreEchoableHeaders(lines), echoable && empty <= 16; got != want {
			t.Errorf("AreEchoableHeaders(%q) = %v, want %v", lines, got, want)
		}
	})
}
