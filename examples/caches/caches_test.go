package caches

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	gincache "github.com/chenyahui/gin-cache"
	"github.com/chenyahui/gin-cache/persist"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/stampede"
	"github.com/labstack/echo/v4"
	httpcache "github.com/victorspringer/http-cache"
	"github.com/victorspringer/http-cache/adapter/memory"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

const (
	first    = "https://a.example"
	second   = "https://b.example"
	stranger = "https://evil.test"
	ttl      = time.Minute
)

// application is a handler behind a cache and the middleware. Its answer is longer with each
// call.
type application struct {
	safe bool // whether docs/caches.md calls it safe
	new  func(t *testing.T, engine *core.Engine) http.Handler
}

// counter answers with one letter for each call so far.
func counter() http.Handler {
	calls := 0
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.Header().Set("X-Handler", "ran")
		_, _ = io.WriteString(w, strings.Repeat("i", calls))
	})
}

func httpCache(t *testing.T) func(http.Handler) http.Handler {
	t.Helper()
	store, err := memory.NewAdapter(memory.AdapterWithAlgorithm(memory.LRU), memory.AdapterWithCapacity(10))
	if err != nil {
		t.Fatal(err)
	}
	client, err := httpcache.NewClient(httpcache.ClientWithAdapter(store), httpcache.ClientWithTTL(ttl))
	if err != nil {
		t.Fatal(err)
	}
	return client.Middleware
}

func ginApp(cors gin.HandlerFunc, options ...gincache.Option) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(cors)
	cached := gincache.CacheByRequestURI(persist.NewMemoryStore(ttl), ttl, options...)
	r.GET("/", cached, gin.WrapH(counter()))
	return r
}

// discarded returns the option with the headers that a cache must not store.
func discarded() gincache.Option {
	return gincache.WithDiscardHeaders(slices.Collect(core.ResponseHeaders()))
}

var applications = map[string]application{
	"gin-cache": {false, func(_ *testing.T, e *core.Engine) http.Handler { return ginApp(corsgin.Middleware(e)) }},
	"gin-cache, Enforce": {true, func(_ *testing.T, e *core.Engine) http.Handler {
		return ginApp(corsgin.Middleware(e, corsgin.Options{Enforce: true}))
	}},
	"gin-cache, headers discarded": {true, func(_ *testing.T, e *core.Engine) http.Handler {
		return ginApp(corsgin.Middleware(e), discarded())
	}},
	"gin-cache, without headers": {true, func(_ *testing.T, e *core.Engine) http.Handler {
		return ginApp(corsgin.Middleware(e), gincache.WithoutHeader())
	}},
	"gin-cache, around gin": {true, func(_ *testing.T, e *core.Engine) http.Handler {
		nothing := func(*gin.Context) {}
		return corshttp.Middleware(e, corshttp.Options{Enforce: true})(ginApp(nothing))
	}},
	"http-cache": {false, func(t *testing.T, e *core.Engine) http.Handler {
		return corshttp.Middleware(e)(httpCache(t)(counter()))
	}},
	"http-cache, Enforce": {true, func(t *testing.T, e *core.Engine) http.Handler {
		return corshttp.Middleware(e, corshttp.Options{Enforce: true})(httpCache(t)(counter()))
	}},
	"http-cache, outside": {false, func(t *testing.T, e *core.Engine) http.Handler {
		return httpCache(t)(corshttp.Middleware(e, corshttp.Options{Enforce: true})(counter()))
	}},
	"http-cache in echo": {false, func(t *testing.T, e *core.Engine) http.Handler {
		return echoApp(t, corsecho.Middleware(e))
	}},
	"http-cache in echo, Enforce": {true, func(t *testing.T, e *core.Engine) http.Handler {
		return echoApp(t, corsecho.Middleware(e, corsecho.Options{Enforce: true}))
	}},
	"stampede": {true, func(_ *testing.T, e *core.Engine) http.Handler {
		return corshttp.Middleware(e)(stampede.Handler(10, ttl)(counter()))
	}},
}

func echoApp(t *testing.T, cors echo.MiddlewareFunc) http.Handler {
	t.Helper()
	e := echo.New()
	e.Use(cors)
	e.GET("/", echo.WrapHandler(counter()), echo.WrapMiddleware(httpCache(t)))
	return e
}

// TestCaches checks that behind each cache that docs/caches.md calls safe, every origin gets
// its own decision, whichever origin asks first. Behind the other caches, some origin must get
// a wrong one; otherwise docs/caches.md is wrong.
func TestCaches(t *testing.T) {
	for name, app := range applications {
		t.Run(name, func(t *testing.T) {
			wrong := 0
			for _, whose := range []string{first, second, stranger, ""} {
				engine := core.MustNew(core.Policy{AllowOrigins: []string{first, second}, AllowCredentials: true})
				server := httptest.NewServer(app.new(t, engine))
				for _, origin := range []string{whose, first, second, stranger, ""} {
					res, body := get(t, server, origin)
					if body != "i" {
						t.Errorf("first from %q, then from %q: the handler ran again", whose, origin)
					}
					if fault := fault(res, origin); fault != "" {
						if wrong++; app.safe {
							t.Errorf("first from %q, then from %q: %s", whose, origin, fault)
						}
					}
				}
				server.Close()
			}
			if !app.safe && wrong == 0 {
				t.Error("every origin gets its own decision, but docs/caches.md calls the cache unsafe")
			}
		})
	}
}

func get(t *testing.T, server *httptest.Server, origin string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	res, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// fault returns what is wrong with a response to an origin, or "".
func fault(res *http.Response, origin string) string {
	want, credentials := []string{origin}, []string{"true"}
	if origin == stranger || origin == "" {
		want, credentials = nil, nil
	}
	if got := res.Header.Values("Access-Control-Allow-Origin"); !slices.Equal(got, want) {
		return "Access-Control-Allow-Origin " + strings.Join(got, " and ")
	}
	if got := res.Header.Values("Access-Control-Allow-Credentials"); !slices.Equal(got, credentials) {
		return "Access-Control-Allow-Credentials " + strings.Join(got, " and ")
	}
	if !strings.Contains(strings.Join(res.Header.Values("Vary"), ","), "Origin") {
		return "Vary without Origin"
	}
	return ""
}

// TestDocs checks that the code in docs/caches.md is in this file.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/caches.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("caches_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```go\n")[1:]
	for _, block := range blocks {
		code, _, _ := strings.Cut(block, "```")
		for line := range strings.Lines(code) {
			if line := strings.TrimSpace(line); line != "" && !strings.Contains(string(source), line) {
				t.Errorf("not in caches_test.go: %s", line)
			}
		}
	}
	if len(blocks) == 0 {
		t.Error("no code in docs/caches.md")
	}
}
