// Command websocket is a WebSocket server, and a page that talks to it.
//
//	go run ./examples/websocket
//
// Browsers do not apply CORS to WebSocket handshakes, and send cookies with them, so the server
// itself must check the origin. It uses the policy of the API.
package main

import (
	_ "embed" // page.js
	"net/http"

	"github.com/coder/websocket"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/examples/page"
)

//go:embed page.js
var script string

func main() {
	page.Main(page.Example{
		Title: "WebSockets", Script: script, API: newAPI,
		Intro: "If you open this page at http://127.0.0.1 instead of http://localhost, its origin is not allowed, and both buttons fail.",
	})
}

func newAPI(origin string) (page.Server, error) {
	engine, err := core.New(core.Policy{AllowOrigins: []string{origin}})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /time", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("teatime")) })
	mux.HandleFunc("GET /echo", echo(corshttp.CheckOrigin(engine)))
	return page.NewServer(corshttp.Middleware(engine)(mux)), nil
}

// echo returns a handler that sends messages back to pages that check allows.
func echo(check func(*http.Request) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !check(r) {
			http.Error(w, "this origin may not connect", http.StatusForbidden)
			return
		}
		// The check above replaces that of the library.
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return // Accept has answered
		}
		defer conn.CloseNow()
		for {
			kind, message, err := conn.Read(r.Context())
			if err != nil {
				return
			}
			if err := conn.Write(r.Context(), kind, message); err != nil {
				return
			}
		}
	}
}
