//go:build !race

// Timeout is itself a data race: echo reuses the context of a request while the
// handler that timed out may still use it.

package corsecho_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/corskit/corskit/adapters/corsecho"
)

// TestTimeout: echo's Timeout uses its own response writer. A middleware mounted
// outside it still adds its headers, whether or not the handler times out.
func TestTimeout(t *testing.T) {
	e := quiet()
	//lint:ignore SA1019 programs still use it
	timeout := middleware.TimeoutWithConfig(middleware.TimeoutConfig{Timeout: 20 * time.Millisecond})
	e.Use(corsecho.Middleware(engine(t, allowed)), timeout)
	e.GET("/slow", func(c echo.Context) error {
		<-c.Request().Context().Done()
		return nil
	})
	e.GET("/fast", ok)
	url := start(t, e)
	for path, status := range map[string]int{"/slow": 503, "/fast": 200} {
		for origin, want := range map[string]string{allowed: allowed, stranger: ""} {
			res := send(t, "GET", url+path, origin)
			wantOrigin(t, res, want)
			if res.StatusCode != status || res.Header.Get("Vary") != "Origin" {
				t.Errorf("%s from %s: status %d, Vary %q", path, origin, res.StatusCode, res.Header.Get("Vary"))
			}
		}
		if res := preflight(t, "PUT", url+path, allowed); res.StatusCode != http.StatusNoContent {
			t.Errorf("preflight of %s: status %d, want 204", path, res.StatusCode)
		}
	}
}
