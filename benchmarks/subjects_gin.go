package benchmarks

import (
	"io"

	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/core"
	cors "github.com/gin-contrib/cors"
	"github.com/gin-gonic/gin"
)

var ginSubjects = []Subject{
	bare(Gin, ginApp),
	ours(Gin, ginApp, func(e *core.Engine) gin.HandlerFunc { return corsgin.Middleware(e) }),
	peer("gin-contrib-cors", Gin, ginApp, func(p Policy) (gin.HandlerFunc, error) {
		if p.AnyHeader() && p.Credentials {
			return nil, unsupported("answers * together with credentials, which browsers refuse")
		}
		return cors.New(cors.Config{
			AllowAllOrigins: p.Any(), AllowOrigins: unlessAny(p), AllowWildcard: hasWildcard(p), AllowMethods: withSimple(p.Methods), AllowHeaders: p.Headers,
			ExposeHeaders: p.Expose, AllowCredentials: p.Credentials, MaxAge: p.MaxAge,
		}), nil
	}),
}

func unlessAny(p Policy) []string {
	if p.Any() {
		return nil
	}
	return p.Origins
}

func ginApp(outer []gin.HandlerFunc, parts []mounted[gin.HandlerFunc], body string) *Server {
	gin.SetMode(gin.ReleaseMode)
	app := gin.New()
	app.Use(outer...)
	for _, p := range parts {
		group := app.Group(p.prefix, p.middleware...)
		group.Match([]string{"GET", "PUT", "OPTIONS"}, "items", func(c *gin.Context) {
			if body != "" {
				io.WriteString(c.Writer, body)
			}
		})
	}
	return &Server{handler: app}
}
