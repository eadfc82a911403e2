package config

import (
	"context"
	"sync"
	"time"

	"github.com/corskit/corskit/config/internal/watch"
	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/core"
)

// Result is what came of one reload.
type Result struct {
	// Revision is the revision in force from now on: what was read, or, if Err
	// is not nil, what was in force before.
	Revision Revision
	// Previous is the revision that was in force before.
	Previous Revision
	// Err is nil if the policies have been replaced. Else it is like the error
	// of [Load], the engine goes on as it was, and no second Result says the
	// same until another one has come between. Or it is an [*Error] of
	// [ReasonWatch]: the [Source] cannot watch, and is polled until it can.
	Err error
	// Diff is what has changed in the policies. It is empty if only comments,
	// the order of keys or the like have.
	Diff Diff
	// Warnings are those of the new policies.
	Warnings []*Warning
}

// Watcher keeps an engine up to date with a configuration. Its methods are safe
// for concurrent use.
type Watcher struct {
	loader *loader
	engine *core.Engine
	cancel context.CancelFunc
	done   chan struct{}

	mu       sync.Mutex
	revision Revision
	warnings []*Warning
	err      error
	blind    error // why the source cannot watch
}

// Watch is [Load], and then reloads the engine whenever a file changes, until
// ctx is done or the [Watcher] is closed. The profile's file and every
// origins_file are watched too; the environment is read again with each reload.
// An error of the first load is returned. A bad state afterwards keeps the last
// good policies, and is told to Options.OnReload once and by [Watcher.Err] as
// long as it lasts.
//
// See [Files] for when a file counts as changed.
func Watch(ctx context.Context, path string, opts ...Options) (*Watcher, error) {
	src, name := split(path)
	return WatchSource(ctx, src, name, opts...)
}

// WatchSource is [Watch] for any [Source].
func WatchSource(ctx context.Context, src Source, name string, opts ...Options) (*Watcher, error) {
	if fault := named(src, name); fault != nil {
		return nil, fault
	}
	w := &Watcher{loader: &loader{src: src, name: name, opts: combine(opts)}, done: make(chan struct{})}
	ctx, w.cancel = context.WithCancel(ctx)
	s := w.loader.load(ctx)
	engine, err := s.compile(nil, w.loader.opts.progress)
	if err != nil {
		w.cancel()
		return nil, err
	}
	w.engine, w.revision, w.warnings = engine, s.revision, s.warnings
	s.release()
	go w.run(ctx, s)
	return w, nil
}

// Engine returns the engine that is kept up to date: the same at each call.
func (w *Watcher) Engine() *core.Engine { return w.engine }

// Revision returns the revision of the policies in force.
func (w *Watcher) Revision() Revision {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.revision
}

// Warnings returns the warnings of the policies in force.
func (w *Watcher) Warnings() []*Warning {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*Warning(nil), w.warnings...)
}

// Err returns why the configuration as it is now is not in force, or else why it
// may be late to be, because the [Source] cannot watch; or nil. It suits a health
// check that degrades.
func (w *Watcher) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	return w.blind
}

// Done is closed when the watcher has stopped: no reload follows.
func (w *Watcher) Done() <-chan struct{} { return w.done }

// Close stops the watcher, and returns when its goroutines have ended and its
// descriptors are closed. The engine goes on with the policies it has. Close may
// be called more than once; it always returns nil.
func (w *Watcher) Close() error {
	w.cancel()
	<-w.done
	return nil
}

// run reloads until ctx is done. good is the state in force.
func (w *Watcher) run(ctx context.Context, good *state) {
	defer close(w.done)
	defer w.cancel()
	var said string // the error reported last, if nothing has come since
	var out outage
	for seen := good.seen; w.await(ctx, seen, good.revision, &out) == nil; {
		next := w.loader.load(ctx)
		if ctx.Err() != nil {
			return // what it found wrong may be that it was interrupted
		}
		seen = next.seen
		var err error
		same := next.merged != nil && len(next.faults.list) == 0 && next.revision.Hash == good.revision.Hash
		if !same {
			_, err = next.compile(w.engine, w.loader.opts.progress)
		}
		switch {
		case err != nil:
			w.set(good, err)
			if text := err.Error(); text != said {
				said = text
				w.report(Result{Revision: good.revision, Previous: good.revision, Err: err})
			}
		case same && said == "":
		default:
			r := Result{Previous: good.revision, Revision: next.revision, Warnings: next.warnings}
			if same { // good again, as it was before the bad state
				r.Revision, r.Warnings = good.revision, good.warnings
			} else {
				r.Diff = diff(good, next)
				good = next
				good.release()
			}
			said = ""
			w.set(good, nil)
			w.report(r)
		}
	}
}

// Bounds of the time between two tries of a source that cannot watch. One that has
// watched for as long as the longer is taken to be able to.
const (
	retryMin = time.Second
	retryMax = 30 * time.Second
)

// outage is for how often a source has failed to watch, in a row.
type outage struct {
	failures int
	pause    time.Duration // until the next try
}

// await returns when there may be something to load, or with an error when ctx is
// done. A source that cannot watch can perhaps still load.
func (w *Watcher) await(ctx context.Context, seen map[string]string, good Revision, out *outage) error {
	// A source that can watch again does not say so, but is silent.
	calm := time.AfterFunc(retryMax, func() { w.setBlind(nil) })
	err := w.loader.src.Watch(ctx, seen)
	if !calm.Stop() || err == nil {
		*out = outage{}
	}
	if err == nil || ctx.Err() != nil {
		w.setBlind(nil)
		return ctx.Err()
	}
	// The first failure may be a connection that is lost, and that the next call
	// makes anew.
	if out.failures++; out.failures > 1 {
		fault := &Error{
			Place: Place{File: good.Source}, Reason: ReasonWatch, Detail: "cannot be watched: " + wording.Foreign(err.Error()),
			Suggestion: "check the source; until it can be watched, it is read every " + retryMax.String(), Err: err,
		}
		w.setBlind(fault)
		if out.failures == 2 {
			w.report(Result{Revision: good, Previous: good, Err: fault})
		}
	}
	out.pause = min(max(2*out.pause, retryMin), retryMax)
	return watch.Sleep(ctx, out.pause)
}

func (w *Watcher) set(good *state, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.revision, w.warnings, w.err = good.revision, good.warnings, err
}

func (w *Watcher) setBlind(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.blind = err
}

func (w *Watcher) report(r Result) {
	if f := w.loader.opts.OnReload; f != nil {
		f(r)
	}
}
