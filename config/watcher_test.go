package config_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
)

func TestWatchBadStates(t *testing.T) {
	remove := func(w *watched) { w.must(os.Remove(w.path)) }
	cases := []struct {
		name string
		want string
		bad  func(w *watched)
	}{
		{"an empty file", "cors.yaml: an empty file", func(w *watched) { w.inPlace(w.path, "") }},
		{"an incomplete file", "cors.yaml:3: not YAML", func(w *watched) { w.inPlace(w.path, stateText(1)[:60]) }},
		{"an unknown key", "policies.p.allow_orgins: an unknown key", func(w *watched) {
			w.renamed(w.path, strings.Replace(stateText(1), "allow_origins", "allow_orgins", 1))
		}},
		{"a policy that core refuses", "would let any site act as its visitors", func(w *watched) {
			w.inPlace(w.path, "policies: {p: {allow_origins: [\"*\"], allow_credentials: true}}\n")
		}},
		{"an expression that takes long to understand", "too complex to tell which origins it matches", func(w *watched) {
			nested := `https://(.?){600}` + strings.Repeat("(", 9) + strings.Repeat(")*", 9)
			w.renamed(w.path, "policies: {p: {allow_origins: ['regexp:"+nested+"'], allow_credentials: true}}\n")
		}},
		{"no file", "cors.yaml: no such file", remove},
		{"no directory", "cors.yaml: no such file", func(w *watched) { w.must(os.RemoveAll(filepath.Dir(w.path))) }},
		{"the directory moved away", "cors.yaml: no such file", func(w *watched) {
			w.must(os.Rename(filepath.Dir(w.path), filepath.Join(w.dir, "away")))
		}},
		{"a directory instead of the file", "cors.yaml: cannot be read: it is a directory", func(w *watched) {
			remove(w)
			w.must(os.Mkdir(w.path, 0o755))
		}},
		{"a link to nowhere", "cors.yaml: no such file", func(w *watched) {
			remove(w)
			w.must(os.Symlink("nowhere", w.path))
		}},
		{"an origins_file that does not exist", "partners.txt: no such file", func(w *watched) {
			w.inPlace(w.path, "policies: {p: {origins_file: partners.txt}}\n")
		}},
	}
	t.Parallel()
	together(t, len(cases), func(i int) string { return cases[i].name }, func(t *testing.T, i int) {
		c := cases[i]
		w := watch(t, plainFile, config.Options{})
		before := w.w.Status().Revision
		w.bad(c.want, func() { c.bad(w) })
		// The last good policies stay in force, and the error is reported once.
		if w.w.Status().Revision != before {
			t.Errorf("revision %v, was %v", w.w.Status().Revision, before)
		}
		w.quiet(700 * time.Millisecond)
		if info, err := os.Lstat(w.path); err == nil && info.Mode().IsRegular() {
			text, err := os.ReadFile(w.path)
			w.must(err)
			w.renamed(w.path, string(text))
			w.quiet(1200 * time.Millisecond)
		}
		// Both the previous state and a new one end the error.
		restore := func(text string) func() {
			return func() {
				w.must(os.RemoveAll(w.path))
				write(t, w.path, text)
			}
		}
		w.write(0, restore(stateText(0)))
		if n := len(w.w.Status().Warnings); n != 1 {
			t.Errorf("got %d warnings after a recovery, want 1", n)
		}
		w.must(os.RemoveAll(filepath.Join(w.dir, "away")))
		w.bad(c.want, func() { c.bad(w) })
		w.write(1, restore(stateText(1)))
		w.report()
	})
}

func TestWatchProfileAndDiff(t *testing.T) {
	t.Parallel()
	w := watch(t, func(w *watched) {
		write(t, w.path, stateText(0))
		write(t, filepath.Join(filepath.Dir(w.path), "cors.prod.yaml"), "policies: {p: {max_age: 5m}}\n")
	}, config.Options{Environ: []string{"CORS_PROFILE=prod"}})
	var got config.Result
	next := func(do func()) {
		t.Helper()
		do()
		select {
		case got = <-w.results:
		case <-time.After(patience):
			t.Fatalf("no reload within %v", patience)
		}
	}
	before := w.w.Status().Revision
	next(func() {
		w.renamed(filepath.Join(filepath.Dir(w.path), "cors.prod.yaml"), "policies: {p: {max_age: 2m, allow_credentials: true}}\n")
	})
	if want := "p allow_credentials: none -> true, max_age: 5m -> 2m"; got.Diff != want {
		t.Errorf("diff %q, want %q", got.Diff, want)
	}
	if got.Previous != before || got.Revision == before || got.Revision != w.w.Status().Revision {
		t.Errorf("revisions %v -> %v, was %v", got.Previous, got.Revision, before)
	}
	w.hi.Store(1)
	next(func() { w.renamed(w.path, stateText(1)) })
	w.lo.Store(1)
	if want := "p +https://s1.example, -https://s0.example"; got.Diff != want {
		t.Errorf("diff %q, want %q", got.Diff, want)
	}
	next(func() { w.renamed(w.path, "# a comment\n"+stateText(1)) })
	if got.Diff != "no change" || got.Err != nil {
		t.Errorf("got diff %v, error %v for a comment", got.Diff, got.Err)
	}
	// The same content is not reported again.
	w.renamed(w.path, "# a comment\n"+stateText(1))
	w.quiet(700 * time.Millisecond)
}

// TestWatchKeepsUp writes states without waiting: the last one must be in force.
func TestWatchKeepsUp(t *testing.T) {
	t.Parallel()
	w := watch(t, plainFile, config.Options{})
	const last = 300
	for k := 1; k < last; k++ {
		w.hi.Store(int64(k))
		w.renamed(w.path, stateText(k))
	}
	w.hi.Store(last)
	w.renamed(w.path, stateText(last))
	deadline := time.After(patience)
	for !w.w.Engine().AllowsOrigin(fmt.Sprintf("https://s%d.example", last)) {
		select {
		case r := <-w.results:
			if r.Err != nil {
				t.Error(r.Err)
			}
		case <-deadline:
			t.Fatalf("the last of %d states is not in force after %v", last, patience)
		}
	}
}

// TestWatchSameTick changes a file right after it has been loaded, to a text of the
// same length. With a coarse clock, only the content differs.
func TestWatchSameTick(t *testing.T) {
	t.Parallel()
	together(t, 10, strconv.Itoa, func(t *testing.T, _ int) {
		path := filepath.Join(t.TempDir(), "cors.yaml")
		write(t, path, stateText(0))
		results := make(chan config.Result, 10)
		w, err := config.Watch(context.Background(), path, config.Options{
			Environ: []string{}, OnReload: func(r config.Result) { results <- r },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(stateText(1)); err != nil {
			t.Fatal(err)
		}
		select {
		case r := <-results:
			if r.Err != nil || !w.Engine().AllowsOrigin("https://s1.example") {
				t.Errorf("got %v, want state 1", r.Err)
			}
		case <-time.After(patience):
			t.Errorf("no reload within %v", patience)
		}
	})
}

func layOut(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "conf", "cors.yaml")
	write(t, path, stateText(0))
	return path
}

func TestWatchRefusesABadStart(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "cors.yaml")} {
		if w, err := config.Watch(context.Background(), path, config.Options{Environ: []string{}}); err == nil {
			w.Close()
			t.Errorf("Watch(%q) succeeded", path)
		}
	}
	path := layOut(t)
	w, err := config.Watch(context.Background(), path, config.Options{Environ: []string{"CORS_ALLOW_ORGINS=x"}})
	if err == nil || !strings.Contains(err.Error(), "did you mean CORS__POLICIES__P__ALLOW_ORIGINS?") {
		t.Errorf("got %v, %v", w, err)
	}
}
