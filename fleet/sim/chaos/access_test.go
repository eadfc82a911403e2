package chaos

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/etcdtest"
	"github.com/corskit/corskit/fleet/sim/faultproxy"
	"github.com/corskit/corskit/reason"
)

// grant gives the permissions in a script of fleet.Roles.
func grant(ctx context.Context, client *clientv3.Client, script string) error {
	for line := range strings.Lines(script) {
		words := strings.Fields(line)
		if len(words) < 4 || words[0] != "etcdctl" {
			continue
		}
		var err error
		switch words[1] + " " + words[2] {
		case "role add":
			_, err = client.RoleAdd(ctx, words[3])
		case "role grant-permission":
			kind, ok := clientv3.PermissionType(clientv3.PermRead), true
			rest, end := words[4:], ""
			if rest[0] == "--prefix=true" {
				rest, end = rest[1:], clientv3.GetPrefixRangeEnd(rest[2])
			}
			switch rest[0] {
			case "read":
			case "write":
				kind = clientv3.PermissionType(clientv3.PermWrite)
			case "readwrite":
				kind = clientv3.PermissionType(clientv3.PermReadWrite)
			default:
				ok = false
			}
			if !ok {
				return fmt.Errorf("unknown permission in %q", line)
			}
			_, err = client.RoleGrantPermission(ctx, words[3], rest[1], end, kind)
		default:
			return fmt.Errorf("unknown command in %q", line)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", strings.TrimSpace(line), err)
		}
	}
	return nil
}

// protect turns etcd's authentication on, with users for a replica, an operator and root,
// and returns a client of root.
func (w *world) protect() *clientv3.Client {
	w.t.Helper()
	ctx, admin := w.t.Context(), w.etcd.Admin()
	script, err := fleet.Roles(w.prefix)
	must(w.t, err, grant(ctx, admin, script))
	for user, role := range map[string]string{"root": "root", "orders": "corskit-replica", "alice": "corskit-operator"} {
		if role == "root" {
			_, err = admin.RoleAdd(ctx, role)
			must(w.t, err)
		}
		_, err1 := admin.UserAdd(ctx, user, "secret")
		_, err2 := admin.UserGrantRole(ctx, user, role)
		must(w.t, err1, err2)
	}
	_, err = admin.AuthEnable(ctx)
	must(w.t, err)
	return w.login("root")
}

func (w *world) login(user string) *clientv3.Client {
	w.t.Helper()
	return w.etcd.Dial(w.t, func(cfg *clientv3.Config) { cfg.Username, cfg.Password = user, "secret" })
}

// TestPermissions runs a fleet with the roles of fleet.Roles, and temporarily revokes the
// permissions of a replica.
func TestPermissions(t *testing.T) {
	whole(t)
	etcdtest.Both(t, func(t *testing.T, options etcdtest.Options) {
		w := newWorld(t, etcdtest.Run(t, options))
		w.prefix = "/shop/"
		root := w.protect()
		w.store = w.storeWith(w.login("alice"), w.private)
		client := w.login("orders")
		s := w.joinWith(client, func(o *fleet.Options) { o.Refresh = 200 * time.Millisecond })
		w.push(1, large)
		s.applies(1)
		w.checkRole(client)

		_, err := root.UserRevokeRole(t.Context(), "orders", "corskit-replica")
		must(t, err)
		s.suffers(1, reason.Permission)
		w.push(2, large)
		s.keeps(1)
		_, err = root.UserGrantRole(t.Context(), "orders", "corskit-replica")
		must(t, err)
		s.recovers(2)

		if options.Binary != "" {
			return // before 3.5, etcd refuses a login that carries a token which is no longer valid, as clients do
		}
		_, err = root.UserChangePassword(t.Context(), "orders", "other")
		must(t, err)
		w.etcd.Members[0].Client.Cut()
		w.push(3, large)
		s.suffers(2, reason.Permission)
		_, err = root.UserChangePassword(t.Context(), "orders", "secret")
		must(t, err)
		s.recovers(3)
	})
}

// checkRole checks that a replica may not do more than it needs.
func (w *world) checkRole(client *clientv3.Client) {
	w.t.Helper()
	ctx := w.t.Context()
	for _, key := range []string{"head", "blobs/0", "history/1", "pushing/1", "other"} {
		if _, err := client.Put(ctx, w.prefix+key, "x"); !errors.Is(err, rpctypes.ErrPermissionDenied) {
			w.t.Errorf("a replica writes %s: %v", key, err)
		}
		if _, err := client.Delete(ctx, w.prefix+key); !errors.Is(err, rpctypes.ErrPermissionDenied) {
			w.t.Errorf("a replica deletes %s: %v", key, err)
		}
	}
	for _, key := range []string{"history/1", "status/other", "other"} {
		if _, err := client.Get(ctx, w.prefix+key); !errors.Is(err, rpctypes.ErrPermissionDenied) {
			w.t.Errorf("a replica reads %s: %v", key, err)
		}
	}
}

// TestExpiredLease ends the lease of a status in two ways: the network is silent for
// longer than the lease lasts, or someone revokes the lease. Replicas may not read
// statuses, so a replica notices the second only with its next keep-alive.
func TestExpiredLease(t *testing.T) {
	whole(t)
	w := single(t)
	s := w.join()
	w.push(1, 0)
	s.applies(1)
	key := "status/" + s.Status().Instance
	silence := func(clientv3.LeaseID) {
		network := w.etcd.Members[0].Client
		network.Set(faultproxy.Faults{Stall: faultproxy.Both})
		w.until(patience, "lose the lease", func() error {
			if w.get(key) != "" {
				return errors.New("the status is still there")
			}
			return nil
		})
		s.keeps(1)
		network.Heal()
	}
	revoke := func(id clientv3.LeaseID) {
		_, err := w.etcd.Admin().Revoke(t.Context(), id)
		must(t, err)
	}
	for _, tt := range []struct {
		name   string
		end    func(clientv3.LeaseID)
		within time.Duration
	}{
		{"the network was silent", silence, *recovery},
		{"the lease was revoked", revoke, *recovery + leaseTTL/3},
	} {
		got, err := w.etcd.Admin().Get(t.Context(), w.prefix+key)
		must(t, err)
		if len(got.Kvs) != 1 || got.Kvs[0].Lease == 0 {
			t.Fatalf("the status in etcd is %v, want one with a lease", got.Kvs)
		}
		tt.end(clientv3.LeaseID(got.Kvs[0].Lease))
		took := w.until(tt.within, "report again, under another lease", func() error {
			again, err := w.etcd.Admin().Get(t.Context(), w.prefix+key)
			if err == nil && (len(again.Kvs) != 1 || again.Kvs[0].Lease == got.Kvs[0].Lease) {
				err = fmt.Errorf("etcd has %v", again.Kvs)
			}
			return errors.Join(err, s.reported(1))
		})
		t.Logf("%s: reported again after %v", tt.name, took.Round(time.Millisecond))
	}
}

// TestAwayForAnHour compresses an hour into seconds: a replica reads the head as often as it
// would in an hour. It must not fill the log, nor accumulate goroutines or connections.
func TestAwayForAnHour(t *testing.T) {
	whole(t)
	w := single(t)
	const interval = 20 * time.Millisecond
	s := w.join(func(o *fleet.Options) { o.Refresh = interval })
	w.push(1, large)
	s.applies(1)
	must(t, w.etcd.Members[0].Stop())
	s.suffers(1, reason.Unavailable)
	_, before := s.log.text()
	const refreshes = time.Hour / (30 * time.Second)
	w.until(patience, "pass an hour", passed(refreshes*interval))
	if _, after := s.log.text(); after > before {
		text, _ := s.log.text()
		t.Errorf("the replica has logged %d lines more in an hour:\n%s", after-before, text)
	}
	s.keeps(1)
	must(t, w.etcd.Members[0].Start(t.Context()))
	s.recovers(1)
	w.push(2, large)
	s.recovers(2)
}

func passed(d time.Duration) func() error {
	end := time.Now().Add(d)
	return func() error {
		if left := time.Until(end); left > 0 {
			return fmt.Errorf("%v are left", left)
		}
		return nil
	}
}
