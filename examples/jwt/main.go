// Command jwt is an echo API that requires a JSON Web Token, and a page that gets one.
//
//	go run ./examples/jwt
//
// CORS comes before authentication: preflights have no token, and the page must be able to
// read the 401.
package main

import (
	"crypto/rand"
	_ "embed" // page.js
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/examples/page"
)

//go:embed page.js
var script string

func main() {
	page.Main(page.Example{
		Title: "echo with JWT", Script: script, API: newAPI,
		Intro: "A script on this page logs in and sends the token with each request.",
	})
}

func newAPI(origin string) (page.Server, error) {
	engine, err := core.New(core.Policy{
		AllowOrigins:  []string{origin},
		AllowHeaders:  []string{"authorization", "content-type"},
		ExposeHeaders: []string{"www-authenticate"}, // of the 401
		MaxAge:        10 * time.Minute,
	})
	if err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails

	e := echo.New()
	e.Use(middleware.Recover(), corsecho.Middleware(engine), middleware.BodyLimit("64K"))
	e.POST("/login", func(c echo.Context) error {
		var user struct{ Name, Password string }
		if err := c.Bind(&user); err != nil || user.Password != "secret" {
			return echo.NewHTTPError(http.StatusForbidden, "wrong name or password")
		}
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
			Subject: user.Name, ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour)),
		}).SignedString(key)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, map[string]string{"token": token})
	})
	private := e.Group("/me", echojwt.WithConfig(echojwt.Config{SigningKey: key, ErrorHandler: unauthorized}))
	private.GET("", func(c echo.Context) error {
		name, err := c.Get("user").(*jwt.Token).Claims.GetSubject()
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, "hello "+name)
	})
	return page.NewServer(e), nil
}

func unauthorized(c echo.Context, _ error) error {
	c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Bearer realm="notes"`)
	return echo.NewHTTPError(http.StatusUnauthorized, "log in first")
}
