package origin

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
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
