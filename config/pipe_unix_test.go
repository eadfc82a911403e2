//go:build unix

package config_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
)

// TestWatchPipe replaces a file with a pipe that no process writes to. Opening it
// would block, and so would Close.
func TestWatchPipe(t *testing.T) {
	t.Parallel()
	places := []string{"the file", "its origins_file"}
	together(t, len(places), func(i int) string { return places[i] }, func(t *testing.T, i int) {
		w := watch(t, func(w *watched) {
			write(t, w.path, "policies: {p: {origins_file: lists/partners.txt}}\n")
			write(t, w.list(), "https://always.example\nhttps://s0.example\n")
		}, config.Options{})
		path := w.path
		if places[i] != "the file" {
			path = w.list()
		}
		text, err := os.ReadFile(path)
		w.must(err)
		w.bad("it is not a regular file", func() {
			w.must(os.Remove(path), syscall.Mkfifo(path, 0o600))
		})
		closed := make(chan error, 1)
		w.write(0, func() {
			w.must(os.Remove(path))
			write(t, path, string(text))
		})
		w.bad("it is not a regular file", func() {
			w.must(os.Remove(path), syscall.Mkfifo(path, 0o600))
		})
		go func() { closed <- w.w.Close() }()
		select {
		case <-closed:
		case <-time.After(patience):
			t.Fatalf("Close did not return within %v", patience)
		}
	})
}

func TestLoadPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cors.yaml")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(context.Background(), config.Files{}, path, config.Options{Environ: []string{}})
	if want := path + ": cannot be read: it is not a regular file"; err == nil || err.Error() != want {
		t.Errorf("got %v, %v, want %s", c, err, want)
	}
}
