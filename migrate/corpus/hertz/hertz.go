//go:build !race

// Package hertz has programs that use hertz-contrib/cors.
package hertz

import (
	"os"
	"strings"
	"time"

	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/hertz-contrib/cors"

	"github.com/corskit/corskit/migrate/corpus/settings"
)

// Literal lists everything in place.
func Literal(h *server.Hertz) {
	h.Use(cors.New(cors.Config{
		AllowOrigins:     []string{"https://app.example"},
		AllowMethods:     []string{"PUT", "PATCH"},
		AllowHeaders:     []string{"Origin", "Content-Type"},
		ExposeHeaders:    []string{"X-Total"},
		AllowCredentials: true,
		MaxAge:           12 * time.Hour,
	}))
}

// ByDefault uses the library's default.
func ByDefault(h *server.Hertz) { h.Use(cors.Default()) }

// DefaultConfig changes the library's default.
func DefaultConfig(h *server.Hertz) {
	config := cors.DefaultConfig()
	config.AllowOrigins = settings.Defaults
	config.AddAllowHeaders("Authorization")
	h.Use(cors.New(config))
}

// Function compares with one origin.
func Function(h *server.Hertz) {
	h.Use(cors.New(cors.Config{
		AllowMethods:     []string{"PUT"},
		AllowOriginFunc:  func(origin string) bool { return origin == "https://app.example" },
		AllowCredentials: true,
	}))
}

// Any allows every origin, with credentials, which browsers refuse.
func Any(h *server.Hertz) {
	h.Use(cors.New(cors.Config{AllowAllOrigins: true, AllowMethods: []string{"PUT"}, AllowCredentials: true}))
}

// Wildcard has a wildcard with the switch for it.
func Wildcard(h *server.Hertz) {
	h.Use(cors.New(cors.Config{AllowOrigins: []string{"https://*.app.example"}, AllowWildcard: true, AllowMethods: []string{"PUT"}}))
}

// InertWildcard has a wildcard without AllowWildcard.
func InertWildcard(h *server.Hertz) {
	h.Use(cors.New(cors.Config{AllowOrigins: []string{"https://*.app.example", "https://app.example"}, AllowMethods: []string{"PUT"}}))
}

// EnvSplit reads a list from the environment.
//
//corpus:env HERTZ_ORIGINS=https://app.example,https://admin.example
func EnvSplit(h *server.Hertz) {
	h.Use(cors.New(cors.Config{AllowOrigins: strings.Split(os.Getenv("HERTZ_ORIGINS"), ","), AllowMethods: []string{"PUT"}}))
}
