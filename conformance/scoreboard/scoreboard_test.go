package main

import (
	"os"
	"strings"
	"testing"

	"github.com/corskit/corskit/conformance"
)

// TestUpToDate runs every library through the suite and compares the results with
// the page.
func TestUpToDate(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it judges every library")
	}
	const path = "../../docs/scoreboard.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	results := run(t.Context())
	was, is := strings.Split(string(page), "\n"), strings.Split(markdown(results), "\n")
	for i := range max(len(was), len(is)) {
		if i >= len(was) || i >= len(is) || was[i] != is[i] {
			t.Fatalf("%s is out of date: run \"go run ./conformance/scoreboard\" from the root of the repository.\nline %d\nwas: "+
				"%s\nis:  %s",
				path, i+1, at(was, i), at(is, i))
		}
	}
	for _, r := range results {
		if r.module != "" && version(r.module) == "unknown" {
			t.Errorf("go.mod has no version of %s", r.module)
		}
		for _, c := range r.report.Results {
			if strings.Contains(c.Message, "mount is broken") {
				t.Errorf("%s, case %s: %s", r.name, c.ID, c.Message)
			}
			if r.module == "" && c.Outcome != conformance.Pass {
				t.Errorf("corskit, case %s: %s: %s", c.ID, c.Outcome, c.Message)
			}
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}
