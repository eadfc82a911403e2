package corsechov5_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/labstack/echo/v5"

	"github.com/corskit/corskit/adapters/corsechov5"
	"github.com/corskit/corskit/core"
)

const other = "https://b.example"

// wantPreflight checks that a preflight is allowed from origin, and not from the
// other one of the two.
func wantPreflight(t *testing.T, method, url, origin string) {
	t.Helper()
	for _, o := range []string{allowed, other} {
		res := preflight(t, method, url, o)
		want, status := "", http.StatusForbidden
		if o == origin {
			want, status = o, http.StatusNoContent
		}
		wantOrigin(t, res, want)
		if res.StatusCode != status {
			t.Errorf("preflight of %s %s from %s: status %d, want %d", method, url, o, res.StatusCode, status)
		}
	}
}

// TestGroupNextToCatchAll: routes for requests that no other route matches get no
// preflights of the group's routes.
func TestGroupNextToCatchAll(t *testing.T) {
	custom := func(c *echo.Context) error { return c.String(http.StatusOK, "custom") }
	for name, catchAll := range map[string]func(*echo.Echo){
		"not found":       func(e *echo.Echo) { e.RouteNotFound("/*", custom) },
		"any":             func(e *echo.Echo) { e.Any("/*", custom) },
		"GET":             func(e *echo.Echo) { e.GET("/*", custom) },
		"parameter":       func(e *echo.Echo) { e.Any("/:page", custom) },
		"not found below": func(e *echo.Echo) { e.RouteNotFound("/api/*", custom) },
		"any below":       func(e *echo.Echo) { e.Any("/api/*", custom) },
		"group":           func(e *echo.Echo) { e.Group("/api", corsechov5.Middleware(engine(t, other))) },
	} {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprint(name, "/", first), func(t *testing.T) {
				e := quiet()
				if first {
					catchAll(e)
				}
				api := corsechov5.Group(e, e.Group("/api"), engine(t, allowed))
				inner := api.Group("/inner")
				for _, path := range []string{"", "/items", "/items/:id", "/files/*"} {
					api.PUT(path, ok)
					inner.PUT(path, ok)
				}
				if !first {
					catchAll(e)
				}
				url := start(t, e)
				for _, prefix := range []string{"/api", "/api/inner"} {
					for _, path := range []string{"", "/items", "/items/7", "/files/a/b"} {
						wantOrigin(t, send(t, "PUT", url+prefix+path, allowed), allowed)
						wantPreflight(t, "PUT", url+prefix+path, allowed)
					}
				}
			})
		}
	}
}

// TestGroupPaths: echo puts no slash between the path of a group and that of a route.
func TestGroupPaths(t *testing.T) {
	for _, test := range []struct{ group, path, request, nowhere string }{
		{"/api/", "items", "/api/items", "/api/nowhere"},
		{"/api/", "", "/api/", "/api/nowhere"},
		{"/api/", "/items", "/api//items", "/api//nowhere"},
		{"/", "items", "/items", "/nowhere"},
		{"/", "", "/", "/nowhere"},
		{"", "items", "/items", "/nowhere"},
		{"", "", "/", "/nowhere"},
		{"api", "/items", "/api/items", "/api/nowhere"},
		{"/api", "items", "/apiitems", ""},
		{"/api", ":id", "/api7", ""},
		{"/api", "-:id/items", "/api-7/items", ""},
		{"/api", "*", "/apikeys/7", ""},
		{"/:tenant/", "items", "/acme/items", "/acme/nowhere"},
		{"/v1\\:beta", "/:id", "/v1:beta/7", "/v1:beta/7/nowhere"},
	} {
		t.Run(test.group+" "+test.path, func(t *testing.T) {
			e := quiet()
			corsechov5.Group(e, e.Group(test.group), engine(t, allowed)).PUT(test.path, ok)
			url := start(t, e)
			wantPreflight(t, "PUT", url+test.request, allowed)
			for method, path := range map[string]string{"PUT": test.request, "DELETE": test.request, "GET": test.nowhere} {
				if path != "" {
					wantOrigin(t, send(t, method, url+path, allowed), allowed) // 404s too
				}
			}
		})
	}
}

// TestGroupYields: an OPTIONS or not-found route of the application takes precedence
// over those that Group adds.
func TestGroupYields(t *testing.T) {
	mine := func(c *echo.Context) error { return c.String(http.StatusTeapot, "mine") }
	for name, test := range map[string]struct {
		own  func(*echo.Echo, *echo.Group)
		want string
	}{
		"of the group":       {func(_ *echo.Echo, g *echo.Group) { g.OPTIONS("/items/:item", mine) }, allowed},
		"of the application": {func(e *echo.Echo, _ *echo.Group) { e.OPTIONS("/api/items/:item", mine) }, ""},
		"any":                {func(_ *echo.Echo, g *echo.Group) { g.Any("/items/:id", mine) }, allowed},
	} {
		for position := range 4 {
			t.Run(fmt.Sprint(name, "/", position), func(t *testing.T) {
				e := quiet()
				api := e.Group("api") // echo treats it as /api
				steps := []func(){
					func() { test.own(e, api) },
					func() { corsechov5.Group(e, api, engine(t, allowed)) },
					func() { api.GET("/items/:id", ok) },
					func() { api.PUT("/items/:key", ok) },
				}
				for i := range steps {
					if i < position { // the first step is done at the position
						steps[i], steps[i+1] = steps[i+1], steps[i]
					}
					steps[i]()
				}
				want := test.want
				if position == 0 { // the group has no middleware yet
					want = ""
				}
				url := start(t, e) + "/api/items/7"
				res := send(t, "OPTIONS", url, allowed)
				wantOrigin(t, res, want)
				if res.StatusCode != http.StatusTeapot {
					t.Errorf("OPTIONS: status %d, want the handler's 418", res.StatusCode)
				}
				wantOrigin(t, preflight(t, "PUT", url, allowed), want)
			})
		}
	}
	e := quiet()
	api := corsechov5.Group(e, e.Group("/api/"), engine(t, allowed))
	e.RouteNotFound("/api/files/*", mine)
	api.GET("files/*", ok)
	if res := send(t, "PUT", start(t, e)+"/api/files/a", allowed); res.StatusCode != http.StatusTeapot {
		t.Errorf("status %d, want the not-found handler's 418", res.StatusCode)
	}
	e = quiet()
	e.RouteNotFound("/*", mine)
	corsechov5.Group(e, e.Group("/"), engine(t, allowed)).GET("items", ok)
	if res := send(t, "GET", start(t, e)+"/nowhere", allowed); res.StatusCode != http.StatusTeapot {
		t.Errorf("status %d, want the not-found handler's 418", res.StatusCode)
	}
}

// TestSeveralGroups: each group decides the preflights of its own routes, even if
// paths of the groups overlap.
func TestSeveralGroups(t *testing.T) {
	e := quiet()
	both := e.Group("/both")
	e.GET("/api/foreign/*", ok)
	api := corsechov5.Group(e, e.Group("/api"), engine(t, allowed))
	corsechov5.Group(e, both, engine(t, allowed)).PUT("/x", ok)
	same := corsechov5.Group(e, e.Group("/api"), engine(t, other))
	v1 := corsechov5.Group(e, e.Group("/api/v1"), engine(t, other))
	corsechov5.Group(e, api.Group("/inner"), engine(t, allowed, other)).PUT("/x", ok)
	api.PUT("/a/*", ok)
	same.PUT("/b/*", ok)
	v1.PUT("/c/*", ok)
	e.GET("/api/late/*", ok)
	url := start(t, e)
	for path, origin := range map[string]string{
		"/both/x": allowed, "/api/a/x": allowed, "/api/b/x": other, "/api/v1/c/x": other,
		"/api/inner/x": allowed, // the outer group decides
	} {
		wantPreflight(t, "PUT", url+path, origin)
	}
	for _, path := range []string{"/api/foreign/x", "/api/late/x"} {
		wantOrigin(t, preflight(t, "GET", url+path, allowed), "")
	}
}

// TestGroupFindsItsRoutes: only routes of the group, and of groups inside it, get an
// OPTIONS route, no matter where the group's middleware is in their chains. No handler
// runs when they are registered, and middleware of routes outside the group is not
// applied.
func TestGroupFindsItsRoutes(t *testing.T) {
	applied, ran := 0, 0
	foreign := func(echo.HandlerFunc) echo.HandlerFunc {
		applied++
		return func(*echo.Context) error { ran++; return nil }
	}
	e := quiet()
	group := e.Group("/api", foreign)
	api := corsechov5.Group(e, group, engine(t, allowed))
	api.PUT("/items", ok, foreign)
	api.Group("/inner", foreign).PUT("/items", ok)
	group.PUT("/late", ok)
	e.PUT("/api/foreign", ok, foreign)
	before := applied
	e.PUT("/elsewhere", ok, foreign)
	if n := applied - before; n > 1 {
		t.Errorf("a middleware of a route elsewhere was applied %d times", n)
	}
	if ran > 0 {
		t.Errorf("%d handlers ran", ran)
	}
	has := make(map[string]bool)
	for _, r := range e.Router().Routes() {
		has[r.Method+" "+r.Path] = true
	}
	for path, want := range map[string]bool{
		"/api/items": true, "/api/inner/items": true, "/api/late": true, "/api/foreign": false, "/elsewhere": false,
	} {
		if got := has["OPTIONS "+path]; got != want {
			t.Errorf("%s has an OPTIONS route: %v, want %v", path, got, want)
		}
	}
}

// TestGroupOptions: the options apply to all routes that Group adds.
func TestGroupOptions(t *testing.T) {
	e := quiet()
	opts := make([]corsechov5.Options, 1, 2)
	opts[0].Skip = func(c *echo.Context) bool { return c.Request().Header.Get("Skip") != "" }
	corsechov5.Group(e, e.Group("/api"), core.MustNew(core.Policy{AllowOrigins: []string{allowed}}), opts...).PUT("", ok)
	if opts[:2][1].Skip != nil {
		t.Error("Group writes to the caller's options")
	}
	url := start(t, e) + "/api"
	wantOrigin(t, send(t, "PUT", url, allowed), allowed)
	wantOrigin(t, send(t, "PUT", url, allowed, "Skip", "yes"), "")
	wantOrigin(t, send(t, "OPTIONS", url, allowed, "Skip", "yes", "Access-Control-Request-Method", "PUT"), "")
}

// TestGroupYieldsToStrictRouter: a router that refuses a second route for a method and
// path accepts the application's.
func TestGroupYieldsToStrictRouter(t *testing.T) {
	e := echo.NewWithConfig(echo.Config{Router: echo.NewRouter(echo.RouterConfig{})})
	mine := func(c *echo.Context) error { return c.String(http.StatusTeapot, "mine") }
	api := corsechov5.Group(e, e.Group("/api"), engine(t, allowed))
	api.PUT("/items", ok)
	api.OPTIONS("/items", mine)
	api.POST("/items", ok)
	api.Any("/items", ok)
	api.PUT("/any", ok)
	api.Any("/any", mine)
	url := start(t, e)
	for _, path := range []string{"/api/items", "/api/any"} {
		wantPreflight(t, "PUT", url+path, allowed)
		if res := send(t, "OPTIONS", url+path, allowed); res.StatusCode != http.StatusTeapot {
			t.Errorf("OPTIONS %s: status %d, want the handler's 418", path, res.StatusCode)
		}
		if res := send(t, "PUT", url+path, allowed); res.StatusCode != http.StatusOK {
			t.Errorf("PUT %s: status %d", path, res.StatusCode)
		}
	}
}
