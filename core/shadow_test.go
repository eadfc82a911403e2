package core_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/corskit/corskit/core"
)

func TestShadow(t *testing.T) {
	wider, narrower, cookies, rejecting, private := two(), two(), cred(), two(), two()
	wider.AllowOrigins = append(wider.AllowOrigins, "https://c.example")
	narrower.AllowOrigins = narrower.AllowOrigins[:1]
	narrower.AllowMethods, narrower.AllowHeaders = []string{"PUT"}, []string{"x-a"}
	rejecting.RejectDisallowed = true
	private.AllowPrivateNetwork = true
	lists := two() // that are compared with the request, if at all
	lists.AllowHeaders, lists.ExposeHeaders, lists.MaxAge = nil, nil, 0
	own := get("https://b.example")
	own.Host = "b.example"
	asks := preflight("https://a.example", "PUT")
	asks.AccessControlRequestPrivateNetwork = []string{"true"}
	tests := []struct {
		name    string
		shadow  core.Policy
		request core.Request
		want    core.Difference
	}{
		{"equal", two(), get("https://a.example"), "same"},
		{"a listed origin", wider, get("https://c.example"), "looser"},
		{"a removed origin", narrower, get("https://b.example"), "stricter"},
		{"a kept origin", narrower, get("https://a.example"), "same"},
		{"a removed method", narrower, preflight("https://a.example", "DELETE"), "stricter"},
		{"a kept method", narrower, preflight("https://a.example", "PUT"), "same"},
		{"a removed header", narrower, preflight("https://a.example", "PUT", "x-b"), "stricter"},
		{"credentials", cookies, get("https://a.example"), "looser"},
		{"credentials, for a stranger", cookies, get("https://e.example"), "same"},
		{"rejected", rejecting, get("https://e.example"), "stricter"},
		{"rejected, allowed", rejecting, get("https://a.example"), "same"},
		{"no origin", narrower, get(), "same"},
		{"an own page", narrower, own, "same"},
		{"an own page, with credentials", cookies, own, "same"},
		{"private network", private, asks, "looser"},
		{"private network, not asked for", private, preflight("https://a.example", "PUT"), "same"},
		{"exposed headers", lists, get("https://a.example"), "same"},
		{"headers that are not asked for, and max age", lists, preflight("https://a.example", "PUT"), "same"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, alone := core.MustNew(two()), core.MustNew(tt.shadow)
			if err := e.Shadow(tt.shadow); err != nil {
				t.Fatal(err)
			}
			before := e.Decide(ctx, tt.request)
			var seen core.Observation
			e.Observe(observer(func(o *core.Observation) { seen = *o }))
			if got := e.Decide(ctx, tt.request); got != before {
				t.Errorf("the shadow changes %+v to %+v", before, got)
			}
			if seen.Shadow != tt.want || seen.ShadowDecision != alone.Decide(ctx, tt.request) {
				t.Errorf("got %q, %+v, want %q", seen.Shadow, seen.ShadowDecision, tt.want)
			}
			if x, ok := e.ExplainShadow(ctx, tt.request); !ok || x.Decision != seen.ShadowDecision {
				t.Errorf("ExplainShadow returns %+v, %v", x, ok)
			}
			// If the two lists of policies are swapped, each difference is reversed.
			if err := alone.Shadow(two()); err != nil {
				t.Fatal(err)
			}
			var c counter
			alone.Observe(&c)
			alone.Decide(ctx, tt.request)
			reverse := map[core.Difference]core.Difference{"same": "same", "looser": "stricter", "stricter": "looser"}
			if got := c.last.Load().Shadow; got != reverse[tt.want] {
				t.Errorf("reversed: got %q, want %q", got, reverse[tt.want])
			}
		})
	}
}

// TestShadowKeepsCredentials: what both sides allow makes the shadow no looser.
func TestShadowKeepsCredentials(t *testing.T) {
	private := cred()
	private.AllowPrivateNetwork = true
	e := core.MustNew(private)
	if err := e.Shadow(cred()); err != nil {
		t.Fatal(err)
	}
	var c counter
	e.Observe(&c)
	asks := preflight(cred().AllowOrigins[0], "PUT")
	asks.AccessControlRequestPrivateNetwork = []string{"true"}
	if e.Decide(ctx, asks); c.last.Load().Shadow != core.ShadowStricter {
		t.Errorf("without the private network, the shadow is %q", c.last.Load().Shadow)
	}
}

// TestShadowOfOwnPages checks the results for a page of the server's own origin, which only one
// side allows.
func TestShadowOfOwnPages(t *testing.T) {
	narrower, own := two(), get("https://b.example")
	narrower.AllowOrigins, own.Host = narrower.AllowOrigins[:1], "b.example"
	for _, tt := range []struct {
		policy, shadow  core.Policy
		want, wantAside core.Result
	}{
		{two(), narrower, core.ResultAllowed, core.ResultNotCORS},
		{narrower, two(), core.ResultNotCORS, core.ResultAllowed},
	} {
		e := core.MustNew(tt.policy)
		if err := e.Shadow(tt.shadow); err != nil {
			t.Fatal(err)
		}
		var result, aside core.Result
		e.Observe(observer(func(o *core.Observation) { result, aside = o.Result, o.ShadowClass.Result }))
		e.Decide(ctx, own)
		if result != tt.want || aside != tt.wantAside {
			t.Errorf("the result is %q, and %q for the shadow, want %q and %q", result, aside, tt.want, tt.wantAside)
		}
	}
}

// TestShadowClasses checks that both classes of an observation have the same difference, even if
// the shadow policies decide the same for origins that differ.
func TestShadowClasses(t *testing.T) {
	e := core.MustNew(two())
	if err := e.Shadow(core.Policy{AllowOrigins: []string{"*"}}); err != nil {
		t.Fatal(err)
	}
	e.Observe(observer(func(o *core.Observation) {
		if o.Class.Shadow != o.ShadowClass.Shadow {
			t.Errorf("the differences are %q and %q", o.Class.Shadow, o.ShadowClass.Shadow)
		}
	}))
	for range 2 {
		for _, origin := range []string{"https://a.example", "https://e.example", "https://b.example"} {
			e.Decide(ctx, get(origin))
		}
	}
}

// TestShadowIsOfOneEngine checks that an engine without shadow policies reports nothing of those
// of another.
func TestShadowIsOfOneEngine(t *testing.T) {
	with, without := core.MustNew(two()), core.MustNew(two())
	if err := with.Shadow(two()); err != nil {
		t.Fatal(err)
	}
	with.Observe(observer(func(*core.Observation) {}))
	without.Observe(observer(func(o *core.Observation) {
		if o.ShadowClass != nil || o.ShadowDecision != (core.Decision{}) || o.ShadowRefused != "" {
			t.Fatalf("without shadow policies: %+v", o)
		}
	}))
	for range 100 { // observations come from a pool
		with.Decide(ctx, preflight("https://a.example", "PURGE"))
		without.Decide(ctx, preflight("https://a.example", "PURGE"))
	}
}

// TestShadowOfHandshakes checks that only the origin matters for a handshake.
func TestShadowOfHandshakes(t *testing.T) {
	rejecting := cred()
	rejecting.AllowOrigins, rejecting.RejectDisallowed = []string{"https://a.example", "https://c.example"}, true
	e := core.MustNew(two())
	if err := e.Shadow(rejecting); err != nil {
		t.Fatal(err)
	}
	var c counter
	e.Observe(&c)
	for origin, want := range map[string]core.Difference{
		"https://a.example": "same", "https://b.example": "stricter", "https://c.example": "looser", "https://e.example": "same",
	} {
		e.AllowsHandshake(&source{Request: get(origin)})
		if got := c.last.Load().Shadow; got != want {
			t.Errorf("%s: %q, want %q", origin, got, want)
		}
	}
}

// TestShadowStays checks how long shadow policies stay.
func TestShadowStays(t *testing.T) {
	e := core.MustNew(two())
	var c counter
	e.Observe(&c)
	differs := func() core.Difference {
		e.Decide(ctx, get("https://c.example"))
		return c.last.Load().Shadow
	}
	if _, ok := e.ExplainShadow(ctx, get()); ok || differs() != "" || e.ShadowWarnings() != nil {
		t.Error("there are shadow policies already")
	}
	wider := two()
	wider.AllowOrigins, wider.AllowMethods = []string{"https://c.example"}, []string{"GET"}
	if err := e.ShadowRouted(core.Route{Policies: []core.Policy{wider}}); err != nil || differs() != "looser" {
		t.Fatalf("ShadowRouted: %v, %q", err, differs())
	}
	if w := e.ShadowWarnings(); len(w) != 1 || e.Warnings() != nil {
		t.Errorf("warnings %v and %v", w, e.Warnings())
	}
	if err := e.Shadow(core.Policy{AllowOrigins: []string{"bad"}}); err == nil || differs() != "looser" {
		t.Errorf("a bad shadow: %v, %q", err, differs())
	}
	if err := e.ShadowRouted(); err == nil || differs() != "looser" {
		t.Errorf("no route: %v, %q", err, differs())
	}
	if err := e.Reload(wider); err != nil || differs() != "same" {
		t.Errorf("after a reload: %v, %q", err, differs())
	}
	if e.StopShadow(); differs() != "" {
		t.Errorf("after StopShadow: %q", differs())
	}
	var none *core.Engine
	if err := none.Shadow(wider); err == nil {
		t.Error("a nil Engine has shadow policies")
	}
}

// TestReloadFrom checks that policies and their shadow are replaced in one step: no request is
// compared with the shadow of other policies.
func TestReloadFrom(t *testing.T) {
	pair := func(name string) *core.Engine {
		p := two()
		p.Name = name
		made := core.MustNew(p)
		if err := made.Shadow(p); err != nil {
			t.Fatal(err)
		}
		return made
	}
	pairs := []*core.Engine{pair("first"), pair("second")}
	var e core.Engine
	if err := e.ReloadFrom(pairs[0]); err != nil {
		t.Fatal(err)
	}
	var mixed, seen atomic.Int64
	e.Observe(observer(func(o *core.Observation) {
		seen.Add(1)
		if o.ShadowClass == nil || o.Policy != o.ShadowClass.Policy {
			mixed.Add(1)
		}
	}))
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 2000 {
			if err := e.ReloadFrom(pairs[i%2]); err != nil {
				t.Error(err)
			}
		}
	})
	for range 2000 {
		e.Decide(ctx, get("https://a.example"))
	}
	wg.Wait()
	if mixed.Load() != 0 || seen.Load() != 2000 {
		t.Errorf("%d of %d requests were compared with the shadow of other policies", mixed.Load(), seen.Load())
	}

	only := two()
	only.Name = "only"
	if err := e.ReloadFrom(core.MustNew(only)); err != nil {
		t.Fatal(err)
	}
	if x, ok := e.ExplainShadow(ctx, get("https://a.example")); !ok || x.Policy == "only" {
		t.Errorf("an engine without shadow policies changed the shadow: %+v, %v", x, ok)
	}
	pairs[0].StopShadow()
	if err := e.ShadowFrom(pairs[1]); err != nil {
		t.Fatal(err)
	}
	if x, _ := e.ExplainShadow(ctx, get("https://a.example")); x.Policy != "second" {
		t.Errorf("the shadow is of policy %q, want second", x.Policy)
	}
	var none *core.Engine
	for _, err := range []error{none.ReloadFrom(&e), e.ReloadFrom(nil), none.ShadowFrom(&e), e.ShadowFrom(nil)} {
		if err == nil {
			t.Error("no error for a nil Engine")
		}
	}
	if err := e.ReloadFrom(new(core.Engine)); err != nil || e.AllowsOrigin("https://a.example") {
		t.Errorf("the zero Engine allows an origin (%v)", err)
	}
}
