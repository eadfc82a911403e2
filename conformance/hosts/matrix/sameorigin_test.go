package matrix

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	websocketv3 "github.com/gofiber/contrib/v3/websocket"
	fiberwebsocket "github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"
	fiberv3 "github.com/gofiber/fiber/v3"
	"github.com/gorilla/websocket"

	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// own is the origin of the server's own pages, as browsers see it: that of a proxy.
const own = "http://app.example"

// changingHost is a proxy that sends its backend's address as Host.
func changingHost(backend *url.URL) http.Handler {
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(backend) }}
}

// TestOwnPagesBehindProxy checks what docs/frameworks.md says of requests of the server's
// own pages, with a WebSocket handshake and with a POST under RejectDisallowed.
func TestOwnPagesBehindProxy(t *testing.T) {
	for _, c := range []struct {
		name   string
		proxy  func(backend *url.URL) http.Handler
		listed []string // origins that the policy allows
		origin string
		site   string // Sec-Fetch-Site, or "" if the browser sends none
		passes bool
	}{
		{"Host passed on", docsProxy, nil, own, "", true},
		{"Host passed on", docsProxy, nil, stranger, "", false},
		{"Host changed", changingHost, nil, own, "", false},
		{"Host changed", changingHost, nil, own, "same-origin", true},
		{"Host changed", changingHost, nil, stranger, "cross-site", false},
		{"Host changed, own origin listed", changingHost, []string{own}, own, "", true},
		{"Host changed, own origin listed", changingHost, []string{own}, stranger, "", false},
		{"no-referrer", docsProxy, nil, "null", "", false},
		{"no-referrer", docsProxy, nil, "null", "same-origin", true},
		{"sandboxed frame", docsProxy, nil, "null", "cross-site", false},
	} {
		for name, start := range ownBackends {
			t.Run(strings.Join([]string{c.name, c.origin, c.site, name}, ", "), func(t *testing.T) {
				t.Parallel()
				engine := core.MustNew(core.Policy{AllowOrigins: c.listed, RejectDisallowed: true})
				backend, err := url.Parse(start(t, engine))
				if err != nil {
					t.Fatal(err)
				}
				header := http.Header{"Origin": {c.origin}}
				if c.site != "" {
					header.Set("Sec-Fetch-Site", c.site)
				}
				address := strings.TrimPrefix(serveHTTP(t, c.proxy(backend)), "http://")
				want := map[bool]int{true: http.StatusOK, false: http.StatusForbidden}[c.passes]
				if status, err := post(t.Context(), address, header); err != nil || status != want {
					t.Errorf("POST: %d, %v, want %d", status, err, want)
				}
				status, err := handshake(t.Context(), address, header)
				if err != nil || c.passes != (status == http.StatusSwitchingProtocols) {
					t.Errorf("WebSocket handshake: %d, %v, want it to pass: %t", status, err, c.passes)
				}
			})
		}
	}
}

// TestStrangersHandshake checks what docs/frameworks.md says of handshakes from origins that
// are not allowed: they reach the handler unless RejectDisallowed is set.
func TestStrangersHandshake(t *testing.T) {
	for reject, want := range map[bool]int{false: http.StatusSwitchingProtocols, true: http.StatusForbidden} {
		upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
		engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://app.example"}, RejectDisallowed: reject})
		url := serveHTTP(t, corshttp.Middleware(engine)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if conn, err := upgrader.Upgrade(w, r, nil); err == nil {
				_ = conn.Close()
			}
		})))
		status, err := handshake(t.Context(), strings.TrimPrefix(url, "http://"), http.Header{"Origin": {stranger}})
		if err != nil || status != want {
			t.Errorf("RejectDisallowed %t: %d, %v, want %d", reject, status, err, want)
		}
	}
}

// ownBackends serve a WebSocket at /ws, and POST /items behind the middleware.
var ownBackends = map[string]func(*testing.T, *core.Engine) (url string){
	"gorilla/websocket": func(t *testing.T, engine *core.Engine) string {
		upgrader := websocket.Upgrader{CheckOrigin: corshttp.CheckOrigin(engine)}
		mux := http.NewServeMux()
		mux.Handle("POST /items", corshttp.Middleware(engine)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
		mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
			conn, err := upgrader.Upgrade(w, r, nil)
			if err != nil {
				return // Upgrade has answered
			}
			_ = conn.Close()
		})
		return serveHTTP(t, mux)
	},
	"fiber v2": func(t *testing.T, engine *core.Engine) string {
		app := docsFiberWebSocket(engine, func(*fiberwebsocket.Conn) {})
		app.Post("/items", corsfiber.Middleware(engine), func(c *fiber.Ctx) error { return c.SendStatus(http.StatusOK) })
		return serveFast(t, app.Handler())
	},
	"fiber v3": func(t *testing.T, engine *core.Engine) string {
		app := docsFiberV3WebSocket(engine, func(*websocketv3.Conn) {})
		app.Post("/items", corsfiberv3.Middleware(engine), func(c fiberv3.Ctx) error { return c.SendStatus(http.StatusOK) })
		return serveFast(t, app.Handler())
	},
}

// dialer returns a function that connects to the address, whatever the host of the URL.
func dialer(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

func handshake(ctx context.Context, address string, header http.Header) (status int, err error) {
	d := websocket.Dialer{NetDialContext: dialer(address)}
	conn, res, err := d.DialContext(ctx, "ws://app.example/ws", header)
	switch {
	case errors.Is(err, websocket.ErrBadHandshake):
		return res.StatusCode, nil
	case err != nil:
		return 0, err
	}
	return res.StatusCode, conn.Close()
}

func post(ctx context.Context, address string, header http.Header) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, own+"/items", nil)
	if err != nil {
		return 0, err
	}
	r.Header = header.Clone()
	c := &http.Client{Transport: &http.Transport{DialContext: dialer(address), DisableKeepAlives: true}}
	res, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}
