// Package echo5 has programs that use the middleware of echo v5.
package echo5

import (
	"os"
	"strings"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
)

// Literal lists everything in place.
func Literal(e *echo.Echo) {
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins:     []string{"https://app.example"},
		AllowMethods:     []string{"GET", "PUT"},
		AllowHeaders:     []string{"X-Token"},
		ExposeHeaders:    []string{"X-Total"},
		AllowCredentials: true,
		MaxAge:           3600,
	}))
}

// Origins uses the short form, so it allows the library's default methods and all headers.
func Origins(e *echo.Echo) { e.Use(middleware.CORS("https://app.example", "https://admin.example")) }

// Any uses the short form for every origin.
func Any(e *echo.Echo) { e.Use(middleware.CORS("*")) }

// Function decides with a function that returns the origin.
func Function(e *echo.Echo) {
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{
		UnsafeAllowOriginFunc: func(c *echo.Context, origin string) (string, bool, error) {
			if strings.HasSuffix(origin, ".app.example") {
				return origin, true, nil
			}
			return "", false, nil
		},
		AllowMethods: []string{"GET", "PUT"},
		AllowHeaders: []string{"X-Token"},
	}))
}

// Reflecting allows every origin, with credentials.
func Reflecting(e *echo.Echo) {
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{
		UnsafeAllowOriginFunc: func(c *echo.Context, origin string) (string, bool, error) { return origin, true, nil },
		AllowMethods:          []string{"GET", "PUT"},
		AllowHeaders:          []string{"X-Token"},
		AllowCredentials:      true,
	}))
}

// EnvSplit reads a list from the environment.
//
//corpus:env ECHO5_ORIGINS=https://app.example,https://admin.example
func EnvSplit(e *echo.Echo) {
	e.Use(middleware.CORS(strings.Split(os.Getenv("ECHO5_ORIGINS"), ",")...))
}

// NoCache tells browsers not to keep preflights.
func NoCache(e *echo.Echo) {
	mw, err := middleware.CORSConfig{AllowOrigins: []string{"https://app.example"}, MaxAge: -1}.ToMiddleware()
	if err != nil {
		panic(err)
	}
	e.Use(mw)
}
