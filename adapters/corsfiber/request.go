package corsfiber

import (
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/utils"
	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/core"
)

// view returns the bytes as a string without copying them. It is valid only as
// long as they do not change.
func view(b []byte) string { return utils.UnsafeString(b) }

// scratch has room for the facts of one request, so that gathering them
// allocates nothing, and for its origin while the handler runs.
type scratch struct {
	facts core.Request // views of the request, and of what follows

	origin, method, private, site [2]string // a second line is enough to see that there are several

	headers [maxHeaderLines]string
	path    []byte // decoded
	other   []byte // as it was sent, where that matters

	kept []byte
}

// maxHeaderLines is one more than the engine echoes: it refuses them then.
const maxHeaderLines = 17

// maxRoom is how large memory of one kind may be to be kept for other requests.
const maxRoom = 4096

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// clear forgets the views of a request.
func (s *scratch) clear() {
	if s.facts.Method == "" {
		return
	}
	clear(s.facts.Origin)
	clear(s.facts.AccessControlRequestMethod)
	clear(s.facts.AccessControlRequestHeaders)
	clear(s.facts.AccessControlRequestPrivateNetwork)
	clear(s.facts.SecFetchSite)
	s.facts = core.Request{}
}

// free gives the scratch back.
func (s *scratch) free() {
	s.clear()
	if cap(s.path) > maxRoom {
		s.path = nil
	}
	if cap(s.other) > maxRoom {
		s.other = nil
	}
	if cap(s.kept) > maxRoom {
		s.kept = nil
	}
	scratches.Put(s)
}

// noOrigin is what there is to know of a request without an origin, unless a
// route matters.
var noOrigin core.Request

// gather returns the facts that are needed, as views of the request and of s.
func (s *scratch) gather(m *middleware, c *fiber.Ctx, needs core.Need) *core.Request {
	h := fields{&c.Request().Header, m.routerOf(c).raw}
	origin := h.lines(s.origin[:], fiber.HeaderOrigin)
	if len(origin) == 0 && needs&(core.NeedRoute|core.NeedOriginFunc) == 0 {
		return &noOrigin
	}
	facts := &s.facts
	facts.Method, facts.Origin = c.Method(), origin
	if needs&core.NeedRoute != 0 {
		uri := c.Request().URI()
		facts.Host = view(uri.Host())
		router := m.routerOf(c)
		facts.Path, facts.RawPath = s.paths(uri.PathOriginal(), router)
		facts.FoldPath = router.fold
	}
	if len(origin) == 0 && needs&core.NeedOriginFunc == 0 {
		return facts
	}
	if needs&core.NeedFetchSite != 0 {
		facts.Host = view(c.Request().URI().Host())
		facts.SecFetchSite = h.lines(s.site[:], "Sec-Fetch-Site")
	}
	if facts.Method != fiber.MethodOptions {
		return facts
	}
	facts.AccessControlRequestMethod = h.lines(s.method[:], fiber.HeaderAccessControlRequestMethod)
	if needs&core.NeedRequestHeaders != 0 {
		facts.AccessControlRequestHeaders = h.lines(s.headers[:], fiber.HeaderAccessControlRequestHeaders)
	}
	if needs&core.NeedPrivateNetwork != 0 {
		facts.AccessControlRequestPrivateNetwork = h.lines(s.private[:], "Access-Control-Request-Private-Network")
	}
	return facts
}

// fields are those of a request. If they are raw, fiber keeps the names as they
// were sent, which is in lower case behind proxies that speak HTTP/2 to browsers.
type fields struct {
	*fasthttp.RequestHeader
	raw bool
}

// lines returns the lines of a field, no more than there is room for in dst.
func (f fields) lines(dst []string, name string) []string {
	n := 0
	if !f.raw {
		for _, v := range f.PeekAll(name) {
			if n == len(dst) {
				break
			}
			dst[n] = view(v)
			n++
		}
		return dst[:n]
	}
	f.VisitAll(func(key, v []byte) {
		if n < len(dst) && len(key) == len(name) && strings.EqualFold(view(key), name) {
			dst[n] = view(v)
			n++
		}
	})
	return dst[:n]
}

// router is what of a fiber application's configuration decides how its router
// reads a path, and whether it leaves the names of fields alone.
type router struct {
	app                       *fiber.App
	unescape, fold, trim, raw bool
}

// routerOf returns the router that serves the request. It remembers that of the
// first application that the middleware is used in: seldom are there others.
func (m *middleware) routerOf(c *fiber.Ctx) router {
	app, known := c.App(), m.router.Load()
	if known != nil && known.app == app {
		return *known
	}
	config := app.Config()
	r := router{app, config.UnescapePath, !config.CaseSensitive, !config.StrictRouting, config.DisableHeaderNormalizing}
	if known == nil {
		first := r
		m.router.CompareAndSwap(nil, &first)
	}
	return r
}

// paths returns the path that the router compares, decoded, and as it was sent
// where it has escapes that matter, else "".
func (s *scratch) paths(sent []byte, r router) (path, other string) {
	if r.unescape {
		s.path = fasthttp.AppendUnquotedArg(s.path[:0], sent) // as fiber does, which makes a blank of "+" too
	} else {
		s.path = appendDecoded(s.path[:0], sent)
	}
	s.path = r.prettify(s.path)
	if !escapesMatter(sent) {
		return view(s.path), ""
	}
	s.other = r.prettify(append(s.other[:0], sent...))
	return view(s.path), view(s.other)
}

// prettify does to a path what fiber does before it compares it, but for its
// case, which is left to the routes.
func (r router) prettify(path []byte) []byte {
	if r.trim {
		for len(path) > 1 && path[len(path)-1] == '/' {
			path = path[:len(path)-1]
		}
	}
	return path
}

// escapesMatter reports whether a path has escapes that a client need not have
// written, or that are malformed. Those of blanks, of bytes beyond ASCII and of
// a few others have to be there, and leave no doubt about what is meant.
func escapesMatter(path []byte) bool {
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			continue
		}
		if i+2 >= len(path) {
			return true
		}
		b, ok := unhex(path[i+1], path[i+2])
		if !ok || b < 0x80 && strings.IndexByte(" \"<>[]^`{|}", b) < 0 {
			return true
		}
		i += 2
	}
	return false
}

// appendDecoded decodes a path. What is malformed stays.
func appendDecoded(dst, path []byte) []byte {
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) {
			if b, ok := unhex(path[i+1], path[i+2]); ok {
				dst = append(dst, b)
				i += 2
				continue
			}
		}
		dst = append(dst, path[i])
	}
	return dst
}

func unhex(hi, lo byte) (byte, bool) {
	h, ok := hexDigit(hi)
	l, ok2 := hexDigit(lo)
	return h<<4 | l, ok && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// anyOrigin allows whatever is an origin.
var anyOrigin = core.MustNew(core.Policy{AllowOrigins: []string{"*"}})

// mayAsk reports whether an AllowOriginFunc may be asked about a request. That
// takes a single well-formed origin: others are not worth a copy, however long.
func mayAsk(r *core.Request) bool {
	return len(r.Origin) == 1 && anyOrigin.AllowsOrigin(r.Origin[0])
}

// clone copies what is in the request's memory, for functions that may keep it.
func clone(r core.Request) core.Request {
	copied := func(list []string) []string {
		if list == nil {
			return nil
		}
		c := make([]string, len(list))
		for i, s := range list {
			c[i] = strings.Clone(s)
		}
		return c
	}
	return core.Request{
		Method: strings.Clone(r.Method), Host: strings.Clone(r.Host),
		Path: strings.Clone(r.Path), RawPath: strings.Clone(r.RawPath),
		FoldPath:                           r.FoldPath,
		Origin:                             copied(r.Origin),
		AccessControlRequestMethod:         copied(r.AccessControlRequestMethod),
		AccessControlRequestHeaders:        copied(r.AccessControlRequestHeaders),
		AccessControlRequestPrivateNetwork: copied(r.AccessControlRequestPrivateNetwork),
		SecFetchSite:                       copied(r.SecFetchSite),
	}
}
