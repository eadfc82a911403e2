package corsfiber

import (
	"github.com/gofiber/fiber/v2"

	"github.com/corskit/corskit/adapters/corsfasthttp"
	"github.com/corskit/corskit/core"
)

// ErrorHandler returns an error handler for fiber.Config. It adds CORS headers, as
// the engine decides, to the answers to requests that no middleware has seen, and
// then calls next. A nil next means [fiber.DefaultErrorHandler].
//
//	app := fiber.New(fiber.Config{ErrorHandler: corsfiber.ErrorHandler(engine, nil)})
//
// fasthttp gives up on a request before any middleware runs if the body exceeds
// BodyLimit (413) or does not arrive in time (408). Without the headers, the
// script sees only a network error. If the header section is malformed or too
// large (400, 431), the origin is unknown, and ErrorHandler adds nothing. It also
// adds nothing to other errors, because [Middleware] has already written the
// headers.
func ErrorHandler(engine *core.Engine, next fiber.ErrorHandler, opts ...Options) fiber.ErrorHandler {
	m := newMiddleware(engine, opts)
	if next == nil {
		next = fiber.DefaultErrorHandler
	}
	return func(c *fiber.Ctx, err error) error {
		// If no route has matched, the route has no handlers.
		if len(c.Route().Handlers) == 0 && !m.skipped(c) {
			corsfasthttp.Begin(engine, c.Context(), m.routing(c), userContext{c}).End()
		}
		return next(c, err)
	}
}
