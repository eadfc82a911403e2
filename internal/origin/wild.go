package origin

import (
	"math/bits"
	"strings"
)

// wild holds the patterns that have a wildcard in the host, or several ports.
//
// They are grouped by the tail of their host, the text after the last wildcard:
// ".example.com" for "*.example.com", "-team.example.com" for "*-team.example.com",
// the whole host if it has no wildcard. If there are few tails, a lookup compares
// each with the end of the origin's host. Otherwise it looks up the end of the host
// in tails, once for each length that a tail has.
type wild struct {
	lengths lengths // of the tails
	tails   map[string]*tail
	few     []*tail // the first maxFew tails
}

// tail holds the patterns with one tail, grouped by the head of their host, the
// text before the first wildcard. So a lookup among pr-1-* to pr-9999-* costs as
// much as one among pr-1-* only.
type tail struct {
	literal string
	lengths lengths // of the non-empty heads
	heads   map[string][]rule
	bare    []rule // patterns with an empty head
}

// rule has the parts of a pattern that remain to be compared after its tail and head have
// matched.
type rule struct {
	owner   int
	scheme  string
	ports   Ports
	star    star
	middle  []string // for manyStars: the labels of the host
	pattern string
}

// star says which wildcards the host of a pattern has.
type star uint8

const (
	noStar    star = iota // no wildcard: the tail is the whole host
	oneLabel              // one wildcard within a label: it matches no dot
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

// match returns the rule of the lowest owner below limit that matches o, or nil.
func (w *wild) match(o *Origin, limit int) (best *rule) {
	if len(w.tails) <= maxFew {
		for _, t := range w.few {
			if endsIn(o.Host, t.literal) {
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

// endsIn is strings.HasSuffix. It compares the last byte first, which tells most tails
// apart.
func endsIn(host, tail string) bool {
	n := len(tail)
	return n == 0 || len(host) >= n && host[len(host)-1] == tail[n-1] && host[len(host)-n:] == tail
}

// match is like [wild.match] for the patterns of one tail. The host of o must end
// in that tail.
func (t *tail) match(o *Origin, limit int) (best *rule) {
	rest := o.Host[:len(o.Host)-len(t.literal)]
	if r := pick(t.bare, o, rest, limit); r != nil {
		best, limit = r, r.owner
	}
	if len(t.heads) == 0 {
		return best
	}
	for n := range t.lengths.upTo(len(rest)) {
		if r := pick(t.heads[rest[:n]], o, rest[n:], limit); r != nil {
			best, limit = r, r.owner
		}
	}
	return best
}

// pick returns the first rule that matches an origin, or nil. rest is the part of
// the origin's host that has not been compared. Rules are sorted by owner.
func pick(rules []rule, o *Origin, rest string, limit int) *rule {
	for i := range rules {
		r := &rules[i]
		if r.owner >= limit {
			return nil
		}
		// The same condition as in matches, which the compiler does not inline.
		if r.scheme == o.Scheme && r.ports.contains(o.Port) && r.matchRest(o.Host, rest) {
			return r
		}
	}
	return nil
}

// matches reports whether the rule matches an origin. rest is the part of the origin's
// host that has not been compared.
func (r *rule) matches(o *Origin, rest string) bool {
	return r.scheme == o.Scheme && r.ports.contains(o.Port) && r.matchRest(o.Host, rest)
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

// matchLabels matches a host label by label, from the right. A leading "*" matches
// one or more labels.
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

// matchLabel matches one label. Each * matches one or more bytes.
func matchLabel(pattern, label string) bool {
	retry, from := 0, 0 // where to resume after the last *, if there was one
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

// lengths is a set of lengths, each from 0 to MaxLen.
type lengths [MaxLen/64 + 1]uint64

func (s *lengths) add(n int) { s[n/64] |= 1 << (n % 64) }

// upTo iterates over the members up to max, in ascending order.
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
