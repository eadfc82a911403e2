package demo

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/websocket"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// Bounds of what the API reads.
const (
	maxRequestBody = 64 << 10
	maxRunID       = 64
)

// newAPI returns the API that the pages call. It knows nothing of CORS, except that it
// checks the origin of WebSocket handshakes.
func newAPI(engine *core.Engine) http.Handler {
	mux := http.NewServeMux()
	item := map[string]any{"id": 1, "name": "tea"}
	mux.HandleFunc("GET /items", reply(http.StatusOK, []any{item}))
	mux.HandleFunc("GET /items/1", reply(http.StatusOK, item))
	mux.HandleFunc("PUT /items/1", reply(http.StatusOK, map[string]any{"id": 1, "saved": true}))
	mux.HandleFunc("GET /broken", reply(http.StatusInternalServerError, map[string]any{"error": "out of tea"}))
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
		_, err := r.Cookie(cookieName)
		reply(http.StatusOK, map[string]any{"cookie": err == nil})(w, r)
	})
	mux.HandleFunc("GET /old", func(w http.ResponseWriter, r *http.Request) {
		target := "/items/1"
		if id := runID(r.URL); id != "" {
			target += "?" + runParameter + "=" + id
		}
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusOK)                       // some frameworks begin with another status
		_, _ = io.WriteString(w, "data: tea is ready\n\n") // if that fails, the client has gone
	})
	mux.HandleFunc("GET /session", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: cookieName, Value: "visitor", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /chat", chat(corshttp.CheckOrigin(engine)))
	return mux
}

// cookieName is the cookie that /session sets and /me looks for.
const cookieName = "corskit-demo"

// reply answers with JSON. It reads the body first, as an API does.
func reply(status int, body any) http.HandlerFunc {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // the values are constants that JSON can encode
	}
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxRequestBody))
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Request-Id", "demo")
		w.WriteHeader(status)
		_, _ = w.Write(text) // if that fails, the client has gone
	}
}

// chatLimit is how long a client may take to read the message, and to close.
const chatLimit = 10 * time.Second

// chat sends one message over a WebSocket, to origins that may connect.
func chat(allowed func(*http.Request) bool) http.HandlerFunc {
	upgrader := websocket.Upgrader{CheckOrigin: allowed}
	return func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return // Upgrade has answered
		}
		defer conn.Close()
		if conn.SetWriteDeadline(time.Now().Add(chatLimit)) == nil {
			_ = conn.WriteMessage(websocket.TextMessage, []byte("tea is ready")) // if that fails, the client has gone
			_ = conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
		}
		if conn.SetReadDeadline(time.Now().Add(chatLimit)) == nil {
			_, _, _ = conn.ReadMessage() // the client's close
		}
	}
}

// runParameter is the query parameter that names the run of a request.
const runParameter = "run"

// runID returns the name of the run in a URL, or the empty string.
func runID(u *url.URL) string {
	id := u.Query().Get(runParameter)
	if len(id) > maxRunID {
		return ""
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return ""
		}
	}
	return id
}
