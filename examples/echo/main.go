// Command echo is a small echo v4 API that uses corskit for CORS.
//
//	go run ./examples/echo
//
// It prints curl commands that show what the server tells a browser. For echo v5,
// use corsechov5 instead of corsecho.
package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/examples/demo"
	"github.com/corskit/corskit/examples/notes"
	"github.com/corskit/corskit/examples/page"
)

func main() { demo.Main(serve) }

func serve(ctx context.Context, listener net.Listener, engine *core.Engine) error {
	e := newAPI(engine)
	e.Listener = listener
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), page.Grace)
		defer cancel()
		stopped <- e.Shutdown(grace)
	}()
	if err := e.Start(""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

func newAPI(engine *core.Engine) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Use(middleware.Recover(), corsecho.Middleware(engine), middleware.BodyLimit("64K"))

	var store notes.Store
	_, _ = store.Create("read the README")
	e.GET("/notes", func(c echo.Context) error { return c.JSON(http.StatusOK, store.List()) })
	e.POST("/notes", func(c echo.Context) error {
		n, err := store.Create(text(c))
		if err != nil {
			return failure(err)
		}
		c.Response().Header().Set(echo.HeaderLocation, "/notes/"+strconv.Itoa(n.ID))
		return c.JSON(http.StatusCreated, n)
	})
	e.PUT("/notes/:id", func(c echo.Context) error {
		n, err := store.Replace(id(c), text(c))
		if err != nil {
			return failure(err)
		}
		return c.JSON(http.StatusOK, n)
	})
	e.DELETE("/notes/:id", func(c echo.Context) error {
		if err := store.Remove(id(c)); err != nil {
			return failure(err)
		}
		return c.NoContent(http.StatusNoContent)
	})
	e.GET("/public/about", func(c echo.Context) error {
		return c.JSON(http.StatusOK, map[string]string{"name": "notes", "cors": "corskit"})
	})
	return e
}

// id returns the ID in the path, or -1, which no note has.
func id(c echo.Context) int {
	n, err := strconv.Atoi(c.Param("id"))
	if err != nil {
		return -1
	}
	return n
}

// text returns the text in the body, or "" if there is none.
func text(c echo.Context) string {
	var body struct {
		Text string `json:"text"`
	}
	if err := (&echo.DefaultBinder{}).BindBody(c, &body); err != nil {
		return ""
	}
	return body.Text
}

func failure(err error) error {
	status := http.StatusBadRequest
	if errors.Is(err, notes.ErrNotFound) {
		status = http.StatusNotFound
	}
	return echo.NewHTTPError(status, err.Error())
}
