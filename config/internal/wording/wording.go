// Package wording makes text from files, variables and other packages fit for the
// messages of package config, and finds the word that a user probably meant.
package wording

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what a message repeats. MaxQuoted and maxName are in bytes,
// maxForeign is in characters.
const (
	MaxQuoted  = 120
	maxName    = 1024
	maxForeign = 200
)

// Quote returns s in quotes. It shortens a long s and adds its length.
func Quote(s string) string {
	if len(s) <= MaxQuoted {
		return strconv.Quote(s)
	}
	end := MaxQuoted
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return strconv.Quote(s[:end]) + "... (" + strconv.Itoa(len(s)) + " bytes)"
}

// Name returns the name of a file or variable. It quotes a name that is long or
// could break a line or a terminal.
func Name(s string) string {
	if len(s) > maxName || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return Quote(s)
	}
	return s
}

// Line makes s fit for one line of a terminal: it replaces what is not printable
// and cuts s after limit characters.
func Line(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, s)
	n := 0
	for i := range s {
		if n == limit {
			return s[:i] + "..."
		}
		n++
	}
	return s
}

// Foreign makes a message of another package safe to embed in one of this package.
func Foreign(s string) string { return Line(s, maxForeign) }
