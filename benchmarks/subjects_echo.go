package benchmarks

import (
	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/core"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// echoMost bounds the list given to echo v4, which compiles a regular
// expression for each entry: some gigabytes for a million.
const echoMost = 100_000

var echoSubjects = []Subject{
	bare(Echo, echoApp),
	ours(Echo, echoApp, func(e *core.Engine) echo.MiddlewareFunc { return corsecho.Middleware(e) }),
	peer("echo-middleware", Echo, echoApp, func(p Policy) (echo.MiddlewareFunc, error) {
		if len(p.Origins) > echoMost {
			return nil, unsupported("compiles a regular expression for each origin")
		}
		return middleware.CORSWithConfig(middleware.CORSConfig{
			AllowOrigins: p.Origins, AllowMethods: withSimple(p.Methods), AllowHeaders: unlessAnyHeader(p), ExposeHeaders: p.Expose,
			AllowCredentials: p.Credentials, MaxAge: p.Seconds(),
		}), nil
	}),
}

// unlessAnyHeader returns the headers for libraries that repeat what a
// preflight asks for if none are listed.
func unlessAnyHeader(p Policy) []string {
	if p.AnyHeader() {
		return nil
	}
	return p.Headers
}

func echoApp(outer []echo.MiddlewareFunc, parts []mounted[echo.MiddlewareFunc], body string) *Server {
	app := echo.New()
	app.Use(outer...)
	for _, p := range parts {
		app.Match([]string{"GET", "PUT", "OPTIONS"}, p.prefix+"items", func(c echo.Context) error {
			if body != "" {
				return c.String(200, body)
			}
			return nil
		}, p.middleware...)
	}
	return &Server{handler: app}
}
