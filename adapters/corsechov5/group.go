package corsechov5

import (
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/labstack/echo/v5"

	"github.com/corskit/corskit/core"
)

// Group puts the middleware on a group of e, at any depth, and returns the
// group. It does what group.Use(Middleware(engine, opts...)) does, with which
// echo has a not-found route for the group, and gives what this leaves out routes
// of its own, by way of e.OnAddRoute: the group's not-found route if
// NoGroupAutoRegister404Routes is set, an OPTIONS route to each path of the group's
// routes that has none, for preflights, and a not-found route where the group's does
// not reach, as with paths that end in a wildcard. Call it before the group's
// routes are registered, and set that field, if you do, before.
//
// Preflights of other routes below the group's path get to its not-found route, and
// so are decided by this engine as well, unless these routes have an OPTIONS or
// not-found route or end in a wildcard. Where routes of several groups take the same
// path, the one that echo's router tries first decides its preflights; of routes with
// one path, the first.
func Group(e *echo.Echo, group *echo.Group, engine *core.Engine, opts ...Options) *echo.Group {
	g := &grouped{router: e.Router(), group: group, cors: Middleware(engine, opts...)}
	group.Use(g.middleware)
	others := e.OnAddRoute

	// echo tells where a group is only through its routes.
	e.OnAddRoute = func(r echo.Route) error {
		g.prefix = strings.TrimSuffix(r.Path, "/*")
		return nil
	}
	notFound := echo.Route{Method: echo.RouteNotFound}
	_, _ = group.AddRoute(notFound) // an error is that there is one already
	notFound.Path = "/*"
	_, _ = group.AddRoute(notFound)

	g.has, g.options = make(map[string]bool), make(map[string]string)
	for _, r := range g.router.Routes() {
		g.has[place(r.Method, r.Path)] = true
	}
	e.OnAddRoute = func(r echo.Route) error {
		if others != nil {
			if err := others(r); err != nil {
				return err
			}
		}
		g.added(r)
		return nil
	}
	if strings.HasSuffix(g.prefix, "/") {
		g.add(echo.RouteNotFound, "*") // echo's own is below two slashes
	}
	return group
}

// grouped sees to the preflights of a group.
type grouped struct {
	router  echo.Router
	group   *echo.Group
	cors    echo.MiddlewareFunc
	prefix  string
	has     map[string]bool   // the routes of the application, by place
	options map[string]string // paths of g's OPTIONS routes, by place
	adding  bool              // a route of g's
	asked   bool              // by member
}

// added is told of each new route of the application, before it is one.
func (g *grouped) added(r echo.Route) {
	if !g.adding && (r.Method == http.MethodOptions || r.Method == echo.RouteAny) {
		g.yield(place(http.MethodOptions, r.Path))
	}
	g.has[place(r.Method, r.Path)] = true
	if r.Method == echo.RouteNotFound || !g.member(r.Middlewares) {
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

// yield takes an OPTIONS route of g's back: the application has its own, which the
// router might refuse beside it.
func (g *grouped) yield(options string) {
	if path, ok := g.options[options]; ok {
		_ = g.router.Remove(http.MethodOptions, path)
		delete(g.options, options)
	}
}

// add registers a route of the group, unless there is one.
func (g *grouped) add(method, path string) {
	at := place(method, g.prefix+path)
	if g.has[at] {
		return
	}
	route := echo.Route{Method: method, Path: path}
	if method == http.MethodOptions {
		route.Handler = func(*echo.Context) error { return echo.ErrNotFound }
		g.options[at] = g.prefix + path
	}
	g.adding = true
	_, _ = g.group.AddRoute(route)
	g.adding = false
}

// middleware is that of the group's routes. Without a handler it says that it is g's.
func (g *grouped) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	if next == nil {
		g.asked = true
		return nil
	}
	return g.cors(next)
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
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return method + " " + parameter.ReplaceAllString(path, "$1:")
}

var parameter = regexp.MustCompile(`([^\\]):[^/\\]*`)
