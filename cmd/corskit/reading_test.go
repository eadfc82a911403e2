package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	fiber "github.com/gofiber/fiber/v2"
	fiberv3 "github.com/gofiber/fiber/v3"
	echo "github.com/labstack/echo/v4"
	echov5 "github.com/labstack/echo/v5"
)

// routed returns, by framework, a function that sends a GET to an application with the
// default settings and the route /api/items, and returns the status.
func routed(t *testing.T) map[string]func(path string) int {
	t.Helper()
	served := func(h http.Handler) func(string) int {
		return func(path string) int {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			return w.Code
		}
	}
	tested := func(test func(*http.Request) (*http.Response, error)) func(string) int {
		return func(path string) int {
			r, err := test(httptest.NewRequest("GET", path, nil))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			return r.StatusCode
		}
	}
	const route = "/api/items"
	mux := http.NewServeMux()
	mux.HandleFunc(route, func(http.ResponseWriter, *http.Request) {})
	gin.SetMode(gin.ReleaseMode)
	g, e, e5 := gin.New(), echo.New(), echov5.New()
	g.GET(route, func(*gin.Context) {})
	e.GET(route, func(c echo.Context) error { return c.NoContent(200) })
	e5.GET(route, func(c *echov5.Context) error { return c.NoContent(200) })
	f, f3 := fiber.New(), fiberv3.New()
	f.Get(route, func(c *fiber.Ctx) error { return c.SendStatus(200) })
	f3.Get(route, func(c fiberv3.Ctx) error { return c.SendStatus(200) })
	return map[string]func(string) int{
		"nethttp": served(mux), "gin": served(g), "echo": served(e), "echov5": served(e5),
		"fiber":   tested(func(r *http.Request) (*http.Response, error) { return f.Test(r) }),
		"fiberv3": tested(func(r *http.Request) (*http.Response, error) { return f3.Test(r) }),
	}
}

// TestReadings checks the readings against the routers themselves.
func TestReadings(t *testing.T) {
	t.Parallel()
	all := routed(t)
	for _, name := range frameworkNames() {
		get := all[name]
		if get == nil {
			t.Errorf("no application with %s", name)
			continue
		}
		if status := get("/api/items"); status != 200 {
			t.Errorf("%s: the route answers %d", name, status)
		}
		got := reading{fold: get("/API/Items") == 200, trim: get("/api/items/") == 200}
		if got != readings[name] {
			t.Errorf("%s reads paths as %+v, want %+v", name, got, readings[name])
		}
	}
}

// TestServeAndExplainAgree asks both about the same requests, for routes that a router's
// reading of the path decides.
func TestServeAndExplainAgree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", `policies:
  api: {allow_origins: ["`+page+`"]}
  rest: {allow_origins: ["https://rest.example"]}
routes:
  - {path: /api/, policies: [api]}
  - {path: /exact, policies: [api]}
  - {path: /, policies: [rest]}
`)
	for _, name := range frameworkNames() {
		if testing.Short() && name != "fiber" && name != "gin" {
			continue // with -short, only one framework of each reading
		}
		s := start(t, dir, "cors.yaml", "--framework", name)
		for path, folded := range map[string]bool{
			"/api/x": false, "/exact": false, "/API/x": true, "/Api": true, "/exact/": true, "/EXACT//": true, "/exact/x": false,
		} {
			r, _ := s.send("GET", path, "", "Origin", page)
			served := r.Header.Get("Access-Control-Allow-Origin") == page
			var got explained
			out := corskit(t, dir, "explain", "cors.yaml", "-o", page, "--path", path, "--framework", name, "--format", "json")
			if err := json.Unmarshal([]byte(out.stdout), &got); err != nil {
				t.Fatalf("%v: %+v", err, out)
			}
			want := !folded && path != "/exact/x" || folded && readings[name].fold
			if served != want || got.Verdict.Allowed != want {
				t.Errorf("%s, %s: serve %t, explain %t, want %t", name, path, served, got.Verdict.Allowed, want)
			}
			plain := corskit(t, dir, "explain", "cors.yaml", "-o", page, "--path", path)
			if told := strings.Contains(plain.stdout, "add --framework fiber"); told != folded {
				t.Errorf("%s: the note about fiber: %t, want %t\n%s", path, told, folded, plain.stdout)
			}
		}
		if code := s.interrupt(); code != exitYes {
			t.Errorf("%s: exit status %d", name, code)
		}
	}
	r := corskit(t, dir, "explain", "cors.yaml", "-o", page, "--path", "/EXACT/below", "--framework", "fiber")
	contains(t, "the exact route", r.stdout, "route 1 covers only the path /exact: to cover what is below it too, write /exact/")
}
