// Package jub0bs has programs that use jub0bs/cors.
package jub0bs

import (
	"net/http"
	"os"
	"strings"

	"github.com/jub0bs/cors"

	"github.com/corskit/corskit/migrate/corpus/settings"
)

func wrap(app http.Handler, c cors.Config) http.Handler {
	m, err := cors.NewMiddleware(c)
	if err != nil {
		panic(err)
	}
	return m.Wrap(app)
}

// Literal lists everything in place.
func Literal(app http.Handler) http.Handler {
	m, err := cors.NewMiddleware(cors.Config{
		Origins:         []string{"https://app.example", "https://*.preview.example"},
		Credentialed:    true,
		Methods:         []string{http.MethodGet, http.MethodPut, http.MethodDelete},
		RequestHeaders:  []string{"Authorization", "Content-Type"},
		ResponseHeaders: []string{"X-Total"},
		MaxAgeInSeconds: 600,
	})
	if err != nil {
		panic(err)
	}
	return m.Wrap(app)
}

// Zero is a middleware that does nothing.
func Zero(app http.Handler) http.Handler {
	var m cors.Middleware
	return m.Wrap(app)
}

// Reconfigured gets its configuration later.
func Reconfigured(app http.Handler) http.Handler {
	var m cors.Middleware
	if err := m.Reconfigure(&cors.Config{Origins: []string{"https://app.example"}, Methods: []string{"PUT"}}); err != nil {
		panic(err)
	}
	m.SetDebug(true)
	return m.Wrap(app)
}

// Public allows every origin, without credentials.
func Public(app http.Handler) http.Handler {
	m, err := cors.NewMiddleware(cors.Config{Origins: []string{"*"}, Methods: []string{"*"}, RequestHeaders: []string{"*"}})
	if err != nil {
		panic(err)
	}
	return m.Wrap(app)
}

// PublicAuthorized allows every header, the one with credentials included.
func PublicAuthorized(app http.Handler) http.Handler {
	m, err := cors.NewMiddleware(cors.Config{
		Origins: []string{"*"}, Methods: []string{"*"}, RequestHeaders: []string{"*", "Authorization"}, ResponseHeaders: []string{"*"},
	})
	if err != nil {
		panic(err)
	}
	return m.Wrap(app)
}

// Asterisks allows all methods and headers, with credentials.
func Asterisks(app http.Handler) http.Handler {
	m, err := cors.NewMiddleware(cors.Config{
		Origins: []string{"https://app.example"}, Methods: []string{"*"}, RequestHeaders: []string{"*"}, Credentialed: true,
	})
	if err != nil {
		panic(err)
	}
	return m.Wrap(app)
}

// Constants uses constants of another package.
func Constants(app http.Handler) http.Handler {
	m, err := cors.NewMiddleware(cors.Config{
		Origins:         []string{settings.App, settings.Admin},
		Methods:         []string{"PATCH"},
		MaxAgeInSeconds: settings.Hour,
	})
	if err != nil {
		panic(err)
	}
	return m.Wrap(app)
}

// EnvSplit reads a list from the environment.
//
//corpus:env JUB_ORIGINS=https://app.example,https://admin.example
func EnvSplit(app http.Handler) http.Handler {
	m, err := cors.NewMiddleware(cors.Config{Origins: strings.Split(os.Getenv("JUB_ORIGINS"), ",")})
	if err != nil {
		panic(err)
	}
	return m.Wrap(app)
}

// NoCache tells browsers not to keep preflights.
func NoCache(app http.Handler) http.Handler {
	return wrap(app, cors.Config{Origins: []string{"https://app.example"}, Methods: []string{"PUT"}, MaxAgeInSeconds: -1})
}

// Insecure allows an origin of plain HTTP, with credentials, because it says so.
func Insecure(app http.Handler) http.Handler {
	return wrap2(app, cors.Config{
		Origins: []string{"http://app.example"}, Methods: []string{"PUT"}, Credentialed: true,
		DangerouslyTolerateInsecureOrigins: true,
	})
}

func wrap2(app http.Handler, c cors.Config) http.Handler { return wrap(app, c) }

// Ports allows every port of an origin.
func Ports(app http.Handler) http.Handler {
	m, err := cors.NewMiddleware(cors.Config{Origins: []string{"http://localhost:*", "https://*.app.example:8443"}})
	if err != nil {
		panic(err)
	}
	return m.Wrap(app)
}
