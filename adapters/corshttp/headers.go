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
	if len(h) > 0 || o.AllowOrigin() != "" {
		writeAll(h, o)
	} else if add := o.Vary(); add != "" {
		addVary(h, take(1), nil, add)
	}
}

func writeAll(h http.Header, o *core.Outcome) {
	origin, add := o.AllowOrigin(), o.Vary()
	var lines []string // of Vary, to be kept
	if len(h) > 0 {
		var done bool
		if lines, add, done = merge(h, o); done {
			return
		}
	}

	// All values stand in one array, in elements of this response's own.
	n := 0
	if add != "" {
		n = len(lines) + 1
	}
	if origin == "" {
		if n > 0 {
			addVary(h, take(n), lines, add)
		}
		return
	}
	credentials, expose := o.AllowCredentials(), o.ExposeHeaders()
	preflight := o.Kind() == core.Preflight
	n++
	if credentials != "" {
		n++
	}
	if expose != "" {
		n++
	}
	if preflight {
		n += preflightCount(o)
	}
	free := take(n)
	free = set(h, allowOrigin, origin, free)
	if credentials != "" {
		free = set(h, allowCredentials, credentials, free)
	}
	if expose != "" {
		free = set(h, exposeHeaders, expose, free)
	}
	if preflight {
		free = setPreflight(h, o, free)
	}
	if add != "" {
		addVary(h, free, lines, add)
	}
}

// set sets a header to the first of the free elements, and returns the others.
func set(h http.Header, name, value string, free []string) []string {
	free[0] = value
	h[name] = free[:1:1]
	return free[1:]
}

func addVary(h http.Header, free, lines []string, add string) {
	copy(free, lines)
	free[len(lines)] = add
	h[vary] = free
}

func preflightCount(o *core.Outcome) int {
	n := 0
	for _, value := range [...]string{o.AllowMethods(), o.AllowHeaders(), o.MaxAge(), o.AllowPrivateNetwork()} {
		if value != "" {
			n++
		}
	}
	return n
}

func setPreflight(h http.Header, o *core.Outcome, free []string) []string {
	if value := o.AllowMethods(); value != "" {
		free = set(h, allowMethods, value, free)
	}
	if value := o.AllowHeaders(); value != "" {
		free = set(h, allowHeaders, value, free)
	}
	if value := o.MaxAge(); value != "" {
		free = set(h, maxAge, value, free)
	}
	if value := o.AllowPrivateNetwork(); value != "" {
		free = set(h, allowPrivate, value, free)
	}
	return free
}

// merge makes room among the headers of a response for those of o: it drops CORS
// headers that another middleware has written, and returns the lines of Vary that
// are there and what has to be added to them. It is done if there is nothing to
// write, because o has nothing or the middleware was applied twice.
func merge(h http.Header, o *core.Outcome) (lines []string, add string, done bool) {
	if add = o.Vary(); add == "" && o.AllowOrigin() == "" {
		return nil, "", true
	}
	others := len(h)
	if lines = h[vary]; lines != nil {
		others--
	}
	if others > 0 && (h[allowOrigin] != nil || h[allowCredentials] != nil) {
		if written(h, o) {
			return nil, "", true
		}
		dropCORS(h)
	}
	if add == "" || covers(lines, add) {
		return nil, "", false
	}
	return lines, add, false
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
