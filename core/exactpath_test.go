package core_test

import (
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// TestExactPaths checks for the warning about paths that cover nothing below them.
func TestExactPaths(t *testing.T) {
	for _, c := range []struct {
		paths []string
		want  int // the index of the warning, or -1
	}{
		{[]string{"/api"}, 0}, {[]string{"/x", "/svc/v1"}, 1}, {[]string{"/admin", "/"}, 0}, {[]string{"/v22"}, 0},
		{[]string{"/api/"}, -1}, {[]string{"/api", "/api/"}, -1}, {[]string{"/api/", "/x"}, -1}, {[]string{"/login"}, -1},
		{[]string{"/myapi"}, -1}, {[]string{"/api.json"}, -1}, {[]string{""}, -1}, {[]string{"/"}, -1}, {[]string{"/v1x"}, -1},
	} {
		var routes []core.Route
		for i, path := range c.paths {
			routes = append(routes, core.Route{Path: path, Policies: named(string(rune('a' + i)))})
		}
		e, err := core.NewRouted(routes...)
		if err != nil {
			t.Fatal(err)
		}
		got := -1
		for _, w := range e.Warnings() {
			if w.Reason == reason.ExactPath {
				got = w.Index
				if want := `write "` + c.paths[got] + `/" to cover`; !strings.Contains(w.Suggestion, want) || w.Value != c.paths[got] {
					t.Errorf("%q: %v", c.paths, w)
				}
			}
		}
		if got != c.want {
			t.Errorf("%q: a warning about route %d, want %d", c.paths, got, c.want)
		}
	}
}
