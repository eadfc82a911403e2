package matrix

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
)

// position is where an adapter's middleware is mounted. The application's
// routes are below /api/v1, a group within the group /api.
type position string

const (
	onApp   position = "app"   // on the application
	onOuter position = "outer" // on the group /api, whose routes are in the group /v1 within
	onInner position = "inner" // on the group /v1 within the group /api
	onRoute position = "route" // on each route by itself
)

// variant is what else is different about an application.
type variant struct {
	name string

	// strict turns on the framework's handling of methods that a path does not
	// have, where that can be chosen.
	strict bool
	// custom gives the application its own not-found and error handlers.
	custom bool
	// outside puts recovery, compression and secure headers outside of the
	// middleware instead of inside.
	outside bool
	// guarded puts authentication outside of the middleware.
	guarded bool
	// token makes that which asks for a token, not for a user's password.
	token bool
	// slashes turns the redirection of trailing slashes the other way: off in
	// gin, which has it on by default, and on in echo.
	slashes bool
	// cases makes gin redirect to the route that differs in case alone, and
	// fiber, which takes no notice of case by default, tell them apart.
	cases bool
}

var variants = []variant{
	{name: "plain"},
	{name: "strict", strict: true},
	{name: "custom", custom: true},
	{name: "outside", outside: true, strict: true, custom: true},
	{name: "guarded", guarded: true},
	{name: "token", token: true},
	{name: "token guarded", token: true, guarded: true, outside: true},
	{name: "slashes", slashes: true},
	{name: "cases", cases: true},
}

// site is an application that a framework builds.
type site struct {
	position
	variant
	engine *core.Engine
	files  string // a directory with the file a.txt
}

const (
	prefix    = "/api/v1"
	bodyLimit = 1000                  // bytes, of the route /limited
	deadline  = 20 * time.Millisecond // of the route /slow
)

// way is one way in which a framework comes to answer a request.
type way struct {
	name   string
	method string
	path   string // below prefix
	header []string
	body   string
	status []int // any of these will do
	// unrouted requests reach no route, so that middleware of a route has no
	// part in them.
	unrouted bool
	// upgrade answers by itself on a hijacked connection.
	upgrade bool
}

var longBody = strings.Repeat("x", 3*bodyLimit)

var ways = []way{
	{name: "answer", path: "/ok", status: []int{200}},
	{name: "put", method: "PUT", path: "/ok", status: []int{200}},
	{name: "head", method: "HEAD", path: "/ok", status: []int{200, 404, 405}, unrouted: true},
	{name: "options", method: "OPTIONS", path: "/ok", status: []int{200, 204, 404, 405}},
	{name: "deeper group", path: "/deep/deeper", status: []int{200}},
	{name: "parameter", path: "/items/5", status: []int{200}},
	{name: "compressed", path: "/long", header: []string{"Accept-Encoding", "gzip"}, status: []int{200}},
	{name: "returned error", path: "/returned", status: []int{418}},
	{name: "unknown error", path: "/unknown", status: []int{500}},
	{name: "panic", path: "/panic", status: []int{500}},
	{name: "error after the answer", path: "/late", status: []int{200, 418}},
	{name: "panic after the answer", path: "/late-panic", status: []int{200, 500}},
	{name: "body limit", method: "POST", path: "/limited", body: longBody, status: []int{413}},
	{name: "timeout", path: "/slow", status: []int{408, 503, 504}},
	{name: "redirect", path: "/redirect", status: []int{302}},
	{name: "unauthorized", path: "/private", status: []int{400, 401}},
	{name: "authorized", path: "/private", header: []string{"Authorization", "{credentials}"}, status: []int{200}},
	{name: "chunks", path: "/chunks", status: []int{200}},
	{name: "events", path: "/events", status: []int{200}},
	{name: "upgrade", path: "/upgrade", header: []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}, status: []int{101}, upgrade: true},
	{name: "static", path: "/files/a.txt", status: []int{200}},
	{name: "static not modified", path: "/files/a.txt", header: []string{"If-Modified-Since", "{later}"}, status: []int{304}},
	{name: "static range", path: "/files/a.txt", header: []string{"Range", "bytes=1-2"}, status: []int{206}},
	{name: "static bad range", path: "/files/a.txt", header: []string{"Range", "bytes=100-200"}, status: []int{416}},
	{name: "static missing", path: "/files/missing.txt", status: []int{404, 405}},
	{name: "download", path: "/download", status: []int{200}},
	{name: "attachment", path: "/attachment", status: []int{200}},
	{name: "download not modified", path: "/download", header: []string{"If-Modified-Since", "{later}"}, status: []int{304}},
	{name: "download missing", path: "/download-missing", status: []int{404}},
	{name: "not found", path: "/nowhere", status: []int{404}, unrouted: true},
	{name: "wrong method", method: "DELETE", path: "/ok", status: []int{404, 405}, unrouted: true},
	{name: "slash", path: "/ok/", status: []int{200, 301, 404}, unrouted: true},
	{name: "other case", path: "/OK", status: []int{200, 301, 404}, unrouted: true},
}

// exceptions are the cells of the matrix that do not hold, each with the reason.
// A cell that holds after all is a failure. An empty field stands for all.
var exceptions = []struct {
	adapter  string
	position position
	variant  func(variant) bool
	way      string
	why      string
}{
	{variant: isGuarded, why: "browsers send no credentials with preflights, so that authentication has to be inside"},
	{adapter: "corsgin", way: "slash", variant: keepsSlashes, why: "gin redirects before any middleware runs; wrap the engine in corshttp.Middleware instead"},
	{adapter: "corsgin", way: "other case", variant: fixesCases, why: "as for slashes, with RedirectFixedPath"},
	{adapter: "corsecho", position: onOuter, way: "slash", variant: turnsSlashes, why: "the redirection runs with Pre; so has the middleware to"},
	{adapter: "corsecho", position: onInner, way: "slash", variant: turnsSlashes, why: "as above"},
	{adapter: "corsechov5", position: onOuter, way: "slash", variant: turnsSlashes, why: "as above"},
	{adapter: "corsechov5", position: onInner, way: "slash", variant: turnsSlashes, why: "as above"},
	{adapter: "corsfiberv3", position: onRoute, way: "body limit", why: "fiber runs middleware of Use alone for requests that it gives up reading"},
}

func isGuarded(v variant) bool    { return v.guarded }
func keepsSlashes(v variant) bool { return !v.slashes }
func turnsSlashes(v variant) bool { return v.slashes }
func fixesCases(v variant) bool   { return v.cases }

// frameworks build a site and serve it until the test is over.
var frameworks = []struct {
	adapter string
	serve   func(testing.TB, site) (url string)
}{
	{"corshttp", serveHTTPSite},
	{"corsgin", serveGinSite},
	{"corsecho", serveEchoSite},
	{"corsechov5", serveEchoV5Site},
	{"corsfiber", serveFiberSite},
	{"corsfiberv3", serveFiberV3Site},
}

const (
	allowed  = "https://a.example"
	stranger = "https://evil.test"
)

func TestMatrix(t *testing.T) {
	files := t.TempDir()
	if err := os.WriteFile(filepath.Join(files, "a.txt"), []byte("some text"), 0o600); err != nil {
		t.Fatal(err)
	}
	engine, err := core.New(core.Policy{
		AllowOrigins: []string{allowed}, AllowMethods: []string{"PUT", "DELETE"},
		AllowHeaders: []string{"authorization"}, AllowCredentials: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frameworks {
		for _, p := range []position{onApp, onOuter, onInner, onRoute} {
			for _, v := range variants {
				t.Run(fmt.Sprintf("%s/%s/%s", f.adapter, p, v.name), func(t *testing.T) {
					url := f.serve(t, site{position: p, variant: v, engine: engine, files: files})
					for _, w := range ways {
						if w.unrouted && p == onRoute {
							continue
						}
						reportCell(t, f.adapter, p, v, w, checkWay(t, url, v, w))
					}
				})
			}
		}
	}
}

func reportCell(t *testing.T, adapter string, p position, v variant, w way, faults []string) {
	t.Helper()
	for _, e := range exceptions {
		if (e.adapter == "" || e.adapter == adapter) && (e.position == "" || e.position == p) &&
			(e.variant == nil || e.variant(v)) && (e.way == "" || e.way == w.name) {
			if len(faults) == 0 {
				t.Errorf("%s: holds, although it is listed as an exception: %s", w.name, e.why)
			}
			return
		}
	}
	for _, fault := range faults {
		t.Errorf("%s: %s", w.name, fault)
	}
}

// checkWay sends the request from an allowed origin and from a stranger, and
// their preflights, and returns what is wrong with the answers.
func checkWay(t *testing.T, url string, v variant, w way) (faults []string) {
	t.Helper()
	method := w.method
	if method == "" {
		method = "GET"
	}
	credentials := basicAuth
	if v.token {
		credentials = bearerAuth
	}
	header := make(http.Header)
	for i := 0; i+1 < len(w.header); i += 2 {
		value := strings.ReplaceAll(w.header[i+1], "{later}", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		value = strings.ReplaceAll(value, "{credentials}", credentials)
		header.Set(w.header[i], value)
	}
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }

	for _, origin := range []string{allowed, stranger} {
		r := exchange(t, method, url+prefix+w.path, origin, header, w.body)
		if !slices.Contains(w.status, r.StatusCode) {
			fault("%s from %s: status %d, want one of %v", method, origin, r.StatusCode, w.status)
		}
		if w.upgrade {
			continue
		}
		want := []string(nil)
		if origin == allowed {
			want = []string{allowed}
		}
		if got := r.Header.Values("Access-Control-Allow-Origin"); !slices.Equal(got, want) {
			fault("%s from %s: Access-Control-Allow-Origin %q, want %q", method, origin, got, want)
		}
		if !varies(r.Header, "Origin") {
			fault("%s from %s: Vary %q is without Origin", method, origin, r.Header.Values("Vary"))
		}
		if w.name == "compressed" && r.StatusCode == 200 &&
			(r.Header.Get("Content-Encoding") != "gzip" || !varies(r.Header, "Accept-Encoding")) {
			fault("%s from %s: Content-Encoding %q, Vary %q", method, origin, r.Header.Values("Content-Encoding"), r.Header.Values("Vary"))
		}

		ask := http.Header{
			"Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {"authorization"}, "Accept-Encoding": {"gzip, deflate, br"},
		}
		r = exchange(t, "OPTIONS", url+prefix+w.path, origin, ask, "")
		status := http.StatusNoContent
		if origin == stranger {
			status = http.StatusForbidden
		}
		if r.StatusCode != status {
			fault("preflight from %s: status %d, want %d", origin, r.StatusCode, status)
		}
		if got := r.Header.Values("Access-Control-Allow-Origin"); !slices.Equal(got, want) {
			fault("preflight from %s: Access-Control-Allow-Origin %q, want %q", origin, got, want)
		}
		// Some compression that is outside labels, or wraps, what is empty too.
		if got := r.Header.Values("Content-Encoding"); !v.outside && (len(got) > 0 || r.ContentLength > 0) {
			fault("preflight from %s: Content-Encoding %q, Content-Length %d", origin, got, r.ContentLength)
		}
		if !varies(r.Header, "Origin") {
			fault("preflight from %s: Vary %q is without Origin", origin, r.Header.Values("Vary"))
		}
		if got := r.Header.Values("Access-Control-Allow-Methods"); (len(got) == 1) != (origin == allowed) {
			fault("preflight from %s: Access-Control-Allow-Methods %q", origin, got)
		}
	}
	return faults
}

func varies(h http.Header, name string) bool {
	for _, line := range h.Values("Vary") {
		for _, element := range strings.Split(line, ",") {
			if strings.EqualFold(strings.TrimSpace(element), name) {
				return true
			}
		}
	}
	return false
}

// client follows no redirect and undoes no compression.
var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Second},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func exchange(t *testing.T, method, url, origin string, header http.Header, body string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header.Clone()
	r.Header.Set("Origin", origin)
	res, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %s from %s: %v", method, url, origin, err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusSwitchingProtocols {
		conn, ok := res.Body.(io.ReadWriter)
		line := make([]byte, 5)
		if !ok {
			t.Fatalf("%s: no connection to write to", url)
		}
		if _, err := io.WriteString(conn, "line\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, line); err != nil || string(line) != "line\n" {
			t.Errorf("%s: upgraded connection answers %q, %v", url, line, err)
		}
		return res
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Errorf("%s %s from %s: body: %v", method, url, origin, err)
	}
	return res
}

// serveSite serves an http.Handler until the test is over.
func serveSite(t testing.TB, h http.Handler) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return "http://" + listener.Addr().String()
}
