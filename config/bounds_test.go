package config

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// largeCase is a file with a fault in every place.
type largeCase struct {
	name, want string
	text       func(part int) string // with part 1, of almost the maximum size
}

func largeCases() []largeCase {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	return []largeCase{
		{"entries.json", "expected text, got", func(part int) string {
			return `{"policies":{"a":{"allow_origins":[` + strings.Repeat("1,", 400_000/part) + `1]}}}`
		}},
		{"entries.yaml", "expected text, got", func(part int) string {
			return `policies: {a: {allow_origins: [` + strings.Repeat("1,", 400_000/part) + `1]}}`
		}},
		{"tags.yaml", "a value with a YAML tag", func(part int) string {
			return `policies: {a: {allow_origins: [` + strings.Repeat("! 1,", 250_000/part) + `1]}}`
		}},
		{"entries.toml", "expected text, got", func(part int) string {
			return `policies.a.allow_origins=[` + strings.Repeat("1,", 400_000/part) + `1]`
		}},
		{"keys.json", "an unknown key", func(part int) string { return `{` + many(80_000/part, `"k%d":1,`) + `"k":1}` }},
		{"dots.toml", "nest too deeply", func(part int) string { return "a" + strings.Repeat(".a", 400_000/part) + "=1" }},
		{"header.toml", "nest too deeply", func(part int) string { return "[a" + strings.Repeat(".a", 400_000/part) + "]" }},
		{"route.json", "listed twice", func(part int) string {
			return `{"policies":{"a":{}},"routes":[{"policies":["a"` + strings.Repeat(`,"a"`, 200_000/part) + `]}]}`
		}},
		{"routes.yaml", "no policy has this name", func(part int) string {
			return "policies:\n" + many(25_000/part, " p%d: {}\n") + "routes:\n" + many(15_000/part, " - {policies: [q%d]}\n")
		}},
		{"variables.yaml", "does not declare", func(part int) string {
			return "policies:\n" + many(20_000/part, " p%d: {}\n") + "variables:\n" + many(20_000/part, " V%d: policies.q.max_age\n")
		}},
		{"policies.yaml", "no policy has this name", func(part int) string {
			return "policies:\n" + many(60_000/part, " p%d: {}\n") + "routes: [{policies: [nobody]}]\n"
		}},
	}
}

func (c largeCase) load(t testing.TB, text string) {
	t.Helper()
	err := Check(context.Background(), Static{c.name: []byte(text)}, c.name, Options{Environ: []string{}}).Err
	if err == nil || !strings.Contains(err.Error(), c.want) {
		t.Errorf("got %.300v, want an error that contains %q", err, c.want)
	}
}

// TestLargeFiles loads files of the maximum size. An algorithm whose time is quadratic would
// need many minutes for most of them.
func TestLargeFiles(t *testing.T) {
	part := 1
	if testing.Short() {
		part = 50
	}
	for _, c := range largeCases() {
		t.Run(c.name, func(t *testing.T) {
			text := c.text(part)
			if len(text) > maxFileSize {
				t.Fatalf("the file has %d bytes, more than the limit", len(text))
			}
			c.load(t, text)
		})
	}
}

// BenchmarkLargeFiles shows that the time is linear: an eighth of the size takes about as
// long for each byte.
func BenchmarkLargeFiles(b *testing.B) {
	for _, c := range largeCases() {
		for _, part := range []int{1, 8} {
			text := c.text(part)
			b.Run(fmt.Sprintf("%s/part=%d", c.name, part), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					c.load(b, text)
				}
			})
		}
	}
}
