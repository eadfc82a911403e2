package corsechov5

import (
	"strings"

	"github.com/labstack/echo/v5"

	"github.com/corskit/corskit/core"
)

// Group puts the middleware on a group of e, at any depth, and returns the
// group. It does what group.Use(Middleware(engine, opts...)) does, with which
// echo has a not-found route for the group, unless NoGroupAutoRegister404Routes
// is set: preflights of paths that have no OPTIONS handler get there, and so do
// other requests that no route matches. Paths of routes that end in a wildcard,
// such as those of Static, do not; Group gives each of these routes a not-found
// route of its own, by way of e.OnAddRoute, and has the group's in any case.
// Call it before the group's routes are registered, and set that field, if you
// do, before.
//
// Preflights of routes below the group's path that are not of the group are
// decided by this engine as well, unless they have an OPTIONS handler. Of
// several groups with the same path the last decides all preflights.
func Group(e *echo.Echo, group *echo.Group, engine *core.Engine, opts ...Options) *echo.Group {
	group.Use(Middleware(engine, opts...))
	others := e.OnAddRoute

	// echo tells where a group is only through its routes.
	var prefix string
	e.OnAddRoute = func(r echo.Route) error {
		prefix = strings.TrimSuffix(r.Path, "/*")
		return nil
	}
	notFound(group, "")
	notFound(group, "/*")

	taken := make(map[string]bool) // not-found routes that are not ours
	adding := false
	e.OnAddRoute = func(r echo.Route) error {
		if others != nil {
			if err := others(r); err != nil {
				return err
			}
		}
		switch {
		case adding || !strings.HasPrefix(r.Path, prefix+"/") || !strings.HasSuffix(r.Path, "*"):
		case r.Method == echo.RouteNotFound:
			taken[r.Path] = true
		case !taken[r.Path]:
			adding = true
			notFound(group, strings.TrimPrefix(r.Path, prefix))
			adding = false
		}
		return nil
	}
	return group
}

// notFound registers a not-found route. An error is that there is one already.
func notFound(group *echo.Group, path string) {
	_, _ = group.AddRoute(echo.Route{Method: echo.RouteNotFound, Path: path})
}
