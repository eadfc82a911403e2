//go:build unix

package watch

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestChangedAt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cors.yaml")
	if err := os.WriteFile(path, []byte("policies: {p: {}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, set := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(set)); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if at := changedAt(info); time.Since(at).Abs() > time.Minute {
			t.Errorf("changed at %v, which is %v from now, with times set by %v", at, time.Until(at), set)
		}
	}
}
