package matrix

import (
	"net"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gofiber/fiber/v2"
	fiberv3 "github.com/gofiber/fiber/v3"
	"github.com/gorilla/mux"
	"github.com/julienschmidt/httprouter"
	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core"
)

type wrapper = func(http.Handler) http.Handler

// position is a place for middleware in a router with a single route, for POST, and what
// docs/frameworks.md says that the middleware covers there.
type position struct {
	name  string
	path  string
	build func(cors wrapper, create http.HandlerFunc) http.Handler

	preflight int  // status of the preflight; it has CORS headers if this is 204
	response  bool // whether the response has CORS headers
	failures  bool // whether a 404 and a 405 have CORS headers
}

// positions are those of the table and the recipes of docs/frameworks.md. If one fails,
// change the page.
func positions(engine *core.Engine) []position {
	const items = "/api/items"
	recipe := func(build func(*core.Engine, http.HandlerFunc) http.Handler) func(wrapper, http.HandlerFunc) http.Handler {
		return func(_ wrapper, create http.HandlerFunc) http.Handler { return build(engine, create) }
	}
	return []position{
		{"chi, Mount", items, chiMount, 204, true, true},
		{"chi, Route", items, recipe(docsChi), 204, true, true},
		{"chi, Group", items, chiGroup, 405, true, false},
		{"chi, With", items, chiWith, 405, true, false},
		{"chi, With and an OPTIONS route", "/items", recipe(docsChiPath), 204, true, false},
		{"gorilla/mux, Use", items, muxUse, 405, true, false},
		{"gorilla/mux, Use of a subrouter", items, muxSubrouter, 405, true, false},
		{"gorilla/mux, a router of its own", items, recipe(docsMux), 204, true, true},
		{"httprouter, around a handler", items, aroundHandle, 200, true, false},
		{"ServeMux, around a part", items, serveMux, 204, true, true},
	}
}

func chiMount(cors wrapper, create http.HandlerFunc) http.Handler {
	r, api := chi.NewRouter(), chi.NewRouter()
	api.Use(cors)
	api.Post("/items", create)
	r.Mount("/api", api)
	return r
}

func chiGroup(cors wrapper, create http.HandlerFunc) http.Handler {
	r := chi.NewRouter()
	r.Group(func(r chi.Router) {
		r.Use(cors)
		r.Post("/api/items", create)
	})
	return r
}

func chiWith(cors wrapper, create http.HandlerFunc) http.Handler {
	r := chi.NewRouter()
	r.With(cors).Post("/api/items", create)
	return r
}

func muxUse(cors wrapper, create http.HandlerFunc) http.Handler {
	r := mux.NewRouter()
	r.Use(cors)
	r.HandleFunc("/api/items", create).Methods("POST")
	return r
}

func muxSubrouter(cors wrapper, create http.HandlerFunc) http.Handler {
	r := mux.NewRouter()
	api := r.PathPrefix("/api").Subrouter()
	api.Use(cors)
	api.HandleFunc("/items", create).Methods("POST")
	return r
}

func aroundHandle(cors wrapper, create http.HandlerFunc) http.Handler {
	r := httprouter.New()
	r.Handler("POST", "/api/items", cors(create))
	return r
}

func serveMux(cors wrapper, create http.HandlerFunc) http.Handler {
	r, api := http.NewServeMux(), http.NewServeMux()
	api.HandleFunc("POST /api/items", create)
	r.Handle("/api/", cors(api))
	return r
}

// TestRouters compares docs/frameworks.md with the behaviour of chi, gorilla/mux,
// httprouter and ServeMux, and checks that the middleware covers everything if it is
// around the router.
func TestRouters(t *testing.T) {
	engine := core.MustNew(core.Policy{AllowOrigins: []string{allowed}})
	create := func(http.ResponseWriter, *http.Request) {}
	none := func(h http.Handler) http.Handler { return h }
	for _, p := range positions(engine) {
		t.Run(p.name, func(t *testing.T) {
			p.check(t, serveHTTP(t, p.build(corshttp.Middleware(engine), create)))
			p.preflight, p.response, p.failures = 204, true, true
			p.check(t, serveHTTP(t, corshttp.Middleware(engine)(p.build(none, create))))
		})
	}
}

// TestServeMuxRedirects: ServeMux redirects /api to /api/ itself, unless /api has a handler.
func TestServeMuxRedirects(t *testing.T) {
	cors := corshttp.Middleware(core.MustNew(core.Policy{AllowOrigins: []string{allowed}}))
	for mounted, want := range map[bool]int{false: http.StatusTemporaryRedirect, true: http.StatusNoContent} {
		r := http.NewServeMux()
		r.Handle("/api/", cors(http.NotFoundHandler()))
		if mounted {
			r.Handle("/api", cors(http.NotFoundHandler()))
		}
		if res := preflight(t, "POST", serveHTTP(t, r)+"/api", allowed); res.StatusCode != want || readable(res) != mounted {
			t.Errorf("mounted on /api: %t: preflight: %d, CORS headers: %t", mounted, res.StatusCode, readable(res))
		}
	}
}

func (p position) check(t *testing.T, url string) {
	t.Helper()
	if res := preflight(t, "POST", url+p.path, allowed); res.StatusCode != p.preflight || readable(res) != (p.preflight == 204) {
		t.Errorf("preflight of POST %s: %d, CORS headers: %t; want %d", p.path, res.StatusCode, readable(res), p.preflight)
	}
	if res := exchange(t, "POST", url+p.path, allowed, http.Header{}, ""); readable(res) != p.response {
		t.Errorf("POST %s: %d, CORS headers: %t, want %t", p.path, res.StatusCode, readable(res), p.response)
	}
	for method, path := range map[string]string{"POST": "/api/none", "DELETE": p.path} {
		res := exchange(t, method, url+path, allowed, http.Header{}, "")
		if res.StatusCode < 400 || readable(res) != p.failures {
			t.Errorf("%s %s: %d, CORS headers: %t, want %t", method, path, res.StatusCode, readable(res), p.failures)
		}
	}
}

// readable reports whether a script of the allowed origin may read the response.
func readable(res *http.Response) bool {
	return res.Header.Get("Access-Control-Allow-Origin") == allowed
}

func serveHTTP(t *testing.T, h http.Handler) (url string) {
	t.Helper()
	server, err := conformance.Serve(h, conformance.Setup{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		server.Close()
	})
	return server.URL
}

// TestMuxWithoutMethods: a route of gorilla/mux that has no Methods is a route for
// preflights too, so that Use seems to work.
func TestMuxWithoutMethods(t *testing.T) {
	r := mux.NewRouter()
	r.Use(corshttp.Middleware(core.MustNew(core.Policy{AllowOrigins: []string{allowed}})))
	r.HandleFunc("/api/items", func(http.ResponseWriter, *http.Request) {})
	if res := preflight(t, "POST", serveHTTP(t, r)+"/api/items", allowed); res.StatusCode != 204 || !readable(res) {
		t.Errorf("preflight: %d with CORS headers: %t", res.StatusCode, readable(res))
	}
}

// TestMuxPart: in docs/frameworks.md's recipe, paths that only begin with the same bytes
// stay with the other routes, and authentication inside does not answer preflights.
func TestMuxPart(t *testing.T) {
	engine := core.MustNew(core.Policy{AllowOrigins: []string{allowed}})
	auth := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	}
	for _, inside := range []bool{true, false} {
		api := mux.NewRouter().PathPrefix("/api").Subrouter()
		api.HandleFunc("/items", func(http.ResponseWriter, *http.Request) {}).Methods("POST")
		r := mux.NewRouter()
		r.PathPrefix("/api/").Handler(corshttp.Middleware(engine)(api))
		r.HandleFunc("/apikeys", func(http.ResponseWriter, *http.Request) {}).Methods("POST")
		want := http.StatusUnauthorized
		if inside {
			want = http.StatusNoContent
			api.Use(auth)
		} else {
			r.Use(auth)
		}
		url := serveHTTP(t, r)
		if res := preflight(t, "POST", url+"/api/items", allowed); res.StatusCode != want {
			t.Errorf("authentication inside: %t: preflight: %d, want %d", inside, res.StatusCode, want)
		}
		res := exchange(t, "POST", url+"/api/items", allowed, http.Header{}, "")
		if res.StatusCode != http.StatusUnauthorized || readable(res) != inside {
			t.Errorf("authentication inside: %t: POST: %d, CORS headers: %t", inside, res.StatusCode, readable(res))
		}
		if res := exchange(t, "POST", url+"/apikeys", allowed, http.Header{}, ""); inside && res.StatusCode != 200 || readable(res) {
			t.Errorf("POST /apikeys: %d, CORS headers: %t", res.StatusCode, readable(res))
		}
	}
}

// TestMuxMethodMiddleware: docs/frameworks.md says why to remove it.
func TestMuxMethodMiddleware(t *testing.T) {
	r := mux.NewRouter()
	r.Use(mux.CORSMethodMiddleware(r))
	r.HandleFunc("/api/items", func(http.ResponseWriter, *http.Request) {}).Methods("POST", "OPTIONS")
	url := serveHTTP(t, corshttp.Middleware(core.MustNew(core.Policy{AllowOrigins: []string{allowed}}))(r))
	res := exchange(t, "POST", url+"/api/items", allowed, http.Header{}, "")
	if res.Header.Get("Access-Control-Allow-Methods") == "" || !readable(res) {
		t.Errorf("POST: %v", res.Header)
	}
}

// TestGinGroupBeforeUse: docs/frameworks.md says that gin does not run the middleware of
// a later Use for the routes of a group.
func TestGinGroupBeforeUse(t *testing.T) {
	cors := corsgin.Middleware(core.MustNew(core.Policy{AllowOrigins: []string{allowed}, RejectDisallowed: true}))
	for name, use := range map[string]bool{"r.Use": false, "r.Use and api.Use": true} {
		r := gin.New()
		api := r.Group("/api")
		r.Use(cors)
		if use {
			api.Use(cors)
		}
		api.POST("/items", func(*gin.Context) {})
		url := serveHTTP(t, r)
		p := position{path: "/api/items", preflight: 204, response: use, failures: true}
		p.check(t, url)
		want := map[bool]int{false: 200, true: 403}[use]
		if res := exchange(t, "POST", url+"/api/items", stranger, http.Header{}, ""); res.StatusCode != want {
			t.Errorf("%s: POST from a stranger: %d, want %d", name, res.StatusCode, want)
		}
	}
}

// TestFiberStrictRouting: docs/frameworks.md says that the middleware of a path that ends
// in a slash does not run for the path without it.
func TestFiberStrictRouting(t *testing.T) {
	engine := core.MustNew(core.Policy{AllowOrigins: []string{allowed}, RejectDisallowed: true})
	list := func(c *fiber.Ctx) error { return c.SendString("private") }
	listV3 := func(c fiberv3.Ctx) error { return c.SendString("private") }

	slash := fiber.New(fiber.Config{StrictRouting: true})
	slash.Group("/private/", corsfiber.Middleware(engine)).Get("/items", list)
	slash.Get("/private", list)
	slashV3 := fiberv3.New(fiberv3.Config{StrictRouting: true})
	slashV3.Group("/private/", corsfiberv3.Middleware(engine)).Get("/items", listV3)
	slashV3.Get("/private", listV3)
	bareV3 := fiberv3.New(fiberv3.Config{StrictRouting: true})
	group := bareV3.Group("/private", corsfiberv3.Middleware(engine))
	group.Get("", listV3)
	group.Get("/items", listV3)

	for name, app := range map[string]struct {
		handler fasthttp.RequestHandler
		slash   bool
	}{
		"v2 with the slash": {slash.Handler(), true}, "v3 with the slash": {slashV3.Handler(), true},
		"v2": {docsFiberStrict(engine, list).Handler(), false}, "v3": {bareV3.Handler(), false},
	} {
		t.Run(name, func(t *testing.T) {
			url := serveFast(t, app.handler)
			for path, covered := range map[string]bool{"/private": !app.slash, "/private/items": true} {
				if res := exchange(t, "GET", url+path, allowed, http.Header{}, ""); res.StatusCode != 200 || readable(res) != covered {
					t.Errorf("GET %s: %d, CORS headers: %t, want %t", path, res.StatusCode, readable(res), covered)
				}
				want := map[bool]int{false: 200, true: 403}[covered]
				if res := exchange(t, "GET", url+path, stranger, http.Header{}, ""); res.StatusCode != want {
					t.Errorf("GET %s from a stranger: %d, want %d", path, res.StatusCode, want)
				}
			}
		})
	}
}

func serveFast(t *testing.T, h fasthttp.RequestHandler) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, done := &fasthttp.Server{Handler: h}, make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		client.CloseIdleConnections()
		// Shutdown closes idle connections, then looks for open ones only every 100 ms: no
		// test has to wait for that.
		go func() { _ = server.Shutdown() }()
		_ = listener.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}
