package config

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// stateOf loads a configuration without faults.
func stateOf(t *testing.T, text string) *state {
	t.Helper()
	l := loader{src: Static{"cors.yaml": []byte(text)}, name: "cors.yaml", opts: Options{Environ: []string{}}}
	s := l.load(context.Background())
	if _, err := s.compile(l.opts.progress); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDiff(t *testing.T) {
	from := stateOf(t, `
policies:
  a: {allow_origins: ["https://a.example", "https://b.example"], max_age: 10m}
  b: {allow_origins: ["https://b.example"]}
  c: {}
routes: [{path: /, policies: [a]}, {path: /b, policies: [b]}]
`)
	to := stateOf(t, `
policies:
  a: {allow_origins: ["https://b.example", "https://c.example"], max_age: disabled, allow_credentials: true, allow_headers: [x-a, x-b]}
  d: {allow_origins: ["https://d.example"], max_age: 90m}
  c: {}
routes: [{path: /, policies: [a, d]}, {path: /b, policies: [d]}]
`)
	got := diff(from, to)
	want := difference{
		policies: []policyDiff{
			{
				name: "a", originsAdded: []string{"https://c.example"}, originsRemoved: []string{"https://a.example"},
				fields: []fieldDiff{
					{key: "allow_headers", new: "x-a, x-b"}, {key: "allow_credentials", new: "true"},
					{key: "max_age", old: "10m", new: "disabled"},
				},
			},
			{name: "d", added: true, originsAdded: []string{"https://d.example"}, fields: []fieldDiff{{key: "max_age", new: "1h30m"}}},
			{name: "b", removed: true, originsRemoved: []string{"https://b.example"}},
		},
		routes: []string{`+route "/" to a, d`, `+route "/b" to d`, `-route "/" to a`, `-route "/b" to b`},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	const line = `a +https://c.example, -https://a.example, allow_headers: none -> x-a, x-b, ` +
		`allow_credentials: none -> true, max_age: 10m -> disabled; ` +
		`+policy d +https://d.example, max_age: none -> 1h30m; -policy b -https://b.example; ` +
		`+route "/" to a, d; +route "/b" to d; -route "/" to a; -route "/b" to b`
	if got.String() != line {
		t.Errorf("got\n%s\nwant\n%s", got, line)
	}
	if same := diff(from, from); !same.empty() || same.String() != "no change" {
		t.Errorf("the diff of equal states is %v", same)
	}
	if all := diff(new(state), to); len(all.policies) != 3 || !all.policies[0].added {
		t.Errorf("the diff from no policies: %+v", all)
	}
	ab, ba := stateOf(t, "policies: {a: {}, b: {}}\n"), stateOf(t, "policies: {b: {}, a: {}}\n")
	if d := diff(ab, ba); d.String() != "policies in the order b, a" {
		t.Errorf("the diff of another order is %q", d)
	}
}

// TestDiffIsBounded checks that the line is short enough for a log.
func TestDiffIsBounded(t *testing.T) {
	var policies, routes strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&policies, " p%d: {allow_headers: [%s]}\n", i, strings.Repeat("x-abc, ", 10))
		fmt.Fprintf(&routes, " - {path: /p%d, policies: [p%d]}\n", i, i)
	}
	c := stateOf(t, "policies:\n"+policies.String()+"routes:\n"+routes.String())
	for _, d := range []difference{diff(new(state), c), diff(c, new(state))} {
		if len(d.policies) != 5000 || len(d.routes) != 5000 {
			t.Errorf("%d policies, %d routes", len(d.policies), len(d.routes))
		}
		line := d.String()
		if len(line) > 20_000 || !strings.Contains(line, "; 4980 more policies; ") || !strings.HasSuffix(line, "; 4980 more routes") {
			t.Errorf("%d bytes: %.300s", len(line), line)
		}
	}
}

// TestCompare compares configurations that were read, with shadows and without.
func TestCompare(t *testing.T) {
	read := func(text string) *Config {
		t.Helper()
		c, err := Read(context.Background(), Static{"cors.yaml": []byte(text)}, "cors.yaml", Options{Environ: []string{}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	one := read("policies: {a: {allow_origins: [https://a.example]}}\n")
	two := read("policies: {a: {allow_origins: [https://b.example]}}\nroutes: [{path: /, policies: [a]}]\n" +
		"shadow: {policies: {a: {allow_origins: [https://c.example]}}}\n")
	for _, c := range []struct {
		from, to *Config
		want     string
	}{
		{one, one, "no change"},
		{two, two, "no change"},
		{nil, nil, "no change"},
		{one, two, `a +https://b.example, -https://a.example; +route "/" to a; shadow: +policy a +https://c.example`},
		{two, one, `a +https://a.example, -https://b.example; -route "/" to a; shadow: -policy a -https://c.example`},
		{nil, one, "+policy a +https://a.example"},
		{one, nil, "-policy a -https://a.example"},
	} {
		if got := Compare(c.from, c.to); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
