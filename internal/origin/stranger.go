package origin

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// Stranger looks for an origin that a Regexp pattern matches but was probably not
// meant to: one whose registered domain differs from that of other origins that
// match the same branches of the expression. Stranger generates origins from the
// expression, with different characters and repetitions, and changes their hosts as
// attackers do. If it finds none, there may still be one. p must be a Regexp.
func (p *Pattern) Stranger() (origin string, found bool) {
	for _, s := range strangers {
		if p.Expr.MatchString(s) {
			return s, true
		}
	}
	tree, err := syntax.Parse(strings.TrimPrefix(p.Source, regexpPrefix), syntax.Perl)
	if err != nil {
		return "", false
	}
	for branch := range min(branches(tree), maxBranches) {
		domain := ""
		for _, char := range ".az0" {
			for _, more := range []int{0, 1, 12} {
				var b strings.Builder
				(&sampler{char, more, branch, 4 * MaxLen, maxSteps}).write(&b, tree)
				for _, s := range lookAlikes(b.String()) {
					o, ok := Parse(s)
					if !ok || !p.Expr.MatchString(s) {
						continue
					}
					switch d := registrable(o.Host); {
					case domain == "":
						domain = d
					case d != domain:
						return s, true
					}
				}
			}
		}
	}
	return "", false
}

// maxBranches is the maximum number of branches of an alternation to try.
const maxBranches = 256

// branches returns the number of branches of the largest alternation.
func branches(re *syntax.Regexp) int {
	n := 1
	if re.Op == syntax.OpAlternate {
		n = len(re.Sub)
	}
	for _, sub := range re.Sub {
		n = max(n, branches(sub))
	}
	return n
}

// maxListed is the maximum size of a character class that counts as a list of
// alternatives. The parser turns an alternation such as (a|b) into a class.
const maxListed = 4

const hostChars = "abcdefghijklmnopqrstuvwxyz0123456789-"

// has reports whether a character class, given by its ranges, contains c.
func has(ranges []rune, c rune) bool {
	for r := range slices.Chunk(ranges, 2) {
		if r[0] <= c && c <= r[1] {
			return true
		}
	}
	return false
}

// strangers are origins that nobody means to allow with one expression.
var strangers = [...]string{
	"https://corskit-probe-a.com", "https://corskit-probe-b.net", "https://corskit-probe-c.org",
	"https://corskitprobe.com", "https://corskitprobe.io", "https://corskitprobe.dev",
	"https://corskit-probe.github.io", "https://corskitprobe.vercel.app", "https://a.corskitprobe.co.uk",
	"http://corskitprobe.com", "http://corskit-probe.net",
}

// lookAlikes returns an origin and strings that resemble it.
func lookAlikes(s string) []string {
	scheme, host, ok := strings.Cut(s, "://")
	if !ok {
		scheme, host = "https", s
	}
	all := []string{s}
	for _, h := range []string{
		host, "corskitprobe" + host, "x" + host, "corskitprobe." + host,
		host + ".corskitprobe.com", host + "corskitprobe.com", strings.Replace(host, ".", "x", 1),
	} {
		all = append(all, scheme+"://"+h, "https://"+h)
	}
	return all
}

// sampler generates a string that an expression matches, if it can.
type sampler struct {
	char   rune // the character to prefer where there is a choice
	more   int  // how many repetitions to add to those required
	branch int  // which branch of an alternation to take, or the last if it has fewer
	room   int  // how many runes may still be written
	steps  int  // how many parts of the expression may still be visited
}

// maxSteps is the number of parts of an expression that a sampler visits at most.
// Nested repetitions of nothing, such as ((()*)*)*, take no room.
const maxSteps = 1 << 14

func (s *sampler) write(b *strings.Builder, re *syntax.Regexp) {
	if s.steps--; s.room <= 0 || s.steps <= 0 {
		return
	}
	repeat := func(low, high int) {
		n := low + s.more
		if high >= 0 {
			n = min(n, high)
		}
		for range n {
			s.write(b, re.Sub[0])
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 {
				r = unicode.ToLower(r) // the parser stores upper case
			}
			s.rune(b, r)
		}
	case syntax.OpCharClass:
		s.rune(b, s.of(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		s.rune(b, s.char)
	case syntax.OpCapture:
		s.write(b, re.Sub[0])
	case syntax.OpStar:
		repeat(0, -1)
	case syntax.OpPlus:
		repeat(1, -1)
	case syntax.OpQuest:
		repeat(0, 1)
	case syntax.OpRepeat:
		repeat(re.Min, re.Max)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			s.write(b, sub)
		}
	case syntax.OpAlternate:
		s.write(b, re.Sub[min(s.branch, len(re.Sub)-1)])
	}
}

func (s *sampler) rune(b *strings.Builder, r rune) {
	s.room--
	b.WriteRune(r)
}

// of returns a member of a character class, given by its ranges: the preferred
// character, if it is a member and the class is not a list of alternatives, and
// otherwise the first member that is allowed in a host.
func (s *sampler) of(ranges []rune) rune {
	var members []rune
	for _, c := range hostChars {
		if has(ranges, c) {
			members = append(members, c)
		}
	}
	switch {
	case has(ranges, s.char) && (len(members) > maxListed || s.char == '.'):
		return s.char
	case len(members) > 0:
		return members[0]
	case len(ranges) > 0:
		return ranges[0]
	default:
		return s.char
	}
}
