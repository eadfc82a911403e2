package matrix

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v2"
	fiberv3 "github.com/gofiber/fiber/v3"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	echov5 "github.com/labstack/echo/v5"
	middlewarev5 "github.com/labstack/echo/v5/middleware"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/adapters/corsechov5"
	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// routers are the ways in which the frameworks' routers can be told to read a
// path. Each serves /private/*, /public/*, /exact and /*, whose handlers answer with
// their names, behind a middleware on the application. Those that rewrite paths
// make /private/* of /old/*.
var routers = []struct {
	name  string
	serve func(testing.TB, *core.Engine) (url string)
}{
	{"net/http", func(t testing.TB, e *core.Engine) string {
		mux := http.NewServeMux()
		for _, path := range []string{"/private/", "/public/", "/exact", "/"} {
			mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, path) })
		}
		return serveSite(t, corshttp.Middleware(e)(mux))
	}},
	{"gin", ginRouter(func(*gin.Engine) {})},
	{"gin UseRawPath", ginRouter(func(r *gin.Engine) { r.UseRawPath = true })},
	{"gin UseRawPath, values as sent", ginRouter(func(r *gin.Engine) { r.UseRawPath, r.UnescapePathValues = true, false })},
	{"gin UseEscapedPath", ginRouter(func(r *gin.Engine) { r.UseEscapedPath = true })},
	{"gin RemoveExtraSlash", ginRouter(func(r *gin.Engine) { r.RemoveExtraSlash = true })},
	{"gin UseRawPath RemoveExtraSlash", ginRouter(func(r *gin.Engine) { r.UseRawPath, r.RemoveExtraSlash = true, true })},
	{"gin RedirectFixedPath", ginRouter(func(r *gin.Engine) { r.RedirectFixedPath = true })},
	{"gin HandleContext", ginRouter(func(r *gin.Engine) {
		r.NoRoute(func(c *gin.Context) {
			if rest, ok := strings.CutPrefix(c.Request.URL.Path, "/old/"); ok {
				c.Request.URL.Path, c.Request.URL.RawPath = "/private/"+rest, ""
				r.HandleContext(c)
				return
			}
			c.String(http.StatusOK, "/")
		})
	})},
	{"echo", echoRouter()},
	{"echo Rewrite", echoRouter(middleware.Rewrite(map[string]string{"/old/*": "/private/$1"}))},
	{"echo v5", echoV5Router(echov5.RouterConfig{})},
	{"echo v5 UseEscapedPathForMatching", echoV5Router(echov5.RouterConfig{UseEscapedPathForMatching: true})},
	{"echo v5 Rewrite", echoV5Router(echov5.RouterConfig{}, middlewarev5.Rewrite(map[string]string{"/old/*": "/private/$1"}))},
	{"fiber", fiberRouter(fiber.Config{})},
	{"fiber CaseSensitive StrictRouting", fiberRouter(fiber.Config{CaseSensitive: true, StrictRouting: true})},
	{"fiber UnescapePath", fiberRouter(fiber.Config{UnescapePath: true})},
	{"fiber UnescapePath CaseSensitive", fiberRouter(fiber.Config{UnescapePath: true, CaseSensitive: true})},
	{"fiber v3", fiberV3Router(fiberv3.Config{})},
	{"fiber v3 CaseSensitive StrictRouting", fiberV3Router(fiberv3.Config{CaseSensitive: true, StrictRouting: true})},
	{"fiber v3 UnescapePath", fiberV3Router(fiberv3.Config{UnescapePath: true})},
	{"fiber v3 UnescapePath Immutable", fiberV3Router(fiberv3.Config{UnescapePath: true, Immutable: true})},
}

func ginRouter(configure func(*gin.Engine)) func(testing.TB, *core.Engine) string {
	return func(t testing.TB, e *core.Engine) string {
		r := gin.New()
		r.Use(corsgin.Middleware(e))
		for _, path := range []string{"/private/", "/public/"} {
			r.Any(path+"*rest", func(c *gin.Context) { c.String(http.StatusOK, path) })
		}
		r.Any("/exact", func(c *gin.Context) { c.String(http.StatusOK, "/exact") })
		r.NoRoute(func(c *gin.Context) { c.String(http.StatusOK, "/") })
		configure(r)
		return serveSite(t, r)
	}
}

func echoRouter(pre ...echo.MiddlewareFunc) func(testing.TB, *core.Engine) string {
	return func(t testing.TB, engine *core.Engine) string {
		e := echo.New()
		e.Pre(pre...)
		e.Use(corsecho.Middleware(engine))
		for _, path := range []string{"/private/", "/public/", "/"} {
			e.Any(path+"*", func(c echo.Context) error { return c.String(http.StatusOK, path) })
		}
		e.Any("/exact", func(c echo.Context) error { return c.String(http.StatusOK, "/exact") })
		return serveSite(t, e)
	}
}

func echoV5Router(config echov5.RouterConfig, pre ...echov5.MiddlewareFunc) func(testing.TB, *core.Engine) string {
	return func(t testing.TB, engine *core.Engine) string {
		e := echov5.NewWithConfig(echov5.Config{Router: echov5.NewRouter(config)})
		e.Pre(pre...)
		e.Use(corsechov5.Middleware(engine))
		for _, path := range []string{"/private/", "/public/", "/"} {
			e.Any(path+"*", func(c *echov5.Context) error { return c.String(http.StatusOK, path) })
		}
		e.Any("/exact", func(c *echov5.Context) error { return c.String(http.StatusOK, "/exact") })
		return serveSite(t, e)
	}
}

func fiberRouter(config fiber.Config) func(testing.TB, *core.Engine) string {
	return func(t testing.TB, engine *core.Engine) string {
		config.DisableStartupMessage = true
		app := fiber.New(config)
		app.Use(corsfiber.Middleware(engine))
		app.All("/exact", func(c *fiber.Ctx) error { return c.SendString("/exact") })
		for _, path := range []string{"/private/", "/public/", "/"} {
			app.All(path+"*", func(c *fiber.Ctx) error { return c.SendString(path) })
		}
		server, err := serveFiber(app.Listener, app.ShutdownWithTimeout)
		return served(t, server, err)
	}
}

func fiberV3Router(config fiberv3.Config) func(testing.TB, *core.Engine) string {
	return func(t testing.TB, engine *core.Engine) string {
		app := fiberv3.New(config)
		app.Use(corsfiberv3.Middleware(engine))
		app.All("/exact", func(c fiberv3.Ctx) error { return c.SendString("/exact") })
		for _, path := range []string{"/private/", "/public/", "/"} {
			app.All(path+"*", func(c fiberv3.Ctx) error { return c.SendString(path) })
		}
		listen := func(l net.Listener) error {
			return app.Listener(l, fiberv3.ListenConfig{DisableStartupMessage: true})
		}
		server, err := serveFiber(listen, app.ShutdownWithTimeout)
		return served(t, server, err)
	}
}

// Targets that routers, or what stands before them, may read in several ways.
var targets = []string{
	"/private", "/private/", "/private/x", "/private//x", "/private/./x", "/private/x/../y", "/private%2Fx", "/private%2fx",
	"//private/x", "///private/x", "/./private/x", "/.//private/x", "/%2e/private/x", "/%2E%2e/private/x", "/%70rivate/x",
	"/priv%61te/x", "/priv%61te%2fx", "/PRIVATE/x", "/Private/x", "/PRIV%41TE/x", "/private%00/x", "/private%20/x", "/private+/x",
	"/private;a=b/x", "/private%3b/x", "/private\\x", "/private%5cx", "/private%25/x", "/private%252Fx", "/private%/x", "/private%zz/x",
	"/public/../private/x", "/public/%2e%2e/private/x", "/public/..%2fprivate/x", "/public/..%2Fprivate%2Fx", "/public%2F..%2Fprivate/x",
	"/public/..;/private/x", "/public/.%2e/private/x", "/public/x%2f..%2f..%2fprivate/x", "/public/..%5cprivate/x", "/public/..\\private/x",
	"/public//../private/x", "/public/%252e%252e/private/x", "/private/../public/x", "/private/..%2fpublic/x", "/private/%2e%2e/public/x",
	"/private/x?/../public/x", "/private/x#/../public/", "/private/%c3%a9", "/private/\u00e9", "/", "//", "/x", "/publicprivate/x",
	"/old/x", "/old/../private/x", "/old%2Fx", "/old/%2e%2e/public/x", "/OLD/x",
	"http://host.example/private/x", "http://host.example/public/../private/x", "http://host.example//private/x",
	"/exact", "/exact/", "/exact//", "/exact/.", "/exact/./", "/exact/x/..", "/exact/x%2F..", "/exact/x%2F..%2F", "/exact/x/%2e%2e", "/exact/%2E",
	"/exact%2F", "/exact%2F.", "//exact", "//exact/", "//exact/x/..", "//exact/.", "/./exact", "/./exact/", "/x/../exact", "/x/../exact/",
	"/x%2F..%2Fexact", "/x%2F..%2Fexact%2F", "/%65xact", "/EXACT", "/EXACT/.", "/exact%20", "/exact;x", "/exact\\", "/exact%5c..",
}

// However a target is written, a private handler's answer never has the headers
// of the policy of another route.
func TestPathsNeverLoosen(t *testing.T) {
	strict, open := core.Policy{Name: "strict", AllowOrigins: []string{allowed}}, core.Policy{Name: "open", AllowOrigins: []string{"*"}}
	routings := []struct {
		name, private string // private is the path whose handler strangers may not read
		routes        []core.Route
	}{
		{"private first", "/private/", []core.Route{{Path: "/private/", Policies: []core.Policy{strict}}, {Path: "/", Policies: []core.Policy{open}}}},
		{"public first", "/private/", []core.Route{{Path: "/public/", Policies: []core.Policy{open}}, {Path: "/", Policies: []core.Policy{strict}}}},
		{"exact first", "/exact", []core.Route{
			{Path: "/exact", Policies: []core.Policy{strict}}, {Path: "/private/", Policies: []core.Policy{strict}}, {Path: "/", Policies: []core.Policy{open}},
		}},
	}
	for _, r := range routers {
		for _, routing := range routings {
			t.Run(r.name+"/"+routing.name, func(t *testing.T) {
				engine, err := core.NewRouted(routing.routes...)
				if err != nil {
					t.Fatal(err)
				}
				base := r.serve(t, engine)
				u, err := url.Parse(base)
				if err != nil {
					t.Fatal(err)
				}
				reached, rewritten := 0, false
				for _, target := range targets {
					res, body := raw(t, u.Host, target, stranger)
					rewritten = rewritten || body == "/private/" && target == "/old/x"
					if body == routing.private {
						reached++
						if got := res.Header.Values("Access-Control-Allow-Origin"); len(got) > 0 {
							t.Errorf("GET %s from a stranger reached the private handler, and got Access-Control-Allow-Origin %q", target, got)
						}
					}
				}
				if reached == 0 {
					t.Error("no target reached the private handler")
				}
				if rewrites := strings.Contains(r.name, "Rewrite") || strings.Contains(r.name, "HandleContext"); rewritten != rewrites {
					t.Errorf("/old/x reached the private handler: %v, want %v", rewritten, rewrites)
				}
				// The plain spellings work as meant, those with escapes that have to be included.
				for target, want := range map[string]string{"/private/x": allowed, "/public/x": "*", "/private/a%20b": allowed, "/private/%C3%A9": allowed} {
					res, _ := raw(t, u.Host, target, allowed)
					if got := res.Header.Get("Access-Control-Allow-Origin"); got != want {
						t.Errorf("GET %s: Access-Control-Allow-Origin %q, want %q", target, got, want)
					}
				}
			})
		}
	}
}

// raw sends a request target as it is.
func raw(t *testing.T, host, target, origin string) (*http.Response, string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", host, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: host.example\r\nOrigin: %s\r\nConnection: close\r\n\r\n", target, origin); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: "GET"})
	if err != nil {
		t.Fatalf("GET %s: %v", target, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err != nil {
		t.Fatalf("GET %s: %v", target, err)
	}
	return res, strings.TrimSpace(string(body))
}
