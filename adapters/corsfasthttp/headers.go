package corsfasthttp

import (
	"bytes"
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

// hasOrigin reports whether a response has Access-Control-Allow-Origin, in any
// spelling. Looking for it by name takes longer, since fasthttp normalizes the
// name first.
func hasOrigin(h *fasthttp.ResponseHeader) bool {
	const name = fasthttp.HeaderAccessControlAllowOrigin
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

// covers reports whether the lines of Vary list all names.
func covers(lines [][]byte, names string) bool {
	if len(lines) == 1 && string(lines[0]) == names {
		return true
	}
	for names != "" {
		var name string
		name, names, _ = strings.Cut(names, ", ")
		if !lists(lines, name) {
			return false
		}
	}
	return true
}

// lists reports whether a list-based field has an element. Case does not matter.
func lists(lines [][]byte, element string) bool {
	for _, line := range lines {
		for len(line) > 0 {
			var e []byte
			e, line, _ = bytes.Cut(line, []byte{','})
			if strings.EqualFold(view(bytes.Trim(e, " \t")), element) {
				return true
			}
		}
	}
	return false
}
