package corshttp_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// writers are the options with which handlers get a wrapped writer, and those without.
var writers = map[string]corshttp.Options{"plain": {}, "KeepVary": {KeepVary: true}, "Enforce": enforce}

// TestWriterPassesThrough lists what net/http and its users look for in a
// ResponseWriter. All of it works through the wrapped writer as without it.
func TestWriterPassesThrough(t *testing.T) {
	for what, use := range map[string]func(w http.ResponseWriter) error{
		"ResponseController.SetReadDeadline": func(w http.ResponseWriter) error {
			return http.NewResponseController(w).SetReadDeadline(time.Time{})
		},
		"ResponseController.SetWriteDeadline": func(w http.ResponseWriter) error {
			return http.NewResponseController(w).SetWriteDeadline(time.Time{})
		},
		"ResponseController.EnableFullDuplex": func(w http.ResponseWriter) error {
			return http.NewResponseController(w).EnableFullDuplex()
		},
		"ResponseController.Flush": func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
		"ResponseController.Hijack": func(w http.ResponseWriter) error {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, err = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
				_ = conn.Close()
			}
			return err
		},
		"http.Flusher":    implements[http.Flusher],
		"http.Hijacker":   implements[http.Hijacker],
		"io.ReaderFrom":   implements[io.ReaderFrom],
		"io.StringWriter": implements[io.StringWriter],
		"early hints":     func(w http.ResponseWriter) error { w.WriteHeader(http.StatusEarlyHints); return nil },
	} {
		for name, options := range writers {
			used := make(chan error, 1)
			h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { used <- use(w) })
			s := httptest.NewServer(corshttp.Middleware(core.MustNew(policy), options)(h))
			res, sent := s.Client().Get(s.URL)
			if sent != nil {
				t.Fatal(sent)
			}
			_ = res.Body.Close()
			s.Close()
			if err := <-used; err != nil {
				t.Errorf("%s, %s: %v", what, name, err)
			}
		}
	}
}

func implements[T any](w http.ResponseWriter) error {
	if _, ok := w.(T); !ok {
		return fmt.Errorf("%T does not implement it", w)
	}
	return nil
}

// recorder is a ResponseWriter that records which methods are called.
type recorder struct {
	discard
	called []string
}

func (r *recorder) ReadFrom(src io.Reader) (int64, error) {
	r.called = append(r.called, "ReadFrom")
	return io.Copy(io.Discard, src)
}

func (r *recorder) WriteString(s string) (int, error) {
	r.called = append(r.called, "WriteString")
	return len(s), nil
}

// TestWriterCallsFastPaths: the wrapped writer passes WriteString and ReadFrom on to the
// server's writer, which saves copies.
func TestWriterCallsFastPaths(t *testing.T) {
	w := &recorder{discard: discard{http.Header{}}}
	corshttp.Middleware(core.MustNew(policy), enforce)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.Copy(w, io.LimitReader(strings.NewReader("x"), 1))
		_, _ = io.WriteString(w, "x")
	})).ServeHTTP(w, request("GET", "https://a.example"))
	if !slices.Equal(w.called, []string{"ReadFrom", "WriteString"}) {
		t.Errorf("called %q", w.called)
	}
}

const limit = 10 // bytes of a body

// exceeding are handlers that exceed a limit of MaxBytesReader.
var exceeding = map[string]http.Handler{
	"reader": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tooLarge(w, discardAll(http.MaxBytesReader(w, r.Body, limit)))
	}),
	"body replaced": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		_, err := io.ReadAll(r.Body)
		tooLarge(w, err)
	}),
	"MaxBytesHandler": http.MaxBytesHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tooLarge(w, discardAll(r.Body))
	}), limit),
	"JSON": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var v any
		tooLarge(w, json.NewDecoder(http.MaxBytesReader(w, r.Body, limit)).Decode(&v))
	}),
	"form": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		tooLarge(w, r.ParseForm())
	}),
	"after the headers": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		_ = discardAll(http.MaxBytesReader(w, r.Body, limit))
	}),
	"nothing sent": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = discardAll(http.MaxBytesReader(w, r.Body, limit))
	}),
}

func discardAll(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func tooLarge(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
	}
}

// serveAll serves each handler, in each of writers and twice in KeepVary, and calls
// check with the paths. There is one server, because it takes half a second to close a
// connection.
func serveAll(t *testing.T, handlers map[string]http.Handler, check func(what, addr, path string)) {
	t.Helper()
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	defer s.Close()
	serve := func(what string, h http.Handler) {
		path := "/" + strings.ReplaceAll(what, " ", "-")
		mux.Handle(path, h)
		check(what, s.Listener.Addr().String(), path)
	}
	for what, h := range handlers {
		for name, options := range writers {
			cors := corshttp.Middleware(core.MustNew(policy), options)
			serve(what+" "+name, cors(h))
			if options.KeepVary {
				serve(what+" twice", cors(cors(h)))
			}
		}
	}
}

// reused reports whether the server keeps the connection open after a request with a
// body. If it does not, the answer must have announced it.
func reused(t *testing.T, addr, path, fields, body string) bool {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	read := bufio.NewReader(conn)
	const request = "POST %s HTTP/1.1\r\nHost: h.example\r\nOrigin: https://a.example\r\n%s\r\n\r\n%s"
	if _, err := fmt.Fprintf(conn, request, path, fields, body); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(read, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	if res.Close {
		return false
	}
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h.example\r\n\r\n")
	if _, err := http.ReadResponse(read, nil); err != nil {
		t.Errorf("%s: the connection is closed without an announcement", path)
		return false
	}
	return true
}

// TestWriterMaxBytes: over the limit of a MaxBytesReader, the server closes the
// connection, as it does without a wrapped writer.
func TestWriterMaxBytes(t *testing.T) {
	long := `"` + strings.Repeat("x", 1000) + `"`
	form := "Content-Type: application/x-www-form-urlencoded\r\n"
	bodies := map[string][2]string{
		"length":  {fmt.Sprintf("%sContent-Length: %d", form, len(long)), long},
		"chunked": {form + "Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(long), long)},
	}
	serveAll(t, exceeding, func(what, addr, path string) {
		for sent, body := range bodies {
			if reused(t, addr, path, body[0], body[1]) {
				t.Errorf("%s, %s: the connection stays open", what, sent)
			}
		}
	})
}

// TestWriterKeepsConnections: bodies within the limit, and bodies that a handler does
// not read, or reads in part, leave the connection open.
func TestWriterKeepsConnections(t *testing.T) {
	part := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, make([]byte, 3))
		_, _ = io.WriteString(w, "x")
	})
	once := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = r.Body.Read(make([]byte, 100)) })
	handlers := map[string]http.Handler{"unread": ok, "part": part, "one read": once}
	maps.Copy(handlers, exceeding)
	serveAll(t, handlers, func(what, addr, path string) {
		for _, body := range []string{"", `"` + strings.Repeat("1", limit-3) + `"`, `"` + strings.Repeat("1", limit-2) + `"`} {
			const form = "Content-Type: application/x-www-form-urlencoded\r\n"
			if !reused(t, addr, path, fmt.Sprintf("%sContent-Length: %d", form, len(body)), body) {
				t.Errorf("%s, %d bytes: the connection is closed", what, len(body))
			}
			if body == "" {
				continue
			}
			if !reused(t, addr, path, form+"Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)) {
				t.Errorf("%s, %d bytes in a chunk: the connection is closed", what, len(body))
			}
		}
	})
}

// TestWriterPartOfBody: the connection stays open if a handler reads a part of the body
// that has arrived, which is less than it has asked for.
func TestWriterPartOfBody(t *testing.T) {
	for name, options := range writers {
		read := make(chan struct{})
		s := httptest.NewServer(corshttp.Middleware(core.MustNew(policy), options)(http.HandlerFunc(
			func(_ http.ResponseWriter, r *http.Request) {
				_, _ = r.Body.Read(make([]byte, 100, 200))
				close(read)
			})))
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: h.example\r\nOrigin: https://a.example\r\nContent-Length: 6\r\n\r\nxxx")
		<-read
		_, _ = io.WriteString(conn, "xxx")
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || res.Close {
			t.Errorf("%s: %+v, %v, want an answer that leaves the connection open", name, res, err)
		}
		_ = conn.Close()
		s.Close()
	}
}

// TestWriterExpectContinue: a client that waits for permission to send its body gets the
// answer of a handler that does not read it.
func TestWriterExpectContinue(t *testing.T) {
	serveAll(t, map[string]http.Handler{"unread": ok}, func(what, addr, path string) {
		if reused(t, addr, path, "Content-Length: 5\r\nExpect: 100-continue", "") {
			t.Errorf("%s: the connection stays open, although the body may follow", what)
		}
	})
}

// TestWriterWithoutBody: a request without a body gets none.
func TestWriterWithoutBody(t *testing.T) {
	for _, body := range []io.ReadCloser{http.NoBody, nil} {
		r := request("POST", "https://a.example")
		r.Body = body
		h := corshttp.Middleware(core.MustNew(policy), enforce)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.Body != body {
				t.Errorf("the handler gets the body %T, want %T", r.Body, body)
			}
		}))
		serve(h, r)
	}
}

// TestWriterGivesBodyBack: after the handler, the request has the body that it had
// before, unless the handler has replaced it.
func TestWriterGivesBodyBack(t *testing.T) {
	body, other := io.NopCloser(strings.NewReader("x")), io.NopCloser(strings.NewReader("y"))
	for _, replaced := range []io.ReadCloser{nil, other} {
		r := request("POST", "https://a.example")
		r.Body = body
		h := corshttp.Middleware(core.MustNew(policy), enforce)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if replaced != nil {
				r.Body = replaced
			}
		}))
		want := body
		if replaced != nil {
			want = replaced
		}
		if serve(h, r); r.Body != want {
			t.Errorf("the request has the body %T after the handler", r.Body)
		}
	}
}
