package benchmarks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/valyala/fasthttp"
)

// Server is an application with its middleware: either an http.Handler or one
// of fasthttp.
type Server struct {
	handler http.Handler
	fast    fasthttp.RequestHandler
	reload  func() error
}

// Reload replaces the policies by equal ones. Without middleware there is
// nothing to do.
func (s *Server) Reload() error {
	if s.reload == nil {
		return nil
	}
	return s.reload()
}

// Loop returns a function that serves the request once, into the same
// response every time.
func (s *Server) Loop(r Request) func() {
	m := r.message()
	if s.fast != nil {
		ctx := fastContext(m)
		return func() {
			ctx.Response.Reset()
			if r.Vary != "" {
				ctx.Response.Header.Set("Vary", r.Vary)
			}
			s.fast(ctx)
		}
	}
	request := httpRequest(m)
	w := &writer{header: http.Header{}}
	if r.Vary == "" {
		return func() {
			clear(w.header)
			s.handler.ServeHTTP(w, request)
		}
	}
	line := make([]string, 1)
	return func() {
		clear(w.header)
		line[0] = r.Vary
		w.header["Vary"] = line[:1:1]
		s.handler.ServeHTTP(w, request)
	}
}

// Recorded returns a function that serves the request once into a new
// httptest.ResponseRecorder, as the public set does. Only for net/http; the
// function may be called concurrently.
func (s *Server) Recorded(r Request) func() {
	request := httpRequest(r.message())
	return func() { s.handler.ServeHTTP(httptest.NewRecorder(), request) }
}

// Serve serves on loopback until stop is called.
func (s *Server) Serve() (address string, stop func() error, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	failed := make(chan error, 1)
	var shut func(context.Context) error
	if s.fast != nil {
		server := &fasthttp.Server{Handler: s.fast, NoDefaultServerHeader: true}
		shut = server.ShutdownWithContext
		go func() { failed <- server.Serve(listener) }()
	} else {
		server := &http.Server{Handler: s.handler, ReadHeaderTimeout: time.Minute}
		shut = func(ctx context.Context) error {
			err := server.Shutdown(ctx)
			if err != nil {
				server.Close()
			}
			return err
		}
		go func() { failed <- server.Serve(listener) }()
	}
	return listener.Addr().String(), func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := shut(ctx); err != nil {
			return err
		}
		if err := <-failed; err != nil && !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}, nil
}

// Check asks a browser for its verdict on what the request was made from, and
// returns an error if it is not the one that is called for, or if the script can
// read other response headers than the policy exposes.
func Check(server *Server, setup Setup, r Request) error {
	const exposable = "X-Request-Id"
	browser := &browsermodel.Browser{Transport: func(_ context.Context, m browsermodel.Request) (browsermodel.Response, error) {
		response := server.exchange(m)
		response.Header = append(response.Header, browsermodel.Field{Name: exposable, Value: "1"})
		return response, nil
	}}
	verdict := browser.Fetch(context.Background(), r.Fetch)
	if verdict.Allowed != r.Allowed {
		return fmt.Errorf("%s, %s: the browser's verdict is %v (%s: %s), want %v\n%s",
			setup.Title, r.Title, verdict.Allowed, verdict.Code, verdict.Text, r.Allowed, exchanges(verdict))
	}
	if setup.Routes == nil && verdict.Type == browsermodel.TypeCORS {
		want := slices.Contains(setup.Policies()[0].Expose, strings.ToLower(exposable))
		if verdict.Header.Has(exposable) != want {
			return fmt.Errorf("%s, %s: that the script can read %s is %v, want %v\n%s",
				setup.Title, r.Title, exposable, !want, want, exchanges(verdict))
		}
	}
	return nil
}

func exchanges(v browsermodel.Verdict) string {
	var b strings.Builder
	for _, e := range v.Exchanges {
		b.WriteString(e.String())
	}
	return b.String()
}

// exchange serves one request in memory.
func (s *Server) exchange(m browsermodel.Request) browsermodel.Response {
	var response browsermodel.Response
	if s.fast != nil {
		ctx := fastContext(m)
		s.fast(ctx)
		response.Status = ctx.Response.StatusCode()
		for name, value := range ctx.Response.Header.All() {
			response.Header = append(response.Header, browsermodel.Field{Name: string(name), Value: string(value)})
		}
		return response
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httpRequest(m))
	response.Status = w.Code
	for name, values := range w.Header() {
		for _, value := range values {
			response.Header = append(response.Header, browsermodel.Field{Name: name, Value: value})
		}
	}
	return response
}

func httpRequest(m browsermodel.Request) *http.Request {
	u, err := url.Parse(m.URL)
	if err != nil {
		panic(err) // the table's own
	}
	r := &http.Request{
		Method: m.Method, URL: u, Host: u.Host, RequestURI: u.Path, Header: http.Header{},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, RemoteAddr: "127.0.0.1:1",
	}
	u.Scheme, u.Host = "", ""
	for _, f := range m.Header {
		r.Header.Add(f.Name, f.Value)
	}
	return r
}

func fastContext(m browsermodel.Request) *fasthttp.RequestCtx {
	var r fasthttp.Request
	r.SetRequestURI(m.URL)
	r.Header.SetMethod(m.Method)
	for _, f := range m.Header {
		r.Header.Add(f.Name, f.Value)
	}
	ctx := new(fasthttp.RequestCtx)
	ctx.Init(&r, nil, nil)
	return ctx
}

// writer is a response that costs nothing.
type writer struct{ header http.Header }

func (w *writer) Header() http.Header         { return w.header }
func (w *writer) Write(b []byte) (int, error) { return len(b), nil }
func (w *writer) WriteHeader(int)             {}
