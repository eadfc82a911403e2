package origin

import "strings"

// NoOwner is what [Matcher.Match] returns for an origin that no pattern matches.
const NoOwner = -1

// Matcher finds the owner of an origin: the lowest owner with a pattern that
// matches it. A Matcher is immutable and safe for concurrent use. The zero Matcher
// matches nothing.
type Matcher struct {
	any, null int // the owner plus 1, or 0

	exact    table
	patterns bool // whether there are patterns other than exact origins

	wild    wild
	regexps []exprRule
}

type exprRule struct {
	owner   int
	pattern Pattern
	secure  bool // whether the expression must not match an insecure origin
}

// Match returns the lowest owner below limit with a pattern that matches s, or
// [NoOwner]. It does not allocate, and its cost is bounded for every s.
func (m *Matcher) Match(s string, limit int) int {
	owner := NoOwner
	if o, ok := m.exact.find(s); ok && o < limit {
		owner, limit = o, o
	}
	if m.patterns && limit > 0 {
		if o, _ := m.findPattern(s, limit); o != NoOwner {
			return o
		}
	}
	return owner
}

// Find is like [Matcher.Match] and also returns the pattern as written, or "" if
// none matches.
func (m *Matcher) Find(s string, limit int) (owner int, pattern string) {
	owner = NoOwner
	if o, ok := m.exact.find(s); ok && o < limit {
		owner, limit, pattern = o, o, s
	}
	if o, p := m.FindPattern(s, limit); o != NoOwner {
		return o, p
	}
	return owner, pattern
}

// FindPattern is like [Matcher.Find] but ignores exact origins.
func (m *Matcher) FindPattern(s string, limit int) (owner int, pattern string) {
	owner, hit := m.findPattern(s, limit)
	if owner == NoOwner {
		return owner, ""
	}
	return owner, *hit
}

func (m *Matcher) findPattern(s string, limit int) (owner int, pattern *string) {
	owner = NoOwner
	if s == "null" {
		if o := m.null - 1; o >= 0 && o < limit {
			owner, limit, pattern = o, o, &nullPattern
		}
		if o := m.any - 1; o >= 0 && o < limit {
			owner, pattern = o, &anyPattern
		}
		return owner, pattern
	}
	var o Origin
	if !o.split(s) || strings.HasSuffix(o.Host, ".") {
		return m.anyListed(s, limit)
	}
	if a := m.any - 1; a >= 0 && a < limit {
		owner, limit, pattern = a, a, &anyPattern
	}
	if limit > 0 {
		if r := m.wild.match(&o, limit); r != nil {
			owner, limit, pattern = r.owner, r.owner, &r.pattern
		}
	}
	if owner == NoOwner && len(m.regexps) == 0 || !isHost(o.Host, isSpecial(o.Scheme)) {
		return NoOwner, nil
	}
	for i := range m.regexps {
		r := &m.regexps[i]
		if r.owner >= limit {
			break
		}
		if !(r.secure && o.Insecure()) && r.pattern.Expr.MatchString(s) {
			return r.owner, &r.pattern.Source
		}
	}
	return owner, pattern
}

// anyListed is like findPattern for an origin that only an exact entry or "*" matches
// (see [parseListed]).
func (m *Matcher) anyListed(s string, limit int) (owner int, pattern *string) {
	if a := m.any - 1; a >= 0 && a < limit {
		if _, ok := parseListed(s); ok {
			return a, &anyPattern
		}
	}
	return NoOwner, nil
}

var anyPattern, nullPattern = "*", "null"

// Tries returns the maximum number of patterns that a lookup tries one by one.
func (m *Matcher) Tries() int {
	most := 0
	for _, t := range m.wild.tails {
		most = max(most, len(t.bare))
		for _, rules := range t.heads {
			most = max(most, len(rules))
		}
	}
	return most + len(m.regexps)
}

// HasPatterns reports whether there are patterns other than exact origins.
func (m *Matcher) HasPatterns() bool { return m.patterns }

// Any returns the lowest owner with the pattern "*", or [NoOwner].
func (m *Matcher) Any() int { return m.any - 1 }

// Builder builds a [Matcher]. Owners must be added in ascending order.
type Builder struct{ m Matcher }

// NewBuilder returns a Builder with room for the exact origins counted by r, for
// which [Room.Fits] must be true. The caller must not add any others.
func NewBuilder(r *Room) *Builder {
	return &Builder{Matcher{exact: newTable(r)}}
}

// Add adds a pattern. If secure is true, a regular expression never matches an
// insecure origin (see [Origin.Insecure]). Add returns false if the matcher already
// has the same exact origin, "*" or "null". It does not detect other repeated
// patterns.
func (b *Builder) Add(owner int, p Pattern, secure bool) (added bool) {
	m := &b.m
	if p.Kind == Exact {
		return b.AddExact(owner, p.Source)
	}
	m.patterns = true
	switch p.Kind {
	case Wild:
		m.wild.add(owner, p)
	case Regexp:
		m.regexps = append(m.regexps, exprRule{owner, p, secure})
	case Any:
		if m.any != 0 {
			return false
		}
		m.any = owner + 1
	case Null:
		if m.null != 0 {
			return false
		}
		m.null = owner + 1
	}
	return true
}

// AddExact is like [Builder.Add] for an entry that is an origin.
func (b *Builder) AddExact(owner int, s string) (added bool) {
	return b.m.exact.add(owner, s)
}

// Matcher returns the matcher. The builder must not be used afterwards.
func (b *Builder) Matcher() *Matcher {
	return &b.m
}
