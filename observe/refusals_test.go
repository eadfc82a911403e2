package observe_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

// observer is an Observer that calls a function.
type observer func(context.Context, *core.Observation)

func (f observer) Observe(ctx context.Context, o *core.Observation) { f(ctx, o) }

const app = "https://app.example.com"

func preflight(origin, method string, names ...string) core.Request {
	return core.Request{
		Method: "OPTIONS", Host: "api.example.com", Path: "/items/1", Origin: []string{origin},
		AccessControlRequestMethod: []string{method}, AccessControlRequestHeaders: names,
	}
}

// refuse makes an engine decide requests, and returns what Refusals remember.
func refuse(e *core.Engine, requests ...core.Request) []observe.Refusal {
	var r observe.Refusals
	defer e.Observe(&r)()
	for _, request := range requests {
		e.Decide(ctx, request)
	}
	return r.Snapshot()
}

func TestRefusals(t *testing.T) {
	rejecting := policy()
	rejecting.RejectDisallowed = true
	own := get("https://own.example")
	own.Host = "own.example"
	twice := get(app)
	twice.Origin = append(twice.Origin, "https://other.example")
	long := get("https://" + strings.Repeat("ä", 500))
	malformed := get("https://app.example.com\n\xff")
	stranger := get("https://stranger.example")
	tests := []struct {
		name    string
		policy  core.Policy
		request core.Request
		want    []observe.Refusal // Origin, Kind, Code, Refused and Policy
	}{
		{"no origin", policy(), core.Request{Method: "GET"}, nil},
		{"allowed", policy(), get(app), nil},
		{"an allowed preflight", policy(), preflight(app, "PUT"), nil},
		{"an own page", policy(), own, nil},
		{"refused", policy(), stranger,
			[]observe.Refusal{{Origin: "https://stranger.example", Kind: core.Actual, Code: core.CodeOriginNotAllowed}}},
		{"rejected", rejecting, stranger,
			[]observe.Refusal{{Origin: "https://stranger.example", Kind: core.Actual, Code: core.CodeOriginNotAllowed}}},
		{"two origins", policy(), twice, []observe.Refusal{{Origin: app, Kind: core.Actual, Code: core.CodeOriginRepeated}}},
		{"malformed", policy(), malformed,
			[]observe.Refusal{{Origin: "https://app.example.com\n\xff", Kind: core.Actual, Code: core.CodeOriginNotAllowed}}},
		{"long", policy(), long,
			[]observe.Refusal{{Origin: "https://" + strings.Repeat("ä", 154) + "…", Kind: core.Actual, Code: core.CodeOriginNotAllowed}}},
		{"method", policy(), preflight(app, "PATCH"),
			[]observe.Refusal{{Origin: app, Kind: core.Preflight, Code: core.CodeMethodNotAllowed, Refused: "PATCH", Policy: "app"}}},
		{"header", policy(), preflight(app, "PUT", "x-a,x-b"),
			[]observe.Refusal{{Origin: app, Kind: core.Preflight, Code: core.CodeHeaderNotAllowed, Refused: "x-a", Policy: "app"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := refuse(core.MustNew(tt.policy), tt.request, tt.request)
			for i := range tt.want {
				tt.want[i].Route, tt.want[i].Count = -1, 2
			}
			for i := range got {
				if got[i].First.IsZero() || got[i].Last.Before(got[i].First) {
					t.Errorf("first seen %v, last seen %v", got[i].First, got[i].Last)
				}
				if x := got[i].Explain(ctx, core.MustNew(tt.policy)); x.Browser.Allowed || x.Decision.Kind != got[i].Kind {
					t.Errorf("the explanation is about another request:\n%v", x)
				}
				got[i].First, got[i].Last, got[i].Request = time.Time{}, time.Time{}, core.Request{}
			}
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// TestRefusalsDiffer checks that each part of a refusal's identity makes another refusal,
// and that the rest of a request, or a reload, does not.
func TestRefusalsDiffer(t *testing.T) {
	route := func(path string) core.Route { return core.Route{Path: path, Policies: []core.Policy{policy()}} }
	e, err := core.NewRouted(route("/a/"), route("/b/"))
	if err != nil {
		t.Fatal(err)
	}
	at := func(r core.Request, path string) core.Request {
		r.Path = path
		return r
	}
	requests := []core.Request{
		at(get("https://x.example"), "/a/"), at(get("https://y.example"), "/a/"), at(get("https://x.example"), "/b/"),
		at(get("https://x.example"), "/c"), at(preflight("https://x.example", "PUT"), "/a/"),
		at(preflight(app, "PATCH"), "/a/"), at(preflight(app, "QUERY"), "/a/"), at(preflight(app, "PATCH"), "/b/"),
		at(preflight(app, "PUT", "x-a"), "/a/"), at(preflight(app, "PUT", "x-b"), "/a/"),
	}
	same := []core.Request{
		at(get("https://x.example"), "/a/another"),
		at(preflight(app, "DELETE", "x-a"), "/a/")} // refused for DELETE
	got := refuse(e, append(requests, same...)...)
	if want := len(requests) + 1; len(got) != want {
		t.Errorf("%d refusals, want %d:\n%+v", len(got), want, got)
	}
	if first := got[0]; first.Origin != "https://x.example" || first.Route != 0 || first.Count != 2 {
		t.Errorf("first is %+v", first)
	}

	shadow := policy()
	shadow.AllowOrigins = []string{"*"}
	single := core.MustNew(policy())
	r := observe.NewRefusals(0)
	single.Observe(r)
	for range 3 {
		single.Decide(ctx, get("https://x.example"))
		single.Decide(ctx, preflight(app, "PATCH"))
		if err := errors.Join(single.Reload(policy()), single.Shadow(shadow)); err != nil {
			t.Fatal(err)
		}
	}
	renamed := policy()
	renamed.Name = "renamed"
	if err := single.Reload(renamed); err != nil {
		t.Fatal(err)
	}
	single.Decide(ctx, preflight(app, "PATCH"))
	if got := r.Snapshot(); len(got) != 3 || got[0].Count != 3 || got[1].Count != 3 || got[2].Policy != "renamed" {
		t.Errorf("after reloads: %+v", got)
	}
}

// TestRefusalsAgainstExactCounts compares Refusals with exact counts.
func TestRefusalsAgainstExactCounts(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 0))
		k, distinct, n := 1+random.IntN(40), 1+random.IntN(400), 1+random.IntN(5000)
		zipf := rand.NewZipf(random, 1.01+random.Float64(), 1, uint64(distinct))
		r := observe.NewRefusals(k)
		e := core.MustNew(policy())
		e.Observe(r)
		exact := make(map[string]uint64)
		for range n {
			i := zipf.Uint64()
			if random.IntN(2) == 0 { // an even stream as well
				i = random.Uint64N(uint64(distinct))
			}
			request := get(fmt.Sprintf("https://%d.example", i))
			if i%3 == 0 {
				request = preflight(app, fmt.Sprint("M", i))
			}
			e.Decide(ctx, request)
			exact[identity(request.Origin[0], request.AccessControlRequestMethod...)]++
		}
		checkGuarantees(t, fmt.Sprintf("seed %d, k %d, n %d", seed, k, n), r.Snapshot(), exact, k, n)
	}
}

func identity(origin string, method ...string) string { return origin + " " + strings.Join(method, "") }

// checkGuarantees checks what the Space-Saving algorithm promises.
func checkGuarantees(t *testing.T, name string, got []observe.Refusal, exact map[string]uint64, k, n int) {
	t.Helper()
	kept := make(map[string]bool)
	sum := uint64(0)
	for i, r := range got {
		id := identity(r.Origin, r.Refused)
		if exact[id] < r.Count-r.MaxError || exact[id] > r.Count || r.MaxError > uint64(n/k) {
			t.Errorf("%s: %s was refused %d times; got %d, at most %d too many", name, id, exact[id], r.Count, r.MaxError)
		}
		if i > 0 && r.Count-r.MaxError > got[i-1].Count-got[i-1].MaxError {
			t.Errorf("%s: not the most refused first", name)
		}
		if kept[id] {
			t.Errorf("%s: %s occurs twice", name, id)
		}
		if identity(r.Request.Origin[0], r.Request.AccessControlRequestMethod...) != id {
			t.Errorf("%s: %s has the request %+v", name, id, r.Request)
		}
		kept[id] = true
		sum += r.Count
	}
	if sum != uint64(n) || len(got) != min(k, len(exact)) {
		t.Errorf("%s: %d refusals with %d requests", name, len(got), sum)
	}
	for id, count := range exact {
		if count > uint64(n/k) && !kept[id] {
			t.Errorf("%s: %s was refused %d times and is not remembered", name, id, count)
		}
	}
}

// hostile returns request i of a client that tries to fill the memory.
func hostile(i int) core.Request {
	long := strings.Repeat("x", 1100)
	r := preflight(fmt.Sprintf("https://%d.%s", i, long), long, long, long)
	r.Host, r.Path, r.RawPath = long, long, long
	r.AccessControlRequestPrivateNetwork, r.SecFetchSite = []string{long, long}, []string{long, long}
	return r
}

func TestRefusalsAreBounded(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	e := core.MustNew(policy())
	r := observe.NewRefusals(100)
	request := hostile(0)
	before := liveHeap()
	e.Observe(r)
	for i := range n {
		request.Origin[0] = fmt.Sprintf("https://%d%s", i, request.Host)
		e.Decide(ctx, request)
	}
	if kept := liveHeap() - before; kept > 1<<20 {
		t.Errorf("%d bytes are kept", kept)
	}
	got := r.Snapshot()
	if len(got) != 100 || got[0].Count > uint64(n/100+1) {
		t.Errorf("%d refusals, the first has count %d", len(got), got[0].Count)
	}
	size := 0
	for _, s := range stringsOf(got[0].Request) {
		size += len(s)
	}
	if size > 4<<10 {
		t.Errorf("a request has %d bytes", size)
	}
	runtime.KeepAlive(request)
}

func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // empties pools, too
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// stringsOf returns all strings of a request.
func stringsOf(r core.Request) []string {
	return slices.Concat([]string{r.Method, r.Host, r.Path, r.RawPath}, r.Origin, r.AccessControlRequestMethod,
		r.AccessControlRequestHeaders, r.AccessControlRequestPrivateNetwork, r.SecFetchSite)
}

func TestRefusalsDoNotAllocate(t *testing.T) {
	observeTwo(func(a, b *core.Observation) {
		r := observe.NewRefusals(1)
		for name, f := range map[string]func(){
			"known": func() { r.Observe(ctx, a) },
			"new":   func() { r.Observe(ctx, a); r.Observe(ctx, b) }, // they take the place of each other
		} {
			f()
			if got := testing.AllocsPerRun(100, f); got != 0 {
				t.Errorf("%s: %v allocations, want 0", name, got)
			}
		}
	})
}

// observeTwo calls f with two refusals.
func observeTwo(f func(a, b *core.Observation)) {
	outer, inner := core.MustNew(policy()), core.MustNew(policy())
	outer.Observe(observer(func(_ context.Context, a *core.Observation) {
		defer inner.Observe(observer(func(_ context.Context, b *core.Observation) { f(a, b) }))()
		inner.Decide(ctx, preflight("https://b.example", "PUT", "x-a"))
	}))
	outer.Decide(ctx, preflight("https://a.example", "PUT", "x-a"))
}

func TestRefusalsAreSafeForConcurrentUse(t *testing.T) {
	const workers, rounds = 4, 500
	e := core.MustNew(policy())
	r := observe.NewRefusals(20)
	e.Observe(r)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				e.Decide(ctx, get(fmt.Sprintf("https://x%d.example", i%(10*w+10))))
				if i%100 == 0 {
					for _, refusal := range r.Snapshot() {
						refusal.Explain(ctx, e)
					}
					if err := e.Reload(policy()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	sum := uint64(0)
	for _, refusal := range r.Snapshot() {
		sum += refusal.Count
	}
	if sum != workers*rounds {
		t.Errorf("counted %d, want %d", sum, workers*rounds)
	}
}

func TestRefusalTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		e := core.MustNew(policy())
		r := observe.NewRefusals(1)
		e.Observe(r)
		decide := func(origin, path string, after time.Duration) observe.Refusal {
			time.Sleep(after)
			synctest.Wait() // for the timer of the clock
			request := get(origin)
			request.Path = path
			e.Decide(ctx, request)
			return r.Snapshot()[0]
		}
		check := func(got observe.Refusal, path string, count uint64, first, last time.Duration) {
			t.Helper()
			if got.Request.Path != path || got.Count != count || got.First.Sub(start) != first || got.Last.Sub(start) != last {
				t.Errorf("%s, count %d, first seen after %v, last after %v; want %s, %d, %v, %v", got.Request.Path, got.Count,
					got.First.Sub(start), got.Last.Sub(start), path, count, first, last)
			}
		}
		check(decide("https://a.example", "/1", 0), "/1", 1, 0, 0)
		check(decide("https://a.example", "/2", 50*time.Millisecond), "/1", 2, 0, 0) // within a tenth of a second
		check(decide("https://a.example", "/3", time.Hour), "/3", 3, 0, time.Hour+50*time.Millisecond)
		check(decide("https://b.example", "/4", time.Second), "/4", 4, time.Hour+1050*time.Millisecond, time.Hour+1050*time.Millisecond)
		check(decide("https://a.example", "/5", 0), "/5", 5, time.Hour+1050*time.Millisecond, time.Hour+1050*time.Millisecond)
		time.Sleep(time.Second) // let the timer end
	})
}

// transient is a Source whose strings share a buffer that is reused.
type transient struct {
	request core.Request
	buffer  []byte
}

func (s *transient) string(value string) string {
	if value == "" {
		return ""
	}
	from := len(s.buffer)
	s.buffer = append(s.buffer, value...) // has enough capacity
	return unsafe.String(&s.buffer[from], len(value))
}

func (s *transient) Context() context.Context { return ctx }
func (s *transient) Method() string           { return s.string(s.request.Method) }
func (s *transient) Transient() bool          { return true }

func (s *transient) Target() core.Target {
	r := s.request
	return core.Target{Host: s.string(r.Host), Path: s.string(r.Path), RawPath: s.string(r.RawPath), FoldPath: r.FoldPath}
}

func (s *transient) Lines(name string) (lines []string) {
	r := s.request
	for _, line := range map[string][]string{
		"Origin": r.Origin, "Access-Control-Request-Method": r.AccessControlRequestMethod,
		"Access-Control-Request-Headers":         r.AccessControlRequestHeaders,
		"Access-Control-Request-Private-Network": r.AccessControlRequestPrivateNetwork, "Sec-Fetch-Site": r.SecFetchSite,
	}[name] {
		lines = append(lines, s.string(line))
	}
	return lines
}

func TestRefusalsKeepCopies(t *testing.T) {
	request := core.Request{
		Method: "OPTIONS", Host: "api.example.com", Path: "/items/1?token=secret", RawPath: "/items%2F1?token=secret", FoldPath: true,
		Origin:                             []string{"https://x.example"},
		AccessControlRequestMethod:         []string{"PUT", "PATCH"},
		AccessControlRequestHeaders:        []string{"x-a", "", "x-b"},
		AccessControlRequestPrivateNetwork: []string{"true"},
		SecFetchSite:                       []string{"cross-site"},
	}
	want := request
	want.Path, want.RawPath = "/items/1", "/items%2F1"
	e := core.MustNew(policy())
	r := observe.NewRefusals(5)
	e.Observe(r)
	src := &transient{request, make([]byte, 0, 1<<16)}
	e.Resolve(src, new(core.Outcome))
	clear(src.buffer)
	got := r.Snapshot()
	if len(got) != 1 || got[0].Origin != want.Origin[0] || fmt.Sprintf("%#v", got[0].Request) != fmt.Sprintf("%#v", want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}

// TestRefusalsSurviveAPanic observes a Source that panics after the decision.
func TestRefusalsSurviveAPanic(t *testing.T) {
	old := slog.Default()
	defer slog.SetDefault(old)
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the engine logs the panic
	synctest.Test(t, func(t *testing.T) {
		e := core.MustNew(policy())
		r := observe.NewRefusals(1)
		e.Observe(r)
		src := &panicking{transient{preflight("https://x.example", "PUT", "x-a"), make([]byte, 0, 1<<16)}, false}
		e.Resolve(src, new(core.Outcome))
		time.Sleep(time.Second)
		synctest.Wait()
		src.request.Host, src.panics = strings.Repeat("h", 200), true
		e.Resolve(src, new(core.Outcome))
		if got := r.Snapshot(); len(got) != 1 || got[0].Count != 2 || got[0].Request.Method != "" {
			t.Errorf("after a panic: %+v", got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		src.panics = false
		e.Resolve(src, new(core.Outcome))
		if got := r.Snapshot(); got[0].Count != 3 || got[0].Request.Host != src.request.Host {
			t.Errorf("later: %+v", got)
		}
		time.Sleep(time.Second) // let the timer end
	})
}

// panicking is a Source that panics for a field that decisions do not need.
type panicking struct {
	transient
	panics bool
}

func (s *panicking) Lines(name string) []string {
	if s.panics && name == "Access-Control-Request-Private-Network" {
		panic("no such field")
	}
	return s.transient.Lines(name)
}

func TestLongValuesAreCut(t *testing.T) {
	for shift := range 4 {
		r := hostile(1)
		wide := strings.Repeat("x", shift) + strings.Repeat("\U0001F600", 1000)
		r.Host, r.Path, r.AccessControlRequestMethod[0], r.AccessControlRequestHeaders[0] = wide, wide, wide, wide
		got := refuse(core.MustNew(core.Policy{AllowOrigins: []string{"*"}}), r)[0]
		for _, s := range append(stringsOf(got.Request), got.Origin, got.Refused) {
			if s != "" && s != "OPTIONS" && !strings.HasSuffix(s, "…") || !utf8.ValidString(s) {
				t.Errorf("%q is not cut between runes, or has no mark", s)
			}
		}
	}
	few := refuse(core.MustNew(policy()), preflight(app, "PUT", slices.Repeat([]string{"x-a"}, 1000)...))[0]
	if n := len(few.Request.AccessControlRequestHeaders); n != 17 {
		t.Errorf("%d lines are kept, want 17", n)
	}
}

func FuzzRefusals(f *testing.F) {
	f.Add("https://x.example", "PUT", "x-a", "x-b", "/items?q", "api.example.com")
	f.Add(strings.Repeat("ä", 400), strings.Repeat("\xff", 200), strings.Repeat("x,", 2000), "", "?", "")
	e := core.MustNew(policy())
	f.Fuzz(func(t *testing.T, origin, method, names, more, path, host string) {
		r := preflight(origin, method, names, more)
		r.Path, r.Host = path, host
		allowed := e.Explain(ctx, r).Browser.Allowed
		got := refuse(e, r, r)
		if allowed != (len(got) == 0) {
			t.Fatalf("allowed is %v, but refusals are %+v", allowed, got)
		}
		for _, refusal := range got {
			if refusal.Count != 2 || refusal.Explain(ctx, e).Browser.Allowed {
				t.Errorf("the kept request is another: %+v", refusal)
			}
		}
	})
}

func BenchmarkRefusals(b *testing.B) {
	const many = 1 << 16
	for _, origins := range []int{1, 50, many} {
		requests := make([]core.Request, origins)
		for i := range requests {
			requests[i] = get(fmt.Sprintf("https://x%d.example.com", i))
		}
		observers := map[string]core.Observer{
			"nothing":  observer(func(context.Context, *core.Observation) {}),
			"refusals": observe.NewRefusals(100),
		}
		for _, name := range slices.Sorted(maps.Keys(observers)) {
			b.Run(fmt.Sprint(name, "/origins=", origins), func(b *testing.B) {
				e := core.MustNew(policy())
				e.Observe(observers[name])
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					e.Decide(ctx, requests[i%origins])
				}
			})
		}
	}
}
