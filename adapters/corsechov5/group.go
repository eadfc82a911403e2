package corsechov5

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v5"

	"github.com/corskit/corskit/core"
)

// Group mounts the middleware on a group of e, at any depth, and returns the
// group. It does what group.Use(Middleware(engine, opts...)) does, for which echo
// gives the group a not-found route, and adds the routes that are missing then: the
// group's not-found route if NoGroupAutoRegister404Routes is set; an OPTIONS route,
// for preflights, on each path of the group's routes that has none; and a not-found
// route for paths that the group's own does not cover, such as those that end in a
// wildcard. It learns of the group's routes by e.OnAddRoute. Call Group before you
// register the group's routes and, if you set that field, after you set it.
//
// Preflights of other routes below the group's path reach the group's not-found
// route, so this engine decides them as well, unless these routes have an OPTIONS or
// not-found route or end in a wildcard. If routes of several groups match a path, the
// route that echo's router tries first decides the preflights of the path; of routes
// with the same path, it is the first.
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
	adding  bool              // a route, of its own accord
	applied bool              // the group's middleware, for owns
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
// routes have the group's middleware, but echo does not tell where a middleware
// comes from, and Go does not compare functions. So owns applies the route's
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

// place identifies where a route is in echo's router. Names of parameters make no
// difference to the router.
func place(method, path string) string {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return method + " " + parameter.ReplaceAllString(path, "$1:")
}

var parameter = regexp.MustCompile(`([^\\]):[^/\\]*`)
