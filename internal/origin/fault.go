package origin

import (
	"errors"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Reason classifies a [Fault]. The values are those of core.Reason.
type Reason string

const (
	Empty         Reason = "empty"
	MissingScheme Reason = "missing-scheme"
	MissingHost   Reason = "missing-host"
	Syntax        Reason = "syntax"
	WhiteSpace    Reason = "white-space"
	UpperCase     Reason = "upper-case"
	NonASCII      Reason = "non-ascii"
	TrailingSlash Reason = "trailing-slash"
	HasPath       Reason = "path"
	Userinfo      Reason = "userinfo"
	TrailingDot   Reason = "trailing-dot"
	BadHost       Reason = "host"
	BadIPv4       Reason = "ipv4"
	BadIPv6       Reason = "ipv6"
	BadPort       Reason = "port"
	DefaultPort   Reason = "default-port"
	BadWildcard   Reason = "wildcard"
	BadRegexp     Reason = "regexp"
	List          Reason = "list"
	TooLong       Reason = "too-long"
)

// Fault is what is wrong with a pattern, and how to fix it.
type Fault struct {
	Reason     Reason
	Detail     string
	Suggestion string
}

// advice is what to do where no corrected spelling suggests itself.
func (r Reason) advice() string {
	switch r {
	case BadPort:
		return "write a port as in :3000, a range as in :3000-3999, or :* for any"
	case BadIPv4, BadIPv6:
		return "write the address as browsers show it, or a host name"
	case TooLong:
		return "shorten it, or use AllowOriginFunc"
	default:
		return "write an origin as browsers send it, such as https://app.example.com"
	}
}

// maxDiagnosed bounds the entries for which a corrected spelling is sought.
const maxDiagnosed = 1024

// diagnose explains why s is no pattern. It corrects s in the way a person
// would, one fault after the other; the first fault found is the one reported,
// with the corrected spelling if that turns out to be a pattern.
func diagnose(s string, strict *Fault) *Fault {
	if s == "" {
		return &Fault{Reason: Empty, Detail: "an empty entry", Suggestion: "remove it, or write an origin such as https://app.example.com"}
	}
	if len(s) > maxDiagnosed {
		return &Fault{Reason: TooLong, Detail: "longer than any origin"}
	}
	if f := foreign(s); f != nil {
		return f
	}
	if _, ok := Parse(s); ok {
		return &Fault{
			Reason: UpperCase, Detail: "upper case in the host",
			Suggestion: "if browsers send it so, write " + strconv.Quote(regexpPrefix+regexp.QuoteMeta(s)),
		}
	}
	var first *Fault
	note := func(r Reason, detail string) {
		if first == nil {
			first = &Fault{Reason: r, Detail: detail}
		}
	}
	fixed := s
	if t := strings.TrimSpace(fixed); t != fixed {
		note(WhiteSpace, "white space around the entry")
		if fixed = t; parseStrict(t, func(Pattern) {}) == nil {
			return suggest(first, t)
		}
	}
	if strings.ContainsAny(fixed, ", \t\r\n;") && strings.Count(fixed, "://") != 1 || strings.ContainsAny(fixed, ",") {
		return &Fault{Reason: List, Detail: "several values in one entry", Suggestion: "write one list entry for each origin"}
	}
	if strings.ContainsFunc(fixed, unicode.IsSpace) {
		return &Fault{Reason: WhiteSpace, Detail: "white space in the entry", Suggestion: "remove it"}
	}
	switch strings.ToLower(fixed) {
	case "null", loopbackName, "any", "all", `"null"`, `"*"`, "@localhost":
		return specialName(fixed, first)
	}
	if strings.HasPrefix(fixed, regexpPrefix) && first == nil {
		return strict
	}
	if strings.HasPrefix(strings.ToLower(fixed), regexpPrefix) {
		note(UpperCase, "the prefix regexp: is written in lower case")
		return suggest(first, regexpPrefix+fixed[len(regexpPrefix):])
	}

	scheme, rest, ok := strings.Cut(fixed, "://")
	if !ok {
		if name, after, found := strings.Cut(fixed, ":"); found && isSpecial(strings.ToLower(name)) {
			note(Syntax, "a scheme is followed by ://")
			scheme, rest = name, strings.TrimLeft(after, "/")
		} else {
			note(MissingScheme, "an origin begins with its scheme")
			scheme, rest = "https", strings.TrimLeft(fixed, "/")
			for _, s := range [...]string{"https", "http"} {
				for _, slip := range [...]string{"//", ";//", ":\\"} {
					if after, ok := strings.CutPrefix(fixed, s+slip); ok {
						scheme, rest = s, after
					}
				}
			}
			host, _, _ := strings.Cut(rest, ":")
			if loopback(host) || strings.HasPrefix(rest, "[::1]") {
				scheme = "http"
			}
		}
	}
	switch {
	case scheme == "":
		note(MissingScheme, "an origin begins with its scheme")
		scheme = "https"
	case strings.Contains(scheme, "*"):
		return &Fault{Reason: BadWildcard, Detail: "a wildcard in the scheme", Suggestion: "write one entry for each scheme, http:// and https://"}
	}
	if l := asciiLower(scheme); l != scheme {
		note(UpperCase, "upper case in the scheme")
		scheme = l
	}
	if _, _, ok := cutScheme(scheme + "://"); !ok {
		if first == nil || first.Reason == WhiteSpace {
			return &Fault{Reason: Syntax, Detail: "not a scheme: " + strconv.Quote(scheme)}
		}
		return first
	}

	if i := strings.IndexAny(rest, "/?#\\"); i >= 0 {
		switch tail := rest[i:]; tail {
		case "/":
			note(TrailingSlash, "a trailing slash is not part of an origin")
		case "/*":
			note(HasPath, "an origin has no path, and a policy is for all paths; routes are for some")
		default:
			note(HasPath, "an origin has no path, query or fragment")
		}
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		note(Userinfo, "an origin has no user name or password")
		if strings.Contains(rest[:i], ".") {
			first.Suggestion = "write the host that is meant"
			return first // which of the two that is, is not for us to guess
		}
		rest = rest[i+1:]
	}
	if strings.Trim(rest, ".") == "" {
		return &Fault{Reason: MissingHost, Detail: "no host after " + scheme + "://"}
	}
	if after, ok := strings.CutPrefix(rest, "."); ok {
		note(BadHost, "a host does not begin with a dot")
		rest = "*." + after
	}

	host, port := rest, ""
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, ']') && (strings.Count(rest, ":") == 1 || rest[0] == '[') {
		host, port = rest[:i], rest[i:]
	}
	// "::1:3000" is an address too, but hardly the one that is meant.
	colon := max(0, strings.LastIndexByte(host, ':'))
	if c, _ := respellIPv6(host[:colon]); c == "::1" && len(host[colon:]) > len(":80") {
		if _, ok := parsePort(host[colon+1:]); ok {
			note(BadIPv6, "not an IPv6 address in its canonical form, in brackets")
			host, port = "["+c+"]", host[colon:]
		}
	}
	host = fixHost(scheme, host, note)
	port = fixPort(scheme, port, note)
	fixed = scheme + "://" + host + port
	if first == nil {
		return strict
	}
	return suggest(first, fixed)
}

// foreign recognises entries that belong to something else: another notation, a
// template, a list of addresses. Spellings made of their parts would mislead.
func foreign(s string) *Fault {
	t := strings.TrimSpace(strings.TrimPrefix(s, "\ufeff"))
	lower := strings.ToLower(t)
	switch {
	case t == "":
		return nil
	case strings.Contains(t, "${") || strings.Contains(t, "{{") || strings.HasPrefix(t, "$"):
		return &Fault{Reason: Syntax, Detail: "a variable that was not expanded", Suggestion: "find out why it is not set"}
	case strings.HasPrefix(lower, "file:") || strings.HasPrefix(lower, "data:") || strings.HasPrefix(lower, "about:") || strings.HasPrefix(lower, "blob:"):
		return &Fault{Reason: MissingHost, Detail: "pages of such URLs have no origin of their own but \"null\"", Suggestion: "serve the page from a server"}
	case lower == "none" || lower == "self" || lower == "'self'" || lower == "same-origin":
		return &Fault{Reason: Syntax, Detail: "not an origin pattern", Suggestion: "the server's own pages need no entry; an empty list allows nobody else"}
	case lower == "loopback" || lower == "localhost:*":
		return &Fault{Reason: Syntax, Detail: "not an origin pattern", Suggestion: "did you mean \"@loopback\"?"}
	case strings.HasPrefix(t, "^") || strings.HasPrefix(t, "/^") || strings.HasPrefix(t, "/http") || strings.HasPrefix(lower, "regex:") || strings.HasPrefix(lower, "re:") ||
		strings.HasPrefix(lower, "https?:") || strings.Contains(t, `\.`) && !strings.HasPrefix(lower, regexpPrefix):
		return &Fault{Reason: Syntax, Detail: "a regular expression without its prefix", Suggestion: `write "regexp:" and the expression, without delimiters and anchors`}
	case len(t) > 1 && strings.ContainsRune("\"'`", rune(t[0])) && t[0] == t[len(t)-1] && parseStrict(t[1:len(t)-1], func(Pattern) {}) == nil:
		return &Fault{Reason: Syntax, Detail: "quotes around the entry", Suggestion: "did you mean " + strconv.Quote(t[1:len(t)-1]) + "?"}
	case strings.HasPrefix(t, "- ") && parseStrict(strings.TrimSpace(t[1:]), func(Pattern) {}) == nil:
		return &Fault{Reason: Syntax, Detail: "a dash before the entry", Suggestion: "did you mean " + strconv.Quote(strings.TrimSpace(t[1:])) + "?"}
	case strings.HasPrefix(t, "["+"\"") || strings.HasPrefix(t, "['"):
		return &Fault{Reason: List, Detail: "a list in one entry", Suggestion: "write one list entry for each origin"}
	case t != s && strings.HasPrefix(s, "\ufeff") && parseStrict(t, func(Pattern) {}) == nil:
		return &Fault{Reason: NonASCII, Detail: "a byte order mark before the entry", Suggestion: "did you mean " + strconv.Quote(t) + "?"}
	}
	bare := t
	if _, after, ok := strings.Cut(t, "://"); ok {
		bare = after
	}
	if _, err := netip.ParsePrefix(bare); err == nil {
		return &Fault{Reason: BadHost, Detail: "a range of addresses, which patterns do not express", Suggestion: "list the origins, or use a regular expression, regexp:..."}
	}
	return nil
}

// suggest adds the corrected spelling to f if it is a pattern, and else what
// else is wrong.
func suggest(f *Fault, fixed string) *Fault {
	other := parseStrict(fixed, func(Pattern) {})
	if other == nil {
		f.Suggestion = "did you mean " + strconv.Quote(fixed) + "?"
		return f
	}
	f.Detail += ", and besides: " + other.Detail
	f.Suggestion = other.Suggestion
	return f
}

func specialName(s string, first *Fault) *Fault {
	fixed := map[string]string{
		"null": "null", `"null"`: "null", loopbackName: loopbackName, "@localhost": loopbackName,
		"any": "*", "all": "*", `"*"`: "*",
	}[strings.ToLower(s)]
	if first == nil {
		first = &Fault{Reason: Syntax, Detail: "not an origin pattern"}
		if asciiLower(s) != s {
			first = &Fault{Reason: UpperCase, Detail: "upper case"}
		}
	}
	first.Suggestion = "did you mean " + strconv.Quote(fixed) + "?"
	if fixed == "*" {
		first.Suggestion = `did you mean "*", every origin?`
	}
	return first
}

func fixHost(scheme, host string, note func(Reason, string)) string {
	if !isASCII(host) {
		note(NonASCII, "browsers send a host in its ASCII form")
		if ascii, err := toASCII(host); err == nil {
			host = ascii
		}
	}
	if l := asciiLower(host); l != host {
		note(UpperCase, "upper case in the host")
		host = l
	}
	if t := strings.TrimSuffix(host, "."); t != host && t != "" {
		note(TrailingDot, "a host with a trailing dot")
		host = t
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.Contains(bare, ":") {
		if c, ok := respellIPv6(bare); ok && host != "["+c+"]" {
			note(BadIPv6, "not an IPv6 address in its canonical form, in brackets")
			return "[" + c + "]"
		}
		return host
	}
	if isSpecial(scheme) && host != "" && endsInNumber(host) && !isIPv4(host) && !strings.Contains(host, "*") {
		if c, ok := canonicalIPv4(host); ok {
			note(BadIPv4, "not an IPv4 address in its canonical form")
			return c
		}
	}
	return host
}

func fixPort(scheme, port string, note func(Reason, string)) string {
	switch {
	case port == "":
		return port
	case port == ":":
		note(BadPort, "a colon without a port")
		return ""
	}
	if t := ":" + strings.TrimLeft(port[1:], "0"); t != port && t != ":" {
		if n, ok := parsePort(t[1:]); ok {
			note(BadPort, "a port with leading zeros")
			port = ":" + strconv.Itoa(int(n))
		}
	}
	if n, ok := parsePort(port[1:]); ok && n == defaultPort(scheme) {
		note(DefaultPort, "browsers leave out port "+port[1:]+", the default of "+scheme)
		return ""
	}
	return port
}

// toASCII maps a host as the URL Standard's "domain to ASCII" does, wildcards
// aside.
func toASCII(host string) (string, error) {
	if !utf8.ValidString(host) {
		return "", errors.New("not UTF-8")
	}
	labels := strings.Split(host, ".")
	for i, l := range labels {
		if isASCII(l) {
			continue
		}
		a, err := idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false)).ToASCII(l)
		if err != nil {
			return "", err
		}
		labels[i] = a
	}
	return strings.Join(labels, "."), nil
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// asciiLower leaves non-ASCII alone, which strings.ToLower would map into ASCII
// for a few characters.
func asciiLower(s string) string {
	if isLower(s) {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
