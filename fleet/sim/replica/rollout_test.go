package replica_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/etcdtest"
	"github.com/corskit/corskit/reason"
)

// ask makes the replica's engine decide an actual request with the given Origin lines.
func ask(r *fleet.Replica, origins ...string) {
	r.Engine().Decide(context.Background(), core.Request{Method: "GET", Origin: origins})
}

// TestRollout follows a rollout by labels to a promotion. A replica that is not selected tries
// the candidate out.
func TestRollout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	w.push(policy(first))
	o := w.options()
	o.Labels = map[string]string{"region": "eu"}
	inside := w.join(o)
	o.Instance, o.Labels = "web-1", map[string]string{"region": "us"}
	outside := w.join(o)
	ask(outside, first) // before the trial, so not counted
	h := w.push(policy(second), fleet.PushOptions{Rollout: &fleet.Rollout{Percent: 100, Labels: map[string]string{"region": "eu"}}})
	w.allows(patience, inside, second)
	w.well(patience, inside)
	w.await(patience, "the other replica tries the candidate out", func() bool { return outside.Status().Shadow != nil })
	if got := allowed(outside.Engine()); got != first || inside.Status().Shadow != nil {
		t.Fatalf("%q is allowed outside of the rollout; the one inside tries out %+v", got, inside.Status().Shadow)
	}
	ask(outside, first)
	ask(outside, second)
	ask(outside, third)
	ask(outside)
	want := fleet.ShadowCounts{Revision: h.Revision, Decisions: 3, Stricter: 1, Looser: 1}
	if got := outside.Status().Shadow; *got != want {
		t.Errorf("the counts are %+v, want %+v", *got, want)
	}
	w.await(patience, "etcd has the counts", func() bool {
		all, err := w.store.Replicas(t.Context())
		return err == nil && slices.ContainsFunc(all, func(s fleet.Status) bool { return s.Shadow != nil && *s.Shadow == want })
	})
	if _, err := w.store.Promote(t.Context(), fleet.ChangeOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*fleet.Replica{inside, outside} {
		w.allows(patience, r, second)
		w.well(patience, r)
		if s := r.Status(); s.Shadow != nil || s.Active.Revision != h.Revision {
			t.Errorf("after the promotion the status is %+v", s)
		}
		if _, is := r.Engine().ExplainShadow(t.Context(), core.Request{}); is {
			t.Error("after the promotion there still is a shadow")
		}
	}
	if _, err := w.store.Rollback(t.Context(), 1, fleet.ChangeOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*fleet.Replica{inside, outside} {
		w.allows(patience, r, first)
		w.well(patience, r)
	}
}

// TestRefusedCandidate has a replica that refuses a candidate. If it has a policy in
// force, it keeps it; otherwise it takes the stable one.
func TestRefusedCandidate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	h := w.push(policy(first))
	o := w.options()
	o.Config.AllowOriginFuncs = refuseAllBut("spa")
	before := w.join(o)
	w.well(patience, before)
	other := policy(second)
	other.Files["cors.yaml"] = fmt.Appendf(nil, "policies: {other: {allow_origins: [%q]}}\n", second)
	w.push(other, fleet.PushOptions{Rollout: &fleet.Rollout{Percent: 100}})
	w.fault(before, reason.RefusedPolicy)
	o.Instance = "web-1"
	after := w.join(o)
	for _, r := range []*fleet.Replica{before, after} {
		w.fault(r, reason.RefusedPolicy)
		s := r.Status()
		if got := allowed(r.Engine()); got != first || s.State != fleet.StateRefused || s.Active.Revision != h.Revision {
			t.Errorf("%q is allowed, and the status is %+v", got, s)
		}
	}
}

// TestOwnShadow has a policy with a shadow of its own, which stays during a rollout, and
// ends with the policy.
func TestOwnShadow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	shadowed := policy(first)
	shadowed.Files["cors.yaml"] = fmt.Appendf(shadowed.Files["cors.yaml"], "shadow: {policies: {spa: {allow_origins: [%q]}}}\n", third)
	w.push(shadowed)
	r := w.join(w.options())
	w.well(patience, r)
	h := w.push(policy(second), fleet.PushOptions{Rollout: &fleet.Rollout{Salt: "s", Percent: 100, Labels: map[string]string{"no": "one"}}})
	w.await(patience, "the head is judged", func() bool { return r.Status().Head == h.Revision })
	w.well(patience, r)
	x, is := r.Engine().ExplainShadow(t.Context(), core.Request{Method: "GET", Origin: []string{third}})
	if !is || !x.Decision.Allowed || r.Status().Shadow != nil {
		t.Errorf("the shadow of the file is in force: %v, it allows the origin: %v, counts: %+v", is, x.Decision.Allowed, r.Status().Shadow)
	}
	w.push(policy(second))
	w.allows(patience, r, second)
	if _, is := r.Engine().ExplainShadow(t.Context(), core.Request{}); is {
		t.Error("the shadow outlives its policy")
	}
}

// TestOnReload checks the results that OnReload receives.
func TestOnReload(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	w.push(policy(first))
	var mu sync.Mutex
	var results []config.Result
	o := w.options()
	o.Config.AllowOriginFuncs = refuseAllBut("spa")
	o.Config.OnReload = func(r config.Result) {
		mu.Lock()
		defer mu.Unlock()
		results = append(results, r)
	}
	r := w.join(o)
	w.push(policy(second))
	w.allows(patience, r, second)
	bad := policy(third)
	bad.Files["cors.yaml"] = fmt.Appendf(nil, "policies: {other: {allow_origins: [%q]}}\n", third)
	w.push(bad)
	w.fault(r, reason.RefusedPolicy)
	status := r.ConfigStatus()
	if status.Reloads != 1 || status.Failures != 1 || status.Err == nil || status.LastSuccess.IsZero() || status.Loaded.IsZero() {
		t.Errorf("the status of the configuration is %+v", status)
	}
	w.push(policy(third))
	w.allows(patience, r, third)
	w.close(r)
	mu.Lock()
	defer mu.Unlock()
	if len(results) != 3 {
		t.Fatalf("%d results, want 3: %+v", len(results), results)
	}
	if got, want := results[0].Diff, "spa +"+second+", -"+first; got != want || results[0].Err != nil {
		t.Errorf("the first change is %q (%v), want %q", got, results[0].Err, want)
	}
	if reasonOf(results[1].Err) != reason.RefusedPolicy || results[1].Revision != results[0].Revision {
		t.Errorf("the refusal is %+v", results[1])
	}
	if e, ok := errors.AsType[*config.Error](results[1].Err); !ok {
		t.Errorf("the refusal has no error of package config: %v (%v)", results[1].Err, e)
	}
	if results[2].Err != nil || results[2].Previous != results[0].Revision {
		t.Errorf("the correction is %+v", results[2])
	}
}
