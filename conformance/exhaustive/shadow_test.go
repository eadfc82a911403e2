package exhaustive_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// last is an Observer that keeps the last observation.
type last struct{ core.Observation }

func (l *last) Observe(_ context.Context, o *core.Observation) { l.Observation = *o }

// TestShadow gives each server another server's policies as shadow policies. They must
// never change an answer. An observer must see the decisions that the engines of both
// servers make, and the verdicts of the browser model on them.
func TestShadow(t *testing.T) {
	w := chosenWorld(t)
	var accepted []core.Policy
	for _, p := range thin(w, policies()) {
		if legal(p) {
			accepted = append(accepted, p)
		}
	}
	all := fetches([]string{"GET", "put", "CHICKEN"}, []string{"x-a", "authorization"}, bools, onePath)
	found := make([]map[core.Difference]int, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for worker := range found {
		found[worker] = make(map[core.Difference]int)
		wg.Go(func() {
			var pages []*page
			for _, f := range all {
				pages = append(pages, newPage(browsermodel.Spec(), f))
			}
			for i := worker; i < len(accepted) && !t.Failed(); i += len(found) {
				// Neighboring servers differ little, distant ones much.
				shadowed(t, accepted[i], accepted[(i+1)%len(accepted)], pages, found[worker])
				shadowed(t, accepted[i], accepted[(7*i+3)%len(accepted)], pages, found[worker])
			}
		})
	}
	wg.Wait()
	for _, d := range []core.Difference{core.ShadowSame, core.ShadowStricter, core.ShadowLooser} {
		n := 0
		for _, counts := range found {
			n += counts[d]
		}
		if t.Logf("%s: %d requests", d, n); n == 0 {
			t.Errorf("no request is %q", d)
		}
	}
}

// shadowed makes all fetches from a server with policy p, and q as a shadow policy. It counts
// the differences.
func shadowed(t *testing.T, p, q core.Policy, pages []*page, differences map[core.Difference]int) {
	s := &shadowing{now: core.MustNew(p), then: core.MustNew(q), both: core.MustNew(p)}
	if err := s.both.Shadow(q); err != nil {
		t.Error(err)
		return
	}
	s.both.Observe(&s.seen)
	for _, page := range pages {
		if wrong := s.check(page, differences); wrong != "" {
			t.Errorf("%s\nnow  %+v\nthen %+v\nfetch %+v", wrong, p, q, page.f.Fetch)
			return
		}
	}
}

// shadowing is an engine with shadow policies, and the engines of both lists of policies.
type shadowing struct {
	now, then, both *core.Engine
	seen            last
}

// check makes one fetch. It returns what is wrong, or "".
func (s *shadowing) check(p *page, differences map[core.Difference]int) string {
	requests := []core.Request{p.actual}
	if p.preflight != nil {
		requests = append(requests, *p.preflight)
	}
	found := make(map[core.Difference]bool)
	refused := false
	for _, r := range requests {
		s.seen.Observation = core.Observation{}
		ctx := context.Background()
		now, then, both := s.now.Decide(ctx, r), s.then.Decide(ctx, r), s.both.Decide(ctx, r)
		if both != now {
			return fmt.Sprintf("with a shadow: %+v\nwithout:       %+v", both, now)
		}
		o := s.seen.Observation
		if o.Class == nil || o.Decision != now || o.ShadowDecision != then {
			return fmt.Sprintf("observed %+v\nnow  %+v\nthen %+v", o, now, then)
		}
		found[o.Shadow] = true
		differences[o.Shadow]++
		refused = refused || o.Result == core.ResultRefused || o.Result == core.ResultRejected
	}
	now, then := p.fetch(s.now), p.fetch(s.then)
	looser := then.reads && !now.reads || then.reaches && !now.reaches
	stricter := now.reads && !then.reads || now.reaches && !then.reaches
	if looser && !found[core.ShadowLooser] || stricter && !found[core.ShadowStricter] && !found[core.ShadowLooser] {
		return fmt.Sprintf("a browser gets %+v now and %+v then, but the requests are %v", now, then, found)
	}
	if now.reads && refused || !now.reads && !refused && !p.f.Credentials {
		return fmt.Sprintf("a browser gets %+v, but refused is %v", now, refused)
	}
	return ""
}
