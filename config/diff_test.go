package config_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
)

func TestNewDiff(t *testing.T) {
	from := read(t, yaml(`
policies:
  a: {allow_origins: ["https://a.example", "https://b.example"], max_age: 10m}
  b: {allow_origins: ["https://b.example"]}
  c: {}
routes: [{path: /, policies: [a]}, {path: /b, policies: [b]}]
`))
	to := read(t, yaml(`
policies:
  a: {allow_origins: ["https://b.example", "https://c.example"], max_age: disabled, allow_credentials: true, allow_headers: [x-a, x-b]}
  d: {allow_origins: ["https://d.example"], max_age: 90m}
  c: {}
routes: [{path: /, policies: [a, d]}, {path: /b, policies: [d]}]
`))
	got := config.NewDiff(from, to)
	want := config.Diff{
		Policies: []config.PolicyDiff{
			{
				Name: "a", OriginsAdded: []string{"https://c.example"}, OriginsRemoved: []string{"https://a.example"},
				Fields: []config.FieldDiff{
					{Key: "allow_headers", New: "x-a, x-b"}, {Key: "allow_credentials", New: "true"}, {Key: "max_age", Old: "10m", New: "disabled"},
				},
			},
			{Name: "d", Added: true, OriginsAdded: []string{"https://d.example"}, Fields: []config.FieldDiff{{Key: "max_age", New: "1h30m"}}},
			{Name: "b", Removed: true, OriginsRemoved: []string{"https://b.example"}},
		},
		Routes: []string{`+route "/" to a, d`, `+route "/b" to d`, `-route "/" to a`, `-route "/b" to b`},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	const line = `a +https://c.example, -https://a.example, allow_headers: none -> x-a, x-b, allow_credentials: none -> true, max_age: 10m -> disabled; ` +
		`+policy d +https://d.example, max_age: none -> 1h30m; -policy b -https://b.example; ` +
		`+route "/" to a, d; +route "/b" to d; -route "/" to a; -route "/b" to b`
	if got.String() != line {
		t.Errorf("got\n%s\nwant\n%s", got, line)
	}
	if same := config.NewDiff(from, from); !same.Empty() || same.String() != "no change" {
		t.Errorf("no difference is %v", same)
	}
	if all := config.NewDiff(nil, to); len(all.Policies) != 3 || !all.Policies[0].Added {
		t.Errorf("from nothing: %+v", all)
	}
	ab, ba := read(t, yaml("policies: {a: {}, b: {}}\n")), read(t, yaml("policies: {b: {}, a: {}}\n"))
	if d := config.NewDiff(ab, ba); d.String() != "policies in the order b, a" {
		t.Errorf("another order is %q", d)
	}
}

// TestDiffIsBounded holds the line to a length that a log can take.
func TestDiffIsBounded(t *testing.T) {
	var policies, routes strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&policies, " p%d: {allow_headers: [%s]}\n", i, strings.Repeat("x-abc, ", 10))
		fmt.Fprintf(&routes, " - {path: /p%d, policies: [p%d]}\n", i, i)
	}
	c := read(t, yaml("policies:\n"+policies.String()+"routes:\n"+routes.String()))
	for _, d := range []config.Diff{config.NewDiff(nil, c), config.NewDiff(c, nil)} {
		if len(d.Policies) != 5000 || len(d.Routes) != 5000 {
			t.Errorf("%d policies, %d routes", len(d.Policies), len(d.Routes))
		}
		line := d.String()
		if len(line) > 20_000 || !strings.Contains(line, "; 4980 more policies; ") || !strings.HasSuffix(line, "; 4980 more routes") {
			t.Errorf("%d bytes: %.300s", len(line), line)
		}
	}
}
