// Package echo4 has programs that use the middleware of echo v4.
package echo4

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/spf13/viper"

	"github.com/corskit/corskit/migrate/corpus/settings"
)

// Literal lists everything in place.
func Literal(e *echo.Echo) {
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins:     []string{"https://app.example", "https://*.preview.example"},
		AllowMethods:     []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete},
		AllowHeaders:     []string{echo.HeaderOrigin, echo.HeaderContentType, echo.HeaderAccept, echo.HeaderAuthorization},
		ExposeHeaders:    []string{"X-Total"},
		AllowCredentials: true,
		MaxAge:           3600,
	}))
}

// ByDefault uses the library's default.
func ByDefault(e *echo.Echo) { e.Use(middleware.CORS()) }

// DefaultConfig changes the library's default.
func DefaultConfig(e *echo.Echo) {
	config := middleware.DefaultCORSConfig
	config.AllowOrigins = []string{"https://app.example"}
	config.AllowHeaders = []string{"Content-Type"}
	e.Use(middleware.CORSWithConfig(config))
}

// Origins lists only origins, so it allows the library's default methods and all headers.
func Origins(e *echo.Echo) {
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{AllowOrigins: settings.Defaults}))
}

// Empty has no options.
func Empty(e *echo.Echo) { e.Use(middleware.CORSWithConfig(middleware.CORSConfig{})) }

// AnyWithCredentials allows every origin with credentials, which browsers refuse.
func AnyWithCredentials(e *echo.Echo) {
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins: []string{"*"}, AllowMethods: []string{"GET", "PUT"}, AllowHeaders: []string{"X-Token"}, AllowCredentials: true,
	}))
}

// UnsafeAny allows every origin with credentials, and browsers accept it.
func UnsafeAny(e *echo.Echo) {
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins: []string{"*"}, AllowMethods: []string{"GET", "PUT"}, AllowHeaders: []string{"X-Token"}, AllowCredentials: true,
		UnsafeWildcardOriginWithAllowCredentials: true,
	}))
}

// Function compares with one origin after the other.
func Function(e *echo.Echo) {
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOriginFunc: func(origin string) (bool, error) {
			return origin == "https://app.example" || origin == "https://admin.example", nil
		},
		AllowMethods: []string{"GET", "PUT"},
		AllowHeaders: []string{"X-Token"},
	}))
}

// Expression matches an expression.
func Expression(e *echo.Echo) {
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOriginFunc: func(origin string) (bool, error) {
			return regexp.MatchString(`^https:\/\/[a-z]+\.app\.example$`, origin)
		},
		AllowMethods: []string{"GET", "PUT"},
		AllowHeaders: []string{"X-Token"},
	}))
}

// Precedence has a list and a function. The function takes precedence.
func Precedence(e *echo.Echo) {
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins:    []string{"https://admin.example"},
		AllowOriginFunc: func(origin string) (bool, error) { return origin == "https://app.example", nil },
		AllowMethods:    []string{"GET", "PUT"},
		AllowHeaders:    []string{"X-Token"},
	}))
}

// EnvSplit reads a list from the environment.
//
//corpus:env ECHO_ORIGINS=https://app.example,https://admin.example
func EnvSplit(e *echo.Echo) {
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins: strings.Split(os.Getenv("ECHO_ORIGINS"), ","),
		AllowMethods: []string{"GET", "PUT"},
		AllowHeaders: []string{"X-Token"},
	}))
}

// Viper reads a list from viper.
func Viper(e *echo.Echo) {
	viper.SetDefault("echo4.origins", []string{"https://app.example"})
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins: viper.GetStringSlice("echo4.origins"),
		AllowMethods: []string{"GET", "PUT"},
		AllowHeaders: []string{"X-Token"},
	}))
}

// Nanoseconds has a maximum age in nanoseconds.
func Nanoseconds(e *echo.Echo) {
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins: []string{"https://app.example"},
		AllowMethods: []string{"GET", "PUT"},
		AllowHeaders: []string{"X-Token"},
		MaxAge:       int(4 * time.Hour),
	}))
}

// Wildcards has wildcards that the library supports and corskit does not.
func Wildcards(e *echo.Echo) {
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins: []string{"https://node?.app.example", "http://localhost:*"},
		AllowMethods: []string{"GET", "PUT"},
		AllowHeaders: []string{"X-Token"},
	}))
}

// Skipped skips the middleware for one path.
func Skipped(e *echo.Echo) {
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{
		Skipper:      func(c echo.Context) bool { return c.Path() == "/create" },
		AllowOrigins: []string{"https://app.example"},
		AllowMethods: []string{"GET", "PUT"},
		AllowHeaders: []string{"X-Token"},
	}))
}
