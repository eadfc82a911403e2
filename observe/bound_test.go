package observe_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

// tenPolicies returns policies whose decisions have every code. Half of them use
// credentials, so that they echo methods and header names.
func tenPolicies() []core.Policy {
	policies := make([]core.Policy, 10)
	for i := range policies {
		p := core.Policy{
			Name: fmt.Sprint("p", i), AllowOrigins: []string{listed(i)}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"x-a"},
			AllowOriginFunc: func(_ context.Context, r core.Request) bool { return r.OriginValue() == byFunc(i) },
		}
		if i%2 == 0 {
			p.AllowCredentials, p.AllowMethods, p.AllowHeaders = true, []string{"*"}, []string{"*"}
		}
		policies[i] = p
	}
	return policies
}

func listed(i int) string { return fmt.Sprintf("https://p%d.example", i) }
func byFunc(i int) string { return fmt.Sprintf("https://f%d.example", i) }

func changed(policies []core.Policy, change func(*core.Policy)) []core.Policy {
	policies = slices.Clone(policies)
	for i := range policies {
		change(&policies[i])
	}
	return policies
}

// shadows returns lists of shadow policies: some are stricter than tenPolicies, and some
// looser.
func shadows() [][]core.Policy {
	return [][]core.Policy{
		tenPolicies(),
		{{Name: "none"}},
		{{Name: "none", RejectDisallowed: true}},
		{{Name: "all", AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}}},
		changed(tenPolicies(), func(p *core.Policy) { p.AllowCredentials, p.AllowPrivateNetwork = true, true }),
		changed(tenPolicies(), func(p *core.Policy) { p.AllowCredentials = false }),
		slices.Concat([]core.Policy{{
			Name: "more", AllowOrigins: []string{"https://evil.example", listed(0)},
			AllowMethods: []string{"PUT", "PATCH"}, AllowHeaders: []string{"x-a", "x-b"}, AllowCredentials: true,
		}}, tenPolicies()),
	}
}

// askEverything sends an engine requests of every kind, and returns how many.
func askEverything(e *core.Engine, paths ...string) (n uint64) {
	origins := [][]string{nil, {"https://evil.example"}, {listed(0), listed(1)}, {"https://own.example"}, {"null"}, {"*"}}
	for i := range 10 {
		origins = append(origins, []string{listed(i)}, []string{byFunc(i)})
	}
	preflights := []core.Request{
		{AccessControlRequestMethod: []string{"PUT"}},
		{AccessControlRequestMethod: []string{"PATCH"}},
		{AccessControlRequestMethod: []string{"PUT, PATCH"}},
		{AccessControlRequestMethod: []string{"PUT"}, AccessControlRequestHeaders: []string{"x-a"}},
		{AccessControlRequestMethod: []string{"PUT"}, AccessControlRequestHeaders: []string{"x-b"}},
		{AccessControlRequestMethod: []string{"PUT"}, AccessControlRequestHeaders: []string{"x b"}},
		{AccessControlRequestMethod: []string{"PUT"}, AccessControlRequestPrivateNetwork: []string{"true"}},
	}
	for _, path := range paths {
		for _, origin := range origins {
			r := core.Request{Method: "GET", Host: "own.example", Path: path, Origin: origin}
			e.Decide(ctx, r)
			n++
			for _, p := range preflights {
				p.Method, p.Host, p.Path, p.Origin = "OPTIONS", "own.example", path, origin
				e.Decide(ctx, p)
				n++
			}
		}
	}
	return n
}

// TestClassesOfTenPolicies checks the number of classes after everything that ten policies,
// their routes, their shadows and a reload can bring.
func TestClassesOfTenPolicies(t *testing.T) {
	const told = 180 // and classes of others, one for each kind and result
	rejecting := changed(tenPolicies(), func(p *core.Policy) { p.RejectDisallowed = true })
	for _, routed := range []bool{false, true} {
		t.Run(fmt.Sprint("routed=", routed), func(t *testing.T) {
			e, c, asked := new(core.Engine), observe.NewCounters(), uint64(0)
			defer e.Observe(c)()
			paths := []string{"/x", "/elsewhere", "/p0/../p1/x"}
			for i := range 10 {
				paths = append(paths, fmt.Sprintf("/p%d/x", i))
			}
			for i, policies := range [][]core.Policy{tenPolicies(), rejecting} {
				if err := load(e, policies, routed); err != nil {
					t.Fatal(err)
				}
				asked += askEverything(e, paths...)
				if got := len(c.Snapshot()); i == 0 && !routed && got > 66 {
					t.Errorf("%d classes without a shadow", got)
				}
				for _, s := range shadows() {
					if err := e.Shadow(s...); err != nil {
						t.Fatal(err)
					}
					asked += askEverything(e, paths...)
				}
				e.StopShadow()
			}
			snapshot := c.Snapshot()
			others, sum := 0, uint64(0)
			for _, n := range snapshot {
				sum += n.N
				if n.Code == "(others)" {
					others++
					if n.Policy != "(others)" || n.Route != -1 || n.Shadow != "" {
						t.Errorf("others have more than a kind and a result: %+v", n)
					}
				}
			}
			if sum != asked {
				t.Errorf("%d decisions in all, want %d", sum, asked)
			}
			if n := len(snapshot) - others; n > told || others > 7 {
				t.Errorf("%d classes and %d of others, want at most %d and 7", n, others, told)
			}
		})
	}
}

// load replaces the policies of an engine, each with a route if routed.
func load(e *core.Engine, policies []core.Policy, routed bool) error {
	if !routed {
		return e.Reload(policies...)
	}
	routes := make([]core.Route, len(policies))
	for i, p := range policies {
		routes[i] = core.Route{Path: fmt.Sprintf("/p%d/", i), Policies: []core.Policy{p}}
	}
	return e.ReloadRouted(routes...)
}

// TestRoutesFoldFirst shares one policy among more routes than Counters distinguishes.
// Classes still have their policy and code.
func TestRoutesFoldFirst(t *testing.T) {
	e, c := new(core.Engine), observe.NewCounters()
	defer e.Observe(c)()
	const n = 300
	routes := make([]core.Route, n)
	for i := range routes {
		routes[i] = core.Route{Path: fmt.Sprint("/", i), Policies: []core.Policy{policy()}}
	}
	if err := e.ReloadRouted(routes...); err != nil {
		t.Fatal(err)
	}
	for i := range routes {
		r := get("https://app.example.com")
		r.Path = fmt.Sprint("/", i)
		e.Decide(ctx, r)
	}
	snapshot := c.Snapshot()
	want := core.Class{Kind: core.Actual, Result: "allowed", Code: "origin-allowed", Policy: "app", Route: -1}
	if len(snapshot) != 121 || snapshot[0].Class != want || snapshot[0].N != n-120 {
		t.Errorf("%d classes, the first %+v; want 121 and %d of %+v", len(snapshot), snapshot[0], n-120, want)
	}
}
