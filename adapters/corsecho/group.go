package corsecho

import (
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/corskit/corskit/core"
)

// Group puts the middleware on a group of e, at any depth, and returns the
// group. It does what group.Use(Middleware(engine, opts...)) does, with which
// echo has a not-found route for the group, and gives what this leaves out routes
// of its own, by way of e.OnAddRouteHandler: an OPTIONS route to each path of the
// group's routes that has none, for preflights, and a not-found route where the
// group's does not reach, as with paths that end in a wildcard. Call it before the
// group's routes are registered, and set that field, if you do, before.
//
// Preflights of other routes below the group's path get to its not-found route, and
// so are decided by this engine as well, unless these routes have an OPTIONS or
// not-found route or end in a wildcard. Where routes of several groups take the same
// path, the one that echo's router tries first decides its preflights; of routes with
// one path, the first.
func Group(e *echo.Echo, group *echo.Group, engine *core.Engine, opts ...Options) *echo.Group {
	g := &grouped{group: group, has: make(map[string]bool)}
	g.cors = Middleware(engine, append(slices.Clone(opts), Options{Skip: g.elsewhere})...)
	group.Use(g.middleware)
	others := e.OnAddRouteHandler

	// echo tells where a group is only through its routes.
	e.OnAddRouteHandler = func(host string, r echo.Route, _ echo.HandlerFunc, _ []echo.MiddlewareFunc) {
		g.host, g.prefix = host, strings.TrimSuffix(r.Path, "/*")
	}
	group.RouteNotFound("/*", echo.NotFoundHandler)

	router := e.Routers()[g.host]
	if router == nil {
		router = e.Router()
	}
	for _, r := range router.Routes() {
		g.has[place(r.Method, r.Path)] = true
	}
	e.OnAddRouteHandler = func(host string, r echo.Route, handler echo.HandlerFunc, chain []echo.MiddlewareFunc) {
		if others != nil {
			others(host, r, handler, chain)
		}
		if host == g.host {
			g.added(r, chain)
		}
	}
	if strings.HasSuffix(g.prefix, "/") {
		g.add(echo.RouteNotFound, "*") // echo's own is below two slashes
	}
	return group
}

// grouped sees to the preflights of a group.
type grouped struct {
	group        *echo.Group
	cors         echo.MiddlewareFunc
	host, prefix string
	has          map[string]bool // the routes of the host, by place
	asked        bool            // by member
}

// added is told of each new route of the group's host.
func (g *grouped) added(r echo.Route, chain []echo.MiddlewareFunc) {
	g.has[place(r.Method, r.Path)] = true
	if r.Method == echo.RouteNotFound || !g.member(chain) {
		return
	}
	path := strings.TrimPrefix(r.Path, g.prefix)
	g.add(http.MethodOptions, path)
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "*") {
		g.add(echo.RouteNotFound, path)
	}
}

// add registers a route of the group, unless there is one.
func (g *grouped) add(method, path string) {
	if !g.has[place(method, g.prefix+path)] {
		g.group.Add(method, path, echo.NotFoundHandler)
	}
}

// middleware is that of the group's routes. Without a handler it says that it is g's.
func (g *grouped) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	if next == nil {
		g.asked = true
		return nil
	}
	return g.cors(next)
}

// elsewhere reports whether a request is for another host than the group: echo
// registers the not-found routes of groups within a host's for all others.
func (g *grouped) elsewhere(c echo.Context) bool {
	return g.host != "" && c.Request().Host != g.host
}

// member reports whether a route with these middlewares is of the group. Go does
// not compare functions, but tells which have the code of g's, and these answer.
func (g *grouped) member(chain []echo.MiddlewareFunc) bool {
	g.asked = false
	for _, m := range chain {
		if reflect.ValueOf(m).Pointer() == reflect.ValueOf(g.middleware).Pointer() {
			m(nil)
		}
	}
	return g.asked
}

// place says where a route is in echo's router, for which names of parameters make
// no difference.
func place(method, path string) string {
	return method + " " + parameter.ReplaceAllString(path, "$1:")
}

var parameter = regexp.MustCompile(`([^\\]):[^/\\]*`)
