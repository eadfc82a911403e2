package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestAdapters checks that the pages which list the frameworks name every adapter.
func TestAdapters(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join(root, "adapters", "cors*"))
	if err != nil || len(folders) == 0 {
		t.Fatal(folders, err)
	}
	for _, page := range []string{"README.md", "docs/frameworks.md"} {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			adapter := filepath.Base(folder)
			if adapter == "corsfasthttp" || adapter == "corshttp" && page == "README.md" {
				continue // what the adapters for fiber share, and a package of the root module
			}
			if !regexp.MustCompile(adapter + `\b`).Match(text) {
				t.Errorf("%s does not name %s", page, adapter)
			}
		}
	}
}
