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

	"github.com/gorilla/websocket"

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
		t.Run(strings.Join([]string{c.name, c.origin, c.site}, ", "), func(t *testing.T) {
			address := serveHTTP(t, c.proxy(ownBackend(t, core.MustNew(core.Policy{AllowOrigins: c.listed, RejectDisallowed: true}))))
			header := http.Header{"Origin": {c.origin}}
			if c.site != "" {
				header.Set("Sec-Fetch-Site", c.site)
			}
			for name, ask := range map[string]func(context.Context, string, http.Header) (int, error){
				"WebSocket handshake": handshake, "POST": post,
			} {
				status, err := ask(t.Context(), strings.TrimPrefix(address, "http://"), header)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if passes := status < 300; passes != c.passes || !passes && status != http.StatusForbidden {
					t.Errorf("%s: %d, want it to pass: %t", name, status, c.passes)
				}
			}
		})
	}
}

// ownBackend serves a WebSocket at /ws, and /items behind the middleware.
func ownBackend(t *testing.T, engine *core.Engine) *url.URL {
	t.Helper()
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
	backend, err := url.Parse(serveHTTP(t, mux))
	if err != nil {
		t.Fatal(err)
	}
	return backend
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
