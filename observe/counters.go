package observe

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/corskit/corskit/core"
)

// maxClasses is the maximum number of classes that Counters tells apart. Reloads bring new
// names of policies; requests do not.
const maxClasses = 10_000

// Counters counts decisions by class. It is a [core.Observer] for any number of engines,
// and is safe for concurrent use. It takes no lock and does not allocate, except for the
// first decision of a class.
type Counters struct {
	known atomic.Pointer[map[*core.Class]*atomic.Uint64]

	mu     sync.Mutex                    // held while known or totals changes
	totals map[core.Class]*atomic.Uint64 // different pointers may have equal classes
}

// Count is how many decisions had a class.
type Count struct {
	core.Class
	N uint64
}

// NewCounters returns Counters that have counted nothing.
func NewCounters() *Counters {
	c := &Counters{totals: make(map[core.Class]*atomic.Uint64)}
	c.known.Store(new(map[*core.Class]*atomic.Uint64))
	return c
}

// Observe implements [core.Observer].
func (c *Counters) Observe(_ context.Context, o *core.Observation) { c.ObserveClass(o.Class) }

// ObserveClass implements [core.ClassObserver].
func (c *Counters) ObserveClass(class *core.Class) {
	n, ok := (*c.known.Load())[class]
	if !ok {
		n = c.add(class)
	}
	n.Add(1)
}

// add returns the counter of a class that was not known.
func (c *Counters) add(class *core.Class) *atomic.Uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := *class
	n, ok := c.totals[key]
	if !ok && len(c.totals) >= maxClasses {
		key.Policy, key.Route = "(others)", -1
		n, ok = c.totals[key]
	}
	if !ok {
		n = new(atomic.Uint64)
		c.totals[key] = n
	}
	old := *c.known.Load()
	known := make(map[*core.Class]*atomic.Uint64, len(old)+1)
	if len(old) < maxClasses { // otherwise forget the classes of policies that were replaced
		maps.Copy(known, old)
	}
	known[class] = n
	c.known.Store(&known)
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
