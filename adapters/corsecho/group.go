package corsecho

import (
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/corskit/corskit/core"
)

// Group puts the middleware on a group of e, at any depth, and returns the
// group. It does what group.Use(Middleware(engine, opts...)) does, with which
// echo has a not-found route for the group: preflights of paths that have no
// OPTIONS handler get there, and so do other requests that no route matches.
// Paths of routes that end in a wildcard, such as those of Static, do not; Group
// gives each of these routes a not-found route of its own, by way of
// e.OnAddRouteHandler. Call it before the group's routes are registered, and set
// that field, if you do, before.
//
// Preflights of routes below the group's path that are not of the group are
// decided by this engine as well, unless they have an OPTIONS handler. Of
// several groups with the same path the last decides all preflights.
func Group(e *echo.Echo, group *echo.Group, engine *core.Engine, opts ...Options) *echo.Group {
	group.Use(Middleware(engine, opts...))
	others := e.OnAddRouteHandler

	// echo tells where a group is only through its routes.
	var host, prefix string
	e.OnAddRouteHandler = func(h string, r echo.Route, _ echo.HandlerFunc, _ []echo.MiddlewareFunc) {
		host, prefix = h, strings.TrimSuffix(r.Path, "/*")
	}
	group.RouteNotFound("/*", echo.NotFoundHandler)

	taken := make(map[string]bool) // not-found routes that are not ours
	adding := false
	e.OnAddRouteHandler = func(h string, r echo.Route, handler echo.HandlerFunc, m []echo.MiddlewareFunc) {
		if others != nil {
			others(h, r, handler, m)
		}
		switch {
		case adding || h != host || !strings.HasPrefix(r.Path, prefix+"/") || !strings.HasSuffix(r.Path, "*"):
		case r.Method == echo.RouteNotFound:
			taken[r.Path] = true
		case !taken[r.Path]:
			adding = true
			group.RouteNotFound(strings.TrimPrefix(r.Path, prefix), echo.NotFoundHandler)
			adding = false
		}
	}
	return group
}
