package corsfasthttp_test

import (
	"context"
	"fmt"
	"log"

	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/adapters/corsfasthttp"
	"github.com/corskit/corskit/core"
)

// background is the Contexter of an application without its own contexts.
type background struct{}

func (background) Context() context.Context { return context.Background() }

// A middleware for plain fasthttp.
func ExampleBegin() {
	engine, err := core.New(core.Policy{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
	})
	if err != nil {
		log.Fatal(err)
	}
	middleware := func(next fasthttp.RequestHandler) fasthttp.RequestHandler {
		return func(ctx *fasthttp.RequestCtx) {
			x := corsfasthttp.Begin(engine, ctx, corsfasthttp.Routing{}, background{})
			defer x.End()
			if status := x.Status(); status != 0 {
				ctx.SetStatusCode(status)
				return
			}
			next(ctx)
		}
	}
	handler := middleware(func(ctx *fasthttp.RequestCtx) { ctx.NotModified() }) // resets the response

	for _, method := range []string{"OPTIONS", "PUT"} {
		var ctx fasthttp.RequestCtx
		ctx.Request.Header.SetMethod(method)
		ctx.Request.Header.Set("Origin", "https://app.example.com")
		if method == "OPTIONS" {
			ctx.Request.Header.Set("Access-Control-Request-Method", "PUT")
		}
		handler(&ctx)
		h := &ctx.Response.Header
		fmt.Printf("%s: %d %s %s\n", method, h.StatusCode(), h.Peek("Access-Control-Allow-Origin"), h.Peek("Access-Control-Allow-Methods"))
	}
	// Output:
	// OPTIONS: 204 https://app.example.com PUT
	// PUT: 304 https://app.example.com
}
