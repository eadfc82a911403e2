// Package corsfasthttp puts a [core.Engine] in front of fasthttp. Adapters for frameworks
// built on fasthttp, such as corsfiber and corsfiberv3, share it. An adapter calls
// [Begin] before the rest of the chain and [Exchange.End] after it:
//
//	x := corsfasthttp.Begin(engine, ctx, routing, c)
//	defer x.End()
//	if status := x.Status(); status != 0 {
//		ctx.SetStatusCode(status)
//		return nil
//	}
//	return c.Next()
//
// [Exchange.End] replaces the CORS headers of the response with those that the innermost
// engine has decided.
//
// # Memory
//
// The engine reads the request in fasthttp's memory and retains none of it.
// fasthttp copies the headers that are written. An AllowOriginFunc gets copies,
// which it may keep. The only other allocation is for a policy that echoes header names
// that the request lists on several lines.
package corsfasthttp
