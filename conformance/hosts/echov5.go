package hosts

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"slices"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/corskit/corskit/adapters/corsechov5"
	"github.com/corskit/corskit/conformance"
)

// EchoV5 is github.com/labstack/echo/v5.
func EchoV5() Host {
	return Host{
		Name: "echov5", Title: "echo v5", Adapter: "corsechov5", HasGroup: true, build: buildEchoV5,
		Routers: []Variant{
			{Name: "echo v5"},
			{Name: "echo v5 UseEscapedPathForMatching", Options: Options{UseEscapedPathForMatching: true}},
			{Name: "echo v5 Rewrite", Options: Options{Rewrite: true}, Rewrites: true},
		},
		Exceptions: []Exception{{
			Request: "slash", Mounted: []Position{OnOuter, OnInner},
			Settings: func(o Options) bool { return o.RemoveTrailingSlash },
			Why:      "the redirection runs with Pre; so must the middleware",
		}},
	}
}

func corsEchoV5(m Middleware) echo.MiddlewareFunc {
	return corsechov5.Middleware(m.Engine, corsEchoV5Options(m))
}

func corsEchoV5Options(m Middleware) corsechov5.Options {
	return corsechov5.Options{KeepVary: m.KeepVary, Enforce: m.Enforce}
}

// echoV5App is an application while it is being built.
type echoV5App struct {
	echoHandlers[*echo.Context]
	echo       *echo.Echo
	preflights map[string]bool // paths with a route for the preflights of routes
}

// echoV5Router is the application or a group.
type echoV5Router interface {
	Add(method, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) echo.RouteInfo
	Group(prefix string, m ...echo.MiddlewareFunc) *echo.Group
}

func buildEchoV5(app App) *Application {
	a := &echoV5App{
		echoHandlers: echoHandlers[*echo.Context]{
			App: app, response: (*echo.Context).Response,
			wrap:     func(h http.Handler) func(*echo.Context) error { return echo.WrapHandler(h) },
			newError: func(status int) error { return echo.NewHTTPError(status, "returned") },
		},
		echo: newEchoV5(app), preflights: make(map[string]bool),
	}
	e, o := a.echo, app.Options
	if app.Files != "" {
		e.Filesystem = os.DirFS(app.Files)
	}
	for _, l := range app.Outside {
		e.Use(a.layer(l))
	}
	if app.OuterVary != "" {
		e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c *echo.Context) error {
				c.Response().Header().Add("Vary", app.OuterVary)
				return next(c)
			}
		})
	}
	if o.RemoveTrailingSlash {
		e.Pre(buildAll(app.CORS, corsEchoV5)...) // before middleware that redirects
		e.Pre(middleware.RemoveTrailingSlashWithConfig(middleware.RemoveTrailingSlashConfig{RedirectCode: http.StatusMovedPermanently}))
	} else {
		e.Use(buildAll(app.CORS, corsEchoV5)...)
	}
	if o.Rewrite {
		e.Pre(middleware.Rewrite(map[string]string{"/old/*": "/private/$1"}))
	}
	if app.ErrorHandler {
		e.HTTPErrorHandler = echoV5Errors
	}
	custom := func(c *echo.Context) error { return c.String(app.NotFound, "custom") }
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

func newEchoV5(app App) *echo.Echo {
	return echo.NewWithConfig(echo.Config{
		Logger: slog.New(slog.NewTextHandler(app.log(), nil)),
		Router: echo.NewRouter(echo.RouterConfig{UseEscapedPathForMatching: app.Options.UseEscapedPathForMatching}),
	})
}

func echoV5Errors(c *echo.Context, err error) {
	if r, _ := echo.UnwrapResponse(c.Response()); r != nil && r.Committed {
		return
	}
	status := http.StatusInternalServerError
	var coder echo.HTTPStatusCoder
	if errors.As(err, &coder) {
		status = coder.StatusCode()
	}
	_ = c.JSON(status, map[string]string{"error": "custom"})
}

func (a *echoV5App) groups(parent echoV5Router, prefix string, groups []Group) {
	for _, g := range groups {
		group := parent.Group(g.Path)
		for _, m := range g.CORS {
			if m.Engine != nil {
				corsechov5.Group(a.echo, group, m.Engine, corsEchoV5Options(m))
			} else {
				group.Use(build(m, corsEchoV5))
			}
		}
		a.routes(group, prefix+g.Path, g.Routes)
		a.groups(group, prefix+g.Path, g.Groups)
	}
}

func (a *echoV5App) routes(router echoV5Router, prefix string, routes []Route) {
	for _, r := range routes {
		path := r.Path
		if r.Behaviour == Directory {
			path += "*" // as Static does
		}
		chain := buildAll(r.CORS, corsEchoV5)
		if len(chain) > 0 && !r.takesOptions() && !a.preflights[prefix+path] {
			a.preflights[prefix+path] = true
			router.Add(http.MethodOptions, path, func(*echo.Context) error { return echo.ErrNotFound }, slices.Clone(chain)...)
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

func (a *echoV5App) layer(l Layer) echo.MiddlewareFunc {
	switch l {
	case Recover:
		return middleware.Recover()
	case Compress:
		excluded := a.paths(conformance.Upgrade)
		skip := func(c *echo.Context) bool { return slices.Contains(excluded, c.Path()) }
		return middleware.GzipWithConfig(middleware.GzipConfig{Skipper: skip})
	case Secure:
		return middleware.Secure()
	case BasicAuth:
		return middleware.BasicAuth(func(_ *echo.Context, u, p string) (bool, error) { return u == user && p == password, nil })
	case TokenAuth:
		return middleware.KeyAuth(func(_ *echo.Context, key string, _ middleware.ExtractorSource) (bool, error) {
			return key == token, nil
		})
	}
	panic("hosts: unknown layer " + l)
}

// own returns the handler of a behaviour for which each version of echo has functions
// of its own, or nil.
func (a *echoV5App) own(r Route) echo.HandlerFunc {
	switch r.Behaviour {
	case Directory:
		return echo.StaticDirectoryHandler(a.echo.Filesystem, false)
	case File:
		return echo.StaticFileHandler(r.Body, a.echo.Filesystem)
	case ReadBody:
		return middleware.BodyLimit(int64(a.BodyLimit))(a.readBody)
	case Slow:
		return middleware.ContextTimeout(a.Timeout)(a.wait)
	}
	return nil
}
