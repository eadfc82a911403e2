package peers

import (
	"slices"
	"strings"

	gincors "github.com/gin-contrib/cors"
	fibercors "github.com/gofiber/fiber/v2/middleware/cors"
	fiberv3cors "github.com/gofiber/fiber/v3/middleware/cors"
	echocors "github.com/labstack/echo/v4/middleware"
	"github.com/labstack/echo/v5"
	echov5cors "github.com/labstack/echo/v5/middleware"

	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/core"
)

// Gin is gin-contrib/cors.
func Gin() Peer {
	return Peer{"gin-contrib/cors", "github.com/gin-contrib/cors", hosts.Gin(),
		func(p core.Policy, _ func(string) bool) (Middleware, error) {
			config := gincors.Config{
				AllowOrigins:        p.AllowOrigins,
				AllowMethods:        withSafelisted(p.AllowMethods),
				AllowHeaders:        p.AllowHeaders,
				ExposeHeaders:       p.ExposeHeaders,
				AllowCredentials:    p.AllowCredentials,
				AllowPrivateNetwork: p.AllowPrivateNetwork,
				MaxAge:              p.MaxAge,
				AllowWildcard:       true,
				CustomSchemas:       customSchemes(p.AllowOrigins),
			}
			if slices.Equal(p.AllowOrigins, []string{"*"}) {
				config.AllowOrigins, config.AllowAllOrigins = nil, true
			}
			return native(gincors.New(config)), nil
		}}
}

// Echo is echo v4's own middleware.
func Echo() Peer {
	return Peer{"echo v4", "github.com/labstack/echo/v4", hosts.Echo(), func(p core.Policy, _ func(string) bool) (Middleware, error) {
		return native(echocors.CORSWithConfig(echocors.CORSConfig{
			AllowOrigins:     p.AllowOrigins,
			AllowMethods:     withSafelisted(p.AllowMethods),
			AllowHeaders:     headersUnlessEchoed(p),
			ExposeHeaders:    p.ExposeHeaders,
			AllowCredentials: p.AllowCredentials,
			MaxAge:           seconds(p.MaxAge),
		})), nil
	}}
}

// EchoV5 is echo v5's own middleware.
func EchoV5() Peer {
	return Peer{"echo v5", "github.com/labstack/echo/v5", hosts.EchoV5(), func(p core.Policy, match func(string) bool) (Middleware, error) {
		config := echov5cors.CORSConfig{
			AllowOrigins:     p.AllowOrigins,
			AllowMethods:     withSafelisted(p.AllowMethods),
			AllowHeaders:     headersUnlessEchoed(p),
			ExposeHeaders:    p.ExposeHeaders,
			AllowCredentials: p.AllowCredentials,
			MaxAge:           seconds(p.MaxAge),
		}
		if match != nil {
			config.AllowOrigins = nil
			config.UnsafeAllowOriginFunc = func(_ *echo.Context, origin string) (string, bool, error) {
				return origin, match(origin), nil
			}
		}
		m, err := config.ToMiddleware()
		return native(m), err
	}}
}

// Fiber is fiber v2's own middleware.
func Fiber() Peer {
	return Peer{"fiber v2", "github.com/gofiber/fiber/v2", hosts.Fiber(), func(p core.Policy, _ func(string) bool) (Middleware, error) {
		list := func(values []string) string { return strings.Join(values, ",") }
		return native(fibercors.New(fibercors.Config{
			AllowOrigins:     list(p.AllowOrigins),
			AllowMethods:     list(withSafelisted(p.AllowMethods)),
			AllowHeaders:     list(headersUnlessEchoed(p)),
			ExposeHeaders:    list(p.ExposeHeaders),
			AllowCredentials: p.AllowCredentials,
			MaxAge:           seconds(p.MaxAge),
		})), nil
	}}
}

// FiberV3 is fiber v3's own middleware.
func FiberV3() Peer {
	return Peer{"fiber v3", "github.com/gofiber/fiber/v3", hosts.FiberV3(), func(p core.Policy, _ func(string) bool) (Middleware, error) {
		return native(fiberv3cors.New(fiberv3cors.Config{
			AllowOrigins:        p.AllowOrigins,
			AllowMethods:        withSafelisted(p.AllowMethods),
			AllowHeaders:        headersUnlessEchoed(p),
			ExposeHeaders:       p.ExposeHeaders,
			AllowCredentials:    p.AllowCredentials,
			AllowPrivateNetwork: p.AllowPrivateNetwork,
			MaxAge:              seconds(p.MaxAge),
		})), nil
	}}
}
