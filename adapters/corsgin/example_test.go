package corsgin_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/core"
)

func ExampleMiddleware() {
	engine, err := core.New(core.Policy{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
		AllowHeaders: []string{"content-type"},
	})
	if err != nil {
		log.Fatal(err)
	}
	r := gin.New()
	r.Use(corsgin.Middleware(engine))
	r.PUT("/items/:id", func(c *gin.Context) { c.Status(http.StatusNoContent) })

	// A browser sends this preflight before a script's PUT /items/1.
	ask := httptest.NewRequest("OPTIONS", "/items/1", nil)
	ask.Header.Set("Origin", "https://app.example.com")
	ask.Header.Set("Access-Control-Request-Method", "PUT")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, ask)
	fmt.Println(w.Code)
	fmt.Println(w.Header().Get("Access-Control-Allow-Origin"))
	fmt.Println(w.Header().Get("Access-Control-Allow-Methods"))
	// Output:
	// 204
	// https://app.example.com
	// PUT
}

func ExampleGroup() {
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://app.example.com"}})
	r := gin.New()
	api := corsgin.Group(r, r.Group("/api"), engine)
	api.POST("/items", func(c *gin.Context) { c.Status(http.StatusCreated) })

	for _, path := range []string{"/api/items", "/elsewhere"} {
		ask := httptest.NewRequest("OPTIONS", path, nil)
		ask.Header.Set("Origin", "https://app.example.com")
		ask.Header.Set("Access-Control-Request-Method", "POST")
		w := httptest.NewRecorder()
		r.ServeHTTP(w, ask)
		fmt.Println(path, w.Code, w.Header().Get("Access-Control-Allow-Origin"))
	}
	// Output:
	// /api/items 204 https://app.example.com
	// /elsewhere 404
}
