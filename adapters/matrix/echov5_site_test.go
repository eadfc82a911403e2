package matrix

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/corskit/corskit/adapters/corsechov5"
)

func serveEchoV5Site(t testing.TB, s site) string {
	cors := corsechov5.Middleware(s.engine)
	e := echo.NewWithConfig(echo.Config{Logger: slog.New(slog.DiscardHandler)})
	basics := []echo.MiddlewareFunc{
		middleware.Recover(), middleware.Secure(),
		middleware.GzipWithConfig(middleware.GzipConfig{Skipper: func(c *echo.Context) bool { return c.Path() == prefix+"/upgrade" }}),
	}
	if s.outside {
		e.Use(basics...)
	}
	auth := middleware.BasicAuth(func(_ *echo.Context, user, password string) (bool, error) {
		return user == "user" && password == "password", nil
	})
	if s.token {
		auth = middleware.KeyAuth(func(_ *echo.Context, key string, _ middleware.ExtractorSource) (bool, error) {
			return key == token, nil
		})
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
		e.Pre(middleware.RemoveTrailingSlashWithConfig(middleware.RemoveTrailingSlashConfig{RedirectCode: http.StatusMovedPermanently}))
	}
	if s.custom {
		e.RouteNotFound("/*", func(c *echo.Context) error { return c.String(http.StatusNotFound, "custom") })
		e.HTTPErrorHandler = func(c *echo.Context, err error) {
			if r, _ := echo.UnwrapResponse(c.Response()); r != nil && r.Committed {
				return
			}
			status := http.StatusInternalServerError
			var coder echo.HTTPStatusCoder
			if errors.As(err, &coder) {
				status = coder.StatusCode()
			}
			_ = c.JSON(status, map[string]string{"error": "custom"})
		}
	}
	api := e.Group("/api")
	if s.position == onOuter {
		corsechov5.Group(e, api, s.engine)
	}
	v1 := api.Group("/v1")
	if s.position == onInner {
		corsechov5.Group(e, v1, s.engine)
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
				group.OPTIONS(path, func(*echo.Context) error { return echo.ErrNotFound }, cors)
			}
		}
		group.Add(method, path, h, m...)
	}
	text := func(body string) echo.HandlerFunc {
		return func(c *echo.Context) error { return c.String(http.StatusOK, body) }
	}
	route("GET", "/ok", text("ok"))
	route("PUT", "/ok", text("ok"))
	route("GET", "/items/:id", text("an item"))
	route("GET", "/long", text(longBody))
	route("GET", "/returned", func(*echo.Context) error { return echo.NewHTTPError(http.StatusTeapot, "teapot") })
	route("GET", "/unknown", func(*echo.Context) error { return errors.New("unknown") })
	route("GET", "/panic", func(*echo.Context) error { panic("on purpose") })
	route("GET", "/late", func(c *echo.Context) error {
		_ = c.String(http.StatusOK, "late")
		return echo.NewHTTPError(http.StatusTeapot, "teapot")
	})
	route("GET", "/late-panic", func(c *echo.Context) error {
		_ = c.String(http.StatusOK, "late")
		panic("on purpose")
	})
	route("POST", "/limited", func(c *echo.Context) error {
		_, err := io.Copy(io.Discard, c.Request().Body)
		return err
	}, middleware.BodyLimit(bodyLimit))
	route("GET", "/slow", func(c *echo.Context) error {
		<-c.Request().Context().Done()
		return c.Request().Context().Err()
	}, middleware.ContextTimeout(deadline))
	route("GET", "/redirect", func(c *echo.Context) error { return c.Redirect(http.StatusFound, "/") })
	route("GET", "/private", text("secret"), auth)
	route("GET", "/chunks", func(c *echo.Context) error {
		chunks(c.Response(), c.Request())
		return nil
	})
	route("GET", "/events", func(c *echo.Context) error {
		events(c.Response(), c.Request())
		return nil
	})
	route("GET", "/upgrade", func(c *echo.Context) error {
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
	route("GET", "/attachment", func(c *echo.Context) error { return c.Attachment("a.txt", "b.txt") })
	group = v1.Group("/deep")
	route("GET", "/deeper", text("deep"))
	return serveSite(t, e)
}
