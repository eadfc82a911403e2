// Package fiber2 has programs that use the middleware of fiber v2.
package fiber2

import (
	"os"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/cors"
	"github.com/spf13/viper"

	"github.com/corskit/corskit/migrate/corpus/settings"
)

// Literal lists everything in place.
func Literal(app *fiber.App) {
	app.Use(cors.New(cors.Config{
		AllowOrigins:     "https://app.example, https://admin.example",
		AllowMethods:     "GET,POST,HEAD,PUT,DELETE",
		AllowHeaders:     "Origin, Content-Type, Accept, Authorization",
		ExposeHeaders:    "X-Total",
		AllowCredentials: true,
		MaxAge:           3600,
	}))
}

// ByDefault uses the library's default.
func ByDefault(app *fiber.App) { app.Use(cors.New()) }

// DefaultConfig changes the library's default.
func DefaultConfig(app *fiber.App) {
	config := cors.ConfigDefault
	config.AllowOrigins = "https://app.example"
	app.Use(cors.New(config))
}

// Origins lists only origins, so it allows the library's default methods and all headers.
func Origins(app *fiber.App) { app.Use(cors.New(cors.Config{AllowOrigins: "https://app.example"})) }

// Join joins a list to a text.
func Join(app *fiber.App) {
	app.Use(cors.New(cors.Config{
		AllowOrigins: strings.Join([]string{"https://app.example", "https://admin.example"}, ","),
		AllowMethods: strings.Join([]string{fiber.MethodGet, fiber.MethodPut, fiber.MethodPost}, ", "),
		AllowHeaders: "X-Token",
	}))
}

// JoinVariable joins a list of another package.
func JoinVariable(app *fiber.App) {
	app.Use(cors.New(cors.Config{AllowOrigins: strings.Join(settings.Defaults, ", "), AllowHeaders: "X-Token"}))
}

// Env reads a text from the environment, which means every origin if it is not set.
//
//corpus:env FIBER_ORIGINS=https://app.example,https://admin.example
//corpus:env
func Env(app *fiber.App) {
	app.Use(cors.New(cors.Config{AllowOrigins: os.Getenv("FIBER_ORIGINS"), AllowMethods: "GET,PUT", AllowHeaders: "X-Token"}))
}

// EnvDefault reads a text through a helper.
//
//corpus:env
//corpus:env FIBER_FRONTEND=https://other.example
func EnvDefault(app *fiber.App) {
	app.Use(cors.New(cors.Config{
		AllowOrigins: settings.Get("FIBER_FRONTEND", "https://app.example"), AllowMethods: "GET,PUT", AllowHeaders: "X-Token",
	}))
}

// Viper reads a text from viper.
func Viper(app *fiber.App) {
	viper.SetDefault("fiber.origins", "https://app.example")
	app.Use(cors.New(cors.Config{AllowOrigins: viper.GetString("fiber.origins"), AllowMethods: "GET,PUT", AllowHeaders: "X-Token"}))
}

// Subdomains has a wildcard for subdomains.
func Subdomains(app *fiber.App) {
	app.Use(cors.New(cors.Config{
		AllowOrigins: "https://*.app.example", AllowMethods: "GET,PUT", AllowHeaders: "X-Token", AllowCredentials: true,
	}))
}

// Function decides with a function next to a list.
func Function(app *fiber.App) {
	app.Use(cors.New(cors.Config{
		AllowOrigins:     "https://admin.example",
		AllowOriginsFunc: func(origin string) bool { return origin == "https://app.example" },
		AllowMethods:     "GET,PUT",
		AllowHeaders:     "X-Token",
	}))
}

// Environment allows every origin for development only.
//
//corpus:env FIBER_ENV=development
//corpus:env FIBER_ENV=production
func Environment(app *fiber.App) {
	app.Use(cors.New(cors.Config{
		AllowOriginsFunc: func(origin string) bool { return os.Getenv("FIBER_ENV") == "development" },
		AllowMethods:     "GET,PUT",
		AllowHeaders:     "X-Token",
	}))
}

// Nanoseconds has a maximum age in nanoseconds.
func Nanoseconds(app *fiber.App) {
	app.Use(cors.New(cors.Config{
		AllowOrigins: "https://app.example", AllowMethods: "GET,PUT", AllowHeaders: "X-Token", MaxAge: int(time.Hour),
	}))
}

// Skipped skips the middleware for one path.
func Skipped(app *fiber.App) {
	app.Use(cors.New(cors.Config{
		Next:         func(c *fiber.Ctx) bool { return c.Path() == "/create" },
		AllowOrigins: "https://app.example", AllowMethods: "GET,PUT", AllowHeaders: "X-Token",
	}))
}

// AllMethods allows every method.
func AllMethods(app *fiber.App) {
	app.Use(cors.New(cors.Config{AllowOrigins: "https://app.example", AllowMethods: "*", AllowHeaders: "X-Token"}))
}
