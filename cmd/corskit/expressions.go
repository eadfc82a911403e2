package main

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/corskit/corskit/config"
)

// maxSamples is the largest number of origins that represent one expression.
const maxSamples = 32

// sampleExpression returns origins that an expression matches, as different from
// each other as possible, and some that have one repetition too many to match.
func sampleExpression(expression string) (inside, near []string) {
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, nil
	}
	whole, err := regexp.Compile("^(?:" + expression + ")$")
	if err != nil {
		return nil, nil
	}
	some := func(list []string, matched bool) []string {
		slices.Sort(list)
		list = slices.DeleteFunc(slices.Compact(list), func(s string) bool { return whole.MatchString(s) != matched })
		return list[:min(len(list), maxSamples)]
	}
	return some(matches(tree), true), some(beyond(tree), false)
}

// matches returns strings that an expression probably matches. They cover each
// alternative, the ends of each character class, and few and many repetitions.
func matches(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		text := string(re.Rune)
		if re.Flags&syntax.FoldCase != 0 {
			text = strings.ToLower(text) // origins are in lower case
		}
		return []string{text}
	case syntax.OpCharClass:
		return class(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return []string{"a", "0", "-", "."}
	case syntax.OpCapture:
		return matches(re.Sub[0])
	case syntax.OpPlus:
		return repeated(re.Sub[0], 1, -1)
	case syntax.OpStar:
		return repeated(re.Sub[0], 0, -1)
	case syntax.OpQuest:
		return repeated(re.Sub[0], 0, 1)
	case syntax.OpRepeat:
		return repeated(re.Sub[0], re.Min, re.Max)
	case syntax.OpConcat:
		list := []string{""}
		for _, sub := range re.Sub {
			list = joined(list, matches(sub))
		}
		return list
	case syntax.OpAlternate:
		var list []string
		for _, sub := range re.Sub {
			list = append(list, matches(sub)...)
		}
		return list[:min(len(list), maxSamples)]
	}
	return []string{""}
}

// beyond returns strings like those of matches, but with one repetition more than
// some bound permits.
func beyond(re *syntax.Regexp) []string {
	var list []string
	switch re.Op {
	case syntax.OpQuest:
		list = repeated(re.Sub[0], 2, 2)
	case syntax.OpRepeat:
		if re.Max >= 0 {
			list = repeated(re.Sub[0], re.Max+1, re.Max+1)
		}
	case syntax.OpConcat:
		for i, sub := range re.Sub {
			if more := beyond(sub); len(more) > 0 && len(list) < maxSamples {
				before := matches(&syntax.Regexp{Op: syntax.OpConcat, Sub: re.Sub[:i]})
				after := matches(&syntax.Regexp{Op: syntax.OpConcat, Sub: re.Sub[i+1:]})
				list = append(list, joined(joined(before, more), after)...)
			}
		}
	case syntax.OpCapture, syntax.OpPlus, syntax.OpStar, syntax.OpAlternate:
		for _, sub := range re.Sub {
			list = append(list, beyond(sub)...)
		}
	}
	return list[:min(len(list), maxSamples)]
}

// joined pairs each string of either list with a string of the other.
func joined(a, b []string) []string {
	if len(a) == 0 || len(b) == 0 {
		return nil
	}
	list := make([]string, max(len(a), len(b)))
	for i := range list {
		list[i] = a[i%len(a)] + b[i%len(b)]
	}
	return list
}

// repeated returns the fewest repetitions, one more, and the most. If most is -1,
// there is no bound.
func repeated(re *syntax.Regexp, fewest, most int) []string {
	once := matches(re)
	var list []string
	for _, n := range []int{fewest, fewest + 1, most} {
		if n < 0 || most >= 0 && n > most {
			continue
		}
		for _, s := range once {
			list = append(list, strings.Repeat(s, n))
		}
	}
	return list[:min(len(list), maxSamples)]
}

// class returns the ends of a character class's ranges, limited to characters that
// occur in origins.
func class(ranges []rune) []string {
	var list []string
	inOrigins := []struct{ low, high rune }{{'a', 'z'}, {'0', '9'}, {'-', '.'}, {'_', '_'}, {':', ':'}, {'/', '/'}}
	for _, within := range inOrigins {
		for i := 0; i+1 < len(ranges); i += 2 {
			low, high := max(ranges[i], within.low), min(ranges[i+1], within.high)
			if low <= high {
				list = append(list, string(low), string(high))
			}
		}
	}
	return list[:min(len(list), maxSamples)]
}

// expressionsDiffer reports whether a regular expression occurs in only one of the
// configurations.
func expressionsDiffer(before, after *config.Config) bool {
	of := func(c *config.Config) map[string]bool {
		m := make(map[string]bool)
		for _, p := range c.Policies {
			for _, pattern := range p.AllowOrigins {
				if strings.HasPrefix(pattern, "regexp:") {
					m[pattern] = true
				}
			}
		}
		return m
	}
	a, b := of(before), of(after)
	for pattern := range a {
		if !b[pattern] {
			return true
		}
	}
	return len(a) != len(b)
}
