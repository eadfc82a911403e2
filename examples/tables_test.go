package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// separator is the second line of a table.
var separator = regexp.MustCompile(`^\|(?: *:?-+:? *\|)+$`)

// TestTables checks that every row of every table has as many cells as the head: GitHub drops
// what is too much, and a | in a cell must be escaped.
func TestTables(t *testing.T) {
	tables := 0
	for _, page := range files(t, ".md") {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(fences.ReplaceAllString(string(text), ""), "\n")
		for i := 1; i < len(lines); i++ {
			if !separator.MatchString(lines[i]) {
				continue
			}
			tables++
			want := strings.Count(lines[i], "|")
			for j := i - 1; j < len(lines) && strings.HasPrefix(lines[j], "|"); j++ {
				if got := strings.Count(strings.ReplaceAll(lines[j], `\|`, ""), "|"); got != want {
					t.Errorf("%s: %d cells instead of %d in\n%s", page, got-1, want-1, lines[j])
				}
			}
		}
	}
	if tables < 50 {
		t.Errorf("found only %d tables", tables)
	}
}
