// Package text compares and prints the text of HTTP messages.
package text

import (
	"fmt"
	"slices"
	"strings"
)

// Lower maps ASCII letters to lower case. Names and schemes in HTTP consist of
// ASCII letters only, and Unicode folding would turn the Kelvin sign into a k.
func Lower(s string) string { return mapASCII(s, 'A', 'Z', 'a'-'A') }

// Upper maps ASCII letters to upper case.
func Upper(s string) string { return mapASCII(s, 'a', 'z', 'A'-'a') }

func mapASCII(s string, from, to byte, by int) string {
	b := []byte(s)
	for i, c := range b {
		if from <= c && c <= to {
			b[i] = byte(int(c) + by)
		}
	}
	return string(b)
}

// EqualFold reports whether a and b are equal, ignoring ASCII case.
func EqualFold(a, b string) bool { return len(a) == len(b) && Lower(a) == Lower(b) }

// ContainsFold reports whether list contains s, ignoring ASCII case.
func ContainsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(member string) bool { return EqualFold(member, s) })
}

// IsDigits reports whether s consists of one or more ASCII digits.
func IsDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// maxClipped is how many bytes of a string a message repeats: some cases send a
// mebibyte, and a hostile server may answer with as much.
const maxClipped = 160

// Clip shortens s for a message. It quotes s unless s is printable ASCII.
func Clip(s string) string {
	note := ""
	if len(s) > maxClipped {
		note = fmt.Sprintf("... (%d bytes)", len(s))
		s = s[:maxClipped]
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return fmt.Sprintf("%+q", s) + note
		}
	}
	return s + note
}

// Quote is like [Clip], but always quotes s.
func Quote(s string) string {
	if q := Clip(s); strings.HasPrefix(q, `"`) {
		return q
	}
	return `"` + Clip(s) + `"`
}
