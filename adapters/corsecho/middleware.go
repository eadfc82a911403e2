package corsecho

import (
	"github.com/labstack/echo/v4"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// Options are what a middleware may be told beyond its engine. The zero Options
// are the default.
type Options struct {
	// Skip, if it returns true, passes a request on as if the middleware were
	// not there. Nil skips none. It is called concurrently.
	Skip func(echo.Context) bool

	// KeepVary puts "Origin" back into Vary when a handler has overwritten it,
	// just before the headers go out.
	KeepVary bool
}

// Middleware returns a middleware that answers preflights and adds CORS headers
// to other responses, as the engine decides. Several Options add up. A nil
// engine denies every origin. The middleware is safe for concurrent use.
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

// keepVary puts names back into Vary when the headers go out.
func keepVary(r *echo.Response, names string) {
	r.Before(func() { corshttp.AddVary(r.Header(), names) })
}
