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

// routers are the frameworks' routers, with the options that change how they read
// paths. Those that rewrite paths turn /old/* into /private/*.
var routers = []struct {
	name     string
	host     hosts.Host
	options  hosts.Options
	rewrites bool
}{
	{name: "net/http", host: hosts.NetHTTP()},
	{name: "gin", host: hosts.Gin()},
	{name: "gin UseRawPath", host: hosts.Gin(), options: hosts.Options{UseRawPath: true}},
	{name: "gin UseRawPath, values as sent", host: hosts.Gin(), options: hosts.Options{UseRawPath: true, NoUnescapePathValues: true}},
	{name: "gin UseEscapedPath", host: hosts.Gin(), options: hosts.Options{UseEscapedPath: true}},
	{name: "gin RemoveExtraSlash", host: hosts.Gin(), options: hosts.Options{RemoveExtraSlash: true}},
	{name: "gin UseRawPath RemoveExtraSlash", host: hosts.Gin(), options: hosts.Options{UseRawPath: true, RemoveExtraSlash: true}},
	{name: "gin RedirectFixedPath", host: hosts.Gin(), options: hosts.Options{RedirectFixedPath: true}},
	{name: "gin HandleContext", host: hosts.Gin(), options: hosts.Options{HandleContext: true}, rewrites: true},
	{name: "echo", host: hosts.Echo()},
	{name: "echo Rewrite", host: hosts.Echo(), options: hosts.Options{Rewrite: true}, rewrites: true},
	{name: "echo v5", host: hosts.EchoV5()},
	{name: "echo v5 UseEscapedPathForMatching", host: hosts.EchoV5(), options: hosts.Options{UseEscapedPathForMatching: true}},
	{name: "echo v5 Rewrite", host: hosts.EchoV5(), options: hosts.Options{Rewrite: true}, rewrites: true},
	{name: "fiber", host: hosts.Fiber()},
	{name: "fiber CaseSensitive StrictRouting", host: hosts.Fiber(), options: hosts.Options{CaseSensitive: true, StrictRouting: true}},
	{name: "fiber UnescapePath", host: hosts.Fiber(), options: hosts.Options{UnescapePath: true}},
	{name: "fiber UnescapePath CaseSensitive", host: hosts.Fiber(), options: hosts.Options{UnescapePath: true, CaseSensitive: true}},
	{name: "fiber v3", host: hosts.FiberV3()},
	{name: "fiber v3 CaseSensitive StrictRouting", host: hosts.FiberV3(), options: hosts.Options{CaseSensitive: true, StrictRouting: true}},
	{name: "fiber v3 UnescapePath", host: hosts.FiberV3(), options: hosts.Options{UnescapePath: true}},
	{name: "fiber v3 UnescapePath Immutable", host: hosts.FiberV3(), options: hosts.Options{UnescapePath: true, Immutable: true}},
}

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
	"/x%2F..%2Fexact", "/x%2F..%2Fexact%2F", "/%65xact", "/EXACT", "/EXACT/.", "/exact%20", "/exact;x", "/exact\\", "/exact%5c..",
}

// TestPathsNeverLoosen shows that the answer of a private handler never has the
// headers of another route's policy, in whatever way the target is written.
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
	for _, r := range routers {
		for _, routing := range routings {
			t.Run(r.name+"/"+routing.name, func(t *testing.T) {
				engine, err := core.NewRouted(routing.routes...)
				if err != nil {
					t.Fatal(err)
				}
				base := serve(t, r.host, named(engine, r.options))
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
				if rewritten != r.rewrites {
					t.Errorf("/old/x reached the private handler: %v, want %v", rewritten, r.rewrites)
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
			})
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
