package hosts

import (
	"errors"
	"net/http"
	"os"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/conformance"
)

// Echo is github.com/labstack/echo/v4.
func Echo() Host {
	return Host{
		Name: "echo", Title: "echo v4", Adapter: "corsecho", HasGroup: true, build: buildEcho,
		Routers: []Variant{
			{Name: "echo"},
			{Name: "echo Rewrite", Options: Options{Rewrite: true}, Rewrites: true},
		},
		Exceptions: []Exception{{
			Request: "slash", Mounted: []Position{OnOuter, OnInner},
			Settings: func(o Options) bool { return o.RemoveTrailingSlash },
			Why:      "the redirection runs with Pre; so must the middleware",
		}},
	}
}

func corsEcho(m Middleware) echo.MiddlewareFunc {
	return corsecho.Middleware(m.Engine, corsEchoOptions(m))
}

func corsEchoOptions(m Middleware) corsecho.Options {
	return corsecho.Options{KeepVary: m.KeepVary, Enforce: m.Enforce}
}

// echoApp is an application while it is being built.
type echoApp struct {
	echoHandlers[echo.Context]
	echo       *echo.Echo
	preflights map[string]bool // paths with a route for the preflights of routes
}

// echoRouter is the application or a group.
type echoRouter interface {
	Add(method, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route
	Group(prefix string, m ...echo.MiddlewareFunc) *echo.Group
}

func buildEcho(app App) *Application {
	a := &echoApp{
		echoHandlers: echoHandlers[echo.Context]{
			App: app, response: func(c echo.Context) http.ResponseWriter { return c.Response() },
			wrap:     func(h http.Handler) func(echo.Context) error { return echo.WrapHandler(h) },
			newError: func(status int) error { return echo.NewHTTPError(status) },
		},
		echo: echo.New(), preflights: make(map[string]bool),
	}
	e, o := a.echo, app.Options
	e.Logger.SetOutput(app.log())
	if app.Files != "" {
		e.Filesystem = os.DirFS(app.Files)
	}
	for _, l := range app.Outside {
		e.Use(a.layer(l))
	}
	if app.OuterVary != "" {
		e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				c.Response().Header().Add("Vary", app.OuterVary)
				return next(c)
			}
		})
	}
	if o.RemoveTrailingSlash {
		e.Pre(buildAll(app.CORS, corsEcho)...) // before middleware that redirects
		e.Pre(middleware.RemoveTrailingSlashWithConfig(middleware.TrailingSlashConfig{RedirectCode: http.StatusMovedPermanently}))
	} else {
		e.Use(buildAll(app.CORS, corsEcho)...)
	}
	if o.Rewrite {
		e.Pre(middleware.Rewrite(map[string]string{"/old/*": "/private/$1"}))
	}
	if app.ErrorHandler {
		e.HTTPErrorHandler = echoErrors
	}
	custom := func(c echo.Context) error { return c.String(app.NotFound, "custom") }
	if app.NotFound != 0 {
		e.RouteNotFound("/*", custom)
	}
	a.routes(e, "", app.Routes)
	a.groups(e, "", app.Groups)
	if o.CatchAll {
		e.Any("/*", custom)
	}
	return &Application{Handler: e}
}

func echoErrors(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status := http.StatusInternalServerError
	var he *echo.HTTPError
	if errors.As(err, &he) {
		status = he.Code
	}
	_ = c.JSON(status, map[string]string{"error": "custom"})
}

func (a *echoApp) groups(parent echoRouter, prefix string, groups []Group) {
	for _, g := range groups {
		group := parent.Group(g.Path)
		for _, m := range g.CORS {
			if m.Engine != nil {
				corsecho.Group(a.echo, group, m.Engine, corsEchoOptions(m))
			} else {
				group.Use(build(m, corsEcho))
			}
		}
		a.routes(group, prefix+g.Path, g.Routes)
		a.groups(group, prefix+g.Path, g.Groups)
	}
}

func (a *echoApp) routes(router echoRouter, prefix string, routes []Route) {
	for _, r := range routes {
		path := r.Path
		if r.Behaviour == Directory {
			path += "*" // as Static does
		}
		chain := buildAll(r.CORS, corsEcho)
		if len(chain) > 0 && !r.takesOptions() && !a.preflights[prefix+path] {
			a.preflights[prefix+path] = true
			router.Add(http.MethodOptions, path, echo.NotFoundHandler, slices.Clone(chain)...)
		}
		for _, l := range slices.Concat(a.Inside, r.Inside) {
			chain = append(chain, a.layer(l))
		}
		h := a.handler(r, a.own(r))
		for _, method := range r.methods() {
			router.Add(method, path, h, chain...)
		}
	}
}

func (a *echoApp) layer(l Layer) echo.MiddlewareFunc {
	switch l {
	case Recover:
		return middleware.Recover()
	case Compress:
		excluded := a.paths(conformance.Upgrade)
		skip := func(c echo.Context) bool { return slices.Contains(excluded, c.Path()) }
		return middleware.GzipWithConfig(middleware.GzipConfig{Skipper: skip})
	case Secure:
		return middleware.Secure()
	case BasicAuth:
		return middleware.BasicAuth(func(u, p string, _ echo.Context) (bool, error) { return u == user && p == password, nil })
	case TokenAuth:
		return middleware.KeyAuth(func(key string, _ echo.Context) (bool, error) { return key == token, nil })
	}
	panic("hosts: unknown layer " + l)
}

// own returns the handler of a behaviour for which each version of echo has functions
// of its own, or nil.
func (a *echoApp) own(r Route) echo.HandlerFunc {
	switch r.Behaviour {
	case Directory:
		return echo.StaticDirectoryHandler(a.echo.Filesystem, false)
	case File:
		return echo.StaticFileHandler(r.Body, a.echo.Filesystem)
	case ReadBody:
		return middleware.BodyLimit(strconv.Itoa(a.BodyLimit) + "B")(a.readBody)
	case Slow:
		return middleware.ContextTimeout(a.Timeout)(a.wait)
	}
	return nil
}
