//go:build !race

// Under the race detector, sync.Pool, which echo uses, drops items at random.

package corsecho_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/core"
)

// TestAllocations: the middleware allocates once per response, for the values of
// its headers. The handler that every middleware of echo builds for each request is not
// counted: a middleware that does nothing builds one too.
func TestAllocations(t *testing.T) {
	engine := core.MustNew(core.Policy{
		AllowOrigins: []string{allowed}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"x-a"},
		AllowCredentials: true, ExposeHeaders: []string{"x-e"},
	})
	answer := func(status int) echo.HandlerFunc {
		return func(c echo.Context) error { return c.NoContent(status) }
	}
	bare, with := quiet(), quiet()
	bare.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error { return next(c) }
	})
	with.Use(corsecho.Middleware(engine))
	for _, e := range []*echo.Echo{bare, with} {
		e.GET("/", answer(200))
		e.OPTIONS("/", answer(204))
	}

	request := func(method, origin string) *http.Request {
		r := httptest.NewRequest(method, "/", nil)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		if method == "OPTIONS" {
			r.Header.Set("Access-Control-Request-Method", "PUT")
			r.Header.Set("Access-Control-Request-Headers", "x-a")
		}
		return r
	}
	for _, method := range []string{"GET", "OPTIONS"} {
		for _, origin := range []string{allowed, stranger, ""} {
			n := allocations(with, request(method, origin)) - allocations(bare, request(method, ""))
			if n > 1 {
				t.Errorf("%s from %q: %v allocations more than with an idle middleware, want at most 1", method, origin, n)
			}
		}
	}
}

func allocations(h http.Handler, r *http.Request) float64 {
	w := &discard{header: make(http.Header)}
	return testing.AllocsPerRun(1000, func() {
		clear(w.header)
		h.ServeHTTP(w, r)
	})
}

type discard struct{ header http.Header }

func (w *discard) Header() http.Header         { return w.header }
func (w *discard) Write(b []byte) (int, error) { return len(b), nil }
func (w *discard) WriteHeader(int)             {}
