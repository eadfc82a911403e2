package config

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestTimeIsLinear loads files of the permitted size that have something to say
// in every place. What takes time for each pair of places takes minutes.
func TestTimeIsLinear(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	const bound = 30 * time.Second // seconds at most are needed, on a busy machine with the race detector
	for _, c := range []struct{ name, text, want string }{
		{"entries.json", `{"policies":{"a":{"allow_origins":[` + strings.Repeat("1,", 400_000) + `1]}}}`, "where text is meant"},
		{"entries.yaml", `policies: {a: {allow_origins: [` + strings.Repeat("1,", 400_000) + `1]}}`, "where text is meant"},
		{"tags.yaml", `policies: {a: {allow_origins: [` + strings.Repeat("! 1,", 250_000) + `1]}}`, "a value with a YAML tag"},
		{"entries.toml", `policies.a.allow_origins=[` + strings.Repeat("1,", 400_000) + `1]`, "where text is meant"},
		{"keys.json", `{` + many(80_000, `"k%d":1,`) + `"k":1}`, "an unknown key"},
		{"dots.toml", "a" + strings.Repeat(".a", 400_000) + "=1", "nest too deeply"},
		{"header.toml", "[a" + strings.Repeat(".a", 400_000) + "]", "nest too deeply"},
		{"route.json", `{"policies":{"a":{}},"routes":[{"policies":["a"` + strings.Repeat(`,"a"`, 200_000) + `]}]}`, "named before"},
		{"routes.yaml", "policies:\n" + many(25_000, " p%d: {}\n") + "routes:\n" + many(15_000, " - {policies: [q%d]}\n"), "no policy of this name"},
		{"policies.yaml", "policies:\n" + many(60_000, " p%d: {}\n") + "routes: [{policies: [nobody]}]\n", "no policy of this name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if len(c.text) > MaxFileSize {
				t.Fatalf("%d bytes are more than may be read", len(c.text))
			}
			done := make(chan error, 1)
			go func() {
				done <- Check(context.Background(), Static{c.name: []byte(c.text)}, c.name, Options{Environ: []string{}}).Err
			}()
			select {
			case err := <-done:
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %.300v, want an error with %q", err, c.want)
				}
			case <-time.After(bound):
				t.Fatalf("not done in %v", bound)
			}
		})
	}
}

// TestPlaceInLongLines compares positions and excerpts, which are found without
// reading a line from its beginning, with those that are found that way.
func TestPlaceInLongLines(t *testing.T) {
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
		d := &document{data: []byte(text + "\r\nlast")}
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
			if got := d.at(at); got != (pos{number, column}) {
				t.Fatalf("try %d: offset %d is at %v, want %d:%d", try, at, got, number, column)
			}
			want := excerptSlowly(text[line:], column)
			if got := d.place(pos{number, column}, "").Excerpt; got != want {
				t.Fatalf("try %d: column %d of %q:\ngot  %+v\nwant %+v", try, column, text[line:], got, want)
			}
			if got := excerpt(text[line:], column); got != want {
				t.Fatalf("try %d: excerpt %d of %q:\ngot  %+v\nwant %+v", try, column, text[line:], got, want)
			}
		}
	}
}

// What is not UTF-8 is shown from where it begins to be so.
func TestPlaceOfWhatIsNotUTF8(t *testing.T) {
	for before := range 3 * markEvery {
		d := &document{name: "cors.yaml", data: []byte(strings.Repeat("ü", before) + strings.Repeat("\x92", 5*excerptBytes) + "x")}
		e := d.clean()
		if e == nil || e.Line != 1 || e.Column != before+1 {
			t.Fatalf("after %d characters: %v", before, e)
		}
		if x := e.Excerpt; x.Text == "" || x.Start+x.Width > len([]rune(x.Text)) || strings.Contains(x.Text, "\x92") {
			t.Fatalf("after %d characters: %+v", before, x)
		}
	}
}

// excerptSlowly is excerpt for those who have the time.
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
