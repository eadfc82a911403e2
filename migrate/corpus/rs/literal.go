// Package rs has programs that use rs/cors.
package rs

import (
	"net/http"
	"time"

	"github.com/rs/cors"

	"github.com/corskit/corskit/migrate/corpus/settings"
)

// Literal lists everything in place.
func Literal(app http.Handler) http.Handler {
	c := cors.New(cors.Options{
		AllowedOrigins:   []string{"https://app.example", "https://*.preview.example"},
		AllowedMethods:   []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete},
		AllowedHeaders:   []string{"Authorization", "Content-Type", "X-Token"},
		ExposedHeaders:   []string{"X-Total"},
		AllowCredentials: true,
		MaxAge:           600,
	})
	return c.Handler(app)
}

// ByDefault uses the library's default.
func ByDefault(app http.Handler) http.Handler { return cors.Default().Handler(app) }

// AllowAll uses the library's most permissive constructor.
func AllowAll(app http.Handler) http.Handler { return cors.AllowAll().Handler(app) }

// Empty has no origins, which means all of them.
func Empty(app http.Handler) http.Handler {
	return cors.New(cors.Options{AllowedMethods: []string{"GET", "PUT", "POST", "HEAD"}}).Handler(app)
}

// EmptyWithCredentials allows every origin, with credentials, which browsers refuse.
func EmptyWithCredentials(app http.Handler) http.Handler {
	return cors.New(cors.Options{AllowCredentials: true}).Handler(app)
}

const (
	staging    = "https://staging." + settings.Domain
	listHeader = "X-" + "Token"
)

// Constants uses constants of this and another package.
func Constants(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: []string{settings.App, settings.Admin, staging},
		AllowedMethods: allMethods,
		AllowedHeaders: []string{listHeader, "content-type"},
		MaxAge:         2 * settings.Hour,
	}).Handler(app)
}

// Variable uses a list of another package.
func Variable(app http.Handler) http.Handler {
	options := cors.Options{AllowedOrigins: settings.Defaults}
	options.AllowCredentials = true
	options.AllowedMethods = append(options.AllowedMethods, "GET", "HEAD", "POST", "PATCH")
	return cors.New(options).Handler(app)
}

// AllHeaders allows every header.
func AllHeaders(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: []string{"https://app.example"},
		AllowedMethods: []string{"HEAD", "GET", "POST", "PUT", "PATCH", "DELETE"},
		AllowedHeaders: []string{"*"},
	}).Handler(app)
}

// AllMethods means all methods, but names one.
func AllMethods(app http.Handler) http.Handler {
	return cors.New(cors.Options{AllowedOrigins: []string{"https://app.example"}, AllowedMethods: []string{"*"}}).Handler(app)
}

// Nanoseconds has a maximum age in nanoseconds, in a field of seconds.
func Nanoseconds(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: []string{"https://app.example"},
		AllowedMethods: []string{"GET", "HEAD", "POST", "PUT"},
		MaxAge:         int(4 * time.Hour),
	}).Handler(app)
}

// Milliseconds has a maximum age in milliseconds, in a field of seconds.
func Milliseconds(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: []string{"https://app.example"},
		AllowedMethods: []string{"GET", "HEAD", "POST", "PUT"},
		MaxAge:         int((10 * time.Minute).Milliseconds()),
	}).Handler(app)
}

// NoCache tells browsers not to keep preflights.
func NoCache(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: []string{"https://app.example"},
		AllowedMethods: []string{"GET", "HEAD", "POST", "PUT"},
		MaxAge:         -1,
	}).Handler(app)
}

// InLabel has a wildcard within a label, and a port.
func InLabel(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: []string{"https://pr-*.app.example", "http://localhost:*"},
		AllowedMethods: []string{"HEAD", "GET", "POST"},
	}).Handler(app)
}

// UpperCase has an origin that the library lower-cases, and a trailing slash that no browser sends.
func UpperCase(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: []string{"https://App.example", "https://admin.example/"},
		AllowedMethods: []string{"HEAD", "GET", "POST"},
	}).Handler(app)
}

// Insecure allows an origin of plain HTTP, with credentials.
func Insecure(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins:   []string{"http://app.example", "http://localhost:3000"},
		AllowedMethods:   []string{"HEAD", "GET", "POST"},
		AllowCredentials: true,
	}).Handler(app)
}

// PublicSuffix allows every domain under com.
func PublicSuffix(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins:   []string{"https://*.com", "https://app.example"},
		AllowedMethods:   []string{"HEAD", "GET", "POST"},
		AllowCredentials: true,
	}).Handler(app)
}

// Null allows sandboxed frames.
func Null(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: []string{"null", "https://app.example"},
		AllowedMethods: []string{"HEAD", "GET", "POST"},
	}).Handler(app)
}

// PrivateNetwork grants access to private networks.
func PrivateNetwork(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins:      []string{"https://app.example"},
		AllowedMethods:      []string{"HEAD", "GET", "POST"},
		AllowPrivateNetwork: true,
	}).Handler(app)
}
