package language

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/corskit/corskit/internal/origin"
	"github.com/corskit/corskit/internal/suffix"
)

// Strangers returns two http or https origins that a regular expression matches. Their
// registered domains differ, and the expression writes out neither, so strangers may hold
// them. ok is false if there are no such origins.
//
// An expression writes a character out if it names the character, alone or as one of a few
// alternatives, and does not repeat it. The registered domain is the public suffix and one
// more label. The owner of a public IPv4 address is its network of 256 addresses; private
// addresses have no owner.
//
// The error is [ErrUndecided] if the question takes more steps than b has.
func Strangers(b *Budget, p *origin.Pattern) (origins [2]string, ok bool, err error) {
	return twoOwners(b, p, true)
}

// ManyHosts is like [Strangers] for schemes other than http and https. It compares whole
// hosts, because registered domains mean nothing with these schemes.
func ManyHosts(b *Budget, p *origin.Pattern) (origins [2]string, ok bool, err error) {
	return twoOwners(b, p, false)
}

// Example returns a short origin that p matches. ok is false if there is none. It
// takes fewer steps than [Examples].
func Example(b *Budget, p *origin.Pattern) (example string, ok bool, err error) {
	return find(b, p, target{all: true})
}

func twoOwners(b *Budget, p *origin.Pattern, web bool) (origins [2]string, ok bool, err error) {
	if origins[0], ok, err = find(b, p, target{web: web}); !ok || err != nil {
		return [2]string{}, false, err
	}
	o, _ := origin.Parse(origins[0])
	if origins[1], ok, err = find(b, p, target{web: web, not: ownerOf(o.Host, web)}); !ok || err != nil {
		return [2]string{}, false, err
	}
	return origins, true, nil
}

// owner is the owner of all hosts that end in a domain, or of all IPv4 addresses that begin
// with a network. Both strings are reversed.
type owner struct{ domain, network string }

func ownerOf(host string, web bool) owner {
	domain := host
	switch s, kind := suffix.PublicSuffix(host); {
	case !web || strings.HasPrefix(host, "["):
	case isIPv4(host):
		return owner{network: reversed(host[:strings.LastIndexByte(host, '.')])}
	case kind == suffix.None:
		domain = host[strings.LastIndexByte(host, '.')+1:]
	case len(s) < len(host):
		domain, _ = suffix.Registered(host)
	}
	return owner{domain: reversed(domain)}
}

func isIPv4(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.Is4()
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// target says which origins to look for. The expression must not write out their owner.
type target struct {
	all bool  // any origin; the other fields do not count
	web bool  // whether the scheme is http or https, or any other
	not owner // the owner to avoid; the zero owner avoids none
}

func (q target) scheme(at place) bool { return q.all || at.web() == q.web }

// find returns an origin that p matches and that q asks for.
func find(b *Budget, p *origin.Pattern, q target) (found string, ok bool, err error) {
	found, complete, err := findWith(b, p, q, false)
	if err == nil && found == "" && !complete {
		found, _, err = findWith(b, p, q, true)
	}
	return found, found != "", err
}

// findWith is like find. If exact is false, it takes far fewer steps, and complete reports
// whether the answer is exact nevertheless.
func findWith(b *Budget, p *origin.Pattern, q target, exact bool) (found string, complete bool, err error) {
	f := finder{automaton: newAutomaton(b), target: q, seen: make(map[position]bool)}
	entry, _, err := f.pattern(p)
	if err != nil {
		return "", false, err
	}
	if possible, ok := f.schemePossible(); !possible || !ok {
		return "", true, undecidedUnless(ok)
	}
	for _, at := range starts(exact) {
		if !f.reach(entry, noNeighbor, position{place: at, ownership: f.newOwnership()}, step{from: -1}) {
			return "", false, ErrUndecided
		}
	}
	complete = true
	for {
		i, ok := f.next()
		if !ok {
			return "", complete, nil
		}
		at := f.steps[i].position
		if f.accepts(at.element) && at.place.accepts() && q.scheme(at.place) {
			text := f.text(i)
			if _, ok := origin.Parse(text); ok {
				return text, true, nil
			}
			complete = exact
		}
		if !f.expand(i) {
			return "", false, ErrUndecided
		}
	}
}

// finder is a search through states, places in the grammar, and what is known about the
// owner. It first follows the steps where the owner is known, because only the rest of the
// origin is missing there.
type finder struct {
	*automaton
	target
	seen   map[position]bool
	steps  []step
	queues [2][]int32 // indices in steps: where the owner is known, and where it is not
}

// position has everything that matters about the characters read.
type position struct {
	element   element
	place     place
	ownership ownership
}

type step struct {
	position
	from int32 // index of the step to the right, or -1
	char byte
}

// reach visits the elements that a state leads to.
func (f *finder) reach(state int32, right neighbor, at position, via step) bool {
	all, ok := f.closure(state, right)
	if !ok || !f.budget.Spend(len(all)) {
		return false
	}
	for _, e := range all {
		at.element = e
		if !f.seen[at] {
			f.seen[at] = true
			via.position = at
			queue := &f.queues[1]
			if at.ownership.known {
				queue = &f.queues[0]
			}
			*queue = append(*queue, int32(len(f.steps)))
			f.steps = append(f.steps, via)
		}
	}
	return true
}

// schemePossible reports whether some state can read "://" and a scheme that q asks for. If
// not, there is no need to read hosts. ok is false if the budget is exhausted.
func (f *finder) schemePossible() (possible, ok bool) {
	type pair struct {
		element element
		place   place
	}
	seen := make(map[pair]bool)
	var stack []pair
	push := func(state int32, right neighbor, at place) bool {
		all, ok := f.closure(state, right)
		for _, e := range all {
			if p := (pair{e, at}); !seen[p] {
				seen[p] = true
				stack = append(stack, p)
			}
		}
		return ok && f.budget.Spend(len(all))
	}
	for state := range f.states {
		for _, right := range []neighbor{wordNeighbor, otherNeighbor} {
			if !push(int32(state), right, place{phase: afterHost}) {
				return false, false
			}
		}
	}
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if f.accepts(at.element) && at.place.accepts() && f.scheme(at.place) {
			return true, true
		}
		for _, c := range []byte(originChars) {
			next, ok := at.place.step(c)
			if ok && f.reads(at.element, c) && !push(f.states[at.element.state].next[0], neighborOf(c), next) {
				return false, false
			}
		}
	}
	return false, true
}

func undecidedUnless(ok bool) error {
	if ok {
		return nil
	}
	return ErrUndecided
}

// next returns the index of the step to follow. ok is false if there is none.
func (f *finder) next() (i int32, ok bool) {
	for k := range f.queues {
		if queue := &f.queues[k]; len(*queue) > 0 {
			i, *queue = (*queue)[0], (*queue)[1:]
			return i, true
		}
	}
	return 0, false
}

func (f *finder) expand(i int32) bool {
	at := f.steps[i].position
	for _, c := range []byte(originChars) {
		if !f.reads(at.element, c) {
			continue
		}
		place, ok := at.place.step(c)
		if !ok {
			continue
		}
		s := &f.states[at.element.state]
		ownership := at.ownership
		if at.place.inHost() && !ownership.read(f, at.place, c, s.vague) {
			continue
		}
		if !f.budget.Spend(1) || !f.reach(s.next[0], neighborOf(c), position{place: place, ownership: ownership}, step{from: i, char: c}) {
			return false
		}
	}
	return true
}

func (f *finder) text(i int32) string {
	var b []byte
	for ; f.steps[i].from >= 0; i = f.steps[i].from {
		b = append(b, f.steps[i].char)
	}
	return string(b)
}

func (p place) inHost() bool {
	return p.phase == beforeHost || p.phase == inName || p.phase == inIPv6
}
