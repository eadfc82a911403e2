package main

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	fiber "github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	fiberv3 "github.com/gofiber/fiber/v3"
	adaptorv3 "github.com/gofiber/fiber/v3/middleware/adaptor"
	echo "github.com/labstack/echo/v4"
	echov5 "github.com/labstack/echo/v5"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/adapters/corsechov5"
	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/adapters/corshttp"
)

// server serves and shuts down one framework's application.
type server struct {
	serve    func(net.Listener) error
	shutdown func(context.Context) error
}

// frameworks maps names to constructors. Each builds the framework's own
// application with the adapter's middleware, and one handler for every request. The
// settings of the router are the defaults.
var frameworks = map[string]func(*tryout) server{
	"nethttp": netHTTPServer,
	"gin":     ginServer,
	"echo":    echoServer,
	"echov5":  echoV5Server,
	"fiber":   fiberServer,
	"fiberv3": fiberV3Server,
}

func frameworkNames() []string { return slices.Sorted(maps.Keys(frameworks)) }

func netHTTPServer(t *tryout) server {
	return t.http(corshttp.Middleware(t.engine)(http.HandlerFunc(t.handle)))
}

func ginServer(t *tryout) server {
	gin.SetMode(gin.ReleaseMode)
	app := gin.New()
	app.Use(corsgin.Middleware(t.engine))
	app.NoRoute(func(c *gin.Context) { t.handle(c.Writer, c.Request) })
	return t.http(app)
}

func echoServer(t *tryout) server {
	app := echo.New()
	app.Logger.SetOutput(io.Discard)
	app.Use(corsecho.Middleware(t.engine), func(echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			t.handle(c.Response(), c.Request())
			return nil
		}
	})
	return t.http(app)
}

func echoV5Server(t *tryout) server {
	app := echov5.NewWithConfig(echov5.Config{Logger: slog.New(slog.DiscardHandler)})
	app.Use(corsechov5.Middleware(t.engine), func(echov5.HandlerFunc) echov5.HandlerFunc {
		return func(c *echov5.Context) error {
			t.handle(c.Response(), c.Request())
			return nil
		}
	})
	return t.http(app)
}

func fiberServer(t *tryout) server {
	app := fiber.New(fiber.Config{
		DisableStartupMessage: true, ReadTimeout: readLimit, IdleTimeout: idleLimit,
		ReadBufferSize: maxHead, BodyLimit: maxBody, RequestMethods: extended(fiber.DefaultMethods),
	})
	app.Use(func(c *fiber.Ctx) error {
		err := c.Next()
		t.decision(c.UserContext(), corsfiber.Request(c), c.Response().StatusCode())
		return err
	}, corsfiber.Middleware(t.engine), func(c *fiber.Ctx) error {
		if t.app != nil {
			return adaptor.HTTPHandler(t.app)(c)
		}
		r := received{Method: c.Method(), Target: c.OriginalURL(), Host: string(c.Request().Host())}
		r.Header = copied(c.Request().Header.All())
		return c.JSON(t.answer(r, c.Request().Body()))
	})
	return server{app.Listener, app.ShutdownWithContext}
}

func fiberV3Server(t *tryout) server {
	app := fiberv3.New(fiberv3.Config{
		ReadTimeout: readLimit, IdleTimeout: idleLimit,
		ReadBufferSize: maxHead, BodyLimit: maxBody, RequestMethods: extended(fiberv3.DefaultMethods),
	})
	app.Use(func(c fiberv3.Ctx) error {
		err := c.Next()
		t.decision(c.Context(), corsfiberv3.Request(c), c.Response().StatusCode())
		return err
	}, corsfiberv3.Middleware(t.engine), func(c fiberv3.Ctx) error {
		if t.app != nil {
			return adaptorv3.HTTPHandler(t.app)(c)
		}
		r := received{Method: c.Method(), Target: c.OriginalURL(), Host: string(c.Request().Host())}
		r.Header = copied(c.Request().Header.All())
		return c.JSON(t.answer(r, c.Request().Body()))
	})
	serve := func(l net.Listener) error {
		return app.Listener(l, fiberv3.ListenConfig{DisableStartupMessage: true})
	}
	return server{serve, app.ShutdownWithContext}
}

// extended adds methods that fiber must know: it refuses others before any
// handler runs.
func extended(methods []string) []string {
	methods = slices.Clone(methods)
	for _, m := range []string{"QUERY", "PROPFIND", "PROPPATCH", "REPORT", "SEARCH", "PURGE", "LINK", "UNLINK"} {
		if !slices.Contains(methods, m) {
			methods = append(methods, m)
		}
	}
	return methods
}

// copied returns copies of the header lines of a request to fiber.
func copied(lines iter.Seq2[[]byte, []byte]) (list []header) {
	for name, value := range lines {
		list = append(list, header{string(name), string(value)})
	}
	return list
}
