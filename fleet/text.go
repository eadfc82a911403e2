package fleet

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of texts, in bytes.
const (
	maxAuthor     = 128
	maxMessage    = 1024
	maxReasonText = 1024 // why a rollout is halted
	maxCauseText  = 2048 // the cause in an Error
	maxQuoted     = 128  // a value in an error
)

// isText reports whether s is one line of valid, printable text of at most limit bytes.
func isText(s string, limit int) bool {
	return len(s) <= limit && utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// clean returns s as one printable line of at most limit bytes, for untrusted texts. The
// result shows where it has replaced or cut something.
func clean(s string, limit int) string {
	if isText(s, limit) {
		return s
	}
	const ellipsis = "..."
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			r = ' '
		case !unicode.IsPrint(r):
			r = unicode.ReplacementChar
		}
		if b.Len()+utf8.RuneLen(r)+len(ellipsis) > limit {
			b.WriteString(ellipsis)
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// quote returns s quoted and shortened, for messages.
func quote(s string) string { return strconv.Quote(clean(s, maxQuoted)) }

// isName reports whether s is a name of an instance or a label: letters, digits and
// some punctuation, at most limit bytes.
func isName(s string, limit int) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte("-_.:@+", c) < 0 {
			return false
		}
	}
	return true
}
