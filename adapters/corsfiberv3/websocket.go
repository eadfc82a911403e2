package corsfiberv3

import (
	"github.com/gofiber/fiber/v3"

	"github.com/corskit/corskit/adapters/corsfasthttp"
	"github.com/corskit/corskit/core"
)

// CheckOrigin returns a function that reports whether a WebSocket handshake may
// proceed. The Next of fiber's contributed websocket package must be its opposite, because
// that package skips the handshakes for which Next returns true:
//
//	check := corsfiberv3.CheckOrigin(engine)
//	refused := func(c fiber.Ctx) bool { return !check(c) }
//	app.Get("/ws", websocket.New(serve, websocket.Config{Next: refused}))
//
// Browsers do not apply CORS to WebSocket handshakes and always send cookies with
// them, so the server must check the origin. The function returns the result of
// [core.Engine.AllowsHandshake].
//
// Pages of the server's own origin need not be listed, unless a proxy in front of the
// server changes Host. In that case, let the proxy pass on Host, or list the origin in
// AllowOrigins.
func CheckOrigin(engine *core.Engine) func(fiber.Ctx) bool {
	m := newMiddleware(engine, nil)
	return func(c fiber.Ctx) bool {
		return corsfasthttp.AllowsHandshake(engine, c.RequestCtx(), m.routing(c), c)
	}
}

// Request returns all facts that the engine may use, for [core.Engine.Explain]. The
// caller may keep them.
func Request(c fiber.Ctx) core.Request {
	return corsfasthttp.Request(c.RequestCtx(), newMiddleware(nil, nil).routing(c))
}
