package benchmarks

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/hosts"
)

// Server is an application with its middleware.
type Server struct {
	app    *hosts.Application
	reload func() error
}

// Reload replaces the policies with equal ones. Without middleware it does nothing.
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
	if serve := s.app.FastHTTP; serve != nil {
		ctx := fastContext(m)
		return func() {
			ctx.Response.Reset()
			ctx.ResetUserValues() // as fasthttp's server does after each request
			if r.Vary != "" {
				ctx.Response.Header.Set("Vary", r.Vary)
			}
			serve(ctx)
		}
	}
	handler, request := s.app.Handler, httpRequest(m)
	w := &writer{header: http.Header{}}
	if r.Vary == "" {
		return func() {
			clear(w.header)
			handler.ServeHTTP(w, request)
		}
	}
	line := make([]string, 1)
	return func() {
		clear(w.header)
		line[0] = r.Vary
		w.header["Vary"] = line[:1:1]
		handler.ServeHTTP(w, request)
	}
}

// Recorded returns a function that serves the request once into a new
// httptest.ResponseRecorder, as the public set does. It works only on net/http;
// the function may be called concurrently.
func (s *Server) Recorded(r Request) func() {
	request := httpRequest(r.message())
	return func() { s.app.Handler.ServeHTTP(httptest.NewRecorder(), request) }
}

// Serve serves on loopback until stop is called.
func (s *Server) Serve() (address string, stop func(), err error) {
	server, err := s.app.Serve(conformance.Setup{})
	if err != nil {
		return "", nil, err
	}
	return strings.TrimPrefix(server.URL, "http://"), server.Close, nil
}

// Check asks the model of a browser for its verdict on the request's fetch. It
// returns an error if the verdict is not the expected one, if the script can read a
// response header that the policy does not expose, or if it cannot read one that the
// policy exposes.
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
			return fmt.Errorf("%s, %s: the script can read %s: %v, want %v\n%s",
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
	if serve := s.app.FastHTTP; serve != nil {
		ctx := fastContext(m)
		serve(ctx)
		response.Status = ctx.Response.StatusCode()
		for name, value := range ctx.Response.Header.All() {
			response.Header = append(response.Header, browsermodel.Field{Name: string(name), Value: string(value)})
		}
		return response
	}
	w := httptest.NewRecorder()
	s.app.Handler.ServeHTTP(w, httpRequest(m))
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
		panic(err) // the URL is the table's own
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
