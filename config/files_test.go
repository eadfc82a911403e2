package config

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestWatchComparesContent stands for a file that has changed twice within one
// step of the clock that stamps it: its stamp is what was seen, its content is not.
func TestWatchComparesContent(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cors.yaml"), []byte("policies: {p: {}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	f := Files{Dir: dir, Poll: time.Hour}
	doc, err := f.Load(context.Background(), "cors.yaml", MaxFileSize)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	other := stampIn(doc.Revision) + hashMark + strings.Repeat("0", 64)
	start := time.Now()
	if err := f.Watch(ctx, map[string]string{"cors.yaml": other}); err != nil {
		t.Errorf("the content is never compared: %v after %v", err, time.Since(start))
	}
	// What was seen, and nothing else, is waited for.
	ctx, cancel = context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := f.Watch(ctx, map[string]string{"cors.yaml": doc.Revision, "absent": ""}); err == nil {
		t.Error("a change where there is none")
	}
}

// TestLoadIsOfOneMoment reads a file while it is written over and over, in
// pieces: what is read is one text or the other, or an error.
func TestLoadIsOfOneMoment(t *testing.T) {
	name := filepath.Join(t.TempDir(), "cors.yaml")
	texts := [2][]byte{bytes.Repeat([]byte("a"), 1<<18), bytes.Repeat([]byte("b"), 1<<18)}
	if err := os.WriteFile(name, texts[0], 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var stop atomic.Bool
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 1; !stop.Load(); i++ {
			text := texts[i%2]
			for at := 0; at < len(text); at += 1 << 12 {
				if _, err := file.WriteAt(text[at:at+1<<12], int64(at)); err != nil {
					t.Error(err)
					return
				}
			}
			time.Sleep(2 * time.Millisecond)
		}
	})
	read, refused := 0, 0
	for range 300 {
		data, _, fresh, err := readFile(name, MaxFileSize)
		switch {
		case errors.Is(err, errUnsteady):
			refused++
		case err != nil:
			t.Fatal(err)
		case !bytes.Equal(data, texts[0]) && !bytes.Equal(data, texts[1]):
			if !fresh {
				t.Errorf("a mixture of two texts: %d a of %d", bytes.Count(data, []byte("a")), len(data))
			}
		default:
			read++
		}
	}
	stop.Store(true)
	writer.Wait()
	t.Logf("%d read, %d refused", read, refused)
	if refused == 0 {
		t.Error("no read was disturbed: this test tests nothing")
	}
}

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
		t.Errorf("a link to itself makes %d directories", len(got))
	}
}
