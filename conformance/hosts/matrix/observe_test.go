package matrix

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

// TestObserve checks that observers and shadow policies get the same results behind every
// adapter.
func TestObserve(t *testing.T) {
	route := func(path string, policies ...core.Policy) core.Route {
		return core.Route{Path: path, Policies: policies}
	}
	policy := core.Policy{Name: "app", AllowOrigins: []string{allowed}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"x-a"}}
	rejecting := policy
	rejecting.RejectDisallowed = true
	for _, h := range hosts.All() {
		t.Run(h.Adapter, func(t *testing.T) {
			t.Parallel()
			engine, err := core.NewRouted(route("/private/", rejecting), route("/public/", policy))
			if err != nil {
				t.Fatal(err)
			}
			if err := engine.Shadow(core.Policy{Name: "later", AllowOrigins: []string{stranger}}); err != nil {
				t.Fatal(err)
			}
			counters, refusals := observe.NewCounters(), observe.NewRefusals(10)
			engine.Observe(counters)
			engine.Observe(refusals)
			base := serve(t, h, named(engine, hosts.Options{}))
			ask := func(method, path string, header http.Header) {
				t.Helper()
				r, err := http.NewRequest(method, base+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Header = header
				res, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_ = res.Body.Close()
			}
			ask("GET", "/public/x", nil)
			ask("GET", "/public/x", http.Header{"Origin": {allowed}})
			ask("GET", "/public/x?q=secret", http.Header{"Origin": {stranger}})
			ask("GET", "/private/x", http.Header{"Origin": {stranger}})
			ask("OPTIONS", "/private/x", http.Header{"Origin": {allowed}, "Access-Control-Request-Method": {"PATCH"}})
			ask("OPTIONS", "/private/x", http.Header{"Origin": {allowed}, "Access-Control-Request-Method": {"PUT"},
				"Access-Control-Request-Headers": {"x-a,x-b"}})

			var got []string
			for _, c := range counters.Snapshot() {
				got = append(got, fmt.Sprintf("%d %v %s %s %q %s x%d", c.Route, c.Kind, c.Result, c.Code, c.Policy, c.Shadow, c.N))
			}
			want := []string{
				`0 actual rejected origin-not-allowed "" looser x1`,
				`0 preflight refused header-not-allowed "app" same x1`,
				`0 preflight refused method-not-allowed "app" same x1`,
				`1 not-cors not-cors no-origin "" same x1`,
				`1 actual refused origin-not-allowed "" looser x1`,
				`1 actual allowed origin-allowed "app" stricter x1`,
			}
			if !slices.Equal(got, want) {
				t.Errorf("counted\n%q\nwant\n%q", got, want)
			}
			var refused []string
			for _, r := range refusals.Snapshot() {
				refused = append(refused, fmt.Sprint(r.Origin, " ", r.Code, " ", r.Refused, " ", r.Request.Path))
			}
			slices.Sort(refused)
			want = []string{allowed + " header-not-allowed x-b /private/x", allowed + " method-not-allowed PATCH /private/x",
				stranger + " origin-not-allowed  /private/x", stranger + " origin-not-allowed  /public/x"}
			slices.Sort(want)
			if !slices.Equal(refused, want) {
				t.Errorf("refused\n%q\nwant\n%q", refused, want)
			}
		})
	}
}
