package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/reason"
)

// A path that ends in a separator names a directory, not a file of the same name
// in it.
func TestDirectoryPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cors.yaml")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "cors.yaml")
	if err := os.WriteFile(file, []byte("policies: {app: {allow_origins: [\"https://a.example\"]}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	opts := config.Options{Environ: []string{}}
	if _, err := config.Load(file, opts); err != nil {
		t.Errorf("%s: %v", file, err)
	}
	for _, path := range []string{dir + string(filepath.Separator), file + string(filepath.Separator), dir + "//", "/"} {
		var fault *config.Error
		if _, err := config.Load(path, opts); !errors.As(err, &fault) || fault.Reason != reason.NotFound {
			t.Errorf("Load of %s: %v, want %s", path, err, reason.NotFound)
		}
		if w, err := config.Watch(t.Context(), path, opts); !errors.As(err, &fault) || fault.Reason != reason.NotFound {
			t.Errorf("Watch of %s: %v, want %s", path, err, reason.NotFound)
			if err == nil {
				w.Close()
			}
		}
	}
}
