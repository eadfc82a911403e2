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
	"github.com/gofiber/fiber/v2/middleware/timeout"

	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
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

func corsFiber(engine *core.Engine, _ bool) fiber.Handler { return corsfiber.Middleware(engine) }

// fiberApp is an application while it is being built.
type fiberApp struct {
	App
	preflights map[string]bool // paths with a route for the preflights of routes
}

func buildFiber(app App) *Application {
	a := &fiberApp{app, make(map[string]bool)}
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
		chain = append(chain, a.handler(r))
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
	full, h := prefix+r.Path, a.handler(r)
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

// handler returns the handler of a route, with the probe.
func (a *fiberApp) handler(r Route) fiber.Handler {
	h := a.answer(r)
	if h == nil {
		h = a.failure(r)
	}
	if h == nil {
		h = a.stream(r)
	}
	switch {
	case h == nil:
		return adaptor.HTTPHandler(httpHandler(a.App, "", r))
	case a.Probe == nil:
		return h
	}
	return func(c *fiber.Ctx) error {
		a.Probe.Ran(string(c.Request().URI().QueryString()))
		return h(c)
	}
}

// answer returns the handler of a behaviour that answers, or nil.
func (a *fiberApp) answer(r Route) fiber.Handler {
	add := func(c *fiber.Ctx) {
		for _, line := range r.Header {
			c.Response().Header.Add(line.Name, line.Value)
		}
	}
	body := func(c *fiber.Ctx) error { return c.SendString(r.Body) }
	switch r.Behaviour {
	case Text:
		if r.Body == "" {
			return func(*fiber.Ctx) error { return nil }
		}
		return body
	case ReadBody: // fiber has read it already
		return body
	case conformance.Respond:
		return func(c *fiber.Ctx) error {
			add(c)
			return c.Status(r.Status).SendString(r.Body)
		}
	case conformance.Echo:
		return fiberEcho
	case conformance.NotModified:
		return func(c *fiber.Ctx) error {
			modified := c.Get("If-None-Match") != r.endpoint().Get("ETag")
			if !modified && a.Options.Reset {
				c.Context().NotModified()
				add(c)
				return nil
			}
			add(c)
			if !modified {
				return c.SendStatus(fiber.StatusNotModified)
			}
			return body(c)
		}
	case conformance.RedirectTo:
		return func(c *fiber.Ctx) error { return c.Redirect(r.endpoint().Get("Location"), r.Status) }
	case conformance.SetVary, conformance.TimeoutVary:
		return func(c *fiber.Ctx) error {
			c.Set("Vary", r.endpoint().Get("Vary"))
			return body(c)
		}
	case conformance.MutateHeader:
		return func(c *fiber.Ctx) error {
			mutateCORS(&c.Response().Header)
			return body(c)
		}
	case File:
		return func(c *fiber.Ctx) error { return c.SendFile(filepath.Join(a.Files, r.Body)) }
	case Attachment:
		return func(c *fiber.Ctx) error { return c.Download(filepath.Join(a.Files, r.Body), "b.txt") }
	}
	return nil
}

// failure returns the handler of a behaviour that fails, or nil.
func (a *fiberApp) failure(r Route) fiber.Handler {
	switch r.Behaviour {
	case conformance.ReturnError:
		return func(*fiber.Ctx) error { return fiber.NewError(r.Status, "returned") }
	case conformance.PlainError:
		return func(c *fiber.Ctx) error {
			if a.Options.Reset {
				c.Context().Error(r.Body, r.Status)
				return nil
			}
			return c.Status(r.Status).SendString(r.Body)
		}
	case conformance.Panic:
		return func(*fiber.Ctx) error { panic("on purpose") }
	case UnknownError:
		return func(*fiber.Ctx) error { return errors.New("unknown") }
	case LateError:
		return func(c *fiber.Ctx) error {
			_ = c.SendString("late")
			return fiber.ErrTeapot
		}
	case LatePanic:
		return func(c *fiber.Ctx) error {
			_ = c.SendString("late")
			panic("on purpose")
		}
	case Slow:
		return timeout.NewWithContext(func(c *fiber.Ctx) error {
			<-c.UserContext().Done()
			return c.UserContext().Err()
		}, a.Timeout, context.DeadlineExceeded)
	case conformance.Authenticate:
		return func(c *fiber.Ctx) error {
			if c.Get("Authorization") == "" {
				return fiber.ErrUnauthorized
			}
			return c.SendString(r.Body)
		}
	}
	return nil
}

// stream returns the handler of a behaviour that writes a stream, takes over the
// connection or proxies, or nil.
func (a *fiberApp) stream(r Route) fiber.Handler {
	switch r.Behaviour {
	case Chunks:
		return func(c *fiber.Ctx) error {
			c.Context().SetBodyStreamWriter(writeChunks)
			return nil
		}
	case conformance.Events:
		return func(c *fiber.Ctx) error {
			c.Set("Content-Type", "text/event-stream")
			c.Context().SetBodyStreamWriter(writeEvents(a.Probe, string(c.Request().URI().QueryString())))
			return nil
		}
	case conformance.Upgrade:
		return func(c *fiber.Ctx) error {
			c.Set("Upgrade", "websocket")
			c.Set("Connection", "Upgrade")
			c.Set("Sec-WebSocket-Accept", conformance.WebSocketAccept(c.Get("Sec-WebSocket-Key")))
			c.Status(fiber.StatusSwitchingProtocols)
			c.Context().Hijack(echoLine)
			return nil
		}
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

func fiberEcho(c *fiber.Ctx) error {
	echoed := conformance.Echoed{
		Method: c.Method(), Target: string(c.Request().RequestURI()), Host: string(c.Request().Host()), Body: string(c.Body()),
	}
	// In order: the map of GetReqHeaders loses the order between names that differ
	// only in case.
	for name, v := range c.Request().Header.All() {
		echoed.Header = append(echoed.Header, browsermodel.Field{Name: string(name), Value: string(v)})
	}
	c.Set("Content-Type", "application/json")
	return c.Send(echoed.JSON())
}
