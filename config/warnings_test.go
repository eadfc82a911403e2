package config_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
)

// TestWarningsDespiteFaults checks that Check returns warnings next to faults, but none
// that only a fault causes.
func TestWarningsDespiteFaults(t *testing.T) {
	for _, c := range []struct {
		name, yaml string
		want       []string // parts of the warnings
	}{
		{"a fault that core finds", `
policies:
  a: {allow_origins: ["https://a.example/"], allow_headers: [Origin, x-a]}
  b: {}
`, []string{"a.allow_headers[0]", "b.allow_origins: no origin"}},
		{"a value of the wrong type", `
policies:
  a: {allow_origins: 1, allow_methods: [GET]}
  b: {}
`, []string{"a.allow_methods[0]"}},
		{"a fault outside of policies", `
version: 2
policies:
  a: {allow_origins: ["https://a.example"], allow_headers: [Cookie]}
`, []string{"a.allow_headers[0]"}},
		{"a path that looks like a prefix", `
policies:
  a: {allow_origins: ["https://a.example"], max_age: 7}
routes: [{path: /api, policies: [a]}]
`, []string{`cors.yaml:4:17: routes[0].path "/api": covers only this path, and none below it; write "/api/" to cover`}},
		{"routes", `
policies:
  a: {allow_origins: ["https://a.example"], allow_headers: [Cookie]}
routes: [{path: api, policies: [a]}]
`, []string{"a.allow_headers[0]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := config.Static{"cors.yaml": []byte(c.yaml)}
			r := config.Check(context.Background(), files, "cors.yaml", config.Options{Environ: []string{}})
			if r.Err == nil {
				t.Fatal("no fault")
			}
			var got []string
			for _, w := range r.Warnings {
				got = append(got, w.String())
			}
			if !slices.EqualFunc(got, c.want, strings.Contains) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
