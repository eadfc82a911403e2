package observe

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/corskit/corskit/core"
)

// Bounds on the number of classes that Counters distinguishes. Only reloads add names of
// policies and routes; requests cannot.
const (
	perPolicy   = 18 // without routes, a policy has at most 16 as long as its shadow stays
	minPolicies = 10 // fewer policies have the classes of this many
	maxClasses  = 10_000
)

// others is the code and the policy of classes that are counted together.
const others = "(others)"

// Counters counts decisions by class. It is a [core.Observer] for any number of engines,
// and is safe for concurrent use. An engine counts a decision with one atomic addition; it
// takes no lock and does not allocate, except for the first decisions of a class.
//
// Counters distinguishes at most 180 classes (18 for each policy if there are more than
// ten), and never more than 10,000. Above two thirds of this bound, new classes are
// counted without their route, which is then -1. At the bound, they keep only their kind
// and result; their code and policy are "(others)". So with many routes or reloads,
// detail is lost, but no decision.
type Counters struct {
	mu       sync.Mutex
	totals   map[core.Class]*atomic.Uint64
	apart    int             // how many of totals do not have the code others
	policies map[string]bool // the names in totals
}

var _ core.ClassCounter = (*Counters)(nil)

// Count is a class and the number of decisions that had it.
type Count struct {
	core.Class
	N uint64
}

// NewCounters returns Counters that have counted nothing.
func NewCounters() *Counters {
	return &Counters{totals: make(map[core.Class]*atomic.Uint64), policies: make(map[string]bool)}
}

// CounterOf implements [core.ClassCounter].
func (c *Counters) CounterOf(class *core.Class) *atomic.Uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total(*class)
}

// Observe implements [core.Observer]. An engine calls CounterOf instead, but an observer
// that wraps Counters may call Observe. It takes a lock.
func (c *Counters) Observe(_ context.Context, o *core.Observation) { c.CounterOf(o.Class).Add(1) }

// total returns the counter of a class, and adds one if there is none.
func (c *Counters) total(class core.Class) *atomic.Uint64 {
	if n, ok := c.totals[class]; ok {
		return n
	}
	policies := len(c.policies)
	if class.Policy != "" && !c.policies[class.Policy] {
		policies++
	}
	limit := min(perPolicy*max(policies, minPolicies), maxClasses)
	switch {
	case class.Code == others:
	case c.apart >= limit:
		return c.total(core.Class{Kind: class.Kind, Result: class.Result, Code: others, Policy: others, Route: -1})
	case c.apart >= limit*2/3 && class.Route >= 0:
		class.Route = -1
		return c.total(class)
	default:
		c.apart++
		if class.Policy != "" {
			c.policies[class.Policy] = true
		}
	}
	n := new(atomic.Uint64)
	c.totals[class] = n
	return n
}

// Snapshot returns the counts so far, in a fixed order. The caller owns the slice.
func (c *Counters) Snapshot() []Count {
	c.mu.Lock()
	counts := make([]Count, 0, len(c.totals))
	for class, n := range c.totals {
		counts = append(counts, Count{class, n.Load()})
	}
	c.mu.Unlock()
	slices.SortFunc(counts, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Policy, b.Policy), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Result, b.Result), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Shadow, b.Shadow))
	})
	return counts
}
