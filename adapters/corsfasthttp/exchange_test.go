package corsfasthttp_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/corskit/corskit/adapters/corsfasthttp"
	"github.com/corskit/corskit/core"
)

// TestHeaders: the response has the headers of the decision, and no others.
func TestHeaders(t *testing.T) {
	policy := core.Policy{
		AllowOrigins: []string{allowed}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"x-a"}, ExposeHeaders: []string{"x-e"},
		AllowCredentials: true, AllowPrivateNetwork: true, MaxAge: core.NoPreflightCache,
	}
	echoing := core.Policy{AllowOrigins: []string{other}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, AllowCredentials: true}
	rejecting := core.Policy{AllowOrigins: []string{allowed}, RejectDisallowed: true}
	engines := map[string]*core.Engine{
		"strict": core.MustNew(policy, echoing), "any": core.MustNew(core.Policy{AllowOrigins: []string{"*"}}),
		"rejecting": core.MustNew(rejecting), "nil": nil,
	}
	const asks = "Access-Control-Request-Headers: x-a"
	requests := []string{
		head("GET", "/"), head("GET", "/", "Origin: "+allowed), head("GET", "/", "Origin: "+stranger),
		head("OPTIONS", "/", "Origin: "+allowed), head("GET", "/", "Origin: "+allowed, "Origin: "+allowed),
		preflight("/", allowed), preflight("/", stranger), preflight("/", other, asks, "Access-Control-Request-Headers: x-b"),
		preflight("/", allowed, asks, "Access-Control-Request-Private-Network: true"),
		head("POST", "/", "Content-Length: 0", "Origin: "+stranger, "Sec-Fetch-Site: same-origin"),
	}
	for name, e := range engines {
		for _, request := range requests {
			ctx := serve(t, mount(e, corsfasthttp.Routing{}, ok), request)
			d := e.Decide(t.Context(), corsfasthttp.Request(ctx, corsfasthttp.Routing{}))
			want := map[string]string{}
			for name, value := range d.Headers() {
				want[name] = value
			}
			for header := range core.ResponseHeaders() {
				wantLines(t, ctx, header, want[header])
			}
			wantLines(t, ctx, "Vary", want["Vary"])
			status, body := d.Status, ""
			if status == 0 {
				status, body = 200, "ok"
			}
			if ctx.Response.StatusCode() != status || string(ctx.Response.Body()) != body {
				t.Errorf("engine %s: %q gets status %d, body %q, want %d, %q",
					name, request, ctx.Response.StatusCode(), ctx.Response.Body(), status, body)
			}
		}
	}
}

// TestVary: what Vary lists stays, and names are added only if they are missing.
func TestVary(t *testing.T) {
	h := mount(engine(t, allowed), corsfasthttp.Routing{}, ok)
	after := func(vary string) fasthttp.RequestHandler {
		return func(ctx *fasthttp.RequestCtx) {
			ctx.Response.Header.Set("Vary", vary)
			ctx.Response.Header.Set("X-Later", "1")
			h(ctx)
		}
	}
	for before, want := range map[string][]string{
		"Accept": {"Accept", "Origin"}, "Accept, origin": {"Accept, origin"}, "Origin": {"Origin"},
		"Accept,\tORIGIN ": {"Accept,\tORIGIN "},
		"Origins":          {"Origins", "Origin"}, ",": {",", "Origin"},
	} {
		ctx := serve(t, after(before), head("GET", "/", "Origin: "+allowed))
		if got := lines(ctx, "Vary"); !slices.Equal(got, want) {
			t.Errorf("Vary %q becomes %q, want %q", before, got, want)
		}
	}
	ctx := serve(t, after("Accept"), preflight("/", allowed))
	if got, want := lines(ctx, "Vary"), []string{"Accept", "Origin, Access-Control-Request-Method"}; !slices.Equal(got, want) {
		t.Errorf("Vary of a preflight is %q, want %q", got, want)
	}
}

// TestRestores: End restores headers that the handler has lost, and the policy's origin
// if the handler has set another.
func TestRestores(t *testing.T) {
	header := func(change func(h *fasthttp.ResponseHeader)) fasthttp.RequestHandler {
		return func(ctx *fasthttp.RequestCtx) { change(&ctx.Response.Header) }
	}
	type fields = fasthttp.ResponseHeader
	for name, test := range map[string]struct {
		handler fasthttp.RequestHandler
		vary    []string
	}{
		"nothing":          {ok, []string{"Origin"}},
		"reset":            {func(ctx *fasthttp.RequestCtx) { ctx.Response.Reset() }, []string{"Origin"}},
		"not modified":     {func(ctx *fasthttp.RequestCtx) { ctx.NotModified() }, []string{"Origin"}},
		"error":            {func(ctx *fasthttp.RequestCtx) { ctx.Error("gone", 410) }, []string{"Origin"}},
		"reset and panic":  {func(ctx *fasthttp.RequestCtx) { ctx.Response.Reset(); panic("on purpose") }, []string{"Origin"}},
		"origin deleted":   {header(func(h *fields) { h.Del("Access-Control-Allow-Origin") }), []string{"Origin"}},
		"vary deleted":     {header(func(h *fields) { h.Del("Vary") }), []string{"Origin"}},
		"vary overwritten": {header(func(h *fields) { h.Set("Vary", "Accept") }), []string{"Accept", "Origin"}},
		"vary added":       {header(func(h *fields) { h.Add("Vary", "Accept") }), []string{"Origin", "Accept"}},
		"request overwritten": {func(ctx *fasthttp.RequestCtx) {
			copy(ctx.Request.Header.Peek("Origin"), stranger+"xxxx")
			ctx.Request.Header.Set("Origin", stranger)
			ctx.Response.Reset()
		}, []string{"Origin"}},
		"origin set": {header(func(h *fields) { h.Set("Access-Control-Allow-Origin", stranger) }), []string{"Origin"}},
		"reset and a name of the same length": {func(ctx *fasthttp.RequestCtx) {
			ctx.Response.Reset()
			ctx.Response.Header.Set("X-Name-Of-The-Same-Length-X", "1")
		}, []string{"Origin"}},
		"odd spelling": {func(ctx *fasthttp.RequestCtx) {
			ctx.Response.Header.DisableNormalizing()
			ctx.Response.Header.Del("Access-Control-Allow-Origin")
			ctx.Response.Header.Set("access-control-allow-origin", stranger)
		}, []string{"Origin"}},
	} {
		for origin, allow := range map[string]string{allowed: allowed, stranger: ""} {
			h := recovering(mount(engine(t, allowed), corsfasthttp.Routing{}, test.handler))
			ctx := serve(t, h, head("GET", "/", "Origin: "+origin))
			wantCORS(t, name, ctx, allow)
			if vary := lines(ctx, "Vary"); !slices.Equal(vary, test.vary) {
				t.Errorf("%s, from %s: Vary %q, want %q", name, origin, vary, test.vary)
			}
		}
	}
}

// recovering returns h with a middleware in front that recovers from panics.
func recovering(h fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		defer func() { _ = recover() }()
		h(ctx)
	}
}

// TestRestoresAnyOrigin: a policy for every origin needs no Vary, and is restored too.
func TestRestoresAnyOrigin(t *testing.T) {
	h := mount(engine(t, "*"), corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) { ctx.Response.Reset() })
	ctx := serve(t, h, head("GET", "/"))
	wantOrigin(t, ctx, "*")
	wantLines(t, ctx, "Vary", "")
}

// TestNestedEngines: the innermost engine decides. The outer one does not restore its
// headers if the inner one denies the origin.
func TestNestedEngines(t *testing.T) {
	reset := func(ctx *fasthttp.RequestCtx) { ctx.Response.Reset() }
	for name, handler := range map[string]fasthttp.RequestHandler{"answer": ok, "reset": reset} {
		for _, outer := range [][]string{{allowed, other}, {"*"}} {
			inner := mount(engine(t, stranger), corsfasthttp.Routing{}, mount(engine(t, other), corsfasthttp.Routing{}, handler))
			between := func(ctx *fasthttp.RequestCtx) {
				inner(ctx)
				if name == "reset" {
					ctx.Response.Reset()
				}
			}
			h := mount(engine(t, outer...), corsfasthttp.Routing{}, between)
			wantOrigin(t, serve(t, h, head("GET", "/", "Origin: "+other)), other)
			for _, origin := range []string{allowed, stranger} {
				ctx := serve(t, h, head("GET", "/", "Origin: "+origin))
				wantOrigin(t, ctx, "")
				if outer[0] != "*" {
					wantLines(t, ctx, "Vary", "Origin")
				}
			}
		}
	}
}

// TestNestedEngineWithoutRoute: an engine that has no route for a path decides
// nothing, and the outer one restores its headers.
func TestNestedEngineWithoutRoute(t *testing.T) {
	none, err := core.NewRouted(core.Route{Path: "/other/", Policies: []core.Policy{{AllowOrigins: []string{"*"}}}})
	if err != nil {
		t.Fatal(err)
	}
	inner := mount(none, corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) { ctx.Response.Reset() })
	h := mount(engine(t, allowed), corsfasthttp.Routing{}, inner)
	wantOrigin(t, serve(t, h, head("GET", "/", "Origin: "+allowed)), allowed)

	h = mount(engine(t, allowed), corsfasthttp.Routing{}, mount(engine(t, other), corsfasthttp.Routing{}, inner))
	wantOrigin(t, serve(t, h, head("GET", "/", "Origin: "+allowed)), "") // denied by the engine between them
}

// TestNestedEngineRejects: an inner engine rejects without the outer one's headers.
func TestNestedEngineRejects(t *testing.T) {
	rejecting := core.MustNew(core.Policy{AllowOrigins: []string{allowed}, RejectDisallowed: true})
	h := mount(engine(t, allowed, stranger), corsfasthttp.Routing{}, mount(rejecting, corsfasthttp.Routing{}, ok))
	ctx := serve(t, h, head("GET", "/", "Origin: "+stranger))
	wantOrigin(t, ctx, "")
	if status := ctx.Response.StatusCode(); status != 403 {
		t.Errorf("status %d, want 403", status)
	}
}

// TestEndTwice: if End is called again by mistake, no two requests get the same
// Exchange.
func TestEndTwice(t *testing.T) {
	begin := func() *corsfasthttp.Exchange {
		ctx := new(fasthttp.RequestCtx)
		read(t, &ctx.Request, head("GET", "/", "Origin: "+allowed))
		return corsfasthttp.Begin(engine(t, allowed), ctx, corsfasthttp.Routing{}, contexter{t.Context()})
	}
	x := begin()
	x.End()
	x.End()
	first, second := begin(), begin()
	if first == second {
		t.Error("two requests have the same Exchange")
	}
	first.End()
	second.End()
}

// TestTimeout: a handler that has timed out may still write to the response, so End
// leaves it alone.
func TestTimeout(t *testing.T) {
	h := mount(engine(t, allowed), corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
		ctx.Response.Header.Set("Vary", "Accept")
		ctx.TimeoutError("too late")
	})
	wantLines(t, serve(t, h, head("GET", "/", "Origin: "+allowed)), "Vary", "Accept")
}

// TestConnection: over one connection, for which fasthttp reuses the context, no
// request depends on the one before it.
func TestConnection(t *testing.T) {
	inner := mount(engine(t, other), corsfasthttp.Routing{}, ok)
	upstream := func(ctx *fasthttp.RequestCtx) {
		ctx.Response.Reset()
		ctx.Response.Header.Set("Access-Control-Allow-Origin", "*")
		corsfasthttp.StripUpstream(ctx)
	}
	outer := mount(engine(t, allowed, other), corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
		switch string(ctx.Path()) {
		case "/inner":
			inner(ctx)
		case "/upstream":
			upstream(ctx)
		case "/reset":
			ctx.Response.Reset()
		}
	})
	listener := fasthttputil.NewInmemoryListener()
	server := &fasthttp.Server{Handler: outer}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	dials := 0
	client := http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		dials++
		return listener.Dial()
	}}}
	for range 2 {
		for _, q := range []struct{ path, origin, want string }{
			{"/inner", allowed, ""}, {"/reset", allowed, allowed}, {"/inner", other, other}, {"/upstream", allowed, allowed},
			{"/reset", stranger, ""}, {"/inner", stranger, ""}, {"/upstream", stranger, ""}, {"/", allowed, allowed},
		} {
			r, err := http.NewRequestWithContext(t.Context(), "GET", "http://host.example"+q.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Origin", q.origin)
			res, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if got := res.Header.Get("Access-Control-Allow-Origin"); got != q.want || len(res.Header["Access-Control-Allow-Origin"]) > 1 {
				t.Errorf("GET %s from %s: Access-Control-Allow-Origin %q, want %q",
					q.path, q.origin, res.Header["Access-Control-Allow-Origin"], q.want)
			}
		}
	}
	if dials != 1 {
		t.Errorf("%d connections, want 1", dials)
	}
	client.CloseIdleConnections()
	_ = listener.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestAllowsHandshake: a handshake is allowed from the policy's origins and the host's
// own, and from clients that send no Origin.
func TestAllowsHandshake(t *testing.T) {
	e := engine(t, allowed)
	for _, test := range []struct {
		fields []string
		want   bool
	}{
		{nil, true},
		{[]string{"Origin: " + allowed}, true},
		{[]string{"Origin: " + stranger}, false},
		{[]string{"Origin: null"}, false},
		{[]string{"Origin: http://host.example"}, true},
		{[]string{"Origin: http://host.example", "Sec-Fetch-Site: cross-site"}, false},
		{[]string{"Origin: " + stranger, "Sec-Fetch-Site: same-origin"}, true},
		{[]string{"Origin: " + allowed, "Origin: " + allowed}, false},
	} {
		ctx := new(fasthttp.RequestCtx)
		read(t, &ctx.Request, head("GET", "/", test.fields...))
		if got := corsfasthttp.AllowsHandshake(e, ctx, corsfasthttp.Routing{}, contexter{t.Context()}); got != test.want {
			t.Errorf("%q: %v, want %v", test.fields, got, test.want)
		}
	}
	ctx := new(fasthttp.RequestCtx)
	read(t, &ctx.Request, head("GET", "/", "Origin: "+allowed))
	if corsfasthttp.AllowsHandshake(nil, ctx, corsfasthttp.Routing{}, contexter{t.Context()}) {
		t.Error("a nil engine allows a handshake")
	}
}
