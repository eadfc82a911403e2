package corsfiber_test

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/core"
)

// Whatever the origin, a function is asked if the engine would ask it, and what it
// is told are copies.
func TestOriginFuncGetsCopies(t *testing.T) {
	var kept []core.Request
	e := core.MustNew(core.Policy{
		AllowOriginFunc:            func(_ context.Context, r core.Request) bool { kept = append(kept, r); return true },
		DangerouslyAllowNullOrigin: true,
	})
	app := quiet(fiber.Config{})
	app.Use(corsfiber.Middleware(e))
	app.Get("/*", ok)
	handler := app.Handler()
	asked := 0
	label := strings.Repeat("a", 63)
	for _, origin := range []string{
		"null", "NULL", "", "*", "https://", "https://a.example", "http://a.example", "http://a.example:8080", "https://a.example:443", "https://a.example:65536",
		"https://A.example", "https://a.example/", "https://a b.example", "https://[::1]:3000", "https://[::01]", "https://192.0.2.1", "https://192.0.2.01", "https://xn--caf-dma.example",
		"https://caf\u00e9.example", "https://a_b.example", "capacitor://localhost", "chrome-extension://abcdefgh", "file://", "1a://b",
		"https://" + label + "." + label + "." + label + "." + label[:61] + ":65535", "https://" + label + "." + label + "." + label + "." + label + ":65535",
		"https://" + label + "a.example", strings.Repeat("s", 64) + "://" + label, strings.Repeat("s", 65) + "://" + label, strings.Repeat("s", 300) + "://" + label,
	} {
		kept = nil
		facts := core.Request{Method: "GET", Host: "host.example", Path: "/p", Origin: []string{origin}}
		want := e.Decide(t.Context(), facts).Allowed
		told := len(kept)
		kept = nil

		var ctx fasthttp.RequestCtx
		read(t, &ctx.Request, "GET /p HTTP/1.1\r\nHost: host.example\r\nOrigin: "+origin+"\r\n\r\n")
		handler(&ctx)
		if got := ctx.Response.Header.Peek("Access-Control-Allow-Origin") != nil; got != want || len(kept) != told {
			t.Errorf("%q: allowed %v and asked %d times, want %v and %d", origin, got, len(kept), want, told)
		}
		ctx.Request.Header.VisitAll(func(_, value []byte) {
			copy(value, bytes.Repeat([]byte{'#'}, len(value)))
		})
		for _, r := range kept {
			asked++
			if r.Method != "GET" || r.Host != facts.Host || r.Path != facts.Path || len(r.Origin) != 1 || r.Origin[0] != origin {
				t.Errorf("%q: what the function kept has changed to %+v", origin, r)
			}
		}
	}
	if asked < 10 {
		t.Errorf("the function was asked about %d origins", asked)
	}
}

// Nothing that may not be asked about is copied, however much of it there is.
func TestOriginFuncCopiesNoJunk(t *testing.T) {
	e := core.MustNew(core.Policy{AllowOriginFunc: func(context.Context, core.Request) bool { return true }})
	app := quiet(fiber.Config{})
	app.Use(corsfiber.Middleware(e))
	app.All("/*", ok)
	handler := app.Handler()
	huge := strings.Repeat("a", 1<<20)
	const ask = "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: "
	for name, head := range map[string]string{
		"a huge origin":                       "GET / HTTP/1.1\r\nHost: host.example\r\nOrigin: https://" + huge + "\r\n\r\n",
		"a preflight from a huge origin":      "OPTIONS / HTTP/1.1\r\nHost: host.example\r\nOrigin: https://" + huge + "\r\n" + ask + huge + "\r\n\r\n",
		"huge headers and no origin":          "OPTIONS / HTTP/1.1\r\nHost: host.example\r\n" + ask + huge + "\r\n\r\n",
		"huge headers and two origins":        "OPTIONS / HTTP/1.1\r\nHost: host.example\r\nOrigin: https://a.example\r\nOrigin: https://a.example\r\n" + ask + huge + "\r\n\r\n",
		"huge headers and a malformed origin": "OPTIONS / HTTP/1.1\r\nHost: host.example\r\nOrigin: https://a.example/\r\n" + ask + huge + "\r\n\r\n",
	} {
		var ctx fasthttp.RequestCtx
		read(t, &ctx.Request, head)
		handler(&ctx) // once, for what is kept for other requests
		const runs = 20
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			ctx.Response.Reset()
			handler(&ctx)
		}
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) / runs; n > 1<<14 {
			t.Errorf("%s: %d bytes allocated for each request", name, n)
		}
	}
}
