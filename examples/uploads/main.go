// Command uploads is an API that receives files, and a page that shows how much of a file has
// been sent.
//
//	go run ./examples/uploads
//
// If a script listens to the progress of an upload, the browser sends a preflight first, even for
// a POST of a form (Fetch, "use-CORS-preflight flag"). The middleware answers the preflight.
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
		Intro: "The page shows the progress of an upload, and can read why the server refuses one.",
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
			http.Error(w, "the upload was interrupted", http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "%d bytes", size)
	})
	return page.NewServer(corshttp.Middleware(engine)(mux)), nil
}
