package gateways

import (
	"regexp"
	"strings"

	"github.com/corskit/corskit/core"
)

// valueMap is a "map" of nginx or Caddy: a variable with a value that depends on another variable.
type valueMap struct {
	source   template
	cases    []valueCase // the first that matches the source decides
	textOnly bool        // expressions are not tried if the source is empty
	fallback template
	line     int
}

// valueCase matches a text or an expression.
type valueCase struct {
	literal string
	fold    bool           // the case of the literal does not matter
	match   *regexp.Regexp // nil for a literal
	same    bool           // see sameOriginExpression
	value   template
	line    int
}

func (c valueCase) matches(s string) bool {
	switch {
	case c.same:
		return isSameOrigin(s)
	case c.match != nil:
		return c.match.MatchString(s)
	case c.fold:
		return strings.EqualFold(c.literal, s)
	}
	return c.literal == s
}

// located returns the entries for the origins that the case matches, and their line.
func (c valueCase) located() []located {
	switch {
	case c.match != nil:
		return []located{{entries: entriesMatching(c.match.String()), source: c.match.String(), line: c.line}}
	case c.literal == "":
		return nil
	case c.fold && core.IsOrigin(c.literal) && !strings.HasPrefix(c.literal, "http"):
		// Browsers convert the host to lower case for http and https, but not for the schemes of
		// applications.
		return []located{{entries: []string{expressionPattern("(?i:"+regexp.QuoteMeta(c.literal)+")", true)}, source: c.literal,
			line: c.line}}
	}
	return []located{{entries: []string{exactPattern(c.literal)}, source: c.literal, line: c.line}}
}

// value returns the value for a source.
func (m *valueMap) value(source string) template {
	for _, c := range m.cases {
		if c.matches(source) && !(m.textOnly && source == "" && c.match != nil) {
			return c.value
		}
	}
	return m.fallback
}

// maxNested bounds variables that are made of variables.
const maxNested = 32

// mapReader reads the maps of a file for one request.
type mapReader struct {
	maps  map[string]*valueMap
	known map[string]string // values so far
	depth int
}

func newMapReader(maps map[string]*valueMap) mapReader {
	return mapReader{maps: maps, known: make(map[string]string)}
}

// read returns the value of a variable that a map makes. ok is false if none makes it. variable
// returns the value of any variable.
func (r *mapReader) read(name string, variable func(string) string) (value string, ok bool) {
	m := r.maps[name]
	if m == nil {
		return "", false
	}
	if r.depth++; r.depth > maxNested {
		return "", true
	}
	defer func() { r.depth-- }()
	if value, ok = r.known[name]; !ok {
		value = m.value(m.source.expand(variable)).expand(variable)
		r.known[name] = value
	}
	return value, true
}

// values returns all values that the variable can have.
func (m *valueMap) values() []template {
	list := []template{m.fallback}
	for _, c := range m.cases {
		list = append(list, c.value)
	}
	return list
}

// sameOriginExpression matches Sec-Fetch-Site, Origin and Host, separated by spaces, of requests
// from the server's own pages (see core.Request.SameOrigin). RE2 has no backreferences, so corskit
// recognizes this expression by its text.
const sameOriginExpression = `^(?:same-origin .*|(?:none)? https?://([^ ]+) \1)$`

func isSameOrigin(s string) bool {
	site, rest, _ := strings.Cut(s, " ")
	if site == "same-origin" {
		return true
	}
	origin, host, ok := strings.Cut(rest, " ")
	scheme, name, ok2 := strings.Cut(origin, "://")
	return ok && ok2 && (site == "" || site == "none") && (scheme == "http" || scheme == "https") && name != "" && name == host
}

// foreignExpression compiles a PCRE expression if it means the same in RE2.
func foreignExpression(e string, fold bool) (*regexp.Regexp, error) {
	if fold {
		e = "(?i)" + e
	}
	return regexp.Compile(e)
}

// namesIn returns the elements of lists.
func namesIn(list []string) (names []string) {
	for _, s := range list {
		for name := range strings.SplitSeq(s, ",") {
			if name = strings.TrimSpace(name); isToken(name) {
				names = append(names, name)
			}
		}
	}
	return distinct(names)
}
