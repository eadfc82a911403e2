package corsfasthttp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/adapters/corsfasthttp"
	"github.com/corskit/corskit/core"
)

// TestRequest: Request returns copies of all facts of a request.
func TestRequest(t *testing.T) {
	for _, raw := range []bool{false, true} {
		name := func(s string) string { return s }
		if raw {
			name = strings.ToLower
		}
		fields := []string{
			name("Origin") + ": " + allowed, name("Access-Control-Request-Method") + ": PUT",
			name("Access-Control-Request-Headers") + ": x-a", "Access-Control-Request-HEADERS: x-b",
			name("Access-Control-Request-Private-Network") + ": true", name("Sec-Fetch-Site") + ": cross-site",
		}
		routing := corsfasthttp.Routing{FoldPath: true, RawNames: raw}
		ctx := new(fasthttp.RequestCtx)
		if raw {
			ctx.Request.Header.DisableNormalizing()
		}
		read(t, &ctx.Request, head("OPTIONS", "/p%61th?query", fields...))
		got := corsfasthttp.Request(ctx, routing)
		read(t, &ctx.Request, strings.ToUpper(head("GET", "/other", "Origin: "+stranger, "Sec-Fetch-Site: none")))
		want := core.Request{
			Method: "OPTIONS", Host: "host.example", Path: "/path", RawPath: "/p%61th", FoldPath: true,
			Origin: []string{allowed}, AccessControlRequestMethod: []string{"PUT"}, AccessControlRequestHeaders: []string{"x-a", "x-b"},
			AccessControlRequestPrivateNetwork: []string{"true"}, SecFetchSite: []string{"cross-site"},
		}
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("raw names %v:\n got %+v\nwant %+v", raw, got, want)
		}
	}
}

// TestRequestLines: of a repeated field, only as many lines are read as the engine needs.
func TestRequestLines(t *testing.T) {
	for _, raw := range []bool{false, true} {
		fields := slices.Concat(
			slices.Repeat([]string{"Origin: " + allowed}, 20), slices.Repeat([]string{"Access-Control-Request-Headers: x-a"}, 20))
		ctx := new(fasthttp.RequestCtx)
		read(t, &ctx.Request, head("GET", "/", fields...))
		r := corsfasthttp.Request(ctx, corsfasthttp.Routing{RawNames: raw})
		if len(r.Origin) != 2 || len(r.AccessControlRequestHeaders) != 17 {
			t.Errorf("raw names %v: %d lines of Origin and %d of Access-Control-Request-Headers, want 2 and 17",
				raw, len(r.Origin), len(r.AccessControlRequestHeaders))
		}
	}
}

// TestRequestPath: the engine gets the path that the router compares, and the path as
// sent if its escapes matter.
func TestRequestPath(t *testing.T) {
	trim, plus := corsfasthttp.Routing{TrimSlash: true}, corsfasthttp.Routing{PlusIsSpace: true}
	for _, test := range []struct {
		routing         corsfasthttp.Routing
		sent, path, raw string
	}{
		{sent: "/", path: "/"},
		{sent: "/a/b?c=%41", path: "/a/b"},
		{sent: "http://host.example/a", path: "/a"},
		{sent: "/a//b/../c", path: "/a//b/../c"},
		{sent: "/a%20b%22%3C%7c%C3%A9", path: "/a b\"<|\u00e9"}, // must be escaped
		{sent: "/%7f%80", path: "/\x7f\x80", raw: "/%7f%80"},
		{sent: "/%80", path: "/\x80"},
		{sent: "/%61", path: "/a", raw: "/%61"},
		{sent: "/%6a", path: "/j", raw: "/%6a"},
		{sent: "/a%2Fb", path: "/a/b", raw: "/a%2Fb"},
		{sent: "/a%2fb", path: "/a/b", raw: "/a%2fb"},
		{sent: "/a%5Cb", path: "/a\\b", raw: "/a%5Cb"},
		{sent: "/a%25", path: "/a%", raw: "/a%25"},
		{sent: "/a%00", path: "/a\x00", raw: "/a%00"},
		{sent: "/a%", path: "/a%", raw: "/a%"}, // malformed
		{sent: "/a%4", path: "/a%4", raw: "/a%4"},
		{sent: "/a%zz%20", path: "/a%zz ", raw: "/a%zz%20"},
		{sent: "/a%2g", path: "/a%2g", raw: "/a%2g"},
		{sent: "/a+b", path: "/a+b"},
		{routing: plus, sent: "/a+b", path: "/a b"},
		{routing: plus, sent: "/a%2Bb", path: "/a+b", raw: "/a%2Bb"},
		{sent: "/a/", path: "/a/"},
		{routing: trim, sent: "/a/", path: "/a"},
		{routing: trim, sent: "/a///", path: "/a"},
		{routing: trim, sent: "///", path: "/"},
		{routing: trim, sent: "/a%2F", path: "/a", raw: "/a%2F"},
		{routing: trim, sent: "/%61/", path: "/a", raw: "/%61"},
	} {
		ctx := new(fasthttp.RequestCtx)
		read(t, &ctx.Request, head("GET", test.sent))
		if r := corsfasthttp.Request(ctx, test.routing); r.Path != test.path || r.RawPath != test.raw {
			t.Errorf("%s, %+v: path %q and %q as sent, want %q and %q", test.sent, test.routing, r.Path, r.RawPath, test.path, test.raw)
		}
	}
}

// TestRoutes: an engine with routes compares paths as the router does. If the readings
// of a path lead to different routes, no origin is allowed.
func TestRoutes(t *testing.T) {
	e, err := core.NewRouted(
		core.Route{Path: "/Private/", Policies: []core.Policy{{AllowOrigins: []string{allowed}}}},
		core.Route{Path: "/exact", Policies: []core.Policy{{AllowOrigins: []string{allowed}}}},
		core.Route{Policies: []core.Policy{{AllowOrigins: []string{other}}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	plain, loose := corsfasthttp.Routing{}, corsfasthttp.Routing{FoldPath: true, TrimSlash: true}
	for _, test := range []struct {
		routing    corsfasthttp.Routing
		path, want string
	}{
		{plain, "/Private/x", allowed}, {plain, "/private/x", other}, {plain, "/exact", allowed}, {plain, "/exact/", other},
		{loose, "/Private/x", allowed}, {loose, "/private/x", allowed}, {loose, "/EXACT", allowed}, {loose, "/exact/", allowed},
		{plain, "/x", other}, {plain, "/%65xact", ""}, {plain, "/x/..%2Fexact", ""}, {loose, "/x/%2E%2E/exact/", ""},
	} {
		h := mount(e, test.routing, ok)
		for _, origin := range []string{allowed, other} {
			want := ""
			if origin == test.want {
				want = origin
			}
			wantOrigin(t, serve(t, h, head("GET", test.path, "Origin: "+origin)), want)
		}
	}
}

// TestNamesAsSent: with RawNames, a field is found however its name is spelled.
// Otherwise RejectDisallowed would treat a request with "origin" as one without
// Origin.
func TestNamesAsSent(t *testing.T) {
	e := core.MustNew(core.Policy{
		AllowOrigins: []string{allowed}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, AllowCredentials: true,
		RejectDisallowed: true,
	})
	h := mount(e, corsfasthttp.Routing{RawNames: true}, ok)
	for _, test := range []struct {
		name, request string
		status        int
		origin, names string // of the response
	}{
		{"allowed", head("GET", "/", "origin: "+allowed), 200, allowed, ""},
		{"disallowed", head("GET", "/", "oRIGIN: "+stranger), 403, "", ""},
		{"same origin", head("GET", "/", "origin: "+stranger, "sec-fetch-site: same-origin"), 200, "", ""},
		{"two origins", head("GET", "/", "Origin: "+allowed, "origin: "+allowed), 403, "", ""},
		{"preflight", head("OPTIONS", "/", "origin: "+allowed, "access-control-request-method: PUT",
			"Access-Control-Request-Headers: x-one", "access-control-request-headers: x-two"), 204, allowed, "x-one,x-two"},
	} {
		ctx := new(fasthttp.RequestCtx)
		ctx.Request.Header.DisableNormalizing()
		ctx.Response.Header.DisableNormalizing()
		read(t, &ctx.Request, test.request)
		h(ctx)
		wantOrigin(t, ctx, test.origin)
		wantLines(t, ctx, "Access-Control-Allow-Headers", test.names)
		if status := ctx.Response.StatusCode(); status != test.status {
			t.Errorf("%s: status %d, want %d", test.name, status, test.status)
		}
	}
}
