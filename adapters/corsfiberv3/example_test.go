package corsfiberv3_test

import (
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/gofiber/fiber/v3"

	"github.com/corskit/corskit/adapters/corsfiberv3"
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
	app := fiber.New()
	app.Use(corsfiberv3.Middleware(engine))
	app.Put("/items/:id", func(c fiber.Ctx) error { return c.SendStatus(fiber.StatusNoContent) })

	// A browser sends this preflight before a script's PUT /items/1.
	ask := httptest.NewRequest("OPTIONS", "/items/1", nil)
	ask.Header.Set("Origin", "https://app.example.com")
	ask.Header.Set("Access-Control-Request-Method", "PUT")
	res, err := app.Test(ask)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	fmt.Println(res.StatusCode)
	fmt.Println(res.Header.Get("Access-Control-Allow-Origin"))
	fmt.Println(res.Header.Get("Access-Control-Allow-Methods"))
	// Output:
	// 204
	// https://app.example.com
	// PUT
}
