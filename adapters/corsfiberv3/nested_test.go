package corsfiberv3_test

import (
	"net/http"
	"testing"

	"github.com/gofiber/fiber/v3"

	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/core"
)

// TestNestedEngines: the innermost engine decides, even if the response loses its
// headers.
func TestNestedEngines(t *testing.T) {
	const other = "https://b.example"
	handlers := map[string]fiber.Handler{
		"/x":            ok,
		"/not-modified": func(c fiber.Ctx) error { c.RequestCtx().NotModified(); return nil }, // resets the response
		"/reset":        func(c fiber.Ctx) error { c.Response().Reset(); return nil },
		"/replaced":     func(c fiber.Ctx) error { c.Response().Reset(); c.Set("Vary", "Origin"); return nil },
		"/overwritten":  func(c fiber.Ctx) error { c.Set("Vary", "Accept"); return nil },
		"/deleted":      func(c fiber.Ctx) error { c.Response().Header.Del("Access-Control-Allow-Origin"); return nil },
		"/error":        func(fiber.Ctx) error { return fiber.ErrTeapot },
	}
	between := map[string]fiber.Handler{
		"nothing":        func(c fiber.Ctx) error { return c.Next() },
		"a reset before": func(c fiber.Ctx) error { c.Response().Reset(); return c.Next() },
		"a reset after":  func(c fiber.Ctx) error { err := c.Next(); c.Response().Reset(); return err },
	}
	for _, outer := range [][]string{{allowed, other}, {"*"}} {
		for what, middle := range between {
			t.Run(outer[0]+", "+what, func(t *testing.T) {
				app := fiber.New(fiber.Config{})
				app.Use(corsfiberv3.Middleware(engine(t, outer...)), middle)
				inner := app.Group("/inner", corsfiberv3.Middleware(engine(t, stranger)), corsfiberv3.Middleware(engine(t, other)))
				for path, h := range handlers {
					inner.Get(path, h)
				}
				url := start(t, app)
				for path := range handlers {
					wantOrigin(t, send(t, "GET", url+"/inner"+path, other), other)
					wantOrigin(t, send(t, "GET", url+"/inner"+path, allowed), "") // the outer engine's headers are removed
				}
			})
		}
	}
}

// TestNestedEnginesThatPass: an inner engine rejects without the outer engine's
// headers. An inner engine that has no route for the path decides nothing.
func TestNestedEnginesThatPass(t *testing.T) {
	none, err := core.NewRouted(core.Route{Path: "/other/", Policies: []core.Policy{{AllowOrigins: []string{"*"}}}})
	if err != nil {
		t.Fatal(err)
	}
	app := fiber.New(fiber.Config{})
	app.Use(corsfiberv3.Middleware(engine(t, allowed, stranger)))
	app.Group("/rejecting", corsfiberv3.Middleware(rejecting())).Get("/x", ok)
	app.Group("/none", corsfiberv3.Middleware(none)).Get("/x", func(c fiber.Ctx) error { c.Response().Reset(); return nil })
	url := start(t, app)
	res := send(t, "GET", url+"/rejecting/x", stranger)
	wantOrigin(t, res, "")
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("status %d, want 403", res.StatusCode)
	}
	wantOrigin(t, send(t, "GET", url+"/none/x", stranger), stranger)
}
