package hosts

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"slices"

	"github.com/gofiber/fiber/v3"
	fiberv3log "github.com/gofiber/fiber/v3/log"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
	"github.com/gofiber/fiber/v3/middleware/basicauth"
	"github.com/gofiber/fiber/v3/middleware/compress"
	"github.com/gofiber/fiber/v3/middleware/helmet"
	"github.com/gofiber/fiber/v3/middleware/keyauth"
	"github.com/gofiber/fiber/v3/middleware/proxy"
	"github.com/gofiber/fiber/v3/middleware/recover"
	"github.com/gofiber/fiber/v3/middleware/rewrite"
	"github.com/gofiber/fiber/v3/middleware/static"
	"github.com/gofiber/fiber/v3/middleware/timeout"

	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/conformance"
)

func init() { fiberv3log.SetOutput(io.Discard) }

// FiberV3 is github.com/gofiber/fiber/v3.
func FiberV3() Host {
	return Host{
		Name: "fiberv3", Title: "fiber v3", Adapter: "corsfiberv3", FastHTTP: true, MountsApps: true, build: buildFiberV3,
		Routers: []Variant{
			{Name: "fiber v3"},
			{Name: "fiber v3 CaseSensitive StrictRouting", Options: Options{CaseSensitive: true, StrictRouting: true}},
			{Name: "fiber v3 UnescapePath", Options: Options{UnescapePath: true}},
			{Name: "fiber v3 UnescapePath Immutable", Options: Options{UnescapePath: true, Immutable: true}},
			{Name: "fiber v3 Rewrite", Options: Options{Rewrite: true}, Rewrites: true},
		},
		Harmless: fiberHarmless("v3"),
		Exceptions: []Exception{{
			Request: "body limit", Mounted: []Position{OnRoute},
			Why: "for requests that fiber gives up reading, it runs only middleware of Use",
		}},
	}
}

func corsFiberV3(m Middleware) fiber.Handler { return corsfiberv3.Middleware(m.Engine) }

// fiberV3App is an application while it is being built.
type fiberV3App struct {
	fiberHandlers[fiber.Ctx]
	preflights map[string]bool // paths with a route for the preflights of routes
}

func buildFiberV3(app App) *Application {
	a := &fiberV3App{
		fiberHandlers: fiberHandlers[fiber.Ctx]{
			App: app, context: fiber.Ctx.RequestCtx,
			wrap:     adaptor.HTTPHandler,
			newError: func(status int) error { return fiber.NewError(status, "returned") },
		},
		preflights: make(map[string]bool),
	}
	f := fiber.New(a.config())
	for _, l := range app.Outside {
		f.Use(a.layer(l))
	}
	if app.OuterVary != "" {
		f.Use(func(c fiber.Ctx) error {
			c.Response().Header.Add("Vary", app.OuterVary)
			return c.Next()
		})
	}
	if app.Options.Rewrite {
		f.Use(rewrite.New(rewrite.Config{Rules: map[string]string{"/old/*": "/private/$1"}}))
	}
	for _, m := range buildAll(app.CORS, corsFiberV3) {
		f.Use(m)
	}
	a.routes(f, "", app.Routes)
	a.groups(f, "", app.Groups)
	if app.NotFound != 0 {
		f.Use(func(c fiber.Ctx) error { return c.Status(app.NotFound).SendString("custom") })
	}
	listen := func(l net.Listener) error { return f.Listener(l, fiber.ListenConfig{DisableStartupMessage: true}) }
	return &Application{FastHTTP: f.Handler(), listen: listen, shutdown: f.ShutdownWithTimeout}
}

func (a *fiberV3App) config() fiber.Config {
	o := a.Options
	config := fiber.Config{
		CaseSensitive: o.CaseSensitive, StrictRouting: o.StrictRouting,
		UnescapePath: o.UnescapePath, Immutable: o.Immutable,
		DisableHeaderNormalizing: o.DisableHeaderNormalizing, StreamRequestBody: o.StreamRequestBody,
		BodyLimit: a.BodyLimit, ReadBufferSize: a.MaxHeaderBytes,
	}
	if takesAny(a.Routes, a.Groups) {
		config.RequestMethods = withExtensions(fiber.DefaultMethods)
	}
	if a.ErrorHandler {
		config.ErrorHandler = fiberV3Errors
	}
	return config
}

func fiberV3Errors(c fiber.Ctx, err error) error {
	status := fiber.StatusInternalServerError
	var e *fiber.Error
	if errors.As(err, &e) {
		status = e.Code
	}
	return c.Status(status).JSON(fiber.Map{"error": "custom"})
}

func (a *fiberV3App) groups(parent fiber.Router, prefix string, groups []Group) {
	for _, g := range groups {
		cors := buildAll(g.CORS, corsFiberV3)
		if g.Mounted {
			sub := fiber.New(a.config())
			for _, m := range cors {
				sub.Use(m)
			}
			a.routes(sub, prefix+g.Path, g.Routes)
			a.groups(sub, prefix+g.Path, g.Groups)
			parent.Use(g.Path, sub)
			continue
		}
		group := parent.Group(g.Path, anyOf(cors)...)
		a.routes(group, prefix+g.Path, g.Routes)
		a.groups(group, prefix+g.Path, g.Groups)
	}
}

func (a *fiberV3App) routes(router fiber.Router, prefix string, routes []Route) {
	for _, r := range routes {
		chain := buildAll(r.CORS, corsFiberV3)
		if len(chain) > 0 && !r.takesOptions() && !a.preflights[prefix+r.Path] {
			a.preflights[prefix+r.Path] = true
			path := r.Path
			if r.Behaviour == Directory {
				path += "/*"
			}
			router.Options(path, chain[0], anyOf(chain[1:])...)
		}
		for _, l := range slices.Concat(a.Inside, r.Inside) {
			chain = append(chain, a.layer(l))
		}
		if r.Behaviour == Directory {
			for _, h := range chain {
				router.Use(r.Path, h)
			}
			router.Use(r.Path, static.New(a.Files, static.Config{ByteRange: true}))
			continue
		}
		chain = append(chain, a.handler(r, a.own(r)))
		if len(r.Methods) == 0 {
			router.All(r.Path, chain[0], anyOf(chain[1:])...)
			a.lowerCase(router, prefix, r)
		}
		if len(r.Methods) > 0 {
			router.Add(r.Methods, r.Path, chain[0], anyOf(chain[1:])...)
		}
	}
}

// lowerCase serves a route of any method, since fiber registers no method in
// lower case except with Use.
func (a *fiberV3App) lowerCase(router fiber.Router, prefix string, r Route) {
	if hasWildcard(r.Path) {
		return
	}
	full, h := prefix+r.Path, a.handler(r, a.own(r))
	router.Use(r.Path, func(c fiber.Ctx) error {
		if c.Path() != full {
			return c.Next()
		}
		return h(c)
	})
}

func (a *fiberV3App) layer(l Layer) fiber.Handler {
	switch l {
	case Recover:
		return recover.New()
	case Compress:
		excluded := a.paths(conformance.Upgrade)
		return compress.New(compress.Config{Next: func(c fiber.Ctx) bool { return slices.Contains(excluded, c.Path()) }})
	case Secure:
		return helmet.New()
	case BasicAuth:
		return basicauth.New(basicauth.Config{Authorizer: func(u, p string, _ fiber.Ctx) bool {
			return u == user && p == password
		}})
	case TokenAuth:
		return keyauth.New(keyauth.Config{Validator: func(_ fiber.Ctx, key string) (bool, error) {
			if key != token {
				return false, fiber.ErrUnauthorized
			}
			return true, nil
		}})
	}
	panic("hosts: unknown layer " + l)
}

// own returns the handler of a behaviour for which the versions of fiber have
// different APIs, or nil.
func (a *fiberV3App) own(r Route) fiber.Handler {
	switch r.Behaviour {
	case conformance.RedirectTo:
		return func(c fiber.Ctx) error { return c.Redirect().Status(r.Status).To(r.endpoint().Get("Location")) }
	case File:
		return func(c fiber.Ctx) error {
			return c.SendFile(filepath.Join(a.Files, r.Body), fiber.SendFile{ByteRange: true})
		}
	case Slow:
		return timeout.New(func(c fiber.Ctx) error {
			<-c.Context().Done()
			return c.Context().Err()
		}, timeout.Config{Timeout: a.Timeout})
	case conformance.Upstream:
		return func(c fiber.Ctx) error {
			if err := proxy.Do(c, r.Body+c.OriginalURL()); err != nil || !a.StripUpstream {
				return err
			}
			return corsfiberv3.StripUpstream(c)
		}
	}
	return nil
}

// anyOf is for methods that take handlers of several types.
func anyOf(handlers []fiber.Handler) []any {
	list := make([]any, len(handlers))
	for i, h := range handlers {
		list[i] = h
	}
	return list
}
