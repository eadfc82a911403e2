package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	fiber "github.com/gofiber/fiber/v2"
	fiberv3 "github.com/gofiber/fiber/v3"
	echo "github.com/labstack/echo/v4"
	echov5 "github.com/labstack/echo/v5"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/adapters/corsechov5"
	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// server is a framework's server.
type server struct {
	serve    func(net.Listener) error
	shutdown func(context.Context) error
}

// frameworks make a server each: the framework's own application with the
// adapter's middleware, and a handler behind it for everything.
var frameworks = map[string]func(*tryout) server{
	"nethttp": func(t *tryout) server {
		return t.http(corshttp.Middleware(t.engine)(http.HandlerFunc(t.handle)))
	},
	"gin": func(t *tryout) server {
		gin.SetMode(gin.ReleaseMode)
		app := gin.New()
		app.Use(corsgin.Middleware(t.engine))
		app.NoRoute(func(c *gin.Context) { t.handle(c.Writer, c.Request) })
		return t.http(app)
	},
	"echo": func(t *tryout) server {
		app := echo.New()
		app.Logger.SetOutput(io.Discard)
		app.Use(corsecho.Middleware(t.engine), func(echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				t.handle(c.Response(), c.Request())
				return nil
			}
		})
		return t.http(app)
	},
	"echov5": func(t *tryout) server {
		app := echov5.NewWithConfig(echov5.Config{Logger: slog.New(slog.DiscardHandler)})
		app.Use(corsechov5.Middleware(t.engine), func(echov5.HandlerFunc) echov5.HandlerFunc {
			return func(c *echov5.Context) error {
				t.handle(c.Response(), c.Request())
				return nil
			}
		})
		return t.http(app)
	},
	"fiber": func(t *tryout) server {
		app := fiber.New(fiber.Config{
			DisableStartupMessage: true, CaseSensitive: true, StrictRouting: true, ReadTimeout: readLimit, IdleTimeout: idleLimit,
			ReadBufferSize: maxHead, BodyLimit: maxBody, RequestMethods: extended(fiber.DefaultMethods),
		})
		app.Use(func(c *fiber.Ctx) error {
			err := c.Next()
			facts := fiberFacts(c.Method(), string(c.Request().Host()), string(c.Request().URI().PathOriginal()), func(name string) []string {
				return texts(c.Request().Header.PeekAll(name))
			})
			t.decision(c.UserContext(), facts, c.Response().StatusCode())
			return err
		}, corsfiber.Middleware(t.engine), func(c *fiber.Ctx) error {
			r := received{Method: c.Method(), Target: c.OriginalURL(), Host: string(c.Request().Host())}
			for name, value := range c.Request().Header.All() {
				r.Header = append(r.Header, header{string(name), string(value)})
			}
			return c.JSON(t.answer(r, c.Request().Body()))
		})
		return server{app.Listener, app.ShutdownWithContext}
	},
	"fiberv3": func(t *tryout) server {
		app := fiberv3.New(fiberv3.Config{
			CaseSensitive: true, StrictRouting: true, ReadTimeout: readLimit, IdleTimeout: idleLimit,
			ReadBufferSize: maxHead, BodyLimit: maxBody, RequestMethods: extended(fiberv3.DefaultMethods),
		})
		app.Use(func(c fiberv3.Ctx) error {
			err := c.Next()
			facts := fiberFacts(c.Method(), string(c.Request().Host()), string(c.Request().URI().PathOriginal()), func(name string) []string {
				return texts(c.Request().Header.PeekAll(name))
			})
			t.decision(c.Context(), facts, c.Response().StatusCode())
			return err
		}, corsfiberv3.Middleware(t.engine), func(c fiberv3.Ctx) error {
			r := received{Method: c.Method(), Target: c.OriginalURL(), Host: string(c.Request().Host())}
			for name, value := range c.Request().Header.All() {
				r.Header = append(r.Header, header{string(name), string(value)})
			}
			return c.JSON(t.answer(r, c.Request().Body()))
		})
		serve := func(l net.Listener) error {
			return app.Listener(l, fiberv3.ListenConfig{DisableStartupMessage: true})
		}
		return server{serve, app.ShutdownWithContext}
	},
}

func frameworkNames() []string { return slices.Sorted(maps.Keys(frameworks)) }

// extended are the methods that fiber lets through: it refuses others before
// any handler runs.
func extended(methods []string) []string {
	methods = slices.Clone(methods)
	for _, m := range []string{"QUERY", "PROPFIND", "PROPPATCH", "REPORT", "SEARCH", "PURGE", "LINK", "UNLINK"} {
		if !slices.Contains(methods, m) {
			methods = append(methods, m)
		}
	}
	return methods
}

// Times that a client may take.
const (
	readLimit = 30 * time.Second
	idleLimit = 2 * time.Minute
)

// http serves an http.Handler, and logs the decision on each request.
func (t *tryout) http(h http.Handler) server {
	s := &http.Server{
		ReadHeaderTimeout: readLimit, ReadTimeout: readLimit, IdleTimeout: idleLimit, MaxHeaderBytes: maxHead,
		ErrorLog: slog.NewLogLogger(t.log.Handler(), slog.LevelWarn),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			facts := corshttp.Request(r)
			status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
			h.ServeHTTP(status, r)
			t.decision(r.Context(), facts, status.status)
		}),
	}
	return server{s.Serve, func(ctx context.Context) error {
		err := s.Shutdown(ctx)
		if err != nil {
			_ = s.Close()
		}
		return err
	}}
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
	sent   bool
}

func (w *statusWriter) WriteHeader(status int) {
	if !w.sent {
		w.status, w.sent = status, status >= 200
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	w.sent = true
	return w.ResponseWriter.Write(b)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// handle answers with what was received.
func (t *tryout) handle(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		status := http.StatusBadRequest
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, http.StatusText(status), status)
		return
	}
	got := received{Method: r.Method, Target: r.RequestURI, Host: r.Host}
	for name, values := range r.Header {
		for _, value := range values {
			got.Header = append(got.Header, header{name, value})
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	_ = json.NewEncoder(w).Encode(t.answer(got, body)) // the client has gone
}

// fiberFacts are the facts of a request to fiber, for the log: copies, since
// they outlive the handlers.
func fiberFacts(method, host, path string, lines func(string) []string) core.Request {
	r := core.Request{
		Method: strings.Clone(method), Host: host, Path: path, Origin: lines("Origin"),
		AccessControlRequestMethod:         lines("Access-Control-Request-Method"),
		AccessControlRequestHeaders:        lines("Access-Control-Request-Headers"),
		AccessControlRequestPrivateNetwork: lines("Access-Control-Request-Private-Network"),
		SecFetchSite:                       lines("Sec-Fetch-Site"),
	}
	if decoded, err := url.PathUnescape(path); err == nil && decoded != path {
		r.RawPath = decoded
	}
	return r
}

func texts(lines [][]byte) []string {
	var list []string
	for _, l := range lines {
		list = append(list, string(l))
	}
	return list
}
