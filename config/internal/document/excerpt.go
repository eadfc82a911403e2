package document

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Excerpt is a part of a line and the range to underline in it.
type Excerpt struct {
	Text         string
	Start, Width int // in characters of Text; a Width of zero underlines nothing
}

// Bounds of an excerpt, in characters, and of the bytes that are read on either
// side of the underlined part, which are more than can be shown.
const (
	excerptBefore = 60
	excerptLen    = 160
	excerptBytes  = 4 * (excerptLen + 1)
)

// Excerpt returns the part of a line around a position, with the token that begins
// there underlined. If the column is unknown, nothing is underlined.
func (d *Document) Excerpt(p Pos) Excerpt {
	begin, end := d.span(p.Line)
	if p.Column <= 0 {
		return excerptAt(string(d.Data[begin:min(end, begin+excerptBytes)]), -1)
	}
	// The line can be long, so only the bytes around the column are read.
	at := d.offset(p)
	from, to := begin, min(end, at+excerptBytes)
	if at-begin > excerptBytes {
		from = d.runeStart(at-excerptBytes, at)
	}
	return excerptAt(string(d.Data[from:to]), at-from)
}

// ExcerptOf is like [Document.Excerpt], but for a given line.
func ExcerptOf(line string, column int) Excerpt {
	if column <= 0 {
		return excerptAt(line[:min(len(line), excerptBytes)], -1)
	}
	at := 0
	for n := column - 1; n > 0 && at < len(line); n-- {
		_, size := utf8.DecodeRuneInString(line[at:])
		at += size
	}
	from := at
	for n := 0; from > 0 && n < excerptLen; n++ {
		_, size := utf8.DecodeLastRuneInString(line[:from])
		from -= size
	}
	return excerptAt(line[from:min(len(line), at+excerptBytes)], at-from)
}

// excerptAt returns the part of a line around an offset, with the token that
// begins there underlined. If the offset is negative, nothing is underlined.
func excerptAt(line string, at int) Excerpt {
	text := []rune(line)
	start, width := 0, 0
	if at >= 0 {
		start = utf8.RuneCountInString(line[:at])
		width = tokenWidth(text[start:])
	}
	if from := start - excerptBefore; from > 0 && len(text) > excerptLen {
		text, start = text[from:], start-from
	}
	text = text[:min(len(text), excerptLen)]
	for i, r := range text {
		switch {
		case r == '\t':
			text[i] = ' '
		case !unicode.IsPrint(r):
			text[i] = utf8.RuneError
		}
	}
	return Excerpt{Text: string(text), Start: start, Width: max(0, min(width, len(text)-start))}
}

// tokenWidth returns the length of the key or value at the beginning of text:
// a quoted string, or the characters that can be part of an unquoted text. In YAML, such a
// text may have spaces inside.
func tokenWidth(text []rune) int {
	if len(text) == 0 {
		return 0
	}
	if q := text[0]; q == '"' || q == '\'' {
		for i := 1; i < len(text); i++ {
			switch {
			case text[i] == '\\' && q == '"':
				i++
			case text[i] == q:
				return i + 1
			}
		}
		return len(text)
	}
	plain := unicode.IsLetter(text[0]) || unicode.IsDigit(text[0])
	n := 1
	for n < len(text) && !strings.ContainsRune(",]}=", text[n]) {
		if unicode.IsSpace(text[n]) {
			next := slices.IndexFunc(text[n:], func(r rune) bool { return r != ' ' })
			if !plain || next < 0 || unicode.IsSpace(text[n+next]) || strings.ContainsRune("#,]}=", text[n+next]) {
				break
			}
			n += next
		}
		if text[n] == ':' && (n+1 == len(text) || unicode.IsSpace(text[n+1])) {
			break
		}
		n++
	}
	return n
}
