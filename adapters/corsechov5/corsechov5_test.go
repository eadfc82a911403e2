package corsechov5_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/corskit/corskit/adapters/corsechov5"
	"github.com/corskit/corskit/core"
)

const (
	allowed  = "https://a.example"
	stranger = "https://evil.test"
)

func engine(t testing.TB, origins ...string) *core.Engine {
	t.Helper()
	e, err := core.New(core.Policy{AllowOrigins: origins, AllowMethods: []string{"PUT"}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// start serves e over a socket and returns its URL.
func start(t *testing.T, e *echo.Echo) string {
	t.Helper()
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	return s.URL
}

func send(t *testing.T, method, url, origin string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", origin)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return res
}

func preflight(t *testing.T, method, url, origin string) *http.Response {
	t.Helper()
	return send(t, "OPTIONS", url, origin, "Access-Control-Request-Method", method)
}

// wantOrigin checks Access-Control-Allow-Origin. If want is "", the header must be
// absent.
func wantOrigin(t *testing.T, res *http.Response, want string) {
	t.Helper()
	var lines []string
	if want != "" {
		lines = []string{want}
	}
	if got := res.Header.Values("Access-Control-Allow-Origin"); !slices.Equal(got, lines) {
		t.Errorf("%s %s: status %d, Access-Control-Allow-Origin %q, want %q", res.Request.Method, res.Request.URL, res.StatusCode, got,
			lines)
	}
}

func ok(c *echo.Context) error { return c.String(http.StatusOK, "ok") }

// quiet returns an echo that logs nothing.
func quiet() *echo.Echo {
	return echo.NewWithConfig(echo.Config{Logger: slog.New(slog.DiscardHandler)})
}

func TestNilEngineDenies(t *testing.T) {
	e := quiet()
	e.Use(corsechov5.Middleware(nil))
	e.GET("/", ok)
	url := start(t, e)
	wantOrigin(t, send(t, "GET", url, allowed), "")
	if res := preflight(t, "PUT", url, allowed); res.StatusCode != http.StatusForbidden {
		t.Errorf("preflight: status %d, want 403", res.StatusCode)
	}
}

func TestOptionsAreMerged(t *testing.T) {
	skip := func(path string) corsechov5.Options {
		return corsechov5.Options{Skip: func(c *echo.Context) bool { return c.Request().URL.Path == path }}
	}
	e := quiet()
	e.Use(corsechov5.Middleware(engine(t, allowed), skip("/a"), corsechov5.Options{}, skip("/b")))
	for _, path := range []string{"/a", "/b", "/c"} {
		e.GET(path, ok)
	}
	url := start(t, e)
	for path, want := range map[string]string{"/a": "", "/b": "", "/c": allowed} {
		wantOrigin(t, send(t, "GET", url+path, allowed), want)
		wantOrigin(t, preflight(t, "PUT", url+path, allowed), want)
	}
}

func TestNestedEngines(t *testing.T) {
	const other = "https://b.example"
	e := quiet()
	e.Use(corsechov5.Middleware(engine(t, allowed, other)))
	inner := e.Group("/inner", corsechov5.Middleware(engine(t, other)))
	inner.GET("/x", ok)
	url := start(t, e)
	wantOrigin(t, send(t, "GET", url+"/inner/x", other), other)
	wantOrigin(t, send(t, "GET", url+"/inner/x", allowed), "") // the outer engine's headers are removed
}

// TestPre: mounted with Pre, the middleware runs before the router and before other
// middleware that redirects.
func TestPre(t *testing.T) {
	e := quiet()
	slash := middleware.AddTrailingSlashWithConfig(middleware.AddTrailingSlashConfig{RedirectCode: 308})
	e.Pre(corsechov5.Middleware(engine(t, allowed)), slash)
	e.GET("/x/", ok)
	url := start(t, e)
	res := send(t, "GET", url+"/x", allowed)
	wantOrigin(t, res, allowed)
	if res.StatusCode != 308 {
		t.Errorf("status %d, want 308", res.StatusCode)
	}
	if res := preflight(t, "PUT", url+"/x", allowed); res.StatusCode != http.StatusNoContent {
		t.Errorf("preflight: status %d, want 204", res.StatusCode)
	}
}

// hidden is a ResponseWriter that does not unwrap to echo's.
type hidden struct{ http.ResponseWriter }

// TestHiddenResponse: Enforce also works if another middleware hides echo's Response.
func TestHiddenResponse(t *testing.T) {
	e := quiet()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			c.SetResponse(hidden{c.Response()})
			return next(c)
		}
	}, corsechov5.Middleware(engine(t, allowed), corsechov5.Options{Enforce: true}))
	e.GET("/", func(c *echo.Context) error {
		c.Response().Header().Add("Access-Control-Allow-Origin", "*")
		return ok(c)
	})
	url := start(t, e)
	wantOrigin(t, send(t, "GET", url, allowed), allowed)
	wantOrigin(t, send(t, "GET", url, "https://evil.test"), "")
}

// TestKeepVary: with KeepVary and Enforce, Vary lists Origin however a handler answers.
// Enforce also removes CORS headers that the engine has not decided.
func TestKeepVary(t *testing.T) {
	answers := map[string]echo.HandlerFunc{
		"/string":  ok,
		"/nothing": func(c *echo.Context) error { return c.NoContent(http.StatusNoContent) },
		"/error":   func(*echo.Context) error { return echo.ErrForbidden },
		"/panic":   func(*echo.Context) error { panic("on purpose") },
		"/write": func(c *echo.Context) error {
			_, err := c.Response().Write([]byte("x"))
			return err
		},
	}
	for _, options := range []corsechov5.Options{{}, {KeepVary: true}, {Enforce: true}} {
		e := quiet()
		e.Use(middleware.Recover(), corsechov5.Middleware(engine(t, allowed), options))
		for path, answer := range answers {
			e.GET(path, func(c *echo.Context) error {
				c.Response().Header().Set("Vary", "Accept")
				c.Response().Header().Add("Access-Control-Allow-Credentials", "true")
				c.Response().Header()["access-control-allow-origin"] = []string{"*"}
				return answer(c)
			})
		}
		url := start(t, e)
		for path := range answers {
			res := send(t, "GET", url+path, allowed)
			credentials, lines := "true", []string{allowed, "*"}
			if options.Enforce {
				credentials, lines = "", []string{allowed}
			}
			got := res.Header.Values("Access-Control-Allow-Origin")
			slices.Sort(got)
			slices.Sort(lines)
			if !slices.Equal(got, lines) || res.Header.Get("Access-Control-Allow-Credentials") != credentials {
				t.Errorf("%+v, %s: %q, want %q", options, path, got, lines)
			}
			vary := strings.Join(res.Header.Values("Vary"), ", ")
			if want := map[bool]string{true: "Accept, Origin", false: "Accept"}[options.KeepVary || options.Enforce]; vary != want {
				t.Errorf("%+v, %s: Vary %q, want %q", options, path, vary, want)
			}
		}
	}
}

func TestGroup(t *testing.T) {
	e := quiet()
	seen := make(map[string]bool)
	e.OnAddRoute = func(r echo.Route) error {
		seen[r.Path] = true
		return nil
	}
	e.GET("/*", ok)
	api := corsechov5.Group(e, e.Group("/api"), engine(t, allowed))
	api.POST("/items", ok)
	api.POST("/items/:id", ok)
	api.GET("/wild/*", ok)
	api.RouteNotFound("/mine/*", func(c *echo.Context) error { return c.String(http.StatusGone, "mine") })
	api.GET("/mine/*", ok)
	api.RouteNotFound("/gone/*", func(c *echo.Context) error { return c.String(http.StatusGone, "mine") })
	api.OPTIONS("/options", func(c *echo.Context) error { return c.String(http.StatusOK, "mine") })
	api.Group("/inner").POST("/x", ok)
	tenant := corsechov5.Group(e, e.Group("/t/:tenant"), engine(t, allowed))
	tenant.GET("/files/*", ok)
	e.GET("/other/*", ok)
	url := start(t, e)
	for path, want := range map[string]string{
		"/api/items": allowed, "/api/items/7": allowed, "/api/nowhere": allowed, "/api": allowed, "/api/": allowed,
		"/api/wild/x": allowed, "/api/wild/x/y": allowed, "/api/mine/x": allowed, "/api/options": allowed, "/api/inner/x": allowed,
		"/t/acme/files/x": allowed, "/t/acme": allowed,
		"/": "", "/apikeys": "", "/other/x": "", "/t": "", "/API/items": "",
	} {
		res := preflight(t, "POST", url+path, allowed)
		wantOrigin(t, res, want)
		if want != "" {
			if res.StatusCode != http.StatusNoContent {
				t.Errorf("preflight %s: status %d", path, res.StatusCode)
			}
			wantOrigin(t, preflight(t, "POST", url+path, stranger), "")
		}
	}
	for _, q := range []struct {
		method, path string
		status       int
	}{
		{"OPTIONS", "/api/options", 200}, {"OPTIONS", "/api/wild/x", 404}, {"OPTIONS", "/api/gone/x", 410}, // not preflights
		{"POST", "/api/mine/x", 410}, {"POST", "/api/wild/x", 404}, {"POST", "/api/nowhere", 404},
	} {
		res := send(t, q.method, url+q.path, allowed)
		wantOrigin(t, res, allowed)
		if res.StatusCode != q.status {
			t.Errorf("%s %s: status %d, want %d", q.method, q.path, res.StatusCode, q.status)
		}
	}
	for _, path := range []string{"/api/items", "/api/wild/*", "/other/*"} {
		if !seen[path] {
			t.Errorf("the application's OnAddRoute was not called for %s", path)
		}
	}
}

// TestGroupWithoutAutomaticRoutes: Group does not need the not-found routes that echo
// adds by default.
func TestGroupWithoutAutomaticRoutes(t *testing.T) {
	e := echo.NewWithConfig(echo.Config{NoGroupAutoRegister404Routes: true, Router: echo.NewRouter(echo.RouterConfig{})})
	api := corsechov5.Group(e, e.Group("/api"), engine(t, allowed))
	api.POST("/items", ok)
	api.GET("/wild/*", ok)
	url := start(t, e)
	for _, path := range []string{"/api", "/api/items", "/api/wild/x"} {
		wantOrigin(t, preflight(t, "POST", url+path, allowed), allowed)
	}
	for _, path := range []string{"/api", "/api/nowhere"} {
		wantOrigin(t, send(t, "POST", url+path, allowed), allowed)
	}
}

// TestGroupKeepsOnAddRoute: the application's OnAddRoute can still refuse a route.
func TestGroupKeepsOnAddRoute(t *testing.T) {
	refusal := errors.New("refused")
	e := quiet()
	e.OnAddRoute = func(r echo.Route) error {
		if strings.Contains(r.Path, "bad") {
			return refusal
		}
		return nil
	}
	api := corsechov5.Group(e, e.Group("/api"), engine(t, allowed))
	if _, err := api.AddRoute(echo.Route{Method: "GET", Path: "/bad/*", Handler: ok}); !errors.Is(err, refusal) {
		t.Errorf("error %v, want %v", err, refusal)
	}
}
