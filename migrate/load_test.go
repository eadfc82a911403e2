package migrate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/corskit/corskit/migrate"
)

// TestFaults reads a package that does not compile. Faults must have each error once, with its
// line.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("go list compiles the program, which takes seconds")
	}
	t.Setenv("GOWORK", "off")
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module example.com/faulty\n\ngo 1.26.0\n",
		"main.go": "package main\n\nimport \"time\"\n\nfunc main() {}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := migrate.Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p.Faults); got != `[main.go:3:8: "time" imported and not used]` {
		t.Errorf("got %s", got)
	}
}
