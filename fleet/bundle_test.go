package fleet_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/corskit/corskit/fleet"
)

// write creates files below a new directory.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const smallPolicy = "policies:\n  app:\n    allow_origins: [\"https://app.example.com\"]\n"

func TestReadBundle(t *testing.T) {
	dir := write(t, map[string]string{
		"cors.yaml":         "policies:\n  app:\n    origins_file: partners.txt\n",
		"cors.prod.yaml":    "policies:\n  app:\n    origins_file: lists/prod.txt\n",
		"cors.Prod.2.yaml":  "not: a profile\n",
		"partners.txt":      "https://partner.example\n",
		"lists/prod.txt":    "https://prod.example\n",
		"unrelated.txt":     "secret\n",
		"corsair.prod.yaml": "not: ours\n",
	})
	tests := []struct {
		profiles, files []string
	}{
		{nil, []string{"cors.prod.yaml", "cors.yaml", "lists/prod.txt", "partners.txt"}},
		{[]string{""}, []string{"cors.yaml", "partners.txt"}},
		{[]string{"prod"}, []string{"cors.prod.yaml", "cors.yaml", "lists/prod.txt"}},
	}
	for _, tt := range tests {
		b, err := fleet.ReadBundle(t.Context(), filepath.Join(dir, "cors.yaml"), tt.profiles...)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Sorted(maps.Keys(b.Files)); !slices.Equal(got, tt.files) {
			t.Errorf("profiles %q: files %q, want %q", tt.profiles, got, tt.files)
		}
		if _, err := b.Check(t.Context()); err != nil {
			t.Errorf("profiles %q: %v", tt.profiles, err)
		}
	}
}
