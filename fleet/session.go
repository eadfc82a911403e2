package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/connectivity"
)

// Times of a session.
const (
	watchTimeout = 5 * time.Second // for etcd to confirm a watch
	checkLink    = time.Second     // how often the state of the connection is checked, without a request
	longSession  = time.Second     // after this time, a broken watch is not a sign of a lasting fault
)

// errLost says that a watch did not deliver a change that etcd has.
var errLost = errors.New("a notification was lost")

// run follows the head until ctx is done. A session reads the head and watches it. If
// anything fails, the next session begins by reading the head again, so that no change is
// missed.
func (f *keeper) run(ctx context.Context) {
	defer f.retry.Stop()
	var p pause
	for failures := 0; ctx.Err() == nil; {
		started := time.Now()
		err := f.session(ctx)
		switch {
		case f.stopped():
			return
		case time.Since(started) >= longSession:
			failures = 0
			p.reset()
		default:
			// A single watch may break for harmless reasons, such as a compaction.
			if failures++; failures > 1 && f.reason(areaLink) == "" {
				f.setFault(areaLink, unreachable("watching the head", err))
			}
		}
		f.rest(ctx, p.next(f.replicas())+rand.N(time.Duration(f.spread.Load())+1))
	}
}

// rest waits until the next session. In the meantime, it repeats failed attempts that do
// not need the session.
func (f *keeper) rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			return
		case <-f.retry.C:
			f.take(ctx)
		}
	}
}

// session reads the head and follows it. It returns the reason why it cannot continue.
func (f *keeper) session(ctx context.Context) error {
	revision := f.booted // the head that Join has read need not be read again
	if f.booted = 0; revision == 0 {
		var err error
		if revision, err = f.get(ctx); err != nil {
			return err
		}
	}
	f.notify() // the status may have been lost with the connection
	watch, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	// Watch does not return before etcd confirms the watch, which may never happen.
	late := time.AfterFunc(watchTimeout, cancel)
	changes := f.etcd.Load().Watch(watch, f.keys.head(), clientv3.WithRev(revision+1))
	defer drain(changes)
	defer cancel()
	if !late.Stop() {
		return context.DeadlineExceeded
	}
	return f.watch(ctx, changes)
}

// drain waits until a canceled watch has ended, so that it leaves no goroutine.
func drain(changes clientv3.WatchChan) {
	for range changes {
	}
}

// watch takes each change of the head.
func (f *keeper) watch(ctx context.Context, changes clientv3.WatchChan) error {
	refresh := time.NewTimer(f.refresh())
	defer refresh.Stop()
	link := time.NewTicker(checkLink)
	defer link.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case change, ok := <-changes:
			if !ok {
				return context.Canceled
			}
			if err := change.Err(); err != nil {
				return err
			}
			f.see(ctx, change.Events)
		case <-refresh.C:
			known := f.modRev
			if _, err := f.get(ctx); err != nil {
				return err
			}
			if f.modRev != known {
				return errLost
			}
			refresh.Reset(f.refresh())
		case <-link.C:
			if f.isDisconnected() {
				return errors.New("the connection is lost")
			}
		case <-f.retry.C:
			f.take(ctx)
		}
	}
}

// isDisconnected reports whether the client has no connection. A client of an etcd in the
// same process never has one.
func (f *keeper) isDisconnected() bool {
	conn := f.etcd.Load().ActiveConnection()
	if conn == nil {
		return false
	}
	s := conn.GetState()
	return s != connectivity.Ready && s != connectivity.Idle
}

// refresh returns the time until the head is read again.
func (f *keeper) refresh() time.Duration {
	return f.opts.Refresh*4/5 + rand.N(f.opts.Refresh*2/5+1)
}

// see takes the head after some changes. Only the last change matters.
func (f *keeper) see(ctx context.Context, events []*clientv3.Event) {
	if len(events) == 0 {
		return
	}
	last := events[len(events)-1]
	if last.Type == clientv3.EventTypeDelete {
		f.judge(ctx, nil, last.Kv.ModRevision)
		return
	}
	f.judge(ctx, present(last.Kv.Value), last.Kv.ModRevision)
}
