package classes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/gateways/classes"
)

var entries = []string{
	"*", "null", "https://a.example.com", "https://b.example.com", "https://x.a.example.com", "https://*.example.com",
	"https://*.a.example.com", "https://a*.example.com", "https://example.org:*", "https://example.org:8443", "http://localhost:3000-3003",
	`regexp:https?://[ab]\.example\.(com|org)`,
}

// TestExamples compares the examples of each pattern with the origins of a small universe: an
// example matches the same patterns as each origin that is no entry itself.
func TestExamples(t *testing.T) {
	all := classes.Of(entries)
	if len(all.Exact) != 4 || len(all.Patterns) != 6 {
		t.Fatalf("4 origins and 6 patterns were expected: %+v", all)
	}
	engines := make(map[string]*core.Engine)
	for _, p := range all.Patterns {
		engines[p] = core.MustNew(core.Policy{AllowOrigins: []string{p}})
	}
	matching := func(origin string) string {
		refuses := func(p string) bool { return !engines[p].AllowsOrigin(origin) }
		return strings.Join(slices.DeleteFunc(slices.Clone(all.Patterns), refuses), " ")
	}
	for _, p := range all.Patterns {
		examples, err := all.Examples(p)
		if err != nil {
			t.Fatal(err)
		}
		found := make(map[string]bool)
		for _, o := range examples {
			if all.Exact[o] || !engines[p].AllowsOrigin(o) {
				t.Errorf("%s: the example %s is an entry, or does not match", p, o)
			}
			found[matching(o)] = true
		}
		for _, o := range universe() {
			if class := matching(o); !all.Exact[o] && engines[p].AllowsOrigin(o) && !found[class] {
				t.Errorf("%s: no example stands for %s, which matches %s", p, o, class)
			}
		}
	}
}

// TestExamplesAreBounded lists more origins of a pattern than Examples sets apart.
func TestExamplesAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds; TestExamples is the short test of the same search")
	}
	list := []string{"http://localhost:3000-3999"}
	for port := 3000; port < 4000; port++ {
		list = append(list, fmt.Sprintf("http://localhost:%d", port))
	}
	if _, err := classes.Of(list).Examples(list[0]); err == nil || !strings.Contains(err.Error(), list[0]) {
		t.Errorf("the error does not name the pattern: %v", err)
	}
}

func TestMayOverlap(t *testing.T) {
	for _, a := range classes.Of(entries).Patterns {
		for _, b := range entries[2:] {
			engine := core.MustNew(core.Policy{AllowOrigins: []string{b}})
			examples, err := core.Examples(a, b)
			if err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(examples, engine.AllowsOrigin) && !classes.MayOverlap(a, b) {
				t.Errorf("%s and %s match the same origins", a, b)
			}
		}
	}
	if classes.MayOverlap("https://*.example.com", "https://*.example.org") {
		t.Error("patterns of other hosts overlap")
	}
}

// universe returns origins of few schemes, hosts and ports.
func universe() (list []string) {
	for _, scheme := range []string{"http", "https"} {
		for _, host := range []string{
			"a.example.com", "b.example.com", "ab.example.com", "x.a.example.com", "y.a.example.com", "z.example.com", "example.org",
			"a.example.org", "localhost", "example.com",
		} {
			for _, port := range []string{"", ":8443", ":3000", ":3003", ":3004"} {
				list = append(list, scheme+"://"+host+port)
			}
		}
	}
	return list
}
