package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
)

func plainFile(w *watched) { write(w.t, w.path, stateText(0)) }

// configMap makes a directory like a ConfigMap that Kubernetes mounts: the files are
// links through ..data, which is a link to a directory that is replaced.
func configMap(w *watched) {
	dir := filepath.Dir(w.path)
	w.mapVersion(0)
	w.must(os.Symlink("..v0", filepath.Join(dir, "..data")))
	for _, name := range []string{"cors.yaml", "partners.txt"} {
		w.must(os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)))
	}
	w.partner = true
}

func (w *watched) mapVersion(k int) {
	dir := filepath.Join(filepath.Dir(w.path), fmt.Sprintf("..v%d", k))
	write(w.t, filepath.Join(dir, "cors.yaml"), stateText(k)+"    origins_file: partners.txt\n")
	write(w.t, filepath.Join(dir, "partners.txt"), "# partners\n"+fmt.Sprintf("https://s%d.example\nhttps://p%d.example\n", k, k))
}

// swap updates the ConfigMap like the kubelet: it makes a new directory, renames a
// new link over the old one, and removes the old directory.
func (w *watched) swap(k int) {
	dir := filepath.Dir(w.path)
	w.mapVersion(k)
	w.must(os.Symlink(fmt.Sprintf("..v%d", k), filepath.Join(dir, "..data_tmp")),
		os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")),
		os.RemoveAll(filepath.Join(dir, fmt.Sprintf("..v%d", k-1))))
}

// situations are the ways in which files change.
var situations = []struct {
	name   string
	edits  int
	layout func(w *watched)
	files  config.Files
	edit   func(w *watched, k int)
}{
	{name: "in place", edits: 100, layout: plainFile, edit: func(w *watched, k int) { w.inPlace(w.path, stateText(k)) }},
	{name: "renamed over", edits: 100, layout: plainFile, edit: func(w *watched, k int) { w.renamed(w.path, stateText(k)) }},
	{name: "the links of a ConfigMap swapped", edits: 100, layout: configMap, edit: func(w *watched, k int) { w.swap(k) }},
	{name: "removed and created again", edits: 100, layout: plainFile, edit: func(w *watched, k int) {
		w.must(os.Remove(w.path))
		w.inPlace(w.path, stateText(k))
	}},
	{name: "in place, in slow pieces", edits: 5, layout: plainFile, edit: func(w *watched, k int) {
		w.pieces(w.path, stateText(k), 60*time.Millisecond)
	}},
	{name: "in place, in slower pieces", edits: 2, layout: plainFile, edit: func(w *watched, k int) {
		w.pieces(w.path, stateText(k), 250*time.Millisecond)
	}},
	{name: "like vim, with a backup", edits: 20, layout: plainFile, edit: func(w *watched, k int) {
		w.must(os.Rename(w.path, w.path+"~"))
		w.inPlace(w.path, stateText(k))
		w.must(os.Chmod(w.path, 0o600), os.Remove(w.path+"~"))
	}},
	{name: "like editors that link a backup", edits: 20, layout: plainFile, edit: func(w *watched, k int) {
		_ = os.Remove(w.path + ".bak")
		w.must(os.Link(w.path, w.path+".bak"))
		w.renamed(w.path, stateText(k))
	}},
	{name: "the times set back", edits: 20, layout: plainFile, edit: func(w *watched, k int) {
		info, err := os.Stat(w.path)
		w.must(err)
		w.renamed(w.path, stateText(k))
		w.must(os.Chtimes(w.path, info.ModTime(), info.ModTime()))
	}},
	{name: "without a newline at the end", edits: 5, layout: plainFile, edit: func(w *watched, k int) {
		w.inPlace(w.path, strings.TrimSuffix(stateText(k), "\n"))
	}},
	{name: "through a link, in place", edits: 20, layout: func(w *watched) {
		target := filepath.Join(w.dir, "elsewhere", "real.yaml")
		write(w.t, target, stateText(0))
		w.must(os.MkdirAll(filepath.Dir(w.path), 0o755), os.Symlink(target, w.path))
	}, edit: func(w *watched, k int) { w.inPlace(filepath.Join(w.dir, "elsewhere", "real.yaml"), stateText(k)) }},
	{name: "a link to a directory swapped above", edits: 20, layout: func(w *watched) {
		write(w.t, filepath.Join(w.dir, "v0", "cors.yaml"), stateText(0))
		w.must(os.Symlink("v0", filepath.Dir(w.path)))
	}, edit: func(w *watched, k int) {
		to := fmt.Sprintf("v%d", k)
		write(w.t, filepath.Join(w.dir, to, "cors.yaml"), stateText(k))
		w.must(os.Symlink(to, filepath.Join(w.dir, "tmp")), os.Rename(filepath.Join(w.dir, "tmp"), filepath.Dir(w.path)))
	}},
	{name: "the directory removed and made again", edits: 20, layout: plainFile, edit: func(w *watched, k int) {
		w.must(os.RemoveAll(filepath.Dir(w.path)))
		write(w.t, w.path, stateText(k))
	}},
	{name: "the directory replaced by another", edits: 20, layout: plainFile, edit: func(w *watched, k int) {
		next := filepath.Join(w.dir, "next")
		write(w.t, filepath.Join(next, "cors.yaml"), stateText(k))
		w.must(os.Rename(filepath.Dir(w.path), filepath.Join(w.dir, fmt.Sprintf("old%d", k))), os.Rename(next, filepath.Dir(w.path)))
	}},
	{name: "an origins_file in place", edits: 20, layout: func(w *watched) {
		write(w.t, w.path, "policies: {p: {origins_file: lists/partners.txt}}\n")
		write(w.t, w.list(), "https://always.example\nhttps://s0.example\n")
	}, edit: func(w *watched, k int) {
		w.inPlace(w.list(), fmt.Sprintf("https://always.example\nhttps://s%d.example\n", k))
	}},
	{name: "an origins_file renamed over", edits: 20, layout: func(w *watched) {
		write(w.t, w.path, "policies: {p: {origins_file: lists/partners.txt}}\n")
		write(w.t, w.list(), "https://always.example\nhttps://s0.example\n")
	}, edit: func(w *watched, k int) {
		w.renamed(w.list(), fmt.Sprintf("https://always.example\nhttps://s%d.example\n", k))
	}},
	{name: "without notifications", edits: 10, layout: plainFile, files: config.Files{PollOnly: true, Poll: 300 * time.Millisecond},
		edit: func(w *watched, k int) { w.inPlace(w.path, stateText(k)) }},
}

func (w *watched) list() string { return filepath.Join(filepath.Dir(w.path), "lists", "partners.txt") }

// together runs n subtests at the same time. They mostly wait, so the limit for
// parallel tests is not needed.
func together(t *testing.T, n int, name func(i int) string, test func(t *testing.T, i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { t.Run(name(i), func(t *testing.T) { test(t, i) }) })
	}
	all.Wait()
}

func TestWatchSituations(t *testing.T) {
	t.Parallel()
	together(t, len(situations), func(i int) string { return situations[i].name }, func(t *testing.T, i int) {
		s := situations[i]
		edits := s.edits
		if testing.Short() {
			edits = (edits + 9) / 10
		}
		w := watch(t, s.layout, config.Options{}, s.files)
		for k := 1; k <= edits; k++ {
			bad := w.write(k, func() { s.edit(w, k) })
			if len(bad) > 0 && w.disturbed() {
				t.Logf("edit %d was disturbed, and is followed by another one: %v", k, bad)
				edits++
				continue
			}
			for _, err := range bad {
				t.Errorf("edit %d: an unexpected error: %v", k, err)
			}
		}
		w.report()
	})
}
