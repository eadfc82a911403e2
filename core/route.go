package core

import (
	"bytes"
	"strings"

	"github.com/corskit/corskit/reason"
)

// Route applies policies to the requests for one host and one or more paths. See
// [NewRouted].
//
// The engine compares a route, byte for byte, with the path that the framework's router
// uses: case matters, '+' is a plus sign, and nothing is decoded or cleaned. If the
// router ignores case, routes do too (see [Request].FoldPath).
//
// If a path contains "//", "." or ".." segments, or an escape such as %2F, routers
// differ in how they read it. A route covers such a path only if it is the first to
// cover each reading. If the readings lead to different routes, no origin is
// allowed, and if any route has RejectDisallowed, the request is rejected. So
// "/public/../admin" never gets the policies of "/public/", however the router
// reads it.
//
// Paths that differ in a final slash are different paths, not two readings of one.
// If a server or middleware removes the slash before routing, write "/private/",
// which covers both, not "/private".
type Route struct {
	// Host is the host that a request must be sent to, in lower case and without a
	// port. The port, the case and a final dot of the request's host are ignored.
	// If Host is empty, the route covers any host.
	Host string

	// Path is the path that a request must have. If it ends in a slash, the route
	// also covers every path below it, as well as the same path without the slash,
	// which [net/http.ServeMux] redirects. If it is empty or "/", the route covers
	// every path.
	Path string

	// Policies apply to the requests that the route covers. The first policy whose
	// origins match governs. There must be at least one.
	Policies []Policy
}

// route is a compiled Route.
type route struct {
	host, path string
	below      bool // whether it covers all paths that begin with path
	to         *state
}

func compileRoutes(routes []Route) (*state, error) {
	warns, effort := new(warnings), newEffort()
	var errs []error
	if len(routes) == 0 {
		e := finding{"", "Routes", -1, ""}.error(reason.NoPolicy, "no route", "pass one, or use New")
		errs = append(errs, &e)
	}
	compiled := make([]route, len(routes))
	for i, r := range routes {
		c := compiler{warns: warns, effort: effort}
		c.checkRoute(i, r)
		c.warnExact(i, routes)
		for j, earlier := range routes[:i] {
			if covers(earlier, r) {
				c.warn(finding{"", "Routes", i, r.Host + r.Path}, reason.UnreachableRoute,
					textf("the earlier route %d covers it", j), "move it before that route")
				break
			}
		}
		compiled[i] = route{host: r.Host, path: r.Path, below: r.Path == "" || strings.HasSuffix(r.Path, "/")}
		if r.Path == "/" {
			compiled[i].path = ""
		}
		if same := sharing(routes[:i], r.Policies); same >= 0 {
			compiled[i].to = compiled[same].to
		} else {
			compiled[i].to = &state{rules: c.compile(r.Policies)}
		}
		errs = append(errs, c.errs...)
	}
	if len(errs) > 0 {
		return nil, &refusal{errs, warns.all()}
	}
	s := &state{
		routes: compiled, warnings: warns.all(), conflict: conflictState(compiled),
		outline: Outline{Routes: outlineRoutes(routes, compiled)},
	}
	for _, r := range compiled {
		s.hosts = s.hosts || r.host != ""
	}
	return s, nil
}

// sharing returns the index of a route with the same slice of policies, or -1. A
// large list that several routes share is compiled only once.
func sharing(routes []Route, policies []Policy) int {
	for i, r := range routes {
		if len(policies) > 0 && len(r.Policies) == len(policies) && &r.Policies[0] == &policies[0] {
			return i
		}
	}
	return -1
}

// covers reports whether a covers all requests that b covers.
func covers(a, b Route) bool {
	return (a.Host == "" || a.Host == b.Host) && (a.Path == "" || a.Path == "/" ||
		a.Path == b.Path || strings.HasSuffix(a.Path, "/") && strings.HasPrefix(b.Path+"/", a.Path))
}

// Results of state.index that are not indices.
const (
	noRoute     = -1 // no route covers any reading of the path
	conflicting = -2 // the readings of the path lead to different routes
)

// maxReading is the maximum length in bytes of a path whose other readings are
// examined. A longer path that has other readings counts as conflicting.
const maxReading = 1024

// route returns the state that governs requests for a host and path. It stores the route
// in o.
func (s *state) route(t Target, o *Outcome) *state {
	switch i := s.index(t); i {
	case noRoute:
		return untouched
	case conflicting:
		return s.conflict
	default:
		o.route = int32(i) + 1
		return s.routes[i].to
	}
}

// index returns the index of the route that covers all readings of the path, or
// noRoute or conflicting.
func (s *state) index(t Target) int {
	host, fold := t.Host, t.FoldPath
	if s.hosts {
		host = hostname(host)
	}
	i := first(s, host, t.Path, fold)
	if ambiguous(t.Path) && !s.cleansTo(host, t.Path, fold, i) {
		return conflicting
	}
	if t.RawPath != "" && t.RawPath != t.Path &&
		(first(s, host, t.RawPath, fold) != i || ambiguous(t.RawPath) && !s.cleansTo(host, t.RawPath, fold, i)) {
		return conflicting
	}
	return i
}

// cleansTo reports whether the clean form of a path leads to route i too.
func (s *state) cleansTo(host, path string, fold bool, i int) bool {
	if len(path) > maxReading {
		return false
	}
	var buf [maxReading]byte
	return first(s, host, clean(buf[:0], path), fold) == i
}

// conflictState returns the state for paths whose readings lead to different
// routes. The state allows no origin, and rejects requests if any route does.
func conflictState(routes []route) *state {
	c := newCompiler()
	p := Policy{}
	for _, r := range routes {
		p.RejectDisallowed = p.RejectDisallowed || r.to.rules.rejects
	}
	rs := c.compile([]Policy{p})
	for _, v := range []*verdict{rs.disallowed, rs.rejected, rs.disallowedPreflight} {
		v.Code = CodePathAmbiguous
	}
	return &state{rules: rs}
}

// first returns the index of the first route that covers host and path, or noRoute.
func first[T string | []byte](s *state, host string, path T, fold bool) int {
	for i := range s.routes {
		r := &s.routes[i]
		if (r.host == "" || equalFold(r.host, host)) && coversPath(r, path, fold) {
			return i
		}
	}
	return noRoute
}

// coversPath reports whether r covers path. If fold is set, ASCII case does not
// matter.
func coversPath[T string | []byte](r *route, path T, fold bool) bool {
	n := len(r.path)
	if len(path) < n {
		return r.below && len(path) == n-1 && samePath(path, r.path[:n-1], fold)
	}
	return (r.below || len(path) == n) && samePath(path[:n], r.path, fold)
}

// samePath compares two paths of equal length. If fold is set, ASCII case does not
// matter.
func samePath[T string | []byte](path T, route string, fold bool) bool {
	if !fold {
		return string(path) == route
	}
	for i := range len(route) {
		if asciiLower(path[i]) != asciiLower(route[i]) {
			return false
		}
	}
	return true
}

func asciiLower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// hostname returns the value of a Host field without its port and without a final
// dot: "a.example." is the same server as "a.example".
func hostname(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	return strings.TrimSuffix(host, ".")
}

// equalFold reports whether s equals lower, ignoring ASCII case. lower must be in
// lower case.
func equalFold(lower, s string) bool {
	if len(lower) != len(s) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if asciiLower(s[i]) != lower[i] {
			return false
		}
	}
	return true
}

// ambiguous reports whether a router might clean the path, because it has a segment
// that is empty, "." or "..". An empty last segment does not count.
func ambiguous(path string) bool {
	for i := 1; i < len(path); i++ {
		if path[i-1] == '/' && (path[i] == '/' || path[i] == '.' && isDots(path[i:])) {
			return true
		}
	}
	return false
}

// isDots reports whether the first segment of path is "." or "..". path must begin
// with a dot.
func isDots(path string) bool {
	rest := strings.TrimPrefix(path[1:], ".")
	return rest == "" || rest[0] == '/'
}

// clean appends the path to b without empty, "." and ".." segments, as [path.Clean]
// does. It also drops a final slash, which some routers keep. The path with that
// slash need not be tried: a route that covers /a/ covers /a, and a route that
// covers only /a does not cover the path as sent.
func clean(b []byte, path string) []byte {
	for path != "" {
		var segment string
		segment, path, _ = strings.Cut(path, "/")
		switch segment {
		case "", ".":
		case "..":
			b = b[:max(0, bytes.LastIndexByte(b, '/'))]
		default:
			b = append(append(b, '/'), segment...)
		}
	}
	return b
}
