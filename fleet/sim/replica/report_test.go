package replica_test

import (
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/etcdtest"
	"github.com/corskit/corskit/reason"
)

// TestLostLease revokes the lease of a status. The replica writes the status again, and
// Close removes it.
func TestLostLease(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	w.push(policy(first))
	r := w.join(w.options())
	for range 2 {
		w.well(patience, r)
		for _, lease := range w.leases() {
			if _, err := w.admin.Revoke(t.Context(), lease); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.well(patience, r)
	w.close(r)
	if left := w.leases(); len(left) > 0 {
		t.Errorf("after Close the leases %v are left", left)
	}
	if all, err := w.store.Replicas(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("after Close etcd has the statuses %+v (%v)", all, err)
	}
}

func (w *world) leases() (all []clientv3.LeaseID) {
	w.Helper()
	r, err := w.admin.Leases(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	for _, lease := range r.Leases {
		all = append(all, lease.ID)
	}
	return all
}

// TestReportRefused revokes the permission to write statuses. The replica still follows
// the policy. When the permission is back, it writes its status, without a fault.
func TestReportRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	w.push(policy(first))
	w.enableAuth()
	root := w.etcd.Dial(t, func(cfg *clientv3.Config) { cfg.Username, cfg.Password = "root", "root" })
	const prefix = fleet.DefaultPrefix + "status/"
	end := clientv3.GetPrefixRangeEnd(prefix)
	if _, err := root.RoleRevokePermission(t.Context(), "replica", prefix, end); err != nil {
		t.Fatal(err)
	}
	w.admin = root
	w.store = w.operator(fleet.StoreOptions{Key: w.secret})
	w.client = w.etcd.Dial(t, func(cfg *clientv3.Config) { cfg.Username, cfg.Password = "web", "secret" })
	r := w.join(w.options())
	w.fault(r, reason.Permission)
	w.push(policy(second))
	w.allows(patience, r, second)
	if _, err := root.RoleGrantPermission(t.Context(), "replica", prefix, end, clientv3.PermissionType(clientv3.PermWrite)); err != nil {
		t.Fatal(err)
	}
	w.well(patience, r)
	if all, err := w.store.Replicas(t.Context()); err != nil || len(all) != 1 || all[0].Fault != nil {
		t.Errorf("etcd has the statuses %+v (%v)", all, err)
	}
}
