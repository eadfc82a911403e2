package corsfiber_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/adapters/corsfiber"
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

func quiet(config fiber.Config) *fiber.App {
	config.DisableStartupMessage = true
	return fiber.New(config)
}

// start serves an application over a socket and returns its URL.
func start(t *testing.T, app *fiber.App) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- app.Listener(listener) }()
	t.Cleanup(func() {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		// Shutdown closes idle connections, then looks for open ones only every 100 ms: no
		// test has to wait for that.
		go func() { _ = app.ShutdownWithTimeout(10 * time.Second) }()
		_ = listener.Close()
		<-done
	})
	return "http://" + listener.Addr().String()
}

func send(t *testing.T, method, url, origin string, header ...string) *http.Response {
	t.Helper()
	return post(t, method, url, origin, "", header...)
}

func post(t *testing.T, method, url, origin, body string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", origin)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
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

func rejecting() *core.Engine {
	return core.MustNew(core.Policy{AllowOrigins: []string{allowed}, RejectDisallowed: true})
}

func ok(c *fiber.Ctx) error { return c.SendString("ok") }

func TestNilEngineDenies(t *testing.T) {
	app := quiet(fiber.Config{})
	app.Use(corsfiber.Middleware(nil))
	app.Get("/", ok)
	url := start(t, app)
	wantOrigin(t, send(t, "GET", url, allowed), "")
	if res := preflight(t, "PUT", url, allowed); res.StatusCode != http.StatusForbidden || res.ContentLength != 0 {
		t.Errorf("preflight: status %d, %d bytes, want an empty 403", res.StatusCode, res.ContentLength)
	}
}

func TestOptionsAreMerged(t *testing.T) {
	skip := func(path string) corsfiber.Options {
		return corsfiber.Options{Skip: func(c *fiber.Ctx) bool { return c.Path() == path }}
	}
	app := quiet(fiber.Config{})
	app.Use(corsfiber.Middleware(engine(t, allowed), skip("/a"), corsfiber.Options{}, skip("/b")))
	for _, path := range []string{"/a", "/b", "/c"} {
		app.Get(path, ok)
	}
	url := start(t, app)
	for path, want := range map[string]string{"/a": "", "/b": "", "/c": allowed} {
		wantOrigin(t, send(t, "GET", url+path, allowed), want)
		wantOrigin(t, preflight(t, "PUT", url+path, allowed), want)
	}
}

// TestRestores: the middleware restores headers that the response has lost, and the
// policy's origin if the handler has set another.
func TestRestores(t *testing.T) {
	const accept = "Accept"
	handlers := []struct {
		name    string
		handler fiber.Handler
		vary    string // expected
	}{
		{"reset", func(c *fiber.Ctx) error { c.Response().Reset(); return nil }, "Origin"},
		{"not modified", func(c *fiber.Ctx) error { c.Context().NotModified(); return nil }, "Origin"},
		{"error", func(c *fiber.Ctx) error { c.Context().Error("no", 410); return nil }, "Origin"},
		{"reset and returned error", func(c *fiber.Ctx) error { c.Response().Reset(); return fiber.ErrGone }, "Origin"},
		{"origin overwritten and reset", func(c *fiber.Ctx) error {
			copy(c.Request().Header.Peek("Origin"), stranger+"xxxx")
			c.Request().Header.Set("Origin", stranger)
			c.Response().Reset()
			return nil
		}, "Origin"},
		{"vary set", func(c *fiber.Ctx) error { c.Set("Vary", accept); return nil }, "Accept, Origin"},
		{"vary appended", func(c *fiber.Ctx) error { c.Vary(accept); return nil }, "Origin, Accept"},
		{"vary deleted", func(c *fiber.Ctx) error { c.Response().Header.Del("Vary"); return nil }, "Origin"},
		{"origin deleted", func(c *fiber.Ctx) error { c.Response().Header.Del("Access-Control-Allow-Origin"); return nil },
			"Origin"},
		{"reset and vary set", func(c *fiber.Ctx) error {
			c.Response().Reset()
			c.Set("Vary", "Accept, origin")
			return nil
		}, "Accept, origin"},
		{"vary set and panic", func(c *fiber.Ctx) error { c.Set("Vary", accept); panic("on purpose") }, "Accept, Origin"},
		{"reset and panic", func(c *fiber.Ctx) error { c.Response().Reset(); panic("on purpose") }, "Origin"},
		{"origin set", func(c *fiber.Ctx) error { c.Set("Access-Control-Allow-Origin", stranger); return nil }, "Origin"},
	}
	app := quiet(fiber.Config{})
	listed := app.Group("/listed", recover.New(), corsfiber.Middleware(engine(t, allowed)))
	anyone := app.Group("/anyone", recover.New(), corsfiber.Middleware(engine(t, "*")))
	for i, h := range handlers {
		listed.Get(fmt.Sprint("/", i), h.handler)
		anyone.Get(fmt.Sprint("/", i), h.handler)
	}
	url := start(t, app)
	for i, h := range handlers {
		t.Run(h.name, func(t *testing.T) {
			wantOrigin(t, send(t, "GET", fmt.Sprint(url, "/anyone/", i), allowed), "*")
			wantOrigin(t, send(t, "GET", fmt.Sprint(url, "/listed/", i), stranger), "")
			res := send(t, "GET", fmt.Sprint(url, "/listed/", i), allowed)
			wantOrigin(t, res, allowed)
			if vary := strings.Join(res.Header.Values("Vary"), ", "); vary != h.vary {
				t.Errorf("Vary %q, want %q", vary, h.vary)
			}
		})
	}
}

// TestPrefixesEndAtSegments: fiber v2 treats the path of a group as a prefix of bytes;
// the middleware does not.
func TestPrefixesEndAtSegments(t *testing.T) {
	for _, prefix := range []string{"/api", "/api/", "/API"} {
		app := quiet(fiber.Config{})
		app.Group(prefix, corsfiber.Middleware(engine(t, allowed)))
		app.Get("/*", ok)
		url := start(t, app)
		for path, want := range map[string]string{
			"/api": allowed, "/api/": allowed, "/api/x": allowed, "/API/x": allowed, "/api%2Fx": allowed, "/api%2fx": allowed,
			"/apikeys": "", "/api.json": "", "/api%2Ex": "",
		} {
			wantOrigin(t, send(t, "GET", url+path, allowed), want)
			wantOrigin(t, preflight(t, "PUT", url+path, allowed), want)
		}
	}
	app := quiet(fiber.Config{})
	app.Group("/t/:tenant", corsfiber.Middleware(engine(t, allowed)))
	app.Get("/*", ok)
	url := start(t, app)
	wantOrigin(t, send(t, "GET", url+"/t/acme/x", allowed), allowed)
}

// TestRejectsSpellings: no spelling of the slash bypasses a middleware that rejects.
// Paths that only begin like the group's do bypass it, unless it is mounted on the
// application.
func TestRejectsSpellings(t *testing.T) {
	for _, config := range []fiber.Config{{}, {UnescapePath: true}, {CaseSensitive: true, StrictRouting: true}} {
		app := quiet(config)
		api := app.Group("/api", corsfiber.Middleware(rejecting()))
		api.Use(ok)
		whole := quiet(config)
		whole.Use(corsfiber.Middleware(rejecting()))
		whole.Group("/api").Use(ok)
		url, wholeURL := start(t, app), start(t, whole)
		for path, want := range map[string]int{
			"/api": 403, "/api/x": 403, "/api%2Fx": 403, "/api%2fx": 403, "/api%2F": 403, "/apiX": 200, "/api%5Cx": 200,
		} {
			if res := send(t, "POST", url+path, stranger); res.StatusCode != want {
				t.Errorf("POST %s from a stranger, UnescapePath %v: status %d, want %d", path, config.UnescapePath, res.StatusCode, want)
			}
			if res := send(t, "POST", wholeURL+path, stranger); res.StatusCode != 403 {
				t.Errorf("POST %s from a stranger, with the middleware on the application: status %d, want 403", path, res.StatusCode)
			}
			if res := send(t, "POST", url+path, allowed); res.StatusCode != 200 {
				t.Errorf("POST %s: status %d, want 200", path, res.StatusCode)
			}
		}
	}
}

func TestErrorHandler(t *testing.T) {
	config := fiber.Config{BodyLimit: 10, ErrorHandler: corsfiber.ErrorHandler(engine(t, allowed), nil)}
	app := quiet(config)
	app.Post("/", ok)
	group := app.Group("/group", corsfiber.Middleware(engine(t, "https://group.example")))
	group.Get("/error", func(*fiber.Ctx) error { return fiber.ErrTeapot })
	url := start(t, app)
	for origin, want := range map[string]string{allowed: allowed, stranger: ""} {
		res := post(t, "POST", url, origin, strings.Repeat("x", 1000))
		wantOrigin(t, res, want)
		if res.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(res.Header.Get("Vary"), "Origin") {
			t.Errorf("status %d, Vary %q", res.StatusCode, res.Header.Get("Vary"))
		}
	}
	// A request that another engine has decided is left alone.
	wantOrigin(t, send(t, "GET", url+"/group/error", allowed), "")
	wantOrigin(t, send(t, "GET", url+"/group/error", "https://group.example"), "https://group.example")
}

// TestRoutes: engines with routes compare paths as fiber's router does.
func TestRoutes(t *testing.T) {
	const cafe, other = "https://cafe.example", "https://other.example"
	e, err := core.NewRouted(
		core.Route{Path: "/caf\u00e9/", Policies: []core.Policy{{AllowOrigins: []string{cafe}}}},
		core.Route{Path: "/exact", Policies: []core.Policy{{AllowOrigins: []string{cafe}}}},
		core.Route{Path: "/Upper/", Policies: []core.Policy{{AllowOrigins: []string{cafe}}}},
		core.Route{Policies: []core.Policy{{AllowOrigins: []string{other}}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range []fiber.Config{{}, {UnescapePath: true}, {Immutable: true}, {CaseSensitive: true, StrictRouting: true}} {
		app := quiet(config)
		app.Use(corsfiber.Middleware(e))
		app.Get("/*", ok)
		url := start(t, app)
		fold, trim := cafe, cafe
		if config.CaseSensitive {
			fold = other
		}
		if config.StrictRouting {
			trim = other
		}
		for path, want := range map[string]string{
			"/caf%C3%A9/x": cafe, "/caf%c3%a9/a%20b": cafe, "/CAF%C3%A9/x": fold, "/exact": cafe, "/Exact": fold, "/exact/": trim,
			"/Upper/x": cafe, "/upper/x": fold, "/UPPER": fold,
			"/x": other, "/caf%C3%A9/%61": "", "/%65xact": "", "/x/..%2Fexact": "", "/..%2Fexact": "", "/x%": other, "/%zz": other,
		} {
			for _, origin := range []string{cafe, other} {
				header := ""
				if origin == want {
					header = origin
				}
				r := &http.Request{Method: "GET", Host: "host.example", URL: target(t, url, path), Header: http.Header{"Origin": {origin}}}
				res, err := http.DefaultTransport.RoundTrip(r)
				if err != nil {
					t.Fatal(err)
				}
				_ = res.Body.Close()
				if got := res.Header.Get("Access-Control-Allow-Origin"); got != header {
					t.Errorf("%+v: %s from %s: Access-Control-Allow-Origin %q, want %q", config, path, origin, got, header)
				}
			}
		}
	}
}

// target returns a URL whose path is sent unchanged.
func target(t *testing.T, base, path string) *url.URL {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	u.Opaque = path
	return u
}

func TestCheckOrigin(t *testing.T) {
	check := corsfiber.CheckOrigin(engine(t, allowed))
	app := quiet(fiber.Config{})
	app.Get("/", func(c *fiber.Ctx) error {
		if !check(c) {
			return fiber.ErrForbidden
		}
		return nil
	})
	url := start(t, app)
	for origin, want := range map[string]int{allowed: 200, stranger: 403, url: 200, "null": 403} {
		if res := send(t, "GET", url, origin); res.StatusCode != want {
			t.Errorf("from %s: status %d, want %d", origin, res.StatusCode, want)
		}
	}
	if res := send(t, "GET", url, stranger, "Origin", allowed); res.StatusCode != 403 {
		t.Errorf("with two origins: status %d, want 403", res.StatusCode)
	}
}

func TestStripUpstream(t *testing.T) {
	app := quiet(fiber.Config{})
	app.Use(corsfiber.Middleware(engine(t, allowed)))
	app.Get("/", func(c *fiber.Ctx) error {
		c.Response().Reset() // as proxy.Do does
		c.Set("Access-Control-Allow-Origin", "*")
		c.Set("Access-Control-Allow-Credentials", "true")
		c.Set("Vary", "Origin, Accept")
		return corsfiber.StripUpstream(c)
	})
	url := start(t, app)
	for origin, want := range map[string]string{allowed: allowed, stranger: ""} {
		res := send(t, "GET", url, origin)
		wantOrigin(t, res, want)
		if got := res.Header.Get("Access-Control-Allow-Credentials"); got != "" {
			t.Errorf("from %s: the upstream's Access-Control-Allow-Credentials %q is left", origin, got)
		}
		if got := res.Header.Values("Vary"); !slices.Equal(got, []string{"Origin, Accept"}) {
			t.Errorf("from %s: Vary %q", origin, got)
		}
	}
}

// TestNothingIsRetained: an AllowOriginFunc may keep its Request, although the next
// request overwrites the memory of this one.
func TestNothingIsRetained(t *testing.T) {
	for _, immutable := range []bool{false, true} {
		var kept []core.Request
		e := core.MustNew(core.Policy{
			AllowOriginFunc: func(_ context.Context, r core.Request) bool {
				kept = append(kept, r)
				return strings.HasSuffix(r.Origin[0], ".example")
			},
			AllowHeaders: []string{"*"}, AllowCredentials: true, AllowMethods: []string{"*"},
		})
		app := quiet(fiber.Config{Immutable: immutable, UnescapePath: true})
		app.Use(corsfiber.Middleware(e))
		app.Get("/*", ok)
		handler := app.Handler()

		var ctx fasthttp.RequestCtx
		serve := func(request string) string {
			ctx.Request.Reset()
			ctx.Response.Reset()
			read(t, &ctx.Request, request)
			handler(&ctx)
			return ctx.Response.Header.String()
		}
		first := serve("OPTIONS /p%61th/one?q HTTP/1.1\r\nHost: one.example\r\nOrigin: https://first.example\r\nSec-Fetch-Site: " +
			"cross-site\r\n" +
			"Access-Control-Request-Method: PATCH\r\nAccess-Control-Request-Headers: x-first\r\n" +
			"Access-Control-Request-Headers: x-second\r\nAccess-Control-Request-Private-Network: true\r\n\r\n")
		for _, line := range []string{"Access-Control-Allow-Origin: https://first.example",
			"Access-Control-Allow-Headers: x-first,x-second"} {
			if !strings.Contains(first, line+"\r\n") {
				t.Fatalf("the first response lacks %q:\n%s", line, first)
			}
		}
		want := fmt.Sprintf("%+v", kept[0])
		serve("OPTIONS /PATH/two/three HTTP/1.1\r\nHost: two.invalid\r\nOrigin: https://other.invalid\r\nSec-Fetch-Site: same-origin\r\n" +
			"Access-Control-Request-Method: PURGE\r\nAccess-Control-Request-Headers: x-other\r\n" +
			"Access-Control-Request-Headers: x-others\r\nAccess-Control-Request-Private-Network: nope\r\n\r\n")
		ctx.Request.Header.VisitAll(func(_, value []byte) {
			copy(value, bytes.Repeat([]byte{'#'}, len(value)))
		})
		if got := fmt.Sprintf("%+v", kept[0]); got != want {
			t.Errorf("Immutable %v: the Request that the function kept has changed\nfrom %s\nto   %s", immutable, want, got)
		}
		for _, fact := range []string{"PATCH", "one.example", "/path/one", "https://first.example", "x-first", "x-second", "true",
			"cross-site"} {
			if !strings.Contains(want, fact) {
				t.Errorf("Immutable %v: the function did not get %q: %s", immutable, fact, want)
			}
		}
		if len(kept) != 2 {
			t.Errorf("the function was called %d times, want 2", len(kept))
		}
	}
}

// TestNamesAsSent: with DisableHeaderNormalizing, a field is found however its name is
// spelled: proxies that speak HTTP/2 to browsers forward names in lower case. Otherwise
// RejectDisallowed would treat such a request as one without Origin.
func TestNamesAsSent(t *testing.T) {
	e := core.MustNew(core.Policy{
		AllowOrigins: []string{allowed}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, AllowCredentials: true,
		RejectDisallowed: true,
	})
	app := quiet(fiber.Config{DisableHeaderNormalizing: true})
	app.Use(corsfiber.Middleware(e))
	app.All("/", ok)
	handler := app.Handler()
	const host = " / HTTP/1.1\r\nHost: host.example\r\n"
	lower := strings.ToLower
	same := func(s string) string { return s }
	for _, test := range []struct {
		name, request string
		status        int
		origin        string
	}{
		{"actual", "GET" + host + "Origin: " + allowed + "\r\n", 200, allowed},
		{"refused", "POST" + host + "Content-Length: 0\r\nOrigin: " + stranger + "\r\n", 403, ""},
		{"same origin", "POST" + host + "Content-Length: 0\r\nOrigin: " + stranger + "\r\nSec-Fetch-Site: same-origin\r\n", 200, ""},
		{"preflight", "OPTIONS" + host + "Origin: " + allowed + "\r\nAccess-Control-Request-Method: PATCH\r\n" +
			"Access-Control-Request-Headers: x-one\r\naccess-control-request-headers: x-two\r\n", 204, allowed},
		{"two origins", "GET" + host + "Origin: " + allowed + "\r\noRIGIN: " + allowed + "\r\n", 403, ""},
	} {
		for spelling, spell := range map[string]func(string) string{"canonical": same, "lower case": lower} {
			line, fields, _ := strings.Cut(test.request, "\r\n")
			var head strings.Builder
			for _, field := range strings.SplitAfter(fields, "\r\n") {
				name, value, _ := strings.Cut(field, ":")
				if value != "" {
					head.WriteString(spell(name) + ":" + value)
				}
			}
			var ctx fasthttp.RequestCtx
			ctx.Request.Header.DisableNormalizing()
			ctx.Response.Header.DisableNormalizing()
			read(t, &ctx.Request, line+"\r\n"+head.String()+"\r\n")
			handler(&ctx)
			h := &ctx.Response.Header
			if got := string(h.Peek("Access-Control-Allow-Origin")); h.StatusCode() != test.status || got != test.origin {
				t.Errorf("%s, %s: status %d, Access-Control-Allow-Origin %q, want %d, %q",
					test.name, spelling, h.StatusCode(), got, test.status, test.origin)
			}
			if got := string(h.Peek("Access-Control-Allow-Headers")); test.status == 204 && got != "x-one,x-two" {
				t.Errorf("%s, %s: Access-Control-Allow-Headers %q", test.name, spelling, got)
			}
		}
	}
}

// TestMounted: applications that are mounted in another one are routed by the
// outermost one's configuration, not by their own. Their middleware runs below the path
// of the mount.
func TestMounted(t *testing.T) {
	e, err := core.NewRouted(
		core.Route{Path: "/sub/deeper/private/", Policies: []core.Policy{{AllowOrigins: []string{allowed}}}},
		core.Route{Policies: []core.Policy{{AllowOrigins: []string{"*"}}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	deeper := quiet(fiber.Config{CaseSensitive: true, StrictRouting: true})
	deeper.Use(corsfiber.Middleware(e))
	deeper.Post("/private/items", ok)
	deeper.Get("/error", func(*fiber.Ctx) error { return fiber.ErrTeapot })
	sub := quiet(fiber.Config{})
	sub.Mount("/deeper", deeper)
	sub.Get("/x", ok)
	app := quiet(fiber.Config{})
	app.Mount("/sub", sub)
	url := start(t, app)
	for path, want := range map[string]string{
		"/sub/deeper/private/items": "", "/SUB/deeper/Private/items": "", "/sub/deeper/private/items/": "",
		"/sub/deeper/error": "*", "/sub/deeper/nowhere": "*", "/sub/x": "", "/deeper/private/items": "",
	} {
		wantOrigin(t, send(t, "GET", url+path, stranger), want)
		wantOrigin(t, preflight(t, "POST", url+path, stranger), want)
	}
	for _, path := range []string{"/sub/deeper/private/items", "/SUB/deeper/Private/items"} {
		wantOrigin(t, send(t, "POST", url+path, allowed), allowed)
		if res := preflight(t, "POST", url+path, allowed); res.StatusCode != http.StatusNoContent {
			t.Errorf("preflight of %s: status %d, want 204", path, res.StatusCode)
		}
	}
}

// TestRewritten: if a handler in front of the middleware rewrites the path, the engine
// compares the new path, as the router does.
func TestRewritten(t *testing.T) {
	e, err := core.NewRouted(
		core.Route{Path: "/private/", Policies: []core.Policy{{AllowOrigins: []string{allowed}}}},
		core.Route{Policies: []core.Policy{{AllowOrigins: []string{"*"}}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	app := quiet(fiber.Config{})
	app.Use(func(c *fiber.Ctx) error {
		c.Path(strings.Replace(c.Path(), "/old/", "/private/", 1))
		return c.Next()
	}, corsfiber.Middleware(e))
	app.Get("/private/x", ok)
	app.Get("/restart", func(c *fiber.Ctx) error {
		c.Path("/private/x")
		return c.RestartRouting()
	})
	url := start(t, app)
	for _, path := range []string{"/old/x", "/private/x", "/restart"} {
		res := send(t, "GET", url+path, stranger)
		wantOrigin(t, res, "")
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", path, res.StatusCode)
		}
		wantOrigin(t, send(t, "GET", url+path, allowed), allowed)
	}
}
