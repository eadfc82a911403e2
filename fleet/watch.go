package fleet

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Event is a change that [Store.Watch] yields. One of its fields is set.
type Event struct {
	Head   *Head   // the present head at first, then each new one
	Status *Status // the status of a replica, when it appears and when it changes
	Gone   string  // the instance of a replica whose lease has ended
}

// Watch yields the head and the statuses of all replicas, and then their changes, until
// the context is done or the loop ends. It yields an error if the head cannot be verified
// or etcd cannot be read, and tries again after at most a second. It may merge several
// changes of the same key and yield only the last.
func (s *Store) Watch(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		w := s.watcher()
		defer w.close()
		for ctx.Err() == nil {
			changes, err := w.next(ctx, nil)
			for _, c := range changes {
				if !yield(c.event, c.err) {
					return
				}
			}
			if err != nil && ctx.Err() == nil && !yield(Event{}, err) {
				return
			}
		}
	}
}

// change is an event, or the fault of a head.
type change struct {
	event Event
	err   error
}

// Times of a watcher.
const (
	minBackoff   = 50 * time.Millisecond
	maxBackoff   = time.Second
	watchRefresh = 10 * time.Second // how often everything is read again, because etcd may lose notifications
)

// watcher reads the head and the statuses, and keeps up with their changes.
type watcher struct {
	store    *Store
	now      *snapshot
	statuses map[string]Status
	modified map[string]int64 // the revision of etcd of each status

	watching        bool
	cancel          context.CancelFunc
	heads, replicas clientv3.WatchChan
	refresh         *time.Timer
	backoff         time.Duration
	resting         time.Time // the end of the present rest, which a wake must not prolong
}

func (s *Store) watcher() *watcher {
	w := &watcher{store: s, statuses: make(map[string]Status), modified: make(map[string]int64)}
	w.refresh = time.NewTimer(watchRefresh)
	return w
}

func (w *watcher) close() {
	w.unwatch()
	w.refresh.Stop()
}

func (w *watcher) unwatch() {
	if !w.watching {
		return
	}
	w.cancel()
	drain(w.heads)
	drain(w.replicas)
	w.watching = false
}

// next waits for changes, or until wake. It returns an error if etcd cannot be read or
// watched; the next call tries again.
func (w *watcher) next(ctx context.Context, wake <-chan time.Time) ([]change, error) {
	if !w.watching {
		return w.sync(ctx, wake)
	}
	var r clientv3.WatchResponse
	var ok bool
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-wake:
		return nil, nil
	case <-w.refresh.C:
		w.unwatch()
		return nil, nil
	case r, ok = <-w.heads:
	case r, ok = <-w.replicas:
	}
	if err := r.Err(); err != nil || !ok {
		w.unwatch()
		w.slower()
		if !ok || r.CompactRevision > 0 {
			return nil, ctx.Err() // read everything again
		}
		return nil, unreachable("watching the fleet", err)
	}
	w.backoff = 0
	var changes []change
	for _, event := range r.Events {
		changes = w.apply(changes, event.Kv, event.Type == clientv3.EventTypeDelete)
	}
	return changes, nil
}

// slower increases the wait before the next attempt. A notification resets it.
func (w *watcher) slower() {
	w.backoff = min(max(2*w.backoff, minBackoff), maxBackoff)
	w.resting = time.Now().Add(w.backoff)
}

// sync reads everything, starts to watch, and returns the differences from before.
func (w *watcher) sync(ctx context.Context, wake <-chan time.Time) ([]change, error) {
	if rest := time.Until(w.resting); rest > 0 {
		timer := time.NewTimer(rest)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-wake:
			return nil, nil
		case <-timer.C:
		}
	}
	changes, at, err := w.read(ctx)
	if err != nil {
		w.slower()
		return nil, err
	}
	s := w.store
	own, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	w.cancel, w.watching = cancel, true
	late := time.AfterFunc(readTime, cancel) // Watch does not return before etcd confirms it
	defer late.Stop()
	w.heads = s.client.Watch(own, s.layout.head(), clientv3.WithRev(at+1))
	w.replicas = s.client.Watch(own, s.layout.statuses(), clientv3.WithPrefix(), clientv3.WithRev(at+1))
	w.refresh.Reset(watchRefresh)
	return changes, nil
}

// readTime is how long a watcher waits for etcd before it returns an error.
const readTime = 5 * time.Second

// read reads everything at one revision of etcd, and returns that revision.
func (w *watcher) read(ctx context.Context) (changes []change, at int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	s := w.store
	r, err := s.client.Get(ctx, s.layout.head())
	if err != nil {
		return nil, 0, unreachable("reading the head", err)
	}
	found := make(map[string]bool)
	var pairs []*mvccpb.KeyValue
	at = r.Header.Revision
	_, err = page(ctx, s.client, s.layout.statuses(), at, func(pair *mvccpb.KeyValue) {
		pairs = append(pairs, pair)
		found[string(pair.Key)] = true
	})
	if err != nil {
		return nil, 0, unreachable("reading the statuses of replicas", err)
	}
	if len(r.Kvs) > 0 {
		pairs = slices.Insert(pairs, 0, r.Kvs[0])
	} else {
		changes = w.applyHead(changes, nil)
	}
	for _, pair := range pairs {
		changes = w.apply(changes, pair, false)
	}
	for instance := range maps.Clone(w.statuses) {
		if key := s.layout.status(instance); !found[key] {
			changes = w.apply(changes, &mvccpb.KeyValue{Key: []byte(key), ModRevision: at}, true)
		}
	}
	return changes, at, nil
}

// apply appends the change that a key of etcd makes to changes.
func (w *watcher) apply(changes []change, pair *mvccpb.KeyValue, deleted bool) []change {
	key := string(pair.Key)
	if key == w.store.layout.head() {
		if deleted {
			pair = nil
		}
		return w.applyHead(changes, pair)
	}
	instance := key[len(w.store.layout.statuses()):]
	if deleted {
		if _, ok := w.statuses[instance]; !ok {
			return changes
		}
		delete(w.statuses, instance)
		delete(w.modified, instance)
		return append(changes, change{event: Event{Gone: clean(instance, maxInstance)}})
	}
	if w.modified[instance] == pair.ModRevision {
		return changes
	}
	status := w.store.statusIn(pair)
	w.statuses[instance], w.modified[instance] = status, pair.ModRevision
	return append(changes, change{event: Event{Status: &status}})
}

func (w *watcher) applyHead(changes []change, pair *mvccpb.KeyValue) []change {
	found := w.store.snapshot(pair)
	if w.now != nil && w.now.modified == found.modified {
		return changes
	}
	w.now = found
	if found.err != nil {
		return append(changes, change{err: found.err})
	}
	return append(changes, change{event: Event{Head: found.head}})
}
