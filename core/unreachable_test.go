package core_test

import (
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// TestUnreachableRoutes checks for a warning if an earlier route covers all
// requests that a route covers.
func TestUnreachableRoutes(t *testing.T) {
	tests := []struct {
		first, second string // host, a space, path
		want          bool
	}{
		{" ", "h /x", true}, {" /", "h /x", true}, {"h ", "h /x", true}, {"h ", "g /x", false}, {"h ", " /x", false},
		{" /x", " /x", true}, {" /x", "h /x", true}, {" /x", " /x/", false}, {" /x/", " /x", true}, {" /x/", " /x/y", true},
		{" /x/", " /xy", false}, {" /x", " /x/y", false}, {" /x/y", " /x/", false}, {" /x/", " ", false}, {"h /x/", "g /x/y", false},
		{" /x/y", " /x", false}, {" /x", " /xy", false}, {"h /", "h ", true}, {"h /x", "h ", false},
	}
	route := func(s, name string) core.Route {
		host, path, _ := strings.Cut(s, " ")
		return core.Route{Host: host, Path: path, Policies: named(name)}
	}
	for _, tt := range tests {
		e, err := core.NewRouted(route(tt.first, "first"), route(tt.second, "second"))
		if err != nil {
			t.Fatal(err)
		}
		warnings := e.Warnings()
		if got := len(warnings) == 1 && warnings[0].Reason == reason.UnreachableRoute; got != tt.want || len(warnings) > 1 {
			t.Errorf("%q before %q: %v, want a warning: %v", tt.first, tt.second, warnings, tt.want)
		}
	}
	e, err := core.NewRouted(route(" ", "0"), route(" /x/", "1"), route(" /x/y", "2"))
	if err != nil {
		t.Fatal(err)
	}
	if w := e.Warnings(); len(w) != 2 || w[0].Index != 1 || w[1].Index != 2 {
		t.Errorf("warnings %v, want one for each unreachable route", w)
	}
}

// TestRedundantPatterns checks that the warning about a pattern does not say that another
// pattern of the same policy matches in its place: for an exact origin, Explain names
// the exact entry.
func TestRedundantPatterns(t *testing.T) {
	e := core.MustNew(
		core.Policy{Name: "a", AllowOrigins: []string{"https://x.a.example", "https://*.a.example"}},
		core.Policy{Name: "b", AllowOrigins: []string{"https://y.a.example"}},
	)
	w := e.Warnings()
	if len(w) != 2 || w[0].Policy != "a" || w[0].Detail != `redundant: pattern "https://*.a.example" matches these origins too` ||
		w[1].Policy != "b" || w[1].Detail != `no effect: pattern "https://*.a.example" of policy "a" already matches these origins` {
		t.Errorf("%v", w)
	}
	x := e.Explain(ctx, core.Request{Method: "GET", Origin: []string{"https://x.a.example"}}).String()
	if !strings.Contains(x, `pattern "https://x.a.example" of policy "a" matches`) {
		t.Errorf("%s", x)
	}
}

// TestSharedPolicies checks that only routes with the same slice of policies share
// them, not routes with a part of it or with an equal one.
func TestSharedPolicies(t *testing.T) {
	shared := append(named("a"), core.Policy{Name: "b", AllowOrigins: []string{"https://b.example"}})
	e, err := core.NewRouted(
		core.Route{Path: "/0", Policies: shared}, core.Route{Path: "/1", Policies: shared[:1]},
		core.Route{Path: "/2", Policies: shared[1:]}, core.Route{Path: "/3", Policies: shared},
		core.Route{Path: "/4", Policies: named("c")},
	)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][2]string{"/0": {"a", "b"}, "/1": {"a", ""}, "/2": {"", "b"}, "/3": {"a", "b"}, "/4": {"c", ""}} {
		for i, origin := range []string{"https://a.example", "https://b.example"} {
			if d := e.Decide(ctx, core.Request{Method: "GET", Path: path, Origin: []string{origin}}); d.Policy != want[i] {
				t.Errorf("%s, %s: %q, want %q", path, origin, d.Policy, want[i])
			}
		}
	}
	if _, err := core.NewRouted(core.Route{Path: "/0", Policies: []core.Policy{}},
		core.Route{Path: "/1", Policies: []core.Policy{}}); err == nil {
		t.Error("routes without policies are accepted")
	}
}

// TestSharedPoliciesWarnOnce checks that there is one warning about a list that
// several routes share.
func TestSharedPoliciesWarnOnce(t *testing.T) {
	odd := []core.Policy{{Name: "odd"}}
	e, err := core.NewRouted(core.Route{Path: "/0", Policies: odd}, core.Route{Path: "/1", Policies: odd})
	if err != nil {
		t.Fatal(err)
	}
	if w := e.Warnings(); len(w) != 1 || w[0].Reason != reason.NoOrigins {
		t.Errorf("%v, want one warning of %s", w, reason.NoOrigins)
	}
}

func TestSameOrigin(t *testing.T) {
	for _, tt := range []struct {
		origin, site []string
		host         string
		want         bool
	}{
		{[]string{"https://a.example"}, nil, "a.example", true},
		{[]string{"https://a.example:8443"}, nil, "a.example:8443", true},
		{[]string{"https://a.example:8443"}, nil, "a.example", false},
		{[]string{"http://a.example"}, nil, "a.example", true},
		{[]string{"app://a.example"}, nil, "a.example", false},
		{[]string{"https://a.example"}, []string{""}, "a.example", true},
		{[]string{"https://a.example"}, []string{"cross-site"}, "a.example", false},
		{[]string{"https://a.example"}, []string{"same-site"}, "a.example", false},
		{[]string{"https://b.example"}, []string{"same-origin"}, "a.example", true},
		{[]string{"https://"}, nil, "", false},
		{[]string{"null"}, nil, "", false},
		{[]string{"a.example"}, nil, "a.example", false},
		{nil, nil, "a.example", false},
		{nil, []string{"same-origin"}, "a.example", false},
		{[]string{"https://a.example", "https://a.example"}, nil, "a.example", false},
	} {
		r := core.Request{Method: "POST", Origin: tt.origin, SecFetchSite: tt.site, Host: tt.host}
		if got := r.SameOrigin(); got != tt.want {
			t.Errorf("%q, %q to %q: %v", tt.origin, tt.site, tt.host, got)
		}
	}
}
