package core

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/corskit/corskit/internal/origin"
)

// Route applies policies to the requests of one host and path. See [NewRouted].
//
// Paths are compared byte for byte with the path that the framework's router
// compares: case matters, '+' is a plus sign, and nothing is decoded or
// cleaned; where the router does not tell upper case from lower, neither do
// routes (see [Request].FoldPath). A path that could be read in more than one way, because it holds
// "//", "." or ".." segments, or an escape such as %2F that matters, is covered
// by a route only if that route is the first to cover every reading of it. If
// its readings lead to different routes, no origin is allowed, and if some route
// has RejectDisallowed, requests are rejected. So "/public/../admin" never gets
// the policies of "/public/", whatever the router makes of it. Of a plain slash at
// the end there are no two readings: where something drops it before the router
// sees the path, write a route as "/private/" and not as "/private".
type Route struct {
	// Host is the host a request must be sent to, without a port, in lower
	// case. Request hosts compare without regard to ASCII case, to the port and
	// to a dot at the end.
	// Empty means any host.
	Host string

	// Path is a path, which covers itself alone, or ends in a slash and covers
	// every path below it and, as [net/http.ServeMux] redirects there, itself
	// without the slash. Empty and "/" cover every path.
	Path string

	// Policies are the policies of these requests: the first whose origins
	// match governs. At least one is needed.
	Policies []Policy
}

// route is a Route, compiled.
type route struct {
	host, path string
	below      bool // it covers what begins with path, which is empty or ends in a slash
	to         *state
}

func compileRoutes(routes []Route) (*state, error) {
	warns := new(warnings)
	var errs []error
	if len(routes) == 0 {
		errs = append(errs, &PolicyError{
			Field: "Routes", Index: -1, Reason: ReasonNoPolicy, Detail: "no route", Suggestion: "pass one, or use New",
		})
	}
	compiled := make([]route, len(routes))
	for i, r := range routes {
		c := compiler{warns: warns}
		c.checkRoute(i, r)
		for j, earlier := range routes[:i] {
			if covers(earlier, r) {
				warns.add(Warning{
					Field: "Routes", Index: i, Value: r.Host + r.Path, Code: WarnUnreachableRoute,
					Detail: "route " + strconv.Itoa(j) + " before it covers it", Suggestion: "move it before that one",
				})
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
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	s := &state{routes: compiled, warnings: warns.all(), torn: tornState(compiled)}
	for _, r := range compiled {
		s.hosts = s.hosts || r.host != ""
	}
	return s, nil
}

// sharing returns the index of a route that has the very same policies, so that
// a large list used twice is compiled once, or -1.
func sharing(routes []Route, policies []Policy) int {
	for i, r := range routes {
		if len(policies) > 0 && len(r.Policies) == len(policies) && &r.Policies[0] == &policies[0] {
			return i
		}
	}
	return -1
}

func (c *compiler) checkRoute(i int, r Route) {
	fault := func(value string, reason Reason, detail, suggestion string) {
		c.fault(PolicyError{Field: "Routes", Index: i, Value: value, Reason: reason, Detail: detail, Suggestion: suggestion})
	}
	mean := func(host, path, otherwise string) string {
		check := compiler{warns: c.warns}
		if check.checkRoute(i, Route{host, path, []Policy{{}}}); len(check.errs) > 0 {
			return otherwise
		}
		return "did you mean " + strconv.Quote(host+path) + "?"
	}
	if r.Host != "" {
		const canonical = "write it as browsers send it, without a port"
		o, ok := origin.Parse("https://" + strings.TrimSuffix(r.Host, ":443"))
		if ok && strings.HasSuffix(r.Host, ":443") {
			o.Port = 443
		}
		switch {
		case ok && o.Port == 0:
		case ok:
			fault(r.Host, ReasonPort, "a route's host has no port", mean(o.Host, "", "write the host alone"))
		case strings.Contains(r.Host, "://"):
			fault(r.Host, ReasonHost, "a route has a host, not an origin", "write the host alone")
		case strings.Contains(r.Host, "*"):
			fault(r.Host, ReasonWildcard, "a route's host has no wildcard", "leave the host out to cover all, or write one route for each")
		case strings.ToLower(r.Host) != r.Host:
			fault(r.Host, ReasonUpperCase, "upper case in a host", mean(strings.ToLower(r.Host), "", canonical))
		default:
			s := canonical
			if f := origin.ParsePattern("https://"+r.Host, func(origin.Pattern) {}); f != nil {
				if fixed, ok := strings.CutPrefix(f.Suggestion, `did you mean "https://`); ok {
					s = mean(strings.TrimSuffix(fixed, `"?`), "", s)
				}
			}
			fault(r.Host, ReasonHost, "not a host name in its canonical form", s)
		}
	}
	switch {
	case r.Path == "":
	case r.Path == "*":
		fault(r.Path, ReasonWildcard, "a path has no wildcards", `leave it out, or write "/", to cover every path`)
	case strings.TrimSpace(r.Path) != r.Path:
		fault(r.Path, ReasonWhiteSpace, "white space around the path", "remove it")
	case strings.Contains(r.Path, "://"):
		fault(r.Path, ReasonPath, "a path, not a URL, is wanted", "put the host into Host and the path here")
	case r.Path[0] != '/':
		fault(r.Path, ReasonPath, "a path begins with a slash", mean("", "/"+r.Path, "write the path as the router sees it"))
	case strings.Contains(r.Path, "%"):
		s := "write it decoded"
		if u, err := url.PathUnescape(r.Path); err == nil {
			s = mean("", u, s)
		}
		fault(r.Path, ReasonPath, "paths are compared decoded, so that one with an escape matches nothing", s)
	case strings.ContainsAny(r.Path, "*{}") || strings.Contains(r.Path, "/:"):
		fault(r.Path, ReasonWildcard, "a path has no wildcards", "end it with a slash to cover every path below it")
	case strings.ContainsAny(r.Path, "?#"):
		fault(r.Path, ReasonPath, "a path has no query or fragment", "remove it")
	case len(r.Path) > maxReading:
		fault(r.Path, ReasonTooLong, "a path of more than 1024 bytes", "shorten it")
	case ambiguous(r.Path):
		fault(r.Path, ReasonPath, `a path with "//", "." or ".." segments`, "write it in its clean form")
	}
	if len(r.Policies) == 0 {
		fault(r.Host+r.Path, ReasonNoPolicy, "a route without a policy", "give it one; the zero Policy denies every origin")
	}
}

func covers(a, b Route) bool {
	return (a.Host == "" || a.Host == b.Host) && (a.Path == "" || a.Path == "/" ||
		a.Path == b.Path || strings.HasSuffix(a.Path, "/") && strings.HasPrefix(b.Path+"/", a.Path))
}

// What index returns instead of an index.
const (
	noRoute = -1 // no route covers any reading of the path
	torn    = -2 // the readings of the path lead to different routes
)

// maxReading bounds the paths whose other readings are looked at. Longer ones
// that have any are taken for torn.
const maxReading = 1024

// route returns where requests of a host and path lead.
func (s *state) route(t Target) *state {
	switch i := s.index(t); i {
	case noRoute:
		return untouched
	case torn:
		return s.torn
	default:
		return s.routes[i].to
	}
}

// index returns the index of the route that covers all readings of the path.
func (s *state) index(t Target) int {
	host, fold := t.Host, t.FoldPath
	if s.hosts {
		host = hostname(host)
	}
	i := first(s, host, t.Path, fold)
	if ambiguous(t.Path) && !s.cleans(host, t.Path, fold, i) {
		return torn
	}
	if t.RawPath != "" && t.RawPath != t.Path &&
		(first(s, host, t.RawPath, fold) != i || ambiguous(t.RawPath) && !s.cleans(host, t.RawPath, fold, i)) {
		return torn
	}
	return i
}

// cleans reports whether the clean form of a path leads to route i as well.
func (s *state) cleans(host, path string, fold bool, i int) bool {
	if len(path) > maxReading {
		return false
	}
	var buf [maxReading]byte
	return first(s, host, clean(buf[:0], path), fold) == i
}

// tornState is that of paths whose readings lead to different routes: nobody is
// allowed, and whoever some route would reject is rejected.
func tornState(routes []route) *state {
	c := compiler{warns: new(warnings)}
	p := Policy{}
	for _, r := range routes {
		p.RejectDisallowed = p.RejectDisallowed || r.to.rules.rejects
	}
	rs := c.compile([]Policy{p})
	for _, v := range []*verdict{rs.refused, rs.rejected, rs.denied} {
		v.Code = CodePathAmbiguous
	}
	return &state{rules: rs}
}

// first returns the index of the first route that covers host and path.
func first[T string | []byte](s *state, host string, path T, fold bool) int {
	for i := range s.routes {
		r := &s.routes[i]
		if (r.host == "" || equalFold(r.host, host)) && coversPath(r, path, fold) {
			return i
		}
	}
	return noRoute
}

func coversPath[T string | []byte](r *route, path T, fold bool) bool {
	n := len(r.path)
	if len(path) < n {
		return r.below && len(path) == n-1 && samePath(path, r.path[:n-1], fold)
	}
	return (r.below || len(path) == n) && samePath(path[:n], r.path, fold)
}

// samePath compares two paths of one length, with fold without regard to the case
// of ASCII letters.
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

// hostname returns a Host field without its port and without the dot at its end
// that makes a name absolute: "a.example." is the same server.
func hostname(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	return strings.TrimSuffix(host, ".")
}

// equalFold compares with lower, which is in lower case, without regard to the
// case of ASCII letters.
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

// ambiguous reports whether some router might clean the path: whether it has a
// segment that is empty, "." or "..", other than the last if that is empty.
func ambiguous(path string) bool {
	for i := 1; i < len(path); i++ {
		if path[i-1] == '/' && (path[i] == '/' || path[i] == '.' && isDots(path[i:])) {
			return true
		}
	}
	return false
}

// isDots reports whether the segment that a path begins with, which has a dot at
// its beginning, is "." or "..".
func isDots(path string) bool {
	rest := strings.TrimPrefix(path[1:], ".")
	return rest == "" || rest[0] == '/'
}

// clean appends the path to b without empty, "." and ".." segments, as
// [path.Clean] does, and so without a slash at the end, which some routers leave.
// Nobody need try it with one: what covers /a/ covers /a, and a route that covers
// /a alone covers no other spelling of it.
func clean(b []byte, path string) []byte {
	for path != "" {
		var segment string
		segment, path, _ = strings.Cut(path, "/")
		switch segment {
		case "", ".":
		case "..":
			b = b[:max(0, strings.LastIndexByte(string(b), '/'))]
		default:
			b = append(append(b, '/'), segment...)
		}
	}
	return b
}
