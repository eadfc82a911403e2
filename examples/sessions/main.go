// Command sessions is a fiber API with sessions in cookies, and a page that logs in.
//
//	go run ./examples/sessions
//
// The policy allows credentials, so it lists the origin of the page. The page and the API are on
// one site, so a cookie with SameSite=Lax is enough. For a page on another site, the cookie must
// have SameSite=None and Secure, and browsers that block third-party cookies still do not send it.
package main

import (
	"context"
	_ "embed" // page.js
	"net"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/recover"
	"github.com/gofiber/fiber/v3/middleware/session"

	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/examples/page"
)

//go:embed page.js
var script string

func main() {
	page.Main(page.Example{
		Title: "fiber with sessions", Script: script, API: newAPI,
		Intro: "A script on this page logs in. The browser keeps the cookie and sends it along.",
	})
}

func newAPI(origin string) (page.Server, error) {
	engine, err := core.New(core.Policy{
		AllowOrigins:     []string{origin},
		AllowMethods:     []string{"DELETE"},
		AllowHeaders:     []string{"content-type"},
		AllowCredentials: true,
		// A plain form of another site needs no preflight. This setting refuses its
		// requests.
		RejectDisallowed: true,
		MaxAge:           10 * time.Minute,
	})
	if err != nil {
		return nil, err
	}
	app := fiber.New(fiber.Config{BodyLimit: 1 << 16, ReadTimeout: 10 * time.Second})
	app.Use(recover.New(), corsfiberv3.Middleware(engine), session.New(session.Config{
		CookieHTTPOnly: true, CookieSameSite: "Lax",
	}))
	app.Post("/session", func(c fiber.Ctx) error {
		var user struct {
			Name string `json:"name"`
		}
		if err := c.Bind().JSON(&user); err != nil || user.Name == "" {
			return fiber.NewError(fiber.StatusBadRequest, `send JSON such as {"name": "..."}`)
		}
		s := session.FromContext(c)
		if err := s.Regenerate(); err != nil { // a new ID for a new user
			return err
		}
		s.Set("name", user.Name)
		return c.SendString("hello " + user.Name)
	})
	app.Get("/session", func(c fiber.Ctx) error {
		name, ok := session.FromContext(c).Get("name").(string)
		if !ok {
			return fiber.NewError(fiber.StatusUnauthorized, "log in first")
		}
		return c.SendString("you are " + name)
	})
	app.Delete("/session", func(c fiber.Ctx) error {
		if err := session.FromContext(c).Destroy(); err != nil {
			return err
		}
		return c.SendString("goodbye")
	})
	return server{app}, nil
}

// server is a fiber application as a [page.Server].
type server struct{ app *fiber.App }

func (s server) Serve(l net.Listener) error {
	return s.app.Listener(l, fiber.ListenConfig{DisableStartupMessage: true})
}

func (s server) Shutdown(ctx context.Context) error { return s.app.ShutdownWithContext(ctx) }
