package config

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/corskit/corskit/config/internal/watch"
	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// Result is the result of one reload.
type Result struct {
	// Revision is the revision in force after the reload. If Err is not nil, it is
	// the same as before.
	Revision Revision
	// Previous is the revision in force before the reload.
	Previous Revision
	// Err is nil if the policies were replaced. Otherwise the engine is unchanged,
	// and Err is an error like that of [Load]. Repeats of an error are not reported. If
	// Err is an [*Error] with [reason.Watch], the [Source] cannot watch and is
	// polled until it can. If its reason is [reason.Unlinked], the files that are read
	// are no longer those that were mounted, so changes do not arrive.
	Err error
	// Diff is the change of the policies in one line for a log: the policies by name, each
	// with its additions (+) and removals (-). Long lists are cut, and the rest is counted.
	// It is "no change" if only comments or the order of keys have changed, and empty if
	// Err is not nil.
	Diff string
	// Warnings are the warnings of the new policies.
	Warnings []*Warning
}

// Watcher keeps an engine up to date with a configuration. Its methods may be
// called concurrently.
type Watcher struct {
	loader *loader
	engine *core.Engine
	cancel context.CancelFunc
	done   chan struct{}
	log    journal

	mu          sync.Mutex
	revision    Revision
	warnings    []*Warning
	lastSuccess time.Time
	reloads     uint64
	failures    uint64
	err         error
	blind       error // why the source cannot watch
	unlinked    error // why changes of a file do not arrive
}

// Watch loads a file like [Load] and returns the error, if any. It then reloads the engine
// whenever the file, the file of the profile or an origins_file changes, until ctx is done or
// the [Watcher] is closed. Each reload reads the environment again. If a reload fails, the last
// good policies stay in force; the error is reported once to Options.OnReload and
// Options.Logger, and by [Watcher.Status] until a reload succeeds.
//
// [Files] describes when a file counts as changed.
func Watch(ctx context.Context, path string, opts ...Options) (*Watcher, error) {
	src, name := split(path)
	return WatchSource(ctx, src, name, opts...)
}

// WatchSource is like [Watch], but reads from any [Source].
func WatchSource(ctx context.Context, src Source, name string, opts ...Options) (*Watcher, error) {
	if fault := named(src, name); fault != nil {
		return nil, fault
	}
	w := &Watcher{loader: &loader{src: src, name: name, opts: combine(opts)}, done: make(chan struct{})}
	ctx, w.cancel = context.WithCancel(ctx)
	s := w.loader.load(ctx)
	engine, err := s.compile(w.loader.opts.progress)
	if err != nil {
		w.cancel()
		return nil, err
	}
	w.engine, w.revision, w.warnings, w.lastSuccess = engine, s.revision, s.warnings, s.revision.Time
	w.log.log = w.loader.opts.Logger
	w.log.start(s)
	w.checkLinks(s.seen)
	s.release()
	go w.run(ctx, s)
	return w, nil
}

// Engine returns the engine that is kept up to date. Every call returns the same
// engine.
func (w *Watcher) Engine() *core.Engine { return w.engine }

// Done returns a channel that is closed when the watcher has stopped. No reload
// follows.
func (w *Watcher) Done() <-chan struct{} { return w.done }

// Close stops the watcher, and returns when its goroutines have ended and its
// descriptors are closed. The engine keeps its policies. Close may be called more
// than once; it always returns nil.
func (w *Watcher) Close() error {
	w.cancel()
	<-w.done
	return nil
}

// run reloads until ctx is done. good is the state in force at the start.
func (w *Watcher) run(ctx context.Context, good *state) {
	defer close(w.done)
	defer w.cancel()
	var said string // the last report, if it was an error
	var out outage
	w.reportLinks(nil, good.revision)
	for seen := good.seen; w.await(ctx, seen, good.revision, &out) == nil; {
		next := w.loader.load(ctx)
		if ctx.Err() != nil {
			return // the faults may come from the interruption
		}
		seen = next.seen
		var made *core.Engine
		var err error
		same := next.merged != nil && len(next.faults.list) == 0 && next.revision.Hash == good.revision.Hash
		if !same {
			made, err = next.compile(w.loader.opts.progress)
		}
		switch {
		case err != nil:
			text := err.Error()
			w.fail(err, text != said)
			if text != said {
				said = text
				w.report(Result{Revision: good.revision, Previous: good.revision, Err: err})
			}
		case same && said == "":
			w.confirm(next.revision.Time)
		default:
			r := Result{Previous: good.revision, Revision: next.revision, Warnings: next.warnings}
			if same { // the state before the fault is back
				r.Revision, r.Warnings, r.Diff = good.revision, good.warnings, noChange
			} else {
				r.Diff = diff(good, next).String()
				w.replace(made, good, next)
				good = next
				good.release()
			}
			said = ""
			w.succeed(r, next.revision.Time)
			w.report(r)
		}
		w.reportLinks(w.checkLinks(seen), good.revision)
	}
}

// replace puts the engine of next in force.
func (w *Watcher) replace(made *core.Engine, good, next *state) {
	if good.shadow != nil && next.shadow == nil {
		w.engine.StopShadow() // before the reload: the old shadow is not for the new policies
	}
	_ = w.engine.ReloadFrom(made) // fails for a nil engine only
}

// checkLinks looks for a file that is mounted on its own and was replaced where it comes from.
// The mount then keeps showing the old file, with the old content. checkLinks returns the fault
// that was known before.
func (w *Watcher) checkLinks(seen map[string]string) (before error) {
	files, ok := w.loader.src.(interface{ unlinked(name string) string })
	if !ok {
		return nil
	}
	var fault error
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if path := files.unlinked(name); path != "" {
			fault = &Error{
				Place: Place{File: path}, Reason: reason.Unlinked,
				Detail:     "was replaced or removed outside, but a mount of this one file keeps showing the old content",
				Suggestion: "mount the directory instead of the file, or write the file in place; then restart",
			}
			break
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	before, w.unlinked = w.unlinked, fault
	return before
}

// reportLinks reports the fault that checkLinks has found, unless it was known before.
func (w *Watcher) reportLinks(before error, good Revision) {
	w.mu.Lock()
	fault := w.unlinked
	w.mu.Unlock()
	if fault != nil && before == nil {
		w.report(Result{Revision: good, Previous: good, Err: fault})
	}
}

// Bounds of the time between two attempts of a source that cannot watch. A Watch
// that lasts retryMax ends the outage.
const (
	retryMin = time.Second
	retryMax = 30 * time.Second
)

// outage counts how often a source has failed to watch, in a row.
type outage struct {
	failures int
	pause    time.Duration // until the next attempt
}

// await returns nil when there may be something to load, and an error when ctx is
// done. A source that cannot watch may still be able to load.
func (w *Watcher) await(ctx context.Context, seen map[string]string, good Revision, out *outage) error {
	// Watch does not return while the source can watch and nothing changes, so a
	// timer ends the outage.
	calm := time.AfterFunc(retryMax, func() { w.endOutage(ctx) })
	err := w.loader.src.Watch(ctx, seen)
	if !calm.Stop() || err == nil {
		*out = outage{}
	}
	if err == nil || ctx.Err() != nil {
		w.endOutage(ctx)
		return ctx.Err()
	}
	// The first failure may be a lost connection, which the next call restores.
	if out.failures++; out.failures > 1 {
		fault := &Error{
			Place: Place{File: good.Source}, Reason: reason.Watch, Detail: "cannot be watched: " + wording.Foreign(err.Error()),
			Suggestion: "check the source; until it can be watched, it is read at least every " + retryMax.String(), Err: err,
		}
		w.setBlind(fault)
		if out.failures == 2 {
			w.report(Result{Revision: good, Previous: good, Err: fault})
		}
	}
	out.pause = min(max(2*out.pause, retryMin), retryMax)
	return watch.Sleep(ctx, out.pause)
}

// fail records a fault. isNew says whether it has not been reported.
func (w *Watcher) fail(err error, isNew bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
	if isNew {
		w.failures++
	}
}

// succeed records a reload without a fault. read is when the configuration was read.
func (w *Watcher) succeed(r Result, read time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.revision, w.warnings, w.err = r.Revision, r.Warnings, nil
	w.lastSuccess = read
	w.reloads++
}

// confirm records that the configuration in force was read again.
func (w *Watcher) confirm(read time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastSuccess = read
}

func (w *Watcher) setBlind(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.blind = err
}

// endOutage records that the source can watch, or that the watcher has stopped.
func (w *Watcher) endOutage(ctx context.Context) {
	w.mu.Lock()
	wasBlind := w.blind != nil
	w.blind = nil
	w.mu.Unlock()
	if wasBlind && ctx.Err() == nil {
		w.log.canWatch()
	}
}

func (w *Watcher) report(r Result) {
	w.log.result(r)
	if f := w.loader.opts.OnReload; f != nil {
		f(r)
	}
}
