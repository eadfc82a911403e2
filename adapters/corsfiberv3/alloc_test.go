//go:build !race

// Under the race detector, sync.Pool, which the framework and the adapter use, drops
// items at random.

package corsfiberv3_test

import (
	"strings"
	"testing"

	"github.com/gofiber/fiber/v3"
	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/core"
)

// TestAllocations: the middleware allocates nothing.
func TestAllocations(t *testing.T) {
	policy := core.Policy{
		AllowOrigins: []string{allowed, "https://*.sub.example"}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"x-a"},
		AllowCredentials: true, ExposeHeaders: []string{"x-e"}, AllowPrivateNetwork: true, RejectDisallowed: true,
	}
	echoing := policy
	echoing.AllowHeaders, echoing.AllowMethods = []string{"*"}, []string{"*"}
	routed, err := core.NewRouted(core.Route{Path: "/Other/", Policies: []core.Policy{policy}},
		core.Route{Policies: []core.Policy{echoing}})
	if err != nil {
		t.Fatal(err)
	}
	engines := map[string]*core.Engine{
		"listed": core.MustNew(policy), "echoing": core.MustNew(echoing), "routed": routed,
		"any": core.MustNew(core.Policy{AllowOrigins: []string{"*"}}), "nil": nil,
	}
	const lead = "HTTP/1.1\r\nHost: api.example\r\nAccept: */*\r\nSec-Fetch-Site: cross-site\r\n"
	const ask = "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-a\r\nAccess-Control-Request-Private-Network: " +
		"true\r\n"
	requests := map[string]string{
		"no origin":         "GET /Some/path " + lead + "\r\n",
		"actual":            "GET /Some/path " + lead + "Origin: " + allowed + "\r\n\r\n",
		"refused":           "GET /Some/path " + lead + "Origin: " + stranger + "\r\n\r\n",
		"preflight":         "OPTIONS /Some/p%61th " + lead + "Origin: https://x.sub.example\r\n" + ask + "\r\n",
		"refused preflight": "OPTIONS /Some/path " + lead + "Origin: " + stranger + "\r\n" + ask + "\r\n",
		"two origins":       "GET /Some/path " + lead + "Origin: " + allowed + "\r\nOrigin: " + allowed + "\r\n\r\n",
		"many lines": "OPTIONS /Some/path " + lead + "Origin: " + allowed + "\r\n" + ask +
			strings.Repeat("Access-Control-Request-Headers: x-b\r\n", 500) + "\r\n",
		"many origins": "GET /Some/path " + lead + strings.Repeat("Origin: "+allowed+"\r\n", 500) + "\r\n",
	}
	for _, config := range []fiber.Config{{}, {Immutable: true}, {DisableHeaderNormalizing: true}} {
		for name, e := range engines {
			bare, with := fiber.New(config), fiber.New(config)
			bare.Use(func(c fiber.Ctx) error { return c.Next() })
			with.Use(corsfiberv3.Middleware(e))
			for _, app := range []*fiber.App{bare, with} {
				app.All("/*", func(c fiber.Ctx) error {
					c.Status(204)
					return nil
				})
			}
			for what, request := range requests {
				if n := allocations(t, with, request) - allocations(t, bare, request); n > 0 {
					t.Errorf("Immutable %v, DisableHeaderNormalizing %v, %s, %s: %v allocations more than without the middleware, want 0",
						config.Immutable, config.DisableHeaderNormalizing, name, what, n)
				}
			}
		}
	}
}

func allocations(t *testing.T, app *fiber.App, request string) float64 {
	t.Helper()
	handler := app.Handler()
	var ctx fasthttp.RequestCtx
	if app.Config().DisableHeaderNormalizing {
		ctx.Request.Header.DisableNormalizing()
	}
	read(t, &ctx.Request, request)
	return testing.AllocsPerRun(300, func() {
		ctx.Response.Reset()
		handler(&ctx)
	})
}
