package origin

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestAll compares All with the reference, pattern by pattern.
func TestAll(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(7, 8))}
	found := 0
	lists := 10_000
	if testing.Short() {
		lists = 1000
	}
	for range lists {
		var entries []string
		var owners []int
		want := make(map[string]bool)
		for len(entries) < 1+g.IntN(12) {
			if e := g.pattern(); parseStrict(e, func(Pattern) {}) == nil {
				entries, owners = append(entries, e), append(owners, len(owners)/2)
			}
		}
		m := build(t, entries, owners)
		o := g.origin()
		if g.IntN(2) == 0 {
			o = strings.ReplaceAll(entries[g.IntN(len(entries))], "*", g.pick("a", "1", "a.b", "team"))
		}
		if !refValid(o) {
			continue
		}
		seen := make(map[string]bool) // Add ignores a repeated "*"
		for i, e := range entries {
			if refOne(e, o) && e != o && !(e == "*" && seen[e]) {
				want[fmt.Sprint(owners[i], " ", e)] = true
			}
			seen[e] = true
		}
		got := make(map[string]bool)
		for owner, pattern := range m.All(o) {
			got[fmt.Sprint(owner, " ", pattern)] = true
			found++
		}
		if !maps.Equal(got, want) {
			t.Fatalf("patterns %q of %d, origin %q: All gives %v, the reference says %v", entries, owners, o, got, want)
		}
		for range m.All(o) {
			break // a caller may stop at any pattern
		}
	}
	if found < lists/10 {
		t.Errorf("only %d patterns matched; the generator must produce more matches", found)
	}
}

// TestAllHeads checks that All yields every pattern of a label, however much of it they
// spell out.
func TestAllHeads(t *testing.T) {
	entries := []string{"https://a*.example", "https://abc*.example", "https://ab*.example", "https://b*.example"}
	var got []string
	for _, pattern := range build(t, entries, owned(entries)).All("https://abcd.example") {
		got = append(got, pattern)
	}
	slices.Sort(got)
	if want := []string{"https://a*.example", "https://ab*.example", "https://abc*.example"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestAllStops checks, for every kind of pattern, that All yields nothing after its
// caller has stopped.
func TestAllStops(t *testing.T) {
	for _, entries := range [][]string{
		{"*", "https://*.example"}, {"*", "regexp:https://a.example"}, {"https://*.example", "https://*.example:*"},
		{"https://a*.example", "https://a*.example:*", "https://b.example"}, {"https://*.example", "regexp:https://aa.example"},
		{"regexp:https://aa.example", "regexp:https://a+.example"}, {"https://*.example", "https://a*.example"},
	} {
		n := 0
		for range build(t, entries, owned(entries)).All("https://aa.example") {
			n++
			break
		}
		if n != 1 {
			t.Errorf("%q: %d patterns, want 1", entries, n)
		}
	}
	m := build(t, []string{"*", "https://*.example"}, []int{0, 0})
	for range m.All("https://") {
		t.Error("All yields patterns for a string that is not an origin")
	}
}

// TestAllIsSecure: with credentials, an expression matches no insecure origin.
func TestAllIsSecure(t *testing.T) {
	for secure, want := range map[bool]map[string]int{
		false: {"http://a.example": 1, "https://a.example": 1, "http://localhost": 1, "http://b.example": 0},
		true:  {"http://a.example": 0, "https://a.example": 1, "http://localhost": 1, "http://b.example": 0},
	} {
		b := NewBuilder(new(Room))
		ParsePattern("regexp:https?://(a.example|localhost)", func(p Pattern) { b.Add(0, p, secure) })
		for o, n := range want {
			got := 0
			for range b.Matcher().All(o) {
				got++
			}
			if got != n {
				t.Errorf("secure %v, %s: %d patterns, want %d", secure, o, got, n)
			}
		}
	}
}

func TestIsAddress(t *testing.T) {
	for s, want := range map[string]bool{
		"http://127.0.0.1": true, "http://[::1]:80": false, "http://[::1]": true, "http://a.example": false,
	} {
		if o, _ := Parse(s); o.IsAddress() != want {
			t.Errorf("%s: %v, want %v", s, o.IsAddress(), want)
		}
	}
}
