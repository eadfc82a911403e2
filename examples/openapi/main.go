// Command openapi is a chi API with an OpenAPI description. Swagger UI is on another origin, as
// on a site that documents several APIs.
//
//	go run ./examples/openapi
//
// Swagger UI reads the description and sends requests from the browser, so the API must allow
// the origin of Swagger UI, and the methods and headers that the description mentions.
package main

import (
	_ "embed" // openapi.json
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/swaggest/swgui/v5emb"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/examples/notes"
	"github.com/corskit/corskit/examples/page"
)

//go:embed openapi.json
var description []byte

func main() {
	page.Main(page.Example{API: newAPI, Page: func(api string) http.Handler {
		return v5emb.New("Notes", api+"/openapi.json", "/")
	}})
}

func newAPI(origin string) (page.Server, error) {
	engine, err := core.New(core.Policy{
		AllowOrigins: []string{origin},
		AllowMethods: []string{"PUT", "DELETE"},
		AllowHeaders: []string{"content-type", "x-api-key"},
		MaxAge:       10 * time.Minute,
	})
	if err != nil {
		return nil, err
	}
	store := new(notes.Store)
	_, _ = store.Create("read the README")
	r := chi.NewRouter()
	r.Use(middleware.Recoverer, corshttp.Middleware(engine))
	r.Get("/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(description)
	})
	r.Get("/notes", func(w http.ResponseWriter, _ *http.Request) { answer(w, store.List(), nil) })
	r.Put("/notes/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") != "secret" {
			http.Error(w, "send X-Api-Key: secret", http.StatusUnauthorized)
			return
		}
		id, err := strconv.Atoi(chi.URLParam(r, "id"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		var n notes.Note
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&n); err != nil {
			http.Error(w, "not JSON", http.StatusBadRequest)
			return
		}
		n, err = store.Replace(id, n.Text)
		answer(w, n, err)
	})
	return page.NewServer(r), nil
}

func answer(w http.ResponseWriter, value any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
