package corsecho

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/corskit/corskit/core"
)

// Group mounts the middleware on a group of e, at any depth, and returns the
// group. It calls group.Use with the middleware; echo then registers a not-found route
// for the group. Group adds the routes that preflights and 404s still need: an OPTIONS
// route for the path of each of the group's routes, unless there is one, and a not-found
// route for paths that the group's own not-found route does not cover, such as those that
// end in a wildcard.
//
// Group sets e.OnAddRouteHandler to learn about new routes; it calls the function
// that was set before. Call Group before you register the group's routes. If you set that
// field yourself, set it before you call Group.
//
// Preflights of other routes below the group's path reach the group's not-found
// route, so this engine decides them as well, unless these routes have an OPTIONS or
// not-found route or end in a wildcard. If routes of several groups match a path, the
// group of the route that echo's router tries first decides the path's preflights. If
// those routes have the same path, the group of the first one decides.
func Group(e *echo.Echo, group *echo.Group, engine *core.Engine, opts ...Options) *echo.Group {
	g := &grouped{group: group, has: make(map[string]bool)}
	g.cors = Middleware(engine, append(slices.Clone(opts), Options{Skip: g.elsewhere})...)
	group.Use(g.middleware)
	previous := e.OnAddRouteHandler

	// echo reveals the host and the path of a group only in the group's routes.
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
		if previous != nil {
			previous(host, r, handler, chain)
		}
		if host == g.host {
			g.added(r, chain)
		}
	}
	if strings.HasSuffix(g.prefix, "/") {
		g.add(echo.RouteNotFound, "*") // echo's own route has two slashes
	}
	return group
}

// grouped answers the preflights of a group.
type grouped struct {
	group        *echo.Group
	cors         echo.MiddlewareFunc
	host, prefix string
	has          map[string]bool // the routes of the host, by place

	asking, applied bool // see owns
}

// added is called for each new route of the group's host.
func (g *grouped) added(r echo.Route, chain []echo.MiddlewareFunc) {
	g.has[place(r.Method, r.Path)] = true
	if r.Method == echo.RouteNotFound || !g.owns(r, chain) {
		return
	}
	path := strings.TrimPrefix(r.Path, g.prefix)
	g.add(http.MethodOptions, path)
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "*") {
		g.add(echo.RouteNotFound, path)
	}
}

// add registers a route of the group, unless there is one already.
func (g *grouped) add(method, path string) {
	if !g.has[place(method, g.prefix+path)] {
		g.group.Add(method, path, echo.NotFoundHandler)
	}
}

// owns reports whether a route belongs to the group or to a group inside it. Such
// routes have the group's middleware, but echo does not say where a middleware comes
// from, and Go cannot compare functions. So owns applies the route's
// middlewares to a handler, as echo does for each request, and sees whether the
// group's is among them.
func (g *grouped) owns(r echo.Route, chain []echo.MiddlewareFunc) bool {
	if !strings.HasPrefix(r.Path, g.prefix) {
		return false
	}
	g.asking, g.applied = true, false
	defer func() { g.asking = false }()
	for _, m := range chain {
		if m(echo.NotFoundHandler); g.applied {
			return true
		}
	}
	return false
}

// middleware is the middleware of the group's routes. echo v4 also applies it for each
// request, while asking is false.
func (g *grouped) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	if g.asking {
		g.applied = true
	}
	return g.cors(next)
}

// elsewhere reports whether a request is for a host other than the group's. echo
// registers the not-found routes of groups inside a host's group for all other hosts.
func (g *grouped) elsewhere(c echo.Context) bool {
	return g.host != "" && c.Request().Host != g.host
}

// place returns a key for a method and a path. Names of parameters are left out, because
// echo's router ignores them.
func place(method, path string) string {
	return method + " " + parameter.ReplaceAllString(path, "$1:")
}

var parameter = regexp.MustCompile(`([^\\]):[^/\\]*`)
