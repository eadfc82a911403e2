package origin

import "iter"

// All iterates over the patterns that match s, except the exact origin s. It yields the
// owner of each pattern and the pattern as written. The order is not specified.
func (m *Matcher) All(s string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		o, ok := Parse(s)
		if !ok || m.any > 0 && !yield(m.any-1, anyPattern) {
			return
		}
		for r := range m.wild.all(&o) {
			if !yield(r.owner, r.pattern) {
				return
			}
		}
		for i := range m.regexps {
			r := &m.regexps[i]
			if !(r.secure && o.Insecure()) && r.pattern.Expr.MatchString(s) && !yield(r.owner, r.pattern.Source) {
				return
			}
		}
	}
}

func (w *wild) all(o *Origin) iter.Seq[*rule] {
	return func(yield func(*rule) bool) {
		for n := range w.lengths.upTo(len(o.Host)) {
			t := w.tails[o.Host[len(o.Host)-n:]]
			if t == nil {
				continue
			}
			rest := o.Host[:len(o.Host)-n]
			if !each(t.bare, o, rest, yield) {
				return
			}
			for n := range t.lengths.upTo(len(rest)) {
				if !each(t.heads[rest[:n]], o, rest[n:], yield) {
					return
				}
			}
		}
	}
}

// each calls yield for the rules that match an origin, until yield returns false. It
// returns false if yield did.
func each(rules []rule, o *Origin, rest string, yield func(*rule) bool) bool {
	for i := range rules {
		if rules[i].matches(o, rest) && !yield(&rules[i]) {
			return false
		}
	}
	return true
}
