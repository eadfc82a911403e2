package corsfasthttp

import (
	"context"
	"strings"
	"unsafe"

	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/core"
)

// source is a request as the engine sees it: views of fasthttp's memory and of
// the source's own. It is reused for later requests.
type source struct {
	ctx       *fasthttp.RequestCtx
	routing   Routing
	contexter Contexter

	// One array for the lines of each field. Two lines are enough to see that a
	// field is repeated.
	origin, method, private, site [2]string
	names                         [maxNamesLines]string
	listed                        int // how many elements of names are in use

	value []byte // a copy of Origin: the handler may change the request
	path  []byte // decoded
	raw   []byte // as sent, if its encoding matters
}

// maxNamesLines is one more than the maximum number of lines of header names that the engine
// echoes.
const maxNamesLines = 17

// maxRoom is the capacity, in bytes, up to which a buffer is kept for later
// requests.
const maxRoom = 4096

// free drops the references to the request and any large buffers.
func (s *source) free() {
	s.ctx, s.contexter = nil, nil
	s.origin, s.method, s.private, s.site = [2]string{}, [2]string{}, [2]string{}, [2]string{}
	clear(s.names[:s.listed])
	s.listed = 0
	for _, buffer := range []*[]byte{&s.value, &s.path, &s.raw} {
		if cap(*buffer) > maxRoom {
			*buffer = nil
		}
	}
}

func (s *source) Context() context.Context { return s.contexter.Context() }
func (s *source) Method() string           { return view(s.ctx.Method()) }
func (s *source) Transient() bool          { return true }

func (s *source) Target() core.Target {
	uri := s.ctx.URI()
	t := core.Target{Host: view(uri.Host()), FoldPath: s.routing.FoldPath}
	t.Path, t.RawPath = s.paths(uri.PathOriginal())
	return t
}

func (s *source) Lines(name string) []string {
	switch name {
	case "Origin":
		lines := s.lines(s.origin[:], name)
		if len(lines) == 1 && len(lines[0]) <= maxRoom { // no response echoes a longer one
			s.value = append(s.value[:0], lines[0]...)
			lines[0] = view(s.value)
		}
		return lines
	case "Access-Control-Request-Method":
		return s.lines(s.method[:], name)
	case "Access-Control-Request-Headers":
		lines := s.lines(s.names[:], name)
		s.listed = len(lines)
		return lines
	case "Access-Control-Request-Private-Network":
		return s.lines(s.private[:], name)
	default:
		return s.lines(s.site[:], name)
	}
}

// lines returns the lines of a field, at most as many as dst has room for.
func (s *source) lines(dst []string, name string) []string {
	n, h := 0, &s.ctx.Request.Header
	if !s.routing.RawNames {
		for _, value := range h.PeekAll(name) {
			if n == len(dst) {
				break
			}
			dst[n] = view(value)
			n++
		}
		return dst[:n]
	}
	h.VisitAll(func(key, value []byte) {
		if n < len(dst) && len(key) == len(name) && strings.EqualFold(view(key), name) {
			dst[n] = view(value)
			n++
		}
	})
	return dst[:n]
}

// view returns b as a string without copying it. The string is valid only until b
// changes.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
