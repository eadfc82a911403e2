package corpus_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v2"
	fiberv3 "github.com/gofiber/fiber/v3"
	"github.com/labstack/echo/v4"
	echov5 "github.com/labstack/echo/v5"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/adapters/corsechov5"
	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// site is the application of every program: /item handles every method, /create handles
// POST.
type site struct{ runs atomic.Int64 }

var siteHeader = map[string]string{"X-Total": "3", "Etag": `"v1"`, "Cache-Control": "public, max-age=60"}

func (s *site) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.runs.Add(1)
	for name, value := range siteHeader {
		w.Header().Set(name, value)
	}
	_, _ = io.WriteString(w, "ok")
}

func (s *site) mux() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/item", s)
	mux.Handle("POST /create", s)
	return mux
}

// methods are the methods of /item, for frameworks that need a route for each method.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"}

// served is a running site behind a middleware.
type served struct {
	*site
	url       string
	transport *http.Transport
}

func serve(t *testing.T, s *site, h http.Handler) *served {
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return connect(t, s, srv.URL)
}

func connect(t *testing.T, s *site, url string) *served {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &served{s, url, transport}
}

// mount serves a program, or the policy that replaces it.
type mount struct {
	old  func(*testing.T) *served
	ours func(*testing.T, ...*core.Engine) *served // engines, outermost first
}

func netHTTP(program func(http.Handler) http.Handler) mount {
	return mount{
		func(t *testing.T) *served {
			s := &site{}
			return serve(t, s, program(s.mux()))
		},
		oursNetHTTP,
	}
}

func oursNetHTTP(t *testing.T, engines ...*core.Engine) *served {
	s := &site{}
	h := s.mux()
	for _, e := range slices.Backward(engines) {
		h = corshttp.Middleware(e)(h)
	}
	return serve(t, s, h)
}

func onGin(program func(*gin.Engine)) mount {
	build := func(t *testing.T, use func(*gin.Engine)) *served {
		s, r := &site{}, gin.New()
		use(r)
		r.Any("/item", gin.WrapH(s))
		r.Handle("QUERY", "/item", gin.WrapH(s))
		r.POST("/create", gin.WrapH(s))
		return serve(t, s, r)
	}
	return mount{
		func(t *testing.T) *served { return build(t, program) },
		func(t *testing.T, engines ...*core.Engine) *served {
			return build(t, func(r *gin.Engine) {
				for _, e := range engines {
					r.Use(corsgin.Middleware(e))
				}
			})
		},
	}
}

// skippingEcho mounts the new middleware with the function that skips requests.
func skippingEcho(program func(*echo.Echo)) mount {
	return onEcho(program, corsecho.Options{Skip: func(c echo.Context) bool { return c.Path() == "/create" }})
}

func onEcho(program func(*echo.Echo), options ...corsecho.Options) mount {
	build := func(t *testing.T, use func(*echo.Echo)) *served {
		s, e := &site{}, echo.New()
		use(e)
		e.Match(methods, "/item", echo.WrapHandler(s))
		e.POST("/create", echo.WrapHandler(s))
		return serve(t, s, e)
	}
	return mount{
		func(t *testing.T) *served { return build(t, program) },
		func(t *testing.T, engines ...*core.Engine) *served {
			return build(t, func(r *echo.Echo) {
				for _, e := range engines {
					r.Use(corsecho.Middleware(e, options...))
				}
			})
		},
	}
}

func onEchoV5(program func(*echov5.Echo)) mount {
	build := func(t *testing.T, use func(*echov5.Echo)) *served {
		s, e := &site{}, echov5.New()
		use(e)
		for _, method := range methods {
			e.Add(method, "/item", echov5.WrapHandler(s))
		}
		e.POST("/create", echov5.WrapHandler(s))
		return serve(t, s, e)
	}
	return mount{
		func(t *testing.T) *served { return build(t, program) },
		func(t *testing.T, engines ...*core.Engine) *served {
			return build(t, func(r *echov5.Echo) {
				for _, e := range engines {
					r.Use(corsechov5.Middleware(e))
				}
			})
		},
	}
}

func listen(t *testing.T) net.Listener {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// skippingFiber mounts the new middleware with the function that skips requests.
func skippingFiber(program func(*fiber.App)) mount {
	return onFiber(program, corsfiber.Options{Skip: func(c *fiber.Ctx) bool { return c.Path() == "/create" }})
}

func onFiber(program func(*fiber.App), options ...corsfiber.Options) mount {
	build := func(t *testing.T, use func(*fiber.App)) *served {
		s := &site{}
		app := fiber.New(fiber.Config{DisableStartupMessage: true, RequestMethods: append(fiber.DefaultMethods, "QUERY")})
		use(app)
		handler := func(c *fiber.Ctx) error {
			s.runs.Add(1)
			for name, value := range siteHeader {
				c.Set(name, value)
			}
			return c.SendString("ok")
		}
		for _, method := range methods {
			app.Add(method, "/item", handler)
		}
		app.Post("/create", handler)
		ln := listen(t)
		go func() { _ = app.Listener(ln) }()
		t.Cleanup(func() { _ = app.Shutdown() })
		return connect(t, s, "http://"+ln.Addr().String())
	}
	return mount{
		func(t *testing.T) *served { return build(t, program) },
		func(t *testing.T, engines ...*core.Engine) *served {
			return build(t, func(app *fiber.App) {
				for _, e := range engines {
					app.Use(corsfiber.Middleware(e, options...))
				}
			})
		},
	}
}

func onFiberV3(program func(*fiberv3.App)) mount {
	build := func(t *testing.T, use func(*fiberv3.App)) *served {
		s := &site{}
		app := fiberv3.New(fiberv3.Config{RequestMethods: append(fiberv3.DefaultMethods, "QUERY")})
		use(app)
		handler := func(c fiberv3.Ctx) error {
			s.runs.Add(1)
			for name, value := range siteHeader {
				c.Set(name, value)
			}
			return c.SendString("ok")
		}
		app.Add(methods, "/item", handler)
		app.Post("/create", handler)
		ln := listen(t)
		go func() { _ = app.Listener(ln, fiberv3.ListenConfig{DisableStartupMessage: true}) }()
		t.Cleanup(func() { _ = app.Shutdown() })
		return connect(t, s, "http://"+ln.Addr().String())
	}
	return mount{
		func(t *testing.T) *served { return build(t, program) },
		func(t *testing.T, engines ...*core.Engine) *served {
			return build(t, func(app *fiberv3.App) {
				for _, e := range engines {
					app.Use(corsfiberv3.Middleware(e))
				}
			})
		},
	}
}
