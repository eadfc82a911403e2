// Package gorilla has programs that use gorilla/handlers.
package gorilla

import (
	"net/http"
	"os"
	"strings"

	"github.com/gorilla/handlers"
	"github.com/gorilla/mux"

	"github.com/corskit/corskit/migrate/corpus/settings"
)

// Literal lists everything in place.
func Literal(app http.Handler) http.Handler {
	return handlers.CORS(
		handlers.AllowedOrigins([]string{"https://app.example", "https://admin.example"}),
		handlers.AllowedMethods([]string{"GET", "HEAD", "POST", "PUT", "DELETE"}),
		handlers.AllowedHeaders([]string{"Authorization", "Content-Type", "X-Token"}),
		handlers.ExposedHeaders([]string{"X-Total"}),
		handlers.AllowCredentials(),
		handlers.MaxAge(300),
	)(app)
}

// ByDefault has no options, which allows every origin.
func ByDefault(app http.Handler) http.Handler { return handlers.CORS()(app) }

// Variables names its options first, as tutorials do.
func Variables(app http.Handler) http.Handler {
	headersOk := handlers.AllowedHeaders([]string{"X-Requested-With"})
	originsOk := handlers.AllowedOrigins([]string{"*"})
	methodsOk := handlers.AllowedMethods([]string{"GET", "HEAD", "POST", "PUT", "OPTIONS"})
	return handlers.CORS(headersOk, originsOk, methodsOk)(app)
}

// Env reads one origin from the environment, as tutorials do.
//
//corpus:env GORILLA_ORIGIN=https://app.example
func Env(app http.Handler) http.Handler {
	originsOk := handlers.AllowedOrigins([]string{os.Getenv("GORILLA_ORIGIN")})
	return handlers.CORS(originsOk, handlers.AllowedMethods([]string{"GET", "PUT"}))(app)
}

// EnvSplit reads a list.
//
//corpus:env GORILLA_ORIGINS=https://app.example,https://admin.example
func EnvSplit(app http.Handler) http.Handler {
	return handlers.CORS(handlers.AllowedOrigins(strings.Split(os.Getenv("GORILLA_ORIGINS"), ",")))(app)
}

// OnRouter mounts the middleware on a router, which has an OPTIONS route for one path.
func OnRouter(app http.Handler) http.Handler {
	r := mux.NewRouter()
	r.Use(handlers.CORS(handlers.AllowedOrigins([]string{"https://app.example"}), handlers.AllowedMethods([]string{"GET", "PUT"})))
	r.Handle("/item", app)
	r.Handle("/create", app).Methods("POST")
	return r
}

// Around wraps a router in the middleware.
func Around(app http.Handler) http.Handler {
	r := mux.NewRouter()
	r.Handle("/item", app)
	r.Handle("/create", app).Methods("POST")
	return handlers.CORS(handlers.AllowedOrigins(settings.Defaults), handlers.AllowedMethods([]string{"GET", "PUT"}))(r)
}

// Validator compares with one origin after the other.
func Validator(app http.Handler) http.Handler {
	return handlers.CORS(handlers.AllowedOriginValidator(func(origin string) bool {
		return origin == "https://app.example" || strings.HasSuffix(origin, ".preview.example")
	}), handlers.AllowCredentials())(app)
}

// Precedence has a list and a function. The function takes precedence.
func Precedence(app http.Handler) http.Handler {
	return handlers.CORS(
		handlers.AllowedOrigins([]string{"https://admin.example"}),
		handlers.AllowedOriginValidator(func(origin string) bool { return origin == "https://app.example" }),
	)(app)
}

// Asterisk has an asterisk among other origins, which the library treats as every origin.
func Asterisk(app http.Handler) http.Handler {
	return handlers.CORS(handlers.AllowedOrigins([]string{"https://app.example", "*"}))(app)
}

// InertWildcard has a wildcard that the library compares as text.
func InertWildcard(app http.Handler) http.Handler {
	return handlers.CORS(handlers.AllowedOrigins([]string{"https://*.app.example", "https://app.example"}))(app)
}

// Week has a maximum age that the library cuts to ten minutes.
func Week(app http.Handler) http.Handler {
	return handlers.CORS(
		handlers.AllowedOrigins([]string{"https://app.example"}),
		handlers.AllowedMethods([]string{"GET", "PUT"}),
		handlers.MaxAge(7*24*3600),
		handlers.OptionStatusCode(204),
	)(app)
}

// AllWithCredentials allows every origin with credentials.
func AllWithCredentials(app http.Handler) http.Handler {
	return handlers.CORS(handlers.AllowCredentials(), handlers.AllowedMethods([]string{"GET", "PUT"}))(app)
}

// Ignored leaves OPTIONS to the application.
func Ignored(app http.Handler) http.Handler {
	return handlers.CORS(handlers.AllowedOrigins([]string{"https://app.example"}), handlers.IgnoreOptions())(app)
}
