// Command nethttp is a small net/http API that uses corskit for CORS.
//
//	go run ./examples/nethttp
//
// It prints curl commands that show what the server tells a browser.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net"
	"net/http"
	"strconv"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/examples/demo"
	"github.com/corskit/corskit/examples/notes"
	"github.com/corskit/corskit/examples/page"
)

func main() { demo.Main(serve) }

// serve wraps the whole router in the middleware, which answers preflights. The router would
// answer preflights with 405, because "/notes/{id}" has no OPTIONS route.
func serve(ctx context.Context, listener net.Listener, engine *core.Engine) error {
	return page.Serve(ctx, page.NewServer(corshttp.Middleware(engine)(newAPI())), listener)
}

type api struct{ store notes.Store }

func newAPI() http.Handler {
	a := new(api)
	_, _ = a.store.Create("read the README")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /notes", a.list)
	mux.HandleFunc("POST /notes", a.create)
	mux.HandleFunc("PUT /notes/{id}", a.replace)
	mux.HandleFunc("DELETE /notes/{id}", a.remove)
	mux.HandleFunc("GET /public/about", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"name": "notes", "cors": "corskit"})
	})
	return mux
}

func (a *api) list(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, a.store.List())
}

func (a *api) create(w http.ResponseWriter, r *http.Request) {
	n, err := a.store.Create(text(w, r))
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Location", "/notes/"+strconv.Itoa(n.ID))
	answer(w, http.StatusCreated, n)
}

func (a *api) replace(w http.ResponseWriter, r *http.Request) {
	n, err := a.store.Replace(id(r), text(w, r))
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, n)
}

func (a *api) remove(w http.ResponseWriter, r *http.Request) {
	if err := a.store.Remove(id(r)); err != nil {
		fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// id returns the ID in the path, or -1, which no note has.
func id(r *http.Request) int {
	n, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		return -1
	}
	return n
}

// text returns the text in the body, or "" if there is none.
func text(w http.ResponseWriter, r *http.Request) string {
	var n notes.Note
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&n); err != nil {
		return ""
	}
	return n.Text
}

func fail(w http.ResponseWriter, err error) {
	if errors.Is(err, notes.ErrNotFound) {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	http.Error(w, err.Error(), http.StatusBadRequest)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		log.Print(err)
	}
}
