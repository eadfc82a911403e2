package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
)

// TestSuggestManyStrangers reads a log of an attack. A page of the service is not lost in
// it.
func TestSuggestManyStrangers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reading the log of an attack takes seconds")
	}
	dir := t.TempDir()
	write(t, dir, "cors.yaml", suggestFile)
	ours := slices.Repeat([]core.Request{fetched("https://new.example.com", "/items")}, 8)
	var requests []core.Request
	for i := range 3 * maxDemands {
		requests = append(requests, fetched(fmt.Sprintf("https://s%d.test", i), "/items"))
	}
	write(t, dir, "log", logOf(t, slices.Concat(requests[:maxDemands], ours, requests[maxDemands:])...))
	r := corskit(t, dir, "suggest", "--from", "log", "--format", "json")
	if got := suggestedIn(t, r.stdout, markSafe); !slices.Equal(got, []string{"https://new.example.com"}) {
		t.Errorf("safe: %q", got)
	}
	var s suggested
	if err := json.Unmarshal([]byte(r.stdout), &s); err != nil || len(s.Suggestions) > maxPlanned || s.Traffic.Refusals != 3*maxDemands+8 ||
		s.Traffic.Forgotten != uint64(3*maxDemands-maxPlanned+1) {
		t.Errorf("%d suggestions, %+v, %v", len(s.Suggestions), s.Traffic, err)
	}
	text := corskit(t, dir, "suggest", "--from", "log")
	if n := strings.Count(text.stdout, "\n"); n > 100 {
		t.Errorf("%d lines are printed", n)
	}
	contains(t, "the output", text.stdout, "questionable: 1979 more, with 1979 requests", "left out 28001 requests")
}

// Origins of a listed domain are safe, but nobody has dozens of new ones at once. Anyone
// can make them up.
func TestSuggestManyAlike(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", suggestFile)
	other := fetched("https://one.example.org", "/public/x")
	for n, want := range map[int]mark{maxAlike: markSafe, maxAlike + 1: markQuestionable} {
		var requests []core.Request
		for i := range n {
			requests = append(requests, asks(fmt.Sprintf("https://x%d.example.com", i), "/items", "DELETE"))
		}
		write(t, dir, "log", logOf(t, append(requests, other)...))
		r := corskit(t, dir, "suggest", "--from", "log", "--format", "json")
		if got := suggestedIn(t, r.stdout, want); !slices.Contains(got, "https://x0.example.com") {
			t.Errorf("%d new origins are not %s: %+v", n, want, r)
		}
		if diff := strings.Contains(r.stdout, "DELETE]"); diff != (want == markSafe) {
			t.Errorf("%d new origins: the change has their method: %v", n, diff)
		}
		if got := suggestedIn(t, r.stdout, markSafe); !slices.Contains(got, "https://one.example.org") {
			t.Errorf("safe: %q", got)
		}
	}
}

// Anyone can send preflights with an origin that is listed. A page that asks for dozens of
// new headers or methods has probably not sent them.
func TestSuggestManyNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", suggestFile)
	for n, want := range map[int]mark{maxAlike: markSafe, maxAlike + 1: markQuestionable} {
		var one []core.Request
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("x-n%02d", i))
			one = append(one, asks("https://app.example.com", "/items", "PUT", names[i]))
		}
		for i, requests := range [][]core.Request{one, {asks("https://app.example.com", "/items", "PUT", strings.Join(names, ","))}} {
			log := logOf(t, asks("https://app.example.com", "/items", "PATCH"))
			for _, r := range requests { // each for itself: a log leaves out most of a kind
				log += logOf(t, r)
			}
			write(t, dir, "log", log)
			r := corskit(t, dir, "suggest", "--from", "log", "--format", "json")
			if got := suggestedIn(t, r.stdout, want); !slices.Contains(got, "https://app.example.com") {
				t.Errorf("log %d: %d new headers are not %s: %+v", i, n, want, r)
			}
			if diff := strings.Contains(r.stdout, "+    allow_headers: [\\\"x-n00"); diff != (want == markSafe) {
				t.Errorf("log %d: %d new headers: the change has them: %v", i, n, diff)
			}
			contains(t, "the change", r.stdout, "[PUT, PATCH]")
		}
	}
}

// suggest adds the names of a preflight together, and does not make policies for each name.
func TestNeedOfManyNames(t *testing.T) {
	policy := core.Policy{Name: "app", AllowOrigins: []string{"https://app.example.com"}}
	a := newAssessor(policy)
	cost := func(names int) (n need, allocations float64) {
		var lines []string
		for i := range names {
			lines = append(lines, fmt.Sprintf("x-n%02d", i))
		}
		r := asks("https://app.example.com", "/", "GET", strings.Join(lines, ","))
		safe := opinion{Mark: markSafe}
		allocations = testing.AllocsPerRun(10, func() { n = a.need(t.Context(), r, &safe) })
		return n, allocations
	}
	_, one := cost(1)
	many, all := cost(maxNeeded)
	if len(many.additions) != maxNeeded || many.additions[63].Entries[0] != "x-n63" || all > 20*one {
		t.Errorf("%d additions, %v allocations, and %v for one name", len(many.additions), all, one)
	}
	if n, _ := cost(maxNeeded + 1); n.refusal != "it asks for too many headers" {
		t.Errorf("got %+v", n)
	}
}
