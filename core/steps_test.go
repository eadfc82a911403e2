package core_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
)

// TestSteps checks that an explanation has a step for each part of the request that the
// engine examines, and a hint where the user can change something.
func TestSteps(t *testing.T) {
	const a = "https://a.example"
	plain := core.MustNew(core.Policy{AllowOrigins: []string{a}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"x-a"},
		AllowPrivateNetwork: true, RejectDisallowed: true})
	trusted := core.MustNew(core.Policy{AllowOrigins: []string{a}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"},
		AllowCredentials: true})
	star := core.MustNew(core.Policy{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}})
	function := core.MustNew(core.Policy{AllowOriginFunc: func(context.Context, core.Request) bool { return true }})
	// Two policies with the same name. The second has the pattern, but the first
	// governs.
	both := core.MustNew(core.Policy{AllowOriginFunc: func(context.Context, core.Request) bool { return true }},
		core.Policy{AllowOrigins: []string{a}})
	several := core.MustNew(core.Policy{AllowOrigins: []string{a}}, core.Policy{AllowOrigins: []string{"https://b.example"}})
	routed, err := core.NewRouted(core.Route{Host: "h", Path: "/x/", Policies: []core.Policy{{AllowOrigins: []string{a}}}})
	if err != nil {
		t.Fatal(err)
	}
	get := core.Request{Method: "GET", Host: "h", Path: "/x/y", Origin: []string{a}}
	with := func(r core.Request, change func(*core.Request)) core.Request {
		change(&r)
		return r
	}
	pre := preflight(a, "PUT", "x-a")
	tests := []struct {
		name   string
		engine *core.Engine
		r      core.Request
		has    []string // in the text of the explanation
		lacks  []string
	}{
		{"a route", routed, get, []string{string(stepRoute), "route 0 covers"}, []string{"hint"}},
		{"no route", routed, with(get, func(r *core.Request) { r.Host = "g" }), []string{string(core.CodeNoRoute), "add a route"},
			[]string{"more than one way"}},
		{"readings that disagree", routed, with(get, func(r *core.Request) { r.Path = "/x/../y" }),
			[]string{string(core.CodePathAmbiguous), "more than one way"}, []string{"add a route"}},
		{"an encoding that changes the route", routed, with(get, func(r *core.Request) { r.RawPath = "/x%2Fy" }),
			[]string{"more than one way"}, nil},
		{"one encoding", routed, with(get, func(r *core.Request) { r.Host, r.RawPath = "g", r.Path }), []string{"add a route"},
			[]string{"more than one way"}},
		{"OPTIONS", plain, with(get, func(r *core.Request) { r.Method = "OPTIONS" }),
			[]string{"OPTIONS without Access-Control-Request-Method"}, nil},
		{"GET", plain, get, []string{string(stepActual)}, []string{"OPTIONS without"}},
		{"any origin", star, get, []string{string(core.CodeAnyOrigin), "allows every origin", "if the request had no credentials"}, nil},
		{"a function", function, get, []string{string(core.CodeOriginFunc), "the AllowOriginFunc of policy"}, nil},
		{"a function before a pattern", both, get, []string{string(core.CodeOriginFunc), "the AllowOriginFunc of policy"},
			[]string{string(core.CodeOriginAllowed)}},
		{"same origin", plain, with(get, func(r *core.Request) {
			r.Method, r.Origin, r.Host = "POST", []string{"https://api.example"}, "api.example"
		}),
			[]string{string(core.CodeSameOrigin), "the server's own origin", string(browserNotConcerned)}, []string{string(stepRejected)}},
		{"rejected", plain, with(get, func(r *core.Request) { r.Origin = []string{"https://evil.test"} }),
			[]string{string(stepRejected), "403"}, []string{"the server's own origin"}},
		{"an empty origin", plain, with(get, func(r *core.Request) { r.Origin = []string{""} }),
			[]string{"the Origin field is empty"}, nil},
		{"credentials", trusted, get, []string{string(stepCredentials)}, []string{"without credentials"}},
		{"a preflight", plain, pre, []string{string(stepMethodAllowed), string(stepHeaderAllowed), "if it has no credentials"},
			[]string{string(stepPrivateNetwork), "hint"}},
		{"a private network", plain, with(pre, func(r *core.Request) { r.AccessControlRequestPrivateNetwork = []string{"true"} }),
			[]string{string(stepPrivateNetwork)}, nil},
		{"no headers asked", plain, preflight(a, "PUT"), []string{string(stepMethodAllowed)}, []string{string(stepHeaderAllowed)}},
		{"which policy", plain, with(get, func(r *core.Request) { r.Origin = []string{"https://evil.test"} }),
			[]string{`no function of policy "default" allows`}, []string{"policies"}},
		{"which policies", several, with(get, func(r *core.Request) { r.Origin = []string{"https://evil.test"} }),
			[]string{"no function of the 2 policies allows"}, nil},
		{"http", plain, with(get, func(r *core.Request) { r.Origin = []string{"http://b.example"} }),
			[]string{`add "http://b.example" to AllowOrigins`}, nil},
		{"http, credentials", trusted, with(get, func(r *core.Request) { r.Origin = []string{"http://b.example"} }),
			[]string{"serve the page over https://"}, []string{"add \"http"}},
		{"the request that follows", plain, pre, []string{"the browser sends the PUT request"}, nil},
		{"a method that is not listed", plain, preflight(a, "CHICKEN"),
			[]string{string(stepMethodNotAllowed), `add "CHICKEN" to AllowMethods`}, []string{string(stepMethodAllowed)}},
		{"a method in lower case that is not listed", plain, preflight(a, "patch"), []string{`add "PATCH" to AllowMethods`}, nil},
		{"a forbidden method", plain, preflight(a, "TRACE"),
			[]string{string(stepMethodNotAllowed), "browsers never send", string(browserRefuses)}, []string{"hint"}},
		{"a forbidden header", plain, preflight(a, "PUT", "x-a,cookie"),
			[]string{string(stepHeaderNotAllowed), "scripts cannot set", string(browserRefuses)}, []string{"hint"}},
		{"no route, a preflight", routed, with(pre, func(r *core.Request) { r.Host = "g" }),
			[]string{string(browserRefuses), "the handler's answer decides"}, nil},
		{"no route, an actual request", routed, with(get, func(r *core.Request) { r.Host = "g" }), []string{string(browserHides)},
			[]string{"the handler's answer decides"}},
		{"two methods", plain, with(pre, func(r *core.Request) { r.AccessControlRequestMethod = []string{"PUT", "PUT"} }),
			[]string{string(stepMethodNotAllowed), "not one token"}, nil},
		{"a method that is not a token", plain, preflight(a, "P T"), []string{string(stepMethodNotAllowed), "not one token"}, nil},
		{"all methods", star, preflight(a, "CHICKEN"), []string{string(stepMethodAllowed)}, nil},
		{"all methods, credentials", trusted, preflight(a, "CHICKEN", "x-z"), []string{string(stepMethodAllowed)},
			[]string{"without credentials", "hint"}},
		{"a method that cannot be echoed", trusted, preflight(a, "CHI CKEN"),
			[]string{string(core.CodeMethodNotEchoed), "not a single token of at most 64 bytes", "no browser sends that"}, nil},
		{"names that cannot be echoed", trusted, preflight(a, "PUT", "x a"),
			[]string{string(core.CodeHeadersNotEchoed), "at most 1024 bytes", "list the names instead"}, nil},
	}
	for _, tt := range tests {
		text := tt.engine.Explain(ctx, tt.r).String()
		for _, s := range tt.has {
			if !strings.Contains(text, s) {
				t.Errorf("%s: no %q in\n%s", tt.name, s, text)
			}
		}
		for _, s := range tt.lacks {
			if strings.Contains(text, s) {
				t.Errorf("%s: %q in\n%s", tt.name, s, text)
			}
		}
	}
}

// TestExplainedHeaders checks that an explanation has a step for each of the first
// 32 names that a preflight asks for, and for the first refused name, even after
// those.
func TestExplainedHeaders(t *testing.T) {
	e := core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example"}, AllowHeaders: []string{"x-a"}})
	list := func(names ...string) string { return strings.Join(names, ",") }
	allowed := func(n int) string { return list(slices.Repeat([]string{"x-a"}, n)...) }
	for _, tt := range []struct {
		name, ask       string
		allowed, others int // steps
	}{
		{"32", allowed(32), 32, 0},
		{"33", allowed(33), 32, 0},
		{"a refused one, and 31", list("x-z", allowed(31)), 31, 1},
		{"a refused one, and 40", list("x-z", allowed(40)), 31, 1},
		{"40, and a refused one", list(allowed(40), "x-z"), 32, 1},
		{"40, and two refused ones", list(allowed(40), "x-y", "x-z"), 32, 1},
	} {
		got := map[core.Code]int{}
		for _, s := range e.Explain(ctx, preflight("https://a.example", "PUT", tt.ask)).Steps {
			got[s.Code]++
		}
		if got[stepHeaderAllowed] != tt.allowed || got[stepHeaderNotAllowed] != tt.others {
			t.Errorf("%s: %v, want %d names allowed and %d not", tt.name, got, tt.allowed, tt.others)
		}
	}
}
