package corsfiberv3_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/cache"
	"github.com/gofiber/fiber/v3/middleware/idempotency"
	"github.com/gofiber/fiber/v3/middleware/proxy"
	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/core"
)

const second = "https://b.example"

// credentialed allows two origins, with credentials.
func credentialed() *core.Engine {
	return core.MustNew(core.Policy{AllowOrigins: []string{allowed, second}, AllowCredentials: true})
}

// wantDecision checks the headers of a response for which credentialed has decided.
func wantDecision(t *testing.T, what string, res *http.Response, origin string) {
	t.Helper()
	wantOrigin(t, res, origin)
	var credentials []string
	if origin != "" {
		credentials = []string{"true"}
	}
	if got := res.Header.Values("Access-Control-Allow-Credentials"); !slices.Equal(got, credentials) {
		t.Errorf("%s: Access-Control-Allow-Credentials %q, want %q", what, got, credentials)
	}
	if got := res.Header.Values("Vary"); !slices.Equal(got, []string{"Origin"}) {
		t.Errorf("%s: Vary %q, want one line", what, got)
	}
}

// TestStoredResponses: responses that are stored inside the middleware, headers
// included, do not carry the decision for another request.
func TestStoredResponses(t *testing.T) {
	key := []string{"X-Idempotency-Key", "00000000-0000-0000-0000-000000000000"}
	for what, store := range map[string]struct {
		handler fiber.Handler
		runs    int // of the handler, for three origins
	}{
		"idempotency": {idempotency.New(), 1},
		"cache":       {cache.New(cache.Config{StoreResponseHeaders: true, Methods: []string{"POST"}}), 3}, // it obeys Vary
	} {
		for _, first := range []string{allowed, second, stranger} {
			app := fiber.New(fiber.Config{})
			app.Use(corsfiberv3.Middleware(credentialed()), store.handler)
			runs := 0
			path := "/" + first[len("https://"):]
			app.Post(path, func(c fiber.Ctx) error { runs++; return c.SendString("stored") })
			url := start(t, app) + path
			for _, origin := range []string{first, allowed, second, stranger} {
				want := origin
				if origin == stranger {
					want = ""
				}
				// A key for each first origin, because all of them share the store.
				header := []string{key[0], key[1][:35] + path[1:2]}
				wantDecision(t, what+", first "+first, send(t, "POST", url, origin, header...), want)
			}
			if runs != store.runs {
				t.Errorf("%s, first %s: the handler ran %d times, want %d", what, first, runs, store.runs)
			}
		}
	}
}

// TestRawUpstream: an upstream's headers allow nothing, although the client of the proxy
// keeps the spelling of names.
func TestRawUpstream(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["access-control-allow-credentials"] = []string{"true"}
		w.Header()["access-control-expose-headers"] = []string{"x-secret"}
		w.Header()["access-control-allow-origin"] = r.Header["X-Upstream-Origin"]
	}))
	defer upstream.Close()
	client := &fasthttp.Client{DisableHeaderNamesNormalizing: true}
	app := fiber.New(fiber.Config{})
	app.Use(corsfiberv3.Middleware(engine(t, allowed)))
	app.Get("/", func(c fiber.Ctx) error { return proxy.Do(c, upstream.URL, client) })
	url := start(t, app)
	for _, theirs := range [][]string{nil, {"X-Upstream-Origin", "*"}, {"X-Upstream-Origin", stranger}} {
		for origin, want := range map[string]string{allowed: allowed, stranger: ""} {
			res := send(t, "GET", url, origin, theirs...)
			wantOrigin(t, res, want)
			for _, name := range []string{"Access-Control-Allow-Credentials", "Access-Control-Expose-Headers"} {
				if got := res.Header.Values(name); got != nil {
					t.Errorf("from %s, upstream %q: %s %q of the upstream is left", origin, theirs, name, got)
				}
			}
		}
	}
}
