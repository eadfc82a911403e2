package hosts_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/core"
)

const origin = "https://a.example"

func engine() *core.Engine {
	return core.MustNew(core.Policy{AllowOrigins: []string{origin}, AllowMethods: []string{"PUT"}})
}

// described has routes with behaviours that answer in the same way on every
// framework. The conformance suite tests the others of package conformance.
func described(files string) hosts.App {
	get := []string{"GET"}
	return hosts.App{
		Outside: []hosts.Layer{hosts.Recover}, OuterVary: "Outer", Inside: []hosts.Layer{hosts.Secure},
		NotFound: http.StatusNotFound, ErrorHandler: true, Files: files, BodyLimit: 10,
		Routes: []hosts.Route{
			{Path: "/any", Behaviour: hosts.Text, Body: "any"},
			{Methods: get, Path: "/nothing", Behaviour: hosts.Text},
			{Methods: get, Path: "/items/:id", Behaviour: hosts.Text, Body: "an item"},
			{Methods: get, Path: "/rest/*", Behaviour: hosts.Text, Body: "the rest"},
			{
				Methods: get, Path: "/respond", Behaviour: conformance.Respond, Status: 201, Body: "created",
				Header: browsermodel.Header("X-E", "e"),
			},
			{Methods: get, Path: "/returned", Behaviour: conformance.ReturnError, Status: 503},
			{Methods: get, Path: "/unknown", Behaviour: hosts.UnknownError},
			{Methods: get, Path: "/panic", Behaviour: conformance.Panic},
			{Methods: []string{"POST"}, Path: "/limited", Behaviour: hosts.ReadBody},
			{Methods: get, Path: "/chunks", Behaviour: hosts.Chunks},
			{Methods: get, Path: "/files", Behaviour: hosts.Directory},
			{Methods: get, Path: "/file", Behaviour: hosts.File, Body: "a.txt"},
			{Methods: get, Path: "/attachment", Behaviour: hosts.Attachment, Body: "a.txt"},
			{Methods: get, Path: "/basic", Inside: []hosts.Layer{hosts.BasicAuth}, Behaviour: hosts.Text, Body: "secret"},
			{Methods: get, Path: "/token", Inside: []hosts.Layer{hosts.TokenAuth}, Behaviour: hosts.Text, Body: "secret"},
		},
		Groups: []hosts.Group{{
			Path: "/api", CORS: hosts.Adapter(engine()),
			Routes: []hosts.Route{{Methods: []string{"PUT"}, Path: "/items", Behaviour: hosts.Text, Body: "put"}},
			Groups: []hosts.Group{{Path: "/v1", Routes: []hosts.Route{{Methods: get, Path: "/x", Behaviour: hosts.Text, Body: "x"}}}},
		}},
	}
}

// send sends a request, with the fields of the header in pairs.
func send(t *testing.T, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(got)
}

func serve(t *testing.T, h hosts.Host, app hosts.App) string {
	t.Helper()
	server, err := h.Build(app).Serve(conformance.Setup{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server.URL
}

// TestAll compares the list with the folders of adapters.
func TestAll(t *testing.T) {
	folders, err := filepath.Glob("../../adapters/cors*")
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]bool)
	for _, f := range folders {
		want[filepath.Base(f)] = true
	}
	delete(want, "corsfasthttp") // not an adapter: the adapters for fiber share it
	for _, h := range hosts.All() {
		if !want[h.Adapter] {
			t.Errorf("no folder in adapters, or a second host, for %q", h.Adapter)
		}
		delete(want, h.Adapter)
		if h.Name == "" || h.Title == "" {
			t.Errorf("%s: want a Name and a Title", h.Adapter)
		}
		if len(h.Routers) == 0 || h.Routers[0].Options != (hosts.Options{}) {
			t.Errorf("%s: want Routers, the default first", h.Adapter)
		}
	}
	for adapter := range want {
		t.Errorf("All has no host for %s", adapter)
	}
}

// TestBuild checks that every framework serves what the App describes.
func TestBuild(t *testing.T) {
	files := t.TempDir()
	if err := os.WriteFile(filepath.Join(files, "a.txt"), []byte("some text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, h := range hosts.All() {
		t.Run(h.Name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, h, described(files))
			for _, q := range []struct {
				method, path, body string
				header             []string
				status             int
				want               string // must be in the body
			}{
				{method: "GET", path: "/any", status: 200, want: "any"},
				{method: "CHICKEN", path: "/any", status: 200, want: "any"},
				{method: "patch", path: "/any", status: 200, want: "any"},
				{method: "GET", path: "/nothing", status: 200},
				{method: "GET", path: "/items/5", status: 200, want: "an item"},
				{method: "GET", path: "/rest/of/it", status: 200, want: "the rest"},
				{method: "GET", path: "/respond", status: 201, want: "created"},
				{method: "GET", path: "/returned", status: 503},
				{method: "GET", path: "/unknown", status: 500},
				{method: "GET", path: "/panic", status: 500},
				{method: "POST", path: "/limited", body: "short", status: 200},
				{method: "POST", path: "/limited", body: "longer than the limit", status: 413},
				{method: "GET", path: "/chunks", status: 200, want: "chunk"},
				{method: "GET", path: "/files/a.txt", status: 200, want: "some text"},
				{method: "GET", path: "/file", status: 200, want: "some text"},
				{method: "GET", path: "/attachment", status: 200, want: "some text"},
				{method: "GET", path: "/basic", header: []string{"Authorization", hosts.BasicAuth.Credentials()}, status: 200,
					want: "secret"},
				{method: "GET", path: "/basic", header: []string{"Authorization", hosts.TokenAuth.Credentials()}, status: 401},
				{method: "GET", path: "/token", header: []string{"Authorization", hosts.TokenAuth.Credentials()}, status: 200,
					want: "secret"},
				{method: "GET", path: "/token", header: []string{"Authorization", "Bearer other"}, status: 401},
				{method: "GET", path: "/nowhere", status: 404},
				{method: "GET", path: "/api/v1/x", status: 200, want: "x"},
				{method: "PUT", path: "/api/items", status: 200, want: "put"},
			} {
				res, body := send(t, q.method, url+q.path, q.body, q.header...)
				if res.StatusCode != q.status || !strings.Contains(body, q.want) {
					t.Errorf("%s %s: status %d, body %.80q, want %d and %q", q.method, q.path, res.StatusCode, body, q.status, q.want)
				}
				if vary := strings.Join(res.Header.Values("Vary"), ","); q.status == 200 && !strings.Contains(vary, "Outer") {
					t.Errorf("%s %s: Vary %q, want Outer", q.method, q.path, vary)
				}
			}
		})
	}
}

// TestCORS checks where middleware is mounted, with an engine of the adapter and
// without one.
func TestCORS(t *testing.T) {
	item := hosts.Route{Methods: []string{"PUT"}, Path: "/x", Behaviour: hosts.Text, Body: "x"}
	routed := item
	routed.CORS = hosts.Adapter(engine())
	for name, app := range map[string]hosts.App{
		"app": {CORS: hosts.Adapter(engine()), Routes: []hosts.Route{item}},
		"group": {Groups: []hosts.Group{{Path: "/x", CORS: hosts.Adapter(engine()),
			Routes: []hosts.Route{{Methods: item.Methods, Path: "/x"}}}}},
		"route": {Routes: []hosts.Route{routed}},
		"none":  {Routes: []hosts.Route{item}},
	} {
		path, want := "/x", map[bool]string{true: origin}[name != "none"]
		if name == "group" {
			path = "/x/x"
		}
		for _, h := range hosts.All() {
			t.Run(name+"/"+h.Name, func(t *testing.T) {
				url := serve(t, h, app) + path
				res, _ := send(t, "OPTIONS", url, "", "Origin", origin, "Access-Control-Request-Method", "PUT")
				if got := res.Header.Get("Access-Control-Allow-Origin"); got != want || want != "" &&
					res.StatusCode != http.StatusNoContent {
					t.Errorf("preflight: status %d, Access-Control-Allow-Origin %q, want %q", res.StatusCode, got, want)
				}
			})
		}
	}
}

// TestOtherMiddleware checks that a host mounts only its framework's middleware.
func TestOtherMiddleware(t *testing.T) {
	for _, h := range hosts.All() {
		t.Run(h.Name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("Build accepts middleware of type int")
				}
			}()
			h.Build(hosts.App{CORS: hosts.Native(1), Routes: []hosts.Route{{Path: "/", Behaviour: hosts.Text}}})
		})
	}
}

func TestServes(t *testing.T) {
	for _, h := range hosts.All() {
		inMemory := h.Build(hosts.App{Routes: []hosts.Route{{Path: "/", Behaviour: hosts.Text}}})
		if (inMemory.Handler == nil) != h.FastHTTP || (inMemory.FastHTTP != nil) != h.FastHTTP {
			t.Errorf("%s: want FastHTTP if the host says so, and otherwise Handler", h.Name)
		}
		for _, s := range []conformance.Setup{{Protocol: conformance.H2}, {AsteriskTarget: true}} {
			if err := h.Serves(s); errors.Is(err, conformance.ErrUnsupported) != (inMemory.Handler == nil) {
				t.Errorf("%s: %+v: %v", h.Name, s, err)
			}
		}
		if err := h.Serves(conformance.Setup{}); err != nil {
			t.Errorf("%s: %v", h.Name, err)
		}
	}
}
