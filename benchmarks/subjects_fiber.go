package benchmarks

import (
	"strings"

	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/core"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/cors"
)

var fiberSubjects = []Subject{
	bare(Fiber, fiberApp),
	ours(Fiber, fiberApp, func(e *core.Engine) fiber.Handler { return corsfiber.Middleware(e) }),
	peer("fiber-middleware", Fiber, fiberApp, func(p Policy) (fiber.Handler, error) {
		list := func(values []string) string { return strings.Join(values, ",") }
		return cors.New(cors.Config{
			AllowOrigins: list(p.Origins), AllowMethods: list(withSimple(p.Methods)), AllowHeaders: list(unlessAnyHeader(p)), ExposeHeaders: list(p.Expose),
			AllowCredentials: p.Credentials, MaxAge: p.Seconds(),
		}), nil
	}),
}

func fiberApp(outer []fiber.Handler, parts []mounted[fiber.Handler], body string) *Server {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	for _, m := range outer {
		app.Use(m)
	}
	endpoint := func(c *fiber.Ctx) error {
		if body != "" {
			return c.SendString(body)
		}
		return nil
	}
	for _, p := range parts {
		for _, method := range []string{"GET", "PUT", "OPTIONS"} {
			app.Add(method, p.prefix+"items", append(p.middleware[:len(p.middleware):len(p.middleware)], endpoint)...)
		}
	}
	return &Server{fast: app.Handler()}
}
