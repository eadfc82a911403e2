package replica_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/authpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/etcdtest"
	"github.com/corskit/corskit/fleet/sim/faultproxy"
	"github.com/corskit/corskit/reason"
)

// TestConnect joins with a user and a password while etcd does not run, when clientv3.New
// would fail.
func TestConnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	w.push(policy(first))
	w.enableAuth()
	proxy := w.etcd.Members[0].Client
	proxy.Set(faultproxy.Faults{Refuse: true})
	proxy.Cut()
	var made atomic.Pointer[clientv3.Client]
	o := w.options()
	o.BootTimeout = 100 * time.Millisecond
	o.Connect = func(ctx context.Context) (*clientv3.Client, error) {
		cfg := fleet.ClientConfig(w.etcd.Endpoints()...)
		cfg.Username, cfg.Password, cfg.DialTimeout = "web", "secret", 500*time.Millisecond
		c, err := clientv3.New(cfg)
		if err == nil {
			made.Store(c)
		}
		return c, err
	}
	r, err := fleet.Join(t.Context(), nil, o)
	if err != nil {
		t.Fatal(err)
	}
	w.fault(r, reason.Unavailable)
	if s := r.Status(); s.State != fleet.StateOffline || r.Ready() {
		t.Errorf("without etcd the status is %+v", s)
	}
	proxy.Heal()
	w.allows(patience, r, first)
	w.await(patience, "the replica has no fault", func() bool { return r.Err() == nil })
	w.close(r)
	if c := made.Load(); c.Ctx().Err() == nil {
		t.Error("the client is not closed")
	}
}

// enableAuth gives a user the rights of a replica, as the script of fleet.Roles does.
func (w *world) enableAuth() {
	w.Helper()
	ctx, auth := w.Context(), w.admin.Auth
	do := func(_ any, err error) {
		w.Helper()
		if err != nil {
			w.Fatal(err)
		}
	}
	do(auth.UserAdd(ctx, "root", "root"))
	do(auth.UserGrantRole(ctx, "root", "root"))
	do(auth.RoleAdd(ctx, "replica"))
	for key, access := range map[string]authpb.Permission_Type{
		"head": clientv3.PermRead, "blobs/": clientv3.PermRead, "status/": clientv3.PermWrite,
	} {
		key = fleet.DefaultPrefix + key
		end := ""
		if strings.HasSuffix(key, "/") {
			end = clientv3.GetPrefixRangeEnd(key)
		}
		do(auth.RoleGrantPermission(ctx, "replica", key, end, clientv3.PermissionType(access)))
	}
	do(auth.UserAdd(ctx, "web", "secret"))
	do(auth.UserGrantRole(ctx, "web", "replica"))
	do(auth.AuthEnable(ctx))
}

// TestConnectFails checks a Connect that returns errors, or nothing.
func TestConnectFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	w.push(policy(first))
	calls := 0
	o := w.options()
	o.BootTimeout = 10 * time.Millisecond
	o.Connect = func(context.Context) (*clientv3.Client, error) {
		switch calls++; calls {
		case 1:
			return nil, errors.New("not now")
		case 2:
			return nil, nil
		}
		return clientv3.New(fleet.ClientConfig(w.etcd.Endpoints()...))
	}
	r, err := fleet.Join(t.Context(), nil, o)
	if err != nil {
		t.Fatal(err)
	}
	w.allows(patience, r, first)
	w.well(patience, r)
	w.close(r)
	if _, err := fleet.Join(t.Context(), nil, w.options()); err == nil {
		t.Error("without a client and a function that makes one, Join returns no error")
	}
}

// TestShared checks that replicas share compiled policies.
func TestShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	w.push(policy(first))
	shared := fleet.NewShared()
	var replicas []*fleet.Replica
	for i := range 3 {
		o := w.options()
		o.Instance, o.Shared = fmt.Sprint("web-", i), shared
		if i == 0 {
			o.CacheDir = t.TempDir()
		}
		replicas = append(replicas, w.join(o))
	}
	for i := range 10 { // more than a Shared keeps
		origin := []string{second, third}[i%2]
		b := policy(origin)
		b.Files["cors.yaml"] = fmt.Appendf(b.Files["cors.yaml"], "# %d\n", i)
		w.push(b)
		for _, r := range replicas {
			w.allows(patience, r, origin)
		}
	}
	for _, r := range replicas {
		w.well(patience, r)
	}
}

// TestJoinOfADoneContext checks that Join returns the error of a context that is done.
func TestJoinOfADoneContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fleet.Join(ctx, w.client, w.options()); !errors.Is(err, context.Canceled) {
		t.Errorf("Join returns %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	r, err := fleet.Join(ctx, w.client, w.options())
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case <-r.Done():
	case <-time.After(patience):
		t.Fatal("the replica does not stop with its context")
	}
	if all, err := w.store.Replicas(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("etcd has the statuses %+v (%v)", all, err)
	}
	if w.log.has("level=WARN msg=\"cors: fleet: etcd") || w.log.has("level=ERROR") {
		t.Errorf("the end is logged as a fault:\n%s", w.log)
	}
}
