package migrate

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/log"
	"github.com/gofiber/fiber/v2/middleware/cors"
)

// Reasons that apply to several rows.
const (
	fiberFirstLine = "fiber reads only the first line, so the browser does not find the other name in the answer. " +
		"Several lines form one list."
	fiberCached = "fiber answers a request without Origin with neither `*` nor Vary, so a cache gives that answer " +
		"to requests that need the CORS headers. corskit always sends `*`."
	fiberOptions = "fiber omits the CORS headers from the answer to a script's own OPTIONS, which follows its preflight."
)

// listen listens on loopback, on a port that the kernel chooses.
func listen(t *testing.T) net.Listener {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func fiber2Site(t *testing.T, mw fiber.Handler) *server {
	s := &site{}
	handler := func(c *fiber.Ctx) error {
		s.runs.Add(1)
		for name, value := range siteHeader {
			c.Set(name, value)
		}
		return c.SendString("ok")
	}
	a := fiber.New(fiber.Config{DisableStartupMessage: true})
	a.Use(mw)
	a.All("/item", handler)
	a.Post("/create", handler)
	ln := listen(t)
	done := make(chan error, 1)
	go func() { done <- a.Listener(ln) }()
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

func oursFiber2(t *testing.T, engine *core.Engine) *server {
	return fiber2Site(t, corsfiber.Middleware(engine))
}

func fiber2(change func(*cors.Config)) mount {
	return func(t *testing.T) *server {
		log.SetOutput(io.Discard)
		c := cors.Config{AllowOrigins: app, AllowHeaders: "Content-Type"}
		change(&c)
		return fiber2Site(t, cors.New(c))
	}
}

// fiberPolicy has the methods that fiber allows by default.
func fiberPolicy(change func(*core.Policy)) core.Policy {
	p := core.Policy{
		AllowOrigins: []string{app},
		AllowMethods: []string{"PUT", "DELETE", "PATCH"},
		AllowHeaders: []string{"content-type"},
	}
	change(&p)
	return p
}

func fiberV2() library {
	return library{
		guide: "fiber.md", module: "github.com/gofiber/fiber/v2", ours: oursFiber2,
		adapter: "corsfiber",
		base:    fiberPolicy(func(*core.Policy) {}),
		bare:    fiber2(func(c *cors.Config) { c.AllowHeaders = "" }),

		rows: []row{
			{
				option: "`AllowOrigins: \"https://app.example, https://sub.app.example\"`",
				note:   "A list, not a string with commas. Compared byte for byte.",
				old:    fiber2(func(c *cors.Config) { c.AllowOrigins = app + ", " + sub }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowOrigins = []string{app, sub} }),
			},
			{
				option: "`AllowOrigins` empty, or `\"*\"`",
				omits:  "AllowOrigins",
				note:   "An empty list allows nothing in corskit.",
				old:    fiber2(func(c *cors.Config) { c.AllowOrigins = "" }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"*"} }),
				differ: []difference{
					{"GET from https://app.example, through a shared cache that has the answer to a request without Origin",
						"handler runs, answer blocked", "reads 200", fiberCached},
				},
			},
			{
				option: "`AllowOrigins: \"https://*.app.example\"`",
				note:   "Subdomains at any depth, as before.",
				old:    fiber2(func(c *cors.Config) { c.AllowOrigins = "https://*.app.example" }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://*.app.example"} }),
				extra:  []probe{from("https://a.sub.app.example", "GET"), from("https://evilapp.example", "GET")},
			},
			{
				option:  "`AllowOrigins: \"http://localhost:*\"`",
				note:    "fiber panics at such an entry. In corskit: any port, or none. `@loopback` is shorter and covers more.",
				refused: true,
				old:     fiber2(func(c *cors.Config) { c.AllowOrigins = "http://localhost:*" }),
				policy:  fiberPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"http://localhost:*"} }),
			},
			{
				option: "`AllowOriginsFunc`",
				note: "Takes a context and a `core.Request`; `r.OriginValue()` is the origin as sent. Called if the list has no " +
					"match, as before.",
				old: fiber2(func(c *cors.Config) {
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
				old: fiber2(func(c *cors.Config) {
					c.AllowOrigins = ""
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
				old:    fiber2(func(*cors.Config) {}),
				policy: fiberPolicy(func(*core.Policy) {}),
			},
			{
				option: "`AllowMethods: \"GET, PUT\"`",
				old:    fiber2(func(c *cors.Config) { c.AllowMethods = "GET, PUT" }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT"} }),
			},
			{
				option: "`AllowMethods: \"*\"`",
				old:    fiber2(func(c *cors.Config) { c.AllowMethods = "*" }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowMethods = []string{"*"} }),
				differ: []difference{
					{"OPTIONS from https://app.example", "handler runs, answer blocked", "reads 200", fiberOptions},
				},
			},
			{
				option: "`AllowMethods: \"*\"` with `AllowCredentials`",
				note:   "Now works for requests with credentials.",
				old: fiber2(func(c *cors.Config) {
					c.AllowMethods = "*"
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
				old:    fiber2(func(c *cors.Config) { c.AllowHeaders = "" }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"*", "authorization"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
				differ: []difference{
					{"GET with two headers from https://app.example, through a gateway that splits Access-Control-Request-Headers " +
						"into lines",
						"blocked at the preflight", "reads 200", fiberFirstLine},
				},
			},
			{
				option: "`AllowHeaders: \"Authorization, X-Token\"`",
				note:   "Case does not matter.",
				old:    fiber2(func(c *cors.Config) { c.AllowHeaders = "Authorization, X-Token" }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"authorization", "x-token"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
			},
			{
				option: "`AllowHeaders: \"Origin, Content-Length, X-Token\"`",
				note:   unsettable,
				old:    fiber2(func(c *cors.Config) { c.AllowHeaders = "Origin, Content-Length, X-Token" }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"Origin", "Content-Length", "x-token"} }),
			},
			{
				option: "`AllowHeaders: \"*\"`",
				note:   "Without credentials it does not cover Authorization, as before: list `authorization` too.",
				old:    fiber2(func(c *cors.Config) { c.AllowHeaders = "*" }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"*"} }),
			},
			{
				option: "`AllowHeaders: \"*\"` with `AllowCredentials`",
				note:   "Now works for requests with credentials, and for Authorization.",
				old: fiber2(func(c *cors.Config) {
					c.AllowHeaders = "*"
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
				old:    fiber2(func(c *cors.Config) { c.AllowCredentials = true }),
				policy: fiberPolicy(func(p *core.Policy) { p.AllowCredentials = true }),
			},
			{
				option: "`ExposeHeaders: \"X-Total, ETag\"`",
				old:    fiber2(func(c *cors.Config) { c.ExposeHeaders = "X-Total, ETag" }),
				policy: fiberPolicy(func(p *core.Policy) { p.ExposeHeaders = []string{"x-total", "etag"} }),
			},
			{
				option: "`MaxAge: 600`",
				note:   "A duration of whole seconds, at most 24 hours.",
				old:    fiber2(func(c *cors.Config) { c.MaxAge = 600 }),
				policy: fiberPolicy(func(p *core.Policy) { p.MaxAge = 10 * time.Minute }),
			},
			{
				option: "`MaxAge: -1`",
				old:    fiber2(func(c *cors.Config) { c.MaxAge = -1 }),
				policy: fiberPolicy(func(p *core.Policy) { p.MaxAge = core.NoPreflightCache }),
			},
			{
				option:  "`Next`",
				instead: "`corsfiber.Options.Skip`",
				note:    "An argument of the middleware that takes the same function.",
				old: fiber2(func(c *cors.Config) {
					c.Next = func(c *fiber.Ctx) bool { return c.Path() == "/create" }
				}),
				policy: fiberPolicy(func(*core.Policy) {}),
				ours: func(t *testing.T, engine *core.Engine) *server {
					return fiber2Site(t, corsfiber.Middleware(engine, corsfiber.Options{
						Skip: func(c *fiber.Ctx) bool { return c.Path() == "/create" },
					}))
				},
			},
			{
				option: "`cors.New()`",
				whole:  true,
				old:    func(t *testing.T) *server { return fiber2Site(t, cors.New()) },
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
				setting: "`AllowOrigins: \"*\"` with `AllowCredentials`",
				old: fiber2(func(c *cors.Config) {
					c.AllowOrigins = "*"
					c.AllowCredentials = true
				}),
				does:   refusesToo,
				policy: core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason: reason.AnyCredentials,
			},
			{
				setting: "`AllowOrigins: \"https://app.example/\"`",
				old:     fiber2(func(c *cors.Config) { c.AllowOrigins = "https://app.example/" }),
				probe:   from(app, "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"https://app.example/"}},
				reason:  reason.TrailingSlash,
			},
			{
				setting: "`AllowOrigins: \"https://App.example\"`",
				old:     fiber2(func(c *cors.Config) { c.AllowOrigins = "https://App.example" }),
				probe:   from(app, "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"https://App.example"}},
				reason:  reason.UpperCase,
			},
			{
				setting: "`AllowOrigins` with commas, put into one entry",
				old:     fiber2(func(c *cors.Config) { c.AllowOrigins = app + "," + sub }),
				probe:   from(app, "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{app + "," + sub}},
				reason:  reason.List,
			},
			{
				setting: "`AllowOrigins: \"https://*.com\"` with `AllowCredentials`",
				old: fiber2(func(c *cors.Config) {
					c.AllowOrigins = "https://*.com"
					c.AllowCredentials = true
				}),
				probe:  from("https://evil.com", "GET").withCredentials(),
				does:   "reads 200",
				policy: core.Policy{AllowOrigins: []string{"https://*.com"}, AllowCredentials: true},
				reason: reason.PublicSuffix,
			},
			{
				setting: "`AllowOrigins: \"http://app.example\"` with `AllowCredentials`",
				old: fiber2(func(c *cors.Config) {
					c.AllowOrigins = "http://app.example"
					c.AllowCredentials = true
				}),
				probe:  from("http://app.example", "GET").withCredentials(),
				does:   "reads 200",
				policy: core.Policy{AllowOrigins: []string{"http://app.example"}, AllowCredentials: true},
				reason: reason.InsecureOrigin,
			},
			{
				setting: "`AllowMethods: \"patch\"`",
				old:     fiber2(func(c *cors.Config) { c.AllowMethods = "patch" }),
				probe:   from(app, "PATCH"),
				does:    "blocked at the preflight",
				policy:  core.Policy{AllowOrigins: []string{app}, AllowMethods: []string{"patch"}},
				reason:  reason.MethodCase,
			},
		},
	}
}
