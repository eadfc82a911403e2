// Command fiberv3 is a small fiber v3 API with two groups: /api, for one application and behind
// authentication, and /public, for every page.
//
//	go run ./examples/fiberv3
//
// It prints curl commands that show what the server tells a browser.
package main

import (
	"context"
	"crypto/subtle"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/keyauth"
	"github.com/gofiber/fiber/v3/middleware/recover"

	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/examples/notes"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "`address` to listen on")
	page := flag.String("app", "https://app.example.com", "`origin` of the application that uses /api")
	token := flag.String("token", "secret", "the bearer `token` for /api")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *listen, *page, *token); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, out io.Writer, listen, page, token string) error {
	app, err := newAPI(page, token)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("%w (choose another address with -listen)", err)
	}
	fmt.Fprintf(out, `serving on http://%[1]v; Ctrl-C stops it

A preflight, without the token, asks whether the application may send a token, which is allowed:
  curl -i -X OPTIONS http://%[1]v/api/notes -H 'Origin: %[2]s'%[4]s

The application sends the token:
  curl -i http://%[1]v/api/notes -H 'Origin: %[2]s' -H 'Authorization: Bearer %[3]s'

Without the token, the application can read the 401:
  curl -i http://%[1]v/api/notes -H 'Origin: %[2]s'

Every page may use the public part:
  curl -i http://%[1]v/public/about -H 'Origin: https://other.example'
`, listener.Addr(), page, token, " -H 'Access-Control-Request-Method: GET' -H 'Access-Control-Request-Headers: authorization'")
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stopped <- app.ShutdownWithTimeout(5 * time.Second)
	}()
	if err := app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}); err != nil {
		return err
	}
	return <-stopped
}

// newAPI returns the application. Each group has its own engine, because the groups do not
// overlap.
func newAPI(page, token string) (*fiber.App, error) {
	private, err := core.New(core.Policy{
		AllowOrigins:  []string{page},
		AllowMethods:  []string{"PUT", "DELETE"},
		AllowHeaders:  []string{"authorization", "content-type"},
		ExposeHeaders: []string{"www-authenticate"}, // of the 401
		MaxAge:        10 * time.Minute,
	})
	if err != nil {
		return nil, err
	}
	public, err := core.New(core.Policy{
		AllowOrigins: []string{"*"},
		AllowHeaders: []string{"content-type"}, // for JSON
	})
	if err != nil {
		return nil, err
	}
	app := fiber.New(fiber.Config{BodyLimit: 1 << 16, ReadTimeout: 10 * time.Second})
	app.Use(recover.New())

	// CORS comes before authentication: preflights have no token.
	api := app.Group("/api", corsfiberv3.Middleware(private), authenticate(token))
	store := new(notes.Store)
	_, _ = store.Create("read the README")
	api.Get("/notes", func(c fiber.Ctx) error { return c.JSON(store.List()) })
	api.Put("/notes/:id", func(c fiber.Ctx) error {
		var n notes.Note
		if err := c.Bind().JSON(&n); err != nil {
			return fiber.NewError(fiber.StatusBadRequest, err.Error())
		}
		n, err := store.Replace(fiber.Params(c, "id", -1), n.Text)
		if err != nil {
			return fiber.NewError(fiber.StatusNotFound, err.Error())
		}
		return c.JSON(n)
	})

	open := app.Group("/public", corsfiberv3.Middleware(public))
	open.Get("/about", func(c fiber.Ctx) error { return c.JSON(fiber.Map{"name": "notes", "cors": "corskit"}) })
	open.Post("/echo", func(c fiber.Ctx) error {
		c.Type("json")
		return c.Send(c.Body())
	})
	return app, nil
}

// authenticate returns a middleware that checks a token. A real program would use one such as
// gofiber/contrib's jwt. Without the right token, the middleware answers with 401 and
// WWW-Authenticate.
func authenticate(token string) fiber.Handler {
	return keyauth.New(keyauth.Config{Validator: func(_ fiber.Ctx, sent string) (bool, error) {
		if subtle.ConstantTimeCompare([]byte(sent), []byte(token)) != 1 {
			return false, keyauth.ErrMissingOrMalformedAPIKey
		}
		return true, nil
	}})
}
