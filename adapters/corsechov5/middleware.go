package corsechov5

import (
	"github.com/labstack/echo/v5"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// Options configures the middleware. The zero Options is the default.
type Options struct {
	// Skip reports whether to pass a request on as if there were no middleware.
	// Nil skips no request. Skip is called concurrently.
	Skip func(*echo.Context) bool

	// Enforce replaces CORS headers that a handler, cache or proxy has written with those
	// of the engine's decision: see [corshttp.Options]. Like KeepVary, it wraps the
	// writer below echo's Response.
	Enforce bool

	// KeepVary restores "Origin" in Vary, just before the headers are sent, if a
	// handler overwrites it. It needs a response writer from which
	// [echo.UnwrapResponse] gets an *echo.Response.
	KeepVary bool
}

// Middleware returns a middleware that answers preflights and adds CORS headers
// to other responses, as the engine decides. If several Options are given, they
// are merged. A nil engine denies every origin. The middleware is safe for
// concurrent use.
//
// It allocates at most once per response, and no two responses share a header
// slice.
func Middleware(engine *core.Engine, opts ...Options) echo.MiddlewareFunc {
	m := &middleware{engine: engine}
	for _, o := range opts {
		if o.Skip != nil {
			m.skips = append(m.skips, o.Skip)
		}
		m.options.Enforce = m.options.Enforce || o.Enforce
		m.options.KeepVary = m.options.KeepVary || o.KeepVary
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error { return m.serve(c, next) }
	}
}

type middleware struct {
	engine  *core.Engine
	skips   []func(*echo.Context) bool
	options corshttp.Options // Enforce and KeepVary
}

func (m *middleware) serve(c *echo.Context, next echo.HandlerFunc) error {
	for _, skip := range m.skips {
		if skip(c) {
			return next(c)
		}
	}
	x := corshttp.Begin(m.engine, c.Response(), c.Request(), m.options)
	switch status := x.Status(); {
	case status != 0:
		return c.NoContent(status)
	case m.options.Enforce || m.options.KeepVary:
		return keeping(c, next, x)
	default:
		return next(c)
	}
}

// keeping runs the handler with a writer, below echo's, that restores the headers of the
// decision before they are sent.
func keeping(c *echo.Context, next echo.HandlerFunc, x corshttp.Exchange) error {
	response, err := echo.UnwrapResponse(c.Response())
	if err != nil {
		wrapped, finish := x.Wrap(c.Response(), c.Request())
		c.SetResponse(wrapped)
		defer finish()
		return next(c)
	}
	wrapped, finish := x.Wrap(response.ResponseWriter, c.Request())
	response.ResponseWriter = wrapped
	defer finish() // also if the handler panics and an outer middleware responds
	return next(c)
}
