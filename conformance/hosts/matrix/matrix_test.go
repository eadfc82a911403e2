package matrix

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/core"
)

// variant says how an application differs from the plain one.
type variant struct {
	name string

	// strict turns on the framework's handling of methods that a path does not
	// have, where it is an option.
	strict bool
	// custom gives the application its own not-found and error handlers.
	custom bool
	// outside puts recovery, compression and secure headers outside CORS
	// instead of inside.
	outside bool
	// guarded puts authentication outside CORS.
	guarded bool
	// token authenticates by a token instead of a user's password.
	token bool
	// slashes changes the redirection of trailing slashes: off in gin, where it is
	// on by default, and on in echo.
	slashes bool
	// cases makes gin redirect to a route that differs only in case, and fiber,
	// which ignores case by default, respect it.
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

// auth returns the authentication of the application.
func (v variant) auth() hosts.Layer {
	if v.token {
		return hosts.TokenAuth
	}
	return hosts.BasicAuth
}

const (
	prefix    = "/api/v1"
	bodyLimit = 1000                  // bytes
	deadline  = 20 * time.Millisecond // of the route /slow
)

// longBody is worth compressing, and too long for bodyLimit.
var longBody = strings.Repeat("x", 3*bodyLimit)

// routes are those of the group /v1.
func routes(auth hosts.Layer) []hosts.Route {
	get := func(path string, b conformance.Behaviour) hosts.Route {
		return hosts.Route{Methods: []string{"GET"}, Path: path, Behaviour: b}
	}
	file := func(path string, b conformance.Behaviour, name string) hosts.Route {
		r := get(path, b)
		r.Body = name
		return r
	}
	returned, redirect := get("/returned", conformance.ReturnError), get("/redirect", conformance.RedirectTo)
	returned.Status = http.StatusTeapot
	redirect.Status, redirect.Header = http.StatusFound, browsermodel.Header("Location", "/")
	private := text("GET", "/private", "secret")
	private.Inside = []hosts.Layer{auth}
	return []hosts.Route{
		text("GET", "/ok", "ok"),
		text("PUT", "/ok", "ok"),
		text("GET", "/items/:id", "an item"),
		text("GET", "/long", longBody),
		returned,
		get("/unknown", hosts.UnknownError),
		get("/panic", conformance.Panic),
		get("/late", hosts.LateError),
		get("/late-panic", hosts.LatePanic),
		{Methods: []string{"POST"}, Path: "/limited", Behaviour: hosts.ReadBody},
		get("/slow", hosts.Slow),
		redirect,
		private,
		get("/chunks", hosts.Chunks),
		get("/events", conformance.Events),
		get("/upgrade", conformance.Upgrade),
		get("/files", hosts.Directory),
		file("/download", hosts.File, "a.txt"),
		file("/download-missing", hosts.File, "missing.txt"),
		file("/attachment", hosts.Attachment, "a.txt"),
	}
}

// site describes an application whose directory of files has a.txt.
func site(engine *core.Engine, p hosts.Position, v variant, files string) hosts.App {
	cors := hosts.Adapter(engine)
	v1 := hosts.Group{Path: "/v1", Routes: routes(v.auth())}
	deep := hosts.Group{Path: "/deep", Routes: []hosts.Route{text("GET", "/deeper", "deep")}}
	api := hosts.Group{Path: "/api"}
	app := hosts.App{
		Options: hosts.Options{
			HandleMethodNotAllowed: v.strict, StrictRouting: v.strict,
			NoRedirectTrailingSlash: v.slashes, RemoveTrailingSlash: v.slashes,
			RedirectFixedPath: v.cases, CaseSensitive: v.cases,
		},
		ErrorHandler: v.custom, ErrorPolicy: engine,
		Files: files, BodyLimit: bodyLimit, Timeout: deadline,
	}
	basics := []hosts.Layer{hosts.Recover, hosts.Secure, hosts.Compress}
	if v.outside {
		app.Outside = basics
	} else {
		app.Inside = basics
	}
	if v.guarded {
		app.Outside = append(app.Outside, v.auth())
	}
	if v.custom {
		app.NotFound = http.StatusNotFound
	}
	switch p {
	case hosts.OnApp:
		app.CORS = cors
	case hosts.OnOuter:
		api.CORS = cors
	case hosts.OnInner:
		v1.CORS = cors
	case hosts.OnRoute:
		for _, list := range [][]hosts.Route{v1.Routes, deep.Routes} {
			for i := range list {
				list[i].CORS = cors
			}
		}
	}
	v1.Groups = []hosts.Group{deep}
	api.Groups = []hosts.Group{v1}
	app.Groups = []hosts.Group{api}
	return app
}

// way is one way in which a framework can answer a request.
type way struct {
	name   string
	method string // GET if empty
	path   string // below prefix
	header []string
	body   string
	status []int // the correct statuses
	// unrouted requests reach no route, so a route's middleware does not run for
	// them.
	unrouted bool
	// upgrade answers on a hijacked connection.
	upgrade bool
}

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
	{
		name: "upgrade", path: "/upgrade", status: []int{101}, upgrade: true,
		header: []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
	},
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
	for _, h := range hosts.All() {
		for _, e := range h.Exceptions {
			if !slices.ContainsFunc(ways, func(w way) bool { return w.name == e.Request }) {
				t.Errorf("%s: an exception for %q, which is not a request of the matrix", h.Adapter, e.Request)
			}
		}
		for _, p := range []hosts.Position{hosts.OnApp, hosts.OnOuter, hosts.OnInner, hosts.OnRoute} {
			for _, v := range variants {
				if testing.Short() && v.name != "plain" {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%s", h.Adapter, p, v.name), func(t *testing.T) {
					t.Parallel()
					app := site(engine, p, v, files)
					url := serve(t, h, app)
					for _, w := range ways {
						if w.unrouted && p == hosts.OnRoute {
							continue
						}
						reportCell(t, w, exception(h, p, v, app.Options, w), checkWay(t, url, v, w))
					}
				})
			}
		}
	}
}

// exception returns why a cell of the matrix fails, or "" if it must pass.
func exception(h hosts.Host, p hosts.Position, v variant, settings hosts.Options, w way) string {
	if v.guarded {
		return "browsers send no credentials with preflights, so authentication must be inside"
	}
	return h.Exception(w.name, p, settings)
}

// reportCell reports faults, unless why gives a reason for them. It is a failure if a
// cell passes although there is a reason.
func reportCell(t *testing.T, w way, why string, faults []string) {
	t.Helper()
	if why != "" {
		if len(faults) == 0 {
			t.Errorf("%s passes, although it is listed as an exception: %s", w.name, why)
		}
		return
	}
	for _, fault := range faults {
		t.Errorf("%s: %s", w.name, fault)
	}
}

// checkWay sends the request and its preflight, from an allowed origin and from
// a stranger, and returns what is wrong with the answers.
func checkWay(t *testing.T, url string, v variant, w way) (faults []string) {
	t.Helper()
	method := w.method
	if method == "" {
		method = http.MethodGet
	}
	header := make(http.Header)
	for i := 0; i+1 < len(w.header); i += 2 {
		value := strings.ReplaceAll(w.header[i+1], "{later}", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		header.Set(w.header[i], strings.ReplaceAll(value, "{credentials}", v.auth().Credentials()))
	}
	for _, origin := range []string{allowed, stranger} {
		fault := func(format string, args ...any) {
			faults = append(faults, fmt.Sprintf("%s from %s: %s", method, origin, fmt.Sprintf(format, args...)))
		}
		r := exchange(t, method, url+prefix+w.path, origin, header, w.body)
		if !slices.Contains(w.status, r.StatusCode) {
			fault("status %d, want one of %v", r.StatusCode, w.status)
		}
		if w.upgrade {
			continue
		}
		checkOrigin(r, origin, fault)
		if w.name == "compressed" && r.StatusCode == http.StatusOK &&
			(r.Header.Get("Content-Encoding") != "gzip" || !varies(r.Header, "Accept-Encoding")) {
			fault("Content-Encoding %q, Vary %q", r.Header.Values("Content-Encoding"), r.Header.Values("Vary"))
		}
		checkPreflight(preflight(t, method, url+prefix+w.path, origin, "authorization"), origin, v,
			func(format string, args ...any) { fault("preflight: "+format, args...) })
	}
	return faults
}

func checkPreflight(r *http.Response, origin string, v variant, fault func(string, ...any)) {
	status := http.StatusNoContent
	if origin == stranger {
		status = http.StatusForbidden
	}
	if r.StatusCode != status {
		fault("status %d, want %d", r.StatusCode, status)
	}
	checkOrigin(r, origin, fault)
	// Outside of CORS, some compression labels or wraps even an empty body.
	if got := r.Header.Values("Content-Encoding"); !v.outside && (len(got) > 0 || r.ContentLength > 0) {
		fault("Content-Encoding %q, Content-Length %d", got, r.ContentLength)
	}
	if got := r.Header.Values("Access-Control-Allow-Methods"); (len(got) == 1) != (origin == allowed) {
		fault("Access-Control-Allow-Methods %q", got)
	}
}

func checkOrigin(r *http.Response, origin string, fault func(string, ...any)) {
	want := []string(nil)
	if origin == allowed {
		want = []string{allowed}
	}
	if got := r.Header.Values("Access-Control-Allow-Origin"); !slices.Equal(got, want) {
		fault("Access-Control-Allow-Origin %q, want %q", got, want)
	}
	if !varies(r.Header, "Origin") {
		fault("Vary %q is without Origin", r.Header.Values("Vary"))
	}
}
