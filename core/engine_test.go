package core_test

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
)

var ctx = context.Background()

func two() core.Policy {
	return core.Policy{
		Name: "two", AllowOrigins: []string{"https://a.example", "https://b.example"},
		AllowMethods: []string{"put", "DELETE"}, AllowHeaders: []string{"X-A", "x-b", "Authorization"},
		ExposeHeaders: []string{"X-E"}, MaxAge: 10 * time.Minute,
	}
}

func cred() core.Policy {
	p := two()
	p.Name, p.AllowCredentials = "cred", true
	return p
}

func anyone() core.Policy {
	return core.Policy{Name: "any", AllowOrigins: []string{"*"}, ExposeHeaders: []string{"x-e"}}
}

func get(origin ...string) core.Request { return core.Request{Method: "GET", Origin: origin} }

func preflight(origin, method string, headers ...string) core.Request {
	return core.Request{
		Method: "OPTIONS", Origin: []string{origin},
		AccessControlRequestMethod: []string{method}, AccessControlRequestHeaders: headers,
	}
}

func TestDecide(t *testing.T) {
	allAny := core.Policy{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*", "authorization"},
		ExposeHeaders: []string{"*"}}
	allCred := core.Policy{Name: "all", AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"*"},
		AllowHeaders: []string{"*"}, AllowCredentials: true}
	reject := two()
	reject.RejectDisallowed = true
	private := two()
	private.AllowPrivateNetwork = true
	byFunc := core.Policy{Name: "func", AllowOriginFunc: func(_ context.Context, r core.Request) bool {
		return strings.HasSuffix(r.Origin[0], "f.example") || r.Origin[0] == "null" || r.Origin[0] == "bad"
	}}
	credFunc := byFunc
	credFunc.AllowCredentials, credFunc.DangerouslyAllowNullOrigin = true, true
	nullFunc := byFunc
	nullFunc.DangerouslyAllowNullOrigin = true
	noCache := two()
	noCache.MaxAge = core.NoPreflightCache
	null := core.Policy{AllowOrigins: []string{"null"}, DangerouslyAllowNullOrigin: true}

	const pfVary = "Origin, Access-Control-Request-Method"
	actualA := core.Decision{Kind: core.Actual, Allowed: true, Code: core.CodeOriginAllowed, Policy: "two",
		AllowOrigin: "https://a.example", ExposeHeaders: "x-e", Vary: "Origin"}
	credA := actualA
	credA.Policy, credA.AllowCredentials = "cred", "true"
	refused := core.Decision{Kind: core.Actual, Code: core.CodeOriginNotAllowed, Vary: "Origin"}
	absent := core.Decision{Kind: core.NotCORS, Code: core.CodeNoOrigin, Vary: "Origin"}
	pfA := core.Decision{
		Kind: core.Preflight, Allowed: true, Status: 204, Code: core.CodeOriginAllowed, Policy: "two", AllowOrigin: "https://a.example",
		AllowMethods: "PUT, DELETE", AllowHeaders: "x-a, x-b, authorization", MaxAge: "600", Vary: pfVary,
	}
	pfCred := pfA
	pfCred.Policy, pfCred.AllowCredentials = "cred", "true"
	pfNoCache := pfA
	pfNoCache.MaxAge = "0"
	denied := core.Decision{Kind: core.Preflight, Status: 403, Code: core.CodeOriginNotAllowed, Vary: pfVary}
	echoVary := pfVary + ", Access-Control-Request-Headers"
	echo := core.Decision{
		Kind: core.Preflight, Allowed: true, Status: 204, Code: core.CodeOriginAllowed, Policy: "all", AllowOrigin: "https://a.example",
		AllowCredentials: "true", AllowMethods: "PURGE", AllowHeaders: "x-a,x-b", Vary: echoVary,
	}
	with := func(d core.Decision, change func(*core.Decision)) core.Decision { change(&d); return d }
	deniedAll := func(c core.Code) core.Decision {
		return core.Decision{Kind: core.Preflight, Status: 403, Code: c, Policy: "all", Vary: echoVary}
	}
	rejected := with(refused, func(d *core.Decision) { d.Status = 403 })
	spared := with(refused, func(d *core.Decision) { d.Code = core.CodeSameOrigin })
	privateVary := pfVary + ", Access-Control-Request-Private-Network"

	tests := []struct {
		name     string
		policies []core.Policy
		request  core.Request
		want     core.Decision
	}{
		{"no origin", []core.Policy{two()}, get(), absent},
		{"no origin, any", []core.Policy{anyone()}, get(),
			core.Decision{Kind: core.NotCORS, Allowed: true, Code: core.CodeAnyOrigin, Policy: "any", AllowOrigin: "*",
				ExposeHeaders: "x-e"}},
		{"OPTIONS with a method, no origin", []core.Policy{two()},
			core.Request{Method: "OPTIONS", AccessControlRequestMethod: []string{"PUT"}}, absent},
		{"GET with a method", []core.Policy{two()},
			core.Request{Method: "GET", Origin: []string{"https://a.example"}, AccessControlRequestMethod: []string{"PUT"}}, actualA},
		{"OPTIONS without a method", []core.Policy{two()}, core.Request{Method: "OPTIONS", Origin: []string{"https://a.example"}}, actualA},
		{"lower-case options", []core.Policy{two()},
			core.Request{Method: "options", Origin: []string{"https://a.example"}, AccessControlRequestMethod: []string{"PUT"}}, actualA},
		{"empty origin", []core.Policy{two()}, get(""), refused},
		{"allowed", []core.Policy{two()}, get("https://a.example"), actualA},
		{"allowed, credentials", []core.Policy{cred()}, get("https://a.example"), credA},
		{"refused", []core.Policy{two()}, get("https://e.example"), refused},
		{"two lines", []core.Policy{two()}, get("https://a.example", "https://a.example"),
			with(refused, func(d *core.Decision) { d.Code = core.CodeOriginRepeated })},
		{"any", []core.Policy{anyone()}, get("https://e.example"),
			core.Decision{Kind: core.Actual, Allowed: true, Code: core.CodeAnyOrigin, Policy: "any", AllowOrigin: "*",
				ExposeHeaders: "x-e"}},
		{"any, malformed", []core.Policy{anyone()}, get("bad", "worse"),
			core.Decision{Kind: core.Actual, Allowed: true, Code: core.CodeAnyOrigin, Policy: "any", AllowOrigin: "*",
				ExposeHeaders: "x-e"}},
		{"null", []core.Policy{null}, get("null"),
			core.Decision{Kind: core.Actual, Allowed: true, Code: core.CodeOriginAllowed, Policy: "default",
				AllowOrigin: "null", Vary: "Origin"}},

		{"preflight", []core.Policy{two()}, preflight("https://a.example", "PUT", "x-a"), pfA},
		{"preflight, anything asked", []core.Policy{two()}, preflight("https://a.example", "PUT, DELETE", strings.Repeat(",", 1<<20)), pfA},
		{"preflight, credentials", []core.Policy{cred()}, preflight("https://a.example", "PUT"), pfCred},
		{"preflight, refused", []core.Policy{two()}, preflight("https://e.example", "PUT"), denied},
		{"preflight, empty origin", []core.Policy{two()}, preflight("", "PUT"), denied},
		{"preflight, empty method", []core.Policy{two()}, preflight("https://a.example", ""), pfA},
		{"preflight, null", []core.Policy{two()}, preflight("null", "PUT"), denied},
		{"preflight, no cache", []core.Policy{noCache}, preflight("https://a.example", "PUT"), pfNoCache},
		{"preflight, any", []core.Policy{allAny}, preflight("https://e.example", "PUT"), core.Decision{
			Kind: core.Preflight, Allowed: true, Status: 204, Code: core.CodeAnyOrigin, Policy: "default", AllowOrigin: "*",
			AllowMethods: "*", AllowHeaders: "*, authorization", Vary: "Access-Control-Request-Method"}},

		{"echo", []core.Policy{allCred}, preflight("https://a.example", "PURGE", "x-a,x-b"), echo},
		{"echo two lines", []core.Policy{allCred}, preflight("https://a.example", "PURGE", "x-a", "x-b"), echo},
		{"echo nothing", []core.Policy{allCred}, preflight("https://a.example", "PURGE"),
			with(echo, func(d *core.Decision) { d.AllowHeaders = "" })},
		{"echo list of methods", []core.Policy{allCred}, preflight("https://a.example", "PUT, GET"), deniedAll(core.CodeMethodNotEchoed)},
		{"echo forbidden method", []core.Policy{allCred}, preflight("https://a.example", "TRACE"), deniedAll(core.CodeMethodNotEchoed)},
		{"echo long method", []core.Policy{allCred}, preflight("https://a.example", strings.Repeat("A", 65)),
			deniedAll(core.CodeMethodNotEchoed)},
		{"echo two methods", []core.Policy{allCred},
			core.Request{Method: "OPTIONS", Origin: []string{"https://a.example"},
				AccessControlRequestMethod: []string{"PUT", "PUT"}}, deniedAll(core.CodeMethodNotEchoed)},
		{"echo names that are not tokens", []core.Policy{allCred}, preflight("https://a.example", "PUT", "x-a, x b"),
			deniedAll(core.CodeHeadersNotEchoed)},
		{"echo 16 empty", []core.Policy{allCred}, preflight("https://a.example", "PURGE", "x-a"+strings.Repeat(",", 16)+",x-b"),
			with(echo, func(d *core.Decision) { d.AllowHeaders = "x-a" + strings.Repeat(",", 16) + ",x-b" })},
		{"echo 17 empty", []core.Policy{allCred}, preflight("https://a.example", "PURGE", "x-a"+strings.Repeat(",", 17)+",x-b"),
			with(deniedAll(core.CodeHeadersNotEchoed), func(*core.Decision) {})},
		{"echo too long", []core.Policy{allCred}, preflight("https://a.example", "PUT", strings.Repeat("a", 1025)),
			deniedAll(core.CodeHeadersNotEchoed)},
		{"echo too many lines", []core.Policy{allCred}, preflight("https://a.example", "PUT", make([]string, 17)...),
			deniedAll(core.CodeHeadersNotEchoed)},

		{"reject", []core.Policy{reject}, get("https://e.example"), rejected},
		{"reject, allowed", []core.Policy{reject}, get("https://a.example"), actualA},
		{"reject, no origin", []core.Policy{reject}, get(), absent},
		{"reject, same origin by Sec-Fetch-Site", []core.Policy{reject},
			core.Request{Method: "POST", Origin: []string{"https://e.example"}, SecFetchSite: []string{"same-origin"}}, spared},
		{"reject, cross-site with a matching Host", []core.Policy{reject},
			core.Request{Method: "POST", Origin: []string{"https://e.example"}, Host: "e.example",
				SecFetchSite: []string{"cross-site"}}, rejected},
		{"reject, same-site", []core.Policy{reject},
			core.Request{Method: "POST", Origin: []string{"https://e.example"}, Host: "e.example",
				SecFetchSite: []string{"same-site"}}, rejected},
		{"reject, same origin by Host", []core.Policy{reject},
			core.Request{Method: "POST", Origin: []string{"https://e.example:8443"}, Host: "e.example:8443"}, spared},
		{"reject, other port", []core.Policy{reject},
			core.Request{Method: "POST", Origin: []string{"https://e.example:8443"}, Host: "e.example"}, rejected},
		{"reject, null", []core.Policy{reject}, core.Request{Method: "POST", Origin: []string{"null"}, Host: ""}, rejected},
		{"reject by the second policy", []core.Policy{two(), reject}, get("https://e.example"), rejected},

		{"private network", []core.Policy{private},
			core.Request{Method: "OPTIONS", Origin: []string{"https://a.example"}, AccessControlRequestMethod: []string{"PUT"},
				AccessControlRequestPrivateNetwork: []string{"true"}},
			with(pfA, func(d *core.Decision) { d.AllowPrivateNetwork, d.Vary = "true", privateVary })},
		{"private network, not true", []core.Policy{private},
			core.Request{Method: "OPTIONS", Origin: []string{"https://a.example"}, AccessControlRequestMethod: []string{"PUT"},
				AccessControlRequestPrivateNetwork: []string{"TRUE"}},
			with(pfA, func(d *core.Decision) { d.Vary = privateVary })},
		{"private network, refused", []core.Policy{private},
			core.Request{Method: "OPTIONS", Origin: []string{"https://e.example"}, AccessControlRequestMethod: []string{"PUT"},
				AccessControlRequestPrivateNetwork: []string{"true"}},
			with(denied, func(d *core.Decision) { d.Vary = privateVary })},
		{"private network, not opted in", []core.Policy{two()},
			core.Request{Method: "OPTIONS", Origin: []string{"https://a.example"}, AccessControlRequestMethod: []string{"PUT"},
				AccessControlRequestPrivateNetwork: []string{"true"}}, pfA},

		{"echo by either policy", []core.Policy{allCred,
			{AllowOrigins: []string{"https://b.example"}, AllowHeaders: []string{"*"},
				AllowCredentials: true}}, preflight("https://a.example", "PURGE", "x-a,x-b"), echo},
		{"private network by either policy", []core.Policy{private, private}, preflight("https://a.example", "PUT"),
			with(pfA, func(d *core.Decision) { d.Vary = privateVary })},

		{"func", []core.Policy{byFunc}, get("https://f.example"),
			core.Decision{Kind: core.Actual, Allowed: true, Code: core.CodeOriginFunc, Policy: "func", AllowOrigin: "https://f.example",
				Vary: "Origin"}},
		{"func says no", []core.Policy{byFunc}, get("https://e.example"), refused},
		{"func is not called for a malformed origin", []core.Policy{byFunc}, get("bad"), refused},
		{"func is not called for null", []core.Policy{byFunc}, get("null"), refused},
		{"func is called for null", []core.Policy{nullFunc}, get("null"),
			core.Decision{Kind: core.Actual, Allowed: true, Code: core.CodeOriginFunc, Policy: "func", AllowOrigin: "null",
				Vary: "Origin"}},
		{"func with credentials is never called for null", []core.Policy{credFunc}, get("null"), refused},
		{"func with credentials is not called for http", []core.Policy{credFunc}, get("http://f.example"), refused},
		{"func without credentials is called for http", []core.Policy{byFunc}, get("http://f.example"),
			core.Decision{Kind: core.Actual, Allowed: true, Code: core.CodeOriginFunc, Policy: "func", AllowOrigin: "http://f.example",
				Vary: "Origin"}},
		{"an earlier list wins over a func", []core.Policy{two(), byFunc}, get("https://a.example"), actualA},
		{"an earlier func wins over a list", []core.Policy{byFunc, {Name: "f", AllowOrigins: []string{"https://f.example"}}},
			get("https://f.example"), core.Decision{Kind: core.Actual, Allowed: true, Code: core.CodeOriginFunc, Policy: "func",
				AllowOrigin: "https://f.example", Vary: "Origin"}},

		{"second policy governs", []core.Policy{cred(), anyone()}, get("https://e.example"),
			core.Decision{Kind: core.Actual, Allowed: true, Code: core.CodeOriginAllowed, Policy: "any", AllowOrigin: "*",
				ExposeHeaders: "x-e", Vary: "Origin"}},
		{"second policy governs a preflight", []core.Policy{cred(), anyone()}, preflight("https://e.example", "PUT"), core.Decision{
			Kind: core.Preflight, Allowed: true, Status: 204, Code: core.CodeOriginAllowed, Policy: "any", AllowOrigin: "*",
			AllowMethods: "GET, HEAD, POST", Vary: pfVary}},
		{"first policy governs", []core.Policy{cred(), anyone()}, get("https://a.example"), credA},
		{"public second, malformed", []core.Policy{cred(), anyone()}, get("bad"), refused},
		{"public second, no origin", []core.Policy{cred(), anyone()}, get(), absent},
		{"credentials without methods", []core.Policy{{AllowOrigins: []string{"https://a.example"}, AllowCredentials: true}},
			preflight("https://a.example", "PATCH"), core.Decision{
				Kind: core.Preflight, Allowed: true, Status: 204, Code: core.CodeOriginAllowed, Policy: "default",
				AllowOrigin:      "https://a.example",
				AllowCredentials: "true", AllowMethods: "GET, HEAD, POST", Vary: pfVary}},
		{"credentials, all headers and authorization",
			[]core.Policy{{AllowOrigins: []string{"https://a.example"}, AllowCredentials: true,
				AllowHeaders: []string{"*", "authorization"}}},
			preflight("https://a.example", "GET", "authorization,x-z"), core.Decision{
				Kind: core.Preflight, Allowed: true, Status: 204, Code: core.CodeOriginAllowed, Policy: "default",
				AllowOrigin:      "https://a.example",
				AllowCredentials: "true", AllowMethods: "GET, HEAD, POST", AllowHeaders: "authorization,x-z",
				Vary: pfVary + ", Access-Control-Request-Headers"}},
		{"the zero policy", []core.Policy{{}}, get("https://a.example"), refused},
		{"the zero policy, preflight", []core.Policy{{}}, preflight("https://a.example", "GET"), denied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := core.New(tt.policies...)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.Decide(ctx, tt.request); got != tt.want {
				t.Errorf("Decide\n got %+v\nwant %+v", got, tt.want)
			}
			if got := e.Explain(ctx, tt.request); got.Decision != tt.want {
				t.Errorf("Explain decides %+v, want %+v", got.Decision, tt.want)
			}
			if got := headersOf(resolve(e, &source{Request: tt.request})); !maps.Equal(got, maps.Collect(tt.want.Headers())) {
				t.Errorf("the outcome's headers are %v, the decision's %v", got, maps.Collect(tt.want.Headers()))
			}
		})
	}
}

// TestTwoOriginLines: two Origin lines are refused, and a function is not called.
func TestTwoOriginLines(t *testing.T) {
	e := core.MustNew(core.Policy{AllowOriginFunc: func(context.Context, core.Request) bool { return true }})
	if d := e.Decide(ctx, get("https://a.example")); !d.Allowed {
		t.Errorf("one: %+v", d)
	}
	for _, r := range []core.Request{get("https://a.example", "https://a.example"), get("https://a.example", "https://b.example")} {
		if d := e.Decide(ctx, r); d.Allowed || d.AllowOrigin != "" || d.Code != core.CodeOriginRepeated {
			t.Errorf("%v: %+v", r.Origin, d)
		}
	}
}

// TestListOfALaterPolicy: the policy that lists an origin governs it, even if no
// other policy has a list.
func TestListOfALaterPolicy(t *testing.T) {
	never := func(context.Context, core.Request) bool { return false }
	for _, list := range [][]string{{"https://a.example"},
		{"https://a.example", "https://b.example", "https://c.example", "https://d.example", "https://e.example"}} {
		e := core.MustNew(core.Policy{Name: "first", AllowCredentials: true, AllowOriginFunc: never},
			core.Policy{Name: "second", AllowOrigins: list})
		if d := e.Decide(ctx, get("https://a.example")); d.Policy != "second" || d.AllowCredentials != "" {
			t.Errorf("%d origins: %+v", len(list), d)
		}
	}
}

func TestNilAndZeroEngine(t *testing.T) {
	for _, e := range []*core.Engine{nil, new(core.Engine)} {
		if d := e.Decide(ctx, get("https://a.example")); d.Allowed || d.AllowOrigin != "" || d.Vary != "Origin" {
			t.Errorf("%p allows: %+v", e, d)
		}
		if d := e.Decide(ctx, preflight("https://a.example", "PUT")); d.Allowed || d.Status != 403 {
			t.Errorf("%p allows: %+v", e, d)
		}
		if e.AllowsOrigin("https://a.example") || e.Explain(ctx, get("https://a.example")).Browser.Allowed {
			t.Errorf("%p allows an origin", e)
		}
		_ = e.Warnings()
	}
	if err := (*core.Engine)(nil).Reload(two()); err == nil {
		t.Error("reloading a nil engine succeeds")
	}
	e := new(core.Engine)
	if err := e.Reload(two()); err != nil || !e.AllowsOrigin("https://a.example") {
		t.Errorf("the zero engine cannot be loaded: %v", err)
	}
}

func TestAllowsOrigin(t *testing.T) {
	e := core.MustNew(two(), core.Policy{AllowOrigins: []string{"https://*.c.example"}})
	for o, want := range map[string]bool{"https://a.example": true, "https://x.c.example": true, "https://c.example": false, "": false,
		"null": false} {
		if got := e.AllowsOrigin(o); got != want {
			t.Errorf("AllowsOrigin(%q) = %v", o, got)
		}
	}
	routed, err := core.NewRouted(core.Route{Path: "/a/", Policies: []core.Policy{anyone()}}, core.Route{Policies: []core.Policy{two()}})
	if err != nil {
		t.Fatal(err)
	}
	if routed.AllowsOrigin("https://e.example") || !routed.AllowsOrigin("https://a.example") {
		t.Error("a routed engine allows an origin that only some route allows")
	}
}

// Changing a policy afterwards has no effect on the engine.
func TestPolicyIsCopied(t *testing.T) {
	p := two()
	e := core.MustNew(p)
	before := e.Decide(ctx, preflight("https://a.example", "PUT"))
	p.AllowOrigins[0], p.AllowMethods[0], p.AllowHeaders[0] = "https://x.example", "X", "x"
	if after := e.Decide(ctx, preflight("https://a.example", "PUT")); after != before {
		t.Errorf("changing the policy changed the answer to %+v", after)
	}
}

// Each decision during a reload uses only the old policy or only the new one.
func TestReloadConcurrently(t *testing.T) {
	one := core.Policy{Name: "one", AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"PUT"},
		ExposeHeaders: []string{"x-1"}, AllowCredentials: true}
	other := core.Policy{Name: "other", AllowOrigins: []string{"https://a.example", "https://*.example"},
		AllowMethods: []string{"DELETE"}, ExposeHeaders: []string{"x-2"}}
	requests := []core.Request{get("https://a.example"), preflight("https://a.example", "PUT"), get("https://b.example"), get()}
	want := map[core.Decision]bool{}
	for _, p := range []core.Policy{one, other} {
		e := core.MustNew(p)
		for _, r := range requests {
			want[e.Decide(ctx, r)] = true
		}
	}
	e := core.MustNew(one)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range max(4, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				if d := e.Decide(ctx, requests[i%len(requests)]); !want[d] {
					t.Errorf("the decision mixes both policies: %+v", d)
					return
				}
			}
		})
	}
	for i := range 500 {
		p := one
		if i%2 == 0 {
			p = other
		}
		if err := e.Reload(p); err != nil {
			t.Error(err)
		}
		if err := e.Reload(core.Policy{AllowOrigins: []string{"bad"}}); err == nil {
			t.Error("a bad policy was loaded")
		}
		if err := e.ReloadRouted(core.Route{Policies: []core.Policy{p}}); err != nil {
			t.Error(err)
		}
	}
	close(done)
	wg.Wait()
}

func TestDecideAllocations(t *testing.T) {
	var big []string
	for i := range 1000 {
		big = append(big, fmt.Sprintf("https://c%d.example", i))
	}
	p := cred()
	p.AllowOrigins = append(big, "https://a.example", "https://*.b.example", "http://localhost:*", `regexp:https://[a-z]+\.c\.example`)
	p.RejectDisallowed, p.AllowPrivateNetwork = true, true
	all := core.Policy{AllowOrigins: []string{"https://z.example"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"},
		AllowCredentials: true,
		AllowOriginFunc:  func(_ context.Context, r core.Request) bool { return r.Origin[0] == "https://g.example" }}
	engine, err := core.NewRouted(core.Route{Host: "api.example", Path: "/api/", Policies: []core.Policy{p, all, anyone()}},
		core.Route{Policies: []core.Policy{p, all}})
	if err != nil {
		t.Fatal(err)
	}
	commas, token := strings.Repeat(",", 1<<20), strings.Repeat("a", 1<<20)
	lines := make([]string, 10_000)
	for name, r := range map[string]core.Request{
		"no origin": get(), "exact": get("https://a.example"), "wild": get("https://x.y.b.example"), "port": get("http://localhost:3000"),
		"regexp": get("https://abc.c.example"), "refused": get("https://e.example"), "null": get("null"),
		"malformed": get("https://a.example/"),
		"func":      get("https://g.example"), "two lines": get("a", "b"), "long": get(token), "any": {Method: "GET", Host: "api.example:1",
			Path: "/api/x", Origin: []string{"https://e.example"}},
		"preflight": preflight("https://a.example", "PUT", "x-a"), "preflight refused": preflight("https://e.example", "PUT"),
		"echo": preflight("https://z.example", "PUT", "x-a, x-b"), "commas": preflight("https://z.example", "PUT",
			commas), "lines": preflight("https://z.example", "PUT", lines...),
		"token": preflight("https://z.example", token), "header": preflight("https://z.example", "PUT",
			token), "commas, listed": preflight("https://a.example", "PUT", commas),
		"odd path": {Method: "GET", Host: "API.example", Path: "/x/..//./api/x", RawPath: "/api%2Fx",
			Origin: []string{"https://a.example"}},
		"deep path": {Method: "GET", Path: "/" + strings.Repeat("a", 100) + strings.Repeat("/a/..", 100),
			Origin: []string{"https://a.example"}},
		"long path": {Method: "GET", Path: "/" + strings.Repeat("../", 1<<18), Origin: []string{"https://a.example"}},
	} {
		if n := testing.AllocsPerRun(50, func() { engine.Decide(ctx, r) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	listed := core.MustNew(p)
	if n := testing.AllocsPerRun(50, func() { listed.AllowsOrigin("https://x.b.example") }); n != 0 {
		t.Errorf("AllowsOrigin: %v allocations", n)
	}
	split := preflight("https://z.example", "PUT", "x-a", "x-b")
	if n := testing.AllocsPerRun(50, func() { engine.Decide(ctx, split) }); n > 1 {
		t.Errorf("echoing two lines: %v allocations", n)
	}
}

func BenchmarkDecide(b *testing.B) {
	e := core.MustNew(cred())
	for name, r := range map[string]core.Request{
		"no-origin": get(), "actual": get("https://a.example"), "refused": get("https://e.example"),
		"preflight": preflight("https://a.example", "PUT", "x-a"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.Decide(ctx, r)
			}
		})
	}
}

// BenchmarkHostile compares hostile preflights with an honest one. None may cost
// more than twice as much.
func BenchmarkHostile(b *testing.B) {
	e := core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example", "https://*.b.example"}, AllowMethods: []string{"*"},
		AllowHeaders: []string{"*"}, AllowCredentials: true})
	long := strings.Repeat("a", 1<<20)
	for _, c := range []struct {
		name string
		r    core.Request
	}{
		{"honest", preflight("https://a.example", "PUT", "authorization,content-type,x-requested-with")},
		{"commas", preflight("https://a.example", "PUT", strings.Repeat(",", 1<<20))},
		{"lines", preflight("https://a.example", "PUT", make([]string, 10_000)...)},
		{"token", preflight("https://a.example", "PUT", long)},
		{"method", preflight("https://a.example", long)},
		{"origin", preflight("https://"+long, "PUT")},
		{"labels", preflight("https://"+strings.Repeat("a.", 120)+"b.example", "PUT")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.Decide(ctx, c.r)
			}
		})
	}
}
