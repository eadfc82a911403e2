package config_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/reason"
)

// There is a warning about an unused policy only if no fault can hide a route.
func TestUnusedPoliciesAmongFaults(t *testing.T) {
	const two = "policies: {p: {allow_origins: [https://a.example]}, q: {allow_origins: [https://a.example]}}\n"
	for _, c := range []struct {
		name, text string
		env        []string
		want       []string // the policies with a warning
	}{
		{"no fault", two + "routes: [{path: /, policies: [p]}]\n", nil, []string{"policies.q"}},
		{"a fault of a policy", "policies: {p: {max_age: 5}, q: {}}\nroutes: [{path: /, policies: [p]}]\n", nil, []string{"policies.q"}},
		{"a scalar for a list", two + "routes: [{path: /, policies: p}]\n", nil, nil},
		{"a scalar for a route", two + "routes: [p, {path: /, policies: [q]}]\n", nil, nil},
		{"a misspelled name", two + "routes: [{path: /, policies: [P, q]}]\n", nil, nil},
		{"a misspelled key", two + "routes: [{path: /, polices: [p]}, {path: /a, policies: [q]}]\n", nil, nil},
		{"no routes in JSON", two + "routes: [{path: /, policies: [q]}]\n", []string{"CORS__ROUTES=[{]"}, nil},
		{"a misspelled variable", two + "routes: [{path: /, policies: [q]}]\n", []string{`CORS__ROUTE=[{"policies": ["p"]}]`}, nil},
		{"a fault in a route after a thousand others",
			"policies: {p: {allow_methods: [" + strings.Repeat("1,", 1000) + "]}, q: {}}\nroutes: [{path: /, policies: p}]\n", nil, nil},
		{"an origins_file that does not exist",
			"policies: {p: {origins_file: none.txt}, q: {}}\nroutes: [{path: /, policies: [p]}, {policies: q}]\n", nil, nil},
	} {
		r := config.Check(context.Background(), yaml(c.text), "cors.yaml", config.Options{Environ: append([]string{}, c.env...)})
		if (r.Err == nil) != (c.name == "no fault") {
			t.Errorf("%s: %v", c.name, r.Err)
		}
		var got []string
		for _, w := range r.Warnings {
			if w.Reason == reason.UnusedPolicy {
				got = append(got, w.Key)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got warnings about %q, want %q", c.name, got, c.want)
		}
	}
}
