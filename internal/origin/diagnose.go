package origin

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/reason"
)

// maxDiagnosed is the length in bytes of the longest entry that diagnose tries
// to correct.
const maxDiagnosed = 1024

// diagnose explains why s is not a pattern. It corrects s as a person would, one
// fault after the other, and returns the first fault. Its suggestion is the
// corrected entry if that is a pattern. strict is the fault that the parser found, and
// depth the number of lists and quotes in which s was found.
func diagnose(s string, strict *Fault, depth int) *Fault {
	fault := diagnoseSteps(s, strict, depth)
	if fault.Suggestion == "" || !namesPatterns(fault.Suggestion) {
		fault.Suggestion = advice(fault.Reason)
	}
	return fault
}

// quotedText matches a quoted entry in a suggestion.
var quotedText = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// namesPatterns reports whether all quoted entries of a suggestion are patterns. A
// suggestion that is made from the parts of an entry may repeat their faults.
func namesPatterns(suggestion string) bool {
	return !slices.ContainsFunc(quotedText.FindAllString(suggestion, -1), func(quoted string) bool {
		s, err := strconv.Unquote(quoted)
		return err != nil || !isPattern(s)
	})
}

func diagnoseSteps(s string, strict *Fault, depth int) *Fault {
	d := diagnosis{entry: s, strict: strict, depth: depth, fixed: s}
	for _, step := range diagnosisSteps() {
		if f := step(&d); f != nil {
			return f
		}
	}
	if d.first == nil {
		return strict
	}
	return suggest(d.first, d.scheme+"://"+d.host+d.port)
}

// diagnosis is the state of diagnose.
type diagnosis struct {
	entry  string
	strict *Fault
	depth  int
	first  *Fault // the first fault found, or nil

	fixed        string // the entry, corrected so far
	scheme, rest string // its parts around "://"
	host, port   string // the parts of rest; port includes its colon
}

// note records a fault if it is the first.
func (d *diagnosis) note(r reason.Reason, detail string) {
	if d.first == nil {
		d.first = &Fault{Reason: r, Detail: detail}
	}
}

// diagnosisSteps returns the steps in order. A step that returns a fault ends the
// diagnosis. A package variable would be part of an initialization cycle, because a step
// diagnoses each element of a list.
func diagnosisSteps() []func(*diagnosis) *Fault {
	return []func(*diagnosis) *Fault{
		(*diagnosis).checkLength,
		func(d *diagnosis) *Fault { return foreign(d.entry, d.depth) },
		(*diagnosis).checkOpaque,
		(*diagnosis).trimSpace,
		(*diagnosis).checkPrefix,
		(*diagnosis).checkPorts,
		(*diagnosis).checkList,
		(*diagnosis).checkName,
		(*diagnosis).cutScheme,
		(*diagnosis).checkScheme,
		(*diagnosis).cutPath,
		(*diagnosis).cutUserinfo,
		(*diagnosis).checkDots,
		(*diagnosis).cutPort,
		(*diagnosis).cutIPv6Port,
		(*diagnosis).fixHost,
		(*diagnosis).fixPort,
		(*diagnosis).fixLastLabel,
	}
}

func (d *diagnosis) checkLength() *Fault {
	switch {
	case d.entry == "":
		return &Fault{Reason: reason.Empty, Detail: "an empty entry", Suggestion: emptyAdvice}
	case len(d.entry) > maxDiagnosed:
		return &Fault{Reason: reason.TooLong, Detail: "longer than any origin"}
	}
	return nil
}

const emptyAdvice = "if it comes from a variable, check that the variable is set; otherwise remove it"

// checkOpaque finds origins of a scheme that browsers do not know. Such an origin
// may have upper case in its host, but a pattern must not (see [parseExact]).
func (d *diagnosis) checkOpaque() *Fault {
	if o, ok := Parse(d.entry); !ok || isSpecial(o.Scheme) {
		return nil
	}
	return &Fault{
		Reason: reason.UpperCase, Detail: "upper case in the host",
		Suggestion: "if browsers send exactly this, write " + strconv.Quote(regexpPrefix+regexp.QuoteMeta(d.entry)),
	}
}

func (d *diagnosis) trimSpace() *Fault {
	t := strings.TrimSpace(d.fixed)
	if t == d.fixed {
		return nil
	}
	d.note(reason.WhiteSpace, "white space around the entry")
	d.fixed = t
	if isPattern(t) {
		return suggest(d.first, t)
	}
	return nil
}

// specialNames maps entries in lower case to the pattern without a scheme that they
// resemble.
var specialNames = map[string]string{
	"null": "null", `"null"`: "null",
	loopbackName: loopbackName, "@localhost": loopbackName,
	"any": "*", "all": "*", `"*"`: "*", "true": "*", "yes": "*", "on": "*", "enabled": "*", "everyone": "*", ".*": "*",
}

func (d *diagnosis) checkName() *Fault {
	meant, ok := specialNames[strings.ToLower(d.fixed)]
	if !ok {
		return nil
	}
	if asciiLower(d.fixed) == meant && meant != d.fixed {
		d.note(reason.UpperCase, "upper case")
	}
	d.note(reason.Syntax, "not an origin pattern")
	d.first.Suggestion = didYouMean(meant)
	if meant == "*" {
		d.first.Suggestion = `write "*" to allow every origin`
	}
	return d.first
}

func (d *diagnosis) checkPrefix() *Fault {
	if !strings.HasPrefix(strings.ToLower(d.fixed), regexpPrefix) {
		return nil
	}
	if strings.HasPrefix(d.fixed, regexpPrefix) && d.first == nil {
		return d.strict
	}
	d.note(reason.UpperCase, "the prefix regexp: must be in lower case")
	return suggest(d.first, regexpPrefix+d.fixed[len(regexpPrefix):])
}

// cutScheme splits the entry around "://" or, if that is missing, where it belongs.
func (d *diagnosis) cutScheme() *Fault {
	scheme, rest, ok := strings.Cut(d.fixed, "://")
	if ok {
		d.scheme, d.rest = scheme, rest
		return nil
	}
	name, after, found := strings.Cut(d.fixed, ":")
	if found && isSpecial(strings.ToLower(name)) {
		d.note(reason.Syntax, "a scheme must be followed by ://")
		d.scheme, d.rest = name, strings.TrimLeft(after, "/")
		return nil
	}
	d.note(reason.MissingScheme, missingScheme)
	d.scheme, d.rest = guessScheme(d.fixed)
	return nil
}

const missingScheme = "an origin begins with its scheme"

// guessScheme splits an entry that has no scheme, or a misspelled one.
func guessScheme(s string) (scheme, rest string) {
	scheme, rest = "https", strings.TrimLeft(s, "/")
	for _, known := range [...]string{"https", "http"} {
		for _, slip := range [...]string{"//", ";//", ":\\"} {
			if after, ok := strings.CutPrefix(s, known+slip); ok {
				scheme, rest = known, after
			}
		}
	}
	host, _, _ := strings.Cut(rest, ":")
	if loopback(host) || strings.HasPrefix(rest, "[::1]") {
		scheme = "http"
	}
	return scheme, rest
}

func (d *diagnosis) checkScheme() *Fault {
	switch {
	case d.scheme == "":
		d.note(reason.MissingScheme, missingScheme)
		d.scheme = "https"
	case strings.Contains(d.scheme, "*"):
		return &Fault{
			Reason: reason.Wildcard, Detail: "a wildcard in the scheme",
			Suggestion: "write one entry for each scheme, http:// and https://",
		}
	}
	if l := asciiLower(d.scheme); l != d.scheme {
		d.note(reason.UpperCase, "upper case in the scheme")
		d.scheme = l
	}
	if _, _, ok := cutScheme(d.scheme + "://"); ok {
		return nil
	}
	if d.first == nil || d.first.Reason == reason.WhiteSpace {
		return &Fault{Reason: reason.Syntax, Detail: "not a scheme: " + strconv.Quote(d.scheme)}
	}
	return d.first
}

func (d *diagnosis) cutPath() *Fault {
	i := strings.IndexAny(d.rest, `/?#\`)
	if i < 0 {
		return nil
	}
	switch d.rest[i:] {
	case "/":
		d.note(reason.TrailingSlash, "a trailing slash is not part of an origin")
	case "/*":
		d.note(reason.Path, "an origin has no path; a policy covers all paths, and routes choose policies by path")
	default:
		d.note(reason.Path, "an origin has no path, query or fragment")
	}
	d.rest = d.rest[:i]
	return nil
}

func (d *diagnosis) cutUserinfo() *Fault {
	i := strings.LastIndexByte(d.rest, '@')
	if i < 0 {
		return nil
	}
	d.note(reason.Userinfo, "an origin has no user name or password")
	if strings.Contains(d.rest[:i], ".") {
		// Either side of the @ may be the host. A wrong guess could allow an attacker.
		d.first.Suggestion = "write the host you mean"
		return d.first
	}
	d.rest = d.rest[i+1:]
	return nil
}

func (d *diagnosis) checkDots() *Fault {
	if strings.Trim(d.rest, ".") == "" {
		if isPattern(d.scheme + "://" + d.rest) {
			return nil
		}
		return noHost(d.scheme)
	}
	if after, ok := strings.CutPrefix(d.rest, "."); ok {
		d.note(reason.Host, "a host does not begin with a dot")
		d.rest = "*." + after
	}
	return nil
}

// cutPort splits the rest at the colon before the port. The colons of an IPv6
// address without brackets stay in the host.
func (d *diagnosis) cutPort() *Fault {
	d.host, d.port = d.rest, ""
	i := strings.LastIndexByte(d.rest, ':')
	if i > strings.LastIndexByte(d.rest, ']') && (strings.Count(d.rest, ":") == 1 || d.rest[0] == '[') {
		d.host, d.port = d.rest[:i], d.rest[i:]
	}
	return nil
}

// cutIPv6Port reads "::1:3000" as the loopback address and a port. It is also a
// valid address, but hardly the one that was meant.
func (d *diagnosis) cutIPv6Port() *Fault {
	colon := max(0, strings.LastIndexByte(d.host, ':'))
	c, _ := respellIPv6(d.host[:colon])
	if c != "::1" || len(d.host[colon:]) <= len(":80") {
		return nil
	}
	if _, ok := parsePort(d.host[colon+1:]); ok {
		d.note(reason.IPv6, notCanonicalIPv6)
		d.host, d.port = "["+c+"]", d.host[colon:]
	}
	return nil
}

// suggest adds a suggestion to f: fixed, if that is a pattern, and otherwise the
// advice for the next fault.
func suggest(f *Fault, fixed string) *Fault {
	other := parseStrict(fixed, func(Pattern) {})
	if other == nil {
		f.Suggestion = didYouMean(fixed)
		return f
	}
	f.Detail += "; also: " + other.Detail
	f.Suggestion = other.Suggestion
	return f
}

// meant is the beginning of suggestions that consist of the corrected entry.
const meant = "did you mean "

func didYouMean(pattern string) string { return meant + strconv.Quote(pattern) + "?" }

func isPattern(s string) bool { return parseStrict(s, func(Pattern) {}) == nil }
