package corsfiberv3

import (
	"github.com/gofiber/fiber/v3"

	"github.com/corskit/corskit/core"
)

type deniedKey struct{}

// decide tells the middlewares further out whether this engine, the innermost so
// far, gives no origin: they would take that for a loss. The response does not
// tell, since an upstream's may look the same. An outcome without headers decides
// nothing. Locals would allocate in version 3.
func decide(c fiber.Ctx, o *core.Outcome, origin string) {
	switch {
	case origin == "" && o.Vary() != "":
		c.RequestCtx().SetUserValue(deniedKey{}, true)
	case origin != "" && denied(c):
		c.RequestCtx().SetUserValue(deniedKey{}, false)
	}
}

// denied reports whether the innermost engine that has decided gives no origin.
func denied(c fiber.Ctx) bool { return c.RequestCtx().UserValue(deniedKey{}) == true }
