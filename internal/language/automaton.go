package language

import (
	"errors"
	"math/bits"
	"regexp/syntax"
	"strings"
	"unicode"

	"github.com/corskit/corskit/internal/origin"
)

// ErrUndecided is the error of a question that needs more steps than its budget has.
var ErrUndecided = errors.New("too complex to decide")

// Budget bounds the work for one question or several. One step takes about 50 ns. A
// Budget is not safe for concurrent use.
type Budget struct {
	steps int
	whole *Budget // the Budget of which Part returned this one, or nil
}

// NewBudget returns a Budget of the given number of steps.
func NewBudget(steps int) *Budget { return &Budget{steps: steps} }

// Part returns a Budget of at most the given number of steps. Steps spent from it are
// spent from b too.
func (b *Budget) Part(steps int) *Budget { return &Budget{min(steps, b.steps), b} }

// Spend takes n steps, and reports whether the Budget had that many. Callers may spend
// steps on work of their own.
func (b *Budget) Spend(n int) bool {
	b.steps -= n
	if b.whole != nil && !b.whole.Spend(n) {
		return false
	}
	return b.steps >= 0
}

// automaton is a nondeterministic automaton that reads strings from their end. Several
// patterns share one automaton. Each has its own entry and its own final state.
type automaton struct {
	states   []state
	closures map[closureKey][]element
	budget   *Budget
}

// maxStates bounds the size of an automaton.
const maxStates = 1 << 14

type state struct {
	kind  kind
	vague bool    // for char: the expression does not write the character out
	cond  uint8   // for assert: one of the needs, or one of the assertions below
	chars charset // for char
	next  [2]int32
}

type kind uint8

const (
	final  kind = iota // a match if the whole string has been read
	char               // reads one of chars and goes to next[0]
	split              // goes to both next without reading
	assert             // goes to next[0] if cond holds
)

// element is a state that an automaton is in, and what the character to the left of the
// current position must be.
type element struct {
	state int32
	need  uint8
}

// The needs of an element.
const (
	needWord    uint8 = 1 << iota // a word character must be to the left
	needNonWord                   // no word character may be to the left
	needStart                     // the beginning of the string must be here
)

// Assertions that depend on the characters on both sides.
const (
	wordBoundary uint8 = 1 << (iota + 4)
	noWordBoundary
	atEnd
)

// charset is a set of ASCII characters.
type charset [2]uint64

func (s *charset) add(c byte)     { s[c/64] |= 1 << (c % 64) }
func (s charset) has(c byte) bool { return s[c/64]&(1<<(c%64)) != 0 }

// count returns how many characters of origins are in the set.
func (s charset) count() int {
	return bits.OnesCount64(s[0]&inOrigins[0]) + bits.OnesCount64(s[1]&inOrigins[1])
}

// neighbor is the character to the right of the current position.
type neighbor uint8

const (
	noNeighbor neighbor = iota // at the end
	wordNeighbor
	otherNeighbor
)

func neighborOf(c byte) neighbor {
	if isWord(c) {
		return wordNeighbor
	}
	return otherNeighbor
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

func newAutomaton(b *Budget) *automaton {
	return &automaton{closures: make(map[closureKey][]element), budget: b}
}

func (a *automaton) add(s state) int32 {
	a.states = append(a.states, s)
	return int32(len(a.states) - 1)
}

// pattern adds a pattern, and returns its entry and its final state.
func (a *automaton) pattern(p *origin.Pattern) (entry, end int32, err error) {
	source := expression(p)
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return 0, 0, err
	}
	end = a.add(state{kind: final})
	b := builder{automaton: a, listed: !vagueNotation(source)}
	entry = b.build(tree, end, false)
	if len(a.states) > maxStates {
		return 0, 0, ErrUndecided
	}
	return entry, end, nil
}

// vagueNotation reports whether an expression has a notation for sets of characters.
// If not, all character classes of its tree come from alternatives, such as (a|b|c).
func vagueNotation(source string) bool {
	for i := 0; i < len(source); i++ {
		switch source[i] {
		case '[', '.':
			return true
		case '\\':
			if i++; i < len(source) && strings.IndexByte("dDsSwWpPC", source[i]) >= 0 {
				return true
			}
		}
	}
	return false
}

// maxListed is the maximum size of a character class that counts as a list of
// alternatives if the expression has a notation for sets of characters. The parser
// turns (a|b) into a class.
const maxListed = 4

// builder adds the states of an expression to an automaton.
type builder struct {
	*automaton
	listed bool // classes of any size are lists of alternatives
}

// build adds states that read what re matches, from its end, and then go to next. It
// returns the first of them. repeated reports whether re is inside a repetition.
func (b *builder) build(re *syntax.Regexp, next int32, repeated bool) int32 {
	if len(b.states) > maxStates {
		return next // pattern refuses the automaton
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			next = b.add(state{kind: char, chars: literal(r, re.Flags&syntax.FoldCase != 0), vague: repeated, next: [2]int32{next}})
		}
		return next
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL, syntax.OpNoMatch:
		chars := class(re)
		vague := repeated || !b.listed && chars.count() > maxListed
		return b.add(state{kind: char, chars: chars, vague: vague, next: [2]int32{next}})
	case syntax.OpCapture:
		return b.build(re.Sub[0], next, repeated)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			next = b.build(sub, next, repeated)
		}
		return next
	case syntax.OpAlternate:
		first := b.build(re.Sub[0], next, repeated)
		for _, sub := range re.Sub[1:] {
			first = b.add(state{kind: split, next: [2]int32{first, b.build(sub, next, repeated)}})
		}
		return first
	case syntax.OpQuest:
		return b.add(state{kind: split, next: [2]int32{b.build(re.Sub[0], next, repeated), next}})
	case syntax.OpStar:
		return b.loop(re.Sub[0], next)
	case syntax.OpPlus:
		return b.next(b.loop(re.Sub[0], next))
	case syntax.OpRepeat:
		return b.repeat(re, next, repeated)
	default:
		return b.assertion(re.Op, next)
	}
}

// loop adds a split and returns it. The split goes to next, and to states that read re and
// come back to the split.
func (b *builder) loop(re *syntax.Regexp, next int32) int32 {
	s := b.add(state{kind: split, next: [2]int32{next, next}})
	b.states[s].next[0] = b.build(re, s, true)
	return s
}

// next returns the state that the loop s repeats.
func (b *builder) next(s int32) int32 { return b.states[s].next[0] }

func (b *builder) repeat(re *syntax.Regexp, next int32, repeated bool) int32 {
	repeated = repeated || re.Max != 1
	if re.Max < 0 {
		next = b.loop(re.Sub[0], next)
	}
	for end, i := next, re.Min; i < re.Max; i++ {
		next = b.add(state{kind: split, next: [2]int32{b.build(re.Sub[0], next, repeated), end}})
	}
	for range re.Min {
		next = b.build(re.Sub[0], next, repeated)
	}
	return next
}

// assertion adds an assertion. An origin has no line breaks, so it begins and ends
// with its only line.
func (b *builder) assertion(op syntax.Op, next int32) int32 {
	var cond uint8
	switch op {
	case syntax.OpBeginLine, syntax.OpBeginText:
		cond = needStart
	case syntax.OpEndLine, syntax.OpEndText:
		cond = atEnd
	case syntax.OpWordBoundary:
		cond = wordBoundary
	case syntax.OpNoWordBoundary:
		cond = noWordBoundary
	default: // OpEmptyMatch
		return next
	}
	return b.add(state{kind: assert, cond: cond, next: [2]int32{next}})
}

func literal(r rune, fold bool) (s charset) {
	if r < unicode.MaxASCII {
		s.add(byte(r))
	}
	if !fold {
		return s
	}
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if f < unicode.MaxASCII {
			s.add(byte(f))
		}
	}
	return s
}

func class(re *syntax.Regexp) (s charset) {
	switch re.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return inOrigins
	case syntax.OpNoMatch:
		return s
	}
	for i := 0; i+1 < len(re.Rune); i += 2 {
		for c := re.Rune[i]; c <= min(re.Rune[i+1], unicode.MaxASCII-1); c++ {
			s.add(byte(c))
		}
	}
	return s
}

type closureKey struct {
	state int32
	right neighbor
}

// closure returns the char and final states that s leads to without reading a character,
// and the needs of each. right is the character to the right. It returns false if the
// budget is exhausted.
func (a *automaton) closure(s int32, right neighbor) ([]element, bool) {
	key := closureKey{s, right}
	if known, ok := a.closures[key]; ok {
		return known, true
	}
	var all []element
	seen := make(map[element]bool)
	stack := []element{{s, 0}}
	for len(stack) > 0 {
		e := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[e] {
			continue
		}
		seen[e] = true
		if !a.budget.Spend(1) {
			return nil, false
		}
		switch st := &a.states[e.state]; st.kind {
		case split:
			stack = append(stack, element{st.next[1], e.need}, element{st.next[0], e.need})
		case assert:
			if need, ok := demand(e.need, st.cond, right); ok {
				stack = append(stack, element{st.next[0], need})
			}
		default:
			all = append(all, e)
		}
	}
	a.closures[key] = all
	return all, true
}

// demand adds an assertion to the needs of an element. It reports whether both can
// hold.
func demand(need, cond uint8, right neighbor) (uint8, bool) {
	switch cond {
	case atEnd:
		return need, right == noNeighbor
	case wordBoundary, noWordBoundary:
		if (right == wordNeighbor) == (cond == noWordBoundary) {
			need |= needWord
		} else {
			need |= needNonWord
		}
	default:
		need |= cond
	}
	return need, need&needWord == 0 || need&(needNonWord|needStart) == 0
}

// reads reports whether an element reads c.
func (a *automaton) reads(e element, c byte) bool {
	s := &a.states[e.state]
	if s.kind != char || !s.chars.has(c) || e.need&needStart != 0 {
		return false
	}
	if isWord(c) {
		return e.need&needNonWord == 0
	}
	return e.need&needWord == 0
}

// accepts reports whether an element matches if the whole string has been read.
func (a *automaton) accepts(e element) bool {
	return a.states[e.state].kind == final && e.need&needWord == 0
}
