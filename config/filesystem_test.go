package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/corskit/corskit/config"
)

func TestFileSystem(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "conf", "cors.yaml")
	write(t, path, "policies: {spa: {origins_file: lists/partners.txt}}\n")
	write(t, filepath.Join(dir, "conf", "lists", "partners.txt"), "https://a.example\n")
	none := config.Options{Environ: []string{}}
	engine, err := config.Load(path, none)
	if err != nil {
		t.Fatal(err)
	}
	if !engine.AllowsOrigin("https://a.example") {
		t.Error("an origin of the origins_file is refused")
	}
	abs := filepath.Join(dir, "elsewhere.txt")
	write(t, abs, "https://b.example\n")
	engine, err = config.Load(path, config.Options{Environ: []string{"CORS__POLICIES__SPA__ORIGINS_FILE=" + abs}})
	if err != nil {
		t.Fatal(err)
	}
	if !engine.AllowsOrigin("https://b.example") {
		t.Error("an absolute origins_file is not read")
	}
	for _, c := range []struct {
		path string
		want string
	}{
		{"", "no file name; use FromEnv to read only the environment"},
		{filepath.Join(dir, "no", "such.yaml"), filepath.Join(dir, "no", "such.yaml") + ": no such file"},
		{filepath.Join(dir, "dir.yaml"), filepath.Join(dir, "dir.yaml") + ": cannot be read: it is a directory"},
		{"/dev/null", "/dev/null: cannot be read: it is not a regular file"},
	} {
		if c.path == filepath.Join(dir, "dir.yaml") {
			if err := os.Mkdir(c.path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := config.Load(c.path, none); err == nil || err.Error() != c.want {
			t.Errorf("Load(%q): %v, want %s", c.path, err, c.want)
		}
	}
	loop := filepath.Join(dir, "loop.yaml")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(loop, none); err == nil || err.Error() != loop+": cannot be read: too many levels of symbolic links" {
		t.Errorf("got %v for a link to itself", err)
	}
	if os.Getuid() != 0 { // root can read every file
		secret := filepath.Join(dir, "secret.yaml")
		write(t, secret, "policies: {spa: {}}\n")
		if err := os.Chmod(secret, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(secret, none); err == nil || err.Error() != secret+": cannot be read: permission denied" {
			t.Errorf("got %v for a file without permissions", err)
		}
	}
}
