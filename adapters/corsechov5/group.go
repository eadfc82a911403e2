package corsechov5

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v5"

	"github.com/corskit/corskit/core"
)

// Group mounts the middleware on a group of e, at any depth, and returns the
// group. It calls group.Use with the middleware; echo then registers a not-found route
// for the group. Group adds the routes that preflights and 404s still need: the group's
// not-found route if NoGroupAutoRegister404Routes is set; an OPTIONS route for the path
// of each of the group's routes, unless there is one; and a not-found route for paths
// that the group's own not-found route does not cover, such as those that end in a
// wildcard.
//
// Group sets e.OnAddRoute to learn about new routes; it calls the function that was
// set before. Call Group before you register the group's routes. If you set that field
// yourself, set it before you call Group.
//
// Preflights of other routes below the group's path reach the group's not-found
// route, so this engine decides them as well, unless these routes have an OPTIONS or
// not-found route or end in a wildcard. If routes of several groups match a path, the
// group of the route that echo's router tries first decides the path's preflights. If
// those routes have the same path, the group of the first one decides.
func Group(e *echo.Echo, group *echo.Group, engine *core.Engine, opts ...Options) *echo.Group {
	g := &grouped{router: e.Router(), group: group, cors: Middleware(engine, opts...)}
	group.Use(g.middleware)
	previous := e.OnAddRoute

	// echo reveals the path of a group only in the group's routes.
	e.OnAddRoute = func(r echo.Route) error {
		g.prefix = strings.TrimSuffix(r.Path, "/*")
		return nil
	}
	for _, path := range []string{"", "/*"} {
		_, _ = group.AddRoute(echo.Route{Method: echo.RouteNotFound, Path: path}) // fails if there is one already
	}

	g.has, g.options = make(map[string]bool), make(map[string]string)
	for _, r := range g.router.Routes() {
		g.has[place(r.Method, r.Path)] = true
	}
	e.OnAddRoute = func(r echo.Route) error {
		if previous != nil {
			if err := previous(r); err != nil {
				return err
			}
		}
		g.added(r)
		return nil
	}
	if strings.HasSuffix(g.prefix, "/") {
		g.add(echo.RouteNotFound, "*") // echo's own route has two slashes
	}
	return group
}

// grouped answers the preflights of a group.
type grouped struct {
	router  echo.Router
	group   *echo.Group
	cors    echo.MiddlewareFunc
	prefix  string
	has     map[string]bool   // the routes of the application, by place
	options map[string]string // the paths of the OPTIONS routes that g has added, by place
	adding  bool              // add is registering a route
	applied bool              // the group's middleware was applied; see owns
}

// added is called for each new route of the application, before it is registered.
func (g *grouped) added(r echo.Route) {
	if !g.adding && (r.Method == http.MethodOptions || r.Method == echo.RouteAny) {
		g.yield(place(http.MethodOptions, r.Path))
	}
	g.has[place(r.Method, r.Path)] = true
	if r.Method == echo.RouteNotFound || !g.owns(r) {
		return
	}
	path := strings.TrimPrefix(r.Path, g.prefix)
	if !g.has[place(echo.RouteAny, r.Path)] {
		g.add(http.MethodOptions, path)
	}
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "*") {
		g.add(echo.RouteNotFound, path)
	}
}

// yield removes an OPTIONS route that g has added: the application has its own, and
// the router might refuse a second one.
func (g *grouped) yield(options string) {
	if path, ok := g.options[options]; ok {
		_ = g.router.Remove(http.MethodOptions, path)
		delete(g.options, options)
	}
}

// add registers a route of the group, unless there is one already.
func (g *grouped) add(method, path string) {
	at := place(method, g.prefix+path)
	if g.has[at] {
		return
	}
	route := echo.Route{Method: method, Path: path}
	if method == http.MethodOptions {
		route.Handler = notFound
		g.options[at] = g.prefix + path
	}
	g.adding = true
	_, _ = g.group.AddRoute(route)
	g.adding = false
}

// owns reports whether a route belongs to the group or to a group inside it. Such
// routes have the group's middleware, but echo does not say where a middleware comes
// from, and Go cannot compare functions. So owns applies the route's
// middlewares to a handler, as echo does for each route of a group, and sees whether
// the group's is among them.
func (g *grouped) owns(r echo.Route) bool {
	if !strings.HasPrefix(r.Path, g.prefix) {
		return false
	}
	g.applied = false
	for _, m := range r.Middlewares {
		if m(notFound); g.applied {
			return true
		}
	}
	return false
}

// middleware is the middleware of the group's routes. echo v5 applies it only when it
// registers them.
func (g *grouped) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	g.applied = true
	return g.cors(next)
}

func notFound(*echo.Context) error { return echo.ErrNotFound }

// place returns a key for a method and a path. Names of parameters are left out, because
// echo's router ignores them.
func place(method, path string) string {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return method + " " + parameter.ReplaceAllString(path, "$1:")
}

var parameter = regexp.MustCompile(`([^\\]):[^/\\]*`)
