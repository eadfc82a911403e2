// Package corsfasthttp puts a [core.Engine] in front of fasthttp. It holds what
// adapters of frameworks built on fasthttp have in common; corsfiber and
// corsfiberv3 are such adapters. An adapter brackets the rest of the chain with
// [Begin] and [Exchange.End]:
//
//	x := corsfasthttp.Begin(engine, ctx, routing, c)
//	defer x.End()
//	if status := x.Status(); status != 0 {
//		ctx.SetStatusCode(status)
//		return nil
//	}
//	return c.Next()
//
// # Memory
//
// The engine reads views of the request and keeps none of them. fasthttp copies
// the headers that are written. Only an AllowOriginFunc gets copies, which it may
// keep. Nothing else allocates, unless header names to be echoed come in several
// lines.
package corsfasthttp
