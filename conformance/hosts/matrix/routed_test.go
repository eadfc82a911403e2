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

	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/core"
)

// named describes an application whose handlers answer with their own names.
func named(engine *core.Engine, options hosts.Options) hosts.App {
	app := hosts.App{Options: options, CORS: hosts.Adapter(engine)}
	for _, path := range []string{"/exact", "/private/*", "/public/*", "/*"} {
		app.Routes = append(app.Routes, hosts.Route{Path: path, Behaviour: hosts.Text, Body: strings.TrimSuffix(path, "*")})
	}
	return app
}

// targets are request targets that routers, or code that runs before them, may read in
// several ways.
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
	"/exact", "/exact/", "/exact//", "/exact/.", "/exact/./", "/exact/x/..", "/exact/x%2F..", "/exact/x%2F..%2F", "/exact/x/%2e%2e",
	"/exact/%2E", "/exact%2F", "/exact%2F.", "//exact", "//exact/", "//exact/x/..", "//exact/.", "/./exact", "/./exact/", "/x/../exact",
	"/x/../exact/",
	"/exact.json", "/exact.", "/exact.json/", "/exact/.json", "/exact//x.json", "/exact.json%2Fx", "/exact%2Ejson", "//exact.json",
	"/private.json", "/private/x.json", "/private.json/x", "/public/../exact.json", "/exact.json/..", "/x/..%2Fexact.json", "/exact?.json",
	"/x%2F..%2Fexact", "/x%2F..%2Fexact%2F", "/%65xact", "/EXACT", "/EXACT/.", "/exact%20", "/exact;x", "/exact\\", "/exact%5c..",
}

// TestPathsNeverLoosen shows that the answer of a private handler never has the
// headers of another route's policy, however the target is written.
func TestPathsNeverLoosen(t *testing.T) {
	strict, open := core.Policy{Name: "strict", AllowOrigins: []string{allowed}}, core.Policy{Name: "open", AllowOrigins: []string{"*"}}
	route := func(path string, p core.Policy) core.Route { return core.Route{Path: path, Policies: []core.Policy{p}} }
	routings := []struct {
		name, private string // private is the path whose handler strangers may not read
		routes        []core.Route
	}{
		{"private first", "/private/", []core.Route{route("/private/", strict), route("/", open)}},
		{"public first", "/private/", []core.Route{route("/public/", open), route("/", strict)}},
		{"exact first", "/exact", []core.Route{route("/exact", strict), route("/private/", strict), route("/", open)}},
	}
	for _, h := range hosts.All() {
		for i, router := range h.Routers {
			for k, routing := range routings {
				if testing.Short() && i%len(routings) != k {
					continue // with -short, each router has one of the routings
				}
				t.Run(router.Name+"/"+routing.name, func(t *testing.T) {
					t.Parallel()
					engine, err := core.NewRouted(routing.routes...)
					if err != nil {
						t.Fatal(err)
					}
					checkRouter(t, serve(t, h, named(engine, router.Options)), routing.private, router.Rewrites)
				})
			}
		}
	}
}

// checkRouter sends the targets from a stranger, who may not read the answers of
// the handler of the path private.
func checkRouter(t *testing.T, base, private string, rewrites bool) {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	reached, rewritten := 0, false
	for _, target := range targets {
		res, body := raw(t, u.Host, target, stranger)
		rewritten = rewritten || body == "/private/" && target == "/old/x"
		if body == private {
			reached++
			if got := res.Header.Values("Access-Control-Allow-Origin"); len(got) > 0 {
				t.Errorf("GET %s from a stranger reached the private handler, and got Access-Control-Allow-Origin %q", target, got)
			}
		}
	}
	if reached == 0 {
		t.Error("no target reached the private handler")
	}
	if rewritten != rewrites {
		t.Errorf("/old/x reached the private handler: %v, want %v", rewritten, rewrites)
	}
	// Plain spellings, and necessary escapes, get their own route's policy.
	for target, want := range map[string]string{
		"/private/x": allowed, "/public/x": "*", "/private/a%20b": allowed, "/private/%C3%A9": allowed,
	} {
		res, _ := raw(t, u.Host, target, allowed)
		if got := res.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("GET %s: Access-Control-Allow-Origin %q, want %q", target, got, want)
		}
	}
}

// raw sends a request target without changing it.
func raw(t *testing.T, host, target, origin string) (*http.Response, string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", host, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	const request = "GET %s HTTP/1.1\r\nHost: host.example\r\nOrigin: %s\r\nConnection: close\r\n\r\n"
	if _, err := fmt.Fprintf(conn, request, target, origin); err != nil {
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
