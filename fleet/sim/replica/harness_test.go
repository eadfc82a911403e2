package replica_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/etcdtest"
	"github.com/corskit/corskit/reason"
)

func TestMain(m *testing.M) {
	etcdtest.Parallel(6)
	os.Exit(m.Run())
}

// patience is the timeout of each wait. Only a failure takes that long.
const patience = 20 * time.Second

// recovery is how long a replica may take to recover after a fault. It is generous,
// because other tests use the same processors; package chaos measures recovery times.
const recovery = 10 * time.Second

// world is an etcd, an operator with a key, and the log of the replicas.
type world struct {
	*testing.T
	etcd   *etcdtest.Cluster
	client *clientv3.Client // of replicas, through the proxy
	admin  *clientv3.Client
	public ed25519.PublicKey
	secret ed25519.PrivateKey
	store  *fleet.Store
	log    *logged
}

func newWorld(t *testing.T, options etcdtest.Options) *world {
	t.Helper()
	if testing.Short() && t.Name() != "TestPushesArrive" {
		t.Skip("in short mode, TestPushesArrive is the only test of replicas")
	}
	w := &world{T: t, etcd: etcdtest.Run(t, options), log: new(logged)}
	var err error
	if w.public, w.secret, err = ed25519.GenerateKey(nil); err != nil {
		t.Fatal(err)
	}
	w.admin = w.etcd.Admin()
	if w.client, err = clientv3.New(fleet.ClientConfig(w.etcd.Endpoints()...)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.client.Close() })
	w.store = w.operator(fleet.StoreOptions{Key: w.secret, Author: "ann"})
	return w
}

func (w *world) operator(opts fleet.StoreOptions) *fleet.Store {
	w.Helper()
	s, err := fleet.NewStore(w.admin, opts)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// options returns the options of most replicas in these tests.
func (w *world) options() fleet.Options {
	return fleet.Options{
		Instance: "web-0", Keys: []ed25519.PublicKey{w.public}, Logger: slog.New(slog.NewTextHandler(w.log, nil)),
		LeaseTTL: 5 * time.Second, Jitter: -1,
	}
}

func (w *world) join(opts fleet.Options) *fleet.Replica {
	w.Helper()
	r, err := fleet.Join(w.Context(), w.client, opts)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { w.close(r) })
	return r
}

func (w *world) close(r *fleet.Replica) {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.Close(ctx); err != nil {
		w.Errorf("close: %v", err)
	}
}

// policy returns a bundle whose policy allows one origin.
func policy(origin string) *fleet.Bundle {
	return &fleet.Bundle{
		Entry: "cors.yaml", Profiles: []string{""},
		Files: map[string][]byte{"cors.yaml": fmt.Appendf(nil, "policies: {spa: {allow_origins: [%q]}}\n", origin)},
	}
}

// Origins of policies.
const (
	first  = "https://first.example"
	second = "https://second.example"
	third  = "https://third.example"
)

func (w *world) push(b *fleet.Bundle, opts ...fleet.PushOptions) *fleet.Head {
	w.Helper()
	var o fleet.PushOptions
	if len(opts) > 0 {
		o = opts[0]
	}
	h, err := w.store.Push(w.Context(), b, o)
	if err != nil {
		w.Fatal(err)
	}
	return h
}

// rewrite replaces the head with data.
func (w *world) rewrite(data []byte) {
	w.Helper()
	if _, err := w.admin.Put(w.Context(), fleet.DefaultPrefix+"head", string(data)); err != nil {
		w.Fatal(err)
	}
}

func (w *world) headBytes() []byte {
	w.Helper()
	r, err := w.admin.Get(w.Context(), fleet.DefaultPrefix+"head")
	if err != nil || len(r.Kvs) != 1 {
		w.Fatalf("the head cannot be read: %v", err)
	}
	return r.Kvs[0].Value
}

// await waits until is returns true. If that does not happen in time, the test fails with
// what, a description of the condition.
func (w *world) await(within time.Duration, what string, is func() bool) {
	w.Helper()
	deadline := time.Now().Add(within)
	for !is() {
		if time.Now().After(deadline) {
			w.Fatalf("after %v, still not: %s\nlog:\n%s", within, what, w.log)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// allows waits until the replica allows an origin, and none of the others.
func (w *world) allows(within time.Duration, r *fleet.Replica, origin string) {
	w.Helper()
	w.await(within, "the replica allows only "+origin, func() bool { return allowed(r.Engine()) == origin })
}

func allowed(e *core.Engine) string {
	var all []string
	for _, o := range []string{first, second, third} {
		if e.AllowsOrigin(o) {
			all = append(all, o)
		}
	}
	return strings.Join(all, " ")
}

// fault waits until the replica has a fault with a reason, in its status and its log.
func (w *world) fault(r *fleet.Replica, reason reason.Reason) {
	w.Helper()
	w.await(patience, "the status and the log have the fault "+string(reason), func() bool {
		s := r.Status()
		named := s.Fault != nil && s.Fault.Reason == reason || s.Cache != nil && s.Cache.Reason == reason
		return named && w.log.has("reason="+string(reason)) && r.Err() != nil
	})
}

// well waits until the replica has no fault, and etcd has its status.
func (w *world) well(within time.Duration, r *fleet.Replica) {
	w.Helper()
	w.await(within, "the replica has no fault and its status is in etcd", func() bool {
		s := r.Status()
		return r.Err() == nil && s.State == fleet.StateAcked && s.Active.Source == fleet.SourceEtcd && w.reported(s)
	})
}

// reported reports whether etcd has a status of s.Instance with the State, Head and
// revision of s.
func (w *world) reported(s fleet.Status) bool {
	all, err := w.store.Replicas(w.Context())
	if err != nil {
		return false
	}
	for _, other := range all {
		if other.Instance == s.Instance {
			return other.State == s.State && other.Head == s.Head && other.Active.Revision == s.Active.Revision
		}
	}
	return false
}

// logged is a log that tests read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) has(s string) bool { return strings.Contains(l.String(), s) }

// reasonOf returns the reason of an error of package fleet.
func reasonOf(err error) reason.Reason {
	if e, ok := errors.AsType[*fleet.Error](err); ok {
		return e.Reason
	}
	return ""
}
