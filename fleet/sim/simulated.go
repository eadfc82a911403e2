package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/etcdtest"
)

// small is a size up to which a head carries a bundle.
const small = 4 << 10

// joining is how many replicas join at the same time.
const joining = 64

// simulated is a fleet of many replicas.
type simulated struct {
	settings settings
	etcd     *etcdtest.Cluster
	size     int
	progress *progress

	key      ed25519.PrivateKey
	store    *fleet.Store
	clients  []*clientv3.Client
	replicas []*fleet.Replica
	stop     context.CancelFunc
	watching sync.WaitGroup

	version        int
	origins        []string
	wanted         atomic.Uint64 // the least revision of a policy that counts as reported
	applied, acked tally
}

// start pushes the first policy and lets the replicas join.
func (f *simulated) start(ctx context.Context, n int, r *row) error {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	f.key = private
	if f.store, err = fleet.NewStore(f.etcd.Admin(), fleet.StoreOptions{Key: private, Author: "sim"}); err != nil {
		return err
	}
	head, err := f.store.Push(ctx, f.bundle(changeAll), fleet.PushOptions{Message: "first"})
	if err != nil {
		return err
	}
	for range f.settings.connections {
		client, err := f.etcd.Connect(patient)
		if err != nil {
			return err
		}
		f.clients = append(f.clients, client)
	}
	// In production, no process has so many goroutines for the garbage collector to scan.
	debug.SetGCPercent(400)
	f.replicas = make([]*fleet.Replica, n)
	f.applied.size(n)
	f.acked.size(n)
	ctx, f.stop = context.WithCancel(ctx)
	before := f.settle()
	etcdBefore := f.usage().etcdMemory
	start := time.Now()
	f.acked.begin(start)
	f.watching.Go(func() { f.watchReports(ctx) })
	if err := f.join(ctx, public); err != nil {
		return err
	}
	r.joined = time.Since(start)
	f.wanted.Store(head.Revision + 1)
	if err := f.reportAll(ctx); err != nil {
		return err
	}
	r.memory = (f.settle() - before) / int64(n)
	r.etcdMemory = f.usage().etcdMemory
	r.etcdReplicas = (r.etcdMemory - etcdBefore) / int64(n)
	return nil
}

// patient makes a client wait longer for answers to its pings: with hundreds of replicas
// on a connection and thousands on the machine, an answer may be slow although the
// connection works.
func patient(cfg *clientv3.Config) {
	cfg.DialOptions = append(cfg.DialOptions, grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Minute, Timeout: time.Minute}))
}

// join starts all replicas.
func (f *simulated) join(ctx context.Context, public ed25519.PublicKey) error {
	var shared *fleet.Shared
	if !f.settings.alone {
		shared = fleet.NewShared()
	}
	var all sync.WaitGroup
	var done atomic.Int64
	failures := make(chan error, 1)
	turns := make(chan struct{}, joining)
	for i := range f.replicas {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			replica, err := fleet.Join(ctx, f.clients[i%len(f.clients)], fleet.Options{
				Instance: fmt.Sprint("replica-", i), Labels: map[string]string{"service": "orders"}, Keys: []ed25519.PublicKey{public},
				Jitter: f.settings.jitter, BootTimeout: time.Minute, Shared: shared,
				Config: config.Options{OnReload: func(result config.Result) {
					if result.Err == nil {
						f.applied.mark(i)
					}
				}},
			})
			f.replicas[i] = replica
			if err != nil {
				select {
				case failures <- err:
				default:
				}
			}
			// They do not join all at once, because only pushes to a running fleet are
			// measured.
			for ctx.Err() == nil && err == nil && !f.acked.has(i) {
				time.Sleep(10 * time.Millisecond)
			}
			f.progress.step("%d of %d replicas have joined", done.Add(1), int64(len(f.replicas)))
		})
	}
	all.Wait()
	select {
	case err := <-failures:
		return err
	default:
		return nil
	}
}

// watchReports records when etcd has the report of each replica, as seen by an operator.
func (f *simulated) watchReports(ctx context.Context) {
	for event, err := range f.store.Watch(ctx) {
		if err != nil || event.Status == nil || event.Status.State != fleet.StateAcked {
			continue
		}
		var i int
		if _, err := fmt.Sscanf(event.Status.Instance, "replica-%d", &i); err != nil || i >= len(f.replicas) {
			continue
		}
		if event.Status.Active.Revision >= f.wanted.Load() {
			f.acked.mark(i)
		}
	}
}

// reportAll waits until etcd has a status of every replica.
func (f *simulated) reportAll(ctx context.Context) error {
	for {
		all, err := f.store.Replicas(ctx)
		if err != nil {
			return err
		}
		f.progress.step("%d of %d replicas have reported", int64(len(all)), int64(len(f.replicas)))
		if len(all) == len(f.replicas) {
			return nil
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// bundle returns a policy of about the size. All of it is new, or one line.
func (f *simulated) bundle(change string) *fleet.Bundle {
	if change == changeAll || f.origins == nil {
		random := rand.New(rand.NewPCG(uint64(f.version), 1))
		f.origins = f.origins[:0]
		for n := 0; n < f.size; {
			origin := fmt.Sprintf("https://o%016x.example", random.Uint64())
			f.origins = append(f.origins, origin)
			n += len(origin) + 1
		}
	} else {
		f.origins[len(f.origins)/2] = fmt.Sprintf("https://changed%d.example", f.version)
	}
	main := fmt.Sprintf("version: 1\npolicies:\n  v%d:\n    origins_file: origins.txt\n", f.version)
	return &fleet.Bundle{Entry: "cors.yaml", Profiles: []string{""}, Files: map[string][]byte{
		"cors.yaml": []byte(main), "origins.txt": []byte(strings.Join(f.origins, "\n") + "\n"),
	}}
}

// settle collects garbage and returns the memory of this process.
func (f *simulated) settle() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// close ends all replicas.
func (f *simulated) close() {
	if f.stop == nil {
		return
	}
	f.progress.begin("stop %d replicas", len(f.replicas))
	f.stop()
	f.watching.Wait()
	for _, replica := range f.replicas {
		if replica != nil {
			<-replica.Done()
		}
	}
	for _, client := range f.clients {
		client.Close()
	}
}

// tally records when each replica has done something.
type tally struct {
	mu    sync.Mutex
	start time.Time
	times []time.Duration // 0: not yet
	left  int
	done  chan struct{}
}

func (t *tally) size(n int) { t.times = make([]time.Duration, n) }

// begin discards all times.
func (t *tally) begin(start time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.start, t.left, t.done = start, len(t.times), make(chan struct{})
	clear(t.times)
}

func (t *tally) mark(i int) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done == nil || t.times[i] != 0 {
		return
	}
	t.times[i] = max(now.Sub(t.start), 1)
	if t.left--; t.left == 0 {
		close(t.done)
	}
}

// has reports whether a replica has done it.
func (t *tally) has(i int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.times[i] != 0
}

// wait waits for all, and returns their times in ascending order.
func (t *tally) wait(ctx context.Context, p *progress, verb string) ([]time.Duration, error) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-t.done:
			t.mu.Lock()
			defer t.mu.Unlock()
			return slices.Sorted(slices.Values(t.times)), nil
		case <-ctx.Done():
			return nil, fmt.Errorf("%d of %d replicas are missing: %w", t.missing(), len(t.times), ctx.Err())
		case <-ticker.C:
			p.step("%d of %d replicas have "+verb, int64(len(t.times)-t.missing()), int64(len(t.times)))
		}
	}
}

func (t *tally) missing() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.left
}
