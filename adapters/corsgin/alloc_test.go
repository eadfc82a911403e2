//go:build !race

// Under the race detector, sync.Pool, which the framework uses, drops items at random.

package corsgin_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/core"
)

// TestAllocations: the middleware allocates at most once per response, for the values
// of its headers.
func TestAllocations(t *testing.T) {
	e := core.MustNew(core.Policy{
		AllowOrigins: []string{allowed}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"x-a"},
		AllowCredentials: true, ExposeHeaders: []string{"x-e"},
	})
	answer := func(status int) gin.HandlerFunc { return func(c *gin.Context) { c.AbortWithStatus(status) } }
	bare := gin.New()
	bare.GET("/", answer(200))
	bare.OPTIONS("/", answer(204))
	with := gin.New()
	with.Use(corsgin.Middleware(e))
	with.GET("/", answer(200))
	group := gin.New()
	corsgin.Group(group, group.Group("/api"), e).GET("/", answer(200))
	group.OPTIONS("/", answer(204))

	request := func(method, path, origin string) *http.Request {
		r := httptest.NewRequest(method, path, nil)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		if method == "OPTIONS" {
			r.Header.Set("Access-Control-Request-Method", "PUT")
			r.Header.Set("Access-Control-Request-Headers", "x-a")
		}
		return r
	}
	for _, test := range []struct {
		name       string
		with, bare *http.Request
		h          http.Handler
	}{
		{"actual", request("GET", "/", allowed), request("GET", "/", ""), with},
		{"refused", request("GET", "/", stranger), request("GET", "/", ""), with},
		{"no origin", request("GET", "/", ""), request("GET", "/", ""), with},
		{"preflight", request("OPTIONS", "/", allowed), request("OPTIONS", "/", ""), with},
		{"refused preflight", request("OPTIONS", "/", stranger), request("OPTIONS", "/", ""), with},
		{"actual in a group", request("GET", "/api/", allowed), request("GET", "/", ""), group},
		{"preflight in a group", request("OPTIONS", "/api/items", allowed), request("OPTIONS", "/", ""), group},
	} {
		n := allocations(test.h, test.with) - allocations(bare, test.bare)
		if n > 1 {
			t.Errorf("%s: %v allocations more than without the middleware, want at most 1", test.name, n)
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
