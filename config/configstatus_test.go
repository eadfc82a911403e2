package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
)

// TestConfigStatus follows a file through a warning, faults and a fixed version.
func TestConfigStatus(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cors.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const good = "policies: {app: {allow_origins: [\"http://a.example\"]}}\n"
	write(good)
	reloaded := make(chan config.Result)
	w, err := config.Watch(t.Context(), path, config.Options{Environ: []string{}, OnReload: func(r config.Result) { reloaded <- r }})
	if err != nil {
		t.Fatal(err)
	}
	first := w.ConfigStatus()
	if first.File != path || len(first.Revision) != 12 || !strings.HasPrefix(w.Status().Revision.Hash, first.Revision) ||
		!first.Loaded.Equal(w.Status().Revision.Time) || first.Err != nil || !first.LastSuccess.Equal(first.Loaded) {
		t.Errorf("at first: %+v", first)
	}
	if len(first.Warnings) != 1 || !strings.Contains(first.Warnings[0], "http://a.example") {
		t.Errorf("the warnings are %q", first.Warnings)
	}
	write("policies: {app: {allow_origin: []}}\n")
	<-reloaded
	s, now := w.ConfigStatus(), w.Status()
	if s.Err == nil || s.Err != now.Err || s.Failures != 1 || s.Reloads != 0 || s.Revision != first.Revision || len(s.Warnings) != 1 {
		t.Errorf("with a fault: %+v", s)
	}
	write(good + "# fixed\n")
	<-reloaded
	if s := w.ConfigStatus(); s.Err != nil || s.Failures != 1 || s.Reloads != 1 || s.Revision == first.Revision {
		t.Errorf("when fixed: %+v", s)
	}
	c, err := config.Read(t.Context(), config.Files{Dir: filepath.Dir(path)}, filepath.Base(path), config.Options{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	if now, read := w.ConfigStatus(), c.ConfigStatus(); read.Revision != now.Revision || len(read.Warnings) != 1 || read.Err != nil {
		t.Errorf("read: %+v, want as watched: %+v", read, now)
	}
}
