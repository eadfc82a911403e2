package origin

import (
	"math/bits"
	"strings"
)

// wild holds the patterns whose host has a wildcard, or whose port is a set.
//
// They are grouped by the literal tail of their host, what follows its last
// wildcard: "*.example.com" under ".example.com", "*-team.example.com" under
// "-team.example.com", a host without a wildcard under itself. A look-up tries
// the tails of the origin's host that have the length of some pattern's tail, or,
// of a few patterns, all tails.
type wild struct {
	lengths lengths
	tails   map[string]*tail
	few     []*tail // the first maxFew of them
}

// tail groups patterns further by the literal head of their host, what stands
// before its first wildcard, so that pr-1-* to pr-9999-* cost no more than one.
type tail struct {
	literal string
	lengths lengths // of the heads other than the empty one
	heads   map[string][]rule
	bare    []rule // patterns whose head is empty
}

// rule is what remains of a pattern once its tail and head have matched.
type rule struct {
	owner   int
	scheme  string
	ports   Ports
	star    star
	middle  []string // of manyStars: the labels from the first wildcard's to the last's
	pattern string
}

type star uint8

const (
	noStar    star = iota // the tail is the whole host
	oneLabel              // one wildcard within a label: anything but a dot
	anyLabels             // a leading "*.": one or more labels
	manyStars             // several wildcards
)

func (w *wild) add(owner int, p Pattern) {
	if w.tails == nil {
		w.tails = make(map[string]*tail)
	}
	r := rule{owner: owner, scheme: p.Scheme, ports: p.Ports, pattern: p.Source}
	head, lit := "", p.Host
	if last := strings.LastIndexByte(p.Host, '*'); last >= 0 {
		lit = p.Host[last+1:]
		switch first := strings.IndexByte(p.Host, '*'); {
		case first != last:
			r.star = manyStars
			r.middle = strings.Split(p.Host, ".")
		case strings.HasPrefix(p.Host, "*."):
			r.star = anyLabels
		default:
			r.star = oneLabel
			head = p.Host[:first]
		}
	}
	t := w.tails[lit]
	if t == nil {
		t = &tail{literal: lit, heads: make(map[string][]rule)}
		w.tails[lit] = t
		w.lengths.add(len(lit))
		if len(w.few) < maxFew {
			w.few = append(w.few, t)
		}
	}
	if head == "" {
		t.bare = append(t.bare, r)
		return
	}
	t.heads[head] = append(t.heads[head], r)
	t.lengths.add(len(head))
}

// match returns the rule of the lowest owner below limit that o matches, or nil.
func (w *wild) match(o *Origin, limit int) (best *rule) {
	if len(w.tails) <= maxFew {
		for _, t := range w.few {
			if strings.HasSuffix(o.Host, t.literal) {
				if r := t.match(o, limit); r != nil {
					best, limit = r, r.owner
				}
			}
		}
		return best
	}
	for n := range w.lengths.upTo(len(o.Host)) {
		if t := w.tails[o.Host[len(o.Host)-n:]]; t != nil {
			if r := t.match(o, limit); r != nil {
				best, limit = r, r.owner
			}
		}
	}
	return best
}

// match is that of [wild] among the patterns of one tail, which o has.
func (t *tail) match(o *Origin, limit int) (best *rule) {
	rest := o.Host[:len(o.Host)-len(t.literal)]
	if r := pick(t.bare, o, rest, limit); r != nil {
		best, limit = r, r.owner
	}
	for n := range t.lengths.upTo(len(rest)) {
		if r := pick(t.heads[rest[:n]], o, rest[n:], limit); r != nil {
			best, limit = r, r.owner
		}
	}
	return best
}

// pick returns the first of rules, which are in the order of their owners, that
// an origin matches of whose host all but rest has matched.
func pick(rules []rule, o *Origin, rest string, limit int) *rule {
	for i := range rules {
		r := &rules[i]
		if r.owner >= limit {
			return nil
		}
		if r.scheme == o.Scheme && r.ports.contains(o.Port) && r.matchRest(o.Host, rest) {
			return r
		}
	}
	return nil
}

func (r *rule) matchRest(host, rest string) bool {
	switch r.star {
	case noStar:
		return rest == ""
	case oneLabel:
		return rest != "" && strings.IndexByte(rest, '.') < 0
	case anyLabels:
		return rest != ""
	default:
		return matchLabels(r.middle, host)
	}
}

// matchLabels matches a host label by label, from the right. A leading "*"
// stands for all the labels that are left, one at least.
func matchLabels(pattern []string, host string) bool {
	for i := len(pattern) - 1; i > 0; i-- {
		dot := strings.LastIndexByte(host, '.')
		if dot < 0 || !matchLabel(pattern[i], host[dot+1:]) {
			return false
		}
		host = host[:dot]
	}
	if pattern[0] == "*" {
		return host != ""
	}
	return strings.IndexByte(host, '.') < 0 && matchLabel(pattern[0], host)
}

// matchLabel matches one label, in which each * stands for one or more bytes.
func matchLabel(pattern, label string) bool {
	retry, from := 0, 0 // where to go on after the last *, if there was one
	p, l := 0, 0
	for l < len(label) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			retry, from = p+1, l+1
			p, l = retry, from
		case p < len(pattern) && pattern[p] == label[l]:
			p++
			l++
		case retry > 0:
			from++
			p, l = retry, from
		default:
			return false
		}
	}
	return p == len(pattern)
}

// lengths is a set of lengths from 0 to MaxLen.
type lengths [MaxLen/64 + 1]uint64

func (s *lengths) add(n int) { s[n/64] |= 1 << (n % 64) }

// upTo iterates over the members that are at most max, the smallest first.
func (s *lengths) upTo(max int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i, word := range s {
			for ; word != 0; word &= word - 1 {
				n := 64*i + bits.TrailingZeros64(word)
				if n > max || !yield(n) {
					return
				}
			}
		}
	}
}
