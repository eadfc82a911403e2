package observe

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/corskit/corskit/core"
)

// maxClasses is the maximum number of classes that Counters tells apart. Reloads bring new
// names of policies; requests do not.
const maxClasses = 10_000

// Counters counts decisions by class. It is a [core.Observer] for any number of engines,
// and is safe for concurrent use. It takes no lock and does not allocate, except for the
// first decision of a class.
type Counters struct {
	recent [slots]atomic.Pointer[counter] // near the index of their classes

	mu     sync.Mutex // held while a counter is added
	totals map[core.Class]*atomic.Uint64
}

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
func NewCounters() *Counters { return &Counters{totals: make(map[core.Class]*atomic.Uint64)} }

// Observe implements [core.Observer].
func (c *Counters) Observe(_ context.Context, o *core.Observation) { c.ObserveClass(o.Class) }

// ObserveClass implements [core.ClassObserver].
func (c *Counters) ObserveClass(class *core.Class) {
	at := index(class)
	for i := range uintptr(window) {
		if known := c.recent[(at+i)%slots].Load(); known != nil && known.class == class {
			known.n.Add(1)
			return
		}
	}
	c.add(class).Add(1)
}

// add returns the number of a class that was not found.
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
	at := index(class)
	free := at % slots
	for i := range uintptr(window) {
		if c.recent[(at+i)%slots].Load() == nil {
			free = (at + i) % slots
			break
		}
	}
	c.recent[free].Store(&counter{class, n})
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
