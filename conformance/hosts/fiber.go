package hosts

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"

	"github.com/gofiber/fiber/v2"
	fiberlog "github.com/gofiber/fiber/v2/log"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/gofiber/fiber/v2/middleware/basicauth"
	"github.com/gofiber/fiber/v2/middleware/compress"
	"github.com/gofiber/fiber/v2/middleware/helmet"
	"github.com/gofiber/fiber/v2/middleware/keyauth"
	"github.com/gofiber/fiber/v2/middleware/proxy"
	"github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/gofiber/fiber/v2/middleware/rewrite"
	"github.com/gofiber/fiber/v2/middleware/timeout"

	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/conformance"
)

func init() { fiberlog.SetOutput(io.Discard) }

// Fiber is github.com/gofiber/fiber/v2.
func Fiber() Host {
	return Host{
		Name: "fiber", Title: "fiber v2", Adapter: "corsfiber", FastHTTP: true, MountsApps: true, build: buildFiber,
		Routers: []Variant{
			{Name: "fiber"},
			{Name: "fiber CaseSensitive StrictRouting", Options: Options{CaseSensitive: true, StrictRouting: true}},
			{Name: "fiber UnescapePath", Options: Options{UnescapePath: true}},
			{Name: "fiber UnescapePath CaseSensitive", Options: Options{UnescapePath: true, CaseSensitive: true}},
			{Name: "fiber Rewrite", Options: Options{Rewrite: true}, Rewrites: true},
		},
		Harmless: fiberHarmless("v2"),
	}
}

// fiberHarmless are settings about memory, paths and the names of fields, the same
// in both versions of fiber.
func fiberHarmless(version string) []Variant {
	return []Variant{
		{Name: version + " immutable", Options: Options{Immutable: true, UnescapePath: true, CaseSensitive: true, StrictRouting: true}},
		{Name: version + " raw", Options: Options{DisableHeaderNormalizing: true, StreamRequestBody: true}},
	}
}

func corsFiber(m Middleware) fiber.Handler { return corsfiber.Middleware(m.Engine) }

// fiberApp is an application while it is being built.
type fiberApp struct {
	fiberHandlers[*fiber.Ctx]
	preflights map[string]bool // paths with a route for the preflights of routes
}

func buildFiber(app App) *Application {
	a := &fiberApp{
		fiberHandlers: fiberHandlers[*fiber.Ctx]{
			App: app, context: (*fiber.Ctx).Context,
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
		f.Use(func(c *fiber.Ctx) error {
			c.Response().Header.Add("Vary", app.OuterVary)
			return c.Next()
		})
	}
	if app.Options.Rewrite {
		f.Use(rewrite.New(rewrite.Config{Rules: map[string]string{"/old/*": "/private/$1"}}))
	}
	for _, m := range buildAll(app.CORS, corsFiber) {
		f.Use(m)
	}
	a.routes(f, "", app.Routes)
	a.groups(f, "", app.Groups)
	if app.NotFound != 0 {
		f.Use(func(c *fiber.Ctx) error { return c.Status(app.NotFound).SendString("custom") })
	}
	return &Application{FastHTTP: f.Handler(), listen: f.Listener, shutdown: f.ShutdownWithTimeout}
}

func (a *fiberApp) config() fiber.Config {
	o := a.Options
	config := fiber.Config{
		DisableStartupMessage: true,
		CaseSensitive:         o.CaseSensitive, StrictRouting: o.StrictRouting,
		UnescapePath: o.UnescapePath, Immutable: o.Immutable,
		DisableHeaderNormalizing: o.DisableHeaderNormalizing, StreamRequestBody: o.StreamRequestBody,
		BodyLimit: a.BodyLimit, ReadBufferSize: a.MaxHeaderBytes,
	}
	if takesAny(a.Routes, a.Groups) {
		config.RequestMethods = withExtensions(fiber.DefaultMethods)
	}
	if a.ErrorHandler {
		config.ErrorHandler = fiberErrors
	}
	if a.ErrorPolicy != nil {
		config.ErrorHandler = corsfiber.ErrorHandler(a.ErrorPolicy, config.ErrorHandler)
	}
	return config
}

func fiberErrors(c *fiber.Ctx, err error) error {
	status := fiber.StatusInternalServerError
	var e *fiber.Error
	if errors.As(err, &e) {
		status = e.Code
	}
	return c.Status(status).JSON(fiber.Map{"error": "custom"})
}

func (a *fiberApp) groups(parent fiber.Router, prefix string, groups []Group) {
	for _, g := range groups {
		cors := buildAll(g.CORS, corsFiber)
		if g.Mounted {
			sub := fiber.New(a.config())
			for _, m := range cors {
				sub.Use(m)
			}
			a.routes(sub, prefix+g.Path, g.Routes)
			a.groups(sub, prefix+g.Path, g.Groups)
			parent.Mount(g.Path, sub)
			continue
		}
		group := parent.Group(g.Path, cors...)
		a.routes(group, prefix+g.Path, g.Routes)
		a.groups(group, prefix+g.Path, g.Groups)
	}
}

func (a *fiberApp) routes(router fiber.Router, prefix string, routes []Route) {
	for _, r := range routes {
		chain := buildAll(r.CORS, corsFiber)
		if len(chain) > 0 && !r.takesOptions() && !a.preflights[prefix+r.Path] {
			a.preflights[prefix+r.Path] = true
			path := r.Path
			if r.Behaviour == Directory {
				path += "/*"
			}
			router.Options(path, slices.Clone(chain)...)
		}
		for _, l := range slices.Concat(a.Inside, r.Inside) {
			chain = append(chain, a.layer(l))
		}
		if r.Behaviour == Directory {
			for _, h := range chain {
				router.Use(r.Path, h)
			}
			router.Static(r.Path, a.Files, fiber.Static{ByteRange: true})
			continue
		}
		chain = append(chain, a.handler(r, a.own(r)))
		if len(r.Methods) == 0 {
			router.All(r.Path, chain...)
			a.lowerCase(router, prefix, r)
		}
		for _, method := range r.Methods {
			router.Add(method, r.Path, chain...)
		}
	}
}

// lowerCase serves a route of any method, since fiber registers no method in
// lower case except with Use.
func (a *fiberApp) lowerCase(router fiber.Router, prefix string, r Route) {
	if hasWildcard(r.Path) {
		return
	}
	full, h := prefix+r.Path, a.handler(r, a.own(r))
	router.Use(r.Path, func(c *fiber.Ctx) error {
		if c.Path() != full {
			return c.Next()
		}
		return h(c)
	})
}

func (a *fiberApp) layer(l Layer) fiber.Handler {
	switch l {
	case Recover:
		return recover.New()
	case Compress:
		excluded := a.paths(conformance.Upgrade)
		return compress.New(compress.Config{Next: func(c *fiber.Ctx) bool { return slices.Contains(excluded, c.Path()) }})
	case Secure:
		return helmet.New()
	case BasicAuth:
		return basicauth.New(basicauth.Config{Users: map[string]string{user: password}})
	case TokenAuth:
		return keyauth.New(keyauth.Config{Validator: func(_ *fiber.Ctx, key string) (bool, error) {
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
func (a *fiberApp) own(r Route) fiber.Handler {
	switch r.Behaviour {
	case conformance.RedirectTo:
		return func(c *fiber.Ctx) error { return c.Redirect(r.endpoint().Get("Location"), r.Status) }
	case File:
		return func(c *fiber.Ctx) error { return c.SendFile(filepath.Join(a.Files, r.Body)) }
	case Slow:
		return timeout.NewWithContext(func(c *fiber.Ctx) error {
			<-c.UserContext().Done()
			return c.UserContext().Err()
		}, a.Timeout, context.DeadlineExceeded)
	case conformance.Upstream:
		return func(c *fiber.Ctx) error {
			if err := proxy.Do(c, r.Body+c.OriginalURL()); err != nil || !a.StripUpstream {
				return err
			}
			return corsfiber.StripUpstream(c)
		}
	}
	return nil
}
