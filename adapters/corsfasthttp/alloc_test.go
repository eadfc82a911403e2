//go:build !race

// Under the race detector, sync.Pool drops items at random.

package corsfasthttp_test

import (
	"context"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/adapters/corsfasthttp"
	"github.com/corskit/corskit/core"
)

// TestAllocations: neither making a decision nor restoring headers allocates.
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
	asks := []string{"Access-Control-Request-Headers: x-a", "Access-Control-Request-Private-Network: true", "Sec-Fetch-Site: cross-site"}
	requests := map[string]string{
		"no origin":         head("GET", "/Some/path"),
		"allowed":           head("GET", "/Some/path", "Origin: "+allowed),
		"refused":           head("GET", "/Some/path", "Origin: "+stranger),
		"preflight":         preflight("/Some/p%61th", "https://x.sub.example", asks...),
		"refused preflight": preflight("/Some/path", stranger, asks...),
		"many origins":      head("GET", "/Some/path", strings.Split(strings.Repeat("\nOrigin: "+allowed, 500)[1:], "\n")...),
		"many names": preflight("/Some/path", allowed,
			strings.Split(strings.Repeat("\nAccess-Control-Request-Headers: x-b", 500)[1:], "\n")...),
	}
	for name, e := range engines {
		for _, routing := range []corsfasthttp.Routing{{}, {PlusIsSpace: true, FoldPath: true, TrimSlash: true, RawNames: true}} {
			for what, request := range requests {
				for outcome, next := range map[string]fasthttp.RequestHandler{"kept": nothing, "reset": reset, "vary": overwriteVary} {
					if n := allocations(t, e, routing, next, request); n > 0 {
						t.Errorf("engine %s, %s, response %s, %+v: %v allocations, want 0", name, what, outcome, routing, n)
					}
				}
			}
		}
	}
}

func nothing(*fasthttp.RequestCtx)           {}
func reset(ctx *fasthttp.RequestCtx)         { ctx.Response.Reset() }
func overwriteVary(ctx *fasthttp.RequestCtx) { ctx.Response.Header.SetCanonical(vary, accept) }

var vary, accept = []byte("Vary"), []byte("Accept")

func allocations(t *testing.T, e *core.Engine, routing corsfasthttp.Routing, next fasthttp.RequestHandler, request string) float64 {
	t.Helper()
	var ctx fasthttp.RequestCtx
	read(t, &ctx.Request, request)
	var c corsfasthttp.Contexter = contexter{context.Background()}
	return testing.AllocsPerRun(100, func() {
		ctx.Response.Reset()
		x := corsfasthttp.Begin(e, &ctx, routing, c)
		if x.Status() == 0 {
			next(&ctx)
		}
		x.End()
	})
}

// TestHandshakeAllocations: AllowsHandshake does not allocate either.
func TestHandshakeAllocations(t *testing.T) {
	e := engine(t, allowed)
	var c corsfasthttp.Contexter = contexter{context.Background()}
	for _, origin := range []string{allowed, stranger} {
		var ctx fasthttp.RequestCtx
		read(t, &ctx.Request, head("GET", "/", "Origin: "+origin))
		if n := testing.AllocsPerRun(100, func() { corsfasthttp.AllowsHandshake(e, &ctx, corsfasthttp.Routing{}, c) }); n > 0 {
			t.Errorf("from %s: %v allocations, want 0", origin, n)
		}
	}
}
