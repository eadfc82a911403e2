package corshttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

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

// TestOptionAllocations: the wrapped writer takes two allocations, and RoutedPath none.
func TestOptionAllocations(t *testing.T) {
	routed := corshttp.Options{RoutedPath: func(*http.Request) string { return "/routed" }}
	for _, tt := range []struct {
		options corshttp.Options
		limit   float64
	}{{enforce, 3}, {corshttp.Options{KeepVary: true}, 3}, {routed, 1}} {
		h := corshttp.Middleware(core.MustNew(policy), tt.options)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		r, w := request("GET", "https://a.example"), discard{http.Header{}}
		if n := testing.AllocsPerRun(100, func() { clear(w.header); h.ServeHTTP(w, r) }); n > tt.limit {
			t.Errorf("%+v: %v allocations, want at most %v", tt.options, n, tt.limit)
		}
	}
}

// discard is a ResponseWriter that discards everything.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

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
