// Command uploads takes files, and its page shows how much of a file has been sent.
//
//	go run ./examples/uploads
//
// A script that listens to the progress of an upload makes the browser ask first, even for
// a POST of a form (Fetch, "use-CORS-preflight flag"). The middleware answers.
package main

import (
	_ "embed" // page.js
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/examples/page"
)

//go:embed page.js
var script string

// limit is the size of the largest upload, in bytes.
const limit = 1 << 20

func main() {
	page.Main(page.Example{
		Title: "Uploads with progress", Script: script, API: newAPI,
		Intro: "The page shows the progress of an upload, and can read why one is refused.",
	})
}

func newAPI(origin string) (page.Server, error) {
	engine, err := core.New(core.Policy{
		AllowOrigins: []string{origin},
		AllowHeaders: []string{"content-type"},
		MaxAge:       10 * time.Minute,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /files", func(w http.ResponseWriter, r *http.Request) {
		size, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, limit))
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			http.Error(w, "larger than 1 MiB", http.StatusRequestEntityTooLarge)
			return
		}
		if err != nil {
			http.Error(w, "the upload broke off", http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "%d bytes", size)
	})
	return page.NewServer(corshttp.Middleware(engine)(mux)), nil
}
