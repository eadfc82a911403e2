package matrix

import (
	"net"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v2"
	fiberv3 "github.com/gofiber/fiber/v3"
	"github.com/labstack/echo/v4"
	echov5 "github.com/labstack/echo/v5"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/adapters/corsechov5"
	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// mixed are the engines of one application: one for the group /public, one with
// routes of its own for the group /team, and one for the route POST /hook. Its
// other routes are POST /public/items, /team/items, /team/admin/items and /none.
type mixed struct{ public, team, hook *core.Engine }

var mixedFrameworks = []struct {
	adapter string
	serve   func(testing.TB, mixed) (url string)
}{
	{"corshttp", func(t testing.TB, m mixed) string {
		ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
		public, team, app := http.NewServeMux(), http.NewServeMux(), http.NewServeMux()
		public.Handle("POST /public/items", ok)
		team.Handle("POST /team/items", ok)
		team.Handle("POST /team/admin/items", ok)
		app.Handle("/public/", corshttp.Middleware(m.public)(public))
		app.Handle("/team/", corshttp.Middleware(m.team)(team))
		app.Handle("POST /hook", corshttp.Middleware(m.hook)(ok))
		app.Handle("OPTIONS /hook", corshttp.Middleware(m.hook)(http.NotFoundHandler()))
		app.Handle("POST /none", ok)
		return serveSite(t, app)
	}},
	{"corsgin", func(t testing.TB, m mixed) string {
		ok := func(c *gin.Context) { c.Status(http.StatusOK) }
		r := gin.New()
		corsgin.Group(r, r.Group("/public"), m.public).POST("/items", ok)
		team := corsgin.Group(r, r.Group("/team"), m.team)
		team.POST("/items", ok)
		team.Group("/admin").POST("/items", ok)
		hook := corsgin.Middleware(m.hook)
		r.POST("/hook", hook, ok)
		r.OPTIONS("/hook", hook)
		r.POST("/none", ok)
		return serveSite(t, r)
	}},
	{"corsecho", func(t testing.TB, m mixed) string {
		ok := func(c echo.Context) error { return c.NoContent(http.StatusOK) }
		e := echo.New()
		corsecho.Group(e, e.Group("/public"), m.public).POST("/items", ok)
		team := corsecho.Group(e, e.Group("/team"), m.team)
		team.POST("/items", ok)
		team.Group("/admin").POST("/items", ok)
		hook := corsecho.Middleware(m.hook)
		e.POST("/hook", ok, hook)
		e.OPTIONS("/hook", echo.NotFoundHandler, hook)
		e.POST("/none", ok)
		return serveSite(t, e)
	}},
	{"corsechov5", func(t testing.TB, m mixed) string {
		ok := func(c *echov5.Context) error { return c.NoContent(http.StatusOK) }
		notFound := func(*echov5.Context) error { return echov5.ErrNotFound }
		e := echov5.New()
		corsechov5.Group(e, e.Group("/public"), m.public).POST("/items", ok)
		team := corsechov5.Group(e, e.Group("/team"), m.team)
		team.POST("/items", ok)
		team.Group("/admin").POST("/items", ok)
		hook := corsechov5.Middleware(m.hook)
		e.POST("/hook", ok, hook)
		e.OPTIONS("/hook", notFound, hook)
		e.POST("/none", ok)
		return serveSite(t, e)
	}},
	{"corsfiber", func(t testing.TB, m mixed) string {
		ok := func(c *fiber.Ctx) error { return c.SendStatus(http.StatusOK) }
		app := fiber.New(fiber.Config{DisableStartupMessage: true})
		app.Group("/public", corsfiber.Middleware(m.public)).Post("/items", ok)
		team := app.Group("/team", corsfiber.Middleware(m.team))
		team.Post("/items", ok)
		team.Group("/admin").Post("/items", ok)
		hook := corsfiber.Middleware(m.hook)
		app.Post("/hook", hook, ok)
		app.Options("/hook", hook)
		app.Post("/none", ok)
		server, err := serveFiber(app.Listener, app.ShutdownWithTimeout)
		return served(t, server, err)
	}},
	{"corsfiberv3", func(t testing.TB, m mixed) string {
		ok := func(c fiberv3.Ctx) error { return c.SendStatus(http.StatusOK) }
		app := fiberv3.New()
		app.Group("/public", corsfiberv3.Middleware(m.public)).Post("/items", ok)
		team := app.Group("/team", corsfiberv3.Middleware(m.team))
		team.Post("/items", ok)
		team.Group("/admin").Post("/items", ok)
		hook := corsfiberv3.Middleware(m.hook)
		app.Post("/hook", hook, ok)
		app.Options("/hook", hook)
		app.Post("/none", ok)
		listen := func(l net.Listener) error {
			return app.Listener(l, fiberv3.ListenConfig{DisableStartupMessage: true})
		}
		server, err := serveFiber(listen, app.ShutdownWithTimeout)
		return served(t, server, err)
	}},
}

func TestMixedPolicies(t *testing.T) {
	policy := func(origin string) []core.Policy {
		return []core.Policy{{AllowOrigins: []string{origin}, AllowHeaders: []string{"content-type"}}}
	}
	team, err := core.NewRouted(
		core.Route{Path: "/team/admin/", Policies: policy("https://admin.example")},
		core.Route{Path: "/team/", Policies: policy("https://team.example")},
	)
	if err != nil {
		t.Fatal(err)
	}
	m := mixed{core.MustNew(policy("*")...), team, core.MustNew(policy("https://hook.example")...)}
	origins := []string{"https://admin.example", "https://team.example", "https://hook.example", stranger}
	want := map[string]string{ // path: the origin that may post, or "*" for all
		"/public/items":     "*",
		"/team/items":       "https://team.example",
		"/team/admin/items": "https://admin.example",
		"/hook":             "https://hook.example",
		"/none":             "",
	}
	for _, f := range mixedFrameworks {
		t.Run(f.adapter, func(t *testing.T) {
			base := f.serve(t, m)
			for path, allow := range want {
				for _, origin := range origins {
					header := ""
					if allow == "*" || allow == origin {
						header = allow
					}
					ask := http.Header{"Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"content-type"}}
					pre := exchange(t, "OPTIONS", base+path, origin, ask, "")
					if got := pre.Header.Get("Access-Control-Allow-Origin"); got != header || (header != "") != (pre.StatusCode == http.StatusNoContent && got != "") {
						t.Errorf("preflight of POST %s from %s: %d with Access-Control-Allow-Origin %q, want %q", path, origin, pre.StatusCode, got, header)
					}
					res := exchange(t, "POST", base+path, origin, http.Header{"Content-Type": {"application/json"}}, "{}")
					if got := res.Header.Get("Access-Control-Allow-Origin"); got != header || res.StatusCode != http.StatusOK {
						t.Errorf("POST %s from %s: %d with Access-Control-Allow-Origin %q, want %q", path, origin, res.StatusCode, got, header)
					}
				}
			}
		})
	}
}
