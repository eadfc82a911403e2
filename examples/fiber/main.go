// Command fiber is a small API on fiber, version 2, with CORS by corskit.
//
//	go run ./examples/fiber
//
// It prints curl lines that show what a browser is told. For version 3 of fiber,
// use corsfiberv3 in the place of corsfiber.
package main

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/examples/demo"
	"github.com/corskit/corskit/examples/notes"
)

func main() { demo.Main(serve) }

func serve(ctx context.Context, listener net.Listener, engine *core.Engine) error {
	app := newAPI(engine)
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stopped <- app.ShutdownWithTimeout(demo.Grace)
	}()
	if err := app.Listener(listener); err != nil {
		return err
	}
	return <-stopped
}

func newAPI(engine *core.Engine) *fiber.App {
	app := fiber.New(fiber.Config{
		DisableStartupMessage: true,
		BodyLimit:             1 << 16,
		ReadTimeout:           10 * time.Second,
		// Errors that come before any handler, such as a body over the limit,
		// get their CORS headers here.
		ErrorHandler: corsfiber.ErrorHandler(engine, nil),
	})
	app.Use(recover.New(), corsfiber.Middleware(engine))

	store := new(notes.Store)
	_, _ = store.Create("read the README")
	app.Get("/notes", func(c *fiber.Ctx) error { return c.JSON(store.List()) })
	app.Post("/notes", func(c *fiber.Ctx) error {
		n, err := store.Create(text(c))
		if err != nil {
			return failure(err)
		}
		c.Location("/notes/" + strconv.Itoa(n.ID))
		return c.Status(fiber.StatusCreated).JSON(n)
	})
	app.Put("/notes/:id", func(c *fiber.Ctx) error {
		n, err := store.Replace(id(c), text(c))
		if err != nil {
			return failure(err)
		}
		return c.JSON(n)
	})
	app.Delete("/notes/:id", func(c *fiber.Ctx) error {
		if err := store.Remove(id(c)); err != nil {
			return failure(err)
		}
		return c.SendStatus(fiber.StatusNoContent)
	})
	app.Get("/public/about", func(c *fiber.Ctx) error {
		return c.JSON(fiber.Map{"name": "notes", "cors": "corskit"})
	})
	return app
}

// id returns the id in the path, or one that no note has.
func id(c *fiber.Ctx) int {
	n, err := c.ParamsInt("id")
	if err != nil {
		return -1
	}
	return n
}

// text returns the text in the body, or "" if there is none. The body is
// decoded, and so copied: fiber uses its memory again for the next request.
func text(c *fiber.Ctx) string {
	var n notes.Note
	if err := c.BodyParser(&n); err != nil {
		return ""
	}
	return n.Text
}

func failure(err error) error {
	status := fiber.StatusBadRequest
	if errors.Is(err, notes.ErrNotFound) {
		status = fiber.StatusNotFound
	}
	return fiber.NewError(status, err.Error())
}
