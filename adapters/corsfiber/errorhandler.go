package corsfiber

import (
	"github.com/gofiber/fiber/v2"

	"github.com/corskit/corskit/core"
)

// ErrorHandler returns an error handler for fiber.Config that adds CORS headers,
// as the engine decides, to the answers to requests that no middleware has seen,
// and leaves the rest to next. A nil next is [fiber.DefaultErrorHandler].
//
//	app := fiber.New(fiber.Config{ErrorHandler: corsfiber.ErrorHandler(engine, nil)})
//
// Such are requests that fasthttp gives up reading: with a body over BodyLimit
// (413), or one that does not arrive in time (408). Without the headers, a
// script is told of a network error instead. Requests whose header section is
// malformed or too large (400, 431) have no origin that could be answered.
// The other errors need no help, since their responses have the headers that
// [Middleware] has written.
func ErrorHandler(engine *core.Engine, next fiber.ErrorHandler, opts ...Options) fiber.ErrorHandler {
	m := newMiddleware(engine, opts)
	if next == nil {
		next = fiber.DefaultErrorHandler
	}
	return func(c *fiber.Ctx, err error) error {
		// Without handlers it stands for no route.
		if len(c.Route().Handlers) == 0 && !m.skipped(c) {
			s := scratches.Get().(*scratch)
			var o core.Outcome
			m.resolve(c, s, &o)
			writeHeaders(&c.Response().Header, &o, o.AllowOrigin())
			s.free()
		}
		return next(c, err)
	}
}
