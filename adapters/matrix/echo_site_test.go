package matrix

import (
	"errors"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/corskit/corskit/adapters/corsecho"
)

func serveEchoSite(t testing.TB, s site) string {
	cors := corsecho.Middleware(s.engine)
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	basics := []echo.MiddlewareFunc{
		middleware.Recover(), middleware.Secure(),
		middleware.GzipWithConfig(middleware.GzipConfig{Skipper: func(c echo.Context) bool { return c.Path() == prefix+"/upgrade" }}),
	}
	if s.outside {
		e.Use(basics...)
	}
	auth := middleware.BasicAuth(func(user, password string, _ echo.Context) (bool, error) {
		return user == "user" && password == "password", nil
	})
	if s.token {
		auth = middleware.KeyAuth(func(key string, _ echo.Context) (bool, error) { return key == token, nil })
	}
	if s.guarded {
		e.Use(auth)
	}
	switch {
	case s.position == onApp && s.slashes:
		e.Pre(cors) // before what redirects
	case s.position == onApp:
		e.Use(cors)
	}
	if s.slashes {
		e.Pre(middleware.RemoveTrailingSlashWithConfig(middleware.TrailingSlashConfig{RedirectCode: http.StatusMovedPermanently}))
	}
	if s.custom {
		e.RouteNotFound("/*", func(c echo.Context) error { return c.String(http.StatusNotFound, "custom") })
		e.HTTPErrorHandler = func(err error, c echo.Context) {
			if c.Response().Committed {
				return
			}
			status := http.StatusInternalServerError
			var he *echo.HTTPError
			if errors.As(err, &he) {
				status = he.Code
			}
			_ = c.JSON(status, map[string]string{"error": "custom"})
		}
	}
	api := e.Group("/api")
	if s.position == onOuter {
		corsecho.Group(e, api, s.engine)
	}
	v1 := api.Group("/v1")
	if s.position == onInner {
		corsecho.Group(e, v1, s.engine)
	}
	options := make(map[string]bool)
	group := v1
	route := func(method, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
		if !s.outside {
			m = append(basics[:len(basics):len(basics)], m...)
		}
		if s.position == onRoute {
			m = append([]echo.MiddlewareFunc{cors}, m...)
			if !options[path] {
				options[path] = true
				group.OPTIONS(path, echo.NotFoundHandler, cors)
			}
		}
		group.Add(method, path, h, m...)
	}
	text := func(body string) echo.HandlerFunc {
		return func(c echo.Context) error { return c.String(http.StatusOK, body) }
	}
	route("GET", "/ok", text("ok"))
	route("PUT", "/ok", text("ok"))
	route("GET", "/items/:id", text("an item"))
	route("GET", "/long", text(longBody))
	route("GET", "/returned", func(echo.Context) error { return echo.NewHTTPError(http.StatusTeapot) })
	route("GET", "/unknown", func(echo.Context) error { return errors.New("unknown") })
	route("GET", "/panic", func(echo.Context) error { panic("on purpose") })
	route("GET", "/late", func(c echo.Context) error {
		_ = c.String(http.StatusOK, "late")
		return echo.NewHTTPError(http.StatusTeapot)
	})
	route("GET", "/late-panic", func(c echo.Context) error {
		_ = c.String(http.StatusOK, "late")
		panic("on purpose")
	})
	route("POST", "/limited", func(c echo.Context) error {
		_, err := io.Copy(io.Discard, c.Request().Body)
		return err
	}, middleware.BodyLimit("1000B"))
	route("GET", "/slow", func(c echo.Context) error {
		<-c.Request().Context().Done()
		return c.Request().Context().Err()
	}, middleware.ContextTimeout(deadline))
	route("GET", "/redirect", func(c echo.Context) error { return c.Redirect(http.StatusFound, "/") })
	route("GET", "/private", text("secret"), auth)
	route("GET", "/chunks", func(c echo.Context) error {
		chunks(c.Response(), c.Request())
		return nil
	})
	route("GET", "/events", func(c echo.Context) error {
		events(c.Response(), c.Request())
		return nil
	})
	route("GET", "/upgrade", func(c echo.Context) error {
		upgrade(c.Response(), c.Request())
		return nil
	})
	files := os.DirFS(s.files)
	e.Filesystem = files
	if s.position == onRoute {
		route("GET", "/files*", echo.StaticDirectoryHandler(files, false)) // as Static does
	} else {
		v1.Static("/files", ".")
	}
	route("GET", "/download", echo.StaticFileHandler("a.txt", files))
	route("GET", "/download-missing", echo.StaticFileHandler("missing.txt", files))
	route("GET", "/attachment", func(c echo.Context) error { return c.Attachment("a.txt", "b.txt") })
	group = v1.Group("/deep")
	route("GET", "/deeper", text("deep"))
	return serveSite(t, e)
}
