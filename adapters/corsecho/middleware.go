package corsecho

import (
	"github.com/labstack/echo/v4"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// Options configures the middleware. The zero Options is the default.
type Options struct {
	// Skip reports whether to pass a request on as if there were no middleware.
	// Nil skips no request. Skip is called concurrently.
	Skip func(echo.Context) bool

	// Enforce replaces CORS headers that a handler, cache or proxy has written with those
	// of the engine's decision: see [corshttp.Options]. Like KeepVary, it wraps the
	// Writer of the Response.
	Enforce bool

	// KeepVary restores "Origin" in Vary, just before the headers are sent, if a
	// handler overwrites it.
	KeepVary bool
}

// Middleware returns a middleware that answers preflights and adds CORS headers
// to other responses, as the engine decides. If several Options are given, they
// are merged. A nil engine denies every origin. The middleware is safe for
// concurrent use.
//
// It allocates at most once per response, in addition to the handler that echo v4
// has every middleware build for each request. No two responses share a header
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
		return func(c echo.Context) error { return m.serve(c, next) }
	}
}

type middleware struct {
	engine  *core.Engine
	skips   []func(echo.Context) bool
	options corshttp.Options // Enforce and KeepVary
}

func (m *middleware) serve(c echo.Context, next echo.HandlerFunc) error {
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
func keeping(c echo.Context, next echo.HandlerFunc, x corshttp.Exchange) error {
	response := c.Response()
	wrapped, finish := x.Wrap(response.Writer, c.Request())
	response.Writer = wrapped
	defer finish() // also if the handler panics and an outer middleware responds
	return next(c)
}
