package migrate

import (
	"go/token"

	"github.com/corskit/corskit/core"
)

// Outcome says how far a site was translated.
type Outcome string

// The outcomes of a [Result].
const (
	Translated Outcome = "translated" // the policy expresses the whole configuration
	Partly     Outcome = "partly"     // a part stays code, or is read when the program starts
	NoPolicy   Outcome = "no-policy"  // the old middleware allows origins in a way that no policy can express: list the origins
	Unread     Outcome = "unread"     // the configuration cannot be evaluated
)

// Result is the translation of a [Site], for one way to reach it.
type Result struct {
	Site     *Site
	Via      []token.Position // the calls that pass the options, outermost first
	Outcome  Outcome
	Variants []*Variant // one, or one for each combination of the conditions; the first is the base
	Notes    []Note     // that hold for every variant
	Why      string     // for NoPolicy and Unread
	Mount    string     // the expression to mount instead
	Place    []Note     // about where the middleware is mounted
}

// Variant is the policy under some conditions.
type Variant struct {
	Profile string      // name for a profile; empty for the base
	When    []string    // Go conditions under which this policy applies; empty for the base
	Policy  core.Policy // without the kept parts
	Kept    []Kept
	Notes   []Note
	Skip    string   // the options of the new middleware, in Go; empty: none
	Faults  []string // errors of core.New, if it refuses the policy

	base     *Variant // nil: this is the base
	chosen   []choice
	verbatim map[string]string // by field of the policy: the Go expression of an option that has the field's value
}

// Kept is a part of the configuration that stays the user's code.
type Kept struct {
	Field    string         // of core.Policy
	Expr     string         // Go, in scope at the site
	Pos      token.Position // of the expression that cannot be evaluated
	Why      string
	Variable string   // environment variable that can set the field of a policy in a file
	Default  []string // default of the variable; already in the policy
	Also     []string // entries of the policy that Expr lacks
	Manual   bool     // Expr does not fit the policy: rewrite it by hand
}

// own returns the notes of this result, without the standing notes of the library.
func (r *Result) own() []Note {
	var notes []Note
	for _, v := range r.Variants {
		notes = append(notes, v.Notes...)
	}
	return append(notes, r.Place...)
}

// AllNotes returns the notes of the result and of its variants.
func (r *Result) AllNotes() []Note {
	return append(append([]Note{}, r.Notes...), r.own()...)
}
