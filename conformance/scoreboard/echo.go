package main

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/corskit/corskit/conformance"
)

func mountEcho(s conformance.Setup) (*conformance.Server, error) {
	p, err := policyFor(s, anyOrigin, nullOrigin, subdomains, partLabels, schemes, starMeths, starHeads, anyHeaders, noCache)
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
	cors, err := build(s, func() (echo.MiddlewareFunc, error) { return middleware.CORSWithConfig(config), nil })
	if err != nil {
		return nil, err
	}

	e := echo.New()
	e.Logger.SetOutput(s.Log)
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
			add(method, strings.TrimPrefix(endpoint.Path, s.Group), echoHandler(s.App, endpoint))
		}
	}
	server, err := conformance.Serve(e, s)
	if err == nil {
		server.Unsupported = noUpstream()
	}
	return server, err
}

func echoHandler(app conformance.App, e conformance.Endpoint) echo.HandlerFunc {
	switch e.Behaviour {
	case conformance.ReturnError:
		return func(c echo.Context) error {
			app.Probe.Ran(c.Request().URL.RawQuery)
			return echo.NewHTTPError(e.Status)
		}
	case conformance.PlainError:
		return func(c echo.Context) error {
			app.Probe.Ran(c.Request().URL.RawQuery)
			return c.String(e.Status, e.Body)
		}
	case conformance.RedirectTo:
		return func(c echo.Context) error {
			app.Probe.Ran(c.Request().URL.RawQuery)
			return c.Redirect(e.Status, e.Get("Location"))
		}
	}
	return echo.WrapHandler(conformance.EndpointHandler(app, e))
}
