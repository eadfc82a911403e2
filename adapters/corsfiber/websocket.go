package corsfiber

import (
	"github.com/gofiber/fiber/v2"

	"github.com/corskit/corskit/core"
)

// CheckOrigin returns a function that says whether a WebSocket handshake may go
// on, such as the Filter of fiber's contributed websocket package wants:
// browsers do not apply CORS to WebSocket handshakes and always send cookies
// with them, so that the server has to look at the origin. It accepts requests
// without an Origin, which no browser made, same-origin ones, and those whose
// origin the engine allows for their host and path.
//
// A policy of "*" accepts handshakes from every site, cookies included.
func CheckOrigin(engine *core.Engine) func(*fiber.Ctx) bool {
	m := newMiddleware(engine, nil)
	return func(c *fiber.Ctx) bool {
		s := scratches.Get().(*scratch)
		defer s.free()
		facts := s.gather(m, c, core.NeedAll)
		same := len(facts.Origin) == 0 || facts.SameOrigin()
		s.clear()
		if same {
			return true
		}
		var o core.Outcome
		m.resolve(c, s, &o)
		return o.Decision().Allowed
	}
}
