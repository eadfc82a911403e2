package benchmarks

import (
	"github.com/corskit/corskit/adapters/corsechov5"
	"github.com/corskit/corskit/core"
	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
)

var echoV5Subjects = []Subject{
	bare(EchoV5, echoV5App),
	ours(EchoV5, echoV5App, func(e *core.Engine) echo.MiddlewareFunc { return corsechov5.Middleware(e) }),
	peer("echo-middleware", EchoV5, echoV5App, func(p Policy) (echo.MiddlewareFunc, error) {
		c := middleware.CORSConfig{
			AllowOrigins: p.Origins, AllowMethods: withSimple(p.Methods), AllowHeaders: unlessAnyHeader(p), ExposeHeaders: p.Expose,
			AllowCredentials: p.Credentials, MaxAge: p.Seconds(),
		}
		if hasWildcard(p) {
			match := matchFunc(p.Origins)
			c.AllowOrigins = nil
			c.UnsafeAllowOriginFunc = func(_ *echo.Context, origin string) (string, bool, error) { return origin, match(origin), nil }
		}
		return c.ToMiddleware()
	}),
}

func echoV5App(outer []echo.MiddlewareFunc, parts []mounted[echo.MiddlewareFunc], body string) *Server {
	app := echo.New()
	app.Use(outer...)
	for _, p := range parts {
		app.Match([]string{"GET", "PUT", "OPTIONS"}, p.prefix+"items", func(c *echo.Context) error {
			if body != "" {
				return c.String(200, body)
			}
			return nil
		}, p.middleware...)
	}
	return &Server{handler: app}
}
