package matrix

import (
	"net/http"
	"testing"

	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/core"
)

// mixed describes an application with several engines: one for the group
// /public, one with routes for the group /team, and one for the route
// POST /hook. The route POST /none has no middleware.
func mixed(public, team, hook *core.Engine) hosts.App {
	items := []hosts.Route{text("POST", "/items", "ok")}
	hooked := text("POST", "/hook", "ok")
	hooked.CORS = hosts.Adapter(hook)
	return hosts.App{
		Routes: []hosts.Route{hooked, text("POST", "/none", "ok")},
		Groups: []hosts.Group{
			{Path: "/public", CORS: hosts.Adapter(public), Routes: items},
			{Path: "/team", CORS: hosts.Adapter(team), Routes: items, Groups: []hosts.Group{{Path: "/admin", Routes: items}}},
		},
	}
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
	app := mixed(core.MustNew(policy("*")...), team, core.MustNew(policy("https://hook.example")...))
	origins := []string{"https://admin.example", "https://team.example", "https://hook.example", stranger}
	want := map[string]string{ // path: the origin that may post, or "*" for all
		"/public/items":     "*",
		"/team/items":       "https://team.example",
		"/team/admin/items": "https://admin.example",
		"/hook":             "https://hook.example",
		"/none":             "",
	}
	for _, h := range hosts.All() {
		t.Run(h.Adapter, func(t *testing.T) {
			base := serve(t, h, app)
			for path, allow := range want {
				for _, origin := range origins {
					header := ""
					if allow == "*" || allow == origin {
						header = allow
					}
					pre := preflight(t, "POST", base+path, origin, "content-type")
					got := pre.Header.Get("Access-Control-Allow-Origin")
					if answered := pre.StatusCode == http.StatusNoContent && got != ""; got != header || answered != (header != "") {
						t.Errorf("preflight of POST %s from %s: %d with Access-Control-Allow-Origin %q, want %q",
							path, origin, pre.StatusCode, got, header)
					}
					res := exchange(t, "POST", base+path, origin, http.Header{"Content-Type": {"application/json"}}, "{}")
					if got := res.Header.Get("Access-Control-Allow-Origin"); got != header || res.StatusCode != http.StatusOK {
						t.Errorf("POST %s from %s: %d with Access-Control-Allow-Origin %q, want %q",
							path, origin, res.StatusCode, got, header)
					}
				}
			}
		})
	}
}
