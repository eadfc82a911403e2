package corsfiber

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/gofiber/fiber/v2"

	"github.com/corskit/corskit/core"
)

// Options are what a middleware may be told beyond its engine. The zero Options
// are the default.
type Options struct {
	// Skip, if it returns true, passes a request on as if the middleware were
	// not there. Nil skips none. It is called concurrently.
	Skip func(*fiber.Ctx) bool
}

// Middleware returns a middleware that answers preflights and adds CORS headers
// to other responses, as the engine decides. Several Options add up. A nil
// engine denies every origin. The middleware is safe for concurrent use.
//
// It allocates nothing, with Immutable or without, unless a policy has an
// AllowOriginFunc or has to echo a field that came in several lines. Nothing of
// a request is kept when its handler has returned.
func Middleware(engine *core.Engine, opts ...Options) fiber.Handler {
	return newMiddleware(engine, opts).serve
}

type middleware struct {
	engine *core.Engine
	skips  []func(*fiber.Ctx) bool
	router atomic.Pointer[router]
}

func newMiddleware(engine *core.Engine, opts []Options) *middleware {
	m := &middleware{engine: engine}
	for _, o := range opts {
		if o.Skip != nil {
			m.skips = append(m.skips, o.Skip)
		}
	}
	return m
}

func (m *middleware) serve(c *fiber.Ctx) error {
	if m.skipped(c) {
		return c.Next()
	}
	s := scratches.Get().(*scratch)
	var o core.Outcome
	m.resolve(c, s, &o)
	origin := o.AllowOrigin()
	writeHeaders(&c.Response().Header, &o, origin)
	decide(c, &o, origin)
	if status := o.Status(); status != 0 {
		s.free()
		c.Status(status)
		return nil
	}
	// The origin is a view of the request, which the handler may change.
	s.kept = append(s.kept[:0], origin...)
	defer s.finish(c, &o) // a panic too is answered by somebody outside
	return c.Next()
}

func (m *middleware) skipped(c *fiber.Ctx) bool {
	if beyondPrefix(c) {
		return true
	}
	for _, skip := range m.skips {
		if skip(c) {
			return true
		}
	}
	return false
}

// beyondPrefix reports whether fiber runs the middleware of one path for
// another: it takes the path of Use and Group for a prefix of bytes, so that
// /api has /apikeys below it. An escaped slash is taken for a slash, so that a
// spelling does not escape RejectDisallowed.
func beyondPrefix(c *fiber.Ctx) bool {
	route := c.Route()
	if len(route.Path) < 2 || len(route.Params) > 0 || strings.IndexByte(route.Path, '\\') >= 0 {
		return false // "/", or not a prefix of bytes: fiber parses it
	}
	prefix, path := strings.TrimRight(route.Path, "/"), c.Path()
	if prefix == "" || len(path) <= len(prefix) {
		return false
	}
	rest := path[len(prefix):]
	return rest[0] != '/' && (len(rest) < len("%2F") || !strings.EqualFold(rest[:len("%2F")], "%2F"))
}

// resolve lets the engine decide. Strings of the outcome may be views of the
// request's memory.
func (m *middleware) resolve(c *fiber.Ctx, s *scratch, o *core.Outcome) {
	snapshot := m.engine.Snapshot()
	needs := snapshot.Needs()
	facts := s.gather(m, c, needs)
	if needs&core.NeedOriginFunc == 0 || !mayAsk(facts) {
		snapshot.Resolve(context.Background(), facts, o)
		return
	}
	copied := clone(*facts)
	snapshot.Resolve(c.UserContext(), &copied, o)
}

// finish sees to the response when the handler is done, and frees the scratch.
func (s *scratch) finish(c *fiber.Ctx, o *core.Outcome) {
	restore(c, o, view(s.kept))
	s.free()
}

// restore puts the headers back that the rest of the chain has lost: fasthttp
// resets the response where it answers 304 or an error by itself, as it does for
// static files, handlers overwrite Vary, and proxies put an upstream's response in
// its place.
func restore(c *fiber.Ctx, o *core.Outcome, origin string) {
	if o.Vary() == "" && origin == "" {
		return
	}
	if c.Context().LastTimeoutErrorResponse() != nil {
		return // the handler has timed out and may be writing still
	}
	h := &c.Response().Header
	if stripped(c) {
		writeHeaders(h, o, origin)
		return
	}
	switch {
	case origin != "" && !gives(h) && !denied(c):
		h.DelBytes(allowCredentials) // an upstream's, which the origin would make valid
		writeHeaders(h, o, origin)
	case o.Vary() != "" && !covers(h.PeekAll(fiber.HeaderVary), o.Vary()):
		h.Add(fiber.HeaderVary, o.Vary())
	}
}
