package corsfasthttp_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"

	"github.com/corskit/corskit/adapters/corsfasthttp"
	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// wantCORS checks the CORS headers of a response, in any spelling. They must be
// Access-Control-Allow-Origin with the value origin, and the lines of more. If origin is
// "", there must be none.
func wantCORS(t *testing.T, what string, ctx *fasthttp.RequestCtx, origin string, more ...string) {
	t.Helper()
	var got, want []string
	ctx.Response.Header.VisitAll(func(key, value []byte) {
		if name := strings.ToLower(string(key)); strings.HasPrefix(name, "access-control-") {
			got = append(got, name+": "+string(value))
		}
	})
	if origin != "" {
		want = append([]string{"access-control-allow-origin: " + origin}, more...)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s, from %q: headers %q, want %q", what, ctx.Request.Header.Peek("Origin"), got, want)
	}
}

// foreign are ways to write the headers of another response into a response.
var foreign = map[string]fasthttp.RequestHandler{
	"added": func(ctx *fasthttp.RequestCtx) { // as idempotency keys and net/http handlers do
		for name := range core.ResponseHeaders() {
			ctx.Response.Header.Add(name, "other's")
		}
		ctx.Response.Header.Add("Vary", "Accept")
		ctx.Response.Header.Add("Vary", "Origin")
	},
	"the same, added": func(ctx *fasthttp.RequestCtx) {
		ctx.Response.Header.Add("Access-Control-Allow-Origin", string(ctx.Response.Header.Peek("Access-Control-Allow-Origin")))
	},
	"set": func(ctx *fasthttp.RequestCtx) { // as caches do
		ctx.Response.Header.Set("Access-Control-Allow-Origin", other)
		ctx.Response.Header.Set("Access-Control-Allow-Credentials", "true")
	},
	"only credentials": func(ctx *fasthttp.RequestCtx) { ctx.Response.Header.Set("Access-Control-Allow-Credentials", "true") },
	"lower case":       func(ctx *fasthttp.RequestCtx) { setRaw(ctx, strings.ToLower) },
	"upper case":       func(ctx *fasthttp.RequestCtx) { setRaw(ctx, strings.ToUpper) },
	"lower case, in a response that normalizes again": func(ctx *fasthttp.RequestCtx) {
		setRaw(ctx, strings.ToLower)
		ctx.Response.Header.EnableNormalizing()
	},
	"replaced": func(ctx *fasthttp.RequestCtx) { // as proxies do
		var upstream fasthttp.Response
		upstream.Header.DisableNormalizing()
		upstream.Header.Set("access-control-allow-credentials", "true")
		upstream.Header.Set("access-control-expose-headers", "x-secret")
		upstream.Header.Set("vary", "Origin")
		upstream.CopyTo(&ctx.Response)
	},
}

func setRaw(ctx *fasthttp.RequestCtx, spell func(string) string) {
	ctx.Response.Header.DisableNormalizing()
	for name := range core.ResponseHeaders() {
		ctx.Response.Header.Add(spell(name), "true")
		ctx.Response.Header.Add(spell(name), other)
	}
}

// TestEnforces: when the handler has returned, the CORS headers of the response are those
// that were decided, in one line each.
func TestEnforces(t *testing.T) {
	credentials := core.MustNew(core.Policy{AllowOrigins: []string{allowed}, AllowCredentials: true, ExposeHeaders: []string{"x-e"}})
	credentialed := []string{"access-control-allow-credentials: true", "access-control-expose-headers: x-e"}
	for what, handler := range foreign {
		for _, test := range []struct {
			engine *core.Engine
			origin string // of the request
			want   string
			more   []string
		}{
			{engine(t, allowed), allowed, allowed, nil},
			{engine(t, allowed), stranger, "", nil},
			{engine(t, allowed), "", "", nil},
			{engine(t, "*"), stranger, "*", nil},
			{engine(t, "*"), "", "*", nil},
			{credentials, allowed, allowed, credentialed},
			{nil, allowed, "", nil},
		} {
			var fields []string
			if test.origin != "" {
				fields = []string{"Origin: " + test.origin}
			}
			for place, h := range map[string]fasthttp.RequestHandler{
				"inside": mount(test.engine, corsfasthttp.Routing{}, handler),
				"inside, with a panic": recovering(mount(test.engine, corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
					handler(ctx)
					panic("on purpose")
				})),
				"outside, before": func(ctx *fasthttp.RequestCtx) {
					handler(ctx)
					mount(test.engine, corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
						wantCORS(t, what+", before the handler", ctx, test.want, test.more...)
					})(ctx)
				},
			} {
				ctx := serve(t, h, head("GET", "/", fields...))
				wantCORS(t, what+", "+place, ctx, test.want, test.more...)
				vary := lines(ctx, "Vary")
				slices.Sort(vary)
				repeated := len(slices.Compact(slices.Clone(vary))) < len(vary)
				if repeated || what == "added" && !slices.Equal(vary, []string{"Accept", "Origin"}) {
					t.Errorf("%s, %s: Vary %q, want each line once", what, place, vary)
				}
				ctx.Response.Header.Set("x-later", "1")
				text := ctx.Response.Header.String()
				if strings.Contains(text, "x-later") && !slices.Contains([]string{"lower case", "upper case", "replaced"}, what) {
					t.Errorf("%s, %s: names are no longer normalized:\n%s", what, place, text)
				}
			}
		}
	}
}

// TestLeavesExactHeaders: if the headers are those that were decided, End does not spend
// time on writing them again.
func TestLeavesExactHeaders(t *testing.T) {
	e := core.MustNew(core.Policy{AllowOrigins: []string{allowed}, AllowCredentials: true, ExposeHeaders: []string{"x-e"}})
	for _, test := range []struct {
		engine *core.Engine
		origin string
	}{{e, allowed}, {e, stranger}, {engine(t, "*"), allowed}} {
		var before string
		ctx := serve(t, mount(test.engine, corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
			ctx.Response.Header.Set("X-Later", "1")
			ctx.Response.Header.Add("Vary", "Accept")
			ctx.Response.Header.Set("Name", "as long as Vary")
			ctx.Response.Header.Set("X-As-Long-As-A-Name-Of-Cors", "1")
			before = ctx.Response.Header.String()
		}), head("GET", "/", "Origin: "+test.origin))
		if after := ctx.Response.Header.String(); after != before {
			t.Errorf("from %s: End changes\n%s\nto\n%s", test.origin, before, after)
		}
	}
}

// TestForgetsTheRequest: once the outermost exchange has ended, the context of the request
// does not refer to it, and a later one is not nested in it.
func TestForgetsTheRequest(t *testing.T) {
	ctx := serve(t, mount(engine(t, allowed), corsfasthttp.Routing{}, ok), head("GET", "/", "Origin: "+allowed))
	if value := ctx.UserValue(corshttp.OuterKey{}); value != nil {
		t.Errorf("the context has %v", value)
	}
	mount(engine(t, other), corsfasthttp.Routing{}, ok)(ctx)
	wantCORS(t, "a later exchange", ctx, "")
}

// TestInnerNetHTTP: an engine of net/http, inside fasthttp's adaptor, decides. One that has
// no route for the path does not.
func TestInnerNetHTTP(t *testing.T) {
	none, err := core.NewRouted(core.Route{Path: "/other/", Policies: []core.Policy{{AllowOrigins: []string{"*"}}}})
	if err != nil {
		t.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		copy(r.Header["Origin"], []string{"changed"})
	})
	adapted := func(e *core.Engine) fasthttp.RequestHandler {
		inner := fasthttpadaptor.NewFastHTTPHandler(corshttp.Middleware(e)(handler))
		return mount(engine(t, allowed, other), corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
			inner(ctx)
			overwrite(&ctx.Request)
		})
	}
	for origin, want := range map[string]string{allowed: allowed, other: "", stranger: stranger} {
		wantCORS(t, "net/http", serve(t, adapted(engine(t, allowed, stranger)), head("GET", "/", "Origin: "+origin)), want)
	}
	for origin, want := range map[string]string{allowed: allowed, other: other, stranger: ""} {
		wantCORS(t, "net/http without a route", serve(t, adapted(none), head("GET", "/", "Origin: "+origin)), want)
	}
}

// TestOuterVary: names that the outer engine needs in Vary are restored, even if the inner
// one decides the same for every origin.
func TestOuterVary(t *testing.T) {
	h := mount(engine(t, allowed), corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
		mount(engine(t, "*"), corsfasthttp.Routing{}, ok)(ctx)
		ctx.Response.Reset()
	})
	ctx := serve(t, h, head("GET", "/", "Origin: "+stranger))
	wantCORS(t, "any origin", ctx, "*")
	wantLines(t, ctx, "Vary", "Origin")
}

// TestEnforcesPreflights: the answer to a preflight contains no CORS headers that an
// outer middleware has written before.
func TestEnforcesPreflights(t *testing.T) {
	for what, handler := range foreign {
		h := func(ctx *fasthttp.RequestCtx) {
			handler(ctx)
			mount(engine(t, allowed), corsfasthttp.Routing{}, ok)(ctx)
		}
		wantCORS(t, what, serve(t, h, preflight("/", allowed)), allowed, "access-control-allow-methods: PUT")
		wantCORS(t, what, serve(t, h, preflight("/", stranger)), "")
	}
}

// TestEnforcesTheInnermost: middleware between two engines does not change what the inner
// one has decided, and the outer one adds nothing of its own.
func TestEnforcesTheInnermost(t *testing.T) {
	outer := core.MustNew(core.Policy{AllowOrigins: []string{allowed, other}, AllowCredentials: true, ExposeHeaders: []string{"x-o"}})
	both := core.MustNew(core.Policy{AllowOrigins: []string{allowed, stranger}})
	reset := func(ctx *fasthttp.RequestCtx) { ctx.Response.Reset() }
	between := map[string]fasthttp.RequestHandler{"reset": reset, "nothing": func(*fasthttp.RequestCtx) {}}
	for what, handler := range foreign {
		between[what] = handler
	}
	for what, handler := range between {
		h := mount(outer, corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
			mount(both, corsfasthttp.Routing{}, ok)(ctx)
			handler(ctx)
		})
		wantCORS(t, what, serve(t, h, head("GET", "/", "Origin: "+allowed)), allowed)
		wantCORS(t, what, serve(t, h, head("GET", "/", "Origin: "+stranger)), stranger)
		wantCORS(t, what, serve(t, h, head("GET", "/", "Origin: "+other)), "")
		wantCORS(t, what, serve(t, h, head("GET", "/")), "")
	}
}

// TestLastOfSeveral: of several engines at the same depth, the last to run decides.
func TestLastOfSeveral(t *testing.T) {
	h := mount(engine(t, allowed), corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
		for _, origins := range [][]string{{other}, {allowed}, {stranger}} {
			mount(engine(t, origins...), corsfasthttp.Routing{}, mount(engine(t, origins...), corsfasthttp.Routing{}, ok))(ctx)
		}
		ctx.Response.Reset()
	})
	wantCORS(t, "after a reset", serve(t, h, head("GET", "/", "Origin: "+stranger)), stranger)
	wantCORS(t, "after a reset", serve(t, h, head("GET", "/", "Origin: "+allowed)), "")
}

// TestNestedPreflight: an inner engine answers a preflight for which the outer one has
// no route, and the outer one does not change the answer.
func TestNestedPreflight(t *testing.T) {
	none, err := core.NewRouted(core.Route{Path: "/other/", Policies: []core.Policy{{AllowOrigins: []string{"*"}}}})
	if err != nil {
		t.Fatal(err)
	}
	echoing := core.MustNew(core.Policy{AllowOrigins: []string{allowed}, AllowCredentials: true, AllowMethods: []string{"*"}})
	for _, outer := range []*core.Engine{none, engine(t, allowed)} {
		h := mount(outer, corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
			mount(echoing, corsfasthttp.Routing{}, ok)(ctx)
			overwrite(&ctx.Request)
		})
		more := []string{"access-control-allow-methods: PUT"}
		if outer == none {
			more = append(more, "access-control-allow-credentials: true")
		}
		wantCORS(t, "answered", serve(t, h, preflight("/", allowed)), allowed, more...)
		wantCORS(t, "refused", serve(t, h, preflight("/", stranger)), "")
	}
}

// TestNestedRejection: if the inner engine has rejected the request, the response does
// not have CORS headers of a middleware between the two engines.
func TestNestedRejection(t *testing.T) {
	rejecting := core.MustNew(core.Policy{AllowOrigins: []string{allowed}, RejectDisallowed: true})
	for what, handler := range foreign {
		h := mount(engine(t, allowed, stranger), corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
			mount(rejecting, corsfasthttp.Routing{}, ok)(ctx)
			handler(ctx)
		})
		wantCORS(t, what, serve(t, h, head("GET", "/", "Origin: "+stranger)), "")
	}
}

// TestEndTooLate: an exchange may end after the one around it, because a handler
// continues without fasthttp's knowledge. It does not affect the next request.
func TestEndTooLate(t *testing.T) {
	var late *corsfasthttp.Exchange
	first := serve(t, mount(engine(t, allowed), corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
		late = corsfasthttp.Begin(engine(t, stranger), ctx, corsfasthttp.Routing{}, contexter{t.Context()})
	}), head("GET", "/", "Origin: "+allowed))
	second := serve(t, mount(engine(t, other), corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
		late.End()
		ctx.Response.Reset()
	}), head("GET", "/", "Origin: "+other))
	wantCORS(t, "the first request", first, "")
	wantCORS(t, "the second request", second, other)
}

// TestTimedOutExchange: a handler that has timed out may continue, and begin another
// exchange, while other requests are served.
func TestTimedOutExchange(t *testing.T) {
	late := make(chan struct{})
	done := make(chan struct{})
	h := mount(engine(t, allowed), corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
		go func() {
			defer close(done)
			<-late
			mount(engine(t, other), corsfasthttp.Routing{}, ok)(ctx)
		}()
		ctx.TimeoutError("too late")
	})
	serve(t, h, head("GET", "/", "Origin: "+allowed))
	next := mount(engine(t, allowed), corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
		close(late)
		<-done
		ctx.Response.Reset()
	})
	wantCORS(t, "the next request", serve(t, next, head("GET", "/", "Origin: "+allowed)), allowed)
}
