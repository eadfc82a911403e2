package matrix

import (
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/conformance"
)

func mountEcho(s conformance.Setup) (*conformance.Server, error) {
	engine, err := s.Engine()
	if err != nil {
		return nil, err
	}
	s.App.ModifyResponse = corshttp.StripUpstream
	e := echo.New()
	e.Logger.SetOutput(s.Log)
	if s.RecoverOutside {
		e.Use(middleware.Recover())
		s.RecoverOutside = false
	}
	if s.OuterVary != "" {
		names := s.OuterVary
		e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				c.Response().Header().Add("Vary", names)
				return next(c)
			}
		})
		s.OuterVary = ""
	}
	options := corsecho.Options{KeepVary: s.KeepVary}
	add := e.Add
	if s.Group == "" {
		e.Use(corsecho.Middleware(engine, options))
		if s.Twice {
			e.Use(corsecho.Middleware(engine, options))
		}
	} else {
		add = corsecho.Group(e, e.Group(s.Group), engine, options).Add
	}
	for _, ep := range s.App.Endpoints {
		h := echoHandler(s.App, ep)
		for _, method := range methods(ep.Method) {
			add(method, strings.TrimPrefix(ep.Path, s.Group), h)
		}
	}
	return conformance.Serve(e, s)
}

// methods are the methods of an endpoint, for routers that take any.
func methods(method string) []string {
	switch method {
	case "":
		return append([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, conformance.ExtensionMethods...)
	case "GET":
		return []string{"GET", "HEAD"}
	default:
		return []string{method}
	}
}

func echoHandler(app conformance.App, e conformance.Endpoint) echo.HandlerFunc {
	native := echoBehaviour(app, e)
	if native == nil {
		return echo.WrapHandler(conformance.EndpointHandler(app, e))
	}
	return func(c echo.Context) error {
		app.Probe.Ran(c.Request().URL.RawQuery)
		return native(c)
	}
}

// echoBehaviour is what an endpoint does, in echo's own way where it has one.
func echoBehaviour(app conformance.App, e conformance.Endpoint) echo.HandlerFunc {
	add := func(c echo.Context) {
		for _, line := range e.Header {
			c.Response().Header().Add(line.Name, line.Value)
		}
	}
	switch e.Behaviour {
	case conformance.Respond:
		return func(c echo.Context) error {
			add(c)
			return c.String(e.Status, e.Body)
		}
	case conformance.NotModified:
		return func(c echo.Context) error {
			add(c)
			if c.Request().Header.Get("If-None-Match") == e.Get("ETag") {
				return c.NoContent(http.StatusNotModified)
			}
			return c.String(http.StatusOK, e.Body)
		}
	case conformance.RedirectTo:
		return func(c echo.Context) error { return c.Redirect(e.Status, e.Get("Location")) }
	case conformance.ReturnError:
		return func(echo.Context) error { return echo.NewHTTPError(e.Status) }
	case conformance.PlainError:
		return func(c echo.Context) error { return c.String(e.Status, e.Body) }
	case conformance.Panic:
		return func(echo.Context) error { panic("conformance: this endpoint panics") }
	case conformance.Events:
		return func(c echo.Context) error {
			w := c.Response()
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: 1\n\n")
			w.Flush()
			app.Probe.Pause(c.Request().URL.RawQuery)
			_, err := io.WriteString(w, "data: 2\n\n")
			return err
		}
	case conformance.SetVary:
		return func(c echo.Context) error {
			c.Response().Header().Set("Vary", e.Get("Vary"))
			return c.String(http.StatusOK, e.Body)
		}
	case conformance.Authenticate:
		return func(c echo.Context) error {
			if c.Request().Header.Get("Authorization") == "" {
				return echo.ErrUnauthorized
			}
			return c.String(http.StatusOK, e.Body)
		}
	}
	return nil
}
