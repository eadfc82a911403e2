package core_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/corskit/corskit/core"
)

// tally counts decisions by result, and ignores requests without an Origin.
type tally struct {
	allowed, refused atomic.Uint64
	asked            atomic.Int64 // calls of CounterOf
}

func (*tally) Observe(context.Context, *core.Observation) {
	panic("Observe was called")
}

func (t *tally) CounterOf(c *core.Class) *atomic.Uint64 {
	t.asked.Add(1)
	switch c.Result {
	case core.ResultAllowed:
		return &t.allowed
	case core.ResultNotCORS:
		return nil
	default:
		return &t.refused
	}
}

func (t *tally) check(tb testing.TB, allowed, refused uint64) {
	tb.Helper()
	if a, r := t.allowed.Load(), t.refused.Load(); a != allowed || r != refused {
		tb.Errorf("%d allowed and %d refused were counted, want %d and %d", a, r, allowed, refused)
	}
}

func TestClassCounter(t *testing.T) {
	e := core.MustNew(two())
	var first, second tally
	e.Observe(&first)
	decide := func() {
		e.Decide(ctx, get())
		e.Decide(ctx, get("https://a.example"))
		e.Decide(ctx, get("https://e.example"))
		e.Decide(ctx, preflight("https://a.example", "TRACE"))
	}
	decide()
	stop := e.Observe(&second)
	decide()
	decide()
	first.check(t, 3, 6)
	second.check(t, 2, 4)
	if err := e.Shadow(cred()); err != nil {
		t.Fatal(err)
	}
	stop()
	decide()
	first.check(t, 4, 8)
	second.check(t, 2, 4)
	if asked := second.asked.Load(); asked != 4 {
		t.Errorf("CounterOf was called %d times for 4 classes", asked)
	}
}

// TestClassCountersShareClasses loads the policies of one engine into others. Each engine
// counts its own decisions, even if there are more engines than a class keeps counters
// for.
func TestClassCountersShareClasses(t *testing.T) {
	const few, many = 4, 20
	source := core.MustNew(two())
	engines, tallies := make([]*core.Engine, many), make([]tally, many)
	for i := range engines {
		engines[i] = new(core.Engine)
		engines[i].ReloadFrom(source)
		engines[i].Observe(&tallies[i])
	}
	request := get("https://a.example")
	decide := func(engines []*core.Engine) {
		for _, e := range engines {
			e.Decide(ctx, request)
		}
	}
	const rounds = 100
	if n := testing.AllocsPerRun(rounds-1, func() { decide(engines[:few]) }); n != 0 {
		t.Errorf("%v allocations with %d engines", n, few)
	}
	for range rounds {
		decide(engines)
	}
	for i := range tallies {
		want := uint64(rounds)
		if i < few {
			want += rounds
		}
		tallies[i].check(t, want, 0)
	}
}

// faulty panics when it is asked for a counter.
type faulty struct{ observer }

func (faulty) CounterOf(*core.Class) *atomic.Uint64 { panic("no counter") }

func TestClassCounterPanics(t *testing.T) {
	e := core.MustNew(two())
	var good tally
	e.Observe(faulty{})
	e.Observe(&good)
	for range 3 {
		if d := e.Decide(ctx, get("https://a.example")); !d.Allowed {
			t.Errorf("got %+v", d)
		}
	}
	good.check(t, 3, 0)
}

// TestClassCounterConcurrently checks that no decision is lost while policies, shadow
// policies and observers change.
func TestClassCounterConcurrently(t *testing.T) {
	e := core.MustNew(two())
	var all tally
	e.Observe(&all)
	const rounds = 300
	var wg sync.WaitGroup
	for _, act := range []func() error{
		func() error { e.Decide(ctx, get("https://a.example")); return nil },
		func() error { e.Decide(ctx, get("https://e.example")); return nil },
		func() error { return e.Reload(two()) },
		func() error { return e.Shadow(cred()) },
		func() error { e.StopShadow(); return nil },
		func() error { e.Observe(new(tally))(); return nil },
		func() error { e.Observe(observer(func(*core.Observation) {}))(); return nil },
	} {
		wg.Go(func() {
			for range rounds {
				if err := act(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	all.check(t, rounds, rounds)
}
