package store_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/etcdtest"
	"github.com/corskit/corskit/reason"
)

// picky makes a replica refuse bundles without a policy of this name.
func picky(name string) func(*fleet.Options) {
	return func(o *fleet.Options) {
		o.Config = config.Options{AllowOriginFuncs: map[string]func(context.Context, core.Request) bool{
			name: func(context.Context, core.Request) bool { return false },
		}}
	}
}

// replicas joins n replicas.
func (w *world) replicas(n int, change ...func(*fleet.Options)) []*fleet.Replica {
	w.Helper()
	var all []*fleet.Replica
	for i := range n {
		all = append(all, w.join(fmt.Sprintf("web-%d", i), change...))
	}
	w.wait("all statuses are in etcd", func() bool { return len(w.keys("status/")) >= n })
	return all
}

// have fails unless the replicas that should have a revision, and no others, have it.
func (w *world) have(all []*fleet.Replica, revision uint64, should func(instance string) bool) {
	w.Helper()
	for _, r := range all {
		s := r.Status()
		if got := s.Active.Revision == revision; got != should(s.Instance) {
			w.Errorf("%s has revision %d; it should have revision %d: %t", s.Instance, s.Active.Revision, revision, should(s.Instance))
		}
	}
}

// progress collects what Follow reports.
type progress struct {
	sync.Mutex
	all []fleet.Progress
}

func (p *progress) add(each fleet.Progress) {
	p.Lock()
	defer p.Unlock()
	p.all = append(p.all, each)
}

func (p *progress) last() fleet.Progress {
	p.Lock()
	defer p.Unlock()
	if len(p.all) == 0 {
		return fleet.Progress{}
	}
	return p.all[len(p.all)-1]
}

func TestFollowAllSteps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.push(policy("https://a.example"))
	all := w.replicas(12)
	steps := []float64{10, 50, 100}
	pushed := w.push(policy("https://b.example"), rollout(fleet.Rollout{Steps: steps, Pause: 10 * time.Millisecond}))
	var p, second progress
	ctx := w.ctx()
	other := make(chan error)
	go func() { other <- w.operator(w.admin, "bob").Follow(ctx, fleet.FollowOptions{Progress: second.add}) }()
	if err := w.store.Follow(ctx, fleet.FollowOptions{Progress: p.add}); err != nil {
		t.Fatalf("Follow: %v", err)
	}
	if err := <-other; err != nil {
		t.Errorf("a second follower: %v", err)
	}
	h, err := w.store.Head(ctx)
	if err != nil || h.Rollout != nil || h.Candidate != nil || h.Stable != *pushed.Candidate ||
		h.Revision != pushed.Revision+uint64(len(steps)) {
		t.Fatalf("the head is %+v, %v; want the candidate of %+v as stable, %d revisions later", h, err, pushed, len(steps))
	}
	w.have(all, pushed.Revision, func(string) bool { return true })
	if last := p.last(); !last.Done || last.Acked != 12 || last.Selected != 12 || last.Pending != 0 || last.Replicas != 12 {
		t.Errorf("the last progress is %+v", last)
	}
	for _, each := range p.all {
		if each.Acked+each.Refused+each.Pending != each.Selected || each.Head == nil || each.Revision != pushed.Revision {
			t.Errorf("progress that does not add up: %+v", each)
		}
	}
	history, err := w.store.History(ctx, len(steps))
	if err != nil {
		t.Fatal(err)
	}
	seen := slices.Concat(p.all, second.all) // either follower may have taken the next step
	for _, e := range history[1:] {          // each step waits for all of its replicas
		selected := 0
		for _, r := range all {
			if _, candidate := e.Head.Wanted(r.Status().Instance, nil); candidate {
				selected++
			}
		}
		if !slices.ContainsFunc(seen, func(p fleet.Progress) bool { return p.Head.Revision == e.Revision && p.Acked == selected }) {
			t.Errorf("at revision %d, neither follower has seen that all %d replicas have taken it", e.Revision, selected)
		}
	}
}

// TestFollowHalts checks that a rollout halts if one selected replica refuses the
// candidate.
func TestFollowHalts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.push(policy("https://a.example"))
	all := append(w.replicas(8), w.join("picky", picky("spa")))
	bad := policy("https://b.example")
	bad.Files["cors.yaml"] = []byte(strings.Replace(string(bad.Files["cors.yaml"]), "spa", "shop", 1))
	r := fleet.Rollout{Salt: saltThatSelects("picky", 30), Steps: []float64{30, 100}}
	pushed := w.push(bad, rollout(r))
	err := w.store.Follow(w.ctx(), fleet.FollowOptions{})
	halted, ok := errors.AsType[*fleet.HaltedError](err)
	if !ok || halted.Revision != pushed.Revision || len(halted.Refused) != 1 || halted.Refused[0].Instance != "picky" ||
		!strings.Contains(err.Error(), "picky") || !strings.Contains(err.Error(), "spa") {
		t.Fatalf("Follow: error %v, want one that says that picky refuses it because of spa", err)
	}
	h, err := w.store.Head(w.ctx())
	if err != nil || h.Rollout == nil || h.Rollout.Halted == nil ||
		!strings.Contains(h.Rollout.Halted.Reason, "picky") || h.Rollout.Percent != 30 {
		t.Fatalf("the head is %+v, %v; want it halted at 30 percent", h, err)
	}
	w.wait("the selected replicas have it", func() bool {
		return !slices.ContainsFunc(all, func(r *fleet.Replica) bool {
			s := r.Status()
			return h.Rollout.Selects(s.Instance, nil) && s.Instance != "picky" && s.Active.Revision != pushed.Revision
		})
	})
	w.have(all, pushed.Revision, func(instance string) bool { return instance != "picky" && h.Rollout.Selects(instance, nil) })

	// Following, halting or observing the halted rollout again changes nothing.
	for _, observe := range []bool{false, true} {
		if err := w.store.Follow(w.ctx(), fleet.FollowOptions{Observe: observe}); !isHalted(err) {
			t.Errorf("Follow again: error %v, want a HaltedError", err)
		}
	}
	if again, err := w.store.Halt(w.ctx(), "again", fleet.ChangeOptions{}); err != nil || again.Revision != h.Revision {
		t.Errorf("Halt again returned %+v, %v; want revision %d", again, err, h.Revision)
	}
	if _, err := w.store.Promote(w.ctx(), fleet.ChangeOptions{}); !isHalted(err) {
		t.Errorf("Promote: error %v, want a HaltedError", err)
	}

	// A rollback brings the stable bundle back to those that had the candidate.
	back, err := w.store.Rollback(w.ctx(), 0, fleet.ChangeOptions{Message: "back"})
	if err != nil || back.Rollout != nil || back.Stable != h.Stable || back.RollbackTo != 1 || back.Revision != h.Revision+1 {
		t.Fatalf("Rollback returned %+v, %v; want the stable bundle of %+v", back, err, h)
	}
	if err := w.store.Follow(w.ctx(), fleet.FollowOptions{}); err != nil {
		t.Errorf("Follow after the rollback: %v", err)
	}
	w.have(all, 1, func(string) bool { return true })
}

func isHalted(err error) bool {
	_, ok := errors.AsType[*fleet.HaltedError](err)
	return ok
}

// saltThatSelects returns a salt with which an instance is among the first percent.
func saltThatSelects(instance string, percent float64) string {
	for i := 0; ; i++ {
		if r := (fleet.Rollout{Salt: fmt.Sprint(i), Percent: percent}); r.Selects(instance, nil) {
			return r.Salt
		}
	}
}

// TestPromoteAfterHalt promotes a manually halted rollout with Force.
func TestPromoteAfterHalt(t *testing.T) {
	long(t)
	w := newWorld(t)
	w.push(policy("https://a.example"))
	for _, change := range []func() error{
		func() error { _, err := w.store.Promote(w.ctx(), fleet.ChangeOptions{}); return err },
		func() error { _, err := w.store.Halt(w.ctx(), "no", fleet.ChangeOptions{}); return err },
	} {
		if err := change(); reasonOf(err) != reason.NoRollout {
			t.Errorf("without a rollout: error %v, want the reason %s", err, reason.NoRollout)
		}
	}
	all := w.replicas(3)
	pushed := w.push(policy("https://b.example"), rollout(fleet.Rollout{Percent: 0.001}))
	if _, err := w.store.Halt(w.ctx(), "two\nlines", fleet.ChangeOptions{}); err == nil {
		t.Error("a reason of two lines is accepted")
	}
	halted, err := w.store.Halt(w.ctx(), "the shop is open", fleet.ChangeOptions{})
	if err != nil || halted.Rollout.Halted.Reason != "the shop is open" {
		t.Fatalf("Halt returned %+v, %v", halted, err)
	}
	h, err := w.store.Promote(w.ctx(), fleet.ChangeOptions{Force: true, Base: halted})
	if err != nil || h.Rollout != nil || h.Stable != *pushed.Candidate {
		t.Fatalf("Promote returned %+v, %v", h, err)
	}
	if err := w.store.Follow(w.ctx(), fleet.FollowOptions{Revision: pushed.Revision}); err != nil {
		t.Errorf("Follow: %v", err)
	}
	w.have(all, pushed.Revision, func(string) bool { return true })
}

// TestFollowTolerates checks a rollout that permits a refusal, and one that is limited by
// labels.
func TestFollowTolerates(t *testing.T) {
	long(t)
	w := newWorld(t)
	w.push(policy("https://a.example"))
	region := func(name string) func(*fleet.Options) {
		return func(o *fleet.Options) { o.Labels = map[string]string{"region": name} }
	}
	all := w.replicas(4, region("eu"))
	all = append(all, w.join("us", region("us")), w.join("picky", picky("spa"), region("eu")))
	bad := policy("https://b.example")
	bad.Files["cors.yaml"] = []byte(strings.Replace(string(bad.Files["cors.yaml"]), "spa", "shop", 1))
	var p progress
	pushed := w.push(bad, rollout(fleet.Rollout{Steps: []float64{50, 100}, MaxRefused: 1, Labels: map[string]string{"region": "eu"}}))
	if err := w.store.Follow(w.ctx(), fleet.FollowOptions{Progress: p.add}); err != nil {
		t.Fatalf("Follow: %v", err)
	}
	w.have(all, pushed.Revision, func(instance string) bool { return strings.HasPrefix(instance, "web") })
	if last := p.last(); !last.Done || last.Refused != 1 || last.Acked != 4 || last.Selected != 5 || last.Replicas != 6 {
		t.Errorf("the last progress is %+v", last)
	}
	h, err := w.store.Head(w.ctx())
	if err != nil || h.Rollout == nil || h.Rollout.Percent != 100 {
		t.Errorf("the head is %+v, %v; want the rollout to stay at 100 percent of its label", h, err)
	}
	pushed = w.push(bad, rollout(fleet.Rollout{Steps: []float64{50, 100}, MaxRefused: 1}))
	if err := w.store.Follow(w.ctx(), fleet.FollowOptions{Progress: p.add}); err != nil {
		t.Fatalf("Follow to the end, with a refusal that is permitted: %v", err)
	}
	w.have(all, pushed.Revision, func(instance string) bool { return instance != "picky" })
	if last := p.last(); !last.Done || last.Refused != 1 || last.Acked != 5 || last.Head.Rollout != nil {
		t.Errorf("the last progress is %+v", last)
	}
}

// TestFollowWaitsForStatuses checks that a rollout does not continue if etcd has lost
// most statuses, although no replica then refuses.
func TestFollowWaitsForStatuses(t *testing.T) {
	long(t)
	w := newWorld(t)
	w.push(policy("https://a.example"))
	for i := range 4 {
		w.put(fmt.Sprintf("status/web-%d", i), fmt.Sprintf(`{"instance":"web-%d","state":"acked","head":1,"active":{"revision":1}}`, i))
	}
	pushed := w.push(policy("https://b.example"), rollout(fleet.Rollout{Salt: "s", Steps: []float64{0.001, 100}}))
	for i := range 3 {
		if _, err := w.admin.Delete(w.ctx(), w.prefix+fmt.Sprintf("status/web-%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(w.ctx())
	err := w.store.Follow(ctx, fleet.FollowOptions{Progress: func(p fleet.Progress) {
		if p.Replicas != 1 || p.Pending != 0 || !p.Next.IsZero() {
			t.Errorf("Follow does not wait: %+v", p)
		}
		cancel()
	}})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 replicas report, but there were 4") {
		t.Errorf("Follow: error %v, want one that says that 1 of 4 reports", err)
	}
	if h, err := w.store.Head(w.ctx()); err != nil || h.Revision != pushed.Revision {
		t.Errorf("the head is %+v, %v; want revision %d", h, err, pushed.Revision)
	}
}

// TestDebianEtcd runs a rollout and a rollback against an older etcd.
func TestDebianEtcd(t *testing.T) {
	long(t)
	w := newEtcdWorld(t, etcdtest.Options{Binary: etcdtest.Debian(t)})
	for i := range 12 {
		w.push(bulky(2000, fmt.Sprintf("https://%d.example", i)))
	}
	all := w.replicas(3)
	pushed := w.push(policy("https://b.example"), rollout(fleet.Rollout{Steps: []float64{50, 100}}))
	if err := w.store.Follow(w.ctx(), fleet.FollowOptions{}); err != nil {
		t.Errorf("Follow: %v", err)
	}
	w.have(all, pushed.Revision, func(string) bool { return true })
	h, err := w.store.Rollback(w.ctx(), 12, fleet.ChangeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.Follow(w.ctx(), fleet.FollowOptions{}); err != nil {
		t.Errorf("Follow: %v", err)
	}
	w.have(all, h.Revision, func(string) bool { return true })
	w.holds(h.Stable, bulky(2000, "https://11.example"))
}

// TestFollowShadow checks that a rollout halts if the candidate would refuse real
// requests.
func TestFollowShadow(t *testing.T) {
	long(t)
	w := newWorld(t)
	w.push(policy("https://a.example", "https://b.example"))
	all := w.replicas(2)
	pushed := w.push(policy("https://a.example"), rollout(fleet.Rollout{
		Salt: "s", Steps: []float64{0.001, 100}, Pause: time.Hour, MaxStricter: 0.4,
	}))
	w.wait("the candidate is tried out", func() bool {
		return !slices.ContainsFunc(all, func(r *fleet.Replica) bool { return r.Status().Shadow == nil })
	})
	for i, r := range all {
		server := httptest.NewServer(corshttp.Middleware(r.Engine())(http.NotFoundHandler()))
		defer server.Close()
		for _, origin := range []string{"https://a.example", "https://b.example", "https://b.example", "https://evil.example"}[:3+i] {
			request, err := http.NewRequestWithContext(w.ctx(), http.MethodGet, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Origin", origin)
			response, err := server.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if got := response.Header.Get("Access-Control-Allow-Origin"); (got == origin) != (origin != "https://evil.example") {
				t.Errorf("%s is answered with %q by the policy in force", origin, got)
			}
		}
	}
	var p progress
	err := w.store.Follow(w.ctx(), fleet.FollowOptions{Progress: p.add})
	if !isHalted(err) || !strings.Contains(err.Error(), "more than 40 percent") {
		t.Fatalf("Follow: error %v, want one that says that it is stricter than 40 percent", err)
	}
	if last := p.last(); last.Revision != pushed.Revision || last.Stricter < 2 || last.Decisions < 3 || last.Looser != 0 {
		t.Errorf("the last progress is %+v", last)
	}
}

// TestFollowAPush follows pushes without a rollout: one that all replicas take, one that
// a replica refuses, and one that is replaced.
func TestFollowAPush(t *testing.T) {
	long(t)
	w := newWorld(t)
	if err := w.store.Follow(w.ctx(), fleet.FollowOptions{}); reasonOf(err) != reason.NoHead {
		t.Errorf("Follow without a head: error %v, want the reason %s", err, reason.NoHead)
	}
	w.push(policy("https://a.example"))
	all := append(w.replicas(3), w.join("picky", picky("spa")))
	if err := w.store.Follow(w.ctx(), fleet.FollowOptions{}); err != nil {
		t.Errorf("Follow: %v", err)
	}
	w.have(all, 1, func(string) bool { return true })
	bad := policy("https://b.example")
	bad.Files["cors.yaml"] = []byte(strings.Replace(string(bad.Files["cors.yaml"]), "spa", "shop", 1))
	w.push(bad)
	if err := w.store.Follow(w.ctx(), fleet.FollowOptions{}); !isHalted(err) || !strings.Contains(err.Error(), "picky") {
		t.Errorf("Follow: error %v, want one that says that picky refuses it", err)
	}
	w.push(policy("https://c.example"))
	err := w.store.Follow(w.ctx(), fleet.FollowOptions{Revision: 2})
	if conflict, ok := errors.AsType[*fleet.ConflictError](err); !ok || conflict.Base != 2 || conflict.Head.Revision != 3 {
		t.Errorf("Follow of a revision that was replaced: error %v, want a conflict with revision 3", err)
	}
	if err := w.store.Follow(w.ctx(), fleet.FollowOptions{}); err != nil {
		t.Errorf("Follow: %v", err)
	}
	w.have(all, 3, func(string) bool { return true })
}

// TestFollowWithOtherKeys follows a push that a replica refuses because it does not know
// the operator's key.
func TestFollowWithOtherKeys(t *testing.T) {
	long(t)
	w := newWorld(t)
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.join("stranger", func(o *fleet.Options) { o.Keys = []ed25519.PublicKey{public} })
	w.push(policy("https://a.example"))
	if err := w.store.Follow(w.ctx(), fleet.FollowOptions{}); !isHalted(err) || !strings.Contains(err.Error(), "signature") {
		t.Errorf("Follow: error %v, want one that says that the signature is refused", err)
	}
}

// TestFollowIsInterrupted has a follower that ends early, and one that continues.
func TestFollowIsInterrupted(t *testing.T) {
	long(t)
	w := newWorld(t)
	w.push(policy("https://a.example"))
	all := w.replicas(2)
	pushed := w.push(policy("https://b.example"), rollout(fleet.Rollout{Steps: []float64{50, 100}, Pause: time.Hour}))
	ctx, cancel := context.WithCancel(w.ctx())
	err := w.store.Follow(ctx, fleet.FollowOptions{Progress: func(p fleet.Progress) {
		if !p.Next.IsZero() {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Follow: error %v, want that of the context", err)
	}
	h, err := w.store.Head(w.ctx())
	if err != nil || h.Revision != pushed.Revision {
		t.Errorf("the head is %+v, %v; want revision %d: the pause is not over", h, err, pushed.Revision)
	}
	// A push of the same bundle with another rollout replaces the first.
	w.push(policy("https://b.example"), rollout(fleet.Rollout{Steps: []float64{1, 100}}))
	if err := w.store.Follow(w.ctx(), fleet.FollowOptions{}); err != nil {
		t.Errorf("Follow: %v", err)
	}
	w.have(all, pushed.Revision+1, func(string) bool { return true })
	// A replica that does not answer keeps Follow waiting; its error says so.
	w.put("status/silent", `{"instance":"silent","state":"acked","head":1}`)
	w.push(policy("https://c.example"))
	ctx, cancel = context.WithCancel(w.ctx())
	err = w.store.Follow(ctx, fleet.FollowOptions{Progress: func(p fleet.Progress) {
		if p.Acked == 2 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 of 3") {
		t.Errorf("Follow: error %v, want one that says that 1 of 3 has not taken it", err)
	}
}

func TestRollback(t *testing.T) {
	long(t)
	w := newWorld(t)
	bundles := []*fleet.Bundle{policy("https://a.example"), bulky(10_000), policy("https://c.example")}
	for _, b := range bundles {
		w.push(b)
	}
	r := w.join("web-0")
	for _, step := range []struct {
		to       uint64
		bundle   int
		rollback uint64
	}{{0, 1, 2}, {1, 0, 1}, {4, 1, 4}, {0, 0, 5}, {3, 2, 3}, {3, 2, 3}} {
		before, err := w.store.Head(w.ctx())
		if err != nil {
			t.Fatal(err)
		}
		h, err := w.store.Rollback(w.ctx(), step.to, fleet.ChangeOptions{Message: "back"})
		if err != nil || h.Revision != before.Revision+1 || h.RollbackTo != step.rollback {
			t.Fatalf("rollback to %d from revision %d: %+v, %v; want RollbackTo %d", step.to, before.Revision, h, err, step.rollback)
		}
		w.holds(h.Stable, bundles[step.bundle])
		w.wait("the replica has it", func() bool { s := r.Status(); return s.State == fleet.StateAcked && s.Head == h.Revision })
		if s := r.Status(); s.Active.Manifest != h.Stable.Manifest || s.Active.Revision != h.Stable.Pushed {
			t.Errorf("the replica has %+v, want %+v", s.Active, h.Stable)
		}
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(w.ctx())
	defer cancel()
	events := make(chan string, 100)
	var all sync.WaitGroup
	all.Go(func() {
		for e, err := range w.store.Watch(ctx) {
			switch {
			case err != nil:
				events <- "error " + string(reasonOf(err))
			case e.Head != nil:
				events <- fmt.Sprintf("head %d", e.Head.Revision)
			case e.Status != nil:
				events <- fmt.Sprintf("%s %s %d", e.Status.Instance, e.Status.State, e.Status.Active.Revision)
			default:
				events <- "gone " + e.Gone
			}
		}
	})
	expect := func(want string) {
		t.Helper()
		late := time.After(patience)
		for {
			select {
			case got := <-events:
				if got == want {
					return
				}
			case <-late:
				t.Fatalf("timed out waiting for %q", want)
			}
		}
	}
	expect("error no-head")
	w.push(policy("https://a.example"))
	expect("head 1")
	r := w.join("web-0")
	expect("web-0 acked 1")
	w.put("head", "garbage")
	expect("error malformed")
	w.push(policy("https://b.example"), func(o *fleet.PushOptions) { o.Replace = true })
	expect("head 2")
	expect("web-0 acked 2")
	if err := r.Close(w.ctx()); err != nil {
		t.Fatal(err)
	}
	expect("gone web-0")
	now, err := w.admin.Get(w.ctx(), w.prefix+"head")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.admin.Compact(w.ctx(), now.Header.Revision); err != nil {
		t.Fatal(err)
	}
	w.push(policy("https://c.example"))
	expect("head 3")
	if _, err := w.admin.Delete(w.ctx(), w.prefix+"head"); err != nil {
		t.Fatal(err)
	}
	expect("error no-head")
	cancel()
	all.Wait()
}

// TestRoles applies the permissions that Roles prints, and tries what they permit.
func TestRoles(t *testing.T) {
	long(t)
	w := newEtcdWorld(t, etcdtest.Options{})
	script, err := fleet.Roles(w.prefix)
	if err != nil {
		t.Fatal(err)
	}
	w.grant(script)
	replica, operator := w.login("replica"), w.login("operator")
	store := w.operator(operator, "ann")
	h, err := store.Push(w.ctx(), bulky(5000), fleet.PushOptions{})
	if err != nil {
		t.Fatalf("an operator cannot push: %v", err)
	}
	w.client = replica
	r := w.join("web-0")
	if err := store.Follow(w.ctx(), fleet.FollowOptions{}); err != nil {
		t.Errorf("Follow: %v", err)
	}
	if s := r.Status(); s.State != fleet.StateAcked || s.Active.Revision != h.Revision {
		t.Errorf("the replica has the status %+v", s)
	}
	for _, name := range []string{"head", "blobs/" + h.Stable.Manifest, "history/00000000000000000001", "pushing/a", "other"} {
		if _, err := replica.Put(w.ctx(), w.prefix+name, "x"); err == nil {
			t.Errorf("a replica may write %s", name)
		}
		if _, err := replica.Delete(w.ctx(), w.prefix+name); err == nil {
			t.Errorf("a replica may delete %s", name)
		}
	}
	if _, err := replica.Get(w.ctx(), "/elsewhere"); err == nil {
		t.Error("a replica may read other keys")
	}
	eve := w.operator(replica, "eve")
	if _, err := eve.Push(w.ctx(), policy("https://evil.example"), fleet.PushOptions{}); reasonOf(err) != reason.Permission {
		t.Errorf("a push by a replica: error %v, want the reason %s", err, reason.Permission)
	}
	if err := eve.Follow(w.ctx(), fleet.FollowOptions{}); reasonOf(err) != reason.Permission {
		t.Errorf("Follow by a replica: error %v, want the reason %s", err, reason.Permission)
	}
	if _, err := fleet.Roles("/a b/"); err == nil {
		t.Error("Roles accepts a prefix that a shell would split")
	}
}
