package observe

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/corskit/corskit/core"
)

// Bounds of the number of classes that Counters tells apart. Requests bring neither names
// of policies nor routes; reloads do.
const (
	perPolicy   = 18 // without routes, a policy has at most 16 as long as its shadow stays
	minPolicies = 10 // fewer policies have the classes of this many
	maxClasses  = 10_000
)

// others is the code and the policy of classes that are not told apart.
const others = "(others)"

// Counters counts decisions by class. It is a [core.Observer] for any number of engines,
// and is safe for concurrent use. It takes no lock and does not allocate, except for the
// first decisions of a class.
//
// Counters tells 180 classes apart (18 for each policy if there are more than ten), and never
// more than 10,000. From two thirds of the bound on, new classes lose their route: it is -1.
// At the bound, they keep only their kind and result; their code and policy are "(others)".
// So many routes or reloads cost detail, and no decision is lost.
type Counters struct {
	recent [slots]atomic.Pointer[counter] // near the index of their classes

	mu       sync.Mutex // held while a counter is added
	totals   map[core.Class]*atomic.Uint64
	apart    int             // how many of totals are told apart
	policies map[string]bool // the names in totals
}

var _ core.ClassObserver = (*Counters)(nil)

// counter counts the decisions of a class. Counters of equal classes share n.
type counter struct {
	class *core.Class
	n     *atomic.Uint64
}

const (
	slots  = 1 << 8
	window = 4 // how far from its index a counter may be
)

// index returns where to look for the counter of a class. Classes do not move, and differ
// in the bits of their addresses beyond those of their size.
func index(class *core.Class) uintptr { return uintptr(unsafe.Pointer(class)) / unsafe.Sizeof(*class) }

// Count is how many decisions had a class.
type Count struct {
	core.Class
	N uint64
}

// NewCounters returns Counters that have counted nothing.
func NewCounters() *Counters {
	return &Counters{totals: make(map[core.Class]*atomic.Uint64), policies: make(map[string]bool)}
}

// Observe implements [core.Observer].
func (c *Counters) Observe(_ context.Context, o *core.Observation) { c.ObserveClass(o.Class) }

// ObserveClass implements [core.ClassObserver].
func (c *Counters) ObserveClass(class *core.Class) (whole bool) {
	at := index(class)
	for i := range uintptr(window) {
		if known := c.recent[(at+i)%slots].Load(); known != nil && known.class == class {
			known.n.Add(1)
			return false
		}
	}
	c.add(class).Add(1)
	return false
}

// add returns the number of a class that was not found. If its places are taken, it takes
// one at random. So classes that are no longer in use give way, and those in use settle: all
// stay if each can have a place of its own.
func (c *Counters) add(class *core.Class) *atomic.Uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.total(*class)
	at := index(class)
	free := (at + uintptr(rand.Uint32N(window))) % slots
	for i := range uintptr(window) {
		if c.recent[(at+i)%slots].Load() == nil {
			free = (at + i) % slots
			break
		}
	}
	c.recent[free].Store(&counter{class, n})
	return n
}

// total returns the number of a class, which it adds if there is none.
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
