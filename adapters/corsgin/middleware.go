package corsgin

import (
	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// Options configures the middleware. The zero Options is the default.
type Options struct {
	// Skip reports whether to pass a request on as if there were no middleware.
	// Nil skips no request. Skip is called concurrently.
	Skip func(*gin.Context) bool

	// Enforce replaces CORS headers that a handler, cache or proxy has written with those
	// of the engine's decision: see [corshttp.Options]. Like KeepVary, it wraps
	// Context.Writer.
	Enforce bool

	// KeepVary restores "Origin" in Vary if a handler overwrites it. It wraps
	// Context.Writer, which takes a few more allocations per response.
	KeepVary bool
}

// Middleware returns a middleware that answers preflights and adds CORS headers
// to other responses, as the engine decides. If several Options are given, they
// are merged. A nil engine denies every origin. The middleware is safe for
// concurrent use.
//
// It allocates at most once per response, and no two responses share a header
// slice.
func Middleware(engine *core.Engine, opts ...Options) gin.HandlerFunc {
	var skips []func(*gin.Context) bool
	var merged corshttp.Options
	for _, o := range opts {
		if o.Skip != nil {
			skips = append(skips, o.Skip)
		}
		merged.Enforce = merged.Enforce || o.Enforce
		merged.KeepVary = merged.KeepVary || o.KeepVary
	}
	return func(c *gin.Context) {
		for _, skip := range skips {
			if skip(c) {
				return
			}
		}
		x := corshttp.Begin(engine, c.Writer, c.Request, merged)
		switch status := x.Status(); {
		case status != 0:
			c.AbortWithStatus(status)
		case merged.Enforce || merged.KeepVary:
			keeping(c, x)
		}
	}
}
