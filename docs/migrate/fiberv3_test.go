package migrate

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/log"
	"github.com/gofiber/fiber/v3/middleware/cors"
)

func fiber3Site(t *testing.T, mw fiber.Handler) *server {
	s := &site{}
	handler := func(c fiber.Ctx) error {
		s.runs.Add(1)
		for name, value := range siteHeader {
			c.Set(name, value)
		}
		return c.SendString("ok")
	}
	a := fiber.New()
	a.Use(mw)
	a.All("/item", handler)
	a.Post("/create", handler)
	ln := listen(t)
	done := make(chan error, 1)
	go func() { done <- a.Listener(ln, fiber.ListenConfig{DisableStartupMessage: true}) }()
	t.Cleanup(func() {
		// Shutdown closes idle connections, then looks for open ones only every 100 ms: no
		// row has to wait for that.
		go func() { _ = a.ShutdownWithTimeout(5 * time.Second) }()
		_ = ln.Close()
		if err := <-done; err != nil {
			t.Errorf("fiber served until: %v", err)
		}
	})
	return newServer(t, s, "http://"+ln.Addr().String())
}

func oursFiber3(t *testing.T, engine *core.Engine) *server {
	return fiber3Site(t, corsfiberv3.Middleware(engine))
}

func fiber3(change func(*cors.Config)) mount {
	return func(t *testing.T) *server {
		log.SetOutput(io.Discard)
		c := cors.Config{AllowOrigins: []string{app}, AllowHeaders: []string{"Content-Type"}}
		change(&c)
		return fiber3Site(t, cors.New(c))
	}
}

func fiberV3() library {
	return library{
		guide: "fiber.md", module: "github.com/gofiber/fiber/v3", ours: oursFiber3,
		adapter: "corsfiberv3",
		base:    fiberPolicy(func(*core.Policy) {}),
		bare:    fiber3(func(c *cors.Config) { c.AllowHeaders = nil }),

		rows: []row{
			{
				option: "`AllowOrigins: []string{\"https://app.example\", \"https://sub.app.example\"}`",
				note:   "Compared byte for byte.",
				old:    fiber3(func(c *cors.Config) { c.AllowOrigins = []string{app, sub} }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowOrigins = []string{app, sub} }),
			},
			{
				option: "`AllowOrigins` empty, or `[]string{\"*\"}`",
				omits:  "AllowOrigins",
				note:   "An empty list allows nothing in corskit.",
				old:    fiber3(func(c *cors.Config) { c.AllowOrigins = nil }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"*"} }),
				differ: []difference{
					{"GET from https://app.example, through a shared cache that has the answer to a request without Origin",
						"handler runs, answer blocked", "reads 200", fiberCached},
				},
			},
			{
				option: "`AllowOrigins: []string{\"https://*.app.example\"}`",
				note:   "Subdomains at any depth, as before.",
				old:    fiber3(func(c *cors.Config) { c.AllowOrigins = []string{"https://*.app.example"} }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://*.app.example"} }),
				extra:  []probe{from("https://a.sub.app.example", "GET"), from("https://evilapp.example", "GET")},
			},
			{
				option:  "`AllowOrigins: []string{\"http://localhost:*\"}`",
				note:    "fiber panics at such an entry. In corskit: any port, or none. `@loopback` is shorter and covers more.",
				refused: true,
				old:     fiber3(func(c *cors.Config) { c.AllowOrigins = []string{"http://localhost:*"} }),
				policy:  fiberPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"http://localhost:*"} }),
			},
			{
				option: "`AllowOriginsFunc`",
				note: "Takes a context and a `core.Request`; `r.OriginValue()` is the origin as sent. Called if the list has no " +
					"match, as before.",
				old: fiber3(func(c *cors.Config) {
					c.AllowOriginsFunc = func(origin string) bool { return strings.HasSuffix(origin, ".app.example") }
				}),
				policy: fiberPolicy(func(p *core.Policy) {
					p.AllowOriginFunc = func(_ context.Context, r core.Request) bool {
						return strings.HasSuffix(r.OriginValue(), ".app.example")
					}
				}),
			},
			{
				option: "`AllowOriginsFunc` that always returns true",
				old: fiber3(func(c *cors.Config) {
					c.AllowOrigins = nil
					c.AllowOriginsFunc = func(string) bool { return true }
				}),
				policy: fiberPolicy(func(p *core.Policy) {
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
				about:  "AllowMethods",
				note:   "fiber allows these by default; corskit allows only GET, HEAD and POST, which need no permission.",
				old:    fiber3(func(*cors.Config) {}),
				policy: fiberPolicy(func(*core.Policy) {}),
			},
			{
				option: "`AllowMethods: []string{\"GET\", \"PUT\"}`",
				old:    fiber3(func(c *cors.Config) { c.AllowMethods = []string{"GET", "PUT"} }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT"} }),
			},
			{
				option: "`AllowMethods: []string{\"*\"}`",
				old:    fiber3(func(c *cors.Config) { c.AllowMethods = []string{"*"} }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowMethods = []string{"*"} }),
				differ: []difference{
					{"OPTIONS from https://app.example", "handler runs, answer blocked", "reads 200", fiberOptions},
				},
			},
			{
				option: "`AllowMethods: []string{\"*\"}` with `AllowCredentials`",
				note:   "Now works for requests with credentials.",
				old: fiber3(func(c *cors.Config) {
					c.AllowMethods = []string{"*"}
					c.AllowCredentials = true
				}),
				policy: fiberPolicy(func(p *core.Policy) {
					p.AllowMethods = []string{"*"}
					p.AllowCredentials = true
				}),
				differ: []difference{
					{"PUT from https://app.example, with credentials", "blocked at the preflight", "reads 200", methodNamed},
					{"OPTIONS from https://app.example", "handler runs, answer blocked", "reads 200", fiberOptions},
				},
			},
			{
				option: "`AllowHeaders` empty",
				omits:  "AllowHeaders",
				note:   "fiber then allows every requested header; corskit allows none. With credentials, `*` is enough.",
				old:    fiber3(func(c *cors.Config) { c.AllowHeaders = nil }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"*", "authorization"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
				differ: []difference{
					{"GET with two headers from https://app.example, through a gateway that splits Access-Control-Request-Headers " +
						"into lines",
						"blocked at the preflight", "reads 200", fiberFirstLine},
				},
			},
			{
				option: "`AllowHeaders: []string{\"Authorization\", \"X-Token\"}`",
				note:   "Case does not matter.",
				old:    fiber3(func(c *cors.Config) { c.AllowHeaders = []string{"Authorization", "X-Token"} }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"authorization", "x-token"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
			},
			{
				option: "`AllowHeaders: []string{\"Origin\", \"Content-Length\", \"X-Token\"}`",
				note:   unsettable,
				old:    fiber3(func(c *cors.Config) { c.AllowHeaders = []string{"Origin", "Content-Length", "X-Token"} }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"Origin", "Content-Length", "x-token"} }),
			},
			{
				option: "`AllowHeaders: []string{\"*\"}`",
				note:   "Without credentials it does not cover Authorization, as before: list `authorization` too.",
				old:    fiber3(func(c *cors.Config) { c.AllowHeaders = []string{"*"} }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"*"} }),
			},
			{
				option: "`AllowHeaders: []string{\"*\"}` with `AllowCredentials`",
				note:   "Now works for requests with credentials, and for Authorization.",
				old: fiber3(func(c *cors.Config) {
					c.AllowHeaders = []string{"*"}
					c.AllowCredentials = true
				}),
				policy: fiberPolicy(func(p *core.Policy) {
					p.AllowHeaders = []string{"*"}
					p.AllowCredentials = true
				}),
				differ: alike("blocked at the preflight", "reads 200", headerNamed,
					"GET with Authorization from https://app.example", "GET with Authorization from https://app.example, with credentials"),
			},
			{
				option: "`AllowCredentials: true`",
				wire:   true,
				old:    fiber3(func(c *cors.Config) { c.AllowCredentials = true }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowCredentials = true }),
			},
			{
				option: "`ExposeHeaders: []string{\"X-Total\", \"ETag\"}`",
				old:    fiber3(func(c *cors.Config) { c.ExposeHeaders = []string{"X-Total", "ETag"} }),
				policy: fiberPolicy(func(p *core.Policy) { p.ExposeHeaders = []string{"x-total", "etag"} }),
			},
			{
				option: "`MaxAge: 600`",
				note:   "A duration of whole seconds, at most 24 hours.",
				old:    fiber3(func(c *cors.Config) { c.MaxAge = 600 }),
				policy: fiberPolicy(func(p *core.Policy) { p.MaxAge = 10 * time.Minute }),
			},
			{
				option: "`MaxAge: -1`",
				old:    fiber3(func(c *cors.Config) { c.MaxAge = -1 }),
				policy: fiberPolicy(func(p *core.Policy) { p.MaxAge = core.NoPreflightCache }),
			},
			{
				option: "`AllowPrivateNetwork: true`",
				old:    fiber3(func(c *cors.Config) { c.AllowPrivateNetwork = true }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowPrivateNetwork = true }),
			},
			{
				option:  "`DisableValueRedaction: true`",
				instead: "none",
				note: "`core.New` returns an error with the entry and its fix. corskit logs nothing, so it never logs a request's " +
					"origin.",
				old:    fiber3(func(c *cors.Config) { c.DisableValueRedaction = true }),
				policy: fiberPolicy(func(*core.Policy) {}),
			},
			{
				option:  "`Next`",
				instead: "`corsfiberv3.Options.Skip`",
				note:    "An argument of the middleware that takes the same function.",
				old: fiber3(func(c *cors.Config) {
					c.Next = func(c fiber.Ctx) bool { return c.Path() == "/create" }
				}),
				policy: fiberPolicy(func(*core.Policy) {}),
				ours: func(t *testing.T, engine *core.Engine) *server {
					return fiber3Site(t, corsfiberv3.Middleware(engine, corsfiberv3.Options{
						Skip: func(c fiber.Ctx) bool { return c.Path() == "/create" },
					}))
				},
			},
			{
				option: "`cors.New()`",
				whole:  true,
				old:    func(t *testing.T) *server { return fiber3Site(t, cors.New()) },
				policy: core.Policy{
					AllowOrigins: []string{"*"},
					AllowMethods: []string{"PUT", "PATCH", "DELETE"},
					AllowHeaders: []string{"*", "authorization"},
				},
				differ: []difference{
					{"GET from https://app.example, through a shared cache that has the answer to a request without Origin",
						"handler runs, answer blocked", "reads 200",
						"As for `*`."},
				},
			},
		},
		refusals: []refusal{
			{
				setting: "`AllowOrigins: []string{\"*\"}` with `AllowCredentials`",
				old: fiber3(func(c *cors.Config) {
					c.AllowOrigins = []string{"*"}
					c.AllowCredentials = true
				}),
				does:   refusesToo,
				policy: core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason: reason.AnyCredentials,
			},
			{
				setting: "`AllowOrigins: []string{\"https://app.example/\"}`",
				old:     fiber3(func(c *cors.Config) { c.AllowOrigins = []string{"https://app.example/"} }),
				probe:   from(app, "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"https://app.example/"}},
				reason:  reason.TrailingSlash,
			},
			{
				setting: "`AllowOrigins: []string{\"https://App.example\"}`",
				old:     fiber3(func(c *cors.Config) { c.AllowOrigins = []string{"https://App.example"} }),
				probe:   from(app, "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"https://App.example"}},
				reason:  reason.UpperCase,
			},
			{
				setting: "`AllowOrigins: []string{\"https://*.com\"}` with `AllowCredentials`",
				old: fiber3(func(c *cors.Config) {
					c.AllowOrigins = []string{"https://*.com"}
					c.AllowCredentials = true
				}),
				probe:  from("https://evil.com", "GET").withCredentials(),
				does:   "reads 200",
				policy: core.Policy{AllowOrigins: []string{"https://*.com"}, AllowCredentials: true},
				reason: reason.PublicSuffix,
			},
			{
				setting: "`AllowOrigins: []string{\"http://app.example\"}` with `AllowCredentials`",
				old: fiber3(func(c *cors.Config) {
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
				old:     fiber3(func(c *cors.Config) { c.AllowMethods = []string{"patch"} }),
				probe:   from(app, "PATCH"),
				does:    "blocked at the preflight",
				policy:  core.Policy{AllowOrigins: []string{app}, AllowMethods: []string{"patch"}},
				reason:  reason.MethodCase,
			},
		},
	}
}
