package main

import (
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/observe"
)

// TestSuggestAfterConform runs conform against a server, and then suggest on what the server
// has refused: conform asks for what no page needs, so nothing is safe.
func TestSuggestAfterConform(t *testing.T) {
	t.Parallel()
	noSignals(t)
	dir := t.TempDir()
	write(t, dir, "cors.yaml", served)
	s := start(t, dir, "cors.yaml", "--inspect", "127.0.0.1:0")
	if r := corskit(t, dir, "conform", s.url, "cors.yaml"); r.code != exitYes {
		t.Fatalf("%+v", r)
	}
	r := corskit(t, dir, "suggest", "cors.yaml", "--from", s.inspector, "--format", "json")
	if safe := suggestedIn(t, r.stdout, markSafe); len(safe) > 0 {
		t.Errorf("safe: %q", safe)
	}
	if got := suggestedIn(t, r.stdout, markQuestionable); len(got) == 0 {
		t.Errorf("nothing is questionable: %s", r.stdout)
	}
	r = corskit(t, dir, "suggest", "cors.yaml", "--from", s.inspector)
	contains(t, "suggest", r.stdout, "not suggested: ", "a request of corskit conform", "perhaps this one")
}

// TestSuggestFromRunningInspector follows what a real inspector remembers.
func TestSuggestFromRunningInspector(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := write(t, dir, "cors.yaml", suggestFile)
	engine, err := config.Load(file, config.Options{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(observe.Handler(engine, observe.HandlerOptions{}))
	t.Cleanup(server.Close)
	for _, r := range recorded {
		for range r.times {
			engine.Decide(t.Context(), r.request)
		}
	}
	r := corskit(t, dir, "suggest", "--from", server.URL, "--questionable", "--write", "--format", "json")
	if r.code != exitYes {
		t.Fatalf("%+v", r)
	}
	if got := suggestedIn(t, r.stdout, markSafe); !slices.Equal(got, []string{"https://app.example.com", "https://beta.example.com"}) {
		t.Errorf("safe: %q", got)
	}
	golden(t, "suggest-inspector", corskit(t, dir, "suggest", "--from", server.URL))
}
