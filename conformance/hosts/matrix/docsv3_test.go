package matrix

import (
	"github.com/gofiber/contrib/v3/websocket"
	"github.com/gofiber/fiber/v3"

	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/core"
)

var _ = func(app *fiber.App, pages, everyone *core.Engine, jwt, me, about fiber.Handler) {
	api := app.Group("/api", corsfiberv3.Middleware(pages), jwt) // CORS first
	api.Get("/me", me)
	public := app.Group("/public", corsfiberv3.Middleware(everyone))
	public.Get("/about", about)
}

// docsFiberV3WebSocket is an application with a WebSocket, as docs/frameworks.md builds it.
func docsFiberV3WebSocket(engine *core.Engine, serve func(*websocket.Conn)) *fiber.App {
	app := fiber.New()
	check := corsfiberv3.CheckOrigin(engine)
	refused := func(c fiber.Ctx) bool { return !check(c) }
	app.Get("/ws", websocket.New(serve, websocket.Config{Next: refused}))
	return app
}
