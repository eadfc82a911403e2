package corsfasthttp

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/core"
)

// names are the names of the headers that an outcome may have.
var names = slices.Collect(core.ResponseHeaders())

// shortest and longest bound the lengths of names.
var shortest, longest = func() (shortest, longest int) {
	shortest = len(names[0])
	for _, name := range names {
		shortest, longest = min(shortest, len(name)), max(longest, len(name))
	}
	return shortest, longest
}()

// isCORS reports whether key is one of names, in any spelling.
func isCORS(key []byte) bool {
	if len(key) < shortest || len(key) > longest {
		return false
	}
	return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(view(key), name) })
}

// write sets the headers of an outcome in a response. They replace the headers that the
// middleware of another engine has written, except for Vary, to which it adds names.
func write(h *fasthttp.ResponseHeader, o *core.Outcome) {
	n, vary := o.Len(), o.Vary()
	if n == 0 && vary == "" {
		return
	}
	decided, varies := false, false
	for _, key := range h.PeekKeys() {
		decided = decided || isCORS(key)
		varies = varies || string(key) == fasthttp.HeaderVary
	}
	if decided {
		dropSpelled(h) // otherwise Allow-Credentials of another engine would apply to this policy's origin
	}
	switch {
	case vary == "":
	case !varies:
		set(h, fasthttp.HeaderVary, vary)
	default:
		addVary(h, vary)
	}
	for i := range n {
		name, value := o.Header(i)
		set(h, name, value)
	}
}

// addVary adds names, separated by ", ", to Vary unless it lists all of them.
func addVary(h *fasthttp.ResponseHeader, names string) {
	if names != "" && !covers(h.PeekAll(fasthttp.HeaderVary), names) {
		h.Add(fasthttp.HeaderVary, names)
	}
}

// set sets a header whose name is canonical. fasthttp copies both strings.
func set(h *fasthttp.ResponseHeader, name, value string) {
	h.SetCanonical(unsafe.Slice(unsafe.StringData(name), len(name)), unsafe.Slice(unsafe.StringData(value), len(value)))
}

// compare reports whether the CORS headers of a response are exactly those of an
// outcome, one line each, and returns how many lines of Vary are the outcome's. One walk
// over the headers takes less time than two look-ups, for which fasthttp first normalizes
// the name.
func compare(h *fasthttp.ResponseHeader, o *core.Outcome) (exact bool, vary int) {
	exact = true
	n := o.Len()
	seen, all := uint(0), uint(1)<<n-1
	h.VisitAll(func(key, value []byte) {
		if len(key) == len(fasthttp.HeaderVary) {
			if string(key) == fasthttp.HeaderVary && string(value) == o.Vary() {
				vary++
			}
			return
		}
		if len(key) < shortest || len(key) > longest {
			return
		}
		for i := range n {
			if name, want := o.Header(i); string(key) == name && string(value) == want && seen&(1<<i) == 0 {
				seen |= 1 << i
				return
			}
		}
		exact = exact && !isCORS(key)
	})
	return exact && seen == all, vary
}

// compactVary removes repeated lines of Vary.
func compactVary(h *fasthttp.ResponseHeader) {
	var lines []string
	for _, line := range h.PeekAll(fasthttp.HeaderVary) {
		if !slices.Contains(lines, view(line)) {
			lines = append(lines, string(line))
		}
	}
	h.Del(fasthttp.HeaderVary)
	for _, line := range lines {
		h.Add(fasthttp.HeaderVary, line)
	}
}

// dropSpelled removes all CORS headers, however their names are spelled. fasthttp normalizes
// a name before it deletes the header, unless normalizing is disabled, and a response does
// not show whether it is. If a header is left, normalizing was enabled and the header's name
// is not normalized.
func dropSpelled(h *fasthttp.ResponseHeader) {
	if drop(h) {
		h.DisableNormalizing()
		drop(h)
		h.EnableNormalizing()
	}
}

// drop deletes all CORS headers, and reports whether any are left.
func drop(h *fasthttp.ResponseHeader) (left bool) {
	for _, key := range h.PeekKeys() {
		if isCORS(key) {
			h.DelBytes(key)
		}
	}
	return slices.ContainsFunc(h.PeekKeys(), isCORS)
}

// covers reports whether the lines of Vary contain all names.
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
