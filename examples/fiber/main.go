// Command fiber is a small fiber v2 API that uses corskit for CORS.
//
//	go run ./examples/fiber
//
// It prints curl commands that show what the server tells a browser. For fiber v3, see
// examples/fiberv3.
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
	"github.com/corskit/corskit/examples/page"
)

func main() { demo.Main(serve) }

func serve(ctx context.Context, listener net.Listener, engine *core.Engine) error {
	app := newAPI(engine)
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stopped <- app.ShutdownWithTimeout(page.Grace)
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
		// Some errors occur before any handler runs, such as a body over the
		// limit. The error handler adds the CORS headers to their responses.
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

// id returns the ID in the path, or -1, which no note has.
func id(c *fiber.Ctx) int {
	n, err := c.ParamsInt("id")
	if err != nil {
		return -1
	}
	return n
}

// text returns the text in the body, or "" if there is none. Decoding copies the
// text, which is necessary because fiber reuses the memory of the body.
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
