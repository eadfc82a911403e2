package corshttp

import (
	"bufio"
	"io"
	"net"
	"net/http"

	"github.com/corskit/corskit/core"
)

// serveKeeping serves a request through a writer that restores the middleware's
// headers, if need be, just before they are sent.
func serveKeeping(w http.ResponseWriter, r *http.Request, next http.Handler, o core.Outcome) {
	kw := &keepVaryWriter{ResponseWriter: w, outcome: o}
	defer kw.keep() // also if a middleware further out answers a panic
	next.ServeHTTP(kw.like(w), r)
}

// keepVaryWriter is a ResponseWriter that keeps the names of an outcome in Vary
// and, across informational responses, its other headers too.
type keepVaryWriter struct {
	http.ResponseWriter
	outcome  core.Outcome
	informed bool // an informational response has been sent
	done     bool // the headers have been sent, or the connection was hijacked
}

func (w *keepVaryWriter) keep() {
	if w.done {
		return
	}
	h := w.Header()
	if w.informed && h[allowOrigin] == nil {
		write(h, &w.outcome)
	} else if names := w.outcome.Vary(); names != "" {
		AddVary(h, names)
	}
}

// WriteHeader also serves informational responses, which may come first.
func (w *keepVaryWriter) WriteHeader(status int) {
	w.keep()
	w.done = w.done || status >= 200 || status == http.StatusSwitchingProtocols
	w.informed = true // or done
	w.ResponseWriter.WriteHeader(status)
}

func (w *keepVaryWriter) Write(b []byte) (int, error) {
	w.keep()
	w.done = true
	return w.ResponseWriter.Write(b)
}

// ReadFrom lets the server's writer use sendfile.
func (w *keepVaryWriter) ReadFrom(r io.Reader) (int64, error) {
	w.keep()
	w.done = true
	return io.Copy(w.ResponseWriter, r)
}

// Unwrap is for [http.ResponseController].
func (w *keepVaryWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// FlushError is for [http.ResponseController] too, which would otherwise flush the
// wrapped writer.
func (w *keepVaryWriter) FlushError() error {
	w.keep()
	w.done = true
	return http.NewResponseController(w.ResponseWriter).Flush()
}

type flusher struct{ w *keepVaryWriter }

func (f flusher) Flush() { _ = f.w.FlushError() }

type hijacker struct{ w *keepVaryWriter }

func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.w.ResponseWriter).Hijack()
	h.w.done = h.w.done || err == nil
	return conn, rw, err
}

// like returns w as a writer that implements http.Flusher, http.Hijacker and
// http.Pusher exactly if other does. Handlers test for these interfaces and
// behave differently without them.
func (w *keepVaryWriter) like(other http.ResponseWriter) http.ResponseWriter {
	_, flush := other.(http.Flusher)
	_, hijack := other.(http.Hijacker)
	p, push := other.(http.Pusher)
	switch f, h := (flusher{w}), (hijacker{w}); {
	case flush && hijack && push:
		return struct {
			*keepVaryWriter
			flusher
			hijacker
			http.Pusher
		}{w, f, h, p}
	case flush && hijack:
		return struct {
			*keepVaryWriter
			flusher
			hijacker
		}{w, f, h}
	case flush && push:
		return struct {
			*keepVaryWriter
			flusher
			http.Pusher
		}{w, f, p}
	case hijack && push:
		return struct {
			*keepVaryWriter
			hijacker
			http.Pusher
		}{w, h, p}
	case flush:
		return struct {
			*keepVaryWriter
			flusher
		}{w, f}
	case hijack:
		return struct {
			*keepVaryWriter
			hijacker
		}{w, h}
	case push:
		return struct {
			*keepVaryWriter
			http.Pusher
		}{w, p}
	default:
		return w
	}
}
