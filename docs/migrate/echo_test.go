package migrate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// Reasons that apply to several rows.
const (
	echoFails = "echo answers every request that has an Origin with the function's error, here a 500, same-origin requests included. " +
		"corskit only refuses the origin."
	echoAnswers = "echo v4 answers every such OPTIONS itself. " +
		"Only OPTIONS with Origin and Access-Control-Request-Method is a preflight; " +
		"the application answers the rest."
	echoFirstLine = "echo reads only the first line, so the browser does not find the other name in the answer. " +
		"Several lines form one list."
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

// echo4 changes a configuration with one origin. It lists methods and headers, so
// that the defaults of echo show only in the rows about them.
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
		adapter: "corsecho",
		base:    echoPolicy(func(*core.Policy) {}),
		bare:    echo4(func(c *middleware.CORSConfig) { c.AllowMethods, c.AllowHeaders = nil, nil }),
		everywhere: []difference{
			{"OPTIONS without Origin", "204, handler does not run", "handler runs", echoAnswers},
			{"OPTIONS without Origin, with Access-Control-Request-Method", "204, handler does not run", "handler runs", echoAnswers},
			{"OPTIONS from https://app.example without Access-Control-Request-Method", "204, handler does not run", "handler runs",
				echoAnswers},
		},
		rows: []row{
			{
				option: "`AllowOrigins: []string{\"https://app.example\"}`",
				about:  "AllowOrigins",
				note:   "Compared byte for byte.",
				old:    echo4(func(*middleware.CORSConfig) {}),
				policy: echoPolicy(func(*core.Policy) {}),
			},
			{
				option: "`AllowOrigins` empty, or `[]string{\"*\"}`",
				omits:  "AllowOrigins",
				note:   "An empty list allows nothing in corskit.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowOrigins = nil }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"*"} }),
			},
			{
				option: "`AllowOrigins: []string{\"https://*.app.example\"}`",
				note:   "Subdomains at any depth, as before.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"https://*.app.example"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://*.app.example"} }),
				extra:  []probe{from("https://a.sub.app.example", "GET"), from("https://evilapp.example", "GET")},
			},
			{
				option: "`AllowOrigins: []string{\"https://pr-*.app.example\"}`",
				note:   "Within a label, an asterisk does not match a dot, and matches at least one character.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"https://pr-*.app.example"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://pr-*.app.example"} }),
				extra: []probe{
					from("https://pr-7.app.example", "GET"), from("https://pr-7.other.app.example", "GET"),
				},
				differ: []difference{
					{"GET from https://pr-7.other.app.example", "reads 200", "handler runs, answer blocked", crossesDots},
				},
			},
			{
				option: "`AllowOrigins: []string{\"http://localhost:*\"}`",
				note:   "Any port, or none. `@loopback` is shorter and covers more.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"http://localhost:*"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"http://localhost:*"} }),
				extra:  localhost(),
				differ: []difference{
					{"GET from http://localhost", "handler runs, answer blocked", "reads 200", defaultPort},
					{"PUT from http://localhost", "blocked at the preflight", "reads 200", defaultPort},
				},
			},
			{
				option: "`AllowOrigins: []string{\"https://node?.app.example\"}`",
				note:   "corskit has no `?`; `https://node*.app.example` is often good enough.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"https://node?.app.example"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowOrigins = []string{`regexp:https://node[a-z0-9]\.app\.example`} }),
				extra:  []probe{from("https://node1.app.example", "GET"), from("https://node.app.example", "GET")},
			},
			{
				option: "`AllowOriginFunc`",
				note: "Takes a context and a `core.Request`; the origin is `r.OriginValue()`. corskit does not ignore `AllowOrigins`, " +
					"but checks it first. Instead of an error, return false.",
				old: echo4(func(c *middleware.CORSConfig) {
					c.AllowOriginFunc = func(origin string) (bool, error) { return strings.HasSuffix(origin, ".app.example"), nil }
				}),
				policy: echoPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(_ context.Context, r core.Request) bool {
						return strings.HasSuffix(r.OriginValue(), ".app.example")
					}
				}),
			},
			{
				option: "`AllowOriginFunc` that returns an error",
				note:   "Return false.",
				old: echo4(func(c *middleware.CORSConfig) {
					c.AllowOriginFunc = func(string) (bool, error) { return false, errors.New("no answer") }
				}),
				policy: echoPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(context.Context, core.Request) bool { return false }
				}),
				differ: slices.Concat(
					alike("answer blocked, handler does not run", "handler runs, answer blocked", echoFails,
						"GET from https://app.example",
						"GET from https://app.example, with credentials",
						"POST from https://app.example",
						"GET from https://sub.app.example",
						"GET from http://app.example",
						"GET from https://other.example",
						"POST from https://other.example",
						"GET from null",
						"GET from https://app.example, through a shared cache that has the answer to https://other.example",
						"GET from https://other.example, through a shared cache that has the answer to https://app.example",
					),
					alike("reads 500", "reads 200", echoFails,
						"same-origin POST",
					),
					alike("500, handler does not run", "handler runs", echoFails,
						"OPTIONS from https://app.example without Access-Control-Request-Method",
					),
				),
			},
			{
				option: "`AllowOriginFunc` that always returns true",
				old: echo4(func(c *middleware.CORSConfig) {
					c.AllowOriginFunc = func(string) (bool, error) { return true, nil }
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
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowMethods = nil }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT", "PATCH", "DELETE"} }),
				extra:  []probe{from(app, "PUT").to("/create")},
				differ: []difference{
					{"PUT from https://app.example to /create", "blocked at the preflight", "reads 405", onePolicy},
				},
			},
			{
				option: "`AllowMethods: []string{\"GET\", \"PUT\"}`",
				note:   "GET, HEAD and POST need no permission.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowMethods = []string{"GET", "PUT"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT"} }),
			},
			{
				option: "`AllowMethods: []string{\"*\"}`",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowMethods = []string{"*"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowMethods = []string{"*"} }),
				extra:  []probe{from(app, "OPTIONS").to("/create")}, // echo answers it
				differ: []difference{
					{"OPTIONS from https://app.example", "reads 204", "reads 200", ownOptions},
				},
			},
			{
				option: "`AllowMethods: []string{\"*\"}` with `AllowCredentials`",
				note:   "Now works for requests with credentials.",
				old: echo4(func(c *middleware.CORSConfig) {
					c.AllowMethods = []string{"*"}
					c.AllowCredentials = true
				}),
				policy: echoPolicy(func(p *core.Policy) {
					p.AllowMethods = []string{"*"}
					p.AllowCredentials = true
				}),
				differ: []difference{
					{"PUT from https://app.example, with credentials", "blocked at the preflight", "reads 200", methodNamed},
					{"OPTIONS from https://app.example", "reads 204", "reads 200", ownOptions},
				},
			},
			{
				option: "`AllowHeaders` empty",
				omits:  "AllowHeaders",
				note:   "echo then allows every requested header; corskit allows none. With credentials, `*` is enough.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowHeaders = nil }),
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
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowHeaders = []string{"Authorization", "X-Token"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"authorization", "x-token"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
			},
			{
				option: "`AllowHeaders: []string{\"Origin\", \"Content-Length\", \"X-Token\"}`",
				note:   unsettable,
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowHeaders = []string{"Origin", "Content-Length", "X-Token"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"Origin", "Content-Length", "x-token"} }),
			},
			{
				option: "`AllowHeaders: []string{\"*\"}`",
				note:   "Without credentials it does not cover Authorization, as before: list `authorization` too.",
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowHeaders = []string{"*"} }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"*"} }),
			},
			{
				option: "`AllowHeaders: []string{\"*\"}` with `AllowCredentials`",
				note:   "Now works for requests with credentials, and for Authorization.",
				old: echo4(func(c *middleware.CORSConfig) {
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
				old:    echo4(func(c *middleware.CORSConfig) { c.AllowCredentials = true }),
				policy: echoPolicy(func(p *core.Policy) { p.AllowCredentials = true }),
			},
			{
				option: "`ExposeHeaders: []string{\"X-Total\", \"ETag\"}`",
				old:    echo4(func(c *middleware.CORSConfig) { c.ExposeHeaders = []string{"X-Total", "ETag"} }),
				policy: echoPolicy(func(p *core.Policy) { p.ExposeHeaders = []string{"x-total", "etag"} }),
			},
			{
				option: "`MaxAge: 600`",
				note:   "A duration of whole seconds, at most 24 hours.",
				old:    echo4(func(c *middleware.CORSConfig) { c.MaxAge = 600 }),
				policy: echoPolicy(func(p *core.Policy) { p.MaxAge = 10 * time.Minute }),
			},
			{
				option: "`MaxAge: -1`",
				old:    echo4(func(c *middleware.CORSConfig) { c.MaxAge = -1 }),
				policy: echoPolicy(func(p *core.Policy) { p.MaxAge = core.NoPreflightCache }),
			},
			{
				option:  "`Skipper`",
				instead: "`corsecho.Options.Skip`",
				note:    "An argument of the middleware that takes the same function.",
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
				whole:  true,
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
				setting: "`AllowOrigins: []string{\"*\"}` with `AllowCredentials`",
				old: echo4(func(c *middleware.CORSConfig) {
					c.AllowOrigins = nil
					c.AllowCredentials = true
				}),
				probe:  from(app, "GET").withCredentials(),
				does:   "handler runs, answer blocked",
				policy: core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason: reason.AnyCredentials,
			},
			{
				setting: "`UnsafeWildcardOriginWithAllowCredentials`",
				old: echo4(func(c *middleware.CORSConfig) {
					c.AllowOrigins = []string{"*"}
					c.AllowCredentials = true
					c.UnsafeWildcardOriginWithAllowCredentials = true
				}),
				probe:  from(other, "GET").withCredentials(),
				does:   "reads 200",
				policy: core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason: reason.AnyCredentials,
			},
			{
				setting: "`AllowOrigins: []string{\"https://app.example/\"}`",
				old:     echo4(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"https://app.example/"} }),
				probe:   from(app, "GET"),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"https://app.example/"}},
				reason:  reason.TrailingSlash,
			},
			{
				setting: "`AllowOrigins: []string{\"https://app.*\"}`",
				old:     echo4(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"https://app.*"} }),
				probe:   from("https://app.evil.test", "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"https://app.*"}},
				reason:  reason.Wildcard,
			},
			{
				setting: "`AllowOrigins: []string{\"null\"}`",
				old:     echo4(func(c *middleware.CORSConfig) { c.AllowOrigins = []string{"null"} }),
				probe:   from("null", "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"null"}},
				reason:  reason.NullOrigin,
			},
			{
				setting: "`AllowMethods: []string{\"patch\"}`",
				old:     echo4(func(c *middleware.CORSConfig) { c.AllowMethods = []string{"patch"} }),
				probe:   from(app, "PATCH"),
				does:    "blocked at the preflight",
				policy:  core.Policy{AllowOrigins: []string{app}, AllowMethods: []string{"patch"}},
				reason:  reason.MethodCase,
			},
		},
	}
}
