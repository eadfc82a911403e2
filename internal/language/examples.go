package language

import (
	"encoding/binary"
	"slices"

	"github.com/corskit/corskit/internal/origin"
)

// Examples returns short origins that p matches. It puts two of these origins into the
// same group if the same other patterns match both, and returns one origin of each group.
// So if a property of an origin depends only on which patterns match it, the examples
// have every property that an origin of p can have. If there are no examples, p matches
// no origin.
//
// The error is [ErrUndecided] if the question takes more steps than b has. Then some
// examples may be missing.
func Examples(b *Budget, p *origin.Pattern, others ...*origin.Pattern) ([]string, error) {
	found, complete, err := examples(b, false, p, others)
	if err == nil && !complete {
		found, _, err = examples(b, true, p, others)
	}
	return found, err
}

// examples is like [Examples]. If exact is false, it takes far fewer steps, and complete
// reports whether the answer is exact nevertheless.
func examples(b *Budget, exact bool, p *origin.Pattern, others []*origin.Pattern) (found []string, complete bool, err error) {
	a := newAutomaton(b)
	s := search{automaton: a, subsets: make(map[string]int32), seen: make(map[node]bool)}
	var entries []int32
	for _, pattern := range append([]*origin.Pattern{p}, others...) {
		entry, end, err := a.pattern(pattern)
		if err != nil {
			return nil, false, err
		}
		entries = append(entries, entry)
		s.ends = append(s.ends, end)
	}
	s.first = int32(len(a.states)) // states of p come first
	if len(s.ends) > 1 {
		s.first = s.ends[1]
	}
	s.alphabet = a.alphabet()
	for _, place := range starts(exact) {
		if !s.start(entries, place) {
			return nil, false, ErrUndecided
		}
	}
	told := make(map[string]bool) // by combination: whether the example is an origin
	for i := 0; i < len(s.queue); i++ {
		if combination, ok := s.matches(i); ok && !told[combination] {
			text := s.text(i)
			if _, told[combination] = origin.Parse(text); told[combination] {
				found = append(found, text)
			}
		}
		if !s.expand(i) {
			return found, false, ErrUndecided
		}
	}
	for _, ok := range told {
		if !ok {
			return found, exact, nil
		}
	}
	return found, true, nil
}

// search is a breadth-first search through pairs of a set of states and a place in the
// grammar. All strings that lead to the same pair have the same continuations.
type search struct {
	*automaton
	ends     []int32 // the final states of the patterns
	first    int32   // states below belong to the first pattern
	alphabet []byte

	subsets map[string]int32 // by their elements
	sets    [][]element
	table   []int32 // the set that each set goes to with each character of the alphabet
	seen    map[node]bool
	queue   []visit
}

type node struct {
	set   int32
	place place
}

type visit struct {
	node
	from int32 // index of the visit to the right, or -1
	char byte
}

func (s *search) start(entries []int32, at place) bool {
	var set []element
	for _, entry := range entries {
		more, ok := s.closure(entry, noNeighbor)
		if !ok {
			return false
		}
		set = append(set, more...)
	}
	s.visit(visit{node{s.intern(set), at}, -1, 0})
	return true
}

func (s *search) visit(v visit) {
	if !s.seen[v.node] {
		s.seen[v.node] = true
		s.queue = append(s.queue, v)
	}
}

// intern returns the number of a set.
func (s *search) intern(set []element) int32 {
	slices.SortFunc(set, func(a, b element) int { return int(a.key()) - int(b.key()) })
	set = slices.Compact(set)
	key := make([]byte, 0, 4*len(set))
	for _, e := range set {
		key = binary.LittleEndian.AppendUint32(key, e.key())
	}
	n, known := s.subsets[string(key)]
	if !known {
		n = int32(len(s.sets))
		s.subsets[string(key)] = n
		s.sets = append(s.sets, set)
		s.table = append(s.table, slices.Repeat([]int32{unknown}, len(s.alphabet))...)
	}
	return n
}

func (e element) key() uint32 { return uint32(e.state)<<8 | uint32(e.need) }

// expand visits the nodes that the characters to the left of a visit lead to. It returns
// false if the budget is exhausted.
func (s *search) expand(i int) bool {
	v := s.queue[i]
	for k, c := range s.alphabet {
		place, ok := v.place.step(c)
		if !ok {
			continue
		}
		set, ok := s.next(v.set, k)
		if !ok || !s.budget.Spend(1) {
			return false
		}
		if set != dead {
			s.visit(visit{node{set, place}, int32(i), c})
		}
	}
	return true
}

// next returns the set that the character with the index k in the alphabet leads to,
// or dead if the first pattern can no longer match. ok is false if the budget is exhausted.
func (s *search) next(from int32, k int) (to int32, ok bool) {
	at := int(from)*len(s.alphabet) + k
	if known := s.table[at]; known != unknown {
		return known, true
	}
	set, ok := s.read(s.sets[from], s.alphabet[k])
	if !ok {
		return dead, false
	}
	to = dead
	if slices.ContainsFunc(set, func(e element) bool { return e.state < s.first }) {
		if !s.budget.Spend(len(s.alphabet)) { // for the table
			return dead, false
		}
		to = s.intern(set)
	}
	s.table[at] = to
	return to, true
}

// Values that are not the number of a set.
const (
	unknown = -1 // not computed yet
	dead    = -2 // the first pattern can no longer match
)

func (s *search) read(set []element, c byte) (next []element, ok bool) {
	for _, e := range set {
		if !s.budget.Spend(1) {
			return nil, false
		}
		if !s.reads(e, c) {
			continue
		}
		more, ok := s.closure(s.states[e.state].next[0], neighborOf(c))
		if !ok || !s.budget.Spend(len(more)) {
			return nil, false
		}
		next = append(next, more...)
	}
	return next, true
}

// matches reports whether the string of a visit is an origin that the first pattern
// matches, and returns the combination of patterns that match it.
func (s *search) matches(i int) (combination string, ok bool) {
	v := s.queue[i]
	if !v.place.accepts() {
		return "", false
	}
	matched := make([]byte, len(s.ends))
	for _, e := range s.sets[v.set] {
		if s.accepts(e) {
			matched[slices.Index(s.ends, e.state)] = 1
		}
	}
	return string(matched), matched[0] == 1
}

// text returns the string that leads to a visit.
func (s *search) text(i int) string {
	var b []byte
	for at := int32(i); s.queue[at].from >= 0; at = s.queue[at].from {
		b = append(b, s.queue[at].char)
	}
	return string(b)
}

// alphabet returns a character for each class of characters that neither the patterns
// nor the grammar tell apart.
func (a *automaton) alphabet() []byte {
	var sets []charset
	known := make(map[charset]bool)
	for i := range a.states {
		if st := &a.states[i]; st.kind == char && !known[st.chars] {
			known[st.chars] = true
			sets = append(sets, st.chars)
		}
	}
	taken := make(map[string]bool)
	var chars []byte
	for _, c := range []byte(originChars) {
		class := []byte{grammarClass(c)}
		for _, set := range sets {
			if set.has(c) {
				class = append(class, 1)
			} else {
				class = append(class, 0)
			}
		}
		if !taken[string(class)] {
			taken[string(class)] = true
			chars = append(chars, c)
		}
	}
	return chars
}

// grammarClass returns a number for each class of characters that the grammar does not
// tell apart.
func grammarClass(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return 'A'
	case 'a' <= c && c <= 'e':
		return 'a'
	case 'a' <= c && c <= 'z' && c != 'f' && c != 'h' && c != 'p' && c != 's' && c != 't' && c != 'w' && c != 'x':
		return 'z'
	}
	return c
}
