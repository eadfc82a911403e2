package fleet_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/reason"
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

func TestCheckIsInterrupted(t *testing.T) {
	b, err := fleet.ReadBundle(t.Context(), filepath.Join(write(t, map[string]string{"cors.yaml": smallPolicy}), "cors.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Check(ctx); reasonOf(err) != reason.Unavailable || !errors.Is(err, context.Canceled) {
		t.Errorf("Check: error %v, want that of the context, and no fault of the bundle", err)
	}
}

func TestBundlesThatAreRefused(t *testing.T) {
	other := write(t, map[string]string{"secret.txt": "https://a.example\n"})
	withList := func(name string) map[string]string {
		return map[string]string{"cors.yaml": "policies:\n  app:\n    origins_file: '" + name + "'\n", "a.txt": "https://a.example\n"}
	}
	tests := map[string]struct {
		files   map[string]string
		profile []string
		reason  reason.Reason // of ReadBundle
		check   bool          // whether Check finds a fault
	}{
		"no file":                  {map[string]string{"a.txt": ""}, nil, reason.Malformed, false},
		"an absolute name":         {withList(filepath.Join(other, "secret.txt")), nil, reason.Malformed, false},
		"a name that leads out":    {withList("../" + filepath.Base(other) + "/secret.txt"), nil, reason.Malformed, false},
		"a name in its long form":  {withList("./b/../a.txt"), nil, "", false}, // config shortens it
		"a list that is missing":   {withList("b.txt"), nil, "", true},
		"a profile that is absent": {map[string]string{"cors.yaml": smallPolicy}, []string{"prod"}, "", true},
		"an invalid profile":       {map[string]string{"cors.yaml": smallPolicy}, []string{"../x"}, "", true},
		"a fault":                  {map[string]string{"cors.yaml": "policies: {app: {allow_origins: [a]}}\n"}, nil, "", true},
		"an empty file":            {map[string]string{"cors.yaml": ""}, nil, "", true},
	}
	for name, tt := range tests {
		b, err := fleet.ReadBundle(t.Context(), filepath.Join(write(t, tt.files), "cors.yaml"), tt.profile...)
		if reasonOf(err) != tt.reason || err == nil && tt.reason != "" {
			t.Errorf("%s: error %v, want the reason %q", name, err, tt.reason)
		}
		if err != nil {
			continue
		}
		reports, err := b.Check(t.Context())
		if (err != nil) != tt.check || tt.check && reasonOf(err) != reason.RefusedPolicy || len(reports) != len(b.Profiles) {
			t.Errorf("%s: Check: %d reports, error %v; want a fault: %t", name, len(reports), err, tt.check)
		}
	}
}
