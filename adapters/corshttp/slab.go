package corshttp

// A slab is an array of which responses get elements of their own, so that an
// allocation serves many of them. What has been handed out is never handed out
// again: a slab is used up, not used again.
type slab struct{ free []string }

const (
	slabSize = 64 // elements: 1 KiB, and at most that many short strings kept alive
	slabMost = 8  // elements that one response may take of it
)

func newSlab() slab { return slab{make([]string, slabSize)} }

// cut returns n empty strings, in a slice that cannot grow in place, or nil if
// the slab has no more as many.
func (s *slab) cut(n int) []string {
	if len(s.free) < n {
		return nil
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}

// take returns n empty strings, in a slice that cannot grow in place.
func take(n int) []string {
	if n > slabMost {
		return make([]string, n)
	}
	return takeLocal(n)
}
