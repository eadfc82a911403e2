package benchmarks

import (
	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/core"
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/cors"
)

var fiberV3Subjects = []Subject{
	bare(FiberV3, fiberV3App),
	ours(FiberV3, fiberV3App, func(e *core.Engine) fiber.Handler { return corsfiberv3.Middleware(e) }),
	peer("fiber-middleware", FiberV3, fiberV3App, func(p Policy) (fiber.Handler, error) {
		return cors.New(cors.Config{
			AllowOrigins: p.Origins, AllowMethods: withSimple(p.Methods), AllowHeaders: unlessAnyHeader(p), ExposeHeaders: p.Expose,
			AllowCredentials: p.Credentials, MaxAge: p.Seconds(),
		}), nil
	}),
}

func fiberV3App(outer []fiber.Handler, parts []mounted[fiber.Handler], body string) *Server {
	app := fiber.New()
	for _, m := range outer {
		app.Use(m)
	}
	endpoint := func(c fiber.Ctx) error {
		if body != "" {
			return c.SendString(body)
		}
		return nil
	}
	for _, p := range parts {
		if len(p.middleware) == 0 {
			app.Add([]string{"GET", "PUT", "OPTIONS"}, p.prefix+"items", endpoint)
		} else {
			app.Add([]string{"GET", "PUT", "OPTIONS"}, p.prefix+"items", p.middleware[0], endpoint)
		}
	}
	return &Server{fast: app.Handler()}
}
