package config

import "strings"

// maxWords bounds the words that are compared with one: a file can name tens of
// thousands of policies, and as many that it does not have.
const maxWords = 200

// nearest returns the word of words, the first maxWords of them, that a person
// who wrote s most likely meant, or the empty string.
func nearest(s string, words []string) string {
	if len(s) > 2*maxName {
		return ""
	}
	words = words[:min(len(words), maxWords)]
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
	// "credential" or "expose" is part of what is meant. Of several words that
	// hold it the shortest is the plainest.
	for _, w := range words {
		if b := bareWord(w); len(meant) >= 4 && strings.Contains(b, meant) || len(b) >= 5 && strings.Contains(meant, b) {
			if best == "" || len(w) < len(best) {
				best = w
			}
		}
	}
	return best
}

var bare = strings.NewReplacer("-", "", "_", "", ".", "", " ", "")

// bareWord drops what spellings of one name differ in: case, - and _, and the
// prefixes that some have and others have not.
func bareWord(s string) string {
	s = strings.ToLower(s)
	s = bare.Replace(s)
	for _, prefix := range []string{"cors", "accesscontrol", "allowed", "allow"} {
		s = strings.TrimPrefix(s, prefix)
	}
	return s
}

// edits counts the insertions, deletions, replacements and swaps of neighbours
// that turn a into b.
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
