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

// TestCountersForgetOldPointers fills the places of classes with classes of policies that
// are no longer in force. Those in use find places nevertheless, although all belong at the
// same one.
func TestCountersForgetOldPointers(t *testing.T) {
	const places, inUse = 256, 4
	classes := make([]core.Class, 8*places) // neighbors belong at neighboring places
	c := observe.NewCounters()
	for i := range classes {
		c.ObserveClass(&classes[i])
	}
	decide := func() {
		for i := range inUse {
			c.ObserveClass(&classes[i*places])
		}
	}
	const rounds = 1000
	for range rounds {
		decide()
	}
	if got := testing.AllocsPerRun(rounds-1, decide); got != 0 { // and a round to warm up
		t.Errorf("%v allocations, want 0", got)
	}
	if got := c.Snapshot(); len(got) != 1 || got[0].N != uint64(len(classes)+2*rounds*inUse) {
		t.Errorf("got %+v", got)
	}
}

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
