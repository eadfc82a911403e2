package origin

import "strings"

// Bounds of what a browser can send as an origin. A host that DNS resolves has
// at most 253 bytes in labels of at most 63 (RFC 1035, section 2.3.4).
const (
	maxScheme = 64
	maxHost   = 253
	maxLabel  = 63

	// MaxLen is the length in bytes of the longest origin that [Parse] accepts.
	MaxLen = maxScheme + len("://") + maxHost + len(":65535")
)

// Origin is the parts of a parsed origin. They share the memory of the string
// they were parsed from.
type Origin struct {
	Scheme string
	Host   string // with its brackets if it is an IPv6 address
	Port   uint16 // 0 if absent, which stands for the scheme's default port
}

// Insecure reports whether pages of the origin, or of the hosts a pattern names,
// come over plain http from elsewhere than the machine the browser runs on.
func (o Origin) Insecure() bool {
	return o.Scheme == "http" && !loopback(o.Host)
}

func loopback(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		host == "[::1]" || strings.HasPrefix(host, "127.") && isIPv4(host)
}

// Parse splits an origin into its parts. It accepts exactly the spellings in
// which a browser can serialise a tuple origin, bounded by [MaxLen]; "null" is
// none of them. It does not allocate.
func Parse(s string) (o Origin, ok bool) {
	scheme, host, port, ok := split(s)
	if !ok || !isHost(host, isSpecial(scheme)) {
		return o, false
	}
	return Origin{scheme, host, port}, true
}

// split takes s apart without looking at each byte of it: it is an origin only if
// the host is one, too. A matcher can tell by the parts that most origins are none
// of its own.
func split(s string) (scheme, host string, port uint16, ok bool) {
	if len(s) > MaxLen {
		return "", "", 0, false
	}
	scheme, host, ok = cutScheme(s)
	if !ok || host == "" {
		return "", "", 0, false
	}
	if !isDigit(host[len(host)-1]) {
		return scheme, host, 0, true
	}
	colon := strings.LastIndexByte(host, ':')
	if colon < 0 {
		return scheme, host, 0, true
	}
	port, ok = parsePort(host[colon+1:])
	return scheme, host[:colon], port, ok && port != defaultPort(scheme)
}

// cutScheme cuts s around "://" and checks the scheme (RFC 3986, section 3.1,
// in lower case).
func cutScheme(s string) (scheme, rest string, ok bool) {
	switch {
	case strings.HasPrefix(s, "https://"):
		return s[:5], s[8:], true
	case strings.HasPrefix(s, "http://"):
		return s[:4], s[7:], true
	}
	i := 0
	for i < len(s) && i < maxScheme && schemeByte(s[i]) {
		i++
	}
	// Of what may stand in a scheme, and before "://", letters alone are not below 'a'.
	if !strings.HasPrefix(s[i:], "://") || s[0] < 'a' {
		return "", s, false
	}
	return s[:i], s[i+len("://"):], true
}

func schemeByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'
}

// isHost reports whether host is a domain or an address as browsers serialise it.
func isHost(host string, special bool) bool {
	if strings.HasPrefix(host, "[") {
		return isIPv6(host)
	}
	return isName(host, special) && !(special && endsInNumber(host) && !isIPv4(host))
}

// isName reports whether host is a domain or an IPv4 address by its bytes and the
// lengths of its labels. The hosts of special schemes are in lower case.
func isName(host string, special bool) bool {
	switch {
	case host == "" || len(host) > maxHost || host[0] == '.' || host[len(host)-1] == '.':
		return false
	case !special || len(host) < wordSize:
		return areLabels(host, !special)
	default:
		return areLabelWords(host) && shortLabels(host)
	}
}

// areLabels reports whether what stands in s may stand in a host, and no dot
// beside another.
func areLabels(s string, upper bool) bool {
	dot := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '.':
			if dot {
				return false
			}
			dot = true
			continue
		case 'a' <= c && c <= 'z', isDigit(c), c == '-', c == '_':
		case upper && 'A' <= c && c <= 'Z':
		default:
			return false
		}
		dot = false
	}
	return true
}

// A word is eight bytes; these are the lowest and the highest bit of each.
const (
	wordSize = 8
	lowBits  = 0x01_01_01_01_01_01_01_01
	highBits = lowBits << 7
)

// areLabelWords is areLabels without upper case, for eight bytes or more, which it
// looks at eight at a time. Each word begins with the last byte of the one before,
// so that two dots are always seen together.
func areLabelWords(s string) bool {
	bad := uint64(0)
	for i := 0; ; i = min(i+wordSize-1, len(s)-wordSize) {
		w := word(s[i : i+wordSize])
		dots := within(w, '.', '.')
		good := within(w, 'a', 'z') | within(w, '0', '9') | within(w, '-', '-') | within(w, '_', '_') | dots
		bad |= w | ^good | dots&(dots&highBits<<8)
		if i == len(s)-wordSize {
			return bad&highBits == 0
		}
	}
}

// within sets the high bit of those bytes of w that are from low to high, all of
// them ASCII. If a byte of w is not ASCII, it may be wrong about others.
func within(w, low, high uint64) uint64 {
	return (w + (0x80-low)*lowBits) &^ (w + (0x7f-high)*lowBits)
}

// word returns the first eight bytes of s.
func word(s string) uint64 {
	_ = s[wordSize-1]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// shortLabels reports whether a dot stands in every stretch of maxLabel+1 bytes.
func shortLabels(host string) bool {
	for len(host) > maxLabel {
		dot := strings.LastIndexByte(host[:maxLabel+1], '.')
		if dot < 0 {
			return false
		}
		host = host[dot+1:]
	}
	return true
}

// isIPv6 reports whether host, which begins with a bracket, is an IPv6 address in
// its canonical form and in brackets.
func isIPv6(host string) bool {
	const longest = len("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]")
	address, ok := strings.CutSuffix(host[1:], "]")
	return ok && len(host) <= longest && canonicalIPv6(address)
}

// isSpecial reports whether URLs of the scheme have a domain or an address as
// host and not an opaque one (URL Standard, "special scheme").
func isSpecial(scheme string) bool { return defaultPort(scheme) != 0 }

func defaultPort(scheme string) uint16 {
	switch scheme {
	case "https", "wss":
		return 443
	case "http", "ws":
		return 80
	case "ftp":
		return 21
	}
	return 0
}

// parsePort parses 1 to 65535 without leading zeros.
func parsePort(s string) (uint16, bool) {
	if s == "" || len(s) > 5 || s[0] == '0' {
		return 0, false
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return uint16(n), n <= 65535
}
