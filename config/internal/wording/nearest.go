package wording

import (
	"strconv"
	"strings"
)

// MaxWords is the number of words that [Nearest] compares. A file can name tens of
// thousands of policies, and refer to as many that do not exist.
const MaxWords = 200

// maxGuess bounds the words for which [Nearest] guesses, in bytes.
const maxGuess = 128

// Nearest returns the word that the author of s most likely meant, or the empty
// string. It considers the first MaxWords of words.
func Nearest(s string, words []string) string {
	if len(s) > maxGuess {
		return ""
	}
	words = words[:min(len(words), MaxWords)]
	meant := bareWord(s)
	best, distance := "", 0
	for _, w := range words {
		b := bareWord(w)
		if b == meant {
			return w
		}
		d := edits(meant, b)
		if d <= max(1, min(len(meant), len(b))/3) && (best == "" || d < distance) {
			best, distance = w, d
		}
	}
	if best != "" {
		return best
	}
	// "credential" and "expose" are parts of keys. If several words contain s, the
	// shortest is the most likely.
	for _, w := range words {
		if b := bareWord(w); len(meant) >= 4 && strings.Contains(b, meant) || len(b) >= 5 && strings.Contains(meant, b) {
			if best == "" || len(w) < len(best) {
				best = w
			}
		}
	}
	return best
}

// DidYouMean returns the suggestion to write word.
func DidYouMean(word string) string { return "did you mean " + strconv.Quote(word) + "?" }

var separators = strings.NewReplacer("-", "", "_", "", ".", "", " ", "")

// bareWord removes the differences between spellings of one name: case,
// separators, and prefixes that only some spellings have.
func bareWord(s string) string {
	s = separators.Replace(strings.ToLower(s))
	for _, prefix := range []string{"cors", "accesscontrol", "allowed", "allow"} {
		s = strings.TrimPrefix(s, prefix)
	}
	return s
}

// edits returns the number of insertions, deletions, replacements and swaps of
// neighbors that turn a into b.
func edits(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
