package corshttp_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
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

// TestRoutedPath: an engine with routes uses the path that RoutedPath returns, unchanged,
// in the middleware, in CheckOrigin and in Request. If that is empty, it uses the path of
// the URL. If there are several functions, the last one is used.
func TestRoutedPath(t *testing.T) {
	e, err := core.NewRouted(core.Route{Path: "/private", Policies: []core.Policy{policy}},
		core.Route{Policies: []core.Policy{{AllowOrigins: []string{"https://e.example"}}}})
	if err != nil {
		t.Fatal(err)
	}
	routed := map[string]string{"/private.json": "/private", "/priv%61te/": "/priv%61te", "/private": "", "/%70rivate": ""}
	options := []corshttp.Options{
		{RoutedPath: func(*http.Request) string { return "/other" }},
		{RoutedPath: func(r *http.Request) string { return routed[r.URL.EscapedPath()] }}, {},
	}
	h := corshttp.Middleware(e, options...)(ok)
	check := corshttp.CheckOrigin(e, options...)
	for target, want := range map[string][]string{
		"/private.json": {"https://a.example"}, "/private": {"https://a.example"},
		"/priv%61te/": {"https://e.example"}, // the router compares it unchanged
		"/%70rivate":  nil,                   // may be either
		"/x":          {"https://e.example"},
	} {
		for _, origin := range []string{"https://a.example", "https://e.example"} {
			r := httptest.NewRequest("GET", target, nil)
			r.Header.Set("Origin", origin)
			allow := slices.Contains(want, origin)
			if got := serve(h, r).Header.Get("Access-Control-Allow-Origin") != ""; got != allow {
				t.Errorf("%s from %s: allowed %v, want %v", target, origin, got, allow)
			}
			if got := check(r); got != allow {
				t.Errorf("%s from %s: CheckOrigin %v, want %v", target, origin, got, allow)
			}
			if got := e.Decide(t.Context(), corshttp.Request(r, options...)).Allowed; got != allow {
				t.Errorf("%s from %s: Decide, with Request: allowed %v, want %v", target, origin, got, allow)
			}
		}
	}
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
