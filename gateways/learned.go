package gateways

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
)

// maxAlternatives bounds the entries that replace one expression.
const maxAlternatives = 64

// entriesMatching returns entries of AllowOrigins that match the same origins as an unanchored
// expression: origins and wildcards if possible, and otherwise one expression. It leaves out "null"
// and other origins that only exact entries match.
func entriesMatching(e string) []string {
	tree, err := syntax.Parse(e, syntax.Perl)
	if err != nil {
		return []string{expressionPattern(e, false)}
	}
	whole := anchoredPattern(tree.Simplify(), e)
	if whole == "regexp:" {
		return nil // only the empty text
	}
	sequences, ok := alternatives(tree.Simplify())
	if !ok {
		return []string{whole}
	}
	var entries []string
	for _, s := range sequences {
		entry, ok := entryFor(s)
		if !ok {
			return []string{whole}
		}
		if entry != "" {
			entries = append(entries, entry)
		}
	}
	if !slices.ContainsFunc(entries, func(e string) bool { return !core.IsOrigin(e) && e != "null" }) {
		return distinct(entries) // all alternatives are texts
	}
	if !sameOrigins(whole, entries) {
		return []string{whole}
	}
	return distinct(entries)
}

// anchoredPattern returns the pattern of an expression with its anchors removed, if that does not
// change its meaning.
func anchoredPattern(tree *syntax.Regexp, e string) string {
	if tree.Op != syntax.OpConcat || len(tree.Sub) < 2 {
		return expressionPattern(e, false)
	}
	inner := tree.Sub
	if text, ok := strings.CutPrefix(e, "^"); ok && strings.HasSuffix(text, "$") && isBegin(inner[0]) && isEnd(inner[len(inner)-1]) {
		return "regexp:" + strings.TrimSuffix(text, "$")
	}
	first, last := "", ""
	if isBegin(inner[0]) {
		inner = inner[1:]
	} else {
		first = ".*"
	}
	if n := len(inner); n > 0 && isEnd(inner[n-1]) {
		inner = inner[:n-1]
	} else {
		last = ".*"
	}
	if first+last == ".*.*" {
		return expressionPattern(e, false)
	}
	return "regexp:" + first + (&syntax.Regexp{Op: syntax.OpConcat, Flags: tree.Flags, Sub: inner}).String() + last
}

func isBegin(re *syntax.Regexp) bool {
	return re.Op == syntax.OpBeginText || re.Op == syntax.OpBeginLine
}
func isEnd(re *syntax.Regexp) bool { return re.Op == syntax.OpEndText || re.Op == syntax.OpEndLine }

// alternatives expands an expression into sequences of elements. ok is false if there are too many.
func alternatives(re *syntax.Regexp) (all [][]*syntax.Regexp, ok bool) {
	switch re.Op {
	case syntax.OpCapture:
		return alternatives(re.Sub[0])
	case syntax.OpConcat:
		all = [][]*syntax.Regexp{nil}
		for _, sub := range re.Sub {
			next, ok := alternatives(sub)
			if !ok || len(all)*len(next) > maxAlternatives {
				return nil, false
			}
			var product [][]*syntax.Regexp
			for _, a := range all {
				for _, b := range next {
					product = append(product, slices.Concat(a, b))
				}
			}
			all = product
		}
		return all, true
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			next, ok := alternatives(sub)
			if all = append(all, next...); !ok || len(all) > maxAlternatives {
				return nil, false
			}
		}
		return all, true
	case syntax.OpQuest:
		if re.Sub[0].Op == syntax.OpLiteral {
			return [][]*syntax.Regexp{nil, {re.Sub[0]}}, true
		}
	case syntax.OpCharClass:
		if letters := fewLetters(re); letters != nil {
			return letters, true
		}
	case syntax.OpEmptyMatch:
		return [][]*syntax.Regexp{nil}, true
	}
	return [][]*syntax.Regexp{{re}}, true
}

// fewLetters returns the alternatives of a class of at most four characters, or nil.
func fewLetters(re *syntax.Regexp) (all [][]*syntax.Regexp) {
	for i := 0; i+1 < len(re.Rune); i += 2 {
		for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
			if all = append(all, []*syntax.Regexp{{Op: syntax.OpLiteral, Rune: []rune{r}}}); len(all) > 4 {
				return nil
			}
		}
	}
	return all
}

// entryFor returns an entry for a sequence. The entry may match more or less than the sequence, so
// the caller must compare them. It is empty if the sequence matches no origin that a pattern can
// match.
func entryFor(sequence []*syntax.Regexp) (entry string, ok bool) {
	if n := len(sequence); n < 2 || !isBegin(sequence[0]) || !isEnd(sequence[n-1]) {
		return "", false
	}
	var b strings.Builder
	for _, re := range sequence[1 : len(sequence)-1] {
		switch {
		case re.Op == syntax.OpLiteral && re.Flags&syntax.FoldCase == 0:
			b.WriteString(string(re.Rune))
		case isBegin(re) || isEnd(re):
		case re.Op == syntax.OpQuest && strings.HasPrefix(stripGroups(re.Sub[0]).String(), ":"):
			b.WriteString(":*")
		case re.Op == syntax.OpPlus && strings.Contains(re.Sub[0].String(), ".") && re.Sub[0].Op != syntax.OpCharClass &&
			re.Sub[0].Op != syntax.OpAnyCharNotNL:
			b.WriteString("*.") // for groups that end in a dot
		default:
			b.WriteByte('*')
		}
	}
	entry = b.String()
	if entry == "null" || core.IsOrigin(entry) {
		return entry, true
	}
	if _, err := core.Examples(entry); err != nil {
		return "", false
	}
	return entry, true
}

func stripGroups(re *syntax.Regexp) *syntax.Regexp {
	for re.Op == syntax.OpCapture {
		re = re.Sub[0]
	}
	return re
}

// sameOrigins reports whether a pattern and entries match the same origins. It ignores origins that
// only exact entries match.
func sameOrigins(pattern string, entries []string) bool {
	var patterns []string
	for _, e := range entries {
		if e != "null" {
			patterns = append(patterns, e)
		}
	}
	if len(patterns) == 0 {
		examples, err := core.Examples(pattern)
		return err == nil && len(examples) == 0
	}
	engine, err := core.New(core.Policy{AllowOrigins: patterns})
	if err != nil {
		return false
	}
	inner, err := core.Examples(pattern, patterns...)
	if err != nil || slices.ContainsFunc(inner, func(o string) bool { return !engine.AllowsOrigin(o) }) {
		return false
	}
	re, err := regexp.Compile(`^(?:` + strings.TrimPrefix(pattern, "regexp:") + `)$`)
	if err != nil {
		return false
	}
	for _, p := range patterns {
		outer, err := core.Examples(p, pattern)
		if err != nil || slices.ContainsFunc(outer, func(o string) bool { return !re.MatchString(o) }) {
			return false
		}
	}
	return true
}
