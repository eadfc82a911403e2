package config_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// Bounds of waiting. A good state is to be in force within a second of its last
// write; a machine that runs ten other things at once is given longer, and the
// times that were measured are logged.
const (
	promised = time.Second
	patience = 20 * time.Second
)

// stateText is the text of state k of the file: it allows one origin that no other
// state allows, and one that all do, and there is one warning about it.
func stateText(k int) string {
	return fmt.Sprintf("policies:\n  p:\n    allow_origins: [\"https://always.example\", \"https://s%d.example\"]\n    max_age: 3h\n", k)
}

// watched is a watcher under test, with readers that check every answer.
type watched struct {
	t       *testing.T
	dir     string
	path    string
	w       *config.Watcher
	results chan config.Result

	// A state from lo to hi may be in force.
	lo, hi  atomic.Int64
	answers atomic.Int64
	slowest time.Duration
	fastest time.Duration
	partner bool // the origin p<k> has to change together with s<k>
}

// watch lays out a directory with state 0, watches it, and keeps asking.
func watch(t *testing.T, layout func(w *watched), opts config.Options, files ...config.Files) *watched {
	t.Helper()
	w := &watched{t: t, dir: t.TempDir(), results: make(chan config.Result, 1000)}
	w.path = filepath.Join(w.dir, "conf", "cors.yaml")
	layout(w)
	opts.Environ = append([]string{}, opts.Environ...)
	opts.OnReload = func(r config.Result) { w.results <- r }
	src := config.Files{Dir: filepath.Dir(w.path)}
	// Nothing but being told of changes is to be relied upon.
	src.Poll = time.Hour
	if len(files) > 0 && files[0].PollOnly {
		src.Poll, src.PollOnly = files[0].Poll, true
	}
	watcher, err := config.WatchSource(context.Background(), src, filepath.Base(w.path), opts)
	if err != nil {
		t.Fatal(err)
	}
	w.w = watcher
	ctx, cancel := context.WithCancel(context.Background())
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() { w.read(ctx) })
	}
	t.Cleanup(func() {
		cancel()
		readers.Wait()
		if err := watcher.Close(); err != nil {
			t.Error(err)
		}
		if w.answers.Load() == 0 {
			t.Error("no answer was checked")
		}
	})
	return w
}

// read checks answers until ctx is done.
func (w *watched) read(ctx context.Context) {
	for ctx.Err() == nil {
		lo := w.lo.Load()
		s := w.w.Engine().Snapshot()
		hi := w.hi.Load()
		allows := func(origin string) bool {
			w.answers.Add(1)
			return s.Decide(ctx, core.Request{Method: "GET", Origin: []string{origin}}).Allowed
		}
		if !allows("https://always.example") || allows("https://never.example") {
			w.t.Error("a wrong answer about the origin that every state allows, or the one that none does")
			return
		}
		in := int64(-1)
		for k := max(0, lo-1); k <= hi+1; k++ {
			if !allows(fmt.Sprintf("https://s%d.example", k)) {
				continue
			}
			if in >= 0 || k < lo || k > hi {
				w.t.Errorf("state %d is in force, with %d, where %d to %d may be", k, in, lo, hi)
				return
			}
			in = k
		}
		if in < 0 {
			w.t.Errorf("no state is in force, where %d to %d may be", lo, hi)
			return
		}
		if w.partner && !allows(fmt.Sprintf("https://p%d.example", in)) {
			w.t.Errorf("state %d is in force in the file, and another in its origins_file", in)
			return
		}
		time.Sleep(time.Millisecond) // leave the two cores to the watchers, too
	}
}

// write makes state k good by do, and waits until it is in force. Reports of the
// bad states on the way are returned.
func (w *watched) write(k int, do func()) (bad []error) {
	w.t.Helper()
	w.hi.Store(int64(k))
	do()
	written := time.Now()
	deadline := time.After(patience)
	for {
		select {
		case r := <-w.results:
			if r.Err != nil {
				bad = append(bad, r.Err)
				if r.Revision != r.Previous || r.Revision != w.w.Revision() {
					w.t.Errorf("a bad state changed the revision: %+v", r)
				}
				continue
			}
			took := time.Since(written)
			if w.slowest = max(w.slowest, took); w.fastest == 0 || took < w.fastest {
				w.fastest = took
			}
			if !w.w.Engine().AllowsOrigin(fmt.Sprintf("https://s%d.example", k)) {
				w.t.Fatalf("a reload was reported, and state %d is not in force: %v", k, r.Diff)
			}
			if w.w.Revision() != r.Revision || w.w.Err() != nil {
				w.t.Errorf("revision %v and error %v after %+v", w.w.Revision(), w.w.Err(), r)
			}
			w.lo.Store(int64(k))
			return bad
		case <-deadline:
			w.t.Fatalf("state %d is not in force %v after its last write; the watcher says: %v", k, patience, w.w.Err())
		}
	}
}

// bad makes a state that is none by do, and waits for its report.
func (w *watched) bad(want string, do func()) {
	w.t.Helper()
	do()
	select {
	case r := <-w.results:
		if r.Err == nil || !strings.Contains(r.Err.Error(), want) {
			w.t.Fatalf("got %v, want an error with %q", r.Err, want)
		}
		if err := w.w.Err(); err == nil || err.Error() != r.Err.Error() {
			w.t.Errorf("Err is %v, reported was %v", err, r.Err)
		}
	case <-time.After(patience):
		w.t.Fatalf("no report of a bad state within %v, wanted one with %q", patience, want)
	}
}

// quiet checks that nothing is reported for a while: long enough for a look at
// the files of each kind.
func (w *watched) quiet(d time.Duration) {
	w.t.Helper()
	select {
	case r := <-w.results:
		w.t.Errorf("reported without a reason: %v, %v", r.Err, r.Diff)
	case <-time.After(d):
	}
}

func (w *watched) report() {
	w.t.Helper()
	w.t.Logf("in force %v to %v after the last write (promised: %v), %d answers checked",
		w.fastest.Round(time.Millisecond), w.slowest.Round(time.Millisecond), promised, w.answers.Load())
	if w.fastest > promised || w.slowest > 5*promised {
		w.t.Errorf("in force only %v to %v after the last write", w.fastest, w.slowest)
	}
}

func (w *watched) must(errs ...error) {
	w.t.Helper()
	if err := errors.Join(errs...); err != nil {
		w.t.Fatal(err)
	}
}

// inPlace writes over a file as a shell's > does.
func (w *watched) inPlace(path, text string) { w.must(os.WriteFile(path, []byte(text), 0o644)) }

// renamed writes a file beside and renames it over.
func (w *watched) renamed(path, text string) {
	w.inPlace(path+".new", text)
	w.must(os.Rename(path+".new", path))
}

// pieces writes over a file line by line, with pauses.
func (w *watched) pieces(path, text string, gap time.Duration) {
	f, err := os.Create(path)
	w.must(err)
	for line := range strings.Lines(text) {
		half := len(line) / 2
		for _, part := range []string{line[:half], line[half:]} {
			_, err := f.WriteString(part)
			w.must(err)
			time.Sleep(gap)
		}
	}
	w.must(f.Close())
}

func plainFile(w *watched) { write(w.t, w.path, stateText(0)) }

// configMap lays out a directory as Kubernetes mounts a ConfigMap: files are
// links through ..data, a link to a directory that is replaced as a whole.
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

// swap is what the kubelet does: a new directory, a new link renamed over the
// old one, and the old directory removed.
func (w *watched) swap(k int) {
	dir := filepath.Dir(w.path)
	w.mapVersion(k)
	w.must(os.Symlink(fmt.Sprintf("..v%d", k), filepath.Join(dir, "..data_tmp")),
		os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")),
		os.RemoveAll(filepath.Join(dir, fmt.Sprintf("..v%d", k-1))))
}

// situations are the ways in which files change, each as often as is told.
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
	{name: "the way of vim, with a backup", edits: 20, layout: plainFile, edit: func(w *watched, k int) {
		w.must(os.Rename(w.path, w.path+"~"))
		w.inPlace(w.path, stateText(k))
		w.must(os.Chmod(w.path, 0o600), os.Remove(w.path+"~"))
	}},
	{name: "the way of editors that link a backup", edits: 20, layout: plainFile, edit: func(w *watched, k int) {
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
	{name: "nobody tells of changes", edits: 10, layout: plainFile, files: config.Files{PollOnly: true, Poll: 300 * time.Millisecond},
		edit: func(w *watched, k int) { w.inPlace(w.path, stateText(k)) }},
}

func (w *watched) list() string { return filepath.Join(filepath.Dir(w.path), "lists", "partners.txt") }

// together runs a subtest for each of n, all at a time: they spend their time
// waiting, so that they need not share the processors as parallel tests do.
func together(t *testing.T, n int, name func(i int) string, test func(t *testing.T, i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { t.Run(name(i), func(t *testing.T) { test(t, i) }) })
	}
	all.Wait()
}

func TestWatchSituations(t *testing.T) {
	together(t, len(situations), func(i int) string { return situations[i].name }, func(t *testing.T, i int) {
		s := situations[i]
		if testing.Short() {
			s.edits = min(s.edits, 5)
		}
		w := watch(t, s.layout, config.Options{}, s.files)
		for k := 1; k <= s.edits; k++ {
			for _, err := range w.write(k, func() { s.edit(w, k) }) {
				t.Errorf("edit %d: reported on the way: %v", k, err)
			}
		}
		w.report()
	})
}

func TestWatchBadStates(t *testing.T) {
	remove := func(w *watched) { w.must(os.Remove(w.path)) }
	cases := []struct {
		name string
		want string
		bad  func(w *watched)
	}{
		{"an empty file", "cors.yaml: an empty file", func(w *watched) { w.inPlace(w.path, "") }},
		{"half of a file", "cors.yaml:3: not YAML", func(w *watched) { w.inPlace(w.path, stateText(1)[:60]) }},
		{"an unknown key", "policies.p.allow_orgins: an unknown key", func(w *watched) {
			w.renamed(w.path, strings.Replace(stateText(1), "allow_origins", "allow_orgins", 1))
		}},
		{"a policy that core refuses", "every origin together with credentials", func(w *watched) {
			w.inPlace(w.path, "policies: {p: {allow_origins: [\"*\"], allow_credentials: true}}\n")
		}},
		{"no file", "cors.yaml: no such file", remove},
		{"no directory", "cors.yaml: no such file", func(w *watched) { w.must(os.RemoveAll(filepath.Dir(w.path))) }},
		{"the directory away", "cors.yaml: no such file", func(w *watched) {
			w.must(os.Rename(filepath.Dir(w.path), filepath.Join(w.dir, "away")))
		}},
		{"a directory in its place", "cors.yaml: cannot be read: it is a directory", func(w *watched) {
			remove(w)
			w.must(os.Mkdir(w.path, 0o755))
		}},
		{"a link to nowhere", "cors.yaml: no such file", func(w *watched) {
			remove(w)
			w.must(os.Symlink("nowhere", w.path))
		}},
		{"an origins_file that is not there", "partners.txt: no such file", func(w *watched) {
			w.inPlace(w.path, "policies: {p: {origins_file: partners.txt}}\n")
		}},
	}
	together(t, len(cases), func(i int) string { return cases[i].name }, func(t *testing.T, i int) {
		c := cases[i]
		w := watch(t, plainFile, config.Options{})
		before := w.w.Revision()
		w.bad(c.want, func() { c.bad(w) })
		// The last good policies stay, and the same is not said again.
		if w.w.Revision() != before {
			t.Errorf("revision %v, was %v", w.w.Revision(), before)
		}
		w.quiet(700 * time.Millisecond)
		if info, err := os.Lstat(w.path); err == nil && info.Mode().IsRegular() {
			text, err := os.ReadFile(w.path)
			w.must(err)
			w.renamed(w.path, string(text))
			w.quiet(1200 * time.Millisecond)
		}
		// Good again as before is a recovery, and another state is one too.
		restore := func(text string) func() {
			return func() {
				w.must(os.RemoveAll(w.path))
				write(t, w.path, text)
			}
		}
		w.write(0, restore(stateText(0)))
		if n := len(w.w.Warnings()); n != 1 {
			t.Errorf("%d warnings after a recovery", n)
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
	before := w.w.Revision()
	next(func() {
		w.inPlace(filepath.Join(filepath.Dir(w.path), "cors.prod.yaml"), "policies: {p: {max_age: 2m, allow_credentials: true}}\n")
	})
	if want := "p allow_credentials: none -> true, max_age: 5m -> 2m"; got.Diff.String() != want {
		t.Errorf("diff %q, want %q", got.Diff, want)
	}
	if got.Previous != before || got.Revision == before || got.Revision != w.w.Revision() {
		t.Errorf("revisions %v -> %v, was %v", got.Previous, got.Revision, before)
	}
	w.hi.Store(1)
	next(func() { w.inPlace(w.path, stateText(1)) })
	w.lo.Store(1)
	if want := "p +https://s1.example, -https://s0.example"; got.Diff.String() != want {
		t.Errorf("diff %q, want %q", got.Diff, want)
	}
	next(func() { w.inPlace(w.path, "# a comment\n"+stateText(1)) })
	if !got.Diff.Empty() || got.Err != nil {
		t.Errorf("a comment makes the diff %v, %v", got.Diff, got.Err)
	}
	// The same content again is no news.
	w.inPlace(w.path, "# a comment\n"+stateText(1))
	w.quiet(700 * time.Millisecond)
}

// TestWatchKeepsUp writes without waiting: what counts is the last state.
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

// TestWatchSameTick changes a file right after it has been loaded, to a text of
// the same length: on a coarse clock nothing but the content tells the two apart.
func TestWatchSameTick(t *testing.T) {
	t.Parallel()
	for try := range 10 {
		path := filepath.Join(t.TempDir(), "cors.yaml")
		write(t, path, stateText(0))
		results := make(chan config.Result, 10)
		w, err := config.Watch(context.Background(), path, config.Options{
			Environ: []string{}, OnReload: func(r config.Result) { results <- r },
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(stateText(1)), 0o644); err != nil {
			t.Fatal(err)
		}
		select {
		case r := <-results:
			if r.Err != nil || !w.Engine().AllowsOrigin("https://s1.example") {
				t.Errorf("try %d: %v", try, r.Err)
			}
		case <-time.After(patience):
			t.Errorf("try %d: no reload within %v", try, patience)
		}
		w.Close()
	}
}

// TestWatchLeavesNothing must not be parallel: it counts what the process has.
func TestWatchLeavesNothing(t *testing.T) {
	descriptors := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			return 0 // no such thing on this system; goroutines are counted
		}
		return len(entries)
	}
	// What the runtime opens once, it may open now.
	once, err := config.Watch(context.Background(), layOut(t), config.Options{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	once.Close()
	files, goroutines := descriptors(), runtime.NumGoroutine()
	var all []*config.Watcher
	for i := range 20 {
		path := layOut(t)
		reloaded := make(chan struct{}, 100)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		w, err := config.Watch(ctx, path, config.Options{
			Environ: []string{}, OnReload: func(config.Result) { reloaded <- struct{}{} },
		})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, w)
		switch i % 4 {
		case 0: // closed while it has nothing to do
		case 1: // closed after a reload
			write(t, path, stateText(1))
			select {
			case <-reloaded:
			case <-time.After(patience):
				t.Fatalf("no reload within %v", patience)
			}
		case 2: // closed while it waits for the file to be left alone
			write(t, path, stateText(1))
		case 3: // ended by its context
			cancel()
			select {
			case <-w.Done():
			case <-time.After(patience):
				t.Fatalf("not done %v after its context", patience)
			}
		}
	}
	if len(all) < 20 || descriptors() != 0 && descriptors() <= files {
		t.Errorf("%d descriptors with 20 watchers, %d without: this test counts nothing", descriptors(), files)
	}
	var closing sync.WaitGroup
	for _, w := range all {
		for range 3 {
			closing.Go(func() {
				if err := w.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	closing.Wait()
	if n := descriptors(); n > files {
		t.Errorf("%d descriptors after Close, %d before", n, files)
	}
	// A goroutine counts until it has left its function, which is after it has
	// said that it has ended.
	deadline := time.Now().Add(patience)
	for runtime.NumGoroutine() > goroutines && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines after Close, %d before:\n%s", n, goroutines, stacks[:runtime.Stack(stacks, true)])
	}
	for _, w := range all {
		if w.Engine() == nil || !w.Engine().AllowsOrigin("https://always.example") {
			t.Error("a closed watcher's engine has lost its policies")
		}
	}
}

// TestCloseWaits closes a watcher while it reports: Close returns afterwards.
func TestCloseWaits(t *testing.T) {
	path := layOut(t)
	entered, release := make(chan struct{}), make(chan struct{})
	var ended atomic.Bool
	w, err := config.Watch(context.Background(), path, config.Options{
		Environ: []string{}, OnReload: func(config.Result) {
			close(entered)
			<-release
			ended.Store(true)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, stateText(1))
	select {
	case <-entered:
	case <-time.After(patience):
		t.Fatalf("no reload within %v", patience)
	}
	time.AfterFunc(50*time.Millisecond, func() { close(release) })
	w.Close()
	if !ended.Load() {
		t.Error("Close has returned before OnReload has")
	}
	select {
	case <-w.Done():
	default:
		t.Error("Close has returned before the watcher is done")
	}
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
			t.Errorf("Watch(%q) has begun", path)
		}
	}
	path := layOut(t)
	w, err := config.Watch(context.Background(), path, config.Options{Environ: []string{"CORS_ALLOW_ORGINS=x"}})
	if err == nil || !strings.Contains(err.Error(), "did you mean CORS_ALLOW_ORIGINS?") {
		t.Errorf("got %v, %v", w, err)
	}
}

// store is a source outside of files, as etcd would be: documents with numbers,
// and watchers that are told.
type store struct {
	mu      sync.Mutex
	docs    map[string]string
	number  map[string]int
	changed chan struct{} // closed and replaced with each change
	broken  int           // that many calls of Watch fail
}

func newStore() *store {
	return &store{docs: make(map[string]string), number: make(map[string]int), changed: make(chan struct{})}
}

func (s *store) put(name, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.docs[name] = text
	s.number[name]++
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *store) Load(_ context.Context, name string, limit int64) (config.Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, ok := s.docs[name]
	if !ok {
		return config.Document{Name: "store:" + name}, fs.ErrNotExist
	}
	doc := config.Document{Name: "store:" + name, Data: []byte(text), Revision: fmt.Sprint(s.number[name])}
	if int64(len(text)) > limit {
		return config.Document{Name: doc.Name, Revision: doc.Revision}, config.ErrTooLarge
	}
	return doc, nil
}

func (s *store) Watch(ctx context.Context, seen map[string]string) error {
	for {
		s.mu.Lock()
		if s.broken > 0 {
			s.broken--
			s.mu.Unlock()
			return errors.New("connection lost")
		}
		changed := s.changed
		for name, revision := range seen {
			now := ""
			if s.number[name] > 0 {
				now = fmt.Sprint(s.number[name])
			}
			if now != revision {
				s.mu.Unlock()
				return nil
			}
		}
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

func TestWatchSource(t *testing.T) {
	t.Parallel()
	s := newStore()
	s.put("cors.yaml", stateText(0))
	s.broken = 1
	results := make(chan config.Result, 100)
	w, err := config.WatchSource(context.Background(), s, "cors.yaml", config.Options{
		Environ: []string{}, OnReload: func(r config.Result) { results <- r },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if w.Revision().Source != "store:cors.yaml" {
		t.Errorf("source %q", w.Revision().Source)
	}
	for k := 1; k <= 50; k++ {
		s.put("cors.yaml", stateText(k))
		select {
		case r := <-results:
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			if !w.Engine().AllowsOrigin(fmt.Sprintf("https://s%d.example", k)) {
				t.Fatalf("state %d is not in force", k)
			}
		case <-time.After(patience):
			t.Fatalf("no reload within %v", patience)
		}
	}
	// A document that comes to be counts as a change, too.
	s.put("cors.yaml", "policies: {p: {origins_file: list}}\n")
	if r := <-results; r.Err == nil || !strings.Contains(r.Err.Error(), "store:list: no such file") {
		t.Errorf("got %v", r.Err)
	}
	s.put("list", "https://listed.example\n")
	if r := <-results; r.Err != nil || !w.Engine().AllowsOrigin("https://listed.example") {
		t.Errorf("got %v", r.Err)
	}
}

// shifting is a source whose two documents change between any two reads, until
// it has been read often enough.
type shifting struct{ reads, steady int }

func (s *shifting) Load(_ context.Context, name string, _ int64) (config.Document, error) {
	s.reads++
	k := min(s.reads, s.steady)
	text := "policies: {p: {origins_file: list}}\n"
	if name == "list" {
		text = fmt.Sprintf("https://s%d.example\n", k)
	}
	return config.Document{Data: []byte(text), Revision: fmt.Sprint(k)}, nil
}

func (s *shifting) Watch(ctx context.Context, _ map[string]string) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestDocumentsOfOneMoment(t *testing.T) {
	none := config.Options{Environ: []string{}}
	c, err := config.Read(context.Background(), &shifting{steady: 5}, "cors.yaml", none)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Engine().AllowsOrigin("https://s5.example") {
		t.Errorf("got %q", c.Policies[0].AllowOrigins)
	}
	_, err = config.Read(context.Background(), &shifting{steady: 1 << 30}, "cors.yaml", none)
	if err == nil || !strings.Contains(err.Error(), "keeps changing while it is read") {
		t.Errorf("got %v", err)
	}
}

func TestForeignSourceIsBounded(t *testing.T) {
	s := newStore()
	s.put("cors.yaml", strings.Repeat("# x\n", 1<<19))
	_, err := config.Read(context.Background(), s, "cors.yaml", config.Options{Environ: []string{}})
	if err == nil || err.Error() != "store:cors.yaml: more than 1 MiB; list many origins in an origins_file" {
		t.Errorf("got %v", err)
	}
}
