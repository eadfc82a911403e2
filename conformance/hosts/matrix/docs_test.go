package matrix

import (
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/gorilla/mux"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

// TestDocsCompile checks that this file and docsv3_test.go, which are compiled, contain
// the code of docs/frameworks.md.
func TestDocsCompile(t *testing.T) {
	docs, err := os.ReadFile("../../../docs/frameworks.md")
	if err != nil {
		t.Fatal(err)
	}
	var compiled string
	for _, name := range []string{"docs_test.go", "docsv3_test.go"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		compiled += dedent(string(source))
	}
	blocks := strings.Split(string(docs), "```go\n")[1:]
	for _, block := range blocks {
		code, _, _ := strings.Cut(block, "```")
		if !strings.Contains(compiled, dedent(code)) {
			t.Errorf("not compiled:\n%s", code)
		}
	}
	if len(blocks) < 8 {
		t.Errorf("only %d blocks of code found", len(blocks))
	}
}

// dedent removes the indentation of every line.
func dedent(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

var _ = func() (*core.Engine, error) {
	engine, err := core.NewRouted(
		core.Route{Path: "/api/public/", Policies: []core.Policy{{AllowOrigins: []string{"*"}}}},
		core.Route{Path: "/api/", Policies: []core.Policy{{AllowOrigins: []string{"https://app.example.com"}, AllowCredentials: true}}},
	)
	return engine, err
}

var _ = func(engine *core.Engine) {
	routed := corshttp.Options{RoutedPath: func(r *http.Request) string {
		c := chi.RouteContext(r.Context())
		if c == nil || c.RoutePath == "" {
			return ""
		}
		return strings.TrimSuffix(c.RoutePattern(), "/*") + c.RoutePath
	}}
	r := chi.NewRouter()
	r.Use(chimiddleware.StripSlashes, corshttp.Middleware(engine, routed))
}

var _ = func(engine *core.Engine, r http.Handler) error {
	err := http.ListenAndServe(":8080", corshttp.Middleware(engine)(r))
	return err
}

// The inspector on a second listener, as docs/frameworks.md mounts it in each framework.
var (
	_ = func(engine *core.Engine, r http.Handler) {
		inspector := observe.Handler(engine, observe.HandlerOptions{})
		go func() { log.Print(http.ListenAndServe("127.0.0.1:6060", inspector)) }()
		log.Fatal(http.ListenAndServe(":8080", corshttp.Middleware(engine)(r)))
	}
	_ = func(engine *core.Engine, r *gin.Engine) {
		inspector := observe.Handler(engine, observe.HandlerOptions{})
		go func() { log.Print(http.ListenAndServe("127.0.0.1:6060", inspector)) }()
		log.Fatal(r.Run(":8080"))
	}
	_ = func(engine *core.Engine, e *echo.Echo) {
		inspector := observe.Handler(engine, observe.HandlerOptions{})
		go func() { log.Print(http.ListenAndServe("127.0.0.1:6060", inspector)) }()
		log.Fatal(e.Start(":8080"))
	}
	_ = func(engine *core.Engine, app *fiber.App) {
		inspector := observe.Handler(engine, observe.HandlerOptions{})
		go func() { log.Print(http.ListenAndServe("127.0.0.1:6060", inspector)) }()
		log.Fatal(app.Listen(":8080"))
	}
)

// docsProxy is the proxy of docs/frameworks.md that passes on Host.
func docsProxy(backend *url.URL) http.Handler {
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(backend) // changes Host
		r.Out.Host = r.In.Host
	}}
	return proxy
}

// docsMux is the part of an application of gorilla/mux with its own policy, as
// docs/frameworks.md builds it.
func docsMux(engine *core.Engine, create http.HandlerFunc) http.Handler {
	api := mux.NewRouter().PathPrefix("/api").Subrouter()
	api.HandleFunc("/items", create).Methods("POST")
	r := mux.NewRouter()
	r.PathPrefix("/api/").Handler(corshttp.Middleware(engine)(api))
	return r
}

// docsChi is the same for chi.
func docsChi(engine *core.Engine, create http.HandlerFunc) http.Handler {
	r := chi.NewRouter()
	r.Route("/api", func(r chi.Router) {
		r.Use(corshttp.Middleware(engine))
		r.Post("/items", create)
	})
	return r
}

// docsChiPath is an application of chi with a policy for one path.
func docsChiPath(engine *core.Engine, create http.HandlerFunc) http.Handler {
	r := chi.NewRouter()
	cors := corshttp.Middleware(engine)
	r.With(cors).Post("/items", create)
	r.With(cors).Options("/items", http.NotFound)
	return r
}

var _ = func(engine *core.Engine, create gin.HandlerFunc) {
	r := gin.New()
	r.Use(gin.Recovery(), corsgin.Middleware(engine))
	r.POST("/items", create)

	api := corsgin.Group(r, r.Group("/api"), engine)
	api.POST("/items", create)

	handler := corshttp.Middleware(engine)(r)
	_ = handler
}

var _ = func(engine *core.Engine, create echo.HandlerFunc) {
	e := echo.New()
	e.Use(middleware.Recover(), corsecho.Middleware(engine))
	e.POST("/items", create)

	cors := corsecho.Middleware(engine)
	e.POST("/items", create, cors)
	e.OPTIONS("/items", echo.NotFoundHandler, cors)

	api := corsecho.Group(e, e.Group("/api"), engine)
	api.POST("/items", create)
	api.Static("/files", "public")
}

var _ = func(engine *core.Engine, create fiber.Handler) {
	app := fiber.New()
	app.Use(recover.New(), corsfiber.Middleware(engine))
	app.Post("/items", create)

	api := app.Group("/api", corsfiber.Middleware(engine))
	api.Post("/items", create)

	cors := corsfiber.Middleware(engine)
	app.Post("/items", cors, create)
	app.Options("/items", cors)
}

// docsFiberWebSocket is an application with a WebSocket, as docs/frameworks.md builds it.
func docsFiberWebSocket(engine *core.Engine, serve func(*websocket.Conn)) *fiber.App {
	app := fiber.New()
	app.Get("/ws", websocket.New(serve, websocket.Config{Filter: corsfiber.CheckOrigin(engine)}))
	return app
}

// docsFiberStrict is an application with StrictRouting, as docs/frameworks.md builds it.
func docsFiberStrict(engine *core.Engine, list fiber.Handler) *fiber.App {
	app := fiber.New(fiber.Config{StrictRouting: true})
	private := app.Group("/private", corsfiber.Middleware(engine))
	private.Get("", list)
	private.Get("/items", list)
	return app
}

var _ = func(engine *core.Engine) *fiber.App {
	app := fiber.New(fiber.Config{ErrorHandler: corsfiber.ErrorHandler(engine, nil)})
	return app
}
