package main

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/corskit/corskit/conformance"
)

func mountEchoV5(s conformance.Setup) (*conformance.Server, error) {
	p, err := policyFor(s, anyOrigin, nullOrigin, schemes, starMeths, starHeads, anyHeaders, noCache)
	if err != nil {
		return nil, err
	}
	config := middleware.CORSConfig{
		AllowOrigins:     p.AllowOrigins,
		AllowMethods:     withSafelisted(p.AllowMethods),
		AllowHeaders:     p.AllowHeaders,
		ExposeHeaders:    p.ExposeHeaders,
		AllowCredentials: p.AllowCredentials,
		MaxAge:           seconds(p.MaxAge),
	}
	if p.AllowCredentials && slices.Contains(p.AllowHeaders, "*") {
		config.AllowHeaders = nil
	}
	cors, err := build(s, func() (echo.MiddlewareFunc, error) { return config.ToMiddleware() })
	if err != nil {
		return nil, err
	}

	e := echo.New()
	e.Logger = slog.New(slog.NewTextHandler(s.Log, nil))
	add := e.Add
	if s.Group == "" {
		e.Use(cors)
		if s.Twice {
			e.Use(cors)
		}
	} else {
		add = e.Group(s.Group, cors).Add
	}
	for _, endpoint := range s.App.Endpoints {
		methods := []string{endpoint.Method}
		switch endpoint.Method {
		case "":
			methods = append([]string{
				http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
				http.MethodDelete, http.MethodOptions,
			}, conformance.ExtensionMethods...)
		case http.MethodGet:
			methods = append(methods, http.MethodHead)
		}
		for _, method := range methods {
			add(method, strings.TrimPrefix(endpoint.Path, s.Group), echoV5Handler(s.App, endpoint))
		}
	}
	server, err := conformance.Serve(e, s)
	if err == nil {
		server.Unsupported = noUpstream()
	}
	return server, err
}

func echoV5Handler(app conformance.App, e conformance.Endpoint) echo.HandlerFunc {
	switch e.Behaviour {
	case conformance.ReturnError:
		return func(c *echo.Context) error {
			app.Probe.Ran(c.Request().URL.RawQuery)
			return echo.NewHTTPError(e.Status, e.Body)
		}
	case conformance.PlainError:
		return func(c *echo.Context) error {
			app.Probe.Ran(c.Request().URL.RawQuery)
			return c.String(e.Status, e.Body)
		}
	case conformance.RedirectTo:
		return func(c *echo.Context) error {
			app.Probe.Ran(c.Request().URL.RawQuery)
			return c.Redirect(e.Status, e.Get("Location"))
		}
	}
	return echo.WrapHandler(conformance.EndpointHandler(app, e))
}
