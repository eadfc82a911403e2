package hosts

import (
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core"
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

func corsEcho(engine *core.Engine, keepVary bool) echo.MiddlewareFunc {
	return corsecho.Middleware(engine, corsecho.Options{KeepVary: keepVary})
}

// echoApp is an application while it is being built.
type echoApp struct {
	App
	echo       *echo.Echo
	preflights map[string]bool // paths with a route for the preflights of routes
}

// echoRouter is the application or a group.
type echoRouter interface {
	Add(method, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route
	Group(prefix string, m ...echo.MiddlewareFunc) *echo.Group
}

func buildEcho(app App) *Application {
	a := &echoApp{app, echo.New(), make(map[string]bool)}
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
				corsecho.Group(a.echo, group, m.Engine, corsecho.Options{KeepVary: m.KeepVary})
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
		h := a.handler(r)
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

// handler returns the handler of a route, with the probe.
func (a *echoApp) handler(r Route) echo.HandlerFunc {
	h := a.answer(r)
	if h == nil {
		h = a.failure(r)
	}
	switch {
	case h == nil:
		return echo.WrapHandler(httpHandler(a.App, "", r))
	case a.Probe == nil:
		return h
	}
	return func(c echo.Context) error {
		a.Probe.Ran(c.Request().URL.RawQuery)
		return h(c)
	}
}

// answer returns the handler of a behaviour that answers with echo's own API, or nil.
func (a *echoApp) answer(r Route) echo.HandlerFunc {
	add := func(c echo.Context) {
		for _, line := range r.Header {
			c.Response().Header().Add(line.Name, line.Value)
		}
	}
	body := func(c echo.Context) error { return c.String(http.StatusOK, r.Body) }
	switch r.Behaviour {
	case Text:
		if r.Body == "" {
			return func(echo.Context) error { return nil }
		}
		return body
	case conformance.Respond:
		return func(c echo.Context) error {
			add(c)
			return c.String(r.Status, r.Body)
		}
	case conformance.NotModified:
		return func(c echo.Context) error {
			add(c)
			if c.Request().Header.Get("If-None-Match") == r.endpoint().Get("ETag") {
				return c.NoContent(http.StatusNotModified)
			}
			return body(c)
		}
	case conformance.RedirectTo:
		return func(c echo.Context) error { return c.Redirect(r.Status, r.endpoint().Get("Location")) }
	case conformance.Events:
		return a.events
	case conformance.SetVary:
		return func(c echo.Context) error {
			c.Response().Header().Set("Vary", r.endpoint().Get("Vary"))
			return body(c)
		}
	case Directory:
		return echo.StaticDirectoryHandler(a.echo.Filesystem, false)
	case File:
		return echo.StaticFileHandler(r.Body, a.echo.Filesystem)
	case Attachment:
		return func(c echo.Context) error { return c.Attachment(r.Body, "b.txt") }
	}
	return nil
}

// failure returns the handler of a behaviour that fails with echo's own API, or nil.
func (a *echoApp) failure(r Route) echo.HandlerFunc {
	switch r.Behaviour {
	case conformance.ReturnError:
		return func(echo.Context) error { return echo.NewHTTPError(r.Status) }
	case conformance.PlainError:
		return func(c echo.Context) error { return c.String(r.Status, r.Body) }
	case conformance.Panic:
		return func(echo.Context) error { panic("on purpose") }
	case UnknownError:
		return func(echo.Context) error { return errors.New("unknown") }
	case LateError:
		return func(c echo.Context) error {
			_ = c.String(http.StatusOK, "late")
			return echo.NewHTTPError(http.StatusTeapot)
		}
	case LatePanic:
		return func(c echo.Context) error {
			_ = c.String(http.StatusOK, "late")
			panic("on purpose")
		}
	case ReadBody:
		return middleware.BodyLimit(strconv.Itoa(a.BodyLimit) + "B")(func(c echo.Context) error {
			_, err := io.Copy(io.Discard, c.Request().Body)
			return err
		})
	case Slow:
		return middleware.ContextTimeout(a.Timeout)(func(c echo.Context) error {
			<-c.Request().Context().Done()
			return c.Request().Context().Err()
		})
	case conformance.Authenticate:
		return func(c echo.Context) error {
			if c.Request().Header.Get("Authorization") == "" {
				return echo.ErrUnauthorized
			}
			return c.String(http.StatusOK, r.Body)
		}
	}
	return nil
}

func (a *echoApp) events(c echo.Context) error {
	w := c.Response()
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, "data: 1\n\n")
	w.Flush()
	a.Probe.Pause(c.Request().URL.RawQuery)
	_, err := io.WriteString(w, "data: 2\n\n")
	return err
}
