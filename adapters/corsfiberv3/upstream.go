package corsfiberv3

import (
	"github.com/gofiber/fiber/v3"

	"github.com/corskit/corskit/adapters/corsfasthttp"
)

// StripUpstream replaces the CORS headers of an upstream's response with those of
// the middleware in front. Use it as, or call it from, the ModifyResponse of fiber's
// proxy middleware. With proxy.Do, call it afterwards: proxy.Do overwrites the response
// and with it the middleware's headers. The upstream's Vary stays. StripUpstream always
// returns nil.
func StripUpstream(c fiber.Ctx) error {
	corsfasthttp.StripUpstream(c.RequestCtx())
	return nil
}
