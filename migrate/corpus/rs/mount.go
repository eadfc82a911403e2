package rs

import (
	"net/http"

	gorilla "github.com/gorilla/mux"
	"github.com/rs/cors"
)

func options() cors.Options {
	return cors.Options{AllowedOrigins: []string{"https://app.example"}, AllowedMethods: allMethods}
}

func authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" && r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// BehindAuthentication lets authentication answer preflights.
func BehindAuthentication(app http.Handler) http.Handler {
	return authenticated(cors.New(options()).Handler(app))
}

// OnRouter is on a router that has no route for preflights of /create.
func OnRouter(app http.Handler) http.Handler {
	r := gorilla.NewRouter()
	r.Use(cors.New(options()).Handler)
	r.Handle("/item", app)
	r.Handle("/create", app).Methods("POST")
	return r
}

// TwoLayers has an outer layer that counts, and an inner one that sees no preflight.
func TwoLayers(app http.Handler) http.Handler {
	inner := cors.New(cors.Options{AllowedOrigins: []string{"https://app.example", "https://admin.example"}, AllowedMethods: allMethods})
	outer := cors.New(options())
	return outer.Handler(inner.Handler(app))
}

// HandlerFunc is called by a handler.
func HandlerFunc(app http.Handler) http.Handler {
	c := cors.New(options())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.ServeHTTP(w, r, app.ServeHTTP)
	})
}
