package corsfasthttp

import (
	"strings"

	"github.com/valyala/fasthttp"
)

// Routing says how a framework reads a request before it compares the path with
// its routes. The zero Routing compares decoded paths byte by byte.
type Routing struct {
	// PlusIsSpace reports whether the router decodes "+" as a space, as
	// fasthttp.AppendUnquotedArg does.
	PlusIsSpace bool
	// FoldPath reports whether the router ignores the case of ASCII letters.
	FoldPath bool
	// TrimSlash reports whether the router ignores slashes at the end.
	TrimSlash bool
	// RawNames reports whether names of header fields are kept as they were sent:
	// in lower case, for example, behind a proxy that speaks HTTP/2.
	RawNames bool
}

// paths returns the path that the router compares, decoded, and as sent if it has
// escapes that matter, or "".
func (s *source) paths(sent []byte) (path, raw string) {
	if s.routing.PlusIsSpace {
		s.path = fasthttp.AppendUnquotedArg(s.path[:0], sent)
	} else {
		s.path = appendDecoded(s.path[:0], sent)
	}
	s.path = s.routing.trim(s.path)
	if !escapesMatter(sent) {
		return view(s.path), ""
	}
	s.raw = s.routing.trim(append(s.raw[:0], sent...))
	return view(s.path), view(s.raw)
}

func (r Routing) trim(path []byte) []byte {
	if r.TrimSlash {
		for len(path) > 1 && path[len(path)-1] == '/' {
			path = path[:len(path)-1]
		}
	}
	return path
}

// escapesMatter reports whether a path has escapes that are malformed or that a
// client need not have written. Spaces, bytes beyond ASCII and a few others must
// be escaped, and leave no doubt about what is meant.
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

// appendDecoded decodes a path. Malformed escapes stay.
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
