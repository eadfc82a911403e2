package corsgin_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/core"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	os.Exit(m.Run())
}

const (
	allowed  = "https://a.example"
	stranger = "https://evil.test"
)

func engine(t testing.TB, origins ...string) *core.Engine {
	t.Helper()
	e, err := core.New(core.Policy{AllowOrigins: origins, AllowMethods: []string{"PUT"}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// start serves r over a socket and returns its URL.
func start(t *testing.T, r *gin.Engine) string {
	t.Helper()
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	return s.URL
}

func send(t *testing.T, method, url, origin string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", origin)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return res
}

func preflight(t *testing.T, method, url, origin string) *http.Response {
	t.Helper()
	return send(t, "OPTIONS", url, origin, "Access-Control-Request-Method", method)
}

// wantOrigin checks Access-Control-Allow-Origin. If want is "", the header must be
// absent.
func wantOrigin(t *testing.T, res *http.Response, want string) {
	t.Helper()
	var lines []string
	if want != "" {
		lines = []string{want}
	}
	if got := res.Header.Values("Access-Control-Allow-Origin"); !slices.Equal(got, lines) {
		t.Errorf("%s %s: status %d, Access-Control-Allow-Origin %q, want %q", res.Request.Method, res.Request.URL, res.StatusCode, got,
			lines)
	}
}

func ok(c *gin.Context) { c.String(http.StatusOK, "ok") }

func TestNilEngineDenies(t *testing.T) {
	r := gin.New()
	r.Use(corsgin.Middleware(nil))
	r.GET("/", ok)
	url := start(t, r)
	wantOrigin(t, send(t, "GET", url, allowed), "")
	if res := preflight(t, "PUT", url, allowed); res.StatusCode != http.StatusForbidden {
		t.Errorf("preflight: status %d, want 403", res.StatusCode)
	}
}

func TestOptionsAreMerged(t *testing.T) {
	skip := func(path string) corsgin.Options {
		return corsgin.Options{Skip: func(c *gin.Context) bool { return c.Request.URL.Path == path }}
	}
	r := gin.New()
	r.Use(corsgin.Middleware(engine(t, allowed), skip("/a"), corsgin.Options{}, skip("/b")))
	for _, path := range []string{"/a", "/b", "/c"} {
		r.GET(path, ok)
	}
	url := start(t, r)
	for path, want := range map[string]string{"/a": "", "/b": "", "/c": allowed} {
		wantOrigin(t, send(t, "GET", url+path, allowed), want)
	}
	if res := preflight(t, "PUT", url+"/a", allowed); res.StatusCode != http.StatusNotFound {
		t.Errorf("a skipped preflight: status %d, want gin's 404", res.StatusCode)
	}
}

func TestNestedEngines(t *testing.T) {
	const other = "https://b.example"
	r := gin.New()
	r.Use(corsgin.Middleware(engine(t, allowed, other)))
	inner := r.Group("/inner", corsgin.Middleware(engine(t, other)))
	inner.GET("/x", ok)
	url := start(t, r)
	wantOrigin(t, send(t, "GET", url+"/inner/x", other), other)
	wantOrigin(t, send(t, "GET", url+"/inner/x", allowed), "") // the outer engine's headers are removed
}

// TestKeepVary: with KeepVary and Enforce, Vary lists Origin however a handler answers.
// Enforce also removes CORS headers that the engine has not decided.
func TestKeepVary(t *testing.T) {
	answers := map[string]gin.HandlerFunc{
		"/write": func(c *gin.Context) { _, _ = c.Writer.Write([]byte("x")) },
		"/string": func(c *gin.Context) {
			_, _ = c.Writer.WriteString("x")
		},
		"/flush":  func(c *gin.Context) { c.Writer.Flush(); wantWritten(t, c) },
		"/now":    func(c *gin.Context) { c.Writer.WriteHeaderNow(); wantWritten(t, c) },
		"/status": func(c *gin.Context) { c.Status(http.StatusNoContent) },
		"/abort":  func(c *gin.Context) { c.AbortWithStatus(http.StatusTeapot) },
		"/json":   func(c *gin.Context) { c.JSON(http.StatusOK, 1) },
		"/controller": func(c *gin.Context) {
			if err := http.NewResponseController(c.Writer).Flush(); err != nil {
				t.Error(err)
			}
		},
		"/panic": func(*gin.Context) { panic("on purpose") },
	}
	for _, options := range []corsgin.Options{{}, {KeepVary: true}, {Enforce: true}} {
		r := gin.New()
		r.Use(gin.RecoveryWithWriter(io.Discard), corsgin.Middleware(engine(t, allowed), options))
		for path, answer := range answers {
			r.GET(path, func(c *gin.Context) {
				c.Header("Vary", "Accept")
				c.Writer.Header().Add("Access-Control-Allow-Credentials", "true")
				c.Writer.Header()["access-control-allow-origin"] = []string{"*"}
				answer(c)
			})
		}
		url := start(t, r)
		for path := range answers {
			res := send(t, "GET", url+path, allowed)
			credentials, lines := "true", []string{allowed, "*"}
			if options.Enforce {
				credentials, lines = "", []string{allowed}
			}
			got := res.Header.Values("Access-Control-Allow-Origin")
			slices.Sort(got)
			slices.Sort(lines)
			if !slices.Equal(got, lines) || res.Header.Get("Access-Control-Allow-Credentials") != credentials {
				t.Errorf("%+v, %s: %q, want %q", options, path, got, lines)
			}
			vary := strings.Join(res.Header.Values("Vary"), ", ")
			if want := map[bool]string{true: "Accept, Origin", false: "Accept"}[options.KeepVary || options.Enforce]; vary != want {
				t.Errorf("%+v, %s: Vary %q, want %q", options, path, vary, want)
			}
		}
	}
}

func wantWritten(t *testing.T, c *gin.Context) {
	t.Helper()
	if !c.Writer.Written() {
		t.Errorf("%s: the headers have not been sent", c.FullPath())
	}
}

type groupRequest struct{ path, want string }

// groupRequests are paths that do or do not belong to a group, for various paths of
// groups and settings of gin.
var groupRequests = map[string]struct {
	group     string
	configure func(*gin.Engine)
	requests  []groupRequest
}{
	"plain": {"/api", func(*gin.Engine) {}, []groupRequest{
		{path: "/api/items", want: allowed}, {path: "/api/items/7", want: allowed}, {path: "/api/nowhere", want: allowed},
		{path: "/api", want: allowed}, {path: "/api/", want: allowed}, {path: "/apikeys"}, {path: "/"}, {path: "/other"},
		{path: "//api/items"}, {path: "/API/items"},
	}},
	"trailing slash": {"/api/", func(*gin.Engine) {}, []groupRequest{{path: "/api/items", want: allowed}, {path: "/apikeys"}}},
	"root":           {"/", func(*gin.Engine) {}, []groupRequest{{path: "/", want: allowed}, {path: "/nowhere", want: allowed}}},
	"parameter": {"/t/:tenant/v:n", func(*gin.Engine) {}, []groupRequest{
		{path: "/t/acme/v1/items", want: allowed}, {path: "/t/acme/v1", want: allowed},
		{path: "/t/acme/v/items", want: allowed}, {path: "/t//v1/items", want: allowed}, // gin allows empty parameters
		{path: "/t/acme/v"}, {path: "/t/acme"}, {path: "/t/acme/w1/items"},
	}},
	"parameter first": {"/:tenant/api", func(*gin.Engine) {}, []groupRequest{
		{path: "/acme/api/items", want: allowed}, {path: "//api/items", want: allowed}, {path: "//api", want: allowed},
		{path: "/api/items"}, {path: "/"},
	}},
	"parameter last": {"/v:n", func(*gin.Engine) {}, []groupRequest{
		{path: "/v1/items", want: allowed}, {path: "/v/items", want: allowed}, {path: "/v"}, {path: "/w/items"}, {path: "/"},
	}},
	"escaped colon": {"/v1\\:beta/:id", func(*gin.Engine) {}, []groupRequest{
		{path: "/v1:beta/7/items", want: allowed}, {path: "/v1:beta/7", want: allowed}, {path: "/v1xbeta/7/items"}, {path: "/v1:beta/"},
	}},
	"as sent": {"/api", func(r *gin.Engine) { r.UseRawPath = true }, []groupRequest{
		{path: "/api/a%2Fb", want: allowed}, {path: "/%61pi/items"}, {path: "/api%2Fitems"},
	}},
	"decoded": {"/api", func(*gin.Engine) {}, []groupRequest{{path: "/%61pi/items", want: allowed}, {path: "/api%2Fitems", want: allowed}}},
	"escaped": {"/api", func(r *gin.Engine) { r.UseEscapedPath = true }, []groupRequest{
		{path: "/api/a%20b", want: allowed}, {path: "/%61pi/items"},
	}},
	"extra slashes": {"/api", func(r *gin.Engine) { r.RemoveExtraSlash = true }, []groupRequest{
		{path: "//api//items", want: allowed}, {path: "/api//x/", want: allowed}, {path: "/api/../other"},
	}},
	"extra slashes and a parameter": {"/:tenant", func(r *gin.Engine) { r.RemoveExtraSlash = true }, []groupRequest{
		{path: "//acme//items", want: allowed}, {path: "/"}, {path: "//"},
	}},
}

// TestGroup: the group's engine answers preflights of all paths that belong to the
// group, and of no other paths.
func TestGroup(t *testing.T) {
	for name, test := range groupRequests {
		for _, strict := range []bool{false, true} {
			t.Run(fmt.Sprint(name, "/", strict), func(t *testing.T) {
				r := gin.New()
				r.HandleMethodNotAllowed = strict
				test.configure(r)
				group := corsgin.Group(r, r.Group(test.group), engine(t, allowed))
				group.POST("/items", ok)
				group.POST("/items/:id", ok)
				url := start(t, r)
				for _, q := range test.requests {
					res := preflight(t, "POST", url+q.path, allowed)
					wantOrigin(t, res, q.want)
					if q.want != "" && res.StatusCode != http.StatusNoContent {
						t.Errorf("preflight %s: status %d", q.path, res.StatusCode)
					}
					if q.want != "" {
						wantOrigin(t, preflight(t, "POST", url+q.path, stranger), "")
					}
				}
			})
		}
	}
}

// TestGroupWithOptionsRoutes: routes of the group may have OPTIONS handlers and take
// any method.
func TestGroupWithOptionsRoutes(t *testing.T) {
	r := gin.New()
	api := corsgin.Group(r, r.Group("/api"), engine(t, allowed))
	api.Any("/any", ok)
	api.OPTIONS("/options", func(c *gin.Context) { c.String(http.StatusOK, "mine") })
	api.GET("/files/*path", ok)
	inner := corsgin.Group(r, api.Group("/inner"), engine(t, allowed))
	inner.GET("/x", ok)
	r.Any("/api/foreign", ok)
	url := start(t, r)
	wantOrigin(t, preflight(t, "PUT", url+"/api/foreign", allowed), "")
	wantOrigin(t, send(t, "PUT", url+"/api/foreign", allowed), "")
	for _, path := range []string{"/api/any", "/api/options", "/api/files/a", "/api/inner/x"} {
		res := preflight(t, "PUT", url+path, allowed)
		wantOrigin(t, res, allowed)
		if res.StatusCode != http.StatusNoContent {
			t.Errorf("preflight %s: status %d", path, res.StatusCode)
		}
	}
	// OPTIONS without Access-Control-Request-Method is an ordinary request.
	res := send(t, "OPTIONS", url+"/api/options", allowed)
	wantOrigin(t, res, allowed)
	if res.StatusCode != http.StatusOK {
		t.Errorf("OPTIONS: status %d, want the handler's 200", res.StatusCode)
	}
}

func TestRejectDisallowed(t *testing.T) {
	e := core.MustNew(core.Policy{AllowOrigins: []string{allowed}, RejectDisallowed: true})
	r := gin.New()
	r.Use(corsgin.Middleware(e))
	r.POST("/", func(*gin.Context) { t.Error("the handler runs") })
	url := start(t, r)
	if res := send(t, "POST", url, stranger); res.StatusCode != http.StatusForbidden || res.ContentLength != 0 {
		t.Errorf("status %d, %d bytes, want an empty 403", res.StatusCode, res.ContentLength)
	}
}
