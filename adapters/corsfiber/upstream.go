package corsfiber

import "github.com/gofiber/fiber/v2"

// StripUpstream replaces the CORS headers of an upstream's response by those of
// the middleware in front. It is meant to be, or to be called from, the
// ModifyResponse of fiber's proxy middleware, or to follow proxy.Do, which put
// the upstream's response in the place of the one that had the middleware's
// headers. The upstream's Vary stays. It returns nil.
func StripUpstream(c *fiber.Ctx) error {
	dropSpelled(&c.Response().Header)
	c.Locals(strippedKey{}, true)
	return nil
}

type strippedKey struct{}

// stripped reports whether StripUpstream was called, to the innermost
// middleware alone: its engine decides.
func stripped(c *fiber.Ctx) bool {
	if c.Locals(strippedKey{}) != true {
		return false
	}
	c.Locals(strippedKey{}, false)
	return true
}
