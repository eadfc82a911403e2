package origin

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/corskit/corskit/reason"
)

// Kind says how a pattern matches.
type Kind uint8

const (
	Exact  Kind = iota // one origin, byte for byte
	Wild               // a wildcard in the host, or a range of ports
	Regexp             // an RE2 expression for the whole origin
	Any                // "*"
	Null               // "null"
)

// Pattern is one parsed origin pattern.
type Pattern struct {
	Kind   Kind
	Source string // the entry it was parsed from

	// These are set for Exact and Wild. Host includes its wildcards.
	Scheme, Host string
	Ports        Ports

	Expr *regexp.Regexp // for Regexp: anchored at both ends
}

// Ports is a set of ports: a range and, unless NotAbsent is set, the absent port,
// which is the scheme's default. The zero Ports contains only the absent port.
type Ports struct {
	Low, High uint16 // no port if High is 0
	NotAbsent bool   // an origin without a port is not in the set
}

// contains reports whether the set contains the port of an origin. port is 0 if the
// port is absent.
func (p Ports) contains(port uint16) bool {
	if port == 0 {
		return !p.NotAbsent
	}
	return p.Low <= port && port <= p.High
}

// Insecure reports whether the pattern matches http:// origins other than loopback.
// It returns false for a Regexp, because it cannot tell.
func (p *Pattern) Insecure() bool {
	return p.Scheme == "http" && !loopback(strings.TrimSuffix(p.Host, "."))
}

const (
	regexpPrefix = "regexp:"
	loopbackName = "@loopback"

	// maxExpr is the maximum length of a regular expression in bytes, and maxStars
	// the maximum number of wildcards in a host. No sensible pattern comes near
	// them.
	maxExpr  = 4096
	maxStars = 8
)

// loopbackPatterns are the patterns that "@loopback" expands to.
var loopbackPatterns = [...]string{
	"http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*",
	"https://localhost:*", "https://127.0.0.1:*", "https://[::1]:*",
}

// ParsePattern parses an entry and calls yield with each resulting pattern: several
// for "@loopback", one for any other entry. If the entry is not a pattern,
// ParsePattern returns the fault and does not call yield.
func ParsePattern(s string, yield func(Pattern)) *Fault {
	fault := parseStrict(s, yield)
	if fault == nil {
		return nil
	}
	return diagnose(s, fault, 0)
}

// parseStrict is like [ParsePattern], but its faults are not diagnosed.
func parseStrict(s string, yield func(Pattern)) *Fault {
	switch {
	case s == "*":
		yield(Pattern{Kind: Any, Source: s})
		return nil
	case s == "null":
		yield(Pattern{Kind: Null, Source: s})
		return nil
	case s == loopbackName:
		for _, l := range loopbackPatterns {
			p, _ := parseHostPattern(l)
			p.Source = s
			yield(p)
		}
		return nil
	case strings.HasPrefix(s, regexpPrefix):
		p, fault := parseRegexp(s)
		if fault != nil {
			return fault
		}
		yield(p)
		return nil
	}
	if o, ok := parseExact(s); ok {
		yield(Pattern{Kind: Exact, Source: s, Scheme: o.Scheme, Host: o.Host, Ports: exactPort(o.Port)})
		return nil
	}
	p, fault := parseHostPattern(s)
	if fault != nil {
		return fault
	}
	yield(p)
	return nil
}

// parseExact parses an entry that is an origin. It refuses two kinds of origins that are
// usually mistakes in a pattern: upper case in the host, which is possible if browsers do
// not know the scheme, and a missing host, if the origins of the scheme have one.
func parseExact(s string) (o Origin, ok bool) {
	if o, ok = Parse(s); !ok {
		o, ok = parseListed(s)
	}
	if _, bad := badPunycode(&o); !ok || bad {
		return Origin{}, false
	}
	return o, isSpecial(o.Scheme) || isLower(s) && (o.Host != "" || shells[o.Scheme] == "")
}

// IsPlain reports whether an entry is an https origin without wildcards and without
// labels in punycode. Such a pattern is an exact origin and needs no warning.
func IsPlain(s string) bool {
	o, ok := Parse(s)
	return ok && o.Scheme == "https" && !strings.Contains(o.Host, punycodePrefix)
}

func exactPort(port uint16) Ports {
	if port == 0 {
		return Ports{}
	}
	return Ports{Low: port, High: port, NotAbsent: true}
}

func isLower(s string) bool {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return false
		}
	}
	return true
}

func parseRegexp(s string) (Pattern, *Fault) {
	expr := s[len(regexpPrefix):]
	switch {
	case expr == "":
		return Pattern{}, &Fault{Reason: reason.Regexp, Detail: "no expression after regexp:"}
	case len(expr) > maxExpr:
		return Pattern{}, &Fault{Reason: reason.TooLong, Detail: "a regular expression longer than 4096 bytes"}
	}
	// The expression must compile outside the anchoring group. Inside it, "a)|(b" would
	// compile too, with neither half anchored.
	if _, err := regexp.Compile(expr); err != nil {
		return Pattern{}, &Fault{
			Reason:     reason.Regexp,
			Detail:     "not a regular expression: " + printable(strings.TrimPrefix(err.Error(), "error parsing regexp: ")),
			Suggestion: "see https://golang.org/s/re2syntax",
		}
	}
	re, err := regexp.Compile(`\A(?:` + expr + `)\z`)
	if err != nil {
		return Pattern{}, &Fault{Reason: reason.Regexp, Detail: "not a regular expression: " + printable(err.Error())}
	}
	return Pattern{Kind: Regexp, Source: s, Expr: re}, nil
}

// printable returns s with control characters and invalid UTF-8 replaced. Errors of
// package regexp repeat parts of the expression unchanged.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// parseHostPattern parses scheme://host[:port] with wildcards in host and port.
func parseHostPattern(s string) (Pattern, *Fault) {
	p := Pattern{Kind: Wild, Source: s}
	scheme, rest, ok := cutScheme(s)
	if !ok {
		return p, &Fault{Reason: reason.Syntax, Detail: "not of the form scheme://host or scheme://host:port"}
	}
	p.Scheme = scheme
	if !isLower(rest) {
		return p, &Fault{Reason: reason.UpperCase, Detail: "upper case in the host"}
	}
	host, port, hasPort := rest, "", false
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, ']') {
		host, port, hasPort = rest[:i], rest[i+1:], true
	}
	p.Host = host
	if host == "" {
		return p, noHost(scheme)
	}
	if fault := checkHost(scheme, host); fault != nil {
		return p, fault
	}
	var fault *Fault
	p.Ports, fault = parsePorts(scheme, port, hasPort)
	if fault != nil {
		return p, fault
	}
	return p, nil
}

// checkHost checks a host that may have wildcards.
func checkHost(scheme, host string) *Fault {
	if len(host) > maxHost {
		return &Fault{Reason: reason.TooLong, Detail: "a host of more than 253 bytes, which DNS cannot resolve"}
	}
	if host[0] == '[' {
		if !isIPv6(host) {
			return &Fault{Reason: reason.IPv6, Detail: "not an IPv6 address in its canonical form"}
		}
		return nil
	}
	if fault := checkWildcards(scheme, host); fault != nil {
		return fault
	}
	if !isName(strings.ReplaceAll(host, "*", "a"), isSpecial(scheme)) {
		return &Fault{Reason: reason.Host, Detail: "not a host name as browsers send it"}
	}
	if label, bad := badPunycode(&Origin{Scheme: scheme, Host: host}); bad {
		return &Fault{
			Reason: reason.Host, Detail: "no browser sends " + strconv.Quote(label) + ", which is not the ASCII form of any name",
			Suggestion: "write the name in its own characters, as in https://bücher.example: the error then says what browsers send",
		}
	}
	if isSpecial(scheme) && endsInNumber(host) && !isIPv4(host) {
		if strings.Contains(host, "*") {
			return wildcardInAddress()
		}
		return &Fault{Reason: reason.IPv4, Detail: "not an IPv4 address in its canonical form"}
	}
	return nil
}

// checkWildcards checks how many wildcards a host has, and where.
func checkWildcards(scheme, host string) *Fault {
	stars := strings.Count(host, "*")
	switch {
	case host == "*":
		return &Fault{Reason: reason.Wildcard, Detail: "a wildcard for the whole host", Suggestion: everyHost(scheme)}
	case strings.Contains(host, "**"):
		return &Fault{Reason: reason.Wildcard, Detail: "two wildcards side by side", Suggestion: "one * matches one or more characters"}
	case stars > maxStars:
		return &Fault{Reason: reason.Wildcard, Detail: "more than 8 wildcards", Suggestion: "use a regular expression, regexp:..."}
	case stars == 0:
		return nil
	case isSpecial(scheme) && strings.Trim(host, "0123456789.*") == "":
		return wildcardInAddress()
	case strings.Contains(host[strings.LastIndexByte(host, '*'):], "."):
		return nil
	case isSpecial(scheme):
		return &Fault{
			Reason: reason.Wildcard, Detail: "a wildcard in the top-level label, which would match the domains of strangers",
			Suggestion: "write that label out" + writtenOut(scheme, host),
		}
	default:
		return &Fault{
			Reason: reason.Wildcard, Detail: "a wildcard in the last label",
			Suggestion: "use an expression, as in " + strconv.Quote(asExpression(scheme, host)),
		}
	}
}

// writtenOut continues advice with an example for a host whose last label is a
// wildcard.
func writtenOut(scheme, host string) string {
	if before, ok := strings.CutSuffix(host, ".*"); ok && strings.Contains(before, ".") && isPattern(scheme+"://"+before+".com") {
		return ", as in " + strconv.Quote(scheme+"://"+before+".com")
	}
	return ""
}

func noHost(scheme string) *Fault {
	return &Fault{Reason: reason.MissingHost, Detail: "no host after " + scheme + "://", Suggestion: shells[scheme]}
}

func wildcardInAddress() *Fault {
	return &Fault{
		Reason: reason.Wildcard, Detail: "a wildcard in an IPv4 address",
		Suggestion: `use a regular expression, as in "regexp:http://192\\.168\\.1\\.[0-9]+"`,
	}
}

func parsePorts(scheme, s string, present bool) (Ports, *Fault) {
	if !present {
		return Ports{}, nil
	}
	if s == "*" {
		return Ports{Low: 1, High: 65535}, nil
	}
	low, high, isRange := strings.Cut(s, "-")
	l, ok := parsePort(low)
	if !ok {
		return Ports{}, &Fault{Reason: reason.Port, Detail: "a port is a number from 1 to 65535 without leading zeros, * or a range"}
	}
	if !isRange {
		if l == defaultPort(scheme) {
			return Ports{}, &Fault{Reason: reason.DefaultPort, Detail: "browsers leave out port " + s + ", the default of " + scheme}
		}
		return exactPort(l), nil
	}
	h, ok := parsePort(high)
	if !ok || h < l {
		return Ports{}, &Fault{Reason: reason.Port, Detail: "a range of ports is two numbers from 1 to 65535, the lower first"}
	}
	def := defaultPort(scheme)
	return Ports{Low: l, High: h, NotAbsent: def < l || h < def}, nil
}
