package corshttp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

var policy = core.Policy{
	Name: "p", AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"x-a"},
	ExposeHeaders: []string{"x-e"}, AllowCredentials: true, MaxAge: 10 * time.Minute,
}

func request(method, origin string, more ...string) *http.Request {
	r := httptest.NewRequest(method, "http://h.example/x", nil)
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	for i := 0; i < len(more); i += 2 {
		r.Header.Add(more[i], more[i+1])
	}
	return r
}

func serve(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

var ok = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })

func expect(t *testing.T, res *http.Response, status int, want http.Header) {
	t.Helper()
	got := http.Header{}
	for k, v := range res.Header {
		if strings.HasPrefix(k, "Access-Control-") || k == "Vary" {
			got[k] = v
		}
	}
	if res.StatusCode != status || !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("status %d, headers %v; want %d, %v", res.StatusCode, got, status, want)
	}
}

func TestMiddleware(t *testing.T) {
	h := corshttp.Middleware(core.MustNew(policy))(ok)
	actual := http.Header{
		"Access-Control-Allow-Origin": {"https://a.example"}, "Access-Control-Allow-Credentials": {"true"},
		"Access-Control-Expose-Headers": {"x-e"}, "Vary": {"Origin"},
	}
	expect(t, serve(h, request("GET", "https://a.example")), 200, actual)
	expect(t, serve(h, request("OPTIONS", "https://a.example")), 200, actual)
	expect(t, serve(h, request("GET", "https://e.example")), 200, http.Header{"Vary": {"Origin"}})
	expect(t, serve(h, request("GET", "")), 200, http.Header{"Vary": {"Origin"}})
	expect(t, serve(h, request("OPTIONS", "https://a.example", "Access-Control-Request-Method", "PUT")), 204, http.Header{
		"Access-Control-Allow-Origin": {"https://a.example"}, "Access-Control-Allow-Credentials": {"true"},
		"Access-Control-Allow-Methods": {"PUT"}, "Access-Control-Allow-Headers": {"x-a"}, "Access-Control-Max-Age": {"600"},
		"Vary": {"Origin, Access-Control-Request-Method"},
	})
	expect(t, serve(h, request("OPTIONS", "https://e.example", "Access-Control-Request-Method", "PUT")), 403, http.Header{
		"Vary": {"Origin, Access-Control-Request-Method"},
	})
	expect(t, serve(corshttp.Middleware(nil)(ok), request("GET", "https://a.example")), 200, http.Header{"Vary": {"Origin"}})
}

func TestVary(t *testing.T) {
	h := corshttp.Middleware(core.MustNew(policy))(ok)
	for before, want := range map[string][]string{
		"Accept-Encoding":          {"Accept-Encoding", "Origin"},
		"Accept-Encoding, Origin":  {"Accept-Encoding, Origin"},
		"accept , ORIGIN":          {"accept , ORIGIN"},
		"X-Origin":                 {"X-Origin", "Origin"},
		"Origin-Agent":             {"Origin-Agent", "Origin"},
		"Accept-Encoding\nX-Other": {"Accept-Encoding", "X-Other", "Origin"},
	} {
		outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Vary"] = strings.Split(before, "\n")
			h.ServeHTTP(w, r)
		})
		if got := serve(outer, request("GET", "https://a.example")).Header["Vary"]; !slices.Equal(got, want) {
			t.Errorf("Vary %q becomes %q, want %q", before, got, want)
		}
	}
}

func TestTwice(t *testing.T) {
	e := core.MustNew(policy)
	once, twice := corshttp.Middleware(e)(ok), corshttp.Middleware(e)(corshttp.Middleware(e)(ok))
	for _, r := range []*http.Request{request("GET", "https://a.example"), request("GET", "https://e.example"), request("GET", "")} {
		want := serve(once, r).Header
		want.Del("Content-Type")
		expect(t, serve(twice, r), 200, want)
	}
}

// TestNestedEngines: the innermost engine decides, and no header of an outer, looser
// one is left.
func TestNestedEngines(t *testing.T) {
	looser := core.Policy{AllowOrigins: []string{"https://b.example"}, AllowCredentials: true, ExposeHeaders: []string{"x-o"}}
	outer := corshttp.Middleware(core.MustNew(policy, looser))
	inner := core.Policy{AllowOrigins: []string{"https://b.example"}}
	h := outer(corshttp.Middleware(core.MustNew(inner))(ok))
	expect(t, serve(h, request("GET", "https://a.example")), 200, http.Header{"Vary": {"Origin"}})
	expect(t, serve(h, request("GET", "https://b.example")), 200, http.Header{
		"Access-Control-Allow-Origin": {"https://b.example"}, "Vary": {"Origin"},
	})
	anyone := outer(corshttp.Middleware(core.MustNew(core.Policy{AllowOrigins: []string{"*"}}))(ok))
	expect(t, serve(anyone, request("GET", "https://b.example")), 200,
		http.Header{"Access-Control-Allow-Origin": {"*"}, "Vary": {"Origin"}})
}

// TestNothingIsShared: a handler that changes a value in place, or appends to one,
// changes no other header and no later response.
func TestNothingIsShared(t *testing.T) {
	vandal := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, lines := range w.Header() {
			_ = append(lines, "appended")
			lines[0] = "broken"
		}
	})
	e := core.MustNew(policy)
	bad, good := corshttp.Middleware(e)(vandal), corshttp.Middleware(e)(ok)
	want := serve(good, request("GET", "https://a.example"))
	serve(bad, request("GET", "https://a.example"))
	expect(t, serve(good, request("GET", "https://a.example")), 200, func() http.Header {
		want.Header.Del("Content-Type")
		return want.Header
	}())
	h := http.Header{}
	corshttp.Apply(e, h, request("GET", "https://a.example"))
	for k := range h {
		h[k] = append(h[k], "appended to "+k)
	}
	for k, lines := range h {
		if len(lines) != 2 || lines[1] != "appended to "+k {
			t.Errorf("%s: %q", k, lines)
		}
	}
}

func TestSkip(t *testing.T) {
	skip := corshttp.Options{Skip: func(r *http.Request) bool { return r.URL.Path == "/x" }}
	h := corshttp.Middleware(core.MustNew(policy), corshttp.Options{}, skip)(ok)
	expect(t, serve(h, request("GET", "https://a.example")), 200, http.Header{})
	r := request("GET", "https://a.example")
	r.URL.Path = "/y"
	if serve(h, r).Header.Get("Access-Control-Allow-Origin") == "" {
		t.Error("/y is skipped")
	}
}

func TestRoutedByPath(t *testing.T) {
	e, err := core.NewRouted(core.Route{Host: "h.example", Path: "/x", Policies: []core.Policy{policy}})
	if err != nil {
		t.Fatal(err)
	}
	h := corshttp.Middleware(e)(ok)
	if serve(h, request("GET", "https://a.example")).Header.Get("Access-Control-Allow-Origin") == "" {
		t.Error("/x: no origin is allowed, want that of the route")
	}
	r := request("GET", "https://a.example")
	r.URL, _ = url.Parse("/y")
	expect(t, serve(h, r), 200, http.Header{})
	r.URL, _ = url.Parse("/%78") // /x if decoded
	expect(t, serve(h, r), 200, http.Header{"Vary": {"Origin"}})
}

// TestRoutedByHost: the engine finds the route by host and path.
func TestRoutedByHost(t *testing.T) {
	engine, err := core.NewRouted(
		core.Route{Host: "h.example", Path: "/x", Policies: []core.Policy{{Name: "here", AllowOrigins: []string{"https://a.example"}}}},
		core.Route{Host: "h.example", Policies: []core.Policy{{Name: "path", AllowOrigins: []string{"https://a.example"}}}},
		core.Route{Policies: []core.Policy{{Name: "host", AllowOrigins: []string{"https://a.example"}}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{"http://h.example/x": "here", "http://h.example/y": "path", "http://g.example/x": "host"} {
		r := httptest.NewRequest("GET", url, nil)
		r.Header.Set("Origin", "https://a.example")
		if d := engine.Decide(r.Context(), corshttp.Request(r)); d.Policy != want {
			t.Errorf("%s: the policy is %q, want %q", url, d.Policy, want)
		}
	}
}

// TestOnlyOptionsIsAPreflight: a request with another method is not a preflight, even if
// it has Access-Control-Request-Method.
func TestOnlyOptionsIsAPreflight(t *testing.T) {
	h := corshttp.Middleware(core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"PUT"}}))(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	for method, want := range map[string]int{"GET": http.StatusTeapot, "options": http.StatusTeapot, "OPTIONS": http.StatusNoContent} {
		res := serve(h, request(method, "https://a.example", "Access-Control-Request-Method", "PUT"))
		if res.StatusCode != want || res.Header.Get("Access-Control-Allow-Origin") != "https://a.example" {
			t.Errorf("%s: %d %v, want %d", method, res.StatusCode, res.Header, want)
		}
	}
}

func TestCheckOrigin(t *testing.T) {
	check := corshttp.CheckOrigin(core.MustNew(policy))
	for _, tt := range []struct {
		r    *http.Request
		want bool
	}{
		{request("GET", ""), true},
		{request("GET", "https://a.example"), true},
		{request("GET", "https://e.example"), false},
		{request("GET", "null"), false},
		{request("GET", "http://h.example"), true},
		{request("GET", "http://h.example", "Sec-Fetch-Site", "cross-site"), false},
		{request("GET", "https://e.example", "Sec-Fetch-Site", "same-origin"), true},
		{request("GET", "https://a.example", "Origin", "https://a.example"), false},
	} {
		if got := check(tt.r); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.r.Header, got, tt.want)
		}
	}
	if corshttp.CheckOrigin(nil)(request("GET", "https://a.example")) {
		t.Error("a nil engine allows a handshake")
	}
}

func TestStripUpstream(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name := range core.ResponseHeaders() {
			w.Header().Set(name, "upstream's")
		}
		w.Header().Set("Vary", "Accept")
	}))
	defer upstream.Close()
	target, _ := url.Parse(upstream.URL)
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: corshttp.StripUpstream,
	}
	expect(t, serve(corshttp.Middleware(core.MustNew(policy))(proxy), request("GET", "https://a.example")), 200, http.Header{
		"Access-Control-Allow-Origin": {"https://a.example"}, "Access-Control-Allow-Credentials": {"true"},
		"Access-Control-Expose-Headers": {"x-e"}, "Vary": {"Origin", "Accept"},
	})
}

// TestKeepVaryAddsNothing: KeepVary restores Vary, but no header that the handler has
// deleted.
func TestKeepVaryAddsNothing(t *testing.T) {
	keep := []corshttp.Options{{KeepVary: true}, {}} // are merged
	revokes := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Del("Access-Control-Allow-Origin")
		w.Header().Del("Vary")
	})
	h := corshttp.Middleware(core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example"}}), keep...)(revokes)
	expect(t, serve(h, request("GET", "https://a.example")), 200, http.Header{"Vary": {"Origin"}})
	h = corshttp.Middleware(core.MustNew(core.Policy{AllowOrigins: []string{"*"}}), keep...)(ok)
	expect(t, serve(h, request("GET", "https://a.example")), 200, http.Header{"Access-Control-Allow-Origin": {"*"}})
}

// TestUpstreamWithEarlyHints: KeepVary restores the headers that a ReverseProxy clears
// after each informational response of its upstream.
func TestUpstreamWithEarlyHints(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Access-Control-Allow-Origin", "upstream's")
		w.Header().Set("Vary", "Accept")
		w.WriteHeader(http.StatusOK)
	}))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: corshttp.StripUpstream,
	}
	for _, tt := range []struct {
		policy core.Policy
		origin string
		want   http.Header
	}{
		{policy, "https://a.example", http.Header{
			"Access-Control-Allow-Origin": {"https://a.example"}, "Access-Control-Allow-Credentials": {"true"},
			"Access-Control-Expose-Headers": {"x-e"}, "Vary": {"Accept", "Origin"},
		}},
		{policy, "https://e.example", http.Header{"Vary": {"Accept", "Origin"}}},
		{core.Policy{AllowOrigins: []string{"*"}}, "https://e.example",
			http.Header{"Access-Control-Allow-Origin": {"*"}, "Vary": {"Accept"}}},
	} {
		server := httptest.NewServer(corshttp.Middleware(core.MustNew(tt.policy), corshttp.Options{KeepVary: true})(proxy))
		r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", tt.origin)
		res, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		for _, name := range []string{
			"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Vary",
		} {
			if got := res.Header[name]; !slices.Equal(got, tt.want[name]) {
				t.Errorf("%s: %s is %q, want %q", tt.origin, name, got, tt.want[name])
			}
		}
		server.Close()
	}
}

func TestAllocations(t *testing.T) {
	strict, open := core.MustNew(policy), core.MustNew(core.Policy{AllowOrigins: []string{"*"}, ExposeHeaders: []string{"x"}})
	routed, err := core.NewRouted(core.Route{Path: "/other", Policies: []core.Policy{policy}})
	if err != nil {
		t.Fatal(err)
	}
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	w := httptest.NewRecorder()
	header := w.Header()
	preflight := request("OPTIONS", "https://a.example", "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "x-a")
	for _, tt := range []struct {
		name  string
		e     *core.Engine
		r     *http.Request
		vary  []string
		limit float64
	}{
		{"no origin", strict, request("GET", ""), nil, 1},
		{"actual", strict, request("GET", "https://a.example"), nil, 1},
		{"actual, Vary", strict, request("GET", "https://a.example"), []string{"Accept-Encoding"}, 1},
		{"refused", strict, request("GET", "https://e.example"), nil, 1},
		{"refused, Vary has Origin", strict, request("GET", "https://e.example"), []string{"Accept, Origin"}, 0},
		{"preflight", strict, preflight, nil, 1},
		{"preflight refused", strict, request("OPTIONS", "https://e.example", "Access-Control-Request-Method", "PUT"), nil, 1},
		{"any", open, request("GET", ""), nil, 1},
		{"no route", routed, request("GET", "https://a.example"), nil, 0},
		{"twice", strict, request("GET", "https://a.example"), nil, 1},
	} {
		h := corshttp.Middleware(tt.e)(nothing)
		if tt.name == "twice" {
			h = corshttp.Middleware(tt.e)(h)
		}
		sink := discard{header}
		if n := testing.AllocsPerRun(100, func() {
			clear(header)
			if tt.vary != nil {
				header["Vary"] = tt.vary
			}
			h.ServeHTTP(sink, tt.r)
		}); n > tt.limit {
			t.Errorf("%s: %v allocations, want at most %v", tt.name, n, tt.limit)
		}
	}
}

// discard is a ResponseWriter that discards everything.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func TestKeepVary(t *testing.T) {
	overwrite := func(then func(http.ResponseWriter)) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Vary", "Accept")
			then(w)
		})
	}
	handlers := map[string]http.Handler{
		"silent":      overwrite(func(http.ResponseWriter) {}),
		"write":       overwrite(func(w http.ResponseWriter) { io.WriteString(w, "x") }),
		"writeheader": overwrite(func(w http.ResponseWriter) { w.WriteHeader(404) }),
		"flush":       overwrite(func(w http.ResponseWriter) { w.(http.Flusher).Flush() }),
		"controller":  overwrite(func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }),
		"readfrom":    overwrite(func(w http.ResponseWriter) { io.Copy(w, strings.NewReader("x")) }),
		"early hints": overwrite(func(w http.ResponseWriter) { w.WriteHeader(103); w.Header().Set("Vary", "Accept"); w.WriteHeader(200) }),
		"deleted":     http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Del("Vary"); io.WriteString(w, "x") }),
		"timeout":     http.TimeoutHandler(overwrite(func(w http.ResponseWriter) { io.WriteString(w, "x") }), time.Minute, ""),
	}
	for name, h := range handlers {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(corshttp.Middleware(core.MustNew(policy), corshttp.Options{KeepVary: true})(h))
			defer s.Close()
			r, _ := http.NewRequest("GET", s.URL, nil)
			r.Header.Set("Origin", "https://a.example")
			res, err := s.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			got := strings.Join(res.Header["Vary"], ", ")
			if !strings.Contains(got, "Origin") || name != "deleted" && !strings.Contains(got, "Accept") {
				t.Errorf("Vary is %q", got)
			}
		})
	}
}

func TestKeepVaryHijack(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\nhello")
	})
	s := httptest.NewServer(corshttp.Middleware(core.MustNew(policy), corshttp.Options{KeepVary: true})(h))
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nOrigin: https://e.example\r\n\r\n")
	if b, _ := io.ReadAll(bufio.NewReader(conn)); !strings.HasSuffix(string(b), "hello") {
		t.Errorf("the connection got %q, want \"hello\" at the end", b)
	}
}

// flusher, hijacker and pusher are the optional interfaces of a ResponseWriter.
type (
	flusher  struct{}
	hijacker struct{}
	pusher   struct{}
)

func (flusher) Flush()                                        {}
func (hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, io.EOF }
func (pusher) Push(string, *http.PushOptions) error           { return nil }

func TestKeepVaryInterfaces(t *testing.T) {
	type w = http.ResponseWriter
	d := &discard{http.Header{}}
	for _, in := range []w{
		d, struct {
			w
			flusher
		}{d, flusher{}}, struct {
			w
			hijacker
		}{d, hijacker{}}, struct {
			w
			pusher
		}{d, pusher{}}, struct {
			w
			flusher
			hijacker
		}{d, flusher{}, hijacker{}}, struct {
			w
			flusher
			pusher
		}{d, flusher{}, pusher{}}, struct {
			w
			hijacker
			pusher
		}{d, hijacker{}, pusher{}}, struct {
			w
			flusher
			hijacker
			pusher
		}{d, flusher{}, hijacker{}, pusher{}},
	} {
		h := http.HandlerFunc(func(out w, _ *http.Request) {
			_, f1 := in.(http.Flusher)
			_, f2 := out.(http.Flusher)
			_, h1 := in.(http.Hijacker)
			_, h2 := out.(http.Hijacker)
			_, p1 := in.(http.Pusher)
			_, p2 := out.(http.Pusher)
			if f1 != f2 || h1 != h2 || p1 != p2 {
				t.Errorf("%T: the handler gets Flusher %v, Hijacker %v, Pusher %v", in, f2, h2, p2)
			}
			if out.(interface{ Unwrap() w }).Unwrap() != in {
				t.Errorf("%T: Unwrap does not return it", in)
			}
		})
		corshttp.Middleware(core.MustNew(policy), corshttp.Options{KeepVary: true})(h).ServeHTTP(in, request("GET", ""))
	}
}

func BenchmarkMiddleware(b *testing.B) {
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"PUT"}})
	h := corshttp.Middleware(engine)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for name, r := range map[string]*http.Request{
		"none": request("GET", ""), "actual": request("GET", "https://a.example"), "refused": request("GET", "https://e.example"),
		"preflight": request("OPTIONS", "https://a.example", "Access-Control-Request-Method", "PUT"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var w http.ResponseWriter = discard{http.Header{}}
			for b.Loop() {
				clear(w.Header())
				h.ServeHTTP(w, r)
			}
		})
	}
}

func ExampleMiddleware() {
	engine, err := core.New(core.Policy{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
		AllowHeaders: []string{"content-type"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /items/{id}", func(w http.ResponseWriter, r *http.Request) {})
	server := httptest.NewServer(corshttp.Middleware(engine)(mux))
	defer server.Close()

	preflight, _ := http.NewRequest("OPTIONS", server.URL+"/items/1", nil)
	preflight.Header.Set("Origin", "https://app.example.com")
	preflight.Header.Set("Access-Control-Request-Method", "PUT")
	res, err := http.DefaultClient.Do(preflight)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	fmt.Println(res.StatusCode, res.Header.Get("Access-Control-Allow-Origin"), res.Header.Get("Access-Control-Allow-Methods"))
	// Output: 204 https://app.example.com PUT
}

func ExampleCheckOrigin() {
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://app.example.com"}})
	check := corshttp.CheckOrigin(engine)

	handshake := httptest.NewRequest("GET", "https://api.example.com/socket", nil)
	for _, origin := range []string{"https://app.example.com", "https://evil.example", "https://api.example.com"} {
		handshake.Header.Set("Origin", origin)
		fmt.Println(origin, check(handshake))
	}
	// Output:
	// https://app.example.com true
	// https://evil.example false
	// https://api.example.com true
}

func ExampleStripUpstream() {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
	}))
	defer upstream.Close()
	target, _ := url.Parse(upstream.URL)
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: corshttp.StripUpstream,
	}
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://app.example.com"}})
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Origin", "https://app.example.com")
	corshttp.Middleware(engine)(proxy).ServeHTTP(w, r)
	fmt.Println(w.Header()["Access-Control-Allow-Origin"])
	// Output: [https://app.example.com]
}

// TestApply: Apply writes the headers of the decision and allocates at most once.
func TestApply(t *testing.T) {
	private := policy
	private.AllowPrivateNetwork = true
	all := core.Policy{
		AllowOrigins: []string{"https://b.example"}, AllowCredentials: true, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"},
	}
	e := core.MustNew(private, all)
	for _, r := range []*http.Request{
		request("GET", ""), request("GET", "https://a.example"), request("GET", "https://e.example"),
		request("OPTIONS", "https://a.example", "Access-Control-Request-Method", "PUT", "Access-Control-Request-Private-Network", "true"),
		request("OPTIONS", "https://b.example", "Access-Control-Request-Method", "PURGE", "Access-Control-Request-Headers", "x-b"),
	} {
		got, want := http.Header{}, http.Header{}
		status, vary := corshttp.Apply(e, got, r)
		d := e.Decide(t.Context(), corshttp.Request(r))
		for name, value := range d.Headers() {
			want.Set(name, value)
		}
		if !maps.EqualFunc(got, want, slices.Equal) || status != d.Status || vary != d.Vary {
			t.Errorf("Apply writes %v, the decision has %v", got, want)
		}
		if n := testing.AllocsPerRun(100, func() { clear(got); corshttp.Apply(e, got, r) }); n > 1 {
			t.Errorf("Apply makes %v allocations, want at most 1", n)
		}
	}
}

// TestAddVary: AddVary keeps existing lines and does not modify the slice that holds
// them.
func TestAddVary(t *testing.T) {
	for _, tt := range []struct {
		lines []string
		names string
		want  []string
	}{
		{nil, "Origin", []string{"Origin"}},
		{[]string{"Accept"}, "Origin", []string{"Accept", "Origin"}},
		{[]string{"Accept, origin"}, "Origin", []string{"Accept, origin"}},
		{[]string{"Origin"}, "Origin, Accept", []string{"Origin", "Origin, Accept"}},
		{[]string{"Accept"}, "", []string{"Accept"}},
	} {
		shared := append(make([]string, 0, 4), tt.lines...)
		h := http.Header{}
		if tt.lines != nil {
			h["Vary"] = shared
		}
		if corshttp.AddVary(h, tt.names); !slices.Equal(h["Vary"], tt.want) {
			t.Errorf("%q and %q: %q, want %q", tt.lines, tt.names, h["Vary"], tt.want)
		}
		if spare := shared[:cap(shared)]; spare[len(shared)] != "" {
			t.Errorf("%q and %q: the slice was changed to %q", tt.lines, tt.names, spare)
		}
	}
}

// TestFunctionAllocations: net/http's strings need no copies, not even for a
// function.
func TestFunctionAllocations(t *testing.T) {
	e := core.MustNew(core.Policy{AllowOriginFunc: func(_ context.Context, r core.Request) bool {
		return r.OriginValue() == "https://a.example"
	}})
	r, h := request("GET", "https://a.example"), http.Header{}
	if n := testing.AllocsPerRun(100, func() { clear(h); corshttp.Apply(e, h, r) }); n > 1 || h.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("%v allocations, headers %v; want one, and an allowed origin", n, h)
	}
}
