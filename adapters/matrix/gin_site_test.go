package matrix

import (
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/gin-contrib/gzip"
	"github.com/gin-contrib/secure"
	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/adapters/corsgin"
)

func serveGinSite(t testing.TB, s site) string {
	cors := corsgin.Middleware(s.engine)
	r := gin.New()
	r.HandleMethodNotAllowed = s.strict
	r.RedirectTrailingSlash, r.RedirectFixedPath = !s.slashes, s.cases
	basics := []gin.HandlerFunc{
		gin.RecoveryWithWriter(io.Discard),
		gzip.Gzip(gzip.DefaultCompression, gzip.WithExcludedPaths([]string{prefix + "/events", prefix + "/upgrade"})),
		secure.New(secure.Config{ContentTypeNosniff: true, FrameDeny: true}),
	}
	if s.outside {
		r.Use(basics...)
	}
	auth := gin.BasicAuth(gin.Accounts{"user": "password"})
	if s.token { // gin has none of its own
		auth = func(c *gin.Context) {
			if c.GetHeader("Authorization") != bearerAuth {
				c.AbortWithStatusJSON(http.StatusUnauthorized, gin.H{"error": "who are you?"})
			}
		}
	}
	if s.guarded {
		r.Use(auth)
	}
	if s.position == onApp {
		r.Use(cors)
	}
	if s.custom {
		r.NoRoute(func(c *gin.Context) { c.JSON(http.StatusNotFound, gin.H{"error": "custom"}) })
		r.NoMethod(func(c *gin.Context) { c.JSON(http.StatusMethodNotAllowed, gin.H{"error": "custom"}) })
	}
	api := r.Group("/api")
	if s.position == onOuter {
		corsgin.Group(r, api, s.engine)
	}
	v1 := api.Group("/v1")
	if s.position == onInner {
		corsgin.Group(r, v1, s.engine)
	}
	options := make(map[string]bool)
	group := v1
	around := func(path string, handlers ...gin.HandlerFunc) []gin.HandlerFunc {
		if !s.outside {
			handlers = append(basics[:len(basics):len(basics)], handlers...)
		}
		if s.position == onRoute {
			handlers = append([]gin.HandlerFunc{cors}, handlers...)
			if !options[path] {
				options[path] = true
				group.OPTIONS(path, cors)
			}
		}
		return handlers
	}
	route := func(method, path string, handlers ...gin.HandlerFunc) {
		group.Handle(method, path, around(path, handlers...)...)
	}
	text := func(body string) gin.HandlerFunc {
		return func(c *gin.Context) { c.String(http.StatusOK, "%s", body) }
	}
	route("GET", "/ok", text("ok"))
	route("PUT", "/ok", text("ok"))
	route("GET", "/items/:id", text("an item"))
	route("GET", "/long", text(longBody))
	route("GET", "/returned", func(c *gin.Context) { _ = c.AbortWithError(http.StatusTeapot, errors.New("teapot")) })
	route("GET", "/unknown", func(c *gin.Context) { _ = c.AbortWithError(500, errors.New("unknown")) })
	route("GET", "/panic", func(*gin.Context) { panic("on purpose") })
	route("GET", "/late", func(c *gin.Context) {
		c.String(http.StatusOK, "late")
		_ = c.AbortWithError(http.StatusTeapot, errors.New("teapot"))
	})
	route("GET", "/late-panic", func(c *gin.Context) {
		c.String(http.StatusOK, "late")
		panic("on purpose")
	})
	route("POST", "/limited", gin.WrapF(readLimited))
	slow := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	route("GET", "/slow", gin.WrapH(http.TimeoutHandler(slow, deadline, "timeout")))
	route("GET", "/redirect", func(c *gin.Context) { c.Redirect(http.StatusFound, "/") })
	route("GET", "/private", auth, text("secret"))
	route("GET", "/chunks", func(c *gin.Context) {
		n := 0
		c.Stream(func(w io.Writer) bool {
			_, _ = io.WriteString(w, "chunk\n")
			n++
			return n < 3
		})
	})
	route("GET", "/events", func(c *gin.Context) {
		for range 3 {
			c.SSEvent("message", "hello")
			c.Writer.Flush()
		}
	})
	route("GET", "/upgrade", gin.WrapF(upgrade))
	v1.Group("", around("/files/*filepath")...).Static("/files", s.files)
	route("GET", "/download", func(c *gin.Context) { c.File(filepath.Join(s.files, "a.txt")) })
	route("GET", "/download-missing", func(c *gin.Context) { c.File(filepath.Join(s.files, "missing.txt")) })
	route("GET", "/attachment", func(c *gin.Context) { c.FileAttachment(filepath.Join(s.files, "a.txt"), "b.txt") })
	group = v1.Group("/deep")
	route("GET", "/deeper", text("deep"))
	return serveSite(t, r)
}
