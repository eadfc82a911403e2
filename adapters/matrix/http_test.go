package matrix

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/conformance"
)

func serveHTTPSite(t testing.TB, s site) string {
	cors := corshttp.Middleware(s.engine)
	plain := func(h http.Handler) http.Handler { return h }
	around := map[position]func(http.Handler) http.Handler{onApp: plain, onOuter: plain, onInner: plain, onRoute: plain}
	around[s.position] = cors

	v1 := http.NewServeMux()
	options := make(map[string]bool)
	route := func(method, path string, h http.HandlerFunc) {
		inner := http.Handler(h)
		if !s.outside {
			inner = httpBasics(inner)
		}
		v1.Handle(method+" "+prefix+path, around[onRoute](inner))
		if s.position == onRoute && !options[path] {
			options[path] = true
			v1.Handle("OPTIONS "+prefix+path, cors(http.NotFoundHandler()))
		}
	}
	if s.custom && s.position != onRoute {
		v1.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "custom", http.StatusNotFound) })
	}
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
	}
	route("GET", "/ok", text("ok"))
	route("PUT", "/ok", text("ok"))
	route("GET", "/items/{id}", text("an item"))
	route("GET", "/long", text(longBody))
	route("GET", "/returned", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "teapot", http.StatusTeapot) })
	route("GET", "/unknown", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "unknown", 500) })
	route("GET", "/panic", func(http.ResponseWriter, *http.Request) { panic("on purpose") })
	route("GET", "/late", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "late")
		http.Error(w, "teapot", http.StatusTeapot)
	})
	route("GET", "/late-panic", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "late")
		panic("on purpose")
	})
	route("POST", "/limited", readLimited)
	slow := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	route("GET", "/slow", http.TimeoutHandler(slow, deadline, "timeout").ServeHTTP)
	route("GET", "/redirect", http.RedirectHandler("/", http.StatusFound).ServeHTTP)
	auth := httpAuth
	if s.token {
		auth = httpTokenAuth
	}
	route("GET", "/private", auth(text("secret")).ServeHTTP)
	route("GET", "/chunks", chunks)
	route("GET", "/events", events)
	route("GET", "/upgrade", upgrade)
	route("GET", "/files/", http.StripPrefix(prefix+"/files", http.FileServer(http.Dir(s.files))).ServeHTTP)
	route("GET", "/download", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(s.files, "a.txt"))
	})
	route("GET", "/download-missing", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(s.files, "missing.txt"))
	})

	route("GET", "/attachment", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", "attachment; filename=b.txt")
		http.ServeFile(w, r, filepath.Join(s.files, "a.txt"))
	})
	route("GET", "/deep/deeper", text("deep"))

	api, app := http.NewServeMux(), http.NewServeMux()
	api.Handle("/api/v1/", around[onInner](v1))
	app.Handle("/api/", around[onOuter](api))
	h := around[onApp](app)
	if s.guarded {
		h = auth(h)
	}
	if s.outside {
		h = httpBasics(h)
	}
	return serveSite(t, h)
}

func httpAuth(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "user" || password != "password" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func httpTokenAuth(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != bearerAuth {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// httpBasics recovers, compresses and adds a secure header, as middleware for
// net/http does.
func httpBasics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		w.Header().Add("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			w = gzipWriter{w, z}
		}
		next.ServeHTTP(w, r)
	})
}

type gzipWriter struct {
	http.ResponseWriter
	z *gzip.Writer
}

func (w gzipWriter) Write(b []byte) (int, error) { return w.z.Write(b) }

// What follows is also wrapped by frameworks that have no way of their own.

func readLimited(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, bodyLimit)); err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
	}
}

func chunks(w http.ResponseWriter, _ *http.Request) {
	for i := range 3 {
		_, _ = fmt.Fprintf(w, "chunk %d\n", i)
		_ = http.NewResponseController(w).Flush()
	}
}

func events(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for i := range 3 {
		_, _ = fmt.Fprintf(w, "data: %d\n\n", i)
		_ = http.NewResponseController(w).Flush()
	}
}

func upgrade(w http.ResponseWriter, r *http.Request) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		conformance.WebSocketAccept(r.Header.Get("Sec-WebSocket-Key")))
	_ = rw.Flush()
	if line, err := bufio.NewReader(rw).ReadString('\n'); err == nil {
		_, _ = io.WriteString(conn, line)
	}
}
