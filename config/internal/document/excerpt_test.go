package document

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("x", 300) + ` "here" ` + strings.Repeat("y", 300)
	for _, c := range []struct {
		line   string
		column int
		want   Excerpt
	}{
		{"  key: value # c", 3, Excerpt{"  key: value # c", 2, 3}},
		{"  key: value # c", 8, Excerpt{"  key: value # c", 7, 5}},
		{"max_age: 7 days", 10, Excerpt{"max_age: 7 days", 9, 6}},
		{"max_age: 7 days   # long", 10, Excerpt{"max_age: 7 days   # long", 9, 6}},
		{"{max_age: 1 hour , a: b}", 11, Excerpt{"{max_age: 1 hour , a: b}", 10, 6}},
		{"{max_age: 1 hour}", 11, Excerpt{"{max_age: 1 hour}", 10, 6}},
		{"a key: b c", 1, Excerpt{"a key: b c", 0, 5}},
		{"max_age = 7 # c", 1, Excerpt{"max_age = 7 # c", 0, 7}},
		{"max_age: 7  ", 10, Excerpt{"max_age: 7  ", 9, 1}},
		{"{ a: b }", 1, Excerpt{"{ a: b }", 0, 1}},
		{`["a b", 'c d']`, 2, Excerpt{`["a b", 'c d']`, 1, 5}},
		{`["a\"b"]`, 2, Excerpt{`["a\"b"]`, 1, 6}},
		{`"open`, 1, Excerpt{`"open`, 0, 5}},
		{"\tkey\x1b[31m: v", 2, Excerpt{" key\ufffd[31m: v", 1, 8}},
		{"key", 0, Excerpt{"key", 0, 0}},
		{"key", 9, Excerpt{"key", 3, 0}},
		{"", 1, Excerpt{"", 0, 0}},
	} {
		if got := ExcerptOf(c.line, c.column); got != c.want {
			t.Errorf("ExcerptOf(%q, %d) is %+v, want %+v", c.line, c.column, got, c.want)
		}
	}
	e := ExcerptOf(long, 302)
	if n := len([]rune(e.Text)); n > excerptLen || e.Text[e.Start:e.Start+e.Width] != `"here"` {
		t.Errorf("got %+v of %d characters", e, n)
	}
}

// TestExcerptOfLongLines compares positions and excerpts, which are found without
// reading the line from its beginning, with those from a simple algorithm.
func TestExcerptOfLongLines(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune("ab,: []{}\"'\\\tä世\u0301🙂")
	for try := range 300 {
		var b strings.Builder
		for range r.IntN(4) {
			b.WriteString(strings.Repeat("ü", r.IntN(300)) + "\n")
		}
		line := b.Len()
		for range r.IntN(4000) {
			b.WriteRune(alphabet[r.IntN(len(alphabet))])
		}
		text := b.String()
		d := &Document{Data: []byte(text + "\r\nlast")}
		number := strings.Count(text, "\n") + 1
		for range 20 {
			at := line
			column := 1
			stop := line + r.IntN(len(text)-line+1)
			for offset := range text[line:] {
				if line+offset >= stop {
					break
				}
				at, column = line+offset, column+1
			}
			column = max(1, column-1)
			if got := d.at(at); got != (Pos{number, column}) {
				t.Fatalf("try %d: offset %d is at %v, want %d:%d", try, at, got, number, column)
			}
			want := excerptSlowly(text[line:], column)
			if got := d.Excerpt(Pos{number, column}); got != want {
				t.Fatalf("try %d: column %d of %q:\ngot  %+v\nwant %+v", try, column, text[line:], got, want)
			}
			if got := ExcerptOf(text[line:], column); got != want {
				t.Fatalf("try %d: ExcerptOf %d of %q:\ngot  %+v\nwant %+v", try, column, text[line:], got, want)
			}
		}
	}
}

// The fault of invalid UTF-8 is at its first byte.
func TestInvalidUTF8(t *testing.T) {
	for before := range 3 * markEvery {
		d := &Document{Name: "cors.yaml", Data: []byte(strings.Repeat("ü", before) + strings.Repeat("\x92", 5*excerptBytes) + "x")}
		f := d.Clean()
		if f == nil || f.Pos != (Pos{1, before + 1}) {
			t.Fatalf("after %d characters: %+v", before, f)
		}
		if x := d.Excerpt(f.Pos); x.Text == "" || x.Start+x.Width > len([]rune(x.Text)) || strings.Contains(x.Text, "\x92") {
			t.Fatalf("after %d characters: %+v", before, x)
		}
	}
}

// excerptSlowly is a simple version of ExcerptOf.
func excerptSlowly(line string, column int) Excerpt {
	text := []rune(line)
	start := min(column-1, len(text))
	width := tokenWidth(text[start:])
	if from := start - excerptBefore; from > 0 && len(text) > excerptLen {
		text, start = text[from:], start-from
	}
	text = text[:min(len(text), excerptLen)]
	return Excerpt{Text: strings.ReplaceAll(string(text), "\t", " "), Start: start, Width: max(0, min(width, len(text)-start))}
}
