// Package fiber3 has programs that use the middleware of fiber v3.
package fiber3

import (
	"os"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/cors"

	"github.com/corskit/corskit/migrate/corpus/settings"
)

// Literal lists everything in place.
func Literal(app *fiber.App) {
	app.Use(cors.New(cors.Config{
		AllowOrigins:     []string{"https://app.example", "https://*.preview.example"},
		AllowMethods:     []string{"GET", "HEAD", "POST", "PUT"},
		AllowHeaders:     []string{"Authorization", "Content-Type"},
		ExposeHeaders:    []string{"X-Total"},
		AllowCredentials: true,
		MaxAge:           3600,
	}))
}

// ByDefault uses the library's default.
func ByDefault(app *fiber.App) { app.Use(cors.New()) }

// Origins lists only origins, so it allows the library's default methods and all headers.
func Origins(app *fiber.App) { app.Use(cors.New(cors.Config{AllowOrigins: settings.Defaults})) }

// DefaultConfig changes the library's default.
func DefaultConfig(app *fiber.App) {
	config := cors.ConfigDefault
	config.AllowOrigins = []string{"https://app.example"}
	config.AllowPrivateNetwork = true
	app.Use(cors.New(config))
}

// EnvSplit reads a list from the environment.
//
//corpus:env FIBER3_ORIGINS=https://app.example,https://admin.example
func EnvSplit(app *fiber.App) {
	app.Use(cors.New(cors.Config{AllowOrigins: strings.Split(os.Getenv("FIBER3_ORIGINS"), ","), AllowHeaders: []string{"X-Token"}}))
}

// Function looks an origin up in a list.
func Function(app *fiber.App) {
	app.Use(cors.New(cors.Config{
		AllowOriginsFunc: func(origin string) bool { return slices.Contains(settings.Defaults, origin) },
		AllowHeaders:     []string{"X-Token"},
		AllowCredentials: true,
	}))
}

// True allows every origin, with credentials.
func True(app *fiber.App) {
	app.Use(cors.New(cors.Config{
		AllowOriginsFunc: func(string) bool { return true },
		AllowHeaders:     []string{"X-Token"},
		AllowCredentials: true,
	}))
}

// AllHeaders allows every header and method, with credentials.
func AllHeaders(app *fiber.App) {
	app.Use(cors.New(cors.Config{
		AllowOrigins:     []string{"https://app.example"},
		AllowMethods:     []string{"*"},
		AllowHeaders:     []string{"*"},
		AllowCredentials: true,
	}))
}
