package replica_test

import (
	"testing"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/etcdtest"
)

// TestPushesArrive pushes before and after a replica joins.
func TestPushesArrive(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	w.push(policy(first), fleet.PushOptions{Message: "one"})
	r := w.join(w.options())
	if got := allowed(r.Engine()); got != first || !r.Ready() {
		t.Fatalf("after Join, %q is allowed, ready is %v, and the fault is %v", got, r.Ready(), r.Err())
	}
	w.well(patience, r)
	engine := r.Engine()
	for _, origin := range []string{second, third, first} {
		h := w.push(policy(origin))
		w.allows(patience, r, origin)
		w.well(patience, r)
		s := r.Status()
		if s.Head != h.Revision || s.Wanted != h.Revision || s.Active.Manifest != h.Stable.Manifest || s.Seen != h.Revision {
			t.Errorf("the status is %+v, want revision %d", s, h.Revision)
		}
	}
	if r.Engine() != engine {
		t.Error("the engine is another one")
	}
}
