package observe_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

var ctx = context.Background()

func policy() core.Policy {
	return core.Policy{Name: "app", AllowOrigins: []string{"https://app.example.com"}, AllowMethods: []string{"PUT"}}
}

func get(origin string) core.Request {
	return core.Request{Method: "GET", Path: "/", Origin: []string{origin}}
}

func TestCounters(t *testing.T) {
	e := core.MustNew(policy())
	c := observe.NewCounters()
	stop := e.Observe(c)
	const rounds, workers = 200, 4
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range rounds {
				e.Decide(ctx, get("https://app.example.com"))
				e.Decide(ctx, get(fmt.Sprintf("https://x%d.example.com", i)))
				if i%50 == 0 {
					if err := e.Reload(policy()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	stop()
	e.Decide(ctx, get("https://app.example.com"))
	want := []observe.Count{
		{Class: core.Class{Kind: core.Actual, Result: "refused", Code: "origin-not-allowed", Route: -1}, N: rounds * workers},
		{Class: core.Class{Kind: core.Actual, Result: "allowed", Code: "origin-allowed", Policy: "app", Route: -1}, N: rounds * workers},
	}
	if got := c.Snapshot(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestCountersAreBounded reloads policies under new names.
func TestCountersAreBounded(t *testing.T) {
	e, c := new(core.Engine), observe.NewCounters()
	e.Observe(c)
	const names = 10_500
	for i := range names {
		p := policy()
		p.Name = fmt.Sprint("p", i)
		if err := e.Reload(p); err != nil {
			t.Fatal(err)
		}
		e.Decide(ctx, get("https://app.example.com"))
	}
	got, sum := c.Snapshot(), uint64(0)
	for _, count := range got {
		sum += count.N
	}
	if len(got) != 10_001 || sum != names {
		t.Errorf("%d classes with %d decisions, want 10001 with %d", len(got), sum, names)
	}
}

// TestCountersObserve passes observations to Counters, as an observer that wraps it does.
func TestCountersObserve(t *testing.T) {
	e, engines, passed := core.MustNew(policy()), observe.NewCounters(), observe.NewCounters()
	e.Observe(engines)
	e.Observe(wrapper{passed})
	for range 3 {
		e.Decide(ctx, get("https://app.example.com"))
		e.Decide(ctx, get("https://evil.example"))
	}
	got, want := fmt.Sprint(passed.Snapshot()), fmt.Sprint(engines.Snapshot())
	if got != want || len(passed.Snapshot()) != 2 {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// wrapper hides that an observer only counts.
type wrapper struct{ core.Observer }

func BenchmarkCounters(b *testing.B) {
	e := core.MustNew(policy())
	r := get("https://app.example.com")
	for _, observed := range []bool{false, true} {
		b.Run(fmt.Sprint("observed=", observed), func(b *testing.B) {
			if observed {
				defer e.Observe(observe.NewCounters())()
			}
			b.ReportAllocs()
			for b.Loop() {
				e.Decide(ctx, r)
			}
		})
	}
}
