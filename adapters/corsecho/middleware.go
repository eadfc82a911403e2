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
		m.keepVary = m.keepVary || o.KeepVary
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error { return m.serve(c, next) }
	}
}

type middleware struct {
	engine   *core.Engine
	skips    []func(echo.Context) bool
	keepVary bool
}

func (m *middleware) serve(c echo.Context, next echo.HandlerFunc) error {
	for _, skip := range m.skips {
		if skip(c) {
			return next(c)
		}
	}
	status, vary := corshttp.Apply(m.engine, c.Response().Header(), c.Request())
	if status != 0 {
		return c.NoContent(status)
	}
	if m.keepVary && vary != "" {
		keepVary(c.Response(), vary)
	}
	return next(c)
}

// keepVary restores the names in Vary when the headers are sent.
func keepVary(r *echo.Response, names string) {
	r.Before(func() { corshttp.AddVary(r.Header(), names) })
}
