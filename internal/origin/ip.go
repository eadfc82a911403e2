package origin

import (
	"net/netip"
	"strconv"
	"strings"
)

// endsInNumber reports whether a host's last label is a number. The URL
// Standard's host parser then treats the host as an IPv4 address.
func endsInNumber(host string) bool {
	if c := host[len(host)-1]; c > 'f' && c != 'x' {
		return false // a shortcut: most last labels are words
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == "" || !isDigit(last[0]) {
		return false
	}
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}

// isIPv4 reports whether host is an IPv4 address in its canonical form:
// four decimal numbers without leading zeros.
func isIPv4(host string) bool {
	n, digits, dots := 0, 0, 0
	for i := 0; i < len(host); i++ {
		switch c := host[i]; {
		case '0' <= c && c <= '9':
			if digits > 0 && n == 0 {
				return false
			}
			if n = n*10 + int(c-'0'); n > 255 {
				return false
			}
			digits++
		case c == '.' && digits > 0:
			n, digits = 0, 0
			dots++
		default:
			return false
		}
	}
	return dots == 3 && digits > 0
}

// canonicalIPv4 returns the canonical form of an IPv4 address in any spelling
// that the URL Standard's IPv4 parser accepts: hexadecimal, octal, fewer parts.
func canonicalIPv4(host string) (string, bool) {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(parts) > 4 {
		return "", false
	}
	var addr uint64
	for i, p := range parts {
		base := 10
		switch {
		case strings.HasPrefix(p, "0x"):
			p, base = p[2:], 16
			if p == "" {
				p = "0"
			}
		case len(p) > 1 && p[0] == '0':
			p, base = p[1:], 8
		}
		n, err := strconv.ParseUint(p, base, 32)
		if err != nil {
			return "", false
		}
		if i < len(parts)-1 {
			if n > 255 {
				return "", false
			}
			addr |= n << (8 * (3 - i))
			continue
		}
		if n >= 1<<(8*(5-len(parts))) {
			return "", false
		}
		addr |= n
	}
	b := [4]byte{byte(addr >> 24), byte(addr >> 16), byte(addr >> 8), byte(addr)}
	return netip.AddrFrom4(b).String(), true
}

// canonicalIPv6 reports whether s is an IPv6 address, without brackets, as the
// URL Standard's IPv6 serializer writes it.
func canonicalIPv6(s string) bool {
	var buf [40]byte
	addr, ok := parseIPv6(s)
	return ok && string(appendIPv6(buf[:0], addr)) == s
}

// parseIPv6 parses only the colon-separated hexadecimal form, because browsers
// never serialize a dotted tail. Unlike netip.ParseAddr, it does not allocate
// errors.
func parseIPv6(s string) (a [8]uint16, ok bool) {
	n, gap := 0, -1
	if strings.HasPrefix(s, "::") {
		gap = 0
		s = s[2:]
	}
	for s != "" {
		if n == 8 {
			return a, false
		}
		v, i := 0, 0
		for ; i < len(s) && i < 5 && s[i] != ':'; i++ {
			d := strings.IndexByte("0123456789abcdef", s[i])
			if d < 0 {
				return a, false
			}
			v = v<<4 | d
		}
		if i == 0 || i > 4 {
			return a, false
		}
		a[n] = uint16(v)
		n++
		if s = s[i:]; s == "" {
			break
		}
		if s = s[1:]; s == "" {
			return a, false
		}
		if s[0] == ':' {
			if gap >= 0 {
				return a, false
			}
			gap = n
			s = s[1:]
		}
	}
	if gap < 0 {
		return a, n == 8
	}
	if n > 7 {
		return a, false
	}
	tail := a[gap:n]
	shift := 8 - n
	for i := len(tail) - 1; i >= 0; i-- {
		a[gap+shift+i] = tail[i]
	}
	for i := gap; i < gap+shift; i++ {
		a[i] = 0
	}
	return a, true
}

// appendIPv6 appends an address as the URL Standard's IPv6 serializer writes it.
// It compresses the first longest run of two or more zero pieces. Unlike netip, it
// writes no dotted tail for IPv4-mapped addresses.
func appendIPv6(b []byte, a [8]uint16) []byte {
	start, length := -1, 1
	for i := range a {
		j := i
		for j < 8 && a[j] == 0 {
			j++
		}
		if j-i > length {
			start, length = i, j-i
		}
	}
	for i := 0; i < 8; i++ {
		if i == start {
			b = append(b, "::"...)
			i += length - 1
			continue
		}
		if i > 0 && i != start+length {
			b = append(b, ':')
		}
		b = strconv.AppendUint(b, uint64(a[i]), 16)
	}
	return b
}

// respellIPv6 returns the canonical form of an IPv6 address in any spelling.
func respellIPv6(s string) (string, bool) {
	addr, err := netip.ParseAddr(s)
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return "", false
	}
	var pieces [8]uint16
	bytes := addr.As16()
	for i := range pieces {
		pieces[i] = uint16(bytes[2*i])<<8 | uint16(bytes[2*i+1])
	}
	return string(appendIPv6(nil, pieces)), true
}
