package chaos

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/etcdtest"
	"github.com/corskit/corskit/fleet/sim/faultproxy"
	"github.com/corskit/corskit/reason"
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// TestSmoke runs in short mode too: a push, a refused head and a restart.
func TestSmoke(t *testing.T) {
	t.Parallel()
	w := single(t)
	s := w.join()
	s.suffers(0, reason.NoHead)
	w.push(1, 0)
	s.applies(1)
	good := w.get("head")
	w.put("head", good[:len(good)/2])
	s.suffers(1, reason.Malformed)
	must(t, w.etcd.Members[0].Stop())
	s.suffers(1, reason.Malformed, reason.Unavailable)
	must(t, w.etcd.Members[0].Start(t.Context()))
	w.put("head", good)
	s.recovers(1)
	w.push(2, large)
	s.applies(2)
}

func TestRestart(t *testing.T) {
	whole(t)
	etcdtest.Both(t, func(t *testing.T, options etcdtest.Options) {
		w := newWorld(t, etcdtest.Run(t, options))
		s := w.join()
		for version := 1; version <= 3; version++ {
			w.push(version, large*(version%2))
			s.applies(version)
			must(t, w.etcd.Members[0].Stop())
			s.suffers(version, reason.Unavailable)
			must(t, w.etcd.Members[0].Start(t.Context()))
			s.recovers(version)
		}
		first, err := w.store.History(t.Context(), 10)
		must(t, err)
		_, err = w.store.Rollback(t.Context(), first[len(first)-1].Head.Revision, fleet.ChangeOptions{Message: "back"})
		must(t, err)
		s.applies(1)
	})
}

// TestLeaderChange stops leaders, and lets them hand over, while policies are pushed.
func TestLeaderChange(t *testing.T) {
	whole(t)
	w := newWorld(t, etcdtest.Run(t, etcdtest.Options{Members: 3}))
	s := w.join()
	w.push(1, 0)
	s.applies(1)
	for version := 2; version <= 3; version++ {
		leader, err := w.etcd.Leader(t.Context())
		must(t, err, leader.Stop())
		w.push(version, large)
		s.recovers(version)
		must(t, leader.Start(t.Context()))
	}
	w.until(patience, "hand over", func() error {
		return w.etcd.HandOver(t.Context())
	})
	w.push(4, 0)
	s.recovers(4)
}

// TestIsolatedMember has one replica that knows only the member that a partition cuts off
// from the majority, and one that knows all members.
func TestIsolatedMember(t *testing.T) {
	whole(t)
	w := newWorld(t, etcdtest.Run(t, etcdtest.Options{Members: 3}))
	leader, err := w.etcd.Leader(t.Context())
	must(t, err)
	stuck := w.joinWith(w.etcd.Dial(t, func(cfg *clientv3.Config) { cfg.Endpoints = []string{leader.Client.Addr()} }))
	free := w.join()
	w.push(1, 0)
	stuck.applies(1)
	free.applies(1)
	var others []string
	for _, m := range w.etcd.Members {
		if m != leader {
			others = append(others, m.Client.Addr())
		}
	}
	// Requests of an operator to the isolated member would fail.
	w.store = w.storeWith(w.etcd.Dial(t, func(cfg *clientv3.Config) { cfg.Endpoints = others }), w.private)
	w.etcd.Isolate(leader)
	stuck.suffers(1, reason.Unavailable)
	w.push(2, large)
	free.applies(2) // while the partition lasts
	stuck.keeps(1)
	w.etcd.Rejoin()
	stuck.recovers(2)
	free.recovers(2)
}

// TestSilentNetwork stalls a connection: neither side gets an error.
func TestSilentNetwork(t *testing.T) {
	whole(t)
	w := single(t)
	s := w.join(func(o *fleet.Options) { o.Refresh = time.Second })
	w.push(1, 0)
	s.applies(1)
	network := w.etcd.Members[0].Client
	network.Set(faultproxy.Faults{Stall: faultproxy.Both})
	w.push(2, large)
	s.suffers(1, reason.Unavailable)
	network.Heal()
	s.recovers(2)
	network.Set(faultproxy.Faults{Drop: faultproxy.ToClient})
	w.push(3, 0)
	s.suffers(2, reason.Unavailable)
	network.Heal()
	s.recovers(3)
	network.Set(faultproxy.Faults{Delay: 200 * time.Millisecond})
	w.push(4, large)
	s.applies(4)
}

// TestCompaction compacts the revision from which a replica would resume its watch.
func TestCompaction(t *testing.T) {
	whole(t)
	w := single(t)
	s := w.join()
	w.push(1, 0)
	s.applies(1)
	network := w.etcd.Members[0].Client
	network.Set(faultproxy.Faults{Refuse: true})
	network.Cut()
	for version := 2; version <= 5; version++ {
		w.push(version, large*(version%2))
	}
	got, err := w.etcd.Admin().Get(t.Context(), w.prefix+"head")
	must(t, err)
	_, err = w.etcd.Admin().Compact(t.Context(), got.Header.Revision, clientv3.WithCompactPhysical())
	must(t, err)
	s.suffers(1, reason.Unavailable)
	network.Heal()
	s.recovers(5)
	w.push(6, 0)
	s.applies(6)
}

// TestLostWatchEvents drops notifications on an otherwise working connection, which etcd
// has been seen to do. The replica notices at its next refresh.
func TestLostWatchEvents(t *testing.T) {
	whole(t)
	w := single(t)
	watch := &watchFilter{}
	client := w.etcd.Dial(t, watch.install)
	s := w.joinWith(client, func(o *fleet.Options) { o.Refresh = 300 * time.Millisecond })
	w.push(1, 0)
	s.applies(1)
	for version := 2; version <= 4; version++ {
		watch.lose.Store(true)
		w.push(version, large*(version%2))
		s.applies(version)
	}
	if watch.lost.Load() == 0 {
		t.Fatal("no event was lost")
	}
	watch.lose.Store(false)
	w.push(5, 0)
	s.applies(5)
}

// TestCutConnections cuts each connection after a few bytes while policies are pushed: within
// events, within blobs, between them.
func TestCutConnections(t *testing.T) {
	whole(t)
	w := single(t)
	s := w.join()
	network := w.etcd.Members[0].Client
	version := 1
	for after := int64(1); after < 200_000; after = after*4 + 37 {
		before := network.Accepted()
		network.Set(faultproxy.Faults{CutAfter: after})
		w.push(version, large*(version%2))
		w.until(patience, "cut twice", func() error {
			if cuts := network.Accepted() - before; cuts < 2 && s.isWell(version) != nil {
				return fmt.Errorf("there were %d new connections", cuts)
			}
			return nil
		})
		network.Heal()
		s.recovers(version)
		version++
	}
}

// TestFullEtcd reaches etcd's quota: it refuses every write, but answers and notifies.
func TestFullEtcd(t *testing.T) {
	whole(t)
	w := newWorld(t, etcdtest.Run(t, etcdtest.Options{Quota: 4 << 20}))
	s := w.join()
	w.push(1, 0)
	s.applies(1)
	w.until(patience, "fill etcd", func() error {
		if _, err := w.etcd.Admin().Put(t.Context(), "junk", strings.Repeat("x", 1<<20)); err != nil {
			return nil
		}
		return errors.New("it has room")
	})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := w.store.Push(ctx, policy(2, 0), fleet.PushOptions{}); err == nil {
		t.Fatal("pushed to an etcd without room")
	}
	s.keeps(1)
	admin := w.etcd.Admin()
	got, err := admin.Delete(t.Context(), "junk")
	must(t, err)
	_, err = admin.Compact(t.Context(), got.Header.Revision, clientv3.WithCompactPhysical())
	must(t, err)
	_, err = admin.Defragment(t.Context(), admin.Endpoints()[0])
	must(t, err)
	_, err = admin.AlarmDisarm(t.Context(), &clientv3.AlarmMember{})
	must(t, err)
	w.push(2, 0)
	s.recovers(2)
}

// TestLostEtcd replaces etcd with an empty one, as after the loss of all disks. The next
// revision is above the highest that replicas report. If etcd is replaced so quickly that
// a replica does not notice, its client keeps watching from a revision that the new etcd
// reaches only much later; the replica then notices at its next refresh.
func TestLostEtcd(t *testing.T) {
	whole(t)
	w := single(t)
	s := w.join(func(o *fleet.Options) { o.Refresh = 500 * time.Millisecond })
	for version := 1; version <= 5; version++ {
		w.push(version, 0)
	}
	s.applies(5)
	m := w.etcd.Members[0]
	must(t, m.Stop(), m.Wipe())
	must(t, m.Start(t.Context()))
	s.suffers(5, reason.Emptied)
	w.until(patience, "report to the new etcd", func() error {
		all, err := w.store.Replicas(t.Context())
		if err == nil && (len(all) != 1 || all[0].Seen < 5) {
			err = fmt.Errorf("etcd has %+v", all)
		}
		return err
	})
	w.push(6, large)
	s.recovers(6)
}
