package corsfasthttp

import (
	"encoding/hex"
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

// paths returns the decoded path that the router compares. raw is the path as sent if it has
// escapes that matter, and "" otherwise.
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

// escapesMatter reports whether a path has escapes that are malformed or unnecessary. Clients
// must escape spaces, bytes outside ASCII and a few others, so these escapes are not
// ambiguous.
func escapesMatter(path []byte) bool {
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			continue
		}
		if i+2 >= len(path) {
			return true
		}
		b, ok := unhex(path[i+1 : i+3])
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
			if b, ok := unhex(path[i+1 : i+3]); ok {
				dst = append(dst, b)
				i += 2
				continue
			}
		}
		dst = append(dst, path[i])
	}
	return dst
}

// unhex decodes two hexadecimal digits.
func unhex(digits []byte) (b byte, ok bool) {
	var decoded [1]byte
	_, err := hex.Decode(decoded[:], digits)
	return decoded[0], err == nil
}
