// Package chaos has the tests of a fleet whose etcd, network, disk or operators fail.
//
// Every test runs real replicas against a real etcd. Each replica keeps deciding
// requests, and every decision must come from a policy that was pushed. The tests also
// check that the last good policy stays in force, that status and log name the fault, and
// that the replica recovers soon after the fault has ended.
package chaos

import (
	"context"
	"crypto/ed25519"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/etcdtest"
	"github.com/corskit/corskit/reason"
)

const patience = 30 * time.Second // for events without a deadline of their own

// leaseTTL is how long a status outlives its replica. Replicas keep it alive three times as often.
const leaseTTL = 5 * time.Second

// recovery is generous by default, because other tests use the same processors.
var recovery = flag.Duration("recovery", 10*time.Second,
	"how long a replica may take to recover after a fault: 2s on an idle machine")

// whole skips a test in short mode.
func whole(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("in short mode, TestSmoke is the only chaos test")
	}
	t.Parallel()
}

// world is a fleet: its etcd, its keys, and the policies that were pushed.
type world struct {
	t       *testing.T
	etcd    *etcdtest.Cluster
	prefix  string
	private ed25519.PrivateKey
	public  ed25519.PublicKey
	store   *fleet.Store

	mu     sync.Mutex
	pushed map[string]bool // the names of the policies that may be in force
}

// worlds counts the worlds, so that each gets a prefix of its own.
var worlds atomic.Int64

func newWorld(t *testing.T, etcd *etcdtest.Cluster) *world {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, etcd: etcd, prefix: fmt.Sprintf("/world-%d/", worlds.Add(1)), private: private, public: public}
	w.pushed = map[string]bool{}
	w.store = w.storeWith(etcd.Admin(), private)
	return w
}

// single returns a world with an etcd of one member.
func single(t *testing.T) *world {
	t.Helper()
	return newWorld(t, etcdtest.Run(t, etcdtest.Options{}))
}

func (w *world) storeWith(client *clientv3.Client, key ed25519.PrivateKey) *fleet.Store {
	w.t.Helper()
	store, err := fleet.NewStore(client, fleet.StoreOptions{Prefix: w.prefix, Key: key, Author: "chaos"})
	if err != nil {
		w.t.Fatal(err)
	}
	return store
}

// policy returns a bundle whose policy is called v<version>, with extra origins in a
// file. If there are many, they do not fit into a head, so replicas must fetch blobs.
func policy(version, extra int) *fleet.Bundle {
	text := fmt.Sprintf("version: 1\npolicies:\n  v%d:\n    allow_origins: [%s]\n    expose_headers: [v%d]\n",
		version, app, version)
	files := map[string][]byte{}
	if extra > 0 {
		text += "    origins_file: origins.txt\n"
		var list strings.Builder
		random := rand.New(rand.NewPCG(uint64(version), 0))
		for range extra {
			fmt.Fprintf(&list, "https://o%016x.example\n", random.Uint64())
		}
		files["origins.txt"] = []byte(list.String())
	}
	files["cors.yaml"] = []byte(text)
	return &fleet.Bundle{Entry: "cors.yaml", Files: files, Profiles: []string{""}}
}

// large is a number of extra origins beyond what a head carries, in several chunks.
const large = 4_000

// permit adds a policy to those that may be in force.
func (w *world) permit(version int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pushed[fmt.Sprint("v", version)] = true
}

func (w *world) isPermitted(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pushed[name]
}

// push pushes a policy, and tries again while etcd has no leader.
func (w *world) push(version, extra int) *fleet.Head {
	w.t.Helper()
	w.permit(version)
	var head *fleet.Head
	w.until(patience, fmt.Sprintf("push v%d", version), func() (err error) {
		ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Second)
		defer cancel()
		head, err = w.store.Push(ctx, policy(version, extra), fleet.PushOptions{Message: fmt.Sprintf("v%d", version)})
		return err
	})
	return head
}

// until calls try until it returns nil, and returns how long that took.
func (w *world) until(limit time.Duration, what string, try func() error) time.Duration {
	w.t.Helper()
	start := time.Now()
	for {
		err := try()
		took := time.Since(start)
		switch {
		case err == nil:
			return took
		case took > limit:
			w.t.Fatalf("%s: %v after %v", what, err, limit)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// put writes a key, as someone who has taken over etcd can.
func (w *world) put(key, value string) {
	w.t.Helper()
	if _, err := w.etcd.Admin().Put(w.t.Context(), w.prefix+key, value); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) get(key string) string {
	w.t.Helper()
	got, err := w.etcd.Admin().Get(w.t.Context(), w.prefix+key)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(got.Kvs) == 0 {
		return ""
	}
	return string(got.Kvs[0].Value)
}

// logbook collects what a replica logs.
type logbook struct {
	mu    sync.Mutex
	lines strings.Builder
	count int
}

func (l *logbook) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	return l.lines.Write(line)
}

func (l *logbook) text() (string, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.String(), l.count
}

// service is a replica whose decisions a test checks.
type service struct {
	*fleet.Replica
	w   *world
	log *logbook
}

// join starts a replica on a client of its own.
func (w *world) join(changes ...func(*fleet.Options)) *service {
	w.t.Helper()
	return w.joinWith(w.etcd.Dial(w.t), changes...)
}

func (w *world) joinWith(client *clientv3.Client, changes ...func(*fleet.Options)) *service {
	w.t.Helper()
	s := &service{w: w, log: &logbook{}}
	options := fleet.Options{
		Prefix: w.prefix, Keys: []ed25519.PublicKey{w.public}, Jitter: -1,
		// Nothing may depend on the refresh, unless a test says otherwise.
		Refresh: time.Hour, LeaseTTL: leaseTTL, BootTimeout: time.Second,
		Logger: slog.New(slog.NewTextHandler(s.log, nil)),
	}
	for _, change := range changes {
		change(&options)
	}
	var err error
	if s.Replica, err = fleet.Join(context.WithoutCancel(w.t.Context()), client, options); err != nil {
		w.t.Fatal(err)
	}
	stop := s.observe()
	w.t.Cleanup(func() {
		stop()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			w.t.Errorf("Close: %v", err)
		}
		if text, _ := s.log.text(); w.t.Failed() {
			w.t.Logf("the log of the replica:\n%s", text)
		}
	})
	return s
}

const app = "https://app.example" // an origin that every pushed policy allows

// decide returns the name of the policy that is in force, or "" if no origin is allowed.
func decide(engine *core.Engine) (policy string, err error) {
	ctx := context.Background()
	if d := engine.Decide(ctx, core.Request{Method: "GET", Path: "/", Origin: []string{"https://evil.example"}}); d.Allowed {
		return "", fmt.Errorf("policy %q allows https://evil.example", d.Policy)
	}
	d := engine.Decide(ctx, core.Request{Method: "GET", Path: "/", Origin: []string{app}})
	if !d.Allowed {
		return "", nil
	}
	return d.Policy, nil
}

// observe keeps deciding requests until stop is called. Each decision must come from a
// policy that was pushed, and once the replica has a policy, it must never lose it.
func (s *service) observe() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		had := false
		for ctx.Err() == nil {
			name, err := decide(s.Engine())
			switch {
			case err != nil:
				s.w.t.Error(err)
				return
			case name == "" && had:
				s.w.t.Error("the replica lost its policy")
				return
			case name != "" && !s.w.isPermitted(name):
				s.w.t.Errorf("a request was decided by policy %s, which was never pushed", name)
				return
			}
			had = had || name != ""
			time.Sleep(time.Millisecond)
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// isWell returns nil if the replica has the policy in force, and no fault.
func (s *service) isWell(version int) error {
	name, err := decide(s.Engine())
	if want := fmt.Sprint("v", version); err == nil && name != want {
		err = fmt.Errorf("policy %q is in force, want %s", name, want)
	}
	status := s.Status()
	if err == nil && status.State != fleet.StateAcked {
		err = fmt.Errorf("the state is %s", status.State)
	}
	return errors.Join(err, s.Err())
}

// reported returns nil if etcd has a status of the replica without faults.
func (s *service) reported(version int) error {
	ctx, cancel := context.WithTimeout(s.w.t.Context(), 5*time.Second)
	defer cancel()
	all, err := s.w.store.Replicas(ctx)
	if err != nil {
		return err
	}
	for _, status := range all {
		if status.Instance == s.Status().Instance {
			if status.State != fleet.StateAcked || status.Active.Revision != s.Status().Active.Revision || status.Fault != nil {
				return fmt.Errorf("etcd says %+v, fault %+v", status, status.Fault)
			}
			return s.isWell(version)
		}
	}
	return errors.New("etcd has no status of the replica")
}

// applies waits until the replica has the policy in force, and reports it.
func (s *service) applies(version int) {
	s.w.t.Helper()
	s.w.until(patience, fmt.Sprintf("apply v%d", version), func() error { return s.reported(version) })
}

// recovers is applies within the time that the fault's end allows.
func (s *service) recovers(version int) {
	s.w.t.Helper()
	took := s.w.until(*recovery, fmt.Sprintf("recover with v%d", version), func() error { return s.isWell(version) })
	s.w.t.Logf("recovered %v after the end of the fault", took.Round(time.Millisecond))
	s.w.until(patience, "report the recovery", func() error { return s.reported(version) })
}

// suffers waits until the status, error and log of the replica name one of the reasons.
// The policy must stay in force.
func (s *service) suffers(version int, reasons ...reason.Reason) {
	s.w.t.Helper()
	s.w.until(patience, fmt.Sprintf("name the fault %v", reasons), func() error {
		status := s.Status()
		for _, fault := range []*fleet.Fault{status.Fault, status.Cache} {
			if fault == nil {
				continue
			}
			for _, reason := range reasons {
				if text, _ := s.log.text(); fault.Reason == reason && s.Err() != nil && strings.Contains(text, "reason="+string(reason)) {
					return nil
				}
			}
		}
		return fmt.Errorf("status %+v, fault %+v, error %v", status, status.Fault, s.Err())
	})
	s.keeps(version)
}

// keeps checks that the policy is in force. Version 0 means no policy.
func (s *service) keeps(version int) {
	s.w.t.Helper()
	name, err := decide(s.Engine())
	want := fmt.Sprint("v", version)
	if version == 0 {
		want = ""
	}
	if err != nil || name != want {
		s.w.t.Fatalf("policy %q, %v; want %q", name, err, want)
	}
}
