package origin

import (
	"math/rand/v2"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// refMatch is the reference that tests compare a Matcher with. It tries the
// patterns one by one, each with a regular expression made from the pattern's text,
// and shares no code with the matcher. entries[i] belongs to owners[i]. It returns
// the lowest owner.
func refMatch(entries []string, owners []int, s string) int {
	best := NoOwner
	for i, e := range entries {
		if (best == NoOwner || owners[i] < best) && refOne(e, s) {
			best = owners[i]
		}
	}
	return best
}

var refCache = map[string]*regexp.Regexp{}

func refCompile(expr string) *regexp.Regexp {
	re := refCache[expr]
	if re == nil {
		re = regexp.MustCompile(expr)
		refCache[expr] = re
	}
	return re
}

func refOne(entry, s string) bool {
	switch {
	case entry == "*":
		return s == "null" || refValid(s) || refListed(s)
	case entry == "null":
		return s == "null"
	case entry == "@loopback":
		return refValid(s) && refCompile(`^https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?$`).MatchString(s)
	case strings.HasPrefix(entry, "regexp:"):
		return refValid(s) && refCompile(`^(?:`+entry[len("regexp:"):]+`)$`).FindString(s) == s && s != "" &&
			refCompile(`\A(?:`+entry[len("regexp:"):]+`)\z`).MatchString(s)
	case !strings.Contains(entry, "*") && !refCompile(`:[0-9]+-[0-9]+$`).MatchString(entry):
		return s == entry
	}
	if !refValid(s) {
		return false
	}
	scheme, rest, _ := strings.Cut(entry, "://")
	host, ports := rest, ""
	if m := refCompile(`^(.*):([0-9*-]+)$`).FindStringSubmatch(rest); m != nil && !strings.HasSuffix(rest, "]") {
		host, ports = m[1], m[2]
	}
	expr := "^" + regexp.QuoteMeta(scheme) + "://"
	label := `[a-z0-9_-]+`
	if refDefaults[scheme] == "" {
		label = `[A-Za-z0-9_-]+`
	}
	if h, ok := strings.CutPrefix(host, "*."); ok {
		expr += `(?:` + label + `\.)+`
		host = h
	}
	for i, lit := range strings.Split(host, "*") {
		if i > 0 {
			expr += label
		}
		expr += regexp.QuoteMeta(lit)
	}
	m := refCompile(expr + `(?::([0-9]+))?$`).FindStringSubmatch(s)
	if m == nil {
		return false
	}
	port := m[1]
	if port == "" {
		port = refDefaults[scheme]
	}
	n, _ := strconv.Atoi(port)
	low, high, isRange := strings.Cut(ports, "-")
	switch {
	case ports == "":
		return m[1] == ""
	case ports == "*":
		return true
	case isRange && port == "":
		return false
	case isRange:
		l, _ := strconv.Atoi(low)
		h, _ := strconv.Atoi(high)
		return l <= n && n <= h
	default:
		return m[1] == ports
	}
}

// refOrigin splits an origin into scheme, host and port.
const refOrigin = `^([a-z][a-z0-9+.-]{0,63})://(\[[0-9a-f:]+\]|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)(?::([1-9][0-9]{0,4}))?$`

var refDefaults = map[string]string{"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}

// refListed reports whether s is an origin that only an exact entry and "*" match.
func refListed(s string) bool {
	m := refCompile(`^([a-z][a-z0-9+.-]{0,63})://(|([^:]*)\.(:[0-9]+)?)$`).FindStringSubmatch(s)
	switch {
	case m == nil:
		return false
	case m[3] == "": // no host, or a dot
		return refDefaults[m[1]] == "" && (m[4] == "" || refValid(m[1]+"://a"+m[4]))
	}
	number := refCompile(`(^|\.)([0-9]+|0x[0-9a-f]*)$`).MatchString(m[3])
	return refValid(m[1]+"://"+m[3]+m[4]) && !(number && refDefaults[m[1]] != "")
}

// refValid reports whether s is an origin. It was written from the standards and
// shares no code with Parse.
func refValid(s string) bool {
	m := refCompile(refOrigin).FindStringSubmatch(s)
	if m == nil || len(m[2]) > 253 {
		return false
	}
	scheme, host, port := m[1], m[2], m[3]
	if n, _ := strconv.Atoi(port); n > 65535 {
		return false
	}
	if port != "" && refDefaults[scheme] == port {
		return false
	}
	if host[0] == '[' {
		a, err := netip.ParseAddr(host[1 : len(host)-1])
		if err != nil {
			return false
		}
		if a.Is4In6() {
			b := a.As16()
			hi, lo := uint64(b[12])<<8|uint64(b[13]), uint64(b[14])<<8|uint64(b[15])
			return host == "[::ffff:"+strconv.FormatUint(hi, 16)+":"+strconv.FormatUint(lo, 16)+"]"
		}
		return host == "["+a.String()+"]"
	}
	if refDefaults[scheme] == "" {
		return true
	}
	if strings.ToLower(host) != host {
		return false
	}
	for _, l := range strings.Split(host, ".") {
		if len(l) > 63 {
			return false
		}
	}
	if refCompile(`(^|\.)([0-9]+|0x[0-9a-f]*)$`).MatchString(host) {
		a, err := netip.ParseAddr(host)
		return err == nil && a.Is4() && a.String() == host
	}
	return true
}

// generator makes patterns and origins from a few parts, so that they often match
// or almost match.
type generator struct{ *rand.Rand }

func (g generator) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g generator) label() string {
	return g.pick("a", "b", "ab", "ba", "x-a", "a-x", "team", "pr-1", "pr-", "-a", "_", "a-team", "example", "com", "localhost",
		"xn--a", "1")
}

func (g generator) host() string {
	h := g.label()
	for range g.IntN(4) {
		h += "." + g.label()
	}
	if g.IntN(12) == 0 {
		h = g.pick("127.0.0.1", "[::1]", "[2001:db8::1]", "10.0.0.1", "localhost", "127.1", "[0::1]", "1.2.3.256")
	}
	return h
}

func (g generator) origin() string {
	o := g.pick("https", "https", "http", "app", "ws") + "://" + g.host()
	if g.IntN(3) == 0 {
		o += g.pick(":1", ":80", ":443", ":3000", ":3999", ":65535", ":65536", ":0", ":01", ":")
	}
	if g.IntN(4) == 0 {
		i := g.IntN(len(o) + 1)
		hostile := g.pick("/", "?", "#", "@", ":", "\\", "{", "}", ".", "..", "%60", "`", "_", "-", "A", "\x00", "é", " ", ",", "*",
			"null", "a", "://", "]", "[")
		if g.IntN(2) == 0 || i == len(o) {
			o = o[:i] + hostile + o[i:]
		} else {
			o = o[:i] + hostile + o[i+1:]
		}
	}
	return o
}

func (g generator) pattern() string {
	if g.IntN(25) == 0 {
		return g.pick("null", "@loopback", "*", `regexp:https?://a.*`, `regexp:https://(a|b)+\.com`, `regexp:[a-z]+://[a-z.]+`)
	}
	h := g.host()
	switch g.IntN(6) {
	case 0:
		h = "*." + h
	case 1, 2:
		i := g.IntN(len(h))
		h = h[:i] + "*" + h[i:]
	case 3:
		i, j := g.IntN(len(h)), g.IntN(len(h))
		h = h[:min(i, j)] + "*" + h[min(i, j):max(i, j)] + "*" + h[max(i, j):]
	}
	p := g.pick("https", "https", "http", "app") + "://" + h
	if g.IntN(3) == 0 {
		p += g.pick(":1", ":3000", ":*", ":3000-3999", ":1-65535", ":79-81", ":8443")
	}
	return p
}

// The compiled matcher agrees with the reference for a million pairs of pattern
// lists and origins.
func TestMatcherAgainstReference(t *testing.T) {
	pairs := 1_000_000
	if testing.Short() {
		pairs = 100_000
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	g := generator{rand.New(rand.NewPCG(seed, 1))}
	matched := 0
	for done := 0; done < pairs; {
		var entries []string
		var owners []int
		owner := 0
		for len(entries) < 1+g.IntN(12) {
			e := g.pattern()
			if e == "*" && g.IntN(4) > 0 || parseStrict(e, func(Pattern) {}) != nil {
				continue
			}
			if g.IntN(3) == 0 {
				owner++
			}
			entries, owners = append(entries, e), append(owners, owner)
		}
		m := build(t, entries, owners)
		for range 200 {
			o := g.origin()
			if g.IntN(4) == 0 {
				o = strings.ReplaceAll(entries[g.IntN(len(entries))], "*", g.pick("a", "1", "", ".", "a.b", "-", "*", "team"))
			}
			got, want := m.Match(o, everyone), refMatch(entries, owners, o)
			if got != want {
				t.Fatalf("seed %d: patterns %q of %d, origin %q: Match = %d, the reference says %d", seed, entries, owners, o, got, want)
			}
			if got != NoOwner {
				matched++
				if _, p := m.Find(o, everyone); !refOne(p, o) {
					t.Fatalf("origin %q: Find returns %q, which does not match it", o, p)
				}
			}
			done++
		}
		if len(refCache) > 100_000 {
			clear(refCache)
		}
	}
	t.Logf("%d of %d matched", matched, pairs)
	if matched < pairs/20 {
		t.Errorf("only %d of %d origins matched; the generator must produce more matches", matched, pairs)
	}
}
