package matrix

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
)

func init() { gin.SetMode(gin.ReleaseMode) }

func mountGin(s conformance.Setup) (*conformance.Server, error) {
	engine, err := s.Engine()
	if err != nil {
		return nil, err
	}
	s.App.ModifyResponse = corshttp.StripUpstream
	r := gin.New()
	if s.RecoverOutside {
		r.Use(gin.RecoveryWithWriter(s.Log))
		s.RecoverOutside = false
	}
	if s.OuterVary != "" {
		names := s.OuterVary
		r.Use(func(c *gin.Context) { c.Writer.Header().Add("Vary", names) })
		s.OuterVary = ""
	}
	options := corsgin.Options{KeepVary: s.KeepVary}
	routes := gin.IRoutes(r)
	if s.Group == "" {
		r.Use(corsgin.Middleware(engine, options))
		if s.Twice {
			r.Use(corsgin.Middleware(engine, options))
		}
	} else {
		routes = corsgin.Group(r, r.Group(s.Group), engine, options)
	}
	anyMethod := make(map[string]gin.HandlerFunc)
	for _, e := range s.App.Endpoints {
		path := strings.TrimPrefix(e.Path, s.Group)
		h := ginHandler(s.App, e)
		switch e.Method {
		case "":
			routes.Any(path, h)
			routes.Handle("QUERY", path, h)
			routes.Handle("CHICKEN", path, h)
			anyMethod[e.Path] = h
		case "GET":
			routes.HEAD(path, h)
			routes.GET(path, h)
		default:
			routes.Handle(e.Method, path, h)
		}
	}
	// gin registers no method in lower case.
	r.NoRoute(func(c *gin.Context) {
		if h := anyMethod[c.Request.URL.Path]; h != nil && c.Request.Method != "OPTIONS" {
			c.Status(http.StatusOK)
			h(c)
		}
	})
	return conformance.Serve(r, s)
}

func ginHandler(app conformance.App, e conformance.Endpoint) gin.HandlerFunc {
	native := ginBehaviour(app, e)
	if native == nil {
		return gin.WrapH(conformance.EndpointHandler(app, e))
	}
	return func(c *gin.Context) {
		app.Probe.Ran(c.Request.URL.RawQuery)
		native(c)
	}
}

// ginBehaviour is what an endpoint does, in gin's own way where it has one.
func ginBehaviour(app conformance.App, e conformance.Endpoint) gin.HandlerFunc {
	add := func(c *gin.Context) {
		for _, line := range e.Header {
			c.Writer.Header().Add(line.Name, line.Value)
		}
	}
	switch e.Behaviour {
	case conformance.Respond:
		return func(c *gin.Context) {
			add(c)
			c.String(e.Status, "%s", e.Body)
		}
	case conformance.Echo:
		return func(c *gin.Context) {
			body, err := io.ReadAll(io.LimitReader(c.Request.Body, 1<<20))
			if err != nil {
				c.AbortWithStatus(http.StatusBadRequest)
				return
			}
			echoed := conformance.Echoed{Method: c.Request.Method, Target: c.Request.RequestURI, Host: c.Request.Host, Body: string(body)}
			for name, values := range c.Request.Header {
				for _, v := range values {
					echoed.Header = append(echoed.Header, browsermodel.Field{Name: name, Value: v})
				}
			}
			c.Data(http.StatusOK, "application/json", echoed.JSON())
		}
	case conformance.NotModified:
		return func(c *gin.Context) {
			add(c)
			if c.GetHeader("If-None-Match") == e.Get("ETag") {
				c.Status(http.StatusNotModified)
				return
			}
			c.String(http.StatusOK, "%s", e.Body)
		}
	case conformance.RedirectTo:
		return func(c *gin.Context) { c.Redirect(e.Status, e.Get("Location")) }
	case conformance.ReturnError:
		return func(c *gin.Context) { _ = c.AbortWithError(e.Status, errors.New("returned")) }
	case conformance.PlainError:
		return func(c *gin.Context) { c.String(e.Status, "%s", e.Body) }
	case conformance.Panic:
		return func(*gin.Context) { panic("conformance: this endpoint panics") }
	case conformance.Events:
		return func(c *gin.Context) {
			c.Header("Content-Type", "text/event-stream")
			event := 0
			c.Stream(func(w io.Writer) bool {
				if event++; event == 2 {
					app.Probe.Pause(c.Request.URL.RawQuery)
				}
				_, _ = io.WriteString(w, []string{"data: 1\n\n", "data: 2\n\n"}[event-1])
				return event < 2
			})
		}
	case conformance.SetVary:
		return func(c *gin.Context) {
			c.Header("Vary", e.Get("Vary"))
			c.String(http.StatusOK, "%s", e.Body)
		}
	case conformance.Authenticate:
		basic := gin.BasicAuth(gin.Accounts{"user": "password"})
		return func(c *gin.Context) {
			if c.GetHeader("Authorization") == "" {
				basic(c)
				return
			}
			c.String(http.StatusOK, "%s", e.Body)
		}
	}
	return nil
}

// basicAuth and bearerAuth are the Authorization that the frameworks' own
// middleware accepts.
var (
	basicAuth  = "Basic " + base64.StdEncoding.EncodeToString([]byte("user:password"))
	bearerAuth = "Bearer " + token
)

const token = "token"
