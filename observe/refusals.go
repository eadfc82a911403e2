package observe

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/corskit/corskit/core"
)

// Refusals remembers the origins that are refused most often, and why. It is a
// [core.Observer] for any number of engines, is safe for concurrent use, and keeps a
// bounded amount of memory: at most 6 KiB for each refusal that it
// remembers. The zero value remembers 100.
//
// A known refusal is counted without allocation. A new one replaces the one with the
// lowest count if the table is full, and inherits its count (the Space-Saving algorithm of
// Metwally, Agrawal and El Abbadi, 2005). So after n refusals, everything that was refused
// more than n/k times is remembered, where k is the argument of [NewRefusals].
type Refusals struct{ table table }

var _ core.ClassObserver = (*Refusals)(nil)

// Refusal is an origin that was refused for a reason. Two refusals are the same if
// Origin, Kind, Code, Refused, Policy and Route are equal.
type Refusal struct {
	Origin   string       // as sent; a long value is cut. If the field has several lines, the first
	Kind     core.Kind    // Actual or Preflight
	Code     core.Code    // why
	Refused  string       // the method or header name that is not allowed; empty for other reasons
	Policy   string       // the name of the policy that governs; empty if none does
	Route    int          // the index of the route that covers the request; -1 if none does, or if there are no routes
	Count    uint64       // an upper bound on the number of requests
	MaxError uint64       // the true number is between Count-MaxError and Count
	First    time.Time    // when counting began
	Last     time.Time    // the last request; accurate to 0.1 s
	Request  core.Request // the last request; long values are cut, and other headers are missing
}

// NewRefusals returns Refusals that remember at most k refusals, or 100 if k is not
// positive.
func NewRefusals(k int) *Refusals {
	return &Refusals{table{size: k}}
}

// ObserveClass implements [core.ClassObserver].
func (r *Refusals) ObserveClass(c *core.Class) (whole bool) { return isRefusal(c) }

// Observe implements [core.Observer].
func (r *Refusals) Observe(_ context.Context, o *core.Observation) {
	if !isRefusal(o.Class) {
		return
	}
	r.table.add(o.Source(), key{class: o.Class, refused: o.Refused})
}

// isRefusal reports whether a browser hides the response or does not send the request.
func isRefusal(c *core.Class) bool {
	return c.Result == core.ResultRefused || c.Result == core.ResultRejected
}

// Snapshot returns the remembered refusals, the most frequent first: ordered by
// Count-MaxError, then by Count. The caller owns the slice.
func (r *Refusals) Snapshot() []Refusal {
	refusals := r.table.snapshot()
	slices.SortFunc(refusals, func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(b.Count-b.MaxError, a.Count-a.MaxError), cmp.Compare(b.Count, a.Count),
			cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Refused, b.Refused), cmp.Compare(a.Route, b.Route))
	})
	return refusals
}

// Explain explains what an engine decides now about the last request. A value that was
// cut ends with "…", which no origin, method or header name contains, so it is never
// allowed.
func (r Refusal) Explain(ctx context.Context, engine *core.Engine) core.Explanation {
	return engine.Explain(ctx, r.Request)
}
