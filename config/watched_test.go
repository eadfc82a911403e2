package config_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// Bounds of waiting. A state without faults must be in force within the promised time
// of its last write. The tests measure it in beats, and log it.
const (
	promised = time.Second
	patience = time.Minute
)

// beat is a step of the clock of a watched. That clock is late whenever the machine lets
// the process wait, and so is a watcher: on a busy machine, both are slow.
const beat = 5 * time.Millisecond

// An edit that pauses for maxPause, or a process that is stalled for maxStall, may make a
// watcher mistake an incomplete file for a whole one. The first is four times the default of
// config.Files.Quiet, the second is below that default.
const (
	maxPause = 600 * time.Millisecond
	maxStall = 100 * time.Millisecond
)

// stateText returns state k of the file. It allows an origin that every state allows
// and one that no other state allows, and causes one warning.
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

	// The state in force is between lo and hi.
	lo, hi  atomic.Int64
	answers atomic.Int64
	slowest time.Duration
	fastest time.Duration
	partner bool // the origin p<k> must change together with s<k>

	beats atomic.Int64
	stall atomic.Int64  // the longest delay of a beat since the last edit began
	pause time.Duration // the longest pause of the last edit
}

// watch writes state 0 to a directory, watches it, and starts the readers.
func watch(t *testing.T, layout func(w *watched), opts config.Options, files ...config.Files) *watched {
	t.Helper()
	w := &watched{t: t, dir: t.TempDir(), results: make(chan config.Result, 1000)}
	w.path = filepath.Join(w.dir, "conf", "cors.yaml")
	layout(w)
	opts.Environ = append([]string{}, opts.Environ...)
	opts.OnReload = func(r config.Result) { w.results <- r }
	src := config.Files{Dir: filepath.Dir(w.path)}
	// Only notifications can report a change in time.
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
	readers.Go(func() { w.beat(ctx) })
	t.Cleanup(func() {
		cancel()
		readers.Wait()
		if err := watcher.Close(); err != nil {
			t.Error(err)
		}
		if w.answers.Load() == 0 {
			t.Error("the readers checked no answer")
		}
	})
	return w
}

// read checks answers until ctx is done. A reload may come between any two of
// them, so each is checked against the states that may have been in force then.
func (w *watched) read(ctx context.Context) {
	allows := func(origin string) bool {
		w.answers.Add(1)
		return w.w.Engine().Decide(ctx, core.Request{Method: "GET", Origin: []string{origin}}).Allowed
	}
	own := func(k int64) string { return fmt.Sprintf("https://s%d.example", k) }
	for ctx.Err() == nil {
		if !allows("https://always.example") || allows("https://never.example") {
			w.t.Error("wrong decision for the origin that every state allows, or for the one that none allows")
			return
		}
		before, last := w.lo.Load(), w.hi.Load()
		in := int64(-1)
		for k := max(0, before-1); k <= last+1; k++ {
			lo := w.lo.Load()
			if !allows(own(k)) {
				continue
			}
			if hi := w.hi.Load(); k < lo || k > hi {
				w.t.Errorf("state %d is in force, where %d to %d may be", k, lo, hi)
				return
			}
			in = k
		}
		if in < 0 && w.lo.Load() == before && w.hi.Load() == last {
			w.t.Errorf("no state is in force, where %d to %d may be", before, last)
			return
		}
		if in >= 0 && w.partner && !allows(fmt.Sprintf("https://p%d.example", in)) && allows(own(in)) {
			w.t.Errorf("state %d is in force in the file, and another in its origins_file", in)
			return
		}
		time.Sleep(time.Millisecond) // leave time for the watchers
	}
}

// beat counts beats until ctx is done.
func (w *watched) beat(ctx context.Context) {
	for last := time.Now(); ctx.Err() == nil; w.beats.Add(1) {
		time.Sleep(beat)
		now := time.Now()
		w.stall.Store(max(w.stall.Load(), int64(now.Sub(last)-beat)))
		last = now
	}
}

// edit calls do.
func (w *watched) edit(do func()) {
	w.pause = 0
	w.stall.Store(0)
	began := time.Now()
	do()
	if w.pause == 0 { // unless it writes pieces
		w.pause = time.Since(began)
	}
}

// disturbed reports whether the machine has stalled the last edit, or the watcher since
// then, for so long that the watcher may have seen an incomplete state.
func (w *watched) disturbed() bool {
	return w.pause >= maxPause || time.Duration(w.stall.Load()) >= maxStall
}

// write calls do, which must write state k, and waits until the state is in force.
// It returns the errors that were reported before.
func (w *watched) write(k int, do func()) (bad []error) {
	w.t.Helper()
	w.hi.Store(int64(k))
	w.edit(do)
	written := w.beats.Load()
	deadline := time.After(patience)
	for {
		select {
		case r := <-w.results:
			if r.Err != nil {
				bad = append(bad, r.Err)
				if r.Revision != r.Previous || r.Revision != w.w.Status().Revision {
					w.t.Errorf("an error changed the revision: %+v", r)
				}
				continue
			}
			took := time.Duration(w.beats.Load()-written) * beat
			if w.slowest = max(w.slowest, took); w.fastest == 0 || took < w.fastest {
				w.fastest = took
			}
			if !w.w.Engine().AllowsOrigin(fmt.Sprintf("https://s%d.example", k)) {
				w.t.Fatalf("after the report of a reload, state %d is not in force: %v", k, r.Diff)
			}
			if w.w.Status().Revision != r.Revision || w.w.Status().Err != nil {
				w.t.Errorf("revision %v and error %v after %+v", w.w.Status().Revision, w.w.Status().Err, r)
			}
			w.lo.Store(int64(k))
			return bad
		case <-deadline:
			w.t.Fatalf("state %d is not in force %v after its last write; Err is %v", k, patience, w.w.Status().Err)
		}
	}
}

// bad calls do, which must cause an error, and waits for the report.
func (w *watched) bad(want string, do func()) {
	w.t.Helper()
	w.edit(do)
	deadline := time.After(patience)
	for {
		select {
		case r := <-w.results:
			if r.Err == nil || !strings.Contains(r.Err.Error(), want) {
				if w.disturbed() {
					continue // the watcher has seen half of the edit
				}
				w.t.Fatalf("got %v, want an error that contains %q", r.Err, want)
			}
			if err := w.w.Status().Err; err == nil || err.Error() != r.Err.Error() {
				w.t.Errorf("Err is %v, but %v was reported", err, r.Err)
			}
			return
		case <-deadline:
			w.t.Fatalf("no report within %v, want an error that contains %q", patience, want)
		}
	}
}

// quiet checks that nothing is reported for a while.
func (w *watched) quiet(d time.Duration) {
	w.t.Helper()
	select {
	case r := <-w.results:
		w.t.Errorf("unexpected report: %v, %v", r.Err, r.Diff)
	case <-time.After(d):
	}
}

func (w *watched) report() {
	w.t.Helper()
	w.t.Logf("in force %v to %v after the last write (promised: %v), %d answers checked",
		w.fastest, w.slowest, promised, w.answers.Load())
	if w.fastest > promised || w.slowest > 5*promised {
		w.t.Errorf("in force %v to %v after the last write, which is too late", w.fastest, w.slowest)
	}
}

func (w *watched) must(errs ...error) {
	w.t.Helper()
	if err := errors.Join(errs...); err != nil {
		w.t.Fatal(err)
	}
}

// inPlace overwrites a file like the > of a shell.
func (w *watched) inPlace(path, text string) { w.must(os.WriteFile(path, []byte(text), 0o644)) }

// renamed writes a new file and renames it over the old one.
func (w *watched) renamed(path, text string) {
	w.inPlace(path+".new", text)
	w.must(os.Rename(path+".new", path))
}

// pieces overwrites a file in half lines, with pauses.
func (w *watched) pieces(path, text string, gap time.Duration) {
	f, err := os.Create(path)
	w.must(err)
	last := time.Now()
	for line := range strings.Lines(text) {
		half := len(line) / 2
		for _, part := range []string{line[:half], line[half:]} {
			_, err := f.WriteString(part)
			w.must(err)
			now := time.Now()
			w.pause, last = max(w.pause, now.Sub(last)), now
			time.Sleep(gap)
		}
	}
	w.must(f.Close())
}
