package config

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestTimeIsLinear loads files of almost the maximum size with a fault in every place.
// A quadratic algorithm would need minutes.
func TestTimeIsLinear(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	part := 1 // of the size
	if testing.Short() {
		part = 10
	}
	const bound = 30 * time.Second // a few seconds are needed on a busy machine with the race detector
	for _, c := range []struct{ name, text, want string }{
		{"entries.json", `{"policies":{"a":{"allow_origins":[` + strings.Repeat("1,", 400_000/part) + `1]}}}`, "expected text, got"},
		{"entries.yaml", `policies: {a: {allow_origins: [` + strings.Repeat("1,", 400_000/part) + `1]}}`, "expected text, got"},
		{"tags.yaml", `policies: {a: {allow_origins: [` + strings.Repeat("! 1,", 250_000/part) + `1]}}`, "a value with a YAML tag"},
		{"entries.toml", `policies.a.allow_origins=[` + strings.Repeat("1,", 400_000/part) + `1]`, "expected text, got"},
		{"keys.json", `{` + many(80_000/part, `"k%d":1,`) + `"k":1}`, "an unknown key"},
		{"dots.toml", "a" + strings.Repeat(".a", 400_000/part) + "=1", "nest too deeply"},
		{"header.toml", "[a" + strings.Repeat(".a", 400_000/part) + "]", "nest too deeply"},
		{"route.json", `{"policies":{"a":{}},"routes":[{"policies":["a"` + strings.Repeat(`,"a"`, 200_000/part) + `]}]}`, "listed twice"},
		{
			"routes.yaml", "policies:\n" + many(25_000/part, " p%d: {}\n") + "routes:\n" + many(15_000/part, " - {policies: [q%d]}\n"),
			"no policy has this name",
		},
		{"policies.yaml", "policies:\n" + many(60_000/part, " p%d: {}\n") + "routes: [{policies: [nobody]}]\n", "no policy has this name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if len(c.text) > maxFileSize {
				t.Fatalf("the file has %d bytes, more than the limit", len(c.text))
			}
			done := make(chan error, 1)
			go func() {
				done <- Check(context.Background(), Static{c.name: []byte(c.text)}, c.name, Options{Environ: []string{}}).Err
			}()
			select {
			case err := <-done:
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %.300v, want an error that contains %q", err, c.want)
				}
			case <-time.After(bound):
				t.Fatalf("not done after %v", bound)
			}
		})
	}
}
