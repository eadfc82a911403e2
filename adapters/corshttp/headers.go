package corshttp

import (
	"net/http"
	"strings"

	"github.com/corskit/corskit/core"
)

// Header names, in the form in which http.Header has its keys.
const (
	allowOrigin      = "Access-Control-Allow-Origin"
	allowCredentials = "Access-Control-Allow-Credentials"
	exposeHeaders    = "Access-Control-Expose-Headers"
	allowMethods     = "Access-Control-Allow-Methods"
	allowHeaders     = "Access-Control-Allow-Headers"
	maxAge           = "Access-Control-Max-Age"
	allowPrivate     = "Access-Control-Allow-Private-Network"
	vary             = "Vary"
)

// WriteHeaders writes the headers of a decision into those of a response, for
// adapters of frameworks that have an http.Header and do not leave it all to
// [Apply]. It replaces the CORS headers that another engine's middleware has
// written before, so that the innermost one decides, and adds to Vary.
//
// It allocates at most once, nothing if there is nothing to write, and no slice
// that it writes is shared with another response.
func WriteHeaders(h http.Header, d core.Decision) {
	o := d.Outcome()
	writeHeaders(h, &o)
}

func writeHeaders(h http.Header, o *core.Outcome) {
	origin, add := o.AllowOrigin(), o.Vary()
	if add == "" && origin == "" {
		return
	}
	var lines []string
	if len(h) > 0 {
		if h[allowOrigin] != nil || h[allowCredentials] != nil {
			if written(h, o) {
				return
			}
			dropCORS(h)
		}
		if add != "" {
			if lines = h[vary]; covers(lines, add) {
				add = ""
			}
		}
	}

	// All values stand in one array, in elements of this response's own.
	n := 0
	if origin != "" {
		n = headerCount(o)
	}
	if add != "" {
		n += len(lines) + 1
	}
	if n == 0 {
		return
	}
	v := values{take(n)}
	if origin != "" {
		h[allowOrigin] = v.one(origin)
		v.set(h, allowCredentials, o.AllowCredentials())
		v.set(h, exposeHeaders, o.ExposeHeaders())
		if o.Kind() == core.Preflight {
			v.set(h, allowMethods, o.AllowMethods())
			v.set(h, allowHeaders, o.AllowHeaders())
			v.set(h, maxAge, o.MaxAge())
			v.set(h, allowPrivate, o.AllowPrivateNetwork())
		}
	}
	if add != "" {
		n := len(lines)
		all := v.free[: n+1 : n+1]
		copy(all, lines)
		all[n] = add
		h[vary] = all
	}
}

// headerCount returns how many headers other than Vary an outcome has.
func headerCount(o *core.Outcome) int {
	n := 1
	count := func(value string) {
		if value != "" {
			n++
		}
	}
	count(o.AllowCredentials())
	count(o.ExposeHeaders())
	if o.Kind() == core.Preflight {
		count(o.AllowMethods())
		count(o.AllowHeaders())
		count(o.MaxAge())
		count(o.AllowPrivateNetwork())
	}
	return n
}

// values hands out slices of one array, none of which can grow into another.
type values struct{ free []string }

func (s *values) one(v string) []string {
	one := s.free[:1:1]
	s.free = s.free[1:]
	one[0] = v
	return one
}

func (s *values) set(h http.Header, name, value string) {
	if value != "" {
		h[name] = s.one(value)
	}
}

// written reports whether h has exactly the CORS headers of o already, because
// the middleware was applied twice.
func written(h http.Header, o *core.Outcome) bool {
	same := func(name, value string) bool {
		lines := h[name]
		if value == "" {
			return len(lines) == 0
		}
		return len(lines) == 1 && lines[0] == value
	}
	return same(allowOrigin, o.AllowOrigin()) && same(allowCredentials, o.AllowCredentials()) &&
		same(exposeHeaders, o.ExposeHeaders()) && same(allowMethods, o.AllowMethods()) &&
		same(allowHeaders, o.AllowHeaders()) && same(maxAge, o.MaxAge()) &&
		same(allowPrivate, o.AllowPrivateNetwork()) && (o.Vary() == "" || covers(h[vary], o.Vary()))
}

func dropCORS(h http.Header) {
	for _, name := range [...]string{
		allowOrigin, allowCredentials, exposeHeaders, allowMethods, allowHeaders, maxAge, allowPrivate,
	} {
		delete(h, name)
	}
}

// covers reports whether the lines of Vary have every name of add.
func covers(lines []string, add string) bool {
	if len(lines) == 0 {
		return false
	}
	for add != "" {
		var name string
		name, add, _ = strings.Cut(add, ", ")
		if !lists(lines, name) {
			return false
		}
	}
	return true
}

// lists reports whether a list-based field has an element, without regard to case.
func lists(lines []string, element string) bool {
	for _, line := range lines {
		for len(line) >= len(element) {
			e, rest, _ := strings.Cut(line, ",")
			if e = trimmed(e); len(e) == len(element) && strings.EqualFold(e, element) {
				return true
			}
			line = rest
		}
	}
	return false
}

// trimmed returns a list's element without the blanks around it (RFC 9110,
// section 5.6.3).
func trimmed(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
