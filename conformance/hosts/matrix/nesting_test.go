package matrix

import (
	"net/http"
	"slices"
	"testing"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/core"
)

// nesting describes an application that proxies /upstream, and has an
// application that answers GET /x mounted on /plain and on /t/:tenant.
func nesting(engine *core.Engine, upstream string) hosts.App {
	sub := []hosts.Route{text("GET", "/x", "ok")}
	return hosts.App{
		CORS:   hosts.Adapter(engine),
		Routes: []hosts.Route{{Methods: []string{"GET"}, Path: "/upstream", Behaviour: conformance.Upstream, Body: upstream}},
		Groups: []hosts.Group{{Path: "/plain", Mounted: true, Routes: sub}, {Path: "/t/:tenant", Mounted: true, Routes: sub}},
	}
}

// mounting are the frameworks that mount applications: both versions of fiber.
func mounting() []hosts.Host {
	return slices.DeleteFunc(hosts.All(), func(h hosts.Host) bool { return !h.MountsApps })
}

// If an upstream denies an origin that the application allows, the application's
// answer still allows it.
func TestFiberUpstreamThatDenies(t *testing.T) {
	theirs := core.MustNew(core.Policy{AllowOrigins: []string{"https://theirs.example"}})
	upstream := serve(t, hosts.NetHTTP(), hosts.App{CORS: hosts.Adapter(theirs),
		Routes: []hosts.Route{text("GET", "/upstream", "upstream")}})
	for _, h := range mounting() {
		for _, origin := range []string{allowed, "*"} {
			t.Run(h.Adapter+"/"+origin, func(t *testing.T) {
				url := serve(t, h, nesting(core.MustNew(core.Policy{AllowOrigins: []string{origin}}), upstream))
				res := exchange(t, "GET", url+"/upstream", allowed, http.Header{}, "")
				got, vary := res.Header.Values("Access-Control-Allow-Origin"), res.Header.Values("Vary")
				if len(got) != 1 || got[0] != origin || len(vary) != 1 || vary[0] != "Origin" || res.StatusCode != http.StatusOK {
					t.Errorf("status %d, Access-Control-Allow-Origin %q, Vary %q, want 200, %q and Origin", res.StatusCode, got, vary,
						origin)
				}
			})
		}
	}
}

// docs/frameworks.md says that fiber does not route to applications that are
// mounted below parameters. If this test fails, remove the sentence.
func TestFiberMountsBelowParameters(t *testing.T) {
	for _, h := range mounting() {
		url := serve(t, h, nesting(core.MustNew(core.Policy{AllowOrigins: []string{allowed}}), ""))
		for path, want := range map[string]int{"/plain/x": http.StatusOK, "/t/acme/x": http.StatusNotFound} {
			res := exchange(t, "GET", url+path, allowed, http.Header{}, "")
			if got := res.Header.Get("Access-Control-Allow-Origin"); res.StatusCode != want || got != allowed {
				t.Errorf("%s: GET %s: status %d, Access-Control-Allow-Origin %q, want %d and %q", h.Adapter, path, res.StatusCode, got,
					want, allowed)
			}
		}
	}
}
