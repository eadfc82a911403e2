package core_test

import (
	"context"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
)

// TestSteps: each thing that is looked at is a step of the explanation, and what
// can be helped has a hint.
func TestSteps(t *testing.T) {
	const a = "https://a.example"
	plain := core.MustNew(core.Policy{AllowOrigins: []string{a}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"x-a"}, AllowPrivateNetwork: true, RejectDisallowed: true})
	trusted := core.MustNew(core.Policy{AllowOrigins: []string{a}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, AllowCredentials: true})
	star := core.MustNew(core.Policy{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}})
	function := core.MustNew(core.Policy{AllowOriginFunc: func(context.Context, core.Request) bool { return true }})
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
		{"a route", routed, get, []string{string(core.StepRoute), "route 0 covers"}, []string{"hint"}},
		{"no route", routed, with(get, func(r *core.Request) { r.Host = "g" }), []string{string(core.CodeNoRoute), "add a route"}, []string{"more than one way"}},
		{"readings that disagree", routed, with(get, func(r *core.Request) { r.Path = "/x/../y" }), []string{string(core.CodePathAmbiguous), "more than one way"}, []string{"add a route"}},
		{"encodings that disagree", routed, with(get, func(r *core.Request) { r.RawPath = "/x%2Fy" }), []string{"more than one way"}, nil},
		{"one encoding", routed, with(get, func(r *core.Request) { r.Host, r.RawPath = "g", r.Path }), []string{"add a route"}, []string{"more than one way"}},
		{"OPTIONS", plain, with(get, func(r *core.Request) { r.Method = "OPTIONS" }), []string{"OPTIONS without Access-Control-Request-Method"}, nil},
		{"GET", plain, get, []string{string(core.StepActual)}, []string{"OPTIONS without"}},
		{"any origin", star, get, []string{string(core.CodeAnyOrigin), "allows every origin", "if the request was one without credentials"}, nil},
		{"a function", function, get, []string{string(core.CodeOriginFunc), "the AllowOriginFunc of policy"}, nil},
		{"same origin", plain, with(get, func(r *core.Request) {
			r.Method, r.Origin, r.Host = "POST", []string{"https://api.example"}, "api.example"
		}),
			[]string{string(core.CodeSameOrigin), "the server's own origin"}, []string{string(core.StepRejected)}},
		{"rejected", plain, with(get, func(r *core.Request) { r.Origin = []string{"https://evil.test"} }),
			[]string{string(core.StepRejected), "403"}, []string{"the server's own origin"}},
		{"an empty origin", plain, with(get, func(r *core.Request) { r.Origin = []string{""} }), []string{"the Origin field is empty"}, nil},
		{"credentials", trusted, get, []string{string(core.StepCredentials)}, []string{"without credentials"}},
		{"a preflight", plain, pre, []string{string(core.StepMethodAllowed), string(core.StepHeaderAllowed), "one without credentials"}, []string{string(core.StepPrivateNetwork), "hint"}},
		{"a private network", plain, with(pre, func(r *core.Request) { r.AccessControlRequestPrivateNetwork = []string{"true"} }), []string{string(core.StepPrivateNetwork)}, nil},
		{"no headers asked", plain, preflight(a, "PUT"), []string{string(core.StepMethodAllowed)}, []string{string(core.StepHeaderAllowed)}},
		{"two methods", plain, with(pre, func(r *core.Request) { r.AccessControlRequestMethod = []string{"PUT", "PUT"} }), []string{string(core.StepMethodNotAllowed), "not one token"}, nil},
		{"no token", plain, preflight(a, "P T"), []string{string(core.StepMethodNotAllowed), "not one token"}, nil},
		{"all methods", star, preflight(a, "CHICKEN"), []string{string(core.StepMethodAllowed)}, nil},
		{"all methods, credentials", trusted, preflight(a, "CHICKEN", "x-z"), []string{string(core.StepMethodAllowed)}, []string{"without credentials", "hint"}},
		{"no method to echo", trusted, preflight(a, "CHI CKEN"), []string{string(core.CodeMethodNotEchoed), "not one token of at most 64 bytes", "no browser sends that"}, nil},
		{"no names to echo", trusted, preflight(a, "PUT", "x a"), []string{string(core.CodeHeadersNotEchoed), "at most 1024 bytes", "list the names instead"}, nil},
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
