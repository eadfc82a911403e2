// Command gin is a small gin API that uses corskit for CORS.
//
//	go run ./examples/gin
//
// It prints curl commands that show what the server tells a browser.
package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/examples/demo"
	"github.com/corskit/corskit/examples/notes"
	"github.com/corskit/corskit/examples/page"
)

func main() { demo.Main(serve) }

func serve(ctx context.Context, listener net.Listener, engine *core.Engine) error {
	return page.Serve(ctx, page.NewServer(newAPI(engine)), listener)
}

func newAPI(engine *core.Engine) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Recovery(), corsgin.Middleware(engine))

	var store notes.Store
	_, _ = store.Create("read the README")
	r.GET("/notes", func(c *gin.Context) { c.JSON(http.StatusOK, store.List()) })
	r.POST("/notes", func(c *gin.Context) {
		n, err := store.Create(text(c))
		if err != nil {
			fail(c, err)
			return
		}
		c.Header("Location", "/notes/"+strconv.Itoa(n.ID))
		c.JSON(http.StatusCreated, n)
	})
	r.PUT("/notes/:id", func(c *gin.Context) {
		n, err := store.Replace(id(c), text(c))
		if err != nil {
			fail(c, err)
			return
		}
		c.JSON(http.StatusOK, n)
	})
	r.DELETE("/notes/:id", func(c *gin.Context) {
		if err := store.Remove(id(c)); err != nil {
			fail(c, err)
			return
		}
		c.Status(http.StatusNoContent)
	})
	r.GET("/public/about", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"name": "notes", "cors": "corskit"}) })
	return r
}

// id returns the ID in the path, or -1, which no note has.
func id(c *gin.Context) int {
	n, err := strconv.Atoi(c.Param("id"))
	if err != nil {
		return -1
	}
	return n
}

// text returns the text in the body, or "" if there is none.
func text(c *gin.Context) string {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, 1<<16)
	var n notes.Note
	if err := c.ShouldBindJSON(&n); err != nil {
		return ""
	}
	return n.Text
}

func fail(c *gin.Context, err error) {
	status := http.StatusBadRequest
	if errors.Is(err, notes.ErrNotFound) {
		status = http.StatusNotFound
	}
	c.AbortWithStatusJSON(status, gin.H{"error": err.Error()})
}
