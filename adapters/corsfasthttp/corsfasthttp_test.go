package corsfasthttp_test

import (
	"bufio"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/adapters/corsfasthttp"
	"github.com/corskit/corskit/core"
)

const (
	allowed  = "https://a.example"
	other    = "https://b.example"
	stranger = "https://evil.test"
)

func engine(t testing.TB, origins ...string) *core.Engine {
	t.Helper()
	e, err := core.New(core.Policy{AllowOrigins: origins, AllowMethods: []string{"PUT"}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// contexter returns the same context for every request of a test.
type contexter struct{ ctx context.Context }

func (c contexter) Context() context.Context { return c.ctx }

// mount returns next with the middleware of an engine in front, as an adapter mounts
// it.
func mount(e *core.Engine, routing corsfasthttp.Routing, next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		x := corsfasthttp.Begin(e, ctx, routing, contexter{context.Background()})
		defer x.End()
		if status := x.Status(); status != 0 {
			ctx.SetStatusCode(status)
			return
		}
		next(ctx)
	}
}

func ok(ctx *fasthttp.RequestCtx) { ctx.SetBodyString("ok") }

// head returns the head of a request to host.example. The fields are lines without
// their ends.
func head(method, target string, fields ...string) string {
	lines := append([]string{method + " " + target + " HTTP/1.1", "Host: host.example"}, fields...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// preflight returns the head of a preflight of PUT.
func preflight(target, origin string, fields ...string) string {
	fields = append([]string{"Origin: " + origin, "Access-Control-Request-Method: PUT"}, fields...)
	return head("OPTIONS", target, fields...)
}

// read reads the head of a request, of any length.
func read(t testing.TB, r *fasthttp.Request, head string) {
	t.Helper()
	if err := r.Read(bufio.NewReaderSize(strings.NewReader(head), len(head)+1)); err != nil {
		t.Fatal(err)
	}
}

// serve returns the context of a request after the handler has run.
func serve(t testing.TB, h fasthttp.RequestHandler, head string) *fasthttp.RequestCtx {
	t.Helper()
	ctx := new(fasthttp.RequestCtx)
	read(t, &ctx.Request, head)
	h(ctx)
	return ctx
}

// lines returns the lines of a header of a response.
func lines(ctx *fasthttp.RequestCtx, name string) []string {
	var lines []string
	for _, line := range ctx.Response.Header.PeekAll(name) {
		lines = append(lines, string(line))
	}
	return lines
}

// wantLines checks the lines of a header. If want is "", the header must be absent.
func wantLines(t *testing.T, ctx *fasthttp.RequestCtx, name, want string) {
	t.Helper()
	var all []string
	if want != "" {
		all = []string{want}
	}
	if got := lines(ctx, name); !slices.Equal(got, all) {
		t.Errorf("%s %s from %q: %s %q, want %q", ctx.Method(), ctx.RequestURI(), ctx.Request.Header.Peek("Origin"), name, got, all)
	}
}

func wantOrigin(t *testing.T, ctx *fasthttp.RequestCtx, want string) {
	t.Helper()
	wantLines(t, ctx, "Access-Control-Allow-Origin", want)
}
