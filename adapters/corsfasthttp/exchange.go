package corsfasthttp

import (
	"context"
	"sync"

	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/core"
)

// Contexter returns the context of a request, which is passed to an AllowOriginFunc.
type Contexter interface{ Context() context.Context }

// Exchange is one request and its response, from the call of [Begin] to that of
// [Exchange.End].
type Exchange struct {
	source  source
	outcome core.Outcome
}

var exchanges = sync.Pool{New: func() any { return new(Exchange) }}

// Begin decides a request and writes the headers of the decision into its
// response. They replace what another engine's middleware has written, so that
// the innermost one decides. The caller must call [Exchange.End] once the handler
// has returned or panicked, and must not use the Exchange afterwards. A nil engine
// denies every origin.
func Begin(engine *core.Engine, ctx *fasthttp.RequestCtx, routing Routing, c Contexter) *Exchange {
	x := exchanges.Get().(*Exchange)
	x.source.ctx, x.source.routing, x.source.contexter = ctx, routing, c
	engine.Resolve(&x.source, &x.outcome)
	write(&ctx.Response.Header, &x.outcome)
	x.decide()
	return x
}

// Status returns 0 if the handler must run. Otherwise the adapter must answer with
// the returned status and an empty body instead.
func (x *Exchange) Status() int { return x.outcome.Status() }

// End restores the headers that the rest of the chain has lost. fasthttp resets
// the response when it answers 304 or an error itself, as it does for static
// files; handlers overwrite Vary; and proxies replace the response with an
// upstream's.
func (x *Exchange) End() {
	if x.source.ctx == nil {
		return // ended before: two requests must not get the same Exchange
	}
	if x.outcome.Status() == 0 {
		x.restore()
	}
	x.outcome = core.Outcome{}
	x.source.free()
	exchanges.Put(x)
}

// Request returns all facts that the engine may look at, for
// [core.Engine.Explain]. The caller may keep them.
func Request(ctx *fasthttp.RequestCtx, routing Routing) core.Request {
	return core.NewRequest(&source{ctx: ctx, routing: routing})
}

// AllowsHandshake reports what [core.Engine.AllowsHandshake] does for the request.
func AllowsHandshake(engine *core.Engine, ctx *fasthttp.RequestCtx, routing Routing, c Contexter) bool {
	x := exchanges.Get().(*Exchange)
	defer exchanges.Put(x)
	defer x.source.free()
	x.source.ctx, x.source.routing, x.source.contexter = ctx, routing, c
	return engine.AllowsHandshake(&x.source)
}

func (x *Exchange) restore() {
	o, ctx := &x.outcome, x.source.ctx
	if o.Vary() == "" && o.Len() == 0 {
		return
	}
	if ctx.LastTimeoutErrorResponse() != nil {
		return // the handler has timed out and may still be writing
	}
	h := &ctx.Response.Header
	origin, vary := present(h, o.Vary())
	switch {
	case o.Len() > 0 && !origin && !denied(ctx):
		dropSpelled(h) // an upstream's; with the policy's origin, they would take effect
		write(h, o)
	case !vary && !covers(h.PeekAll(fasthttp.HeaderVary), o.Vary()):
		h.Add(fasthttp.HeaderVary, o.Vary())
	}
}

type deniedKey struct{}

// decide tells outer middlewares whether this engine, the innermost so far, denies
// the origin. Otherwise they would restore the headers that are missing on purpose.
// They cannot tell from the response, since an upstream's may look the same. An
// outcome without headers decides nothing.
func (x *Exchange) decide() {
	ctx := x.source.ctx
	switch {
	case x.outcome.Len() == 0 && x.outcome.Vary() != "":
		ctx.SetUserValue(deniedKey{}, true)
	case x.outcome.Len() > 0 && denied(ctx):
		ctx.SetUserValue(deniedKey{}, false)
	}
}

// denied reports whether the innermost engine that has decided denies the origin.
func denied(ctx *fasthttp.RequestCtx) bool { return ctx.UserValue(deniedKey{}) == true }

// StripUpstream removes the CORS headers of an upstream's response, however their
// names are spelled. [Exchange.End] then writes those of the middleware. Call
// StripUpstream after a proxy has replaced the response with the upstream's. The
// upstream's Vary stays.
func StripUpstream(ctx *fasthttp.RequestCtx) { dropSpelled(&ctx.Response.Header) }
