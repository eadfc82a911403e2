package benchmarks

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// floor is what no middleware for net/http that keeps the rules can be quicker
// than. It is none itself: it has been told which origins are going to be asked
// about, and compares Origin with these few. What it does beside is what the rules
// leave nobody a choice in. It reads Origin and, of OPTIONS requests,
// Access-Control-Request-Method, and writes the headers into memory that no other
// response has, which it takes from an array without any care for other
// goroutines.
func floor(s Setup) (*Server, error) {
	if s.Routes != nil || s.Reload || len(s.Policies()) > 1 {
		return nil, unsupported("one policy for all requests")
	}
	p := s.Policies()[0]
	if p.AnyHeader() {
		return nil, unsupported("echoes nothing")
	}
	f := floorMiddleware{
		any: p.Any(), expose: strings.Join(p.Expose, ", "),
		methods: strings.Join(p.Methods, ", "), headers: strings.Join(p.Headers, ", "),
	}
	if p.Credentials {
		f.credentials = "true"
	}
	if p.MaxAge > 0 {
		f.maxAge = strconv.Itoa(p.Seconds())
	}
	f.vary, f.preflightVary = "Origin", "Origin, Access-Control-Request-Method"
	if f.any {
		f.vary, f.preflightVary = "", "Access-Control-Request-Method"
	}
	for _, r := range s.Requests {
		if o := r.Fetch.Origin; r.Allowed && browsermodel.OriginOf(r.Fetch.URL) != o && !slices.Contains(f.allowed, o) {
			f.allowed = append(f.allowed, o)
		}
	}
	return netHTTPApp([]wrap{f.wrap}, parts[wrap](s), s.Body), nil
}

type floorMiddleware struct {
	allowed                  []string
	any                      bool
	credentials, expose      string
	methods, headers, maxAge string
	vary, preflightVary      string
	free                     []string
}

func (f *floorMiddleware) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin, h := r.Header["Origin"], w.Header()
		if len(origin) > 0 && r.Method == http.MethodOptions && len(r.Header["Access-Control-Request-Method"]) > 0 {
			if !f.allows(origin) {
				f.addVary(h, f.preflightVary)
				w.WriteHeader(http.StatusForbidden)
				return
			}
			f.allow(h, origin)
			f.set(h, "Access-Control-Allow-Methods", f.methods)
			f.set(h, "Access-Control-Allow-Headers", f.headers)
			f.set(h, "Access-Control-Max-Age", f.maxAge)
			f.addVary(h, f.preflightVary)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if f.any || f.allows(origin) {
			f.allow(h, origin)
			f.set(h, "Access-Control-Expose-Headers", f.expose)
		}
		f.addVary(h, f.vary)
		next.ServeHTTP(w, r)
	})
}

func (f *floorMiddleware) allows(origin []string) bool {
	if f.any {
		return true
	}
	for _, a := range f.allowed {
		if len(origin) == 1 && origin[0] == a {
			return true
		}
	}
	return false
}

func (f *floorMiddleware) allow(h http.Header, origin []string) {
	if f.any {
		f.set(h, "Access-Control-Allow-Origin", "*")
		return
	}
	f.set(h, "Access-Control-Allow-Origin", origin[0])
	f.set(h, "Access-Control-Allow-Credentials", f.credentials)
}

func (f *floorMiddleware) set(h http.Header, name, value string) {
	if value != "" {
		one := f.take(1)
		one[0] = value
		h[name] = one
	}
}

func (f *floorMiddleware) addVary(h http.Header, value string) {
	if value == "" {
		return
	}
	if len(h) == 0 {
		f.set(h, "Vary", value)
		return
	}
	lines := h["Vary"]
	all := f.take(len(lines) + 1)
	copy(all, lines)
	all[len(lines)] = value
	h["Vary"] = all
}

// take returns n empty strings.
func (f *floorMiddleware) take(n int) []string {
	if len(f.free) < n {
		f.free = make([]string, 64+n)
	}
	taken := f.free[:n:n]
	f.free = f.free[n:]
	return taken
}
