package migrate

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/core"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

func echo4Site(t *testing.T, mw echo.MiddlewareFunc) *server {
	s := &site{}
	e := echo.New()
	e.Use(mw)
	e.Any("/item", echo.WrapHandler(s))
	e.POST("/create", echo.WrapHandler(s))
	return serve(t, s, e)
}

func oursEcho4(t *testing.T, engine *core.Engine) *server {
	return echo4Site(t, corsecho.Middleware(engine))
}

// echo4 changes a configuration that allows one origin, and methods and headers
// so that what echo does without them shows only where it is meant to.
func echo4(change func(*middleware.CORSConfig)) mount {
	return func(t *testing.T) *server {
		c := middleware.CORSConfig{
			AllowOrigins: []string{app},
			AllowMethods: []string{"GET", "HEAD", "POST", "PUT", "DELETE"},
			AllowHeaders: []string{"Content-Type"},
		}
		change(&c)
		return echo4Site(t, middleware.CORSWithConfig(c))
	}
}

func echoPolicy(change func(*core.Policy)) core.Policy {
	p := core.Policy{
		AllowOrigins: []string{app},
		AllowMethods: []string{"PUT", "DELETE"},
		AllowHeaders: []string{"content-type"},
	}
	change(&p)
	return p
}

func echoV4() library {
	return library{
		guide: "echo.md", module: "github.com/labstack/echo/v4", ours: oursEcho4,
		everywhere: []difference{
			{"OPTIONS without Origin", "204, handler does not run", "handler runs",
				"echo v4 answers every such OPTIONS itself. Only OPTIONS with Origin and Access-Control-Request-Method is a preflight; the rest belongs to the application."},
			{"OPTIONS without Origin, with Access-Control-Request-Method", "204, handler does not run", "handler runs",
				"echo v4 answers every such OPTIONS itself. Only OPTIONS with Origin and Access-Control-Request-Method is a preflight; the rest belongs to the application."},
			{"OPTIONS by https://app.example without Access-Control-Request-Method", "204, handler does not run", "handler runs",
				"echo v4 answers every such OPTIONS itself. Only OPTIONS with Origin and Access-Control-Request-Method is a preflight; the rest belongs to the application."},
		},
		rows: []row{
			{
				option: "`AllowOrigins: {\"https://app.example\"}`",
				field:  "`AllowOrigins: {\"https://app.example\"}`",
				note:   "Compared byte for byte.",
				old:    echo4(func(*middleware.CORSConfig) {}),
				policy: echoPolicy(func(*core.Policy) {}),
			},
			{
				option: "`AllowOrigins` empty, or `{\"*\"}`",
				field:  "`AllowOrigins: {\"*\"}`",
				note:   "An empty list allows nothing in corskit.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowOrigins = nil }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"*"} }),
			},
			{
				option: "`AllowOrigins: {\"https://*.app.example\"}`",
				field:  "`AllowOrigins: {\"https://*.app.example\"}`",
				note:   "Subdomains at any depth, as before.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"https://*.app.example"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://*.app.example"} }),
				extra:  []probe{by("https://a.sub.app.example", "GET"), by("https://evilapp.example", "GET")},
			},
			{
				option: "`AllowOrigins: {\"https://pr-*.app.example\"}`",
				field:  "`AllowOrigins: {\"https://pr-*.app.example\"}`",
				note:   "Within a label, an asterisk stays within it, and stands for at least one character.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"https://pr-*.app.example"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://pr-*.app.example"} }),
				extra: []probe{
					by("https://pr-7.app.example", "GET"), by("https://pr-7.other.app.example", "GET"),
				},
				differ: []difference{
					{"GET by https://pr-7.other.app.example", "reads 200", "handler runs, answer blocked",
						"An asterisk does not cross a dot: whoever may name a subdomain could otherwise choose one that matches."},
				},
			},
			{
				option: "`AllowOrigins: {\"https://node?.app.example\"}`",
				field:  "`AllowOrigins: {\"regexp:https://node[a-z0-9]\\\\.app\\\\.example\"}`",
				note:   "There is no `?`; `https://node*.app.example` is often good enough.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"https://node?.app.example"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowOrigins = []string{`regexp:https://node[a-z0-9]\.app\.example`} }),
				extra:  []probe{by("https://node1.app.example", "GET"), by("https://node.app.example", "GET")},
			},
			{
				option: "`AllowOriginFunc`",
				field:  "`AllowOriginFunc`",
				note:   "Takes a context and a `core.Request`; the origin is `r.Origin[0]`. `AllowOrigins` is not ignored but comes first. There is no error to return: say no.",
				old: echo4(func(c *middleware.CORSConfig) {
					c.AllowOriginFunc = func(origin string) (bool, error) { return strings.HasSuffix(origin, ".app.example"), nil }
				}),
				policy: echoPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(_ context.Context, r core.Request) bool {
						return strings.HasSuffix(r.Origin[0], ".app.example")
					}
				}),
			},
			{
				option: "`AllowOriginFunc` that returns an error",
				field:  "`AllowOriginFunc` that says no",
				old: echo4(func(c *middleware.CORSConfig) {
					c.AllowOriginFunc = func(string) (bool, error) { return false, errors.New("no answer") }
				}),
				policy: echoPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(context.Context, core.Request) bool { return false }
				}),
				differ: []difference{
					{"GET by https://app.example", "answer blocked, handler does not run", "handler runs, answer blocked",
						"echo answers every request with an Origin with the function's error, a 500 here, same-origin ones included. corskit refuses the origin, and nothing else."},
					{"GET by https://app.example, with credentials", "answer blocked, handler does not run", "handler runs, answer blocked",
						"echo answers every request with an Origin with the function's error, a 500 here, same-origin ones included. corskit refuses the origin, and nothing else."},
					{"POST by https://app.example", "answer blocked, handler does not run", "handler runs, answer blocked",
						"echo answers every request with an Origin with the function's error, a 500 here, same-origin ones included. corskit refuses the origin, and nothing else."},
					{"GET by https://sub.app.example", "answer blocked, handler does not run", "handler runs, answer blocked",
						"echo answers every request with an Origin with the function's error, a 500 here, same-origin ones included. corskit refuses the origin, and nothing else."},
					{"GET by http://app.example", "answer blocked, handler does not run", "handler runs, answer blocked",
						"echo answers every request with an Origin with the function's error, a 500 here, same-origin ones included. corskit refuses the origin, and nothing else."},
					{"GET by https://other.example", "answer blocked, handler does not run", "handler runs, answer blocked",
						"echo answers every request with an Origin with the function's error, a 500 here, same-origin ones included. corskit refuses the origin, and nothing else."},
					{"POST by https://other.example", "answer blocked, handler does not run", "handler runs, answer blocked",
						"echo answers every request with an Origin with the function's error, a 500 here, same-origin ones included. corskit refuses the origin, and nothing else."},
					{"GET by null", "answer blocked, handler does not run", "handler runs, answer blocked",
						"echo answers every request with an Origin with the function's error, a 500 here, same-origin ones included. corskit refuses the origin, and nothing else."},
					{"GET by https://app.example, through a shared cache that has the answer to https://other.example", "answer blocked, handler does not run", "handler runs, answer blocked",
						"echo answers every request with an Origin with the function's error, a 500 here, same-origin ones included. corskit refuses the origin, and nothing else."},
					{"GET by https://other.example, through a shared cache that has the answer to https://app.example", "answer blocked, handler does not run", "handler runs, answer blocked",
						"echo answers every request with an Origin with the function's error, a 500 here, same-origin ones included. corskit refuses the origin, and nothing else."},
					{"same-origin POST", "reads 500", "reads 200",
						"echo answers every request with an Origin with the function's error, a 500 here, same-origin ones included. corskit refuses the origin, and nothing else."},
					{"OPTIONS by https://app.example without Access-Control-Request-Method", "500, handler does not run", "handler runs",
						"echo answers every request with an Origin with the function's error, a 500 here, same-origin ones included. corskit refuses the origin, and nothing else."},
				},
			},
			{
				option: "`AllowOriginFunc` that says yes to everything",
				field:  "`AllowOriginFunc`",
				old: echo4(func(c *middleware.CORSConfig) {
					c.AllowOriginFunc = func(string) (bool, error) { return true, nil }
				}),
				policy: echoPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(context.Context, core.Request) bool { return true }
				}),
				differ: []difference{
					{"GET by null", "reads 200", "handler runs, answer blocked",
						"A function is never asked about `null`, which is the origin of everybody's sandboxed frames. `DangerouslyAllowNullOrigin` permits it, without credentials."},
				},
			},
			{
				option: "`AllowMethods` empty",
				field:  "`AllowMethods: {\"PUT\", \"PATCH\", \"DELETE\"}`",
				note:   "echo answers with the methods that the path has routes for, or with these. corskit does not know the routes: list what scripts may use anywhere.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowMethods = nil }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT", "PATCH", "DELETE"} }),
				extra:  []probe{by(app, "PUT").to("/create")},
				differ: []difference{
					{"PUT by https://app.example to /create", "blocked at the preflight", "reads 405",
						"The policy is the same for every path, so that the browser asks and the router answers, readably, that there is no such method."},
				},
			},
			{
				option: "`AllowMethods: {\"GET\", \"PUT\"}`",
				field:  "`AllowMethods: {\"PUT\"}`",
				note:   "GET, HEAD and POST need no permission.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowMethods = []string{"GET", "PUT"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT"} }),
			},
			{
				option: "`AllowHeaders` empty",
				field:  "`AllowHeaders: {\"*\", \"authorization\"}`",
				note:   "echo then allows whatever is asked for; corskit none. With credentials `{\"*\"}` alone is enough.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowHeaders = nil }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"*", "authorization"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
				differ: []difference{
					{"GET with two headers by https://app.example, through a gateway that splits Access-Control-Request-Headers into lines", "blocked at the preflight", "reads 200",
						"echo looks at the first line only, and the browser misses the other name. Several lines are one list."},
				},
			},
			{
				option: "`AllowHeaders: {\"Authorization\", \"X-Token\"}`",
				field:  "`AllowHeaders: {\"authorization\", \"x-token\"}`",
				note:   "Case does not matter.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowHeaders = []string{"Authorization", "X-Token"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"authorization", "x-token"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
			},
			{
				option: "`AllowCredentials: true`",
				wire:   true,
				field:  "`AllowCredentials: true`",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowCredentials = true }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowCredentials = true }),
			},
			{
				option: "`ExposeHeaders: {\"X-Total\", \"ETag\"}`",
				field:  "`ExposeHeaders: {\"x-total\", \"etag\"}`",
				old:    echo4(func(c *middleware.CORSConfig) { c.ExposeHeaders = []string{"X-Total", "ETag"} }),
				policy: echoPolicy(func(p *core.Policy) { p.ExposeHeaders = []string{"x-total", "etag"} }),
			},
			{
				option: "`MaxAge: 600`",
				field:  "`MaxAge: 10 * time.Minute`",
				note:   "A duration of whole seconds, at most 24 hours.",
				old:    echo4(func(c *middleware.CORSConfig) { c.MaxAge = 600 }),
				policy: echoPolicy(func(p *core.Policy) { p.MaxAge = 10 * time.Minute }),
			},
			{
				option: "`MaxAge: -1`",
				field:  "`MaxAge: core.NoPreflightCache`",
				old:    echo4(func(c *middleware.CORSConfig) { c.MaxAge = -1 }),
				policy: echoPolicy(func(p *core.Policy) { p.MaxAge = core.NoPreflightCache }),
			},
			{
				option: "`Skipper`",
				field:  "`corsecho.Options.Skip`",
				note:   "An argument of the middleware, with the same function.",
				old: echo4(func(c *middleware.CORSConfig) {
					c.Skipper = func(c echo.Context) bool { return c.Request().URL.Path == "/create" }
				}),
				policy: echoPolicy(func(*core.Policy) {}),
				ours: func(t *testing.T, engine *core.Engine) *server {
					return echo4Site(t, corsecho.Middleware(engine, corsecho.Options{
						Skip: func(c echo.Context) bool { return c.Request().URL.Path == "/create" },
					}))
				},
			},
			{
				option: "`middleware.CORS()`",
				field:  "`AllowOrigins: {\"*\"}`, `AllowMethods: {\"PUT\", \"PATCH\", \"DELETE\"}`, `AllowHeaders: {\"*\", \"authorization\"}`",
				old:    func(t *testing.T) *server { return echo4Site(t, middleware.CORS()) },
				policy: core.Policy{
					AllowOrigins: []string{"*"},
					AllowMethods: []string{"PUT", "PATCH", "DELETE"},
					AllowHeaders: []string{"*", "authorization"},
				},
			},
		},
		refusals: []refusal{
			{
				setting: "`AllowOrigins: {\"*\"}` with `AllowCredentials`",
				old: echo4(func(c *middleware.CORSConfig) {
					c.AllowOrigins = nil
					c.AllowCredentials = true
				}),
				probe:  by(app, "GET").withCredentials(),
				does:   "handler runs, answer blocked",
				policy: core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason: core.ReasonAnyCredentials,
			},
			{
				setting: "`UnsafeWildcardOriginWithAllowCredentials`",
				old: echo4(func(c *middleware.CORSConfig) {
					c.AllowOrigins = []string{"*"}
					c.AllowCredentials = true
					c.UnsafeWildcardOriginWithAllowCredentials = true
				}),
				probe:  by(other, "GET").withCredentials(),
				does:   "reads 200",
				policy: core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason: core.ReasonAnyCredentials,
			},
			{
				setting: "`AllowOrigins: {\"https://app.example/\"}`",
				old:     echo4(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"https://app.example/"} }),
				probe:   by(app, "GET"),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"https://app.example/"}},
				reason:  core.ReasonTrailingSlash,
			},
			{
				setting: "`AllowOrigins: {\"https://app.*\"}`",
				old:     echo4(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"https://app.*"} }),
				probe:   by("https://app.evil.test", "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"https://app.*"}},
				reason:  core.ReasonWildcard,
			},
			{
				setting: "`AllowOrigins: {\"null\"}`",
				old:     echo4(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"null"} }),
				probe:   by("null", "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"null"}},
				reason:  core.ReasonNull,
			},
			{
				setting: "`AllowMethods: {\"patch\"}`",
				old:     echo4(func(c *middleware.CORSConfig) { c.AllowMethods = []string{"patch"} }),
				probe:   by(app, "PATCH"),
				does:    "blocked at the preflight",
				policy:  core.Policy{AllowOrigins: []string{app}, AllowMethods: []string{"patch"}},
				reason:  core.ReasonMethodCase,
			},
		},
	}
}
