package matrix

import (
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"
	echov5 "github.com/labstack/echo/v5"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/adapters/corsechov5"
	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/core"
)

// groupFrameworks have a Group for what the router does not tell a group's middleware.
// Each serves a public group of the whole application, with the route PUT /items, and
// a strict one, with PUT /admin, PUT /admin/users and GET /admin/files/..., beside an
// answer to all that no route matches.
var groupFrameworks = []struct {
	adapter string
	serve   func(t testing.TB, public, strict *core.Engine) (url string)
}{
	{"corsgin", func(t testing.TB, public, strict *core.Engine) string {
		ok := func(c *gin.Context) { c.Status(http.StatusOK) }
		r := gin.New()
		r.HandleMethodNotAllowed = true
		r.NoRoute(ok)
		r.NoMethod(ok)
		corsgin.Group(r, r.Group("/"), public).PUT("items", ok)
		admin := corsgin.Group(r, r.Group("/admin/"), strict)
		admin.PUT("users", ok)
		admin.GET("files/*path", ok)
		corsgin.Group(r, r.Group("/admin"), strict).PUT("", ok)
		return serveSite(t, r)
	}},
	{"corsecho", func(t testing.TB, public, strict *core.Engine) string {
		ok := func(c echo.Context) error { return c.NoContent(http.StatusOK) }
		e := echo.New()
		e.RouteNotFound("/*", ok)
		corsecho.Group(e, e.Group("/"), public).PUT("items", ok)
		admin := corsecho.Group(e, e.Group("/admin/"), strict)
		admin.PUT("users", ok)
		admin.GET("files/*", ok)
		corsecho.Group(e, e.Group("/admin"), strict).PUT("", ok)
		e.Any("/*", ok)
		return serveSite(t, e)
	}},
	{"corsechov5", func(t testing.TB, public, strict *core.Engine) string {
		ok := func(c *echov5.Context) error { return c.NoContent(http.StatusOK) }
		e := echov5.New()
		e.RouteNotFound("/*", ok)
		corsechov5.Group(e, e.Group("/"), public).PUT("items", ok)
		admin := corsechov5.Group(e, e.Group("/admin/"), strict)
		admin.PUT("users", ok)
		admin.GET("files/*", ok)
		corsechov5.Group(e, e.Group("/admin"), strict).PUT("", ok)
		e.Any("/*", ok)
		return serveSite(t, e)
	}},
}

// The public group does not loosen the strict one, and neither is hidden.
func TestGroups(t *testing.T) {
	const app, admin = "https://app.example", "https://admin.example"
	policy := core.Policy{AllowOrigins: []string{app, admin}, AllowMethods: []string{"PUT"}}
	public := core.MustNew(policy)
	policy.AllowOrigins = []string{admin}
	strict := core.MustNew(policy)
	for _, f := range groupFrameworks {
		t.Run(f.adapter, func(t *testing.T) {
			url := f.serve(t, public, strict)
			for _, q := range []struct {
				method, path string
				public       bool
			}{
				{"PUT", "/items", true}, {"PUT", "/admin", false}, {"PUT", "/admin/users", false}, {"GET", "/admin/files/a/b", false},
			} {
				for origin, allow := range map[string]bool{app: q.public, admin: true, stranger: false} {
					want := map[bool]string{true: origin}[allow]
					ask := http.Header{"Access-Control-Request-Method": {q.method}}
					res := exchange(t, "OPTIONS", url+q.path, origin, ask, "")
					if got := res.Header.Get("Access-Control-Allow-Origin"); got != want || allow != (res.StatusCode == http.StatusNoContent) {
						t.Errorf("preflight of %s %s from %s: %d with Access-Control-Allow-Origin %q, want %q", q.method, q.path, origin, res.StatusCode, got, want)
					}
					res = exchange(t, q.method, url+q.path, origin, http.Header{}, "")
					if got := res.Header.Get("Access-Control-Allow-Origin"); got != want || res.StatusCode != http.StatusOK {
						t.Errorf("%s %s from %s: %d with Access-Control-Allow-Origin %q, want %q", q.method, q.path, origin, res.StatusCode, got, want)
					}
				}
			}
		})
	}
}
