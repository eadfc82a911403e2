package corsfasthttp

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/core"
)

// write writes the headers of an outcome into those of a response. They replace
// what another engine's middleware has written; names are added to Vary.
func write(h *fasthttp.ResponseHeader, o *core.Outcome) {
	n, vary := o.Len(), o.Vary()
	if n == 0 && vary == "" {
		return
	}
	decided, varies := false, false
	for _, name := range h.PeekKeys() {
		switch string(name) {
		case fasthttp.HeaderAccessControlAllowOrigin:
			decided = true
		case fasthttp.HeaderVary:
			varies = true
		}
	}
	if decided {
		for name := range core.ResponseHeaders() {
			h.Del(name)
		}
	}
	switch {
	case vary == "":
	case !varies:
		set(h, fasthttp.HeaderVary, vary)
	case !coversVary(h, vary):
		h.Add(fasthttp.HeaderVary, vary)
	}
	for i := range n {
		name, value := o.Header(i)
		set(h, name, value)
	}
}

// set sets a header whose name is canonical. fasthttp copies both strings.
func set(h *fasthttp.ResponseHeader, name, value string) {
	h.SetCanonical(unsafe.Slice(unsafe.StringData(name), len(name)), unsafe.Slice(unsafe.StringData(value), len(value)))
}

// hasOrigin reports whether a response has Access-Control-Allow-Origin, in any
// spelling.
func hasOrigin(h *fasthttp.ResponseHeader) bool {
	const name = fasthttp.HeaderAccessControlAllowOrigin
	if len(h.Peek(name)) > 0 {
		return true
	}
	for _, key := range h.PeekKeys() {
		if len(key) == len(name) && strings.EqualFold(view(key), name) {
			return true
		}
	}
	return false
}

// dropSpelled removes all CORS headers, however their names are spelled.
func dropSpelled(h *fasthttp.ResponseHeader) {
	for _, key := range h.PeekKeys() {
		for name := range core.ResponseHeaders() {
			if strings.EqualFold(view(key), name) {
				h.DelBytes(key)
				break
			}
		}
	}
}

// coversVary reports whether the response's Vary lists all names. Usually it has one
// line, which the middleware wrote.
func coversVary(h *fasthttp.ResponseHeader, names string) bool {
	return string(h.Peek(fasthttp.HeaderVary)) == names || covers(h.PeekAll(fasthttp.HeaderVary), names)
}

// covers reports whether the lines of Vary list all names.
func covers(lines [][]byte, names string) bool {
	for names != "" {
		var name string
		name, names, _ = strings.Cut(names, ", ")
		if !slices.ContainsFunc(lines, func(line []byte) bool { return core.ListHas(view(line), name) }) {
			return false
		}
	}
	return true
}
