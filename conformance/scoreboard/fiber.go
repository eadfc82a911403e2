package main

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/cors"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
)

func mountFiber(s conformance.Setup) (*conformance.Server, error) {
	if err := fiberCannot(s); err != nil {
		return nil, err
	}
	p, err := policyFor(s, anyOrigin, subdomains, schemes, starMeths, starHeads, anyHeaders, noCache)
	if err != nil {
		return nil, err
	}
	config := cors.Config{
		AllowOrigins:     strings.Join(p.AllowOrigins, ","),
		AllowMethods:     strings.Join(withSafelisted(p.AllowMethods), ","),
		AllowHeaders:     strings.Join(p.AllowHeaders, ","),
		ExposeHeaders:    strings.Join(p.ExposeHeaders, ","),
		AllowCredentials: p.AllowCredentials,
		MaxAge:           seconds(p.MaxAge),
	}
	if p.AllowCredentials && slices.Contains(p.AllowHeaders, "*") {
		config.AllowHeaders = cors.ConfigDefault.AllowHeaders
	}
	middleware, err := build(s, func() (fiber.Handler, error) { return cors.New(config), nil })
	if err != nil {
		return nil, err
	}

	app := fiber.New(fiber.Config{
		DisableStartupMessage: true,
		RequestMethods:        append(slices.Clone(fiber.DefaultMethods), fiberExtensions(fiber.DefaultMethods)...),
		ReadBufferSize:        max(s.MaxHeaderBytes, 4096),
	})
	if s.RecoverOutside {
		app.Use(recover.New())
	}
	if s.OuterVary != "" {
		app.Use(func(c *fiber.Ctx) error {
			c.Response().Header.Add("Vary", s.OuterVary)
			return c.Next()
		})
	}
	app.Use(s.Group+"/", middleware)
	if s.Twice {
		app.Use(s.Group+"/", middleware)
	}
	for _, e := range s.App.Endpoints {
		handler := fiberHandler(s.App, e)
		switch e.Method {
		case "":
			app.All(e.Path, handler)
		case http.MethodGet:
			app.Get(e.Path, handler)
			app.Head(e.Path, handler)
		default:
			app.Add(e.Method, e.Path, handler)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = app.Listener(listener)
	}()
	return &conformance.Server{
		URL: "http://" + listener.Addr().String(),
		Close: func() {
			_ = app.ShutdownWithTimeout(5 * time.Second)
			_ = listener.Close()
			<-done
		},
		Unsupported: fiberUnsupported(),
	}, nil
}

func fiberHandler(app conformance.App, e conformance.Endpoint) fiber.Handler {
	return func(c *fiber.Ctx) error {
		app.Probe.Ran(string(c.Request().URI().QueryString()))
		add := func() {
			for _, line := range e.Header {
				c.Response().Header.Add(line.Name, line.Value)
			}
		}
		switch e.Behaviour {
		case conformance.Respond:
			add()
			return c.Status(e.Status).SendString(e.Body)
		case conformance.Echo:
			echoed := conformance.Echoed{
				Method: c.Method(), Target: c.OriginalURL(), Host: string(c.Request().Host()), Body: string(c.Body()),
			}
			for name, value := range c.Request().Header.All() {
				if string(name) != "Host" {
					echoed.Header = append(echoed.Header, browsermodel.Field{Name: string(name), Value: string(value)})
				}
			}
			c.Set("Content-Type", "application/json")
			return c.Send(echoed.JSON())
		case conformance.NotModified:
			add()
			if c.Get("If-None-Match") == e.Get("ETag") {
				return c.SendStatus(http.StatusNotModified)
			}
			return c.SendString(e.Body)
		case conformance.RedirectTo:
			return c.Redirect(e.Get("Location"), e.Status)
		case conformance.ReturnError:
			return fiber.NewError(e.Status, e.Body)
		case conformance.PlainError:
			return c.Status(e.Status).SendString(e.Body)
		case conformance.Panic:
			panic("conformance: this endpoint panics")
		case conformance.SetVary:
			c.Set("Vary", e.Get("Vary"))
			return c.SendString(e.Body)
		case conformance.Authenticate:
			if c.Get("Authorization") == "" {
				return c.SendStatus(http.StatusUnauthorized)
			}
			return c.SendString(e.Body)
		}
		return fiber.ErrNotImplemented
	}
}
