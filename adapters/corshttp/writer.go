package corshttp

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
)

// wrap returns w as a writer of the exchange. It also wraps the body of the request, but not
// if the client waits for permission to send it (Expect: 100-continue): the server then looks
// at the type of the body, and closes the connection anyway if the body is not read to its
// end.
func (x *Exchange) wrap(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *writer) {
	kept := &writer{ResponseWriter: w, x: *x}
	if r.Body != nil && r.Body != http.NoBody && r.Header["Expect"] == nil {
		kept.r, kept.body.ReadCloser = r, r.Body
		r.Body = &kept.body
	}
	return kept.like(w), kept
}

// writer is a ResponseWriter that enforces the decision of an Exchange.
type writer struct {
	http.ResponseWriter
	x    Exchange
	done bool // the headers have been sent, or the connection was hijacked

	r    *http.Request // nil if the body is not wrapped
	body body
}

func (w *writer) exchange() *Exchange { return &w.x }

// keep is called when headers are about to be sent.
func (w *writer) keep() {
	if w.done {
		return
	}
	w.x.Keep(w.Header())
	if w.body.cut.Load() {
		exceed(w.ResponseWriter)
	}
}

// finish is called when the handler has returned or panicked. If the handler has sent
// nothing, the server sends the headers next.
func (w *writer) finish() {
	w.keep()
	if w.r != nil && w.r.Body == &w.body {
		w.r.Body = w.body.ReadCloser
	}
	if w.done && w.body.cut.Load() {
		exceed(w.ResponseWriter)
	}
}

// exceed tells w that the limit of an http.MaxBytesReader was exceeded. Such a reader calls
// an unexported method of net/http's writer, which no wrapper can implement.
func exceed(w http.ResponseWriter) {
	one := io.NopCloser(strings.NewReader("x"))
	_, _ = http.MaxBytesReader(w, one, 0).Read(make([]byte, 1))
}

// body is the body of a request. It notices when the limit of an http.MaxBytesReader around
// it is exceeded. Such a reader cuts the buffer that it passes on to one byte more than the
// rest of the limit. If the buffer is filled, it does not read again.
type body struct {
	io.ReadCloser
	cut atomic.Bool // handlers may read and write at the same time
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.cut.Store(err == nil && n == len(p) && n < cap(p))
	return n, err
}

// WriteHeader also sends informational responses. There may be several before the response
// itself.
func (w *writer) WriteHeader(status int) {
	w.keep()
	w.done = w.done || status >= 200 || status == http.StatusSwitchingProtocols
	w.x.informed = true // no longer matters if w.done
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) Write(b []byte) (int, error) {
	w.keep()
	w.done = true
	return w.ResponseWriter.Write(b)
}

// WriteString avoids a copy of the string.
func (w *writer) WriteString(s string) (int, error) {
	w.keep()
	w.done = true
	return io.WriteString(w.ResponseWriter, s)
}

// ReadFrom lets the server's writer use sendfile.
func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	w.keep()
	w.done = true
	return io.Copy(w.ResponseWriter, r)
}

// Unwrap is for [http.ResponseController].
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// FlushError is for [http.ResponseController] too, which would otherwise flush the
// wrapped writer.
func (w *writer) FlushError() error {
	w.keep()
	w.done = true
	return http.NewResponseController(w.ResponseWriter).Flush()
}

type flusher struct{ w *writer }

func (f flusher) Flush() { _ = f.w.FlushError() }

type hijacker struct{ w *writer }

func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.w.ResponseWriter).Hijack()
	h.w.done = h.w.done || err == nil
	return conn, rw, err
}

// like returns w as a writer that implements http.Flusher, http.Hijacker and
// http.Pusher exactly if other does. Handlers test for these interfaces and
// behave differently without them.
func (w *writer) like(other http.ResponseWriter) http.ResponseWriter {
	_, flush := other.(http.Flusher)
	_, hijack := other.(http.Hijacker)
	p, push := other.(http.Pusher)
	switch f, h := (flusher{w}), (hijacker{w}); {
	case flush && hijack && push:
		return struct {
			*writer
			flusher
			hijacker
			http.Pusher
		}{w, f, h, p}
	case flush && hijack:
		return struct {
			*writer
			flusher
			hijacker
		}{w, f, h}
	case flush && push:
		return struct {
			*writer
			flusher
			http.Pusher
		}{w, f, p}
	case hijack && push:
		return struct {
			*writer
			hijacker
			http.Pusher
		}{w, h, p}
	case flush:
		return struct {
			*writer
			flusher
		}{w, f}
	case hijack:
		return struct {
			*writer
			hijacker
		}{w, h}
	case push:
		return struct {
			*writer
			http.Pusher
		}{w, p}
	default:
		return w
	}
}
