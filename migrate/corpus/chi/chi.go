// Package chi has programs that use go-chi/cors.
package chi

import (
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/cors"

	"github.com/corskit/corskit/migrate/corpus/settings"
)

func router(app http.Handler, middleware func(http.Handler) http.Handler) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware)
	r.Handle("/*", app)
	return r
}

// Documented is the example of the library's documentation.
func Documented(app http.Handler) http.Handler {
	r := chi.NewRouter()
	r.Use(cors.Handler(cors.Options{
		AllowedOrigins:   []string{"https://*", "http://*"},
		AllowedMethods:   []string{"GET", "POST", "PUT", "DELETE", "OPTIONS"},
		AllowedHeaders:   []string{"Accept", "Authorization", "Content-Type", "X-CSRF-Token"},
		ExposedHeaders:   []string{"Link"},
		AllowCredentials: false,
		MaxAge:           300,
	}))
	r.Handle("/*", app)
	return r
}

// Literal lists everything in place.
func Literal(app http.Handler) http.Handler {
	r := chi.NewRouter()
	r.Use(cors.Handler(cors.Options{
		AllowedOrigins:   []string{"https://app.example"},
		AllowedMethods:   []string{"GET", "POST", "PUT", "DELETE", "HEAD"},
		AllowedHeaders:   []string{"Accept", "Authorization", "Content-Type", "X-Token"},
		ExposedHeaders:   []string{"X-Total"},
		AllowCredentials: true,
		MaxAge:           300,
	}))
	r.Handle("/*", app)
	return r
}

// AllowAll uses the library's most permissive constructor.
func AllowAll(app http.Handler) http.Handler { return router(app, cors.AllowAll().Handler) }

// Empty has no options.
func Empty(app http.Handler) http.Handler { return router(app, cors.Handler(cors.Options{})) }

// New uses the constructor.
func New(app http.Handler) http.Handler {
	c := cors.New(cors.Options{AllowedOrigins: settings.Defaults, AllowedMethods: []string{"GET", "HEAD", "POST", "PATCH"}})
	return router(app, c.Handler)
}

// EmptyWithCredentials allows every origin with credentials, and the answer has the origin.
func EmptyWithCredentials(app http.Handler) http.Handler {
	return router(app, cors.Handler(cors.Options{AllowCredentials: true}))
}

// EnvSplit reads a list from the environment.
//
//corpus:env CHI_ORIGINS=https://app.example,https://admin.example
func EnvSplit(app http.Handler) http.Handler {
	return router(app, cors.Handler(cors.Options{
		AllowedOrigins: strings.Split(os.Getenv("CHI_ORIGINS"), ","),
		AllowedMethods: []string{"GET", "HEAD", "POST"},
	}))
}

// Trimmed removes white space from a list in the environment.
//
//corpus:env CHI_LIST=https://app.example, https://admin.example
//corpus:env
func Trimmed(app http.Handler) http.Handler {
	return router(app, cors.Handler(cors.Options{
		AllowedOrigins: settings.List("CHI_LIST", []string{"https://app.example"}),
		AllowedMethods: []string{"GET", "HEAD", "POST"},
	}))
}

// Function ignores the request.
func Function(app http.Handler) http.Handler {
	return router(app, cors.Handler(cors.Options{
		AllowOriginFunc: func(_ *http.Request, origin string) bool { return origin == "https://app.example" },
		AllowedMethods:  []string{"GET", "HEAD", "POST", "PUT"},
	}))
}

// Precedence has a list and a function. The function takes precedence.
func Precedence(app http.Handler) http.Handler {
	return router(app, cors.Handler(cors.Options{
		AllowedOrigins:  []string{"https://admin.example"},
		AllowOriginFunc: func(_ *http.Request, origin string) bool { return origin == "https://app.example" },
		AllowedMethods:  []string{"GET", "HEAD", "POST", "PUT"},
	}))
}

// True allows every origin, with credentials.
func True(app http.Handler) http.Handler {
	return router(app, cors.Handler(cors.Options{
		AllowOriginFunc:  func(*http.Request, string) bool { return true },
		AllowCredentials: true,
		AllowedMethods:   []string{"GET", "HEAD", "POST", "PUT"},
	}))
}

// Suffix allows the subdomains of a domain.
func Suffix(app http.Handler) http.Handler {
	return router(app, cors.Handler(cors.Options{
		AllowOriginFunc: func(_ *http.Request, origin string) bool { return strings.HasSuffix(origin, ".app.example") },
		AllowedMethods:  []string{"GET", "HEAD", "POST", "PUT"},
	}))
}

// ByMethod decides by the request, so migrate cannot replace its function with a list.
func ByMethod(app http.Handler) http.Handler {
	return router(app, cors.Handler(cors.Options{
		AllowOriginFunc: func(r *http.Request, origin string) bool {
			return r.URL.Path != "/create" && origin == "https://app.example"
		},
		AllowedMethods: []string{"GET", "HEAD", "POST", "PUT"},
	}))
}

// Nanoseconds has a maximum age in nanoseconds.
func Nanoseconds(app http.Handler) http.Handler {
	return router(app, cors.Handler(cors.Options{
		AllowedOrigins: []string{"https://app.example"},
		AllowedMethods: []string{"GET", "HEAD", "POST", "PUT"},
		MaxAge:         int(12 * time.Hour),
	}))
}

// Wildcards has a wildcard within a label, and one directly after the scheme.
func Wildcards(app http.Handler) http.Handler {
	return router(app, cors.Handler(cors.Options{
		AllowedOrigins: []string{"https://*app.example", "https://pr-*.preview.example"},
		AllowedMethods: []string{"GET", "HEAD", "POST", "PUT"},
	}))
}
