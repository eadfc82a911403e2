package matrix

import (
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/proxy"
	fiberv3 "github.com/gofiber/fiber/v3"
	proxyv3 "github.com/gofiber/fiber/v3/middleware/proxy"

	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// nesting is what an application has in it besides the middleware: /upstream is
// proxied, and an application that answers GET /x is mounted on /plain and on
// /t/:tenant. The middleware is on the application.
var nesting = []struct {
	adapter string
	serve   func(t testing.TB, e *core.Engine, upstream string) (url string)
}{
	{"corsfiber", func(t testing.TB, e *core.Engine, upstream string) string {
		app := fiber.New(fiber.Config{DisableStartupMessage: true})
		app.Use(corsfiber.Middleware(e))
		app.Get("/upstream", func(c *fiber.Ctx) error { return proxy.Do(c, upstream) })
		for _, prefix := range []string{"/plain", "/t/:tenant"} {
			sub := fiber.New()
			sub.Get("/x", func(c *fiber.Ctx) error { return c.SendString("ok") })
			app.Mount(prefix, sub)
		}
		server, err := serveFiber(app.Listener, app.ShutdownWithTimeout)
		return served(t, server, err)
	}},
	{"corsfiberv3", func(t testing.TB, e *core.Engine, upstream string) string {
		app := fiberv3.New()
		app.Use(corsfiberv3.Middleware(e))
		app.Get("/upstream", func(c fiberv3.Ctx) error { return proxyv3.Do(c, upstream) })
		for _, prefix := range []string{"/plain", "/t/:tenant"} {
			sub := fiberv3.New()
			sub.Get("/x", func(c fiberv3.Ctx) error { return c.SendString("ok") })
			app.Use(prefix, sub)
		}
		listen := func(l net.Listener) error {
			return app.Listener(l, fiberv3.ListenConfig{DisableStartupMessage: true})
		}
		server, err := serveFiber(listen, app.ShutdownWithTimeout)
		return served(t, server, err)
	}},
}

// An upstream that has a middleware of its own and does not know the origin does
// not take the origin from the answer of an application that does.
func TestFiberUpstreamThatDenies(t *testing.T) {
	theirs := core.MustNew(core.Policy{AllowOrigins: []string{"https://theirs.example"}})
	upstream := serveSite(t, corshttp.Middleware(theirs)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "upstream")
	})))
	for _, n := range nesting {
		for _, origin := range []string{allowed, "*"} {
			t.Run(n.adapter+"/"+origin, func(t *testing.T) {
				url := n.serve(t, core.MustNew(core.Policy{AllowOrigins: []string{origin}}), upstream)
				res := exchange(t, "GET", url+"/upstream", allowed, http.Header{}, "")
				if got, vary := res.Header.Values("Access-Control-Allow-Origin"), res.Header.Values("Vary"); len(got) != 1 || got[0] != origin || len(vary) != 1 || vary[0] != "Origin" {
					t.Errorf("Access-Control-Allow-Origin %q, Vary %q, want %q and Origin", got, vary, origin)
				}
			})
		}
	}
}

// docs/frameworks.md says that fiber does not route to applications that are
// mounted below parameters. When it does, the sentence is to go.
func TestFiberMountsBelowParameters(t *testing.T) {
	for _, n := range nesting {
		url := n.serve(t, core.MustNew(core.Policy{AllowOrigins: []string{allowed}}), "")
		for path, want := range map[string]int{"/plain/x": http.StatusOK, "/t/acme/x": http.StatusNotFound} {
			res := exchange(t, "GET", url+path, allowed, http.Header{}, "")
			if got := res.Header.Get("Access-Control-Allow-Origin"); res.StatusCode != want || got != allowed {
				t.Errorf("%s: GET %s: status %d, Access-Control-Allow-Origin %q, want %d and %q", n.adapter, path, res.StatusCode, got, want, allowed)
			}
		}
	}
}
