// Package services has the same small API in gin, echo and fiber, with the policy of a fleet.
package services

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v2"
	"github.com/labstack/echo/v4"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/examples/page"
	"github.com/corskit/corskit/fleet"
)

// Frameworks are the names that [Serve] takes.
var Frameworks = []string{"gin", "echo", "fiber"}

// Serve serves the API until ctx is done.
func Serve(ctx context.Context, l net.Listener, framework string, replica *fleet.Replica) error {
	switch framework {
	case "gin":
		return page.Serve(ctx, page.NewServer(newGin(replica)), l)
	case "echo":
		return page.Serve(ctx, page.NewServer(newEcho(replica)), l)
	case "fiber":
		return serveFiber(ctx, l, newFiber(replica))
	}
	return fmt.Errorf("the framework is %q; it must be gin, echo or fiber", framework)
}

var items = []string{"one", "two"}

func newGin(replica *fleet.Replica) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Recovery(), corsgin.Middleware(replica.Engine()))
	r.GET("/items", func(c *gin.Context) { c.JSON(http.StatusOK, items) })
	r.GET("/healthz", func(c *gin.Context) { c.JSON(health(replica)) })
	return r
}

func newEcho(replica *fleet.Replica) http.Handler {
	e := echo.New()
	e.Use(corsecho.Middleware(replica.Engine()))
	e.GET("/items", func(c echo.Context) error { return c.JSON(http.StatusOK, items) })
	e.GET("/healthz", func(c echo.Context) error { return c.JSON(health(replica)) })
	return e
}

func newFiber(replica *fleet.Replica) *fiber.App {
	app := fiber.New(fiber.Config{DisableStartupMessage: true, ReadTimeout: 10 * time.Second})
	app.Use(corsfiber.Middleware(replica.Engine()))
	app.Get("/items", func(c *fiber.Ctx) error { return c.JSON(items) })
	app.Get("/healthz", func(c *fiber.Ctx) error {
		status, body := health(replica)
		return c.Status(status).JSON(body)
	})
	return app
}

// Health is the answer of /healthz.
type Health struct {
	Revision uint64 `json:"revision"`
	Source   string `json:"source"`
	Fault    string `json:"fault,omitempty"`
}

// health answers a readiness probe. A replica that has lost etcd stays ready, because it keeps the
// last good policy. A replica without any policy allows no origin, so the service is not ready.
func health(replica *fleet.Replica) (status int, body Health) {
	active := replica.Status().Active
	body = Health{Revision: active.Revision, Source: string(active.Source)}
	if err := replica.Err(); err != nil {
		body.Fault = err.Error()
	}
	if !replica.Ready() {
		return http.StatusServiceUnavailable, body
	}
	return http.StatusOK, body
}

func serveFiber(ctx context.Context, l net.Listener, app *fiber.App) error {
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stopped <- app.ShutdownWithTimeout(page.Grace)
	}()
	if err := app.Listener(l); err != nil {
		return err
	}
	return <-stopped
}
