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
	if len(s) > MaxLen {
		return o, false
	}
	o.Scheme, s, ok = cutScheme(s)
	if !ok {
		return o, false
	}
	special := isSpecial(o.Scheme)
	n := 0
	if s != "" && s[0] == '[' {
		n = scanIPv6(s)
	} else {
		n = scanHost(s, special)
	}
	if n == 0 {
		return o, false
	}
	o.Host, s = s[:n], s[n:]
	if special && endsInNumber(o.Host) && !isIPv4(o.Host) {
		return o, false
	}
	if s == "" {
		return o, true
	}
	if s[0] != ':' {
		return o, false
	}
	o.Port, ok = parsePort(s[1:])
	return o, ok && o.Port != defaultPort(o.Scheme)
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

// Classes of bytes. One of none may stand in a label of a domain in its ASCII
// form, and so in every host.
const (
	opaqueByte = 1 << iota // may stand in the host of a scheme that browsers do not know
	dotByte
	otherByte // may stand in no host
)

var class = func() (t [256]uint8) {
	for c := range t {
		switch b := byte(c); {
		case 'a' <= b && b <= 'z', '0' <= b && b <= '9', b == '-', b == '_':
		case 'A' <= b && b <= 'Z':
			t[c] = opaqueByte
		case b == '.':
			t[c] = dotByte
		default:
			t[c] = otherByte
		}
	}
	return t
}()

// scanHost returns the length of the domain or IPv4 address that s begins with,
// or 0 if what stands there before a ':' or the end is none. It has no branches
// within the loop, so that no host costs much more than another.
func scanHost(s string, special bool) int {
	n := strings.IndexByte(s, ':')
	if n < 0 {
		n = len(s)
	}
	if n == 0 || n > maxHost {
		return 0
	}
	host := s[:n]
	bad, last := uint8(0), uint8(dotByte)
	for i := 0; i < len(host); i++ {
		c := class[host[i]]
		bad |= c&^dotByte | c&last
		last = c
	}
	bad |= last & dotByte
	allowed := uint8(opaqueByte)
	if special {
		allowed = 0
	}
	if bad&^allowed != 0 || special && !shortLabels(host) {
		return 0
	}
	return n
}

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

// scanIPv6 returns the length of the bracketed address that s begins with, or 0.
func scanIPv6(s string) int {
	const longest = len("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]")
	address, _, ok := strings.Cut(s[:min(len(s), longest)], "]")
	if !ok || !canonicalIPv6(address[1:]) {
		return 0
	}
	return len(address) + len("]")
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
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return uint16(n), n <= 65535
}
