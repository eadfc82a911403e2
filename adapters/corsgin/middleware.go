package corsgin

import (
	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// Options are what a middleware may be told beyond its engine. The zero Options
// are the default.
type Options struct {
	// Skip, if it returns true, passes a request on as if the middleware were
	// not there. Nil skips none. It is called concurrently.
	Skip func(*gin.Context) bool

	// KeepVary puts "Origin" back into Vary when a handler has overwritten it.
	// Handlers then see another gin.ResponseWriter as Context.Writer, and a
	// response costs a few more allocations.
	KeepVary bool
}

// Middleware returns a middleware that answers preflights and adds CORS headers
// to other responses, as the engine decides. Several Options add up. A nil
// engine denies every origin. The middleware is safe for concurrent use.
//
// It allocates at most once a response, and shares no header slice between
// responses.
func Middleware(engine *core.Engine, opts ...Options) gin.HandlerFunc {
	var skips []func(*gin.Context) bool
	keepVary := false
	for _, o := range opts {
		if o.Skip != nil {
			skips = append(skips, o.Skip)
		}
		keepVary = keepVary || o.KeepVary
	}
	return func(c *gin.Context) {
		for _, skip := range skips {
			if skip(c) {
				return
			}
		}
		status, vary := corshttp.Apply(engine, c.Writer.Header(), c.Request)
		switch {
		case status != 0:
			c.AbortWithStatus(status)
		case keepVary && vary != "":
			keepingVary(c, vary)
		}
	}
}
