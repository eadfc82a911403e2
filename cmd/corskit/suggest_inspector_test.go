package main

import (
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/observe"
)

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
