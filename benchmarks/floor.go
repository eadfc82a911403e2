package benchmarks

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/hosts"
)

// floor is a lower bound for middleware on net/http: no middleware that follows the
// rules can be faster. It is not a middleware, because it knows in advance which origins
// the requests come from, and compares Origin only with these. Otherwise it does what the
// rules require. It reads Origin and, for OPTIONS requests,
// Access-Control-Request-Method, and writes headers into memory that no other response
// shares, with one allocation.
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
	allow := count("origin", f.credentials)
	f.actualValues = allow + count(f.expose, f.vary)
	f.preflightValues = allow + count(f.methods, f.headers, f.maxAge, f.preflightVary)
	for _, r := range s.Requests {
		if o := r.Fetch.Origin; r.Allowed && browsermodel.OriginOf(r.Fetch.URL) != o && !slices.Contains(f.allowed, o) {
			f.allowed = append(f.allowed, o)
		}
	}
	return build(hosts.NetHTTP(), s, hosts.Native(f.wrap), nil), nil
}

// count returns how many values are not empty.
func count(values ...string) (n int) {
	for _, v := range values {
		if v != "" {
			n++
		}
	}
	return n
}

type floorMiddleware struct {
	allowed                  []string
	any                      bool
	credentials, expose      string
	methods, headers, maxAge string
	vary, preflightVary      string

	actualValues, preflightValues int // how many values an allowed response has
}

func (f *floorMiddleware) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header["Origin"]
		response := floorResponse{header: w.Header()}
		if len(origin) > 0 && r.Method == http.MethodOptions && len(r.Header["Access-Control-Request-Method"]) > 0 {
			w.WriteHeader(f.preflight(&response, origin))
			return
		}
		if f.any || f.allows(origin) {
			response.reserve(f.actualValues)
			f.allow(&response, origin)
			response.set("Access-Control-Expose-Headers", f.expose)
		}
		response.addVary(f.vary)
		next.ServeHTTP(w, r)
	})
}

func (f *floorMiddleware) preflight(response *floorResponse, origin []string) (status int) {
	if !f.allows(origin) {
		response.addVary(f.preflightVary)
		return http.StatusForbidden
	}
	response.reserve(f.preflightValues)
	f.allow(response, origin)
	response.set("Access-Control-Allow-Methods", f.methods)
	response.set("Access-Control-Allow-Headers", f.headers)
	response.set("Access-Control-Max-Age", f.maxAge)
	response.addVary(f.preflightVary)
	return http.StatusNoContent
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

func (f *floorMiddleware) allow(response *floorResponse, origin []string) {
	if f.any {
		response.set("Access-Control-Allow-Origin", "*")
		return
	}
	response.set("Access-Control-Allow-Origin", origin[0])
	response.set("Access-Control-Allow-Credentials", f.credentials)
}

// floorResponse is the header of one response, and memory for its values.
type floorResponse struct {
	header http.Header
	free   []string
}

// reserve allocates n values, and as many as Vary has.
func (r *floorResponse) reserve(n int) {
	if len(r.header) > 0 {
		n += len(r.header["Vary"])
	}
	r.free = make([]string, n)
}

func (r *floorResponse) set(name, value string) {
	if value != "" {
		one := r.take(1)
		one[0] = value
		r.header[name] = one
	}
}

func (r *floorResponse) addVary(value string) {
	if value == "" {
		return
	}
	if len(r.header) == 0 {
		r.set("Vary", value)
		return
	}
	lines := r.header["Vary"]
	all := r.take(len(lines) + 1)
	copy(all, lines)
	all[len(lines)] = value
	r.header["Vary"] = all
}

// take returns n empty values.
func (r *floorResponse) take(n int) []string {
	if len(r.free) < n {
		r.free = make([]string, n)
	}
	taken := r.free[:n:n]
	r.free = r.free[n:]
	return taken
}
