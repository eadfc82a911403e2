package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/etcdtest"
)

// results are the results that the page shows.
type results struct {
	settings settings
	rows     []*row
}

// row has the pushes of one number of replicas, one size and one fault.
type row struct {
	replicas, size int
	change         string // what the pushes change
	fault          string // during the pushes; empty if none
	pushes         []pushed

	joined       time.Duration // until all replicas had joined
	memory       int64         // of this process for each replica
	etcdMemory   int64         // of the etcd process
	etcdReplicas int64         // of the etcd process for each replica
}

// pushed is one push.
type pushed struct {
	write         time.Duration   // until Push returned
	apply, ack    []time.Duration // of each replica, sorted: until it took effect, and until etcd had the report
	down, up      int64           // bytes from etcd to replicas, and back
	etcdCPU, self time.Duration   // processor time
}

const (
	changeAll  = "all of it"
	changeLine = "one line"
)

// measure runs all combinations.
func (s settings) measure(ctx context.Context, p *progress) (*results, error) {
	r := &results{settings: s}
	for _, size := range s.sizes {
		for _, n := range s.replicas {
			if transfer := int64(n) * int64(size) * int64(s.pushes+1); size > small && transfer > int64(s.budget) {
				p.line("%d replicas, %s: skipped, it would transfer %s", n, sizeText(size), sizeText(int(transfer)))
				continue
			}
			rows, err := s.measureOne(ctx, n, size, p)
			if err != nil {
				return nil, fmt.Errorf("%d replicas, %s: %w", n, sizeText(size), err)
			}
			r.rows = append(r.rows, rows...)
		}
	}
	if len(r.rows) == 0 {
		return nil, errors.New("nothing was measured; raise -budget")
	}
	return r, nil
}

// measureOne starts an etcd and n replicas, and pushes.
func (s settings) measureOne(ctx context.Context, n, size int, p *progress) (rows []*row, err error) {
	dir, err := os.MkdirTemp("", "corskit-sim-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p.begin("%d replicas, %s: start etcd", n, sizeText(size))
	cluster, err := etcdtest.Start(ctx, dir, etcdtest.Options{Members: s.members, Binary: self, Environ: []string{etcdVariable + "=1"}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	f := &simulated{settings: s, etcd: cluster, size: size, progress: p}
	defer f.close()
	first := &row{replicas: n, size: size, change: changeAll}
	if err := f.start(ctx, n, first); err != nil {
		return nil, err
	}
	rows = append(rows, first)
	stop, err := s.startProfile()
	if err != nil {
		return nil, err
	}
	defer stop()
	if err := f.pushes(ctx, first); err != nil {
		return nil, err
	}
	if size > small {
		line := &row{replicas: n, size: size, change: changeLine}
		rows = append(rows, line)
		if err := f.pushes(ctx, line); err != nil {
			return nil, err
		}
	}
	for _, fault := range s.faults {
		during := &row{replicas: n, size: size, change: changeLine, fault: fault}
		rows = append(rows, during)
		if err := f.pushes(ctx, during); err != nil {
			return nil, fmt.Errorf("%s: %w", fault, err)
		}
	}
	return rows, nil
}

// startProfile begins a profile of this process. Each row overwrites the profile of the
// one before.
func (s settings) startProfile() (stop func(), err error) {
	if s.profile == "" {
		return func() {}, nil
	}
	file, err := os.Create(s.profile)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		file.Close()
	}, nil
}

// pushes pushes as often as the settings say.
func (f *simulated) pushes(ctx context.Context, r *row) error {
	pushes := f.settings.pushes
	if r.fault != "" {
		pushes = 1
	}
	for i := range pushes {
		f.progress.begin("%d replicas, %s, %s: push %d of %d", r.replicas, sizeText(r.size), r.what(), i+1, pushes)
		one, err := f.push(ctx, r)
		if err != nil {
			return err
		}
		r.pushes = append(r.pushes, one)
	}
	f.progress.line("%d replicas, %s, %s: applied after %v (p50), %v (p99)", r.replicas, sizeText(r.size), r.what(),
		round(r.applied(50)), round(r.applied(99)))
	return nil
}

func (r *row) what() string {
	if r.fault != "" {
		return "during " + r.fault
	}
	return r.change
}

// push pushes once, and waits until all replicas have applied and reported it.
func (f *simulated) push(ctx context.Context, r *row) (pushed, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	f.version++
	bundle := f.bundle(r.change)
	heal := func() error { return nil }
	if r.fault != "" {
		var err error
		if heal, err = faultsByName[r.fault](ctx, f.etcd); err != nil {
			return pushed{}, err
		}
	}
	f.settle()
	before, start := f.usage(), time.Now()
	f.applied.begin(start)
	f.acked.begin(start)
	head, err := f.store.Push(ctx, bundle, fleet.PushOptions{Message: fmt.Sprint("push ", f.version)})
	if err != nil {
		return pushed{}, err
	}
	one := pushed{write: time.Since(start)}
	if r.fault != "" {
		if err := sleep(ctx, faultTime); err != nil {
			return one, err
		}
		start = time.Now() // before this, the replicas cannot have the policy
		f.applied.begin(start)
		f.acked.begin(start)
		if err := heal(); err != nil {
			return one, err
		}
	}
	if one.apply, err = f.applied.wait(ctx, f.progress, "applied it"); err != nil {
		return one, err
	}
	if one.ack, err = f.acked.wait(ctx, f.progress, "reported it"); err != nil {
		return one, err
	}
	f.wanted.Store(head.Revision + 1)
	after := f.usage()
	one.down, one.up = after.down-before.down, after.up-before.up
	one.etcdCPU, one.self = after.etcdCPU-before.etcdCPU, after.self-before.self
	return one, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// applied returns a percentile of the time to apply, over all pushes.
func (r *row) applied(percent int) time.Duration {
	return percentile(r.all(func(p pushed) []time.Duration { return p.apply }), percent)
}

func (r *row) reported(percent int) time.Duration {
	return percentile(r.all(func(p pushed) []time.Duration { return p.ack }), percent)
}

func (r *row) all(of func(pushed) []time.Duration) []time.Duration {
	var all []time.Duration
	for _, p := range r.pushes {
		all = append(all, of(p)...)
	}
	slices.Sort(all)
	return all
}

// percentile returns the smallest value that is at least as large as the given percentage
// of the sorted values.
func percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max((percent*len(sorted)+99)/100-1, 0)]
}

// mean returns the mean of a number over all pushes.
func mean[N int64 | time.Duration](r *row, of func(pushed) N) N {
	var sum N
	for _, p := range r.pushes {
		sum += of(p)
	}
	return sum / N(max(len(r.pushes), 1))
}

func round(d time.Duration) time.Duration {
	switch {
	case d > 10*time.Second:
		return d.Round(100 * time.Millisecond)
	case d > 100*time.Millisecond:
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(100 * time.Microsecond)
}
