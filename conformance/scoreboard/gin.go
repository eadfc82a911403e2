package main

import (
	"net/http"
	"slices"
	"strings"

	gincors "github.com/gin-contrib/cors"
	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/conformance"
)

func init() { gin.SetMode(gin.ReleaseMode) }

func mountGin(s conformance.Setup) (*conformance.Server, error) {
	p, err := policyFor(s, anyOrigin, subdomains, partLabels, schemes, starMeths, starHeads, private, reject)
	if err != nil {
		return nil, err
	}
	config := gincors.Config{
		AllowOrigins:        p.AllowOrigins,
		AllowMethods:        withSafelisted(p.AllowMethods),
		AllowHeaders:        p.AllowHeaders,
		ExposeHeaders:       p.ExposeHeaders,
		AllowCredentials:    p.AllowCredentials,
		AllowPrivateNetwork: p.AllowPrivateNetwork,
		MaxAge:              p.MaxAge,
		AllowWildcard:       true,
	}
	if slices.Equal(p.AllowOrigins, []string{"*"}) {
		config.AllowOrigins, config.AllowAllOrigins = nil, true
	}
	for _, o := range p.AllowOrigins {
		if scheme, _, ok := strings.Cut(o, "://"); ok && scheme != "http" && scheme != "https" {
			config.CustomSchemas = append(config.CustomSchemas, scheme+"://")
		}
	}
	middleware, err := build(s, func() (gin.HandlerFunc, error) { return gincors.New(config), nil })
	if err != nil {
		return nil, err
	}

	router := gin.New()
	var routes gin.IRoutes = router.Use(middleware)
	if s.Group != "" {
		router = gin.New()
		routes = router.Group(s.Group).Use(middleware)
	}
	if s.Twice {
		routes.Use(middleware)
	}
	anyMethod := make(map[string]gin.HandlerFunc)
	for _, e := range s.App.Endpoints {
		path, handler := strings.TrimPrefix(e.Path, s.Group), ginHandler(s.App, e)
		switch e.Method {
		case "":
			routes.Any(path, handler)
			anyMethod[e.Path] = handler
		case http.MethodGet:
			routes.GET(path, handler).HEAD(path, handler)
		default:
			routes.Handle(e.Method, path, handler)
		}
	}
	// Gin registers no methods in lower case.
	router.NoRoute(func(c *gin.Context) {
		if handler := anyMethod[c.Request.URL.Path]; handler != nil {
			c.Status(http.StatusOK)
			handler(c)
		}
	})
	server, err := conformance.Serve(router, s)
	if err == nil {
		server.Unsupported = noUpstream()
	}
	return server, err
}

func ginHandler(app conformance.App, e conformance.Endpoint) gin.HandlerFunc {
	switch e.Behaviour {
	case conformance.ReturnError:
		return func(c *gin.Context) {
			app.Probe.Ran(c.Request.URL.RawQuery)
			c.AbortWithStatus(e.Status)
		}
	case conformance.PlainError:
		return func(c *gin.Context) {
			app.Probe.Ran(c.Request.URL.RawQuery)
			c.String(e.Status, "%s", e.Body)
		}
	case conformance.RedirectTo:
		return func(c *gin.Context) {
			app.Probe.Ran(c.Request.URL.RawQuery)
			c.Redirect(e.Status, e.Get("Location"))
		}
	}
	return gin.WrapH(conformance.EndpointHandler(app, e))
}
