//go:build !gc || race || go1.27

package corshttp

import "sync"

var slabs = sync.Pool{New: func() any { return new(slab) }}

// takeLocal is [take] from a slab that no other goroutine has at the moment.
func takeLocal(n int) []string {
	s := slabs.Get().(*slab)
	out := s.cut(n)
	if out == nil {
		*s = newSlab()
		out = s.cut(n)
	}
	slabs.Put(s)
	return out
}
