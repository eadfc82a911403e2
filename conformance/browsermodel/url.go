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

// OriginOf returns the serialized origin of a URL: scheme and host in lower case and
// ASCII, without the default port. If the URL has no origin, it returns "null".
func OriginOf(rawURL string) string {
	u, finding := parseURL(rawURL)
	if !finding.OK || u.Scheme == "" || u.Host == "" {
		return "null"
	}
	return u.Scheme + "://" + u.Host
}

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
	if special := u.Scheme == "http" || u.Scheme == "https"; special && host != "" {
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
		if u.Scheme == "http" && number == 80 || u.Scheme == "https" && number == 443 {
			port = ""
		}
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	u.Host = text.Lower(host) + port
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
