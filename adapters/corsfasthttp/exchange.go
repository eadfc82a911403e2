package corsfasthttp

import (
	"context"
	"sync"

	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// Contexter returns the context of a request, which is passed to an AllowOriginFunc.
type Contexter interface{ Context() context.Context }

// Exchange is one request and its response, between [Begin] and [Exchange.End].
type Exchange struct {
	source  source
	outcome core.Outcome

	root *Exchange // the outermost exchange of the request, which may be this one
	// last is set in the outermost exchange only. It is the innermost exchange that has
	// decided, which may have ended already. If nil, no engine has decided.
	last  *Exchange
	ended bool
}

var exchanges = sync.Pool{New: func() any { return new(Exchange) }}

// Begin decides a request and writes the headers of the decision into its
// response. They replace the headers that the middleware of another engine has written,
// because the innermost engine decides. The caller must call [Exchange.End] once the handler
// has returned or panicked, and must not use the Exchange afterwards. A nil engine
// denies every origin.
func Begin(engine *core.Engine, ctx *fasthttp.RequestCtx, routing Routing, c Contexter) *Exchange {
	x := exchanges.Get().(*Exchange)
	x.source.ctx, x.source.routing, x.source.contexter = ctx, routing, c
	engine.Resolve(&x.source, &x.outcome)
	write(&ctx.Response.Header, &x.outcome)
	x.enter()
	return x
}

// Status returns 0 if the handler must run. Otherwise the adapter must answer with
// the returned status and an empty body instead.
func (x *Exchange) Status() int { return x.outcome.Status() }

// End replaces the CORS headers of the response with those that the innermost engine
// has decided, one line each, and restores the engine's names in Vary. This is necessary
// because caches and proxies write the headers of another response, in any spelling,
// because fasthttp resets the response when it answers 304 or an error for a static file,
// and because handlers overwrite Vary.
func (x *Exchange) End() {
	ctx := x.source.ctx
	if ctx == nil {
		return // ended before: two requests must not get the same Exchange
	}
	if ctx.LastTimeoutErrorResponse() != nil {
		return // the handler has timed out: it may still write, and begin exchanges
	}
	root := x.root
	if root.source.ctx != ctx {
		x.free()
		return // too late: the outermost exchange has ended, and may serve another request
	}
	x.enforce(&ctx.Response.Header)
	if root == x {
		ctx.RemoveUserValue(corshttp.OuterKey{})
		root.follow(nil)
	}
	x.ended = true
	if root.last != x {
		x.free()
	}
}

// free puts the exchange back into the pool.
func (x *Exchange) free() {
	x.outcome, x.root, x.last, x.ended = core.Outcome{}, nil, nil, false
	x.source.free()
	exchanges.Put(x)
}

// Request returns all facts that the engine may use, for [core.Engine.Explain]. The
// caller may keep them.
func Request(ctx *fasthttp.RequestCtx, routing Routing) core.Request {
	return core.NewRequest(&source{ctx: ctx, routing: routing})
}

// AllowsHandshake returns the result of [core.Engine.AllowsHandshake] for the request.
func AllowsHandshake(engine *core.Engine, ctx *fasthttp.RequestCtx, routing Routing, c Contexter) bool {
	x := exchanges.Get().(*Exchange)
	defer exchanges.Put(x)
	defer x.source.free()
	x.source.ctx, x.source.routing, x.source.contexter = ctx, routing, c
	return engine.AllowsHandshake(&x.source)
}

// enter finds the outermost exchange that x is nested in, and tells it what x has decided.
// The request's context has the outermost exchange. The response's headers cannot show
// it, because anyone may have written them.
func (x *Exchange) enter() {
	ctx := x.source.ctx
	root, nested := ctx.UserValue(corshttp.OuterKey{}).(*Exchange)
	if !nested {
		root = x
		if x.Status() == 0 { // otherwise no handler runs
			ctx.SetUserValue(corshttp.OuterKey{}, x)
		}
	}
	x.root = root
	if decides(&x.outcome) {
		root.follow(x)
	}
}

// follow makes x the exchange whose decision the response must show.
func (root *Exchange) follow(x *Exchange) {
	if last := root.last; last != nil && last.ended {
		last.free()
	}
	root.last = x
}

// decides reports whether an engine has decided. An engine that has no route for the
// request has not.
func decides(o *core.Outcome) bool { return o.Len() > 0 || o.Vary() != "" }

// Decided implements [corshttp.Outer]. A net/http middleware inside this exchange, behind
// fasthttpadaptor, calls it with its decision.
func (x *Exchange) Decided(o core.Outcome) {
	if !decides(&o) {
		return
	}
	inner := exchanges.Get().(*Exchange)
	inner.outcome, inner.ended = o.Clone(), true
	x.follow(inner)
}

// enforce gives the headers the values that the innermost engine has decided.
func (x *Exchange) enforce(h *fasthttp.ResponseHeader) {
	last := x.root.last
	if last == nil || last.Status() != 0 && (last == x || last.outcome.Len() > 0) {
		return // no decision, or an answer to a preflight, which no handler has changed
	}
	o := &last.outcome
	exact, vary := compare(h, o)
	if !exact {
		dropSpelled(h)
		for i := range o.Len() {
			name, value := o.Header(i)
			set(h, name, value)
		}
	}
	switch vary {
	case 0:
		addVary(h, o.Vary())
	case 1:
	default: // a cache has added the line that it stored
		compactVary(h)
	}
	if last != x {
		addVary(h, x.outcome.Vary())
	}
}

// StripUpstream removes the CORS headers of an upstream's response, however their
// names are spelled. [Exchange.End] then writes those of the middleware. Call
// StripUpstream after a proxy has replaced the response with the upstream's. The
// upstream's Vary stays.
func StripUpstream(ctx *fasthttp.RequestCtx) { dropSpelled(&ctx.Response.Header) }
