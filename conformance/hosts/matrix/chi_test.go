package matrix

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/core"
)

// chiTargets are requests that reach the strict route of chiRouted through a rewriting
// middleware.
var chiTargets = map[string]func(http.Handler) http.Handler{
	"/api/private.json": middleware.URLFormat, "/api/private/": middleware.StripSlashes,
}

// chiRouted returns an application of chi in which the middlewares use are mounted on the
// router root, or on the router for /api.
func chiRouted(root bool, use ...func(http.Handler) http.Handler) http.Handler {
	r, api := chi.NewRouter(), chi.NewRouter()
	if root {
		r.Use(use...)
	} else {
		api.Use(use...)
	}
	api.Get("/private", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("private")) })
	api.Get("/public", func(http.ResponseWriter, *http.Request) {})
	r.Mount("/api", api)
	return r
}

// answer returns the body and Access-Control-Allow-Origin that a stranger gets.
func answer(h http.Handler, target string) (body, allow string) {
	r, w := httptest.NewRequest("GET", target, nil), httptest.NewRecorder()
	r.Header.Set("Origin", stranger)
	h.ServeHTTP(w, r)
	return w.Body.String(), w.Header().Get("Access-Control-Allow-Origin")
}

func chiEngine(t *testing.T) *core.Engine {
	t.Helper()
	engine, err := core.NewRouted(core.Route{Path: "/api/private", Policies: []core.Policy{{AllowOrigins: []string{allowed}}}},
		core.Route{Policies: []core.Policy{{AllowOrigins: []string{"*"}}}})
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

// TestChiMounted: the function for chi in docs/frameworks.md is correct for the root
// router and for a mounted router.
func TestChiMounted(t *testing.T) {
	engine := chiEngine(t)
	cors := corshttp.Middleware(engine, corshttp.Options{RoutedPath: hosts.ChiPath})
	for target, rewrite := range chiTargets {
		for name, h := range map[string]http.Handler{
			"root": chiRouted(true, rewrite, cors), "mounted": chiRouted(false, rewrite, cors), "around": cors(chiRouted(true)),
		} {
			if body, allow := answer(h, target); allow != "" && body == "private" || name != "around" && body != "private" {
				t.Errorf("%s, GET %s: a stranger gets %q with Access-Control-Allow-Origin %q", name, target, body, allow)
			}
			if _, allow := answer(h, "/api/public"); allow != "*" {
				t.Errorf("%s, GET /api/public: Access-Control-Allow-Origin %q", name, allow)
			}
		}
	}
}

// TestChiOutside: docs/frameworks.md says that the middleware must be mounted after
// middlewares that rewrite the path. If this test fails, remove the sentence.
func TestChiOutside(t *testing.T) {
	engine := chiEngine(t)
	for target, rewrite := range chiTargets {
		outside := corshttp.Middleware(engine, corshttp.Options{RoutedPath: hosts.ChiPath})(chiRouted(true, rewrite))
		without := chiRouted(true, rewrite, corshttp.Middleware(engine))
		for name, h := range map[string]http.Handler{"outside": outside, "without the option": without} {
			if body, allow := answer(h, target); body != "private" || allow != "*" {
				t.Errorf("%s, GET %s: a stranger gets %q with Access-Control-Allow-Origin %q", name, target, body, allow)
			}
		}
	}
}
