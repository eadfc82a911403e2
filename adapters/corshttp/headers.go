package corshttp

import (
	"net/http"
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
)

const (
	allowOrigin      = "Access-Control-Allow-Origin"
	allowCredentials = "Access-Control-Allow-Credentials"
	varyName         = "Vary"
	originName       = "Origin"
)

// write sets the headers of an outcome in a response. They replace the headers that the
// middleware of another engine has written, so that the innermost engine decides. It adds
// names to Vary. write allocates one array for all values, which no other response
// shares.
//
// nested reports whether another engine may have decided before. If it has, the
// headers allow an origin or Vary lists Origin.
func write(h http.Header, o *core.Outcome) (nested bool) {
	n, vary := o.Len(), o.Vary()
	if n == 0 && vary == "" {
		return false
	}
	var lines []string // existing lines of Vary
	if len(h) > 0 {
		lines = h[varyName]
		onlyVary := lines != nil && len(h) == 1
		if !onlyVary && (h[allowOrigin] != nil || h[allowCredentials] != nil) {
			if written(h, o) {
				return true
			}
			nested = true
			dropCORS(h)
		}
		if lines != nil {
			listed := covers(lines, originName)
			nested = nested || listed
			if vary != originName {
				listed = covers(lines, vary)
			}
			if listed {
				vary = ""
			}
		}
	}
	size := n
	if vary != "" {
		size += len(lines) + 1
	}
	if size == 0 {
		return nested
	}
	values := newValues(size)
	for i := range n {
		name, value := o.Header(i)
		values[0] = value
		h[name] = values[:1:1]
		values = values[1:]
	}
	if vary != "" {
		copy(values, lines)
		values[len(lines)] = vary
		h[varyName] = values
	}
	return nested
}

// newValues returns n empty strings. An array whose size is known to the compiler
// takes less time to allocate.
func newValues(n int) []string {
	switch n {
	case 1:
		return new([1]string)[:]
	case 2:
		return new([2]string)[:]
	case 3:
		return new([3]string)[:]
	case 4:
		return new([4]string)[:]
	default:
		return make([]string, n)
	}
}

// written reports whether h already has exactly the CORS headers of o, as when
// the middleware is applied twice.
func written(h http.Header, o *core.Outcome) bool {
	next := 0
	for name := range core.ResponseHeaders() {
		lines := h[name]
		if next < o.Len() {
			if set, value := o.Header(next); set == name {
				if len(lines) != 1 || lines[0] != value {
					return false
				}
				next++
				continue
			}
		}
		if len(lines) > 0 {
			return false
		}
	}
	return covers(h[varyName], o.Vary())
}

func dropCORS(h http.Header) {
	for name := range core.ResponseHeaders() {
		delete(h, name)
	}
}

// AddVary adds names, separated by ", ", to the Vary header of a response, unless
// it already lists all of them. It keeps the existing lines and does not modify the
// slice that holds them.
func AddVary(h http.Header, names string) {
	lines := h[varyName]
	if covers(lines, names) {
		return
	}
	h[varyName] = append(append(make([]string, 0, len(lines)+1), lines...), names)
}

// covers reports whether the lines of Vary contain all names.
func covers(lines []string, names string) bool {
	for names != "" {
		name, rest := names, ""
		if comma := strings.IndexByte(names, ','); comma >= 0 {
			name, rest = names[:comma], strings.TrimPrefix(names[comma+1:], " ")
		}
		if !slices.ContainsFunc(lines, func(line string) bool { return core.ListHas(line, name) }) {
			return false
		}
		names = rest
	}
	return true
}
