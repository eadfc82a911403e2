package matrix

import (
	"bufio"
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/basicauth"
	"github.com/gofiber/fiber/v2/middleware/compress"
	"github.com/gofiber/fiber/v2/middleware/helmet"
	"github.com/gofiber/fiber/v2/middleware/keyauth"
	"github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/gofiber/fiber/v2/middleware/timeout"

	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/conformance"
)

func serveFiberSite(t testing.TB, s site) string {
	cors := corsfiber.Middleware(s.engine)
	config := fiber.Config{DisableStartupMessage: true, BodyLimit: bodyLimit, StrictRouting: s.strict, CaseSensitive: s.cases}
	if s.custom {
		config.ErrorHandler = func(c *fiber.Ctx, err error) error {
			status := fiber.StatusInternalServerError
			var e *fiber.Error
			if errors.As(err, &e) {
				status = e.Code
			}
			return c.Status(status).JSON(fiber.Map{"error": "custom"})
		}
	}
	config.ErrorHandler = corsfiber.ErrorHandler(s.engine, config.ErrorHandler)
	app := fiber.New(config)
	basics := []fiber.Handler{recover.New(), helmet.New(), compress.New(compress.Config{Next: func(c *fiber.Ctx) bool {
		return c.Path() == prefix+"/upgrade"
	}})}
	if s.outside {
		for _, h := range basics {
			app.Use(h)
		}
	}
	auth := basicauth.New(basicauth.Config{Users: map[string]string{"user": "password"}})
	if s.token {
		auth = keyauth.New(keyauth.Config{Validator: func(_ *fiber.Ctx, key string) (bool, error) {
			if key != token {
				return false, fiber.ErrUnauthorized
			}
			return true, nil
		}})
	}
	if s.guarded {
		app.Use(auth)
	}
	if s.position == onApp {
		app.Use(cors)
	}
	api := app.Group("/api")
	if s.position == onOuter {
		api.Use(cors)
	}
	v1 := api.Group("/v1")
	if s.position == onInner {
		v1.Use(cors)
	}
	options := make(map[string]bool)
	group := v1
	// add registers handlers that are routed as the function says.
	add := func(path string, handlers []fiber.Handler, register func(...fiber.Handler)) {
		if !s.outside {
			handlers = append(basics[:len(basics):len(basics)], handlers...)
		}
		if s.position == onRoute {
			handlers = append([]fiber.Handler{cors}, handlers...)
			if !options[path] {
				options[path] = true
				group.Options(path, cors)
			}
		}
		register(handlers...)
	}
	route := func(method, path string, handlers ...fiber.Handler) {
		add(path, handlers, func(handlers ...fiber.Handler) { group.Add(method, path, handlers...) })
	}
	text := func(body string) fiber.Handler {
		return func(c *fiber.Ctx) error { return c.SendString(body) }
	}
	route("GET", "/ok", text("ok"))
	route("PUT", "/ok", text("ok"))
	route("GET", "/items/:id", text("an item"))
	route("GET", "/long", text(longBody))
	route("GET", "/returned", func(*fiber.Ctx) error { return fiber.ErrTeapot })
	route("GET", "/unknown", func(*fiber.Ctx) error { return errors.New("unknown") })
	route("GET", "/panic", func(*fiber.Ctx) error { panic("on purpose") })
	route("GET", "/late", func(c *fiber.Ctx) error {
		_ = c.SendString("late")
		return fiber.ErrTeapot
	})
	route("GET", "/late-panic", func(c *fiber.Ctx) error {
		_ = c.SendString("late")
		panic("on purpose")
	})
	route("POST", "/limited", text("never read"))
	route("GET", "/slow", timeout.NewWithContext(func(c *fiber.Ctx) error {
		<-c.UserContext().Done()
		return c.UserContext().Err()
	}, deadline, context.DeadlineExceeded))
	route("GET", "/redirect", func(c *fiber.Ctx) error { return c.Redirect("/") })
	route("GET", "/private", auth, text("secret"))
	stream := func(chunk string) fiber.Handler {
		return func(c *fiber.Ctx) error {
			c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
				for range 3 {
					_, _ = w.WriteString(chunk)
					_ = w.Flush()
				}
			})
			return nil
		}
	}
	route("GET", "/chunks", stream("chunk\n"))
	route("GET", "/events", func(c *fiber.Ctx) error {
		c.Set("Content-Type", "text/event-stream")
		return c.Next()
	}, stream("data: hello\n\n"))
	route("GET", "/upgrade", func(c *fiber.Ctx) error {
		c.Set("Upgrade", "websocket")
		c.Set("Connection", "Upgrade")
		c.Set("Sec-WebSocket-Accept", conformance.WebSocketAccept(c.Get("Sec-WebSocket-Key")))
		c.Status(fiber.StatusSwitchingProtocols)
		c.Context().Hijack(echoLine)
		return nil
	})
	add("/files/*", nil, func(handlers ...fiber.Handler) {
		for _, h := range handlers {
			v1.Use("/files", h)
		}
		v1.Static("/files", s.files, fiber.Static{ByteRange: true})
	})
	route("GET", "/download", func(c *fiber.Ctx) error { return c.SendFile(filepath.Join(s.files, "a.txt")) })
	route("GET", "/download-missing", func(c *fiber.Ctx) error { return c.SendFile(filepath.Join(s.files, "missing.txt")) })
	route("GET", "/attachment", func(c *fiber.Ctx) error { return c.Download(filepath.Join(s.files, "a.txt"), "b.txt") })
	group = v1.Group("/deep")
	route("GET", "/deeper", text("deep"))
	if s.custom {
		app.Use(func(c *fiber.Ctx) error { return c.Status(fiber.StatusNotFound).SendString("custom") })
	}
	server, err := serveFiber(app.Listener, app.ShutdownWithTimeout)
	return served(t, server, err)
}

// served registers the end of a server with the test, and returns its URL.
func served(t testing.TB, server *conformance.Server, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		done := make(chan struct{})
		go func() {
			defer close(done)
			server.Close()
		}()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Error("the server does not stop within 20 s")
		}
	})
	return server.URL
}
