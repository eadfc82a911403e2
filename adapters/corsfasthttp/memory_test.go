package corsfasthttp_test

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"testing"
	"weak"

	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/adapters/corsfasthttp"
	"github.com/corskit/corskit/core"
)

// overwrite overwrites the values of a request's header fields in place.
func overwrite(r *fasthttp.Request) {
	r.Header.VisitAll(func(_, value []byte) { copy(value, bytes.Repeat([]byte{'#'}, len(value))) })
}

// TestHeadersAreCopied: the headers of a response do not change if the memory of the
// request does.
func TestHeadersAreCopied(t *testing.T) {
	h := mount(core.MustNew(core.Policy{
		AllowOrigins: []string{"https://*.example"}, AllowHeaders: []string{"*"}, AllowMethods: []string{"*"},
		AllowCredentials: true, DangerouslyAllowPublicSuffixes: true,
	}), corsfasthttp.Routing{}, ok)
	for _, request := range []string{
		head("GET", "/", "Origin: https://one.example"), preflight("/", "https://one.example", "Access-Control-Request-Headers: x-first"),
	} {
		ctx := serve(t, h, request)
		want := ctx.Response.Header.String()
		if !strings.Contains(want, "Access-Control-Allow-Origin: https://one.example\r\n") {
			t.Fatalf("the response does not allow the origin:\n%s", want)
		}
		overwrite(&ctx.Request)
		serve(t, h, strings.ReplaceAll(request, "one.example", "two.example"))
		if got := ctx.Response.Header.String(); got != want {
			t.Errorf("the response has changed\nfrom %s\nto   %s", want, got)
		}
	}
}

// TestOriginFuncGetsCopies: an AllowOriginFunc is called for an origin if
// Engine.Decide calls it, and it may keep the Request.
func TestOriginFuncGetsCopies(t *testing.T) {
	var kept []core.Request
	e := core.MustNew(core.Policy{
		AllowOriginFunc:            func(_ context.Context, r core.Request) bool { kept = append(kept, r); return true },
		DangerouslyAllowNullOrigin: true,
	})
	h := mount(e, corsfasthttp.Routing{}, ok)
	calls := 0
	label := strings.Repeat("a", 63)
	labels := label + "." + label + "." + label + "."
	for _, origin := range []string{
		"null", "NULL", "", "*", "https://", "https://a.example", "http://a.example", "http://a.example:8080",
		"https://a.example:443", "https://a.example:65536", "https://A.example", "https://a.example/", "https://a b.example",
		"https://[::1]:3000", "https://[::01]", "https://192.0.2.1", "https://192.0.2.01", "https://xn--caf-dma.example",
		"https://caf\u00e9.example", "https://a_b.example", "capacitor://localhost", "chrome-extension://abcdefgh", "file://", "1a://b",
		"https://" + labels + label[:61] + ":65535", "https://" + labels + label + ":65535", "https://" + label + "a.example",
		strings.Repeat("s", 64) + "://" + label, strings.Repeat("s", 65) + "://" + label, strings.Repeat("s", 300) + "://" + label,
	} {
		kept = nil
		facts := core.Request{Method: "GET", Host: "host.example", Path: "/p", Origin: []string{origin}}
		want := e.Decide(t.Context(), facts).Allowed
		wantCalls := len(kept)
		kept = nil

		ctx := serve(t, h, head("GET", "/p", "Origin: "+origin))
		if got := lines(ctx, "Access-Control-Allow-Origin") != nil; got != want || len(kept) != wantCalls {
			t.Errorf("%q: allowed %v after %d calls, want %v after %d", origin, got, len(kept), want, wantCalls)
		}
		overwrite(&ctx.Request)
		for _, r := range kept {
			calls++
			if r.Method != "GET" || r.Host != facts.Host || r.Path != facts.Path || len(r.Origin) != 1 || r.Origin[0] != origin {
				t.Errorf("%q: the Request that the function kept has changed to %+v", origin, r)
			}
		}
	}
	if calls < 10 {
		t.Errorf("the function was called for %d origins, want at least 10", calls)
	}
}

// TestOriginFuncGetsContext: an AllowOriginFunc gets the context of the request.
func TestOriginFuncGetsContext(t *testing.T) {
	type key struct{}
	var got any
	e := core.MustNew(core.Policy{AllowOriginFunc: func(ctx context.Context, _ core.Request) bool {
		got = ctx.Value(key{})
		return true
	}})
	ctx := new(fasthttp.RequestCtx)
	read(t, &ctx.Request, head("GET", "/", "Origin: "+allowed))
	corsfasthttp.Begin(e, ctx, corsfasthttp.Routing{}, contexter{context.WithValue(t.Context(), key{}, "value")}).End()
	if got != "value" {
		t.Errorf("the context has the value %v, want %q", got, "value")
	}
}

// TestOriginFuncCopiesNoJunk: nothing is copied of a request for which the function is
// not called, no matter how large the request is.
func TestOriginFuncCopiesNoJunk(t *testing.T) {
	e := core.MustNew(core.Policy{AllowOriginFunc: func(context.Context, core.Request) bool { return true }})
	h := mount(e, corsfasthttp.Routing{}, ok)
	huge := strings.Repeat("a", 1<<20)
	asks := []string{"Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: " + huge}
	with := func(origins ...string) string { return head("OPTIONS", "/", append(origins, asks...)...) }
	for name, request := range map[string]string{
		"a huge origin":                       head("GET", "/", "Origin: https://"+huge),
		"a preflight from a huge origin":      with("Origin: https://" + huge),
		"huge headers and no origin":          with(),
		"huge headers and two origins":        with("Origin: https://a.example", "Origin: https://a.example"),
		"huge headers and a malformed origin": with("Origin: https://a.example/"),
	} {
		ctx := serve(t, h, request) // fills the buffers that are reused
		const runs = 20
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			ctx.Response.Reset()
			h(ctx)
		}
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) / runs; n > 1<<14 {
			t.Errorf("%s: %d bytes allocated for each request, want at most %d", name, n, 1<<14)
		}
	}
}

// TestRequestIsForgotten: objects that are kept for later requests do not refer to the
// memory of a request.
func TestRequestIsForgotten(t *testing.T) {
	e := core.MustNew(core.Policy{AllowOrigins: []string{allowed}, AllowHeaders: []string{"*"}, AllowCredentials: true})
	h := mount(e, corsfasthttp.Routing{}, ok)
	names := func() weak.Pointer[byte] {
		const name = "Access-Control-Request-Headers"
		ctx := serve(t, h, preflight("/", allowed, name+": x-"+strings.Repeat("a", 1000)))
		wantOrigin(t, ctx, allowed)
		return weak.Make(&ctx.Request.Header.Peek(name)[0])
	}()
	runtime.GC() // once: twice would empty the pool
	if names.Value() != nil {
		t.Error("the names of headers that the request lists are still reachable")
	}
}
