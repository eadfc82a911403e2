package core_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

func named(name string) []core.Policy {
	return []core.Policy{{Name: name, AllowOrigins: []string{"https://a.example"}}}
}

// Routes distinguish upper case from lower case unless the router does not.
func TestFoldedPaths(t *testing.T) {
	e, err := core.NewRouted(
		core.Route{Path: "/API/", Policies: named("api")},
		core.Route{Path: "/exact", Policies: named("exact")},
		core.Route{Policies: named("rest")},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ path, raw, exactly, folded string }{
		{"/API/x", "", "api", "api"},
		{"/api/x", "", "rest", "api"},
		{"/Api", "", "rest", "api"},
		{"/apis", "", "rest", "rest"},
		{"/EXACT", "", "rest", "exact"},
		{"/EXACT/", "", "rest", "rest"},
		{"/x/../api/y", "", "rest", ""}, // the readings differ
		{"/api/./y", "", "rest", "api"},
		{"/api/y", "/ap%69/y", "rest", ""},
		{"/api/y z", "/aPi/y%20z", "rest", "api"},
		{"/\u212aapi/", "", "rest", "rest"}, // only ASCII case is ignored, so the Kelvin sign is not a k
	} {
		for _, fold := range []bool{false, true} {
			want := tt.exactly
			if fold {
				want = tt.folded
			}
			r := core.Request{Method: "GET", Path: tt.path, RawPath: tt.raw, FoldPath: fold, Origin: []string{"https://a.example"}}
			if d := e.Decide(t.Context(), r); d.Policy != want {
				t.Errorf("path %q sent as %q, FoldPath %v: policy %q, want %q", tt.path, tt.raw, fold, d.Policy, want)
			}
		}
	}
}

func TestRoutes(t *testing.T) {
	e, err := core.NewRouted(
		core.Route{Path: "/public/", Policies: named("public")},
		core.Route{Host: "api.example.com", Path: "/v1", Policies: named("v1")},
		core.Route{Host: "api.example.com", Policies: named("api")},
		core.Route{Path: "/admin/", Policies: named("admin")},
		core.Route{Path: "/A", Policies: named("A")},
		core.Route{Path: "/a+b/", Policies: named("plus")},
		core.Route{Path: "/public/x", Policies: named("hidden")},
	)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ host, path, raw, want string }{
		{"x", "/public/", "", "public"},
		{"x", "/public/a/b", "", "public"},
		{"x", "/public", "", "public"}, // ServeMux redirects it to /public/
		{"x", "/publicity", "", ""},
		{"api.example.com.", "/v1", "", "v1"},
		{"api.example.com.:443", "/v1", "", "v1"},
		{"x", "/PUBLIC/a", "", ""},
		{"x", "/public/x", "", "public"},
		{"x", "/", "", ""},
		{"x", "", "", ""},
		{"x", "*", "", ""},
		{"api.example.com", "/v1", "", "v1"},
		{"api.example.com:8443", "/v1", "", "v1"},
		{"API.Example.com", "/v1", "", "v1"},
		{"api.example.com", "/v1/", "", "api"},
		{"api.example.com", "/anything", "", "api"},
		{"api.example.com.evil.test", "/v1", "", ""},
		{"xapi.example.com", "/v1", "", ""},
		{"x", "/A", "", "A"},
		{"x", "/a", "", ""},
		{"x", "/A/", "", ""},
		{"x", "/a+b/c", "", "plus"},
		{"x", "/a b/c", "", ""},

		{"x", "/public/../admin/x", "", ""},
		{"x", "/public/../public/x", "", "public"},
		{"x", "/public/..", "", ""},
		{"x", "/public/.", "", "public"},
		{"x", "/public/./x", "", "public"},
		{"x", "/x/../public/y", "", ""},
		{"x", "//public/x", "", ""},
		{"x", "/public//x", "", "public"},
		{"x", "/public/...", "", "public"},
		{"x", "/public/.hidden", "", "public"},
		{"x", "/public/x", "/public%2Fx", ""},
		{"x", "/public/a/b", "/public/a%2Fb", "public"},
		{"x", "/public/../admin/x", "/public/%2e%2e/admin/x", ""},
		{"x", "/public/../admin/x", "/public%2F..%2Fadmin/x", ""},
		{"x", "/admin/x", "/%61dmin/x", ""},
		{"api.example.com", "/a/b", "/a%2Fb", "api"},
	}
	for _, tt := range tests {
		r := core.Request{Method: "GET", Host: tt.host, Path: tt.path, RawPath: tt.raw, Origin: []string{"https://a.example"}}
		if d := e.Decide(ctx, r); d.Policy != tt.want ||
			(tt.want == "") != (d.Code == core.CodeNoRoute || d.Code == core.CodePathAmbiguous) || d.Policy == "" && d.AllowOrigin != "" {
			t.Errorf("host %q, path %q, raw %q: policy %q (%s), want %q", tt.host, tt.path, tt.raw, d.Policy, d.Code, tt.want)
		}
		if x := e.Explain(ctx, r); x.Policy != tt.want {
			t.Errorf("host %q, path %q, raw %q: Explain says policy %q, want %q", tt.host, tt.path, tt.raw, x.Policy, tt.want)
		}
	}
	if d := e.Decide(ctx, preflight("https://a.example", "PUT")); d != (core.Decision{Kind: core.Preflight, Code: core.CodeNoRoute}) {
		t.Errorf("a preflight that no route covers is answered: %+v", d)
	}
	for _, r := range []core.Request{
		{Method: "OPTIONS", Origin: []string{"https://a.example"}},
		{Method: "GET", Origin: []string{"https://a.example"}, AccessControlRequestMethod: []string{"PUT"}},
	} {
		if d := e.Decide(ctx, r); d != (core.Decision{Kind: core.Actual, Code: core.CodeNoRoute}) {
			t.Errorf("actual request %+v without a route: %+v", r, d)
		}
	}
	warned := false
	for _, w := range e.Warnings() {
		warned = warned || w.Reason == reason.UnreachableRoute && w.Index == 6
	}
	if !warned {
		t.Errorf("no warning of the unreachable route: %v", e.Warnings())
	}
}

// The clean form of the path as sent may differ from that of the decoded path.
func TestSentPathCleansElsewhere(t *testing.T) {
	e, err := core.NewRouted(core.Route{Path: "/c", Policies: named("c")}, core.Route{Policies: named("rest")})
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]string{
		"":                "rest",
		"/x%2Fb/../d":     "rest", // cleans to /d
		"/x%2Fb/../c":     "",     // cleans to /c
		"/x/b/%2e%2e/c":   "rest",
		"/x%2Fb/../c/../": "rest",
	} {
		r := get("https://a.example")
		r.Path, r.RawPath = "/x/b/../c", raw
		if d := e.Decide(ctx, r); d.Policy != want || (want == "") != (d.Code == core.CodePathAmbiguous) {
			t.Errorf("%q: policy %q (%s), want %q", raw, d.Policy, d.Code, want)
		}
	}
}

// Routes cover the same paths as patterns of http.ServeMux.
func TestRoutesAsServeMux(t *testing.T) {
	e, err := core.NewRouted(core.Route{Path: "/api/", Policies: named("api")}, core.Route{Path: "/one", Policies: named("one")})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", http.NotFoundHandler())
	mux.Handle("/one", http.NotFoundHandler())
	for _, path := range []string{"/", "/api", "/api/", "/api/x", "/apix", "/API/x", "/one", "/one/", "/one/x", "/ONE",
		"/api/+", "/api/%20"} {
		u, err := url.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		_, pattern := mux.Handler(&http.Request{Method: "GET", URL: u})
		want := map[string]string{"/api/": "api", "/one": "one"}[pattern]
		d := e.Decide(ctx, core.Request{Method: "GET", Path: u.Path, RawPath: u.RawPath, Origin: []string{"https://a.example"}})
		if d.Policy != want {
			t.Errorf("%s: policy %q; ServeMux chooses %q", path, d.Policy, pattern)
		}
	}
}

func TestReloadRouted(t *testing.T) {
	e := core.MustNew(two())
	if err := e.ReloadRouted(core.Route{Path: "/x", Policies: named("x")}); err != nil {
		t.Fatal(err)
	}
	if d := e.Decide(ctx, core.Request{Method: "GET", Path: "/y", Origin: []string{"https://a.example"}}); d.Code != core.CodeNoRoute {
		t.Errorf("old policies answer after the reload: %+v", d)
	}
	if err := e.ReloadRouted(); err == nil {
		t.Error("ReloadRouted without routes succeeds")
	}
	if err := e.Reload(two()); err != nil {
		t.Fatal(err)
	}
	if d := e.Decide(ctx, core.Request{Method: "GET", Path: "/y", Origin: []string{"https://a.example"}}); !d.Allowed {
		t.Errorf("old routes answer after the reload: %+v", d)
	}
}

// A path whose readings lead to different routes does not evade RejectDisallowed.
func TestAmbiguousPathIsRejected(t *testing.T) {
	strict := named("strict")
	strict[0].RejectDisallowed = true
	e, err := core.NewRouted(core.Route{Path: "/api/", Policies: strict}, core.Route{Path: "/", Policies: named("rest")})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range [][2]string{{"/api/x", "/%61pi/x"}, {"/x/../api/x", ""}, {"//api/x", ""}} {
		r := core.Request{Method: "POST", Path: path[0], RawPath: path[1], Origin: []string{"https://evil.test"}}
		if d := e.Decide(ctx, r); d.Status != 403 || d.Code != core.CodePathAmbiguous || d.Vary != "Origin" {
			t.Errorf("%q: %+v", path, d)
		}
		r.Origin = []string{"https://a.example"}
		if d := e.Decide(ctx, r); d.Allowed || d.AllowOrigin != "" {
			t.Errorf("%q: %+v", path, d)
		}
		if x := e.Explain(ctx, r); x.Decision != e.Decide(ctx, r) || x.Steps[0].Code != core.CodePathAmbiguous || x.Hint == "" ||
			len(x.Steps) > 2 {
			t.Errorf("%q: %v", path, x)
		}
	}
}

// A path whose readings lead to different routes is rejected if and only if any
// route has RejectDisallowed.
func TestAmbiguousPathAmongRoutes(t *testing.T) {
	lax, strict := named("lax"), named("strict")
	strict[0].RejectDisallowed = true
	for _, tt := range []struct {
		first, second []core.Policy
		want          int
	}{{lax, lax, 0}, {lax, strict, 403}, {strict, lax, 403}, {strict, strict, 403}} {
		e, err := core.NewRouted(core.Route{Path: "/api/", Policies: tt.first}, core.Route{Path: "/", Policies: tt.second})
		if err != nil {
			t.Fatal(err)
		}
		d := e.Decide(ctx, core.Request{Method: "GET", Path: "/x/../api/x", Origin: []string{"https://evil.test"}})
		if d.Status != tt.want || d.Code != core.CodePathAmbiguous {
			t.Errorf("routes of %s and %s: %+v", tt.first[0].Name, tt.second[0].Name, d)
		}
	}
}

// The port of a request's host is ignored, whichever route has a host.
func TestRouteOfHostAndPort(t *testing.T) {
	host, anyHost := core.Route{Host: "api.example.com", Policies: named("host")}, core.Route{Path: "/x", Policies: named("any")}
	for _, routes := range [][]core.Route{{host, anyHost}, {anyHost, host}, {host}, {anyHost, host, anyHost, anyHost}} {
		e, err := core.NewRouted(routes...)
		if err != nil {
			t.Fatal(err)
		}
		r := core.Request{Method: "GET", Host: "api.example.com:8443", Path: "/y", Origin: []string{"https://a.example"}}
		if d := e.Decide(ctx, r); d.Policy != "host" {
			t.Errorf("%d routes: %+v", len(routes), d)
		}
	}
}

// TestReadings checks which readings of a path are examined, and what "/" covers.
func TestReadings(t *testing.T) {
	e, err := core.NewRouted(
		core.Route{Host: "z.example", Policies: named("z")},
		core.Route{Path: "/one", Policies: named("one")},
		core.Route{Path: "/", Policies: named("rest")},
	)
	if err != nil {
		t.Fatal(err)
	}
	dots := func(n int) string { return "/./" + strings.Repeat("a", n-len("/./")) }
	for _, tt := range []struct{ host, path, want string }{
		{"Z.EXAMPLE", "/one", "z"},
		{"x", "*", "rest"}, // OPTIONS *
		{"x", "", "rest"},
		{"x", "/one", "one"},
		{"x", "/one/", "rest"},
		{"x", "//one", ""},  // /one once cleaned
		{"x", "//one/", ""}, // /one/ once cleaned, or /one
		{"x", "/one/.", ""},
		{"x", "/one/./", ""},
		{"x", "/one/x/..", ""},
		{"x", "/two/x/..", "rest"},
		{"x", "//", "rest"},
		{"x", dots(1024), "rest"},
		{"x", dots(1025), ""}, // too long to be examined
	} {
		d := e.Decide(ctx, core.Request{Method: "GET", Host: tt.host, Path: tt.path, Origin: []string{"https://a.example"}})
		if d.Policy != tt.want || (tt.want == "") != (d.Code == core.CodePathAmbiguous) {
			t.Errorf("host %q, path %.40q of %d bytes: policy %q (%s), want %q", tt.host, tt.path, len(tt.path), d.Policy, d.Code, tt.want)
		}
	}
}
