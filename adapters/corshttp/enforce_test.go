package corshttp_test

import (
	"context"
	"io"
	"maps"
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

var enforce = corshttp.Options{Enforce: true}

// twoOrigins allows two origins, with credentials.
var twoOrigins = core.Policy{
	AllowOrigins: []string{"https://a.example", "https://b.example"}, AllowCredentials: true, ExposeHeaders: []string{"x-e"},
}

// cors returns the CORS headers of a response, in any spelling, and Vary.
func cors(h http.Header) http.Header {
	got := http.Header{}
	for name, lines := range h {
		if strings.HasPrefix(strings.ToLower(name), "access-control-") || strings.EqualFold(name, "Vary") {
			got[name] = lines
		}
	}
	return got
}

// allowedTo returns the headers with which twoOrigins answers an origin.
func allowedTo(origin string) http.Header {
	if !slices.Contains(twoOrigins.AllowOrigins, origin) {
		return http.Header{"Vary": {"Origin"}}
	}
	return http.Header{
		"Access-Control-Allow-Origin": {origin}, "Access-Control-Allow-Credentials": {"true"},
		"Access-Control-Expose-Headers": {"x-e"}, "Vary": {"Origin"},
	}
}

var origins = []string{"https://a.example", "https://b.example", "https://e.example", ""}

// TestEnforce: the response has the CORS headers that were decided, one line each, and
// none that the handler has written.
func TestEnforce(t *testing.T) {
	spell := func(spelled func(string) string) func(h http.Header) {
		return func(h http.Header) {
			for name := range core.ResponseHeaders() {
				h[spelled(name)] = []string{"true", "*"}
			}
		}
	}
	for what, change := range map[string]func(http.Header){
		"set": func(h http.Header) {
			h.Set("Access-Control-Allow-Origin", "https://a.example")
			h.Set("Access-Control-Allow-Credentials", "true")
		},
		"added": func(h http.Header) {
			for name := range core.ResponseHeaders() {
				h.Add(name, "other's")
			}
		},
		"all":        spell(func(s string) string { return s }),
		"lower case": spell(strings.ToLower),
		"vary added": func(h http.Header) { h.Add("Vary", "Origin") },
	} {
		for sends, send := range map[string]func(http.ResponseWriter){
			"nothing": func(http.ResponseWriter) {},
			"body":    func(w http.ResponseWriter) { _, _ = w.Write([]byte("x")) },
			"string":  func(w http.ResponseWriter) { _, _ = io.WriteString(w, "x") },
			"copy":    func(w http.ResponseWriter) { _, _ = io.Copy(w, strings.NewReader("x")) },
			"status":  func(w http.ResponseWriter) { w.WriteHeader(404) },
			"flush":   func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
			"panic":   func(http.ResponseWriter) { panic("on purpose") },
		} {
			h := corshttp.Middleware(core.MustNew(twoOrigins), enforce)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				change(w.Header())
				send(w)
			}))
			recovering := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() { _ = recover() }()
				h.ServeHTTP(w, r)
			})
			for _, origin := range origins {
				got, want := cors(serve(recovering, request("GET", origin)).Header), allowedTo(origin)
				if !maps.EqualFunc(got, want, slices.Equal) {
					t.Errorf("%s, then %s, from %q: %v, want %v", what, sends, origin, got, want)
				}
			}
		}
	}
}

// TestEnforceAddsNothing: headers that the handler has deleted stay deleted, and without
// an origin, no other header is left.
func TestEnforceAddsNothing(t *testing.T) {
	for what, deleted := range map[string]string{
		"origin": "Access-Control-Allow-Origin", "credentials": "Access-Control-Allow-Credentials",
	} {
		h := corshttp.Middleware(core.MustNew(twoOrigins), enforce)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Del(deleted)
			w.Header().Set("Access-Control-Expose-Headers", "*")
		}))
		want := allowedTo("https://a.example")
		if delete(want, deleted); what == "origin" {
			want = http.Header{"Vary": {"Origin"}}
		}
		if got := cors(serve(h, request("GET", "https://a.example")).Header); !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s deleted: %v, want %v", what, got, want)
		}
	}
}

// TestEnforceDecidesNothing: an engine that has no route for the path does not change the
// headers.
func TestEnforceDecidesNothing(t *testing.T) {
	none, err := core.NewRouted(core.Route{Path: "/other/", Policies: []core.Policy{policy}})
	if err != nil {
		t.Fatal(err)
	}
	h := corshttp.Middleware(none, enforce)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
	}))
	expect(t, serve(h, request("GET", "https://a.example")), 200, http.Header{"Access-Control-Allow-Origin": {"*"}})
}

// store is a cache that stores headers, and the slices that they are in.
type store struct{ header http.Header }

func (s *store) serve(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.header == nil {
			next.ServeHTTP(w, r)
			s.header = maps.Clone(w.Header())
			return
		}
		maps.Copy(w.Header(), s.header)
		_, _ = io.WriteString(w, "stored")
	})
}

// TestEnforceStored: a stored response does not carry the decision for another request.
func TestEnforceStored(t *testing.T) {
	for _, first := range origins {
		h := corshttp.Middleware(core.MustNew(twoOrigins), enforce)(new(store).serve(ok))
		for _, origin := range append([]string{first}, origins...) {
			if got, want := cors(serve(h, request("GET", origin)).Header), allowedTo(origin); !maps.EqualFunc(got, want, slices.Equal) {
				t.Errorf("first from %q, then from %q: %v, want %v", first, origin, got, want)
			}
		}
	}
}

// TestEnforceUpstream: an upstream's headers allow nothing. Without Enforce, the
// credentials that it allows take effect, as docs/frameworks.md says.
func TestEnforceUpstream(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["access-control-allow-credentials"] = []string{"true"}
		w.Header()["access-control-expose-headers"] = []string{"x-secret"}
	}))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	e := core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example"}})
	want := http.Header{"Access-Control-Allow-Origin": {"https://a.example"}, "Vary": {"Origin"}}
	expect(t, serve(corshttp.Middleware(e, enforce)(proxy), request("GET", "https://a.example")), 200, want)
	expect(t, serve(corshttp.Middleware(e, enforce)(proxy), request("GET", "https://e.example")), 200, http.Header{"Vary": {"Origin"}})
	want["Access-Control-Allow-Credentials"], want["Access-Control-Expose-Headers"] = []string{"true"}, []string{"x-secret"}
	expect(t, serve(corshttp.Middleware(e)(proxy), request("GET", "https://a.example")), 200, want)
}

// wrapped is a ResponseWriter of a middleware between two others. hidden does not unwrap.
type (
	wrapped struct{ http.ResponseWriter }
	hidden  struct{ http.ResponseWriter }
)

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// TestEnforceNested: the response has the headers that the innermost engine has decided.
// If a middleware between the two hides the outer writer, only what both allow is left.
func TestEnforceNested(t *testing.T) {
	inner := core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example", "https://e.example"}})
	middle := core.MustNew(core.Policy{AllowOrigins: []string{"*"}, ExposeHeaders: []string{"x-m"}})
	for what, wrap := range map[string]func(http.ResponseWriter) http.ResponseWriter{
		"plain":   func(w http.ResponseWriter) http.ResponseWriter { return w },
		"deeper":  func(w http.ResponseWriter) http.ResponseWriter { return w },
		"wrapped": func(w http.ResponseWriter) http.ResponseWriter { return wrapped{w} },
		"hidden":  func(w http.ResponseWriter) http.ResponseWriter { return hidden{w} },
	} {
		for _, innerOptions := range []corshttp.Options{{}, enforce} {
			nested := corshttp.Middleware(inner, innerOptions)(ok)
			if what == "deeper" {
				nested = corshttp.Middleware(middle, enforce)(nested)
			}
			h := corshttp.Middleware(core.MustNew(twoOrigins), enforce)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				nested.ServeHTTP(wrap(w), r)
			}))
			for _, origin := range origins {
				want := http.Header{"Vary": {"Origin"}}
				if origin == "https://a.example" || origin == "https://e.example" && what != "hidden" {
					want["Access-Control-Allow-Origin"] = []string{origin}
				}
				if got := cors(serve(h, request("GET", origin)).Header); !maps.EqualFunc(got, want, slices.Equal) {
					t.Errorf("%s, from %q: %v, want %v", what, origin, got, want)
				}
			}
		}
	}
}

// TestEnforceNestedVary: names that the outer engine needs in Vary stay there, even if the
// inner one decides the same for every origin.
func TestEnforceNestedVary(t *testing.T) {
	anyone := core.MustNew(core.Policy{AllowOrigins: []string{"*"}})
	h := corshttp.Middleware(core.MustNew(twoOrigins), enforce)(corshttp.Middleware(anyone)(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Vary", "Accept") })))
	expect(t, serve(h, request("GET", "https://e.example")), 200,
		http.Header{"Access-Control-Allow-Origin": {"*"}, "Vary": {"Accept", "Origin"}})
}

// TestEnforceNestedBelowAnyone: an outer engine that allows any origin puts nothing into
// Vary. It enforces what the inner one has decided.
func TestEnforceNestedBelowAnyone(t *testing.T) {
	anyone := core.MustNew(core.Policy{AllowOrigins: []string{"*"}, ExposeHeaders: []string{"x-m"}})
	inner := corshttp.Middleware(core.MustNew(twoOrigins))(ok)
	for _, between := range []string{"", "Accept-Encoding"} {
		h := corshttp.Middleware(anyone, enforce)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if between != "" {
				w.Header().Add("Vary", between)
			}
			inner.ServeHTTP(w, r)
		}))
		for _, origin := range origins {
			want := allowedTo(origin)
			if between != "" {
				want["Vary"] = append([]string{between}, want["Vary"]...)
			}
			if got := cors(serve(h, request("GET", origin)).Header); !maps.EqualFunc(got, want, slices.Equal) {
				t.Errorf("with Vary %q, from %q: %v, want %v", between, origin, got, want)
			}
		}
	}
}

// TestEnforceNestedWritten: the inner engine decides, even if something else has already
// written the same headers.
func TestEnforceNestedWritten(t *testing.T) {
	const origin = "https://e.example"
	inner := corshttp.Middleware(core.MustNew(core.Policy{AllowOrigins: []string{origin}}))(ok)
	h := corshttp.Middleware(core.MustNew(twoOrigins), enforce)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		inner.ServeHTTP(w, r)
	}))
	expect(t, serve(h, request("GET", origin)), 200, http.Header{"Access-Control-Allow-Origin": {origin}, "Vary": {"Origin"}})
}

// TestEnforceVaryOrder: repeated lines of Vary are removed, and the others keep their
// order.
func TestEnforceVaryOrder(t *testing.T) {
	h := corshttp.Middleware(core.MustNew(twoOrigins), enforce)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, line := range []string{"Cookie", "Accept", "Cookie", "Origin"} {
			w.Header().Add("Vary", line)
		}
	}))
	expect(t, serve(h, request("GET", "https://e.example")), 200, http.Header{"Vary": {"Origin", "Cookie", "Accept"}})
}

// TestEnforceNestedWithoutRoute: an inner engine that has no route for the path decides
// nothing, and the response has the headers that the outer one has decided.
func TestEnforceNestedWithoutRoute(t *testing.T) {
	none, err := core.NewRouted(core.Route{Path: "/other/", Policies: []core.Policy{policy}})
	if err != nil {
		t.Fatal(err)
	}
	h := corshttp.Middleware(core.MustNew(twoOrigins), enforce)(corshttp.Middleware(none)(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Access-Control-Allow-Origin", "*") })))
	for _, origin := range origins {
		want := allowedTo(origin)
		if got := cors(serve(h, request("GET", origin)).Header); !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("from %q: %v, want %v", origin, got, want)
		}
	}
}

// custom is a ResponseWriter of a framework, with an Exchange.
type custom struct {
	http.ResponseWriter
	*corshttp.Exchange
}

func (w custom) WriteHeader(status int) {
	w.Keep(w.Header())
	w.ResponseWriter.WriteHeader(status)
}

// TestBegin: an adapter can wrap the framework's writer, or have a writer of its own.
// Both receive the decision of a nested engine.
func TestBegin(t *testing.T) {
	e := core.MustNew(twoOrigins)
	write := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.WriteHeader(http.StatusTeapot)
	})
	inner := corshttp.Middleware(core.MustNew(core.Policy{AllowOrigins: []string{"https://e.example"}}))(write)
	for name, adapter := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"Wrap": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			x := corshttp.Begin(e, w, r, enforce)
			wrapped, finish := x.Wrap(w, r)
			defer finish()
			next.ServeHTTP(wrapped, r)
		},
		"Keep": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			x := corshttp.Begin(e, w, r, enforce)
			next.ServeHTTP(custom{w, &x}, r)
		},
	} {
		for _, origin := range origins {
			for what, next := range map[string]http.Handler{"alone": write, "nested": inner} {
				h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { adapter(w, r, next) })
				want := allowedTo(origin)
				if what == "nested" {
					want = http.Header{"Vary": {"Origin"}}
					if origin == "https://e.example" {
						want["Access-Control-Allow-Origin"] = []string{origin}
					}
				}
				res := serve(h, request("GET", origin))
				if got := cors(res.Header); !maps.EqualFunc(got, want, slices.Equal) || res.StatusCode != http.StatusTeapot {
					t.Errorf("%s, %s, from %q: status %d, %v, want %v", name, what, origin, res.StatusCode, got, want)
				}
			}
		}
	}
	preflight := request("OPTIONS", "https://a.example", "Access-Control-Request-Method", "GET")
	x := corshttp.Begin(e, httptest.NewRecorder(), preflight, enforce)
	if x.Status() != http.StatusNoContent {
		t.Errorf("the status of a preflight is %d, want 204", x.Status())
	}
}

// TestNestedTimeout: http.TimeoutHandler has headers of its own, and cannot take away
// those that the outer engine has written, although the inner one denies the origin.
// docs/frameworks.md says so. If this test fails, remove the sentence.
func TestNestedTimeout(t *testing.T) {
	inner := corshttp.Middleware(core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example"}}))(ok)
	h := corshttp.Middleware(core.MustNew(twoOrigins))(http.TimeoutHandler(inner, time.Minute, ""))
	if got := serve(h, request("GET", "https://b.example")).Header.Get("Access-Control-Allow-Origin"); got != "https://b.example" {
		t.Errorf("Access-Control-Allow-Origin %q", got)
	}
}

// TestNestedInACircle: a writer that unwraps to itself does not hang the middleware.
func TestNestedInACircle(t *testing.T) {
	w := &circular{httptest.NewRecorder()}
	w.Header().Set("Vary", "Accept")
	corshttp.Middleware(core.MustNew(policy))(ok).ServeHTTP(w, request("GET", "https://a.example"))
	if got := w.Header().Get("Access-Control-Allow-Origin"); got != "https://a.example" {
		t.Errorf("Access-Control-Allow-Origin %q", got)
	}
}

type circular struct{ http.ResponseWriter }

func (w *circular) Unwrap() http.ResponseWriter { return w }

// outer is an Outer.
type outer struct{ decided []core.Decision }

func (o *outer) Decided(d core.Outcome) { o.decided = append(o.decided, d.Decision()) }

// TestOuter: an Outer in the request's context receives the decision.
func TestOuter(t *testing.T) {
	e := core.MustNew(policy)
	for name, h := range map[string]http.Handler{
		"Middleware": corshttp.Middleware(e)(ok), "Enforce": corshttp.Middleware(e, enforce)(ok),
		"Apply": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { corshttp.Apply(e, w.Header(), r) }),
	} {
		for _, origin := range origins {
			told := new(outer)
			r := request("GET", origin)
			r.Body = io.NopCloser(strings.NewReader(""))
			r = r.WithContext(context.WithValue(t.Context(), corshttp.OuterKey{}, told))
			serve(h, r)
			if want := e.Decide(t.Context(), corshttp.Request(r)); !slices.Equal(told.decided, []core.Decision{want}) {
				t.Errorf("%s, from %q: told %+v, want %+v", name, origin, told.decided, want)
			}
		}
	}
}
