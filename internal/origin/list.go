package origin

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/corskit/corskit/reason"
)

// Bounds of the lists that a suggestion repeats.
const (
	maxElements = 16  // elements that are examined
	maxListed   = 200 // bytes of the suggestion
)

const (
	oneForEach  = "write one list entry for each origin"
	severalInIt = "several values in one entry"
)

// checkList finds several values in one entry: in the notation of a list, or separated
// by commas, semicolons, bars, blanks or line breaks.
func (d *diagnosis) checkList() *Fault {
	if inner, ok := cutComment(d.fixed); ok {
		d.note(reason.WhiteSpace, "white space and other text in the entry")
		return suggest(d.first, inner)
	}
	elements, wrapped, ok := split(d.fixed)
	switch {
	case ok:
		f := &Fault{Reason: reason.List, Detail: severalInIt, Suggestion: oneForEach}
		if wrapped {
			f.Detail = "a list in one entry"
		}
		if entries, ok := respellAll(elements, d.depth+1); ok {
			f.Suggestion = asEntries(entries)
		}
		return f
	case strings.ContainsFunc(d.fixed, unicode.IsSpace):
		return &Fault{Reason: reason.WhiteSpace, Detail: "white space in the entry", Suggestion: "remove it"}
	}
	return nil
}

// asEntries suggests one entry, or several.
func asEntries(entries []string) string {
	if len(entries) == 1 {
		return didYouMean(entries[0])
	}
	s := oneForEach + ":"
	for i, entry := range entries {
		if i > 0 {
			s += ","
		}
		s += " " + strconv.Quote(entry)
	}
	if len(s) > maxListed {
		return oneForEach
	}
	return s
}

// split returns the elements of a list. wrapped reports whether the list is in brackets
// or quotes. ok is false if s is not a list.
func split(s string) (elements []string, wrapped, ok bool) {
	inner, wrapped := unwrapList(s)
	if !wrapped && !isSeparated(inner) {
		return nil, wrapped, false
	}
	for element := range strings.FieldsFuncSeq(inner, isSeparator) {
		if element = strings.Trim(element, "\"'`"); element == "" || element == "-" {
			continue
		}
		if ports, ok := samePorts(elements, element); ok {
			elements = append(elements, ports)
			continue
		}
		elements = append(elements, element)
	}
	return elements, wrapped, true
}

// samePorts returns the origin for an element that is only another port of the element
// before it, as in "http://localhost:3000,3001".
func samePorts(before []string, port string) (string, bool) {
	if _, ok := parsePort(port); !ok || len(before) == 0 {
		return "", false
	}
	last := before[len(before)-1]
	colon := strings.LastIndexByte(last, ':')
	if _, ok := parsePort(last[colon+1:]); !ok {
		return "", false
	}
	return last[:colon+1] + port, true
}

func isSeparator(r rune) bool { return strings.ContainsRune(",;|", r) || unicode.IsSpace(r) }

// isSeparated reports whether s has several values. White space may also be a mistake
// inside of one.
func isSeparated(s string) bool {
	return strings.Contains(s, ",") || strings.ContainsFunc(s, isSeparator) && strings.Count(s, "://") != 1
}

// unwrapList removes the brackets of a list and quotes around all of it.
func unwrapList(s string) (inner string, wrapped bool) {
	for _, ends := range [...]string{`""`, "''", "[]", "{}", "()"} {
		if len(s) < 2 || s[0] != ends[0] || s[len(s)-1] != ends[1] {
			continue
		}
		inner := strings.TrimSpace(s[1 : len(s)-1])
		if again, ok := unwrapList(inner); ok {
			return again, true
		}
		// "[::1]" is an address, and quotes may be those of the first and last element.
		isList := ends[0] == '[' && strings.Contains(inner, "://")
		return inner, isList || isSeparated(inner)
	}
	return s, false
}

// respellAll returns, for each element of a list, the pattern that it is or means. ok is
// false if an element is not clearly meant as an origin.
func respellAll(elements []string, depth int) (entries []string, ok bool) {
	if len(elements) == 0 || len(elements) > maxElements {
		return nil, false
	}
	for _, element := range elements {
		if fixed, ok := respellOne(element, depth); ok {
			entries = append(entries, fixed)
			continue
		}
		return nil, false
	}
	return entries, true
}

// maxNested bounds how deeply lists and quotes nest.
const maxNested = 3

// respellOne returns the pattern that an entry is or means.
func respellOne(s string, depth int) (string, bool) {
	f := parseStrict(s, func(Pattern) {})
	if f == nil {
		return s, true
	}
	if depth > maxNested || !strings.ContainsAny(s, ".:") {
		return "", false // any word could be a host
	}
	f = diagnose(s, f, depth)
	quoted, ok := strings.CutPrefix(f.Suggestion, meant)
	if !ok {
		return "", false
	}
	fixed, err := strconv.Unquote(strings.TrimSuffix(quoted, "?"))
	return fixed, err == nil
}

// comment matches an entry with text that people put around it: a comment, or the name of
// a key.
var comment = regexp.MustCompile(`^(?:[A-Za-z_-]+[:=]\s+)?([^\s]+?)(?:\s+(?:#|//).*)?$`)

// cutComment returns an entry without a comment after it and a key before it.
func cutComment(s string) (inner string, ok bool) {
	m := comment.FindStringSubmatch(s)
	if m == nil || m[1] == s || !isPattern(m[1]) {
		return "", false
	}
	return m[1], true
}

// bracketed matches ports in the notation of other libraries.
var bracketed = regexp.MustCompile(`^([^\s,]+://[^\s,]+):(?:\[|\{)([0-9*, .-]+)(?:\]|\})$`)

// checkPorts corrects "[*]", "[3000-3999]" and "[3000,3001]" in place of a port.
func (d *diagnosis) checkPorts() *Fault {
	m := bracketed.FindStringSubmatch(d.fixed)
	if m == nil {
		return nil
	}
	d.note(reason.Port, "brackets around the port")
	ports := strings.FieldsFunc(strings.ReplaceAll(m[2], "..", "-"), isSeparator)
	for i, port := range ports {
		ports[i] = m[1] + ":" + port
	}
	if entries, ok := respellAll(ports, d.depth+1); ok {
		d.first.Suggestion = asEntries(entries)
		return d.first
	}
	return &Fault{Reason: reason.Port, Detail: d.first.Detail}
}
