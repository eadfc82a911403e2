package fleet

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
	"github.com/corskit/corskit/reason"
)

// Replica keeps an engine up to date with its fleet. Its methods may be called concurrently.
type Replica struct {
	opts   Options
	keys   layout
	etcd   atomic.Pointer[clientv3.Client] // nil until Options.Connect has made one
	engine *core.Engine
	log    journal

	stop    context.CancelFunc
	done    chan struct{}
	changed chan struct{} // has an element if the status has changed since it was written
	joined  bool          // Join has returned
	spread  atomic.Int64  // the time, in nanoseconds, over which the fleet spreads its writes

	mu          sync.Mutex
	status      Status // without the parts that faults, trial and the clock determine
	faults      faults
	trial       *trial         // of a candidate; nil if none is tried out
	config      *config.Config // in force; nil if there is none
	lastSuccess time.Time
	reloads     uint64
	failures    uint64
}

// Join returns a replica of a fleet. Its engine has the fleet's policy in force. If etcd
// does not provide it within Options.BootTimeout, the engine has the policy of the
// verified copy on disk, or else of Options.Fallback, or else one that allows no origin.
// None of this is an error: the replica reports it in its Status, Err and log, and
// continues to try.
//
// Join returns an [*OptionError] if an option is not valid, and the error of ctx if it is
// done. The replica stops when ctx is done or it is closed. The caller must close the
// client, after the replica. [ClientConfig] returns suitable settings for a client. The
// client may be nil if Options.Connect makes one.
func Join(ctx context.Context, client *clientv3.Client, opts Options) (*Replica, error) {
	opts, keys, err := opts.complete()
	if err != nil {
		return nil, err
	}
	if client == nil && opts.Connect == nil {
		return nil, &OptionError{
			Field: "client", Detail: "no client of etcd", Suggestion: "make one with ClientConfig and clientv3.New, or set Connect",
		}
	}
	if client != nil {
		opts.Connect = nil
		if fault := checkEndpoints(client); fault != nil {
			return nil, fault
		}
	}
	r := &Replica{
		opts: opts, keys: keys, engine: new(core.Engine), log: journal{log: opts.Logger},
		done: make(chan struct{}), changed: make(chan struct{}, 1),
		status: Status{
			Instance: opts.Instance, Labels: opts.Labels, Version: version(),
			Active: Active{Source: SourceNone, Since: time.Now()},
		},
	}
	r.etcd.Store(client)
	ctx, r.stop = context.WithCancel(ctx)
	f := newKeeper(ctx, r)
	if err := f.boot(ctx); err != nil {
		r.stop()
		r.disconnect()
		return nil, err
	}
	r.joined = true
	go r.run(ctx, f)
	return r, nil
}

// run follows the fleet until ctx is done.
func (r *Replica) run(ctx context.Context, f *keeper) {
	defer close(r.done)
	defer r.stop()
	var reports sync.WaitGroup
	reports.Go(func() { r.report(ctx) })
	f.run(ctx)
	reports.Wait()
	r.endTrial()
	r.disconnect()
}

// client returns the client. If there is none yet, it makes one.
func (r *Replica) client(ctx context.Context) (*clientv3.Client, error) {
	if c := r.etcd.Load(); c != nil {
		return c, nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	c, err := r.opts.Connect(ctx)
	if err == nil && c == nil {
		err = errors.New("Options.Connect returns neither a client nor an error")
	}
	if err != nil {
		return nil, err
	}
	if fault := checkEndpoints(c); fault != nil {
		_ = c.Close() // a client with an empty endpoint never connects
		return nil, fault
	}
	r.etcd.Store(c)
	return c, nil
}

// disconnect closes the client of Options.Connect.
func (r *Replica) disconnect() {
	if c := r.etcd.Load(); c != nil && r.opts.Connect != nil {
		_ = c.Close() // nothing can be done about an error
	}
}

// Engine returns the engine that the replica keeps up to date. Every call returns the
// same engine.
func (r *Replica) Engine() *core.Engine { return r.engine }

// Status returns the present status of the replica, as it reports it to its fleet.
func (r *Replica) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.statusWith(r.faults)
}

// reportable returns the status to write to etcd. It lacks the fault that the status
// could not be written, which a successful write ends.
func (r *Replica) reportable() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	over := r.faults
	over[areaReport] = nil
	return r.statusWith(over)
}

func (r *Replica) statusWith(f faults) Status {
	s := r.status
	hasWanted := s.Wanted > 0 && s.Wanted == s.Active.Revision
	s.State = f.state(hasWanted)
	s.Fault, s.Cache = f.first().status(), f[areaCache].status()
	s.Shadow = r.trial.counts()
	s.Time = time.Now()
	return s
}

// Ready reports whether a policy is in force: one that was pushed, or that of
// Options.Fallback. A service that must not start without a policy can wait until Ready
// returns true.
func (r *Replica) Ready() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status.Active.Source != SourceNone
}

// Err returns why the policy in force may not be the one that the fleet wants, or why a
// change may arrive late or not be reported. It joins an [*Error] for each reason, and is
// nil if there is none. Use it for a health check that reports a degraded state: the
// service itself continues with the last good policy.
func (r *Replica) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.faults.err()
}

// ConfigStatus returns the status of the policy for metrics and the inspector:
//
//	corsprom.NewCollector(replica.Engine(), corsprom.WithConfig(replica.ConfigStatus))
//	observe.Handler(replica.Engine(), observe.HandlerOptions{Config: replica.ConfigStatus, Spell: config.KeyOf})
func (r *Replica) ConfigStatus() observe.ConfigStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := observe.ConfigStatus{File: "etcd:" + r.opts.Prefix}
	if r.config != nil {
		s = r.config.ConfigStatus()
	}
	if a := r.status.Active; a.Revision > 0 {
		s.File = "etcd:" + r.opts.Prefix
		s.Revision = fmt.Sprintf("%d-%s", a.Revision, shortHash(a.Manifest))
		s.Loaded = a.Since
	}
	s.LastSuccess, s.Reloads, s.Failures, s.Err = r.lastSuccess, r.reloads, r.failures, r.faults.err()
	return s
}

// Done returns a channel that is closed when the replica has stopped.
func (r *Replica) Done() <-chan struct{} { return r.done }

// Close stops the replica, removes its status from etcd, and returns when all of its
// goroutines have ended. The engine keeps its policy. If ctx is done earlier, Close
// returns the error of ctx, and the replica stops in the background. Close may be called
// more than once.
func (r *Replica) Close(ctx context.Context) error {
	r.stop()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// notify tells the reporter that the status has changed.
func (r *Replica) notify() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// setFault records the fault of an area, or its end if err is nil.
func (r *Replica) setFault(a area, err error) {
	var e *Error
	if err != nil {
		e = asError(err, reason.Unavailable, "something failed")
	}
	r.mu.Lock()
	old := r.faults[a]
	isNew := r.faults.set(a, e)
	failed := isNew && e != nil && e.refusal() && (a == areaHead || a == areaBundle)
	if failed {
		r.failures++
	}
	r.mu.Unlock()
	if !isNew {
		return
	}
	if e != nil {
		r.log.fault(a, e)
	} else {
		r.log.over(old.err)
	}
	if failed && r.joined {
		r.onReload(config.Result{Err: e})
	}
	if a != areaReport {
		r.notify()
	}
}

// reason returns the reason of the fault of an area, or "".
func (r *Replica) reason(a area) reason.Reason {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.faults[a]; f != nil {
		return f.err.Reason
	}
	return ""
}

// onReload calls the user's function with a result whose revisions are completed.
func (r *Replica) onReload(result config.Result) {
	if r.opts.Config.OnReload == nil {
		return
	}
	r.mu.Lock()
	now := r.config
	r.mu.Unlock()
	if result.Err != nil && now != nil {
		result.Revision, result.Previous = now.Revision, now.Revision
	}
	r.opts.Config.OnReload(result)
}

// change changes the status, which is then reported.
func (r *Replica) change(f func(*Status)) {
	r.mu.Lock()
	f(&r.status)
	r.mu.Unlock()
	r.notify()
}

// install puts a policy in force.
func (r *Replica) install(c *config.Config, a Active) error {
	if c.Shadow == nil {
		r.engine.StopShadow() // the shadow of the previous policy, or a candidate
	}
	if err := r.engine.ReloadFrom(c.Engine()); err != nil {
		return err
	}
	r.mu.Lock()
	before, first := r.config, r.config == nil
	if a.Source == SourceEtcd {
		r.lastSuccess = time.Now()
		if !first {
			r.reloads++
		}
	}
	r.config, r.status.Active = c, a
	r.mu.Unlock()
	r.notify()
	r.tell(before, c, a)
	return nil
}

// tell reports, in the log and to the user, that a policy has replaced another.
func (r *Replica) tell(before, now *config.Config, a Active) {
	if r.opts.Config.OnReload == nil && r.log.log == nil {
		return
	}
	result := config.Result{Revision: now.Revision, Warnings: now.Warnings, Diff: r.opts.Shared.compare(before, now)}
	if before != nil {
		result.Previous = before.Revision
	}
	if r.joined {
		r.onReload(result)
	}
	r.log.inForce(a, result.Diff, now.Warnings)
}

// version returns the version of this module in the program, or "".
var version = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		if strings.HasSuffix(m.Path, "corskit/corskit/fleet") {
			return clean(m.Version, maxLabel)
		}
	}
	return ""
})

// trial counts what a candidate would change, as an observer of the engine.
type trial struct {
	candidate              Reference
	same, stricter, looser atomic.Uint64
	stop                   func()
}

// Observe implements [core.Observer]. It is never called, because the engine counts.
func (t *trial) Observe(context.Context, *core.Observation) {}

// CounterOf implements [core.ClassCounter].
func (t *trial) CounterOf(c *core.Class) *atomic.Uint64 {
	switch {
	case c.Result == core.ResultNotCORS:
		return nil
	case c.Shadow == core.ShadowSame:
		return &t.same
	case c.Shadow == core.ShadowStricter:
		return &t.stricter
	case c.Shadow == core.ShadowLooser:
		return &t.looser
	}
	return nil // a decision from before the candidate became the shadow
}

// counts returns the counts so far. They are nil if there is no trial.
func (t *trial) counts() *ShadowCounts {
	if t == nil {
		return nil
	}
	c := &ShadowCounts{Revision: t.candidate.Pushed, Stricter: t.stricter.Load(), Looser: t.looser.Load()}
	c.Decisions = t.same.Load() + c.Stricter + c.Looser
	return c
}

// endTrial ends the trial of a candidate. It does nothing if there is none.
func (r *Replica) endTrial() {
	if r.trial != nil {
		r.setTrial(nil)
		r.engine.StopShadow()
	}
}

// setTrial begins a trial, or ends it if t is nil.
func (r *Replica) setTrial(t *trial) {
	if t != nil {
		t.stop = r.engine.Observe(t)
	}
	r.mu.Lock()
	old := r.trial
	r.trial = t
	r.mu.Unlock()
	if old != nil {
		old.stop()
	}
	if old != nil || t != nil {
		r.notify()
	}
}
