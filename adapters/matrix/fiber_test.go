package matrix

import (
	"bufio"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	fiberlog "github.com/gofiber/fiber/v2/log"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/gofiber/fiber/v2/middleware/proxy"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
)

func mountFiber(s conformance.Setup) (*conformance.Server, error) {
	return mountFiberWith(s, fiber.Config{})
}

func mountFiberWith(s conformance.Setup, config fiber.Config) (*conformance.Server, error) {
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
	config.DisableStartupMessage = true
	config.ReadBufferSize = max(s.MaxHeaderBytes, 1<<16)
	config.RequestMethods = append(fiber.DefaultMethods[:len(fiber.DefaultMethods):len(fiber.DefaultMethods)], conformance.ExtensionMethods...)
	app := fiber.New(config)
	if s.RecoverOutside {
		app.Use(recover.New())
	}
	if s.OuterVary != "" {
		names := s.OuterVary
		app.Use(func(c *fiber.Ctx) error {
			c.Response().Header.Add("Vary", names)
			return c.Next()
		})
	}
	routes := fiber.Router(app)
	if s.Group == "" {
		app.Use(corsfiber.Middleware(engine))
		if s.Twice {
			app.Use(corsfiber.Middleware(engine))
		}
	} else {
		routes = app.Group(s.Group, corsfiber.Middleware(engine))
	}
	for _, e := range s.App.Endpoints {
		path, h := strings.TrimPrefix(e.Path, s.Group), fiberHandler(s.App, e)
		if e.Method != "" {
			for _, method := range methods(e.Method) {
				routes.Add(method, path, h)
			}
			continue
		}
		// fiber registers no method in lower case but with Use.
		full := e.Path
		routes.Use(path, func(c *fiber.Ctx) error {
			if c.Path() != full {
				return c.Next()
			}
			return h(c)
		})
	}
	return serveFiber(app.Listener, app.ShutdownWithTimeout)
}

// serveFiber starts a fiber application of either version.
func serveFiber(listen func(net.Listener) error, shutdown func(time.Duration) error) (*conformance.Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := listen(listener); err != nil {
			log.Print(err)
		}
	}()
	return &conformance.Server{
		URL: "http://" + listener.Addr().String(),
		Close: sync.OnceFunc(func() {
			_ = shutdown(10 * time.Second)
			_ = listener.Close()
			<-done
		}),
	}, nil
}

func init() { fiberlog.SetOutput(io.Discard) }

func fiberHandler(app conformance.App, e conformance.Endpoint) fiber.Handler {
	native := fiberBehaviour(app, e)
	if native == nil {
		return adaptor.HTTPHandler(conformance.EndpointHandler(app, e))
	}
	return func(c *fiber.Ctx) error {
		app.Probe.Ran(string(c.Request().URI().QueryString()))
		return native(c)
	}
}

// fiberBehaviour is what an endpoint does, in fiber's own way.
func fiberBehaviour(app conformance.App, e conformance.Endpoint) fiber.Handler {
	add := func(c *fiber.Ctx) {
		for _, line := range e.Header {
			c.Response().Header.Add(line.Name, line.Value)
		}
	}
	switch e.Behaviour {
	case conformance.Respond:
		return func(c *fiber.Ctx) error {
			add(c)
			return c.Status(e.Status).SendString(e.Body)
		}
	case conformance.Echo:
		return func(c *fiber.Ctx) error {
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
		return func(c *fiber.Ctx) error {
			if c.Get("If-None-Match") == e.Get("ETag") {
				c.Context().NotModified() // which resets the response
				add(c)
				return nil
			}
			add(c)
			return c.SendString(e.Body)
		}
	case conformance.RedirectTo:
		return func(c *fiber.Ctx) error { return c.Redirect(e.Get("Location"), e.Status) }
	case conformance.ReturnError:
		return func(*fiber.Ctx) error { return fiber.NewError(e.Status, "returned") }
	case conformance.PlainError:
		return func(c *fiber.Ctx) error {
			c.Context().Error(e.Body, e.Status) // which resets the response
			return nil
		}
	case conformance.Panic:
		return func(*fiber.Ctx) error { panic("conformance: this endpoint panics") }
	case conformance.Events:
		return func(c *fiber.Ctx) error {
			c.Set("Content-Type", "text/event-stream")
			query := string(c.Request().URI().QueryString())
			c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
				_, _ = w.WriteString("data: 1\n\n")
				_ = w.Flush()
				app.Probe.Pause(query)
				_, _ = w.WriteString("data: 2\n\n")
			})
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
	case conformance.SetVary, conformance.TimeoutVary:
		return func(c *fiber.Ctx) error {
			c.Set("Vary", e.Get("Vary"))
			return c.SendString(e.Body)
		}
	case conformance.MutateHeader:
		return func(c *fiber.Ctx) error {
			for _, name := range corsHeaders {
				for _, value := range c.Response().Header.PeekAll(name) {
					copy(value, "mutated")
				}
				c.Response().Header.Del(name)
			}
			return c.SendString(e.Body)
		}
	case conformance.Authenticate:
		return func(c *fiber.Ctx) error {
			if c.Get("Authorization") == "" {
				return fiber.ErrUnauthorized
			}
			return c.SendString(e.Body)
		}
	case conformance.Upstream:
		return func(c *fiber.Ctx) error {
			if err := proxy.Do(c, e.Body+c.OriginalURL()); err != nil {
				return err
			}
			return corsfiber.StripUpstream(c)
		}
	}
	return nil
}

// corsHeaders are the response headers that a middleware may have set.
var corsHeaders = []string{
	"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Access-Control-Allow-Methods",
	"Access-Control-Allow-Headers", "Access-Control-Max-Age", "Access-Control-Allow-Private-Network", "Vary",
}

// echoLine answers a line with itself.
func echoLine(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if line, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
		_, _ = io.WriteString(conn, line)
	}
}
