package watch

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestWay(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(names ...string) (paths []string) {
		for _, n := range names {
			paths = append(paths, filepath.Join(root, n))
		}
		return paths
	}
	for _, d := range at("conf/..v1", "real") {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{
		"conf/..data": "..v1", "conf/cors.yaml": "..data/cors.yaml", "conf/abs": filepath.Join(root, "real", "x"),
		"up": "conf/../real", "loop": "loop", "conf/broken": "no/such",
	} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string][]string{
		"conf/plain":        at("conf"),
		"conf/../real/x":    at("real"),
		"conf/cors.yaml":    at("conf", "conf", "conf/..v1"),
		"conf/abs":          at("conf", "real"),
		"up/x":              at("", "real"),
		"conf/broken":       at("conf", "conf"),
		"conf/a/b/c":        at("conf"),
		"conf/plain/beyond": at("conf"),
	} {
		if got := way(filepath.Join(root, path)); !slices.Equal(got, want) {
			t.Errorf("way(%q) is %q, want %q", path, got, want)
		}
	}
	if got := way(filepath.Join(root, "loop")); len(got) != maxLinks+1 {
		t.Errorf("a link to itself leads through %d directories, want %d", len(got), maxLinks+1)
	}
}
