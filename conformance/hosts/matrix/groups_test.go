package matrix

import (
	"net/http"
	"testing"

	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/core"
)

// TestGroups mounts a public policy on a group of the whole application, and a
// strict one on the group /admin. The first does not loosen the second, and
// neither hides the other, although handlers answer requests that match no route.
func TestGroups(t *testing.T) {
	const app, admin = "https://app.example", "https://admin.example"
	policy := core.Policy{AllowOrigins: []string{app, admin}, AllowMethods: []string{"PUT"}}
	public := core.MustNew(policy)
	policy.AllowOrigins = []string{admin}
	strict := core.MustNew(policy)
	described := hosts.App{
		Options:  hosts.Options{HandleMethodNotAllowed: true, CatchAll: true},
		NotFound: http.StatusOK,
		Groups: []hosts.Group{
			{Path: "/", CORS: hosts.Adapter(public), Routes: []hosts.Route{text("PUT", "items", "ok")}},
			{Path: "/admin/", CORS: hosts.Adapter(strict), Routes: []hosts.Route{text("PUT", "users", "ok"), text("GET", "files/*", "ok")}},
			{Path: "/admin", CORS: hosts.Adapter(strict), Routes: []hosts.Route{text("PUT", "", "ok")}},
		},
	}
	for _, h := range hosts.All() {
		if !h.HasGroup {
			continue
		}
		t.Run(h.Adapter, func(t *testing.T) {
			url := serve(t, h, described)
			for _, q := range []struct {
				method, path string
				public       bool
			}{
				{"PUT", "/items", true}, {"PUT", "/admin", false}, {"PUT", "/admin/users", false}, {"GET", "/admin/files/a/b", false},
			} {
				for origin, allow := range map[string]bool{app: q.public, admin: true, stranger: false} {
					want := map[bool]string{true: origin}[allow]
					res := preflight(t, q.method, url+q.path, origin)
					if got := res.Header.Get("Access-Control-Allow-Origin"); got != want ||
						allow != (res.StatusCode == http.StatusNoContent) {
						t.Errorf("preflight of %s %s from %s: %d with Access-Control-Allow-Origin %q, want %q",
							q.method, q.path, origin, res.StatusCode, got, want)
					}
					res = exchange(t, q.method, url+q.path, origin, http.Header{}, "")
					if got := res.Header.Get("Access-Control-Allow-Origin"); got != want || res.StatusCode != http.StatusOK {
						t.Errorf("%s %s from %s: %d with Access-Control-Allow-Origin %q, want %q", q.method, q.path, origin,
							res.StatusCode, got, want)
					}
				}
			}
		})
	}
}
