package corsfiberv3_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"

	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// TestInnerNetHTTP: the innermost engine decides, even if it belongs to corshttp inside
// fiber's adaptor.
func TestInnerNetHTTP(t *testing.T) {
	outer := core.MustNew(core.Policy{AllowOrigins: []string{allowed, second}, AllowCredentials: true, ExposeHeaders: []string{"x-o"}})
	inner := core.MustNew(core.Policy{AllowOrigins: []string{allowed, stranger}})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Handler", "net/http")
		_, _ = io.Copy(w, r.Body)
	})
	app := fiber.New(fiber.Config{})
	app.Use(corsfiberv3.Middleware(outer))
	for path, options := range map[string]corshttp.Options{"/plain": {}, "/enforced": {Enforce: true}} {
		cors := corshttp.Middleware(inner, options)
		app.All(path+"/handler", adaptor.HTTPHandler(cors(handler)))
		app.All(path+"/middleware", adaptor.HTTPMiddleware(cors), ok)
		app.All(path+"/reset", adaptor.HTTPMiddleware(cors), func(c fiber.Ctx) error { c.Response().Reset(); return nil })
	}
	app.All("/same", adaptor.HTTPHandler(corshttp.Middleware(outer)(handler)))
	app.All("/none", adaptor.HTTPHandler(handler))
	url := start(t, app)
	for _, method := range []string{"GET", "POST"} {
		for _, options := range []string{"/plain", "/enforced"} {
			for _, path := range []string{"/handler", "/middleware", "/reset"} {
				for origin, want := range map[string]string{allowed: allowed, stranger: stranger, second: ""} {
					res := post(t, method, url+options+path, origin, "body")
					wantOrigin(t, res, want)
					for _, name := range []string{"Access-Control-Allow-Credentials", "Access-Control-Expose-Headers"} {
						if got := res.Header.Values(name); got != nil {
							t.Errorf("%s %s from %s: %s %q of the outer engine", method, res.Request.URL, origin, name, got)
						}
					}
				}
			}
		}
		for _, path := range []string{"/same", "/none"} {
			wantDecision(t, method+path, send(t, method, url+path, allowed), allowed)
			wantDecision(t, method+path, send(t, method, url+path, stranger), "")
		}
	}
}

// TestOuterNetHTTP: a net/http middleware that is mounted with fiber's adaptor is not the
// innermost if a middleware of this package follows.
func TestOuterNetHTTP(t *testing.T) {
	app := fiber.New(fiber.Config{})
	app.Use(adaptor.HTTPMiddleware(corshttp.Middleware(credentialed())))
	app.Use("/inner", corsfiberv3.Middleware(engine(t, allowed, stranger)))
	app.Get("/*", ok)
	url := start(t, app)
	for origin, want := range map[string]string{allowed: allowed, stranger: stranger, second: ""} {
		res := send(t, "GET", url+"/inner", origin)
		wantOrigin(t, res, want)
		if got := res.Header.Values("Access-Control-Allow-Credentials"); got != nil {
			t.Errorf("from %s: Access-Control-Allow-Credentials %q of the outer engine", origin, got)
		}
	}
	wantDecision(t, "no inner engine", send(t, "GET", url+"/x", second), second)
}

// TestInnerFiber: within corshttp, fiber's adaptor adds fiber's headers to those of
// corshttp. With Enforce, one line of each is left. docs/frameworks.md says that an origin
// which only the engine in fiber denies stays allowed. If this test fails, change that
// page.
func TestInnerFiber(t *testing.T) {
	app := fiber.New(fiber.Config{})
	app.Use("/same", corsfiberv3.Middleware(credentialed()))
	app.Use("/strict", corsfiberv3.Middleware(engine(t, allowed)))
	app.Use(func(c fiber.Ctx) error { return c.SendString("ok") })
	server := httptest.NewServer(corshttp.Middleware(credentialed(), corshttp.Options{Enforce: true})(adaptor.FiberApp(app)))
	defer server.Close()
	for path, strict := range map[string]string{"/same": "", "/strict": second} {
		for origin, want := range map[string]string{allowed: allowed, second: second, stranger: ""} {
			res := send(t, "GET", server.URL+path, origin)
			wantOrigin(t, res, want)
			if origin == strict && res.Header.Get("Access-Control-Allow-Origin") == "" {
				t.Error("the engine in fiber hides its responses within corshttp")
			}
		}
	}
}
