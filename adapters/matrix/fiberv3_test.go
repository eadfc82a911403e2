package matrix

import (
	"bufio"
	"io"
	"net"
	"strings"

	"github.com/gofiber/fiber/v3"
	fiberv3log "github.com/gofiber/fiber/v3/log"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
	"github.com/gofiber/fiber/v3/middleware/proxy"
	"github.com/gofiber/fiber/v3/middleware/recover"

	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
)

func mountFiberV3(s conformance.Setup) (*conformance.Server, error) {
	return mountFiberV3With(s, fiber.Config{})
}

func mountFiberV3With(s conformance.Setup, config fiber.Config) (*conformance.Server, error) {
	engine, err := s.Engine()
	if err != nil {
		return nil, err
	}
	switch {
	case s.Protocol != conformance.HTTP1:
		return nil, unsupported("fasthttp speaks HTTP/1.1 alone")
	case s.AsteriskTarget:
		return nil, unsupported("fasthttp has no answer of its own to OPTIONS *")
	}
	config.ReadBufferSize = max(s.MaxHeaderBytes, 1<<16)
	config.RequestMethods = append(fiber.DefaultMethods[:len(fiber.DefaultMethods):len(fiber.DefaultMethods)], conformance.ExtensionMethods...)
	app := fiber.New(config)
	if s.RecoverOutside {
		app.Use(recover.New())
	}
	if s.OuterVary != "" {
		names := s.OuterVary
		app.Use(func(c fiber.Ctx) error {
			c.Response().Header.Add("Vary", names)
			return c.Next()
		})
	}
	routes := fiber.Router(app)
	if s.Group == "" {
		app.Use(corsfiberv3.Middleware(engine))
		if s.Twice {
			app.Use(corsfiberv3.Middleware(engine))
		}
	} else {
		routes = app.Group(s.Group, corsfiberv3.Middleware(engine))
	}
	for _, e := range s.App.Endpoints {
		path, h := strings.TrimPrefix(e.Path, s.Group), fiberV3Handler(s.App, e)
		if e.Method != "" {
			routes.Add(methods(e.Method), path, h)
			continue
		}
		// fiber registers no method in lower case but with Use.
		full := e.Path
		routes.Use(path, func(c fiber.Ctx) error {
			if c.Path() != full {
				return c.Next()
			}
			return h(c)
		})
	}
	listen := func(l net.Listener) error {
		return app.Listener(l, fiber.ListenConfig{DisableStartupMessage: true})
	}
	return serveFiber(listen, app.ShutdownWithTimeout)
}

func init() { fiberv3log.SetOutput(io.Discard) }

func fiberV3Handler(app conformance.App, e conformance.Endpoint) fiber.Handler {
	native := fiberV3Behaviour(app, e)
	if native == nil {
		return adaptor.HTTPHandler(conformance.EndpointHandler(app, e))
	}
	return func(c fiber.Ctx) error {
		app.Probe.Ran(string(c.Request().URI().QueryString()))
		return native(c)
	}
}

// fiberV3Behaviour is what an endpoint does, in fiber's own way.
func fiberV3Behaviour(app conformance.App, e conformance.Endpoint) fiber.Handler {
	add := func(c fiber.Ctx) {
		for _, line := range e.Header {
			c.Response().Header.Add(line.Name, line.Value)
		}
	}
	switch e.Behaviour {
	case conformance.Respond:
		return func(c fiber.Ctx) error {
			add(c)
			return c.Status(e.Status).SendString(e.Body)
		}
	case conformance.Echo:
		return func(c fiber.Ctx) error {
			echoed := conformance.Echoed{
				Method: c.Method(), Target: string(c.Request().RequestURI()), Host: string(c.Request().Host()), Body: string(c.Body()),
			}
			// In order, which the map of GetReqHeaders loses between names told
			// apart by case.
			for name, v := range c.Request().Header.All() {
				echoed.Header = append(echoed.Header, browsermodel.Field{Name: string(name), Value: string(v)})
			}
			c.Set("Content-Type", "application/json")
			return c.Send(echoed.JSON())
		}
	case conformance.NotModified:
		return func(c fiber.Ctx) error {
			if c.Get("If-None-Match") == e.Get("ETag") {
				c.RequestCtx().NotModified() // which resets the response
				add(c)
				return nil
			}
			add(c)
			return c.SendString(e.Body)
		}
	case conformance.RedirectTo:
		return func(c fiber.Ctx) error { return c.Redirect().Status(e.Status).To(e.Get("Location")) }
	case conformance.ReturnError:
		return func(fiber.Ctx) error { return fiber.NewError(e.Status, "returned") }
	case conformance.PlainError:
		return func(c fiber.Ctx) error {
			c.RequestCtx().Error(e.Body, e.Status) // which resets the response
			return nil
		}
	case conformance.Panic:
		return func(fiber.Ctx) error { panic("conformance: this endpoint panics") }
	case conformance.Events:
		return func(c fiber.Ctx) error {
			c.Set("Content-Type", "text/event-stream")
			query := string(c.Request().URI().QueryString())
			c.RequestCtx().SetBodyStreamWriter(func(w *bufio.Writer) {
				_, _ = w.WriteString("data: 1\n\n")
				_ = w.Flush()
				app.Probe.Pause(query)
				_, _ = w.WriteString("data: 2\n\n")
			})
			return nil
		}
	case conformance.Upgrade:
		return func(c fiber.Ctx) error {
			c.Set("Upgrade", "websocket")
			c.Set("Connection", "Upgrade")
			c.Set("Sec-WebSocket-Accept", conformance.WebSocketAccept(c.Get("Sec-WebSocket-Key")))
			c.Status(fiber.StatusSwitchingProtocols)
			c.RequestCtx().Hijack(echoLine)
			return nil
		}
	case conformance.SetVary, conformance.TimeoutVary:
		return func(c fiber.Ctx) error {
			c.Set("Vary", e.Get("Vary"))
			return c.SendString(e.Body)
		}
	case conformance.MutateHeader:
		return func(c fiber.Ctx) error {
			for _, name := range corsHeaders {
				for _, value := range c.Response().Header.PeekAll(name) {
					copy(value, "mutated")
				}
				c.Response().Header.Del(name)
			}
			return c.SendString(e.Body)
		}
	case conformance.Authenticate:
		return func(c fiber.Ctx) error {
			if c.Get("Authorization") == "" {
				return fiber.ErrUnauthorized
			}
			return c.SendString(e.Body)
		}
	case conformance.Upstream:
		return func(c fiber.Ctx) error {
			if err := proxy.Do(c, e.Body+c.OriginalURL()); err != nil {
				return err
			}
			return corsfiberv3.StripUpstream(c)
		}
	}
	return nil
}
