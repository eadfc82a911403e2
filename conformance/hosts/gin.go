package hosts

import (
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gin-contrib/gzip"
	"github.com/gin-contrib/secure"
	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
)

func init() { gin.SetMode(gin.ReleaseMode) }

// Gin is github.com/gin-gonic/gin.
func Gin() Host {
	return Host{
		Name: "gin", Title: "gin", Adapter: "corsgin", HasGroup: true, build: buildGin,
		Routers: []Variant{
			{Name: "gin"},
			{Name: "gin UseRawPath", Options: Options{UseRawPath: true}},
			{Name: "gin UseRawPath, values as sent", Options: Options{UseRawPath: true, NoUnescapePathValues: true}},
			{Name: "gin UseEscapedPath", Options: Options{UseEscapedPath: true}},
			{Name: "gin RemoveExtraSlash", Options: Options{RemoveExtraSlash: true}},
			{Name: "gin UseRawPath RemoveExtraSlash", Options: Options{UseRawPath: true, RemoveExtraSlash: true}},
			{Name: "gin RedirectFixedPath", Options: Options{RedirectFixedPath: true}},
			{Name: "gin HandleContext", Options: Options{HandleContext: true}, Rewrites: true},
		},
		Exceptions: []Exception{
			{
				Request: "slash", Settings: func(o Options) bool { return !o.NoRedirectTrailingSlash },
				Why: "gin redirects before any middleware runs; wrap the engine in corshttp.Middleware instead",
			},
			{Request: "other case", Settings: func(o Options) bool { return o.RedirectFixedPath }, Why: "as for slashes"},
		},
	}
}

func corsGin(m Middleware) gin.HandlerFunc {
	return corsgin.Middleware(m.Engine, corsGinOptions(m))
}

func corsGinOptions(m Middleware) corsgin.Options {
	return corsgin.Options{KeepVary: m.KeepVary, Enforce: m.Enforce}
}

// ginApp is an application while it is being built.
type ginApp struct {
	App
	engine     *gin.Engine
	preflights map[string]bool            // paths with a route for the preflights of routes
	anyMethod  map[string]gin.HandlerFunc // by the full path of the route
	noRoute    bool                       // the App has a handler for requests that match no route
}

func buildGin(app App) *Application {
	a := &ginApp{
		App: app, engine: gin.New(), noRoute: app.NotFound != 0,
		preflights: make(map[string]bool), anyMethod: make(map[string]gin.HandlerFunc),
	}
	r, o := a.engine, app.Options
	r.HandleMethodNotAllowed = o.HandleMethodNotAllowed
	r.RedirectTrailingSlash, r.RedirectFixedPath = !o.NoRedirectTrailingSlash, o.RedirectFixedPath
	r.UseRawPath, r.UseEscapedPath = o.UseRawPath, o.UseEscapedPath
	r.UnescapePathValues, r.RemoveExtraSlash = !o.NoUnescapePathValues, o.RemoveExtraSlash
	for _, l := range app.Outside {
		r.Use(a.layer(l))
	}
	if app.OuterVary != "" {
		r.Use(func(c *gin.Context) { c.Writer.Header().Add("Vary", app.OuterVary) })
	}
	r.Use(buildAll(app.CORS, corsGin)...)
	if a.noRoute {
		custom := func(c *gin.Context) { c.JSON(app.NotFound, gin.H{"error": "custom"}) }
		r.NoRoute(a.lowerCase, custom)
		r.NoMethod(custom)
	}
	a.routes(&r.RouterGroup, app.Routes)
	a.groups(&r.RouterGroup, app.Groups)
	if !a.noRoute {
		r.NoRoute(a.lowerCase)
	}
	return &Application{Handler: r}
}

// lowerCase serves routes of any method, since gin registers no method in lower case.
func (a *ginApp) lowerCase(c *gin.Context) {
	if h := a.anyMethod[c.Request.URL.Path]; h != nil && c.Request.Method != "OPTIONS" {
		c.Status(http.StatusOK)
		h(c)
		c.Abort()
	}
}

func (a *ginApp) groups(parent *gin.RouterGroup, groups []Group) {
	for _, g := range groups {
		group := parent.Group(g.Path)
		for _, m := range g.CORS {
			if m.Engine != nil {
				corsgin.Group(a.engine, group, m.Engine, corsGinOptions(m))
			} else {
				group.Use(build(m, corsGin))
			}
		}
		a.routes(group, g.Routes)
		a.groups(group, g.Groups)
	}
}

func (a *ginApp) routes(group *gin.RouterGroup, routes []Route) {
	for _, r := range routes {
		path := r.Path
		if strings.HasSuffix(path, "*") {
			path += "rest" // in gin it needs a name
		}
		cors := buildAll(r.CORS, corsGin)
		if optionsPath := path; len(cors) > 0 && !r.takesOptions() {
			if r.Behaviour == Directory {
				optionsPath += "/*filepath"
			}
			if full := group.BasePath() + optionsPath; !a.preflights[full] {
				a.preflights[full] = true
				group.OPTIONS(optionsPath, cors...)
			}
		}
		handlers := cors
		for _, l := range slices.Concat(a.Inside, r.Inside) {
			handlers = append(handlers, a.layer(l))
		}
		if r.Behaviour == Directory {
			group.Group("", handlers...).Static(path, a.Files)
			continue
		}
		h := a.handler(r)
		handlers = append(handlers, h)
		if len(r.Methods) == 0 {
			a.any(group, path, h, handlers)
		}
		for _, method := range r.Methods {
			group.Handle(method, path, handlers...)
		}
	}
}

// any registers a route of any method.
func (a *ginApp) any(group *gin.RouterGroup, path string, h gin.HandlerFunc, handlers []gin.HandlerFunc) {
	if group.BasePath()+path == "//*rest" { // gin rejects such a route next to others
		a.noRoute = true
		a.engine.NoRoute(a.again, h)
		return
	}
	group.Any(path, handlers...)
	for _, method := range conformance.ExtensionMethods() {
		if method == strings.ToUpper(method) { // for others, see lowerCase
			group.Handle(method, path, handlers...)
		}
	}
	if !hasWildcard(path) {
		a.anyMethod[strings.TrimSuffix(group.BasePath(), "/")+path] = h
	}
}

// again serves paths below /old/ as paths below /private/, if the options say so.
func (a *ginApp) again(c *gin.Context) {
	c.Status(http.StatusOK)
	if rest, ok := strings.CutPrefix(c.Request.URL.Path, "/old/"); ok && a.Options.HandleContext {
		c.Request.URL.Path, c.Request.URL.RawPath = "/private/"+rest, ""
		a.engine.HandleContext(c)
		c.Abort()
	}
}

func (a *ginApp) layer(l Layer) gin.HandlerFunc {
	switch l {
	case Recover:
		return gin.RecoveryWithWriter(a.log())
	case Compress:
		return gzip.Gzip(gzip.DefaultCompression, gzip.WithExcludedPaths(a.paths(conformance.Events, conformance.Upgrade)))
	case Secure:
		return secure.New(secure.Config{ContentTypeNosniff: true, FrameDeny: true})
	case BasicAuth:
		return gin.BasicAuth(gin.Accounts{user: password})
	case TokenAuth: // gin has no middleware for it
		return func(c *gin.Context) {
			if c.GetHeader("Authorization") != l.Credentials() {
				c.AbortWithStatusJSON(http.StatusUnauthorized, gin.H{"error": "who are you?"})
			}
		}
	}
	panic("hosts: unknown layer " + l)
}

// handler returns the handler of a route, with the probe.
func (a *ginApp) handler(r Route) gin.HandlerFunc {
	h := a.answer(r)
	if h == nil {
		h = a.failure(r)
	}
	switch {
	case h == nil:
		return gin.WrapH(httpHandler(a.App, "", r))
	case a.Probe == nil:
		return h
	}
	return func(c *gin.Context) {
		a.Probe.Ran(c.Request.URL.RawQuery)
		h(c)
	}
}

// answer returns the handler of a behaviour that answers with gin's own API, or nil.
func (a *ginApp) answer(r Route) gin.HandlerFunc {
	add := func(c *gin.Context) {
		for _, line := range r.Header {
			c.Writer.Header().Add(line.Name, line.Value)
		}
	}
	body := func(c *gin.Context) { c.String(http.StatusOK, "%s", r.Body) }
	switch r.Behaviour {
	case Text:
		if r.Body == "" {
			return func(*gin.Context) {}
		}
		return body
	case conformance.Respond:
		return func(c *gin.Context) {
			add(c)
			c.String(r.Status, "%s", r.Body)
		}
	case conformance.Echo:
		return ginEcho
	case conformance.NotModified:
		return func(c *gin.Context) {
			add(c)
			if c.GetHeader("If-None-Match") == r.endpoint().Get("ETag") {
				c.Status(http.StatusNotModified)
				return
			}
			body(c)
		}
	case conformance.RedirectTo:
		return func(c *gin.Context) { c.Redirect(r.Status, r.endpoint().Get("Location")) }
	case conformance.Events:
		return a.events
	case conformance.SetVary:
		return func(c *gin.Context) {
			c.Header("Vary", r.endpoint().Get("Vary"))
			body(c)
		}
	case Chunks:
		return func(c *gin.Context) {
			n := 0
			c.Stream(func(w io.Writer) bool {
				_, _ = io.WriteString(w, "chunk\n")
				n++
				return n < 3
			})
		}
	case File:
		return func(c *gin.Context) { c.File(filepath.Join(a.Files, r.Body)) }
	case Attachment:
		return func(c *gin.Context) { c.FileAttachment(filepath.Join(a.Files, r.Body), "b.txt") }
	}
	return nil
}

// failure returns the handler of a behaviour that fails with gin's own API, or nil.
func (a *ginApp) failure(r Route) gin.HandlerFunc {
	switch r.Behaviour {
	case conformance.ReturnError:
		return func(c *gin.Context) { _ = c.AbortWithError(r.Status, errors.New("returned")) }
	case conformance.PlainError:
		return func(c *gin.Context) { c.String(r.Status, "%s", r.Body) }
	case conformance.Panic:
		return func(*gin.Context) { panic("on purpose") }
	case UnknownError:
		return func(c *gin.Context) { _ = c.AbortWithError(http.StatusInternalServerError, errors.New("unknown")) }
	case LateError:
		return func(c *gin.Context) {
			c.String(http.StatusOK, "late")
			_ = c.AbortWithError(http.StatusTeapot, errors.New("teapot"))
		}
	case LatePanic:
		return func(c *gin.Context) {
			c.String(http.StatusOK, "late")
			panic("on purpose")
		}
	case conformance.Authenticate:
		basic := gin.BasicAuth(gin.Accounts{user: password})
		return func(c *gin.Context) {
			if c.GetHeader("Authorization") == "" {
				basic(c)
				return
			}
			c.String(http.StatusOK, "%s", r.Body)
		}
	}
	return nil
}

func ginEcho(c *gin.Context) {
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

func (a *ginApp) events(c *gin.Context) {
	c.Header("Content-Type", "text/event-stream")
	event := 0
	c.Stream(func(w io.Writer) bool {
		if event++; event == 2 {
			a.Probe.Pause(c.Request.URL.RawQuery)
		}
		_, _ = io.WriteString(w, []string{"data: 1\n\n", "data: 2\n\n"}[event-1])
		return event < 2
	})
}
