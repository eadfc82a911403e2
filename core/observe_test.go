package core_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/corskit/corskit/core"
)

// observer is an Observer that calls a function.
type observer func(o *core.Observation)

func (f observer) Observe(_ context.Context, o *core.Observation) { f(o) }

// counter is an Observer that counts classes.
type counter struct {
	n    atomic.Int64
	last atomic.Pointer[core.Class]
}

func (c *counter) Observe(_ context.Context, o *core.Observation) { c.ObserveClass(o.Class) }

func (c *counter) ObserveClass(class *core.Class) (whole bool) {
	c.n.Add(1)
	c.last.Store(class)
	return false
}

// checkClass checks that an observation agrees with the explanation of the same request.
func checkClass(t *testing.T, o core.Observation, x core.Explanation) {
	t.Helper()
	result := core.ResultAllowed
	switch {
	case x.Browser.Code == browserNotConcerned:
		result = core.ResultNotCORS
	case !x.Browser.Allowed && x.Decision.Kind == core.Actual && x.Decision.Status != 0:
		result = core.ResultRejected
	case !x.Browser.Allowed:
		result = core.ResultRefused
	}
	if o.Decision != x.Decision || o.Kind != x.Decision.Kind || o.Policy != x.Policy || o.Route != x.Route || o.Result != result {
		t.Fatalf("observed %+v, %+v\nexplained %+v", o.Class, o, x)
	}
	explained := o.Code == core.CodeSameOrigin || o.Code == x.Decision.Code && (x.Browser.Allowed || !x.Decision.Allowed) ||
		slices.ContainsFunc(x.Steps, func(s core.Step) bool {
			return s.Code == o.Code || o.Code == core.CodeMethodNotAllowed && s.Code == stepMethodCase
		})
	if !explained {
		t.Fatalf("code %s is in no step of %+v", o.Code, x)
	}
}

func TestObserve(t *testing.T) {
	rejecting := two()
	rejecting.RejectDisallowed = true
	own := get("https://own.example")
	own.Host = "own.example"
	wildcard := anyone()
	wildcard.AllowMethods, wildcard.AllowHeaders = []string{"*"}, []string{"*"}
	many := strings.Repeat("x-a,", 5000) + "x-z"
	tests := []struct {
		name    string
		engine  *core.Engine
		request core.Request
		want    core.Class
		refused string
	}{
		{"no origin", core.MustNew(two()), get(), core.Class{Result: "not-cors", Code: "no-origin", Route: -1}, ""},
		{"allowed", core.MustNew(two()), get("https://a.example"),
			core.Class{Kind: core.Actual, Result: "allowed", Code: "origin-allowed", Policy: "two", Route: -1}, ""},
		{"refused", core.MustNew(two()), get("https://e.example"),
			core.Class{Kind: core.Actual, Result: "refused", Code: "origin-not-allowed", Route: -1}, ""},
		{"rejected", core.MustNew(rejecting), get("https://e.example"),
			core.Class{Kind: core.Actual, Result: "rejected", Code: "origin-not-allowed", Route: -1}, ""},
		{"an own page", core.MustNew(two()), own, core.Class{Kind: core.Actual, Result: "not-cors", Code: "same-origin", Route: -1}, ""},
		{"an own page, not rejected", core.MustNew(rejecting), own,
			core.Class{Kind: core.Actual, Result: "not-cors", Code: "same-origin", Route: -1}, ""},
		{"two origins", core.MustNew(two()), get("https://a.example", "https://a.example"),
			core.Class{Kind: core.Actual, Result: "refused", Code: "origin-repeated", Route: -1}, ""},
		{"the zero engine", new(core.Engine), get("https://a.example"),
			core.Class{Kind: core.Actual, Result: "refused", Code: "origin-not-allowed", Route: -1}, ""},
		{"preflight", core.MustNew(two()), preflight("https://a.example", "PUT", "x-a"),
			core.Class{Kind: core.Preflight, Result: "allowed", Code: "origin-allowed", Policy: "two", Route: -1}, ""},
		{"preflight, any case of a name", core.MustNew(two()), preflight("https://a.example", "PUT", "X-A, x-B"),
			core.Class{Kind: core.Preflight, Result: "allowed", Code: "origin-allowed", Policy: "two", Route: -1}, ""},
		{"preflight of a stranger", core.MustNew(two()), preflight("https://e.example", "PUT"),
			core.Class{Kind: core.Preflight, Result: "refused", Code: "origin-not-allowed", Route: -1}, ""},
		{"method", core.MustNew(two()), preflight("https://a.example", "PATCH"),
			core.Class{Kind: core.Preflight, Result: "refused", Code: "method-not-allowed", Policy: "two", Route: -1}, "PATCH"},
		{"case of a method", core.MustNew(two()), preflight("https://a.example", "put"),
			core.Class{Kind: core.Preflight, Result: "refused", Code: "method-not-allowed", Policy: "two", Route: -1}, "put"},
		{"no token", core.MustNew(wildcard), preflight("https://a.example", "A B"),
			core.Class{Kind: core.Preflight, Result: "refused", Code: "method-not-allowed", Policy: "any", Route: -1}, "A B"},
		{"header", core.MustNew(two()), preflight("https://a.example", "PUT", "x-a", "x-y,x-z"),
			core.Class{Kind: core.Preflight, Result: "refused", Code: "header-not-allowed", Policy: "two", Route: -1}, "x-y"},
		{"a long name", core.MustNew(two()), preflight("https://a.example", "PUT", strings.Repeat("x", 300)),
			core.Class{Kind: core.Preflight, Result: "refused", Code: "header-not-allowed", Policy: "two", Route: -1},
			strings.Repeat("x", 300)},
		{"too many names, all listed", core.MustNew(two()), preflight("https://a.example", "PUT", strings.Repeat("x-a,", 300)),
			core.Class{Kind: core.Preflight, Result: "refused", Code: "header-not-allowed", Policy: "two", Route: -1}, ""},
		{"too many names", core.MustNew(two()), preflight("https://a.example", "PUT", many),
			core.Class{Kind: core.Preflight, Result: "refused", Code: "header-not-allowed", Policy: "two", Route: -1}, ""},
		{"authorization and a wildcard", core.MustNew(wildcard), preflight("https://a.example", "PATCH", "x-a,Authorization"),
			core.Class{Kind: core.Preflight, Result: "refused", Code: "header-not-allowed", Policy: "any", Route: -1}, "Authorization"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got core.Class
			var refused string
			stop := tt.engine.Observe(observer(func(o *core.Observation) {
				got, refused = *o.Class, o.Refused
				if r := core.NewRequest(o.Source()); r.Method != tt.request.Method || !slices.Equal(r.Origin, tt.request.Origin) {
					t.Errorf("the source is %+v, want %+v", r, tt.request)
				}
			}))
			for _, way := range []func(){
				func() { tt.engine.Decide(ctx, tt.request) },
				func() { resolve(tt.engine, &source{Request: tt.request}) },
			} {
				got, refused = core.Class{}, ""
				way()
				if got != tt.want || refused != tt.refused {
					t.Errorf("got %+v %q\nwant %+v %q", got, refused, tt.want, tt.refused)
				}
			}
			stop()
			stop()
			got = core.Class{}
			if tt.engine.Decide(ctx, tt.request); got != (core.Class{}) {
				t.Errorf("observed %+v after stop", got)
			}
		})
	}
}

// TestObserveRoutes: routes that share policies are different classes.
func TestObserveRoutes(t *testing.T) {
	shared := []core.Policy{two()}
	e, err := core.NewRouted(core.Route{Path: "/a/", Policies: shared}, core.Route{Path: "/b/", Policies: shared},
		core.Route{Path: "/c/", Policies: []core.Policy{anyone()}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	e.Observe(observer(func(o *core.Observation) { got = append(got, fmt.Sprint(o.Route, " ", o.Code)) }))
	for _, path := range []string{"/a/", "/b/", "/a/", "/d", "/a/../c/"} {
		r := get("https://a.example")
		r.Path = path
		e.Decide(ctx, r)
	}
	want := []string{"0 origin-allowed", "1 origin-allowed", "0 origin-allowed", "-1 no-route", "-1 path-ambiguous"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestObserveHandshakes(t *testing.T) {
	e := core.MustNew(two())
	var got []string
	e.Observe(observer(func(o *core.Observation) {
		got = append(got, fmt.Sprint(o.Handshake, " ", o.Result, " ", o.Code))
	}))
	own := get("https://own.example")
	own.Host = "own.example"
	for _, r := range []core.Request{get(), own, get("https://a.example"), get("https://e.example")} {
		e.AllowsHandshake(&source{Request: r})
	}
	want := []string{"true not-cors no-origin", "true not-cors same-origin", "true allowed origin-allowed",
		"true refused origin-not-allowed"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestObserversAreCalled checks that all observers are called, in order, until they stop.
func TestObserversAreCalled(t *testing.T) {
	e := core.MustNew(two())
	var calls []string
	note := func(name string) core.Observer {
		return observer(func(*core.Observation) { calls = append(calls, name) })
	}
	first, second := note("first"), note("second")
	stopFirst := e.Observe(first)
	e.Observe(second)
	stopAgain := e.Observe(second)
	e.Observe(nil)()
	var none *core.Engine
	none.Observe(first)()
	none.StopShadow()
	none.Decide(ctx, get())
	resolve(none, &source{Request: get()})

	e.Decide(ctx, get())
	stopFirst()
	stopAgain()
	e.Decide(ctx, get())
	if want := []string{"first", "second", "second", "second"}; !slices.Equal(calls, want) {
		t.Errorf("got %q, want %q", calls, want)
	}
	if e.Explain(ctx, get()); len(calls) != 4 {
		t.Error("Explain is observed")
	}
}

// picky is a ClassObserver that wants some whole observations.
type picky struct {
	wants          bool
	classes, whole int
}

func (p *picky) ObserveClass(*core.Class) bool { p.classes++; return p.wants }

func (p *picky) Observe(context.Context, *core.Observation) { p.whole++ }

// TestWholeObservations checks that a ClassObserver is asked once for each decision, and gets
// the whole observation only if it wants it, whatever others want.
func TestWholeObservations(t *testing.T) {
	for _, shadowed := range []bool{false, true} {
		e := core.MustNew(two())
		if shadowed {
			if err := e.Shadow(two()); err != nil {
				t.Fatal(err)
			}
		}
		observers := []*picky{{wants: false}, {wants: true}, {wants: false}, {wants: true}}
		for _, p := range observers {
			e.Observe(p)
		}
		e.Decide(ctx, get("https://a.example"))
		for i, p := range observers {
			if p.classes != 1 || (p.whole == 1) != p.wants || p.whole > 1 {
				t.Errorf("shadow %v, observer %d: %+v", shadowed, i, *p)
			}
		}
	}
}

// TestObservedNames checks how many names, bytes of names and bytes of one name are examined.
func TestObservedNames(t *testing.T) {
	long := strings.Repeat("a", 256)
	p := two()
	p.AllowHeaders = []string{"x-a", long}
	e := core.MustNew(p)
	var c counter
	e.Observe(&c)
	for _, tt := range []struct {
		name string
		list string
		want core.Result
	}{
		{"256 names", strings.Repeat("x-a,", 255) + "x-a", core.ResultAllowed},
		{"257 names", strings.Repeat("x-a,", 256) + "x-a", core.ResultRefused},
		{"16 KiB", "x-a," + strings.Repeat(" ", 16<<10-4), core.ResultAllowed},
		{"one byte more", "x-a," + strings.Repeat(" ", 16<<10-3), core.ResultRefused},
		{"a name of 256 bytes", strings.ToUpper(long), core.ResultAllowed},
		{"a name of 257 bytes", strings.ToUpper(long) + "A", core.ResultRefused},
	} {
		r := preflight("https://a.example", "PUT")
		r.AccessControlRequestHeaders = []string{tt.list}
		e.Decide(ctx, r)
		if got := c.last.Load().Result; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestClassesAreKept checks that equal decisions have the same class until a reload.
func TestClassesAreKept(t *testing.T) {
	e := core.MustNew(two())
	var c counter
	e.Observe(&c)
	seen := make(map[*core.Class]bool)
	for range 3 {
		for _, origin := range []string{"https://a.example", "https://b.example"} {
			e.Decide(ctx, get(origin))
			seen[c.last.Load()] = true
		}
	}
	if len(seen) != 1 || c.n.Load() != 6 {
		t.Errorf("%d classes for %d decisions, want 1 for 6", len(seen), c.n.Load())
	}
}

// panics is an Observer that panics.
type panics struct{ value any }

func (p panics) Observe(context.Context, *core.Observation) { panic(p.value) }

// TestObserverPanics checks that a panic affects neither the request nor other observers,
// and is logged once.
func TestObserverPanics(t *testing.T) {
	var log bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(old)

	e := core.MustNew(two())
	e.Observe(panics{"\x1b[2J"})
	var c counter
	e.Observe(&c)
	after := 0
	e.Observe(observer(func(*core.Observation) { after++ }))
	bad := two()
	bad.AllowOriginFunc = func(context.Context, core.Request) bool { panic("no database") }
	for range 2 { // the second is another shadow
		if err := e.Shadow(bad); err != nil {
			t.Fatal(err)
		}
		e.Decide(ctx, get("https://e.example"))
	}
	if got := strings.Count(log.String(), "an AllowOriginFunc of the shadow policies panicked"); got != 2 {
		t.Errorf("%d panics of two shadows were logged", got)
	}
	for range 3 {
		if d := e.Decide(ctx, get("https://e.example")); d.Allowed {
			t.Errorf("got %+v", d)
		}
	}
	if c.n.Load() != 5 || after != 5 || c.last.Load().Shadow != "" {
		t.Errorf("the others were called %d and %d times, with %+v", c.n.Load(), after, c.last.Load())
	}
	if strings.Count(log.String(), "an observer of type core_test.panics panicked") != 1 {
		t.Errorf("the log must name the observer once:\n%s", log.String())
	}
	if strings.Contains(log.String(), "\x1b") {
		t.Errorf("the log contains the panic value unquoted: %q", log.String())
	}
}

// brokenLog is a handler that panics.
type brokenLog struct{ slog.Handler }

func (brokenLog) Enabled(context.Context, slog.Level) bool { panic("no log") }

// TestPanicsOfLog checks that a request survives if the log panics too.
func TestPanicsOfLog(t *testing.T) {
	old := slog.Default()
	slog.SetDefault(slog.New(brokenLog{}))
	defer slog.SetDefault(old)
	e := core.MustNew(two())
	e.Observe(panics{"again"})
	if d := e.Decide(ctx, get("https://a.example")); !d.Allowed {
		t.Errorf("got %+v", d)
	}
}

// TestManyRoutesAreClasses checks that routes with the same policies do not share a list of
// classes, and that known classes cost no allocation.
func TestManyRoutesAreClasses(t *testing.T) {
	shared := []core.Policy{two()}
	routes := make([]core.Route, 600)
	for i := range routes {
		routes[i] = core.Route{Path: fmt.Sprintf("/%d/", i), Policies: shared}
	}
	e, err := core.NewRouted(routes...)
	if err != nil {
		t.Fatal(err)
	}
	var c counter
	e.Observe(&c)
	seen := make(map[*core.Class]int)
	for range 2 {
		for i := range routes {
			r := get("https://a.example")
			r.Path = routes[i].Path
			e.Decide(ctx, r)
			seen[c.last.Load()] = c.last.Load().Route
		}
	}
	if len(seen) != len(routes) {
		t.Errorf("%d classes, want %d", len(seen), len(routes))
	}
	last := get("https://a.example")
	last.Path = "/599/"
	src := &source{Request: last, asked: make([]string, 0, 16)}
	var out core.Outcome
	if n := testing.AllocsPerRun(100, func() { e.Resolve(src, &out) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestWatchConcurrently changes policies, shadow policies and observers while requests
// are decided.
func TestWatchConcurrently(t *testing.T) {
	e := core.MustNew(two())
	var c counter
	e.Observe(&c)
	wider := two()
	wider.AllowOrigins = append(wider.AllowOrigins, "https://c.example")
	const rounds = 300
	var wg sync.WaitGroup
	for _, act := range []func() error{
		func() error { e.Decide(ctx, get("https://c.example")); return nil },
		func() error { resolve(e, &source{Request: preflight("https://a.example", "PATCH")}); return nil },
		func() error { return e.Reload(wider) },
		func() error { return e.Reload(two()) },
		func() error { return e.Shadow(wider) },
		func() error { e.StopShadow(); return nil },
		func() error {
			e.Observe(observer(func(o *core.Observation) {
				if (o.Shadow == "") != (o.ShadowClass == nil) {
					t.Errorf("%+v", o)
				}
			}))()
			return nil
		},
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
	if c.n.Load() != 2*rounds {
		t.Errorf("%d decisions were observed, want %d", c.n.Load(), 2*rounds)
	}
}

func TestObserveAllocations(t *testing.T) {
	shadowed := core.MustNew(cred())
	if err := shadowed.Shadow(two()); err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]*core.Engine{"alone": core.MustNew(cred()), "shadowed": shadowed} {
		for _, o := range []core.Observer{new(counter), observer(func(*core.Observation) {})} {
			stop := e.Observe(o)
			for _, r := range []core.Request{get(), get("https://a.example"), get("https://e.example"),
				preflight("https://a.example", "PUT", "X-A"), preflight("https://a.example", "PATCH", "x-z")} {
				src := &source{Request: r, asked: make([]string, 0, 16)}
				var out core.Outcome
				if n := testing.AllocsPerRun(100, func() { e.Resolve(src, &out) }); n != 0 {
					t.Errorf("%s, %T, %+v: %v allocations", name, o, r, n)
				}
			}
			stop()
		}
	}
}

// BenchmarkObserve measures what observers and shadow policies cost.
func BenchmarkObserve(b *testing.B) {
	wider := cred()
	wider.AllowOrigins = append(wider.AllowOrigins, "https://c.example")
	watchers := []struct {
		name     string
		observer core.Observer
		shadow   bool
	}{
		{"nobody", nil, false}, {"class", new(counter), false}, {"whole", observer(func(*core.Observation) {}), false},
		{"shadow", new(counter), true}, {"shadow-whole", observer(func(*core.Observation) {}), true},
	}
	for name, r := range map[string]core.Request{
		"no-origin": get(), "actual": get("https://a.example"), "refused": get("https://e.example"),
		"preflight": preflight("https://a.example", "PUT", "x-a"),
	} {
		for _, w := range watchers {
			b.Run(name+"/"+w.name, func(b *testing.B) {
				e := core.MustNew(cred())
				e.Observe(w.observer)
				if w.shadow {
					if err := e.Shadow(wider); err != nil {
						b.Fatal(err)
					}
				}
				src := requestSource{r}
				b.ReportAllocs()
				var o core.Outcome
				for b.Loop() {
					e.Resolve(&src, &o)
				}
			})
		}
	}
}

// requestSource is a Request as a Source.
type requestSource struct{ core.Request }

func (s *requestSource) Context() context.Context { return ctx }
func (s *requestSource) Method() string           { return s.Request.Method }
func (s *requestSource) Transient() bool          { return false }
func (s *requestSource) Target() core.Target      { return core.Target{Host: s.Host, Path: s.Path} }
func (s *requestSource) Lines(name string) []string {
	switch name {
	case "Origin":
		return s.Origin
	case "Access-Control-Request-Method":
		return s.AccessControlRequestMethod
	case "Access-Control-Request-Headers":
		return s.AccessControlRequestHeaders
	default:
		return nil
	}
}
