package gateways

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"
)

// originChars are the characters of origins. Every class of a portable expression is a subset.
const originChars = "+-./0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz"

// portableExpression returns an expression that matches the same origins as an expression of RE2,
// and means the same in RE2, PCRE and Java. It is not anchored. Apart from operators, it has only
// characters of origins: no quotes, white space, "#" or "%", and "$" only at the end of an
// alternative. It may match text that is not an origin.
func portableExpression(e string) (string, error) {
	tree, err := syntax.Parse(e, syntax.Perl)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := writePortable(&b, tree.Simplify()); err != nil {
		return "", err
	}
	return b.String(), nil
}

// quoteOrigin returns an expression for a text of origin characters. Brackets instead of
// backslashes survive every kind of quotation.
func quoteOrigin(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if strings.IndexByte(".+", c) >= 0 {
			b.WriteString("[" + string(rune(c)) + "]")
		} else if c == '[' || c == ']' {
			b.WriteString(`\` + string(rune(c)))
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// errNothing is the error for an expression that matches no origin.
var errNothing = errors.New("matches no origin")

// writePortable writes an expression. It leaves out parts that match only characters that no origin
// has.
func writePortable(b *strings.Builder, re *syntax.Regexp) error {
	switch re.Op {
	case syntax.OpEmptyMatch:
		b.WriteString("(?:)")
		return nil
	case syntax.OpLiteral, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return writeCharacters(b, re)
	case syntax.OpBeginLine, syntax.OpBeginText:
		b.WriteString("^")
		return nil
	case syntax.OpEndLine, syntax.OpEndText:
		b.WriteString("$")
		return nil
	case syntax.OpWordBoundary:
		b.WriteString(`\b`)
		return nil
	case syntax.OpNoWordBoundary:
		b.WriteString(`\B`)
		return nil
	case syntax.OpCapture:
		return writeGroup(b, re.Sub[0])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		return writeRepeated(b, re)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if err := writeGroup(b, sub); err != nil {
				return err
			}
		}
		return nil
	case syntax.OpAlternate:
		return writeAlternatives(b, re)
	}
	return errNothing
}

// writeGroup writes an expression as one element.
func writeGroup(b *strings.Builder, re *syntax.Regexp) error {
	var inner strings.Builder
	if err := writePortable(&inner, re); err != nil {
		return err
	}
	b.WriteString(inner.String())
	return nil
}

func writeRepeated(b *strings.Builder, re *syntax.Regexp) error {
	var inner strings.Builder
	if err := writePortable(&inner, re.Sub[0]); err != nil {
		if errors.Is(err, errNothing) && re.Op != syntax.OpPlus && (re.Op != syntax.OpRepeat || re.Min == 0) {
			return nil // zero times
		}
		return err
	}
	text := inner.String()
	if sub := re.Sub[0]; sub.Op != syntax.OpCharClass && sub.Op != syntax.OpAnyChar && sub.Op != syntax.OpAnyCharNotNL &&
		sub.Op != syntax.OpAlternate {
		text = "(?:" + text + ")"
	}
	mark := map[syntax.Op]string{syntax.OpStar: "*", syntax.OpPlus: "+", syntax.OpQuest: "?"}[re.Op]
	if mark == "" {
		return errors.New("has a repetition that is not simplified")
	}
	b.WriteString(text + mark)
	return nil
}

func writeAlternatives(b *strings.Builder, re *syntax.Regexp) error {
	var all []string
	for _, sub := range re.Sub {
		var inner strings.Builder
		err := writePortable(&inner, sub)
		if err != nil && !errors.Is(err, errNothing) {
			return err
		}
		if err == nil {
			all = append(all, inner.String())
		}
	}
	if len(all) == 0 {
		return errNothing
	}
	b.WriteString("(?:" + strings.Join(all, "|") + ")")
	return nil
}

// writeCharacters writes a literal or a class.
func writeCharacters(b *strings.Builder, re *syntax.Regexp) error {
	if re.Op != syntax.OpLiteral {
		return writeClass(b, re)
	}
	for _, r := range re.Rune {
		one := &syntax.Regexp{Op: syntax.OpLiteral, Flags: re.Flags, Rune: []rune{r}}
		if err := writeClass(b, one); err != nil {
			return err
		}
	}
	return nil
}

// writeClass writes the characters of origins that an expression for one character matches.
func writeClass(b *strings.Builder, re *syntax.Regexp) error {
	one, err := regexp.Compile(`\A(?:` + re.String() + `)\z`)
	if err != nil {
		return err
	}
	var set []byte
	for _, c := range []byte(originChars) {
		if one.Match([]byte{c}) {
			set = append(set, c)
		}
	}
	switch len(set) {
	case 0:
		return errNothing
	case 1:
		b.WriteString(quoteOrigin(string(set)))
	case len(originChars):
		b.WriteString(".")
	default:
		b.WriteString(classOf(set))
	}
	return nil
}

// classOf returns a class with the given characters, which must be in ascending order.
func classOf(set []byte) string {
	var b, brackets strings.Builder
	dash := false
	for i := 0; i < len(set); {
		j := i
		for j+1 < len(set) && set[j+1] == set[j]+1 && isAlnum(set[i]) && isAlnum(set[j+1]) {
			j++
		}
		switch c := set[i]; {
		case c == '-':
			dash = true
		case c == '[' || c == ']':
			brackets.WriteString(`\` + string(rune(c)))
		case j > i+1:
			b.WriteString(string(rune(c)) + "-" + string(rune(set[j])))
		default:
			b.Write(set[i : j+1])
		}
		i = j + 1
	}
	b.WriteString(brackets.String())
	if dash {
		b.WriteByte('-')
	}
	return "[" + b.String() + "]"
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
