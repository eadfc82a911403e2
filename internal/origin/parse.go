package origin

import "strings"

// Limits of the origins that a browser can send. A host that DNS resolves has at
// most 253 bytes, in labels of at most 63 (RFC 1035, section 2.3.4).
const (
	maxScheme = 64
	maxHost   = 253
	maxLabel  = 63

	// MaxLen is the length in bytes of the longest origin that [Parse] accepts.
	MaxLen = maxScheme + len("://") + maxHost + len(":65535")
)

// Origin holds the parts of a parsed origin. They are substrings of the parsed
// string.
type Origin struct {
	Scheme string
	Host   string // an IPv6 address includes its brackets
	Port   uint16 // 0 if absent: the scheme's default port
}

// Insecure reports whether pages of the origin come over a network as plain http:
// the scheme is http, and the host is not loopback.
func (o Origin) Insecure() bool {
	return o.Scheme == "http" && !loopback(o.Host)
}

// IsAddress reports whether the host is an IP address.
func (o Origin) IsAddress() bool { return strings.HasPrefix(o.Host, "[") || isIPv4(o.Host) }

// loopback reports whether host is the machine that the browser runs on.
func loopback(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		host == "[::1]" || strings.HasPrefix(host, "127.") && isIPv4(host)
}

// Parse splits an origin into its parts. It accepts the strings of at most [MaxLen]
// bytes that a browser can send for a tuple origin, except those that only an exact
// entry matches; see [IsOrigin]. "null" is not one. Parse does not allocate.
func Parse(s string) (o Origin, ok bool) {
	if !o.split(s) || !isHost(o.Host, isSpecial(o.Scheme)) {
		return Origin{}, false
	}
	return o, true
}

// split is like [Parse] but does not check the host: s is an origin only if
// [isHost] accepts the host too. Most origins that match no pattern can be rejected
// without that check.
func (o *Origin) split(s string) (ok bool) {
	if len(s) > MaxLen {
		return false
	}
	scheme, host, ok := cutScheme(s)
	if !ok || host == "" {
		return false
	}
	o.Scheme, o.Host = scheme, host
	if !isDigit(host[len(host)-1]) {
		return true
	}
	port, unit, at := 0, 1, len(host)-1
	for at > 0 && isDigit(host[at]) && unit <= 10_000 {
		port += unit * int(host[at]-'0')
		unit *= 10
		at--
	}
	if host[at] != ':' {
		return true // isHost refuses a longer number after a colon
	}
	o.Host, o.Port = host[:at], uint16(port)
	return host[at+1] != '0' && port <= 65535 && o.Port != defaultPort(scheme)
}

// cutScheme splits s around "://" and checks the scheme (RFC 3986, section 3.1, in
// lower case).
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
	// A scheme begins with a letter. Other bytes of a scheme, and ':', are below 'a'.
	if !strings.HasPrefix(s[i:], "://") || s[0] < 'a' {
		return "", s, false
	}
	return s[:i], s[i+len("://"):], true
}

func schemeByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'
}

// isHost reports whether host is a domain or an address as browsers send it.
func isHost(host string, special bool) bool {
	if strings.HasPrefix(host, "[") {
		return isIPv6(host)
	}
	return isName(host, special) && !(special && endsInNumber(host) && !isIPv4(host))
}

// isName reports whether the bytes of host and the lengths of its labels are those
// of a domain or an IPv4 address. Hosts of special schemes must be in lower case.
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

// areLabels reports whether every byte of s is allowed in a host, and no two dots
// are adjacent. If upper is set, upper case is allowed.
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

// A word has eight bytes. lowBits and highBits have the lowest and the highest bit
// of each byte set.
const (
	wordSize = 8
	lowBits  = 0x01_01_01_01_01_01_01_01
	highBits = lowBits << 7
)

// areLabelWords is like areLabels without upper case, for strings of at least eight
// bytes. It checks a word at a time. Each word begins with the last byte of the
// previous one, so two adjacent dots are always in the same word.
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

// within sets the high bit of each byte of w that is from low to high, which must
// be ASCII. If w contains non-ASCII bytes, the result may be wrong.
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

// shortLabels reports whether every maxLabel+1 consecutive bytes contain a dot.
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

// isIPv6 reports whether host is an IPv6 address in its canonical form, in
// brackets. host must begin with a bracket.
func isIPv6(host string) bool {
	const longest = len("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]")
	address, ok := strings.CutSuffix(host[1:], "]")
	return ok && len(host) <= longest && canonicalIPv6(address)
}

// isSpecial reports whether hosts in URLs of the scheme are domains or addresses,
// not opaque strings (URL Standard, "special scheme").
func isSpecial(scheme string) bool { return defaultPort(scheme) != 0 }

// defaultPort returns the default port of a special scheme, and 0 for other schemes.
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
