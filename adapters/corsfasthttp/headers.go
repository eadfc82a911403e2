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
		case fasthttp.HeaderAccessControlAllowOrigin, fasthttp.HeaderAccessControlAllowCredentials:
			decided = true // or, with the policy's origin, the credentials would take effect
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
	case !covers(h.PeekAll(fasthttp.HeaderVary), vary):
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

// present reports whether a response has Access-Control-Allow-Origin, in any spelling,
// and whether a line of its Vary is names. One walk over the headers takes less time
// than looking for two names, which fasthttp normalizes first.
func present(h *fasthttp.ResponseHeader, names string) (origin, vary bool) {
	const originName = fasthttp.HeaderAccessControlAllowOrigin
	vary = names == ""
	h.VisitAll(func(key, value []byte) {
		switch len(key) {
		case len(originName):
			origin = origin || strings.EqualFold(view(key), originName)
		case len(fasthttp.HeaderVary):
			vary = vary || string(key) == fasthttp.HeaderVary && string(value) == names
		}
	})
	return origin, vary
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

// covers reports whether the lines of Vary list all names.
func covers(lines [][]byte, names string) bool {
	if len(lines) == 1 && string(lines[0]) == names {
		return true
	}
	for names != "" {
		var name string
		name, names, _ = strings.Cut(names, ", ")
		if !slices.ContainsFunc(lines, func(line []byte) bool { return core.ListHas(view(line), name) }) {
			return false
		}
	}
	return true
}
