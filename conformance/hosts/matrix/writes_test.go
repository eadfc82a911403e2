package matrix

import (
	"net/http"
	"testing"

	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/core"
)

// TestNestedWrites: if an application's engine allows a partner to send DELETE, a strict
// engine on a group only hides the answer, because the outer engine answers the preflight
// and the handler runs. docs/frameworks.md says so, and names two remedies:
// RejectDisallowed in the strict engine, and one engine with routes.
func TestNestedWrites(t *testing.T) {
	const partner = "https://partner.example"
	open := core.Policy{AllowOrigins: []string{allowed, partner}, AllowMethods: []string{"DELETE"}}
	strict := core.Policy{AllowOrigins: []string{allowed}, AllowMethods: []string{"DELETE"}}
	rejecting := strict
	rejecting.RejectDisallowed = true
	routed, err := core.NewRouted(core.Route{Path: "/admin/", Policies: []core.Policy{strict}},
		core.Route{Policies: []core.Policy{open}})
	if err != nil {
		t.Fatal(err)
	}
	described := func(app, group *core.Engine) hosts.App {
		admin := hosts.Group{Path: "/admin", Routes: []hosts.Route{text("DELETE", "/x", "deleted")}}
		if group != nil {
			admin.CORS = hosts.Adapter(group)
		}
		return hosts.App{CORS: hosts.Adapter(app), Groups: []hosts.Group{admin}}
	}
	for _, tt := range []struct {
		name      string
		app       hosts.App
		preflight int // the status that the partner's preflight gets
		runs      bool
	}{
		{"strict", described(core.MustNew(open), core.MustNew(strict)), http.StatusNoContent, true},
		{"RejectDisallowed", described(core.MustNew(open), core.MustNew(rejecting)), http.StatusNoContent, false},
		{"routes", described(routed, nil), http.StatusForbidden, true}, // but no browser sends the request
	} {
		for _, h := range hosts.All() {
			t.Run(tt.name+"/"+h.Adapter, func(t *testing.T) {
				url := serve(t, h, tt.app) + "/admin/x"
				if res := preflight(t, "DELETE", url, partner); res.StatusCode != tt.preflight {
					t.Errorf("preflight: status %d, want %d", res.StatusCode, tt.preflight)
				}
				res := exchange(t, "DELETE", url, partner, http.Header{}, "")
				if runs := res.StatusCode == http.StatusOK; runs != tt.runs || res.Header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("DELETE: status %d, Access-Control-Allow-Origin %q", res.StatusCode,
						res.Header.Get("Access-Control-Allow-Origin"))
				}
				res = exchange(t, "DELETE", url, allowed, http.Header{}, "")
				if res.StatusCode != http.StatusOK || res.Header.Get("Access-Control-Allow-Origin") != allowed {
					t.Errorf("DELETE from %s: status %d, Access-Control-Allow-Origin %q", allowed, res.StatusCode,
						res.Header.Get("Access-Control-Allow-Origin"))
				}
			})
		}
	}
}
