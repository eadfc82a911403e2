package corsfiberv3

import (
	"sync/atomic"

	"github.com/gofiber/fiber/v3"

	"github.com/corskit/corskit/adapters/corsfasthttp"
	"github.com/corskit/corskit/core"
)

// Options configures the middleware. The zero Options is the default.
type Options struct {
	// Skip reports whether to pass a request on as if there were no middleware.
	// Nil skips no request. Skip is called concurrently.
	Skip func(fiber.Ctx) bool
}

// Middleware returns a middleware that answers preflights and adds CORS headers
// to other responses, as the engine decides. If several Options are given, they
// are merged. A nil engine denies every origin. The middleware is safe for
// concurrent use.
//
// It allocates nothing, whether Immutable is set or not, unless it calls an
// AllowOriginFunc or echoes header names that the request lists on several lines. It
// retains nothing of a request once the handler has returned.
func Middleware(engine *core.Engine, opts ...Options) fiber.Handler {
	return newMiddleware(engine, opts).serve
}

type middleware struct {
	engine *core.Engine
	skips  []func(fiber.Ctx) bool
	first  atomic.Pointer[application]
}

func newMiddleware(engine *core.Engine, opts []Options) *middleware {
	m := &middleware{engine: engine}
	for _, o := range opts {
		if o.Skip != nil {
			m.skips = append(m.skips, o.Skip)
		}
	}
	return m
}

func (m *middleware) serve(c fiber.Ctx) error {
	if m.skipped(c) {
		return c.Next()
	}
	x := corsfasthttp.Begin(m.engine, c.RequestCtx(), m.routing(c), c)
	defer x.End() // also if the handler panics and an outer middleware responds
	if status := x.Status(); status != 0 {
		c.Status(status)
		return nil
	}
	return c.Next()
}

func (m *middleware) skipped(c fiber.Ctx) bool {
	for _, skip := range m.skips {
		if skip(c) {
			return true
		}
	}
	return false
}

// application is a fiber application and the Routing of its router.
type application struct {
	app     *fiber.App
	routing corsfasthttp.Routing
}

// routing returns how the application that serves the request reads it. It
// remembers this for the first application that the middleware is used in, usually
// the only one.
func (m *middleware) routing(c fiber.Ctx) corsfasthttp.Routing {
	app, first := c.App(), m.first.Load()
	if first != nil && first.app == app {
		return first.routing
	}
	config := app.Config()
	routing := corsfasthttp.Routing{
		PlusIsSpace: config.UnescapePath,
		FoldPath:    !config.CaseSensitive,
		TrimSlash:   !config.StrictRouting,
		RawNames:    config.DisableHeaderNormalizing,
	}
	if first == nil {
		m.first.CompareAndSwap(nil, &application{app, routing})
	}
	return routing
}
