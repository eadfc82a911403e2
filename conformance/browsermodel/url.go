package browsermodel

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/corskit/corskit/conformance/internal/text"
)

// NormalizeURL returns an absolute http or https URL as a browser sends it: the
// host in ASCII and lower case, without the default port, with slashes instead of
// backslashes, with "." and ".." segments resolved even if they are escaped, and
// without a fragment (URL Standard, basic URL parser). If the finding is not OK, it
// says why fetch() does not accept the URL.
//
// IPv4 addresses must consist of four decimal numbers.
func NormalizeURL(rawURL string) (string, Finding) {
	u, finding := parseURL(rawURL)
	if !finding.OK {
		return "", finding
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", refuse(CodeURL, "the URL "+text.Clip(rawURL)+" is not an absolute http or https URL")
	}
	var b strings.Builder
	b.WriteString(u.Scheme + "://")
	if u.User != nil {
		b.WriteString(u.User.String() + "@")
	}
	b.WriteString(u.Host)
	// RawPath is the path as given, or empty if Go escapes the path in the same way.
	b.WriteString(withoutDots(escaped(cmp.Or(u.RawPath, u.EscapedPath()), "\"<>^`{}")))
	if u.RawQuery != "" || u.ForceQuery {
		b.WriteString("?" + escaped(u.RawQuery, `"<>'`))
	}
	return b.String(), finding
}

// OriginOf returns the serialized origin of a URL: scheme and host, without the default
// port. The host of a web page is in lower case and ASCII; in other schemes, it is as
// given. If the URL has no origin, OriginOf returns "null".
//
// A URL that consists of a scheme and "://", such as file:// or qrc://, is an origin
// that shells of applications send for all pages of the scheme. The origin of
// file:///x.html is "null", as in browsers.
func OriginOf(rawURL string) string {
	u, finding := parseURL(rawURL)
	if !finding.OK || u.Scheme == "" {
		return "null"
	}
	origin := u.Scheme + "://" + u.Host
	if u.Host == "" && (isSpecial(u.Scheme) || rawURL != origin) {
		return "null"
	}
	return origin
}

// defaultPorts has the special schemes, in which hosts are domains and addresses (URL
// Standard, "special scheme").
var defaultPorts = map[string]uint64{"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}

func isSpecial(scheme string) bool { return defaultPorts[scheme] != 0 }

// withoutBreaks removes what the URL parser of browsers ignores inside a URL.
var withoutBreaks = strings.NewReplacer("\t", "", "\r", "", "\n", "")

// parseURL parses a URL. The Host is as browsers spell it; path and query are
// unchanged.
func parseURL(rawURL string) (*url.URL, Finding) {
	trimmed := strings.TrimFunc(rawURL, func(r rune) bool { return r <= ' ' })
	u, err := url.Parse(withSlashes(withoutBreaks.Replace(trimmed)))
	if err != nil {
		return nil, refuse(CodeURL, "the URL "+text.Clip(rawURL)+" is invalid")
	}
	host, port := u.Hostname(), u.Port()
	special := isSpecial(u.Scheme)
	if host == "" && port != "" {
		return nil, refuse(CodeURL, "the URL "+text.Clip(rawURL)+" has a port without a host")
	}
	if special && host != "" || strings.Contains(host, ":") {
		ascii, fault := asciiHost(host)
		if fault != "" {
			return nil, refuse(CodeURL, "the host "+text.Clip(host)+" "+fault)
		}
		host = ascii
	}
	if port != "" {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, refuse(CodeURL, "the port "+text.Clip(port)+" is beyond 65535")
		}
		port = ":" + strconv.FormatUint(number, 10)
		if special && number == defaultPorts[u.Scheme] {
			port = ""
		}
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	u.Host = host + port
	return u, Finding{OK: true, Code: CodeOK}
}

// domainToASCII uses the options of the URL Standard ("domain to ASCII", not strict).
var domainToASCII = idna.New(
	idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false),
	idna.CheckHyphens(false), idna.StrictDomainName(false), idna.VerifyDNSLength(false),
)

// asciiHost returns a host as browsers spell it, an IPv6 address without its
// brackets, or what is wrong with it (URL Standard, host parser).
func asciiHost(host string) (ascii, fault string) {
	const noName = "is not a valid host name"
	if strings.Contains(host, ":") {
		a, err := netip.ParseAddr(host)
		if err != nil || a.Zone() != "" {
			return "", "is not an IPv6 address"
		}
		if b := a.As16(); a.Is4In6() { // Go formats these with an IPv4 address
			return fmt.Sprintf("::ffff:%x:%x", uint(b[12])<<8|uint(b[13]), uint(b[14])<<8|uint(b[15])), ""
		}
		return a.String(), ""
	}
	ascii = text.Lower(host)
	if isASCII := strings.IndexFunc(host, func(r rune) bool { return r > '~' }) < 0; !isASCII || strings.Contains("."+ascii, ".xn--") {
		var err error
		if ascii, err = domainToASCII.ToASCII(host); err != nil {
			return "", noName
		}
	}
	if ascii == "" || strings.ContainsFunc(ascii, isForbiddenInDomain) {
		return "", noName
	}
	if endsInNumber(ascii) {
		if a, err := netip.ParseAddr(ascii); err != nil || !a.Is4() {
			return "", "is an IPv4 address to browsers: write it as four decimal numbers"
		}
	}
	return ascii, ""
}

// isForbiddenInDomain is the URL Standard's forbidden domain code point.
func isForbiddenInDomain(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune(`#/:<>?@[\]^|%`, r)
}

// endsInNumber reports whether browsers treat a host as an IPv4 address (URL
// Standard, "ends in a number checker").
func endsInNumber(host string) bool {
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	last := labels[len(labels)-1]
	if digits, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return text.IsDigits(last)
}

// withoutDots resolves the "." and ".." segments of a path, with escaped or
// unescaped dots (URL Standard, path state).
func withoutDots(path string) string {
	var kept []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, segment := range segments {
		dots := strings.ReplaceAll(text.Lower(segment), "%2e", ".")
		switch dots {
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		case ".":
		default:
			kept = append(kept, segment)
			continue
		}
		if i == len(segments)-1 {
			kept = append(kept, "") // the result ends in a slash
		}
	}
	return "/" + strings.Join(kept, "/")
}

// escaped escapes what is not printable ASCII, and the characters in more (URL
// Standard, percent-encode sets).
func escaped(s, more string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || strings.IndexByte(more, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
