package migrate

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
	"github.com/gin-contrib/cors"
	"github.com/gin-gonic/gin"
)

// Reasons that apply to several rows.
const (
	handlerRuns = "Without `RejectDisallowed` the handler runs."
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	os.Exit(m.Run())
}

func ginSite(t *testing.T, middleware gin.HandlerFunc) *server {
	s := &site{}
	r := gin.New()
	r.Use(middleware)
	r.Any("/item", gin.WrapH(s))
	r.POST("/create", gin.WrapH(s))
	return serve(t, s, r)
}

func oursGin(t *testing.T, engine *core.Engine) *server {
	return ginSite(t, corsgin.Middleware(engine))
}

// ginOld changes a configuration that allows one origin and otherwise is
// DefaultConfig.
func ginOld(change func(*cors.Config)) mount {
	return func(t *testing.T) *server {
		c := cors.DefaultConfig()
		c.AllowOrigins = []string{app}
		change(&c)
		return ginSite(t, cors.New(c))
	}
}

func ginPolicy(change func(*core.Policy)) core.Policy {
	p := core.Policy{
		AllowOrigins:     []string{app},
		AllowMethods:     []string{"PUT", "PATCH", "DELETE", "OPTIONS"},
		AllowHeaders:     []string{"content-type"},
		MaxAge:           12 * time.Hour,
		RejectDisallowed: true,
	}
	change(&p)
	return p
}

func ginContrib() library {
	return library{
		guide: "gin-contrib-cors.md", module: "github.com/gin-contrib/cors", ours: oursGin,
		adapter: "corsgin",
		base:    ginPolicy(func(*core.Policy) {}),
		bare:    ginOld(func(*cors.Config) {}),
		extra:   []probe{from(app, "OPTIONS").to("/create")},
		everywhere: []difference{
			{"OPTIONS from https://app.example without Access-Control-Request-Method", "204, handler does not run", "handler runs",
				"gin-contrib/cors answers every such OPTIONS itself. " +
					"Only OPTIONS with Origin and Access-Control-Request-Method is a preflight; " +
					"the application answers the rest."},
			{"OPTIONS from https://app.example", "reads 204", "reads 200", ownOptions},
			{"OPTIONS from https://app.example to /create", "reads 204", "reads 404",
				"The path has no OPTIONS route, so gin answers 404, or 405 with `HandleMethodNotAllowed`. " +
					"To keep the 204, add `r.OPTIONS(path, handler)`."},
			{"GET from https://app.example, through a shared cache that has the answer to a request without Origin",
				"handler runs, answer blocked", "reads 200",
				"gin-contrib/cors omits Vary from the answer to a request without Origin, so a cache gives that answer " +
					"to requests that need the CORS headers."},
		},
		rows: []row{
			{
				option: "`cors.DefaultConfig()`",
				omits:  "AllowMethods AllowHeaders",
				about:  "AllowMethods AllowHeaders MaxAge",
				note: "What DefaultConfig sets. Omit what you do not need: scripts rarely send OPTIONS. " +
					"Neither a plain `Config{}` nor a `core.Policy{}` has any of these.",
				old:    ginOld(func(*cors.Config) {}),
				policy: ginPolicy(func(*core.Policy) {}),
			},
			{
				option: "the 403 for disallowed origins",
				about:  "RejectDisallowed",
				old:    ginOld(func(*cors.Config) {}),
				policy: ginPolicy(func(*core.Policy) {}),
			},
			{
				option: "without the 403 for disallowed origins",
				note:   "The handler runs, and the browser hides the answer from the script, as CORS intends and other libraries do.",
				old:    ginOld(func(*cors.Config) {}),
				policy: ginPolicy(func(p *core.Policy) { p.RejectDisallowed = false }),
				differ: []difference{
					{"GET from https://sub.app.example", "answer blocked, handler does not run", "handler runs, answer blocked",
						handlerRuns},
					{"GET from http://app.example", "answer blocked, handler does not run", "handler runs, answer blocked", handlerRuns},
					{"GET from https://other.example", "answer blocked, handler does not run", "handler runs, answer blocked", handlerRuns},
					{"POST from https://other.example", "answer blocked, handler does not run", "handler runs, answer blocked",
						handlerRuns},
					{"GET from null", "answer blocked, handler does not run", "handler runs, answer blocked", handlerRuns},
				},
			},
			{
				option: "`AllowAllOrigins: true`, or `AllowOrigins: []string{\"*\"}`",
				note:   "`RejectDisallowed` then has no effect: a warning says so.",
				old: ginOld(func(c *cors.Config) {
					c.AllowOrigins = nil
					c.AllowAllOrigins = true
				}),
				policy: ginPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"*"} }),
			},
			{
				option: "`AllowOrigins: []string{\"https://app.example\"}`",
				about:  "AllowOrigins",
				note:   "Compared byte for byte.",
				old:    ginOld(func(*cors.Config) {}),
				policy: ginPolicy(func(*core.Policy) {}),
			},
			{
				option: "`AllowOrigins: []string{\"/https://[a-z]+\\\\.app\\\\.example/\"}`",
				note:   "Matched against the whole origin; compiled once.",
				old:    ginOld(func(c *cors.Config) { c.AllowOrigins = []string{`/https://[a-z]+\.app\.example/`} }),
				policy: ginPolicy(func(p *core.Policy) { p.AllowOrigins = []string{`regexp:https://[a-z]+\.app\.example`} }),
				extra:  []probe{from("https://sub.app.example.evil.test", "GET")},
				differ: []difference{
					{"GET from https://sub.app.example.evil.test", "reads 200", "answer blocked, handler does not run",
						"In gin-contrib/cors, the expression may match anywhere in the origin; in corskit, it must match the whole " +
							"origin. " +
							"To match a part, begin or end the expression with `.*`."},
				},
			},
			{
				option: "`AllowWildcard` with `AllowOrigins: []string{\"https://*.app.example\"}`",
				note:   "Needs no extra option.",
				old: ginOld(func(c *cors.Config) {
					c.AllowWildcard = true
					c.AllowOrigins = []string{"https://*.app.example"}
				}),
				policy: ginPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://*.app.example"} }),
				extra:  []probe{from("https://a.sub.app.example", "GET")},
			},
			{
				option: "`AllowWildcard` with `AllowOrigins: []string{\"https://www.app.example\", \"https://*.app.example\"}`",
				note:   "The wildcard covers the first entry. It may stay in the list: a warning names it.",
				old: ginOld(func(c *cors.Config) {
					c.AllowWildcard = true
					c.AllowOrigins = []string{"https://www.app.example", "https://*.app.example"}
				}),
				policy: ginPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://www.app.example", "https://*.app.example"} }),
				extra:  []probe{from("https://www.app.example", "PUT")},
			},
			{
				option: "`AllowWildcard` with `AllowOrigins: []string{\"http://localhost:*\"}`",
				note:   "Any port, or none. `@loopback` is shorter and covers more.",
				old: ginOld(func(c *cors.Config) {
					c.AllowWildcard = true
					c.AllowOrigins = []string{"http://localhost:*"}
				}),
				policy: ginPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"http://localhost:*"} }),
				extra:  localhost(),
				differ: []difference{
					{"GET from http://localhost", "answer blocked, handler does not run", "reads 200", defaultPort},
					{"PUT from http://localhost", "blocked at the preflight", "reads 200, preflight cached 43200 s", defaultPort},
				},
			},
			{
				option: "`AllowWildcard` with `AllowOrigins: []string{\"https://pr-*.app.example\"}`",
				note:   "Within a label, an asterisk does not match a dot.",
				old: ginOld(func(c *cors.Config) {
					c.AllowWildcard = true
					c.AllowOrigins = []string{"https://pr-*.app.example"}
				}),
				policy: ginPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://pr-*.app.example"} }),
				extra:  []probe{from("https://pr-7.app.example", "GET"), from("https://pr-7.other.app.example", "GET")},
				differ: []difference{
					{"GET from https://pr-7.other.app.example", "reads 200", "answer blocked, handler does not run", crossesDots},
				},
			},
			{
				option: "`AllowOriginFunc`",
				note:   "Takes a context and a `core.Request`; the origin is `r.OriginValue()`.",
				old: ginOld(func(c *cors.Config) {
					c.AllowOriginFunc = func(origin string) bool { return strings.HasSuffix(origin, ".app.example") }
				}),
				policy: ginPolicy(func(p *core.Policy) {
					p.AllowOriginFunc = func(_ context.Context, r core.Request) bool {
						return strings.HasSuffix(r.OriginValue(), ".app.example")
					}
				}),
			},
			{
				option: "`AllowOriginFunc` that always returns true",
				old: ginOld(func(c *cors.Config) {
					c.AllowOrigins = nil
					c.AllowOriginFunc = func(string) bool { return true }
				}),
				policy: ginPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(context.Context, core.Request) bool { return true }
				}),
				differ: []difference{
					{"GET from null", "reads 200", "answer blocked, handler does not run", nullOrigin},
				},
			},
			{
				option: "`AllowOriginWithContextFunc`",
				note:   "`core.Request` has the method, host and path. For different policies by host or path use `core.NewRouted`.",
				old: ginOld(func(c *cors.Config) {
					c.AllowOrigins = nil
					c.AllowOriginWithContextFunc = func(c *gin.Context, origin string) bool {
						return c.Request.URL.Path == "/item" && origin == app
					}
				}),
				policy: ginPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(_ context.Context, r core.Request) bool {
						return r.Path == "/item" && r.OriginValue() == app
					}
				}),
			},
			{
				option: "`AllowMethods: []string{\"GET\", \"PUT\"}`",
				note:   "GET, HEAD and POST need no permission.",
				old:    ginOld(func(c *cors.Config) { c.AllowMethods = []string{"GET", "PUT"} }),
				policy: ginPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT"} }),
			},
			{
				option: "`AllowMethods: []string{\"*\"}`",
				old:    ginOld(func(c *cors.Config) { c.AllowMethods = []string{"*"} }),
				policy: ginPolicy(func(p *core.Policy) { p.AllowMethods = []string{"*"} }),
			},
			{
				option: "`AllowMethods: []string{\"*\"}` with `AllowCredentials`",
				note:   "Now works for requests with credentials.",
				old: ginOld(func(c *cors.Config) {
					c.AllowMethods = []string{"*"}
					c.AllowCredentials = true
				}),
				policy: ginPolicy(func(p *core.Policy) {
					p.AllowMethods = []string{"*"}
					p.AllowCredentials = true
				}),
				differ: []difference{
					{"PUT from https://app.example, with credentials", "blocked at the preflight", "reads 200, preflight cached 43200 s",
						methodNamed},
				},
			},
			{
				option: "`AllowHeaders: []string{\"Authorization\", \"X-Token\"}`",
				note:   "Case does not matter.",
				old:    ginOld(func(c *cors.Config) { c.AllowHeaders = []string{"Authorization", "X-Token"} }),
				policy: ginPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"authorization", "x-token"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
			},
			{
				option: "`AllowHeaders: []string{\"Origin\", \"Content-Length\", \"X-Token\"}`",
				note:   unsettable,
				old:    ginOld(func(c *cors.Config) { c.AllowHeaders = []string{"Origin", "Content-Length", "X-Token"} }),
				policy: ginPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"Origin", "Content-Length", "x-token"} }),
			},
			{
				option: "`AllowHeaders: []string{\"*\"}`",
				note:   "Without credentials it does not cover Authorization, as before: list `authorization` too.",
				old:    ginOld(func(c *cors.Config) { c.AllowHeaders = []string{"*"} }),
				policy: ginPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"*"} }),
			},
			{
				option: "`AllowHeaders: []string{\"*\"}` with `AllowCredentials`",
				note:   "Now works.",
				old: ginOld(func(c *cors.Config) {
					c.AllowHeaders = []string{"*"}
					c.AllowCredentials = true
				}),
				policy: ginPolicy(func(p *core.Policy) {
					p.AllowHeaders = []string{"*"}
					p.AllowCredentials = true
				}),
				differ: alike("blocked at the preflight", "reads 200, preflight cached 43200 s", headerNamed,
					"GET with Authorization from https://app.example", "GET with Authorization from https://app.example, with credentials"),
			},
			{
				option: "`AllowCredentials: true`",
				wire:   true,
				old:    ginOld(func(c *cors.Config) { c.AllowCredentials = true }),
				policy: ginPolicy(func(p *core.Policy) { p.AllowCredentials = true }),
			},
			{
				option: "`ExposeHeaders: []string{\"X-Total\", \"ETag\"}`",
				old:    ginOld(func(c *cors.Config) { c.ExposeHeaders = []string{"X-Total", "ETag"} }),
				policy: ginPolicy(func(p *core.Policy) { p.ExposeHeaders = []string{"x-total", "etag"} }),
			},
			{
				option: "`ExposeHeaders: []string{\"Content-Length\", \"ETag\"}`",
				note:   "Scripts can always read Content-Length. It may stay in the list: a warning names it.",
				old:    ginOld(func(c *cors.Config) { c.ExposeHeaders = []string{"Content-Length", "ETag"} }),
				policy: ginPolicy(func(p *core.Policy) { p.ExposeHeaders = []string{"content-length", "etag"} }),
			},
			{
				option: "`MaxAge: 12 * time.Hour`",
				about:  "MaxAge",
				note:   "What DefaultConfig sets. Chromium keeps preflights for at most 2 hours, as before: a warning says so.",
				old:    ginOld(func(*cors.Config) {}),
				policy: ginPolicy(func(*core.Policy) {}),
			},
			{
				option: "`MaxAge: 10 * time.Minute`",
				note:   "Whole seconds, at most 24 hours. `core.NoPreflightCache` sends 0.",
				old:    ginOld(func(c *cors.Config) { c.MaxAge = 10 * time.Minute }),
				policy: ginPolicy(func(p *core.Policy) { p.MaxAge = 10 * time.Minute }),
			},
			{
				option: "`AllowPrivateNetwork: true`",
				note:   "Sent only in answers to preflights that request it.",
				old:    ginOld(func(c *cors.Config) { c.AllowPrivateNetwork = true }),
				policy: ginPolicy(func(p *core.Policy) { p.AllowPrivateNetwork = true }),
			},
			{
				option: "`AllowBrowserExtensions` with `AllowOrigins: []string{\"chrome-extension://abcdefgh\"}`",
				note:   "A policy may list any scheme, without an extra option.",
				old: ginOld(func(c *cors.Config) {
					c.AllowBrowserExtensions = true
					c.AllowOrigins = []string{"chrome-extension://abcdefgh"}
				}),
				policy: ginPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"chrome-extension://abcdefgh"} }),
				extra:  []probe{from("chrome-extension://abcdefgh", "PUT")},
			},
			{
				option: "`CustomSchemas` with `AllowOrigins: []string{\"tauri://localhost\"}`",
				note:   "A policy may list any scheme, without an extra option.",
				old: ginOld(func(c *cors.Config) {
					c.CustomSchemas = []string{"tauri://"}
					c.AllowOrigins = []string{"tauri://localhost"}
				}),
				policy: ginPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"tauri://localhost"} }),
				extra:  []probe{from("tauri://localhost", "PUT")},
			},
			{
				option:  "`AllowWebSockets: true`",
				instead: "none",
				note: "The old option only permits `ws://` origins, which no browser sends: " +
					"a WebSocket handshake has the page's `https://` origin. Check it with `corshttp.CheckOrigin`.",
				old:    ginOld(func(c *cors.Config) { c.AllowWebSockets = true }),
				policy: ginPolicy(func(*core.Policy) {}),
			},
			{
				option:  "`OptionsResponseStatusCode: 200`",
				instead: "none",
				note:    "The status is always 204; browsers accept every status from 200 to 299.",
				old:     ginOld(func(c *cors.Config) { c.OptionsResponseStatusCode = http.StatusOK }),
				policy:  ginPolicy(func(*core.Policy) {}),
				differ: []difference{
					{"OPTIONS from https://app.example",
						"reads 200, handler does not run, preflight cached 43200 s", "reads 200, preflight cached 43200 s",
						"As above."},
					{"OPTIONS from https://app.example to /create",
						"reads 200, handler does not run, preflight cached 43200 s", "reads 404, preflight cached 43200 s",
						"As above."},
					{"OPTIONS from https://app.example without Access-Control-Request-Method", "200, handler does not run", "handler runs",
						"As above."},
				},
			},
			{
				option: "`cors.Default()`",
				omits:  "AllowOrigins AllowMethods AllowHeaders",
				whole:  true,
				old:    func(t *testing.T) *server { return ginSite(t, cors.Default()) },
				policy: core.Policy{
					AllowOrigins: []string{"*"},
					AllowMethods: []string{"PUT", "PATCH", "DELETE"},
					AllowHeaders: []string{"content-type"},
					MaxAge:       12 * time.Hour,
				},
				differ: []difference{
					{"OPTIONS from https://app.example", "reads 204, preflight cached 43200 s", "blocked at the preflight",
						"Scripts rarely send OPTIONS. List it if yours do."},
					{"OPTIONS from https://app.example to /create", "reads 204, preflight cached 43200 s", "blocked at the preflight",
						"Scripts rarely send OPTIONS. List it if yours do."},
				},
			},
		},
		refusals: []refusal{
			{
				setting: "`AllowAllOrigins` with `AllowCredentials`",
				old: ginOld(func(c *cors.Config) {
					c.AllowOrigins = nil
					c.AllowAllOrigins = true
					c.AllowCredentials = true
				}),
				probe:  from(app, "GET").withCredentials(),
				does:   "handler runs, answer blocked",
				policy: core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason: reason.AnyCredentials,
			},
			{
				setting: "`AllowOrigins: []string{\"https://app.example/\"}`",
				old:     ginOld(func(c *cors.Config) { c.AllowOrigins = []string{"https://app.example/"} }),
				probe:   from(app, "GET"),
				does:    "answer blocked, handler does not run",
				policy:  core.Policy{AllowOrigins: []string{"https://app.example/"}},
				reason:  reason.TrailingSlash,
			},
			{
				setting: "`AllowWildcard` with `AllowOrigins: []string{\"https://app.*\"}`",
				old: ginOld(func(c *cors.Config) {
					c.AllowWildcard = true
					c.AllowOrigins = []string{"https://app.*"}
				}),
				probe:  from("https://app.evil.test", "GET"),
				does:   "reads 200",
				policy: core.Policy{AllowOrigins: []string{"https://app.*"}},
				reason: reason.Wildcard,
			},
			{
				setting: "`AllowWildcard` with `AllowOrigins: []string{\"*.app.example\"}`",
				old: ginOld(func(c *cors.Config) {
					c.AllowWildcard = true
					c.AllowOrigins = []string{"*.app.example"}
				}),
				probe:  from("http://sub.app.example", "GET"),
				does:   "reads 200",
				policy: core.Policy{AllowOrigins: []string{"*.app.example"}},
				reason: reason.MissingScheme,
			},
			{
				setting: "`AllowOrigins: []string{\"http://app.example\"}` with `AllowCredentials`",
				old: ginOld(func(c *cors.Config) {
					c.AllowOrigins = []string{"http://app.example"}
					c.AllowCredentials = true
				}),
				probe:  from("http://app.example", "GET").withCredentials(),
				does:   "reads 200",
				policy: core.Policy{AllowOrigins: []string{"http://app.example"}, AllowCredentials: true},
				reason: reason.InsecureOrigin,
			},
			{
				setting: "`AllowFiles` with `AllowOrigins: []string{\"file:///app.html\"}`",
				old: ginOld(func(c *cors.Config) {
					c.AllowFiles = true
					c.AllowOrigins = []string{"file:///app.html"}
				}),
				probe:  from("null", "GET").called("GET from a page from a file, whose origin is null"),
				does:   "answer blocked, handler does not run",
				policy: core.Policy{AllowOrigins: []string{"file:///app.html"}},
				reason: reason.MissingHost,
			},
			{
				setting: "`AllowMethods: []string{\"patch\"}`",
				old:     ginOld(func(c *cors.Config) { c.AllowMethods = []string{"patch"} }),
				probe:   from(app, "PATCH"),
				does:    "reads 200, preflight cached 43200 s",
				policy:  core.Policy{AllowOrigins: []string{app}, AllowMethods: []string{"patch"}},
				reason:  reason.MethodCase,
			},
			{
				setting: "`MaxAge: 7 * 24 * time.Hour`",
				old:     ginOld(func(c *cors.Config) { c.MaxAge = 7 * 24 * time.Hour }),
				probe:   from(app, "PUT"),
				does:    "reads 200, preflight cached 604800 s",
				policy:  core.Policy{AllowOrigins: []string{app}, MaxAge: 7 * 24 * time.Hour},
				reason:  reason.MaxAge,
			},
		},
	}
}
