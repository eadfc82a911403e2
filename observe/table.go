package observe

import (
	"hash/maphash"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	"github.com/corskit/corskit/core"
)

// table counts keys with the Space-Saving algorithm. It has a fixed number of entries and
// reuses their memory. Updates take O(log size), and a lock for a short time.
type table struct {
	size int  // the number of entries; 100 if it is not positive
	bare bool // whether entries keep no request

	mu      sync.Mutex
	seed    maphash.Seed
	buckets []*entry // chains of entries by hash; the length is a power of two
	heap    []*entry // the lowest count is the first; see container/heap
	clock   clock
}

// key identifies an entry of a table. Its strings may belong to a request.
type key struct {
	origin   string
	refused  string
	class    *core.Class
	shadowed *core.Class // nil unless the table is about shadow policies
}

// entry is a key and what is known about it.
type entry struct {
	hash            uint64
	next            *entry // in the chain
	at              int    // the index in the heap
	origin, refused []byte
	class, shadowed *core.Class
	count, error    uint64
	first, last     time.Time
	tick            uint64 // the tick of last
	request         []byte // see appendRequest
}

// maxBuckets is the maximum number of chains.
const maxBuckets = 1 << 16

// add counts the request that src describes under a key, whose origin add fills in. It
// returns the count since the entry was made, and the time at which it was made.
func (t *table) add(src core.Source, k key) (n uint64, first time.Time) {
	if lines := src.Lines("Origin"); len(lines) > 0 {
		k.origin = clipped(lines[0], maxOrigin)
	}
	k.refused = clipped(k.refused, maxName)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.buckets == nil {
		t.init()
	}
	t.clock.update()
	hash := t.hash(&k)
	e := t.find(hash, &k)
	if e == nil {
		e = t.admit(hash, &k)
	}
	e.count++
	t.sink(e)
	if e.tick != t.clock.tick {
		e.tick, e.last = t.clock.tick, t.clock.now
		if !t.bare {
			buffer := e.request[:0]
			e.request = buffer // empty, not half of each request, if src panics
			e.request = appendRequest(buffer, src)
		}
	}
	return e.count - e.error, e.first
}

func (t *table) init() {
	if t.size <= 0 {
		t.size = 100
	}
	t.seed = maphash.MakeSeed()
	t.buckets = make([]*entry, 1<<bits.Len(uint(min(t.size, maxBuckets)-1)))
}

// hash returns a hash of those parts of a key that clients choose.
func (t *table) hash(k *key) uint64 {
	h := maphash.String(t.seed, k.origin)
	if k.refused != "" {
		h = bits.RotateLeft64(h, 1) + maphash.String(t.seed, k.refused)
	}
	return h + uint64(k.class.Route)
}

func (t *table) chain(hash uint64) **entry { return &t.buckets[hash&uint64(len(t.buckets)-1)] }

// find returns the entry of a key, or nil.
func (t *table) find(hash uint64, k *key) *entry {
	for e := *t.chain(hash); e != nil; e = e.next {
		if e.hash == hash && string(e.origin) == k.origin && string(e.refused) == k.refused &&
			alike(e.class, k.class) && alike(e.shadowed, k.shadowed) && (k.shadowed == nil || e.class.Shadow == k.class.Shadow) {
			e.class, e.shadowed = k.class, k.shadowed // next time, the pointers are equal, which is quick to compare
			return e
		}
	}
	return nil
}

// alike reports whether two classes are the same for a table. Whether the handler ran does
// not matter, nor what shadow policies say about a refusal.
func alike(a, b *core.Class) bool {
	return a == b || a != nil && b != nil &&
		a.Kind == b.Kind && a.Code == b.Code && a.Policy == b.Policy && a.Route == b.Route
}

// admit returns an entry for a new key. If the table is full, it replaces the entry with
// the lowest count.
func (t *table) admit(hash uint64, k *key) *entry {
	var e *entry
	if len(t.heap) < t.size {
		e = &entry{at: len(t.heap)}
		t.heap = append(t.heap, e)
		t.rise(e)
	} else {
		e = t.heap[0]
		link := t.chain(e.hash)
		for *link != e {
			link = &(*link).next
		}
		*link = e.next
	}
	link := t.chain(hash)
	e.hash, e.next, *link = hash, *link, e
	e.origin, e.refused = append(e.origin[:0], k.origin...), append(e.refused[:0], k.refused...)
	e.class, e.shadowed = k.class, k.shadowed
	e.error, e.first, e.tick = e.count, t.clock.now, 0
	return e
}

// rise moves a new entry, whose count is zero, to the top of the heap.
func (t *table) rise(e *entry) {
	for e.at > 0 {
		t.swap(e, t.heap[(e.at-1)/2])
	}
}

// sink restores the order of the heap after the count of an entry has grown.
func (t *table) sink(e *entry) {
	for {
		i := 2*e.at + 1
		if i >= len(t.heap) {
			return
		}
		least := t.heap[i]
		if i+1 < len(t.heap) && t.heap[i+1].count < least.count {
			least = t.heap[i+1]
		}
		if e.count <= least.count {
			return
		}
		t.swap(e, least)
	}
}

func (t *table) swap(a, b *entry) {
	a.at, b.at = b.at, a.at
	t.heap[a.at], t.heap[b.at] = a, b
}

// snapshot returns all entries.
func (t *table) snapshot() []Refusal {
	t.mu.Lock()
	defer t.mu.Unlock()
	refusals := make([]Refusal, len(t.heap))
	for i, e := range t.heap {
		refusals[i] = Refusal{
			Origin: string(e.origin), Kind: e.class.Kind, Code: e.class.Code, Refused: string(e.refused),
			Policy: e.class.Policy, Route: e.class.Route, Count: e.count, MaxError: e.error,
			First: e.first, Last: e.last, Request: readRequest(string(e.request)),
		}
	}
	return refusals
}

// clock caches the time for at most a tenth of a second. Reading the time takes longer
// than the rest of an update.
type clock struct {
	now   time.Time
	tick  uint64 // changes with now; never zero after the first update
	fresh atomic.Bool
	timer *time.Timer
}

const resolution = 100 * time.Millisecond

// update brings the clock up to date. Calls must not be concurrent.
func (c *clock) update() {
	if c.fresh.Load() {
		return
	}
	c.fresh.Store(true)
	c.now = time.Now()
	c.tick++
	if c.timer == nil {
		c.timer = time.AfterFunc(resolution, func() { c.fresh.Store(false) })
	} else {
		c.timer.Reset(resolution)
	}
}
