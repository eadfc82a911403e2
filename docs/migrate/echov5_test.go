package migrate

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corsechov5"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
)

func echo5Site(t *testing.T, mw echo.MiddlewareFunc) *server {
	s := &site{}
	e := echo.New()
	e.Use(mw)
	e.Any("/item", echo.WrapHandler(s))
	e.POST("/create", echo.WrapHandler(s))
	return serve(t, s, e)
}

func oursEcho5(t *testing.T, engine *core.Engine) *server {
	return echo5Site(t, corsechov5.Middleware(engine))
}

func echo5(change func(*middleware.CORSConfig)) mount {
	return func(t *testing.T) *server {
		c := middleware.CORSConfig{
			AllowOrigins: []string{app},
			AllowMethods: []string{"GET", "HEAD", "POST", "PUT", "DELETE"},
			AllowHeaders: []string{"Content-Type"},
		}
		change(&c)
		return echo5Site(t, middleware.CORSWithConfig(c))
	}
}

func echoV5() library {
	return library{
		guide: "echo.md", module: "github.com/labstack/echo/v5", ours: oursEcho5,
		adapter: "corsechov5",
		base:    echoPolicy(func(*core.Policy) {}),
		bare:    echo5(func(c *middleware.CORSConfig) { c.AllowMethods, c.AllowHeaders = nil, nil }),

		rows: []row{
			{
				option: "`AllowOrigins: []string{\"https://app.example\"}`",
				about:  "AllowOrigins",
				note:   "Compared byte for byte.",
				old:    echo5(func(*middleware.CORSConfig) {}),
				policy: echoPolicy(func(*core.Policy) {}),
			},
			{
				option: "`AllowOrigins: []string{\"*\"}`",
				old:    echo5(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"*"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"*"} }),
			},
			{
				option:  "`AllowOrigins: []string{\"http://localhost:*\"}`",
				note:    "echo v5 panics at such an entry. In corskit: any port, or none. `@loopback` is shorter and covers more.",
				refused: true,
				old:     echo5(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"http://localhost:*"} }),
				policy:  echoPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"http://localhost:*"} }),
			},
			{
				option: "`UnsafeAllowOriginFunc` for subdomains",
				note:   "Patterns need no function.",
				old: echo5(func(c *middleware.CORSConfig) {
					c.UnsafeAllowOriginFunc = func(_ *echo.Context, origin string) (string, bool, error) {
						return origin, strings.HasPrefix(origin, "https://") && strings.HasSuffix(origin, ".app.example"), nil
					}
				}),
				policy: echoPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://*.app.example"} }),
				extra:  []probe{from("https://a.sub.app.example", "GET"), from("https://evilapp.example", "GET")},
			},
			{
				option: "`UnsafeAllowOriginFunc`",
				note: "Takes a context and a `core.Request` with the method, host, path and origin, and returns a bool: " +
					"the allowed origin is always that of the request. corskit does not ignore `AllowOrigins`, but checks it first. " +
					"For policies by host or path use `core.NewRouted`.",
				old: echo5(func(c *middleware.CORSConfig) {
					c.UnsafeAllowOriginFunc = func(c *echo.Context, origin string) (string, bool, error) {
						return origin, c.Request().URL.Path == "/item" && origin == app, nil
					}
				}),
				policy: echoPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(_ context.Context, r core.Request) bool {
						return r.Path == "/item" && r.OriginValue() == app
					}
				}),
			},
			{
				option: "`UnsafeAllowOriginFunc` that always returns true",
				old: echo5(func(c *middleware.CORSConfig) {
					c.UnsafeAllowOriginFunc = func(_ *echo.Context, origin string) (string, bool, error) { return origin, true, nil }
				}),
				policy: echoPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(context.Context, core.Request) bool { return true }
				}),
				differ: []difference{
					{"GET from null", "reads 200", "handler runs, answer blocked", nullOrigin},
				},
			},
			{
				option: "`AllowMethods` empty",
				omits:  "AllowMethods",
				note: "By default, echo answers with the methods of the path's routes, or with these. corskit does not know the routes: " +
					"list every method that scripts may use on any path.",
				old:    echo5(func(c *middleware.CORSConfig) { c.AllowMethods = nil }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT", "PATCH", "DELETE"} }),
				extra:  []probe{from(app, "PUT").to("/create")},
				differ: []difference{
					{"PUT from https://app.example to /create", "blocked at the preflight", "reads 405", onePolicy},
				},
			},
			{
				option: "`AllowMethods: []string{\"GET\", \"PUT\"}`",
				note:   "GET, HEAD and POST need no permission.",
				old:    echo5(func(c *middleware.CORSConfig) { c.AllowMethods = []string{"GET", "PUT"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT"} }),
			},
			{
				option: "`AllowMethods: []string{\"*\"}`",
				old:    echo5(func(c *middleware.CORSConfig) { c.AllowMethods = []string{"*"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowMethods = []string{"*"} }),
			},
			{
				option: "`AllowMethods: []string{\"*\"}` with `AllowCredentials`",
				note:   "Now works for requests with credentials.",
				old: echo5(func(c *middleware.CORSConfig) {
					c.AllowMethods = []string{"*"}
					c.AllowCredentials = true
				}),
				policy: echoPolicy(func(p *core.Policy) {
					p.AllowMethods = []string{"*"}
					p.AllowCredentials = true
				}),
				differ: []difference{
					{"PUT from https://app.example, with credentials", "blocked at the preflight", "reads 200", methodNamed},
				},
			},
			{
				option: "`AllowHeaders` empty",
				omits:  "AllowHeaders",
				note:   "echo then allows every requested header; corskit allows none. With credentials, `*` is enough.",
				old:    echo5(func(c *middleware.CORSConfig) { c.AllowHeaders = nil }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"*", "authorization"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
				differ: []difference{
					{"GET with two headers from https://app.example, through a gateway that splits Access-Control-Request-Headers " +
						"into lines",
						"blocked at the preflight", "reads 200", echoFirstLine},
				},
			},
			{
				option: "`AllowHeaders: []string{\"Authorization\", \"X-Token\"}`",
				note:   "Case does not matter.",
				old:    echo5(func(c *middleware.CORSConfig) { c.AllowHeaders = []string{"Authorization", "X-Token"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"authorization", "x-token"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
			},
			{
				option: "`AllowHeaders: []string{\"Origin\", \"Content-Length\", \"X-Token\"}`",
				note:   unsettable,
				old:    echo5(func(c *middleware.CORSConfig) { c.AllowHeaders = []string{"Origin", "Content-Length", "X-Token"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"Origin", "Content-Length", "x-token"} }),
			},
			{
				option: "`AllowHeaders: []string{\"*\"}`",
				note:   "Without credentials it does not cover Authorization, as before: list `authorization` too.",
				old:    echo5(func(c *middleware.CORSConfig) { c.AllowHeaders = []string{"*"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"*"} }),
			},
			{
				option: "`AllowHeaders: []string{\"*\"}` with `AllowCredentials`",
				note:   "Now works for requests with credentials, and for Authorization.",
				old: echo5(func(c *middleware.CORSConfig) {
					c.AllowHeaders = []string{"*"}
					c.AllowCredentials = true
				}),
				policy: echoPolicy(func(p *core.Policy) {
					p.AllowHeaders = []string{"*"}
					p.AllowCredentials = true
				}),
				differ: alike("blocked at the preflight", "reads 200", headerNamed,
					"GET with Authorization from https://app.example", "GET with Authorization from https://app.example, with credentials"),
			},
			{
				option: "`AllowCredentials: true`",
				wire:   true,
				old:    echo5(func(c *middleware.CORSConfig) { c.AllowCredentials = true }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowCredentials = true }),
			},
			{
				option: "`ExposeHeaders: []string{\"X-Total\", \"ETag\"}`",
				old:    echo5(func(c *middleware.CORSConfig) { c.ExposeHeaders = []string{"X-Total", "ETag"} }),
				policy: echoPolicy(func(p *core.Policy) { p.ExposeHeaders = []string{"x-total", "etag"} }),
			},
			{
				option: "`MaxAge: 600`",
				note:   "A duration of whole seconds, at most 24 hours.",
				old:    echo5(func(c *middleware.CORSConfig) { c.MaxAge = 600 }),
				policy: echoPolicy(func(p *core.Policy) { p.MaxAge = 10 * time.Minute }),
			},
			{
				option: "`MaxAge: -1`",
				old:    echo5(func(c *middleware.CORSConfig) { c.MaxAge = -1 }),
				policy: echoPolicy(func(p *core.Policy) { p.MaxAge = core.NoPreflightCache }),
			},
			{
				option:  "`Skipper`",
				instead: "`corsechov5.Options.Skip`",
				note:    "An argument of the middleware that takes the same function.",
				old: echo5(func(c *middleware.CORSConfig) {
					c.Skipper = func(c *echo.Context) bool { return c.Request().URL.Path == "/create" }
				}),
				policy: echoPolicy(func(*core.Policy) {}),
				ours: func(t *testing.T, engine *core.Engine) *server {
					return echo5Site(t, corsechov5.Middleware(engine, corsechov5.Options{
						Skip: func(c *echo.Context) bool { return c.Request().URL.Path == "/create" },
					}))
				},
			},
			{
				option: "`middleware.CORS(\"*\")`",
				whole:  true,
				old:    func(t *testing.T) *server { return echo5Site(t, middleware.CORS("*")) },
				policy: core.Policy{
					AllowOrigins: []string{"*"},
					AllowMethods: []string{"PUT", "PATCH", "DELETE"},
					AllowHeaders: []string{"*", "authorization"},
				},
			},
		},
		refusals: []refusal{
			{
				setting: "`AllowOrigins: []string{\"*\"}` with `AllowCredentials`",
				old: echo5(func(c *middleware.CORSConfig) {
					c.AllowOrigins = []string{"*"}
					c.AllowCredentials = true
				}),
				does:   refusesToo,
				policy: core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason: reason.AnyCredentials,
			},
			{
				setting: "`AllowOrigins: []string{\"https://app.example/\"}`",
				old:     echo5(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"https://app.example/"} }),
				does:    refusesToo,
				policy:  core.Policy{AllowOrigins: []string{"https://app.example/"}},
				reason:  reason.TrailingSlash,
			},
			{
				setting: "`AllowOrigins: []string{\"https://App.example\"}`",
				old:     echo5(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"https://App.example"} }),
				probe:   from(app, "GET"),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"https://App.example"}},
				reason:  reason.UpperCase,
			},
			{
				setting: "`AllowOrigins: []string{\"https://app.example:443\"}`",
				old:     echo5(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"https://app.example:443"} }),
				probe:   from(app, "GET"),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"https://app.example:443"}},
				reason:  reason.DefaultPort,
			},
			{
				setting: "`AllowOrigins: []string{\"http://app.example\"}` with `AllowCredentials`",
				old: echo5(func(c *middleware.CORSConfig) {
					c.AllowOrigins = []string{"http://app.example"}
					c.AllowCredentials = true
				}),
				probe:  from("http://app.example", "GET").withCredentials(),
				does:   "reads 200",
				policy: core.Policy{AllowOrigins: []string{"http://app.example"}, AllowCredentials: true},
				reason: reason.InsecureOrigin,
			},
			{
				setting: "`AllowMethods: []string{\"patch\"}`",
				old:     echo5(func(c *middleware.CORSConfig) { c.AllowMethods = []string{"patch"} }),
				probe:   from(app, "PATCH"),
				does:    "blocked at the preflight",
				policy:  core.Policy{AllowOrigins: []string{app}, AllowMethods: []string{"patch"}},
				reason:  reason.MethodCase,
			},
		},
	}
}
