package config

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestTimeIsLinear loads files with a fault in every place, and files with a multiple
// of the places. It compares the times with each other, because the machine may be
// slow, and takes the shortest of several times, because it may be busy.
func TestTimeIsLinear(t *testing.T) {
	const (
		multiple = 8
		tooMuch  = 3 * multiple // a quadratic algorithm needs multiple*multiple times as long
		tries    = 10
		enough   = 100 * time.Millisecond // a quadratic algorithm needs far longer
	)
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	part := 1 // of the size
	if testing.Short() {
		part = 50
	}
	for _, c := range []struct {
		name, want string
		text       func(part int) string // with part 1, of almost the maximum size
	}{
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
		{"policies.yaml", "no policy has this name", func(part int) string {
			return "policies:\n" + many(60_000/part, " p%d: {}\n") + "routes: [{policies: [nobody]}]\n"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			large, small := c.text(part), c.text(multiple*part)
			if len(large) > maxFileSize {
				t.Fatalf("the file has %d bytes, more than the limit", len(large))
			}
			load := func(text string) time.Duration {
				start := time.Now()
				err := Check(context.Background(), Static{c.name: []byte(text)}, c.name, Options{Environ: []string{}}).Err
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %.300v, want an error that contains %q", err, c.want)
				}
				return time.Since(start)
			}
			long, short := load(large), load(small)
			for try := 1; long > enough && long > tooMuch*short && try < tries; try++ {
				long, short = min(long, load(large)), min(short, load(small))
			}
			if long > enough && long > tooMuch*short {
				t.Errorf("%d bytes take %v, but %d bytes take %v", len(large), long, len(small), short)
			}
		})
	}
}
