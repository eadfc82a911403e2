package migrate

import (
	"go/token"
	"regexp"
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
)

// Change is how a translated policy differs from the old middleware for a browser.
type Change string

// The changes of a [Note].
const (
	Same     Change = "same"     // browsers see no difference; the note explains or advises
	Narrower Change = "narrower" // something is refused that was allowed
	Fixed    Change = "fixed"    // something works, or is refused, that was a mistake before
	Wider    Change = "wider"    // something is allowed that was refused, and a policy cannot refuse it
)

// Note is one statement about a translation. A difference for browsers that the Scope of no note
// covers is a bug.
type Note struct {
	Code   string         `json:"code"` // stable, such as "any-port"
	Change Change         `json:"change"`
	Wrong  bool           `json:"wrong,omitempty"` // the old configuration was a mistake
	Field  string         `json:"field,omitempty"` // of the old configuration
	Scope  Scope          `json:"scope"`
	Text   string         `json:"text"`
	Pos    token.Position `json:"-"`
}

// Kinds of requests in a [Scope].
const (
	Actual    = "actual"    // a request that the application handles, after its preflight if it has one
	Preflight = "preflight" // the preflight of a request: whether it succeeds, and how long browsers cache it
	Options   = "options"   // an OPTIONS that is not a preflight
	Cached    = "cached"    // a request through a shared cache
	Gateway   = "gateway"   // a preflight that a gateway has rewritten
	Handler   = "handler"   // whether the application's handler runs; scripts see the same
)

// Scope is the set of requests that a [Note] is about. An empty list does not restrict it.
type Scope struct {
	Kinds       []string `json:"kinds,omitempty"`
	Origins     []string `json:"origins,omitempty"` // patterns of core
	Except      []string `json:"except,omitempty"`  // patterns of origins to exclude
	Methods     []string `json:"methods,omitempty"`
	Headers     []string `json:"headers,omitempty"`     // a request that has one of these, in lower case
	Credentials string   `json:"credentials,omitempty"` // "with", "without" or empty
	Server      bool     `json:"server,omitempty"`      // also requests that are not CORS
	MaxAge      bool     `json:"max_age,omitempty"`     // only how long browsers cache preflights
	Odd         bool     `json:"odd,omitempty"`         // only headers with other characters than letters, digits, ".", "_" and "-"
	Unset       bool     `json:"unset,omitempty"`       // only if a setting is empty when the program starts
	Any         bool     `json:"any,omitempty"`         // any request: depends on code that is not loaded
}

// Probe is a request that a test sends to both sides.
type Probe struct {
	Kind        string
	Origin      string // empty: the request has none
	Method      string
	Headers     []string // of the script, in lower case
	Credentials bool
}

// Covers reports whether the scope of the note includes a request.
func (n *Note) Covers(p Probe) bool {
	s := n.Scope
	switch {
	case len(s.Kinds) > 0 && !slices.Contains(s.Kinds, p.Kind):
		return false
	case len(s.Methods) > 0 && !slices.Contains(s.Methods, p.Method):
		return false
	case len(s.Headers) > 0 && !slices.ContainsFunc(p.Headers, func(h string) bool { return slices.Contains(s.Headers, h) }):
		return false
	case s.Credentials == "with" && !p.Credentials, s.Credentials == "without" && p.Credentials:
		return false
	case p.Origin == "" && !s.Server && (len(s.Origins) > 0 || len(s.Except) > 0):
		return false
	case len(s.Origins) > 0 && !matchesAny(s.Origins, p.Origin):
		return false
	case s.Odd && !slices.ContainsFunc(p.Headers, isOdd):
		return false
	}
	return len(s.Except) == 0 || !matchesAny(s.Except, p.Origin)
}

// isOdd reports whether a header name has a character that is not among those listed at Odd.
func isOdd(name string) bool {
	return strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r))
	}) >= 0
}

// matchesAny reports whether one of some patterns matches an origin.
func matchesAny(patterns []string, origin string) bool {
	if slices.Contains(patterns, origin) || slices.Contains(patterns, "*") {
		return true
	}
	if origin == "null" {
		return false
	}
	var valid []string
	for _, p := range patterns {
		if p == "null" {
			continue
		}
		if e, ok := strings.CutPrefix(p, "regexp:"); ok {
			if r, err := regexp.Compile(`^(?:` + e + `)$`); err == nil && r.MatchString(origin) {
				return true
			}
			continue
		}
		valid = append(valid, p)
	}
	engine, err := core.New(core.Policy{AllowOrigins: valid})
	return err == nil && engine.AllowsOrigin(origin)
}
