package corsfiberv3

import (
	"github.com/gofiber/fiber/v3"

	"github.com/corskit/corskit/adapters/corsfasthttp"
)

// StripUpstream replaces the CORS headers of an upstream's response with those of
// the middleware in front. Use it as, or call it from, the ModifyResponse of
// fiber's proxy middleware. Or call it after proxy.Do, which overwrites the response
// and the middleware's headers in it. The upstream's Vary
// stays. StripUpstream always returns nil.
func StripUpstream(c fiber.Ctx) error {
	corsfasthttp.StripUpstream(c.RequestCtx())
	return nil
}
