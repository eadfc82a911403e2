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
	host, path string // path is empty if it covers everything
	rules      *ruleset
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
		compiled[i] = route{host: r.Host, path: r.Path}
		if r.Path == "/" {
			compiled[i].path = ""
		}
		if same := sharing(routes[:i], r.Policies); same >= 0 {
			compiled[i].rules = compiled[same].rules
		} else {
			compiled[i].rules = c.compile(r.Policies)
		}
		errs = append(errs, c.errs...)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	s := newState(compiled, true, warns.all())
	s.torn = tornRules(compiled)
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

// rules returns the rules that govern a request, or nil.
func (s *state) rules(r *Request) *ruleset {
	if !s.routed {
		return s.routes[0].rules
	}
	switch i := s.route(r); i {
	case noRoute:
		return nil
	case torn:
		return s.torn
	default:
		return s.routes[i].rules
	}
}

// What route returns instead of an index.
const (
	noRoute = -1 // no route covers any reading of the path
	torn    = -2 // the readings of the path lead to different routes
)

// maxReading bounds the paths whose other readings are looked at. Longer ones
// that have any are taken for torn.
const maxReading = 1024

// route returns the index of the route that covers all readings of the path.
func (s *state) route(r *Request) int {
	host := ""
	if s.hosts {
		host = hostname(r.Host)
	}
	i := first(s, host, r.Path, r.FoldPath)
	if !s.agrees(host, r.Path, r.FoldPath, i) {
		return torn
	}
	if r.RawPath != "" && r.RawPath != r.Path &&
		(first(s, host, r.RawPath, r.FoldPath) != i || !s.agrees(host, r.RawPath, r.FoldPath, i)) {
		return torn
	}
	return i
}

// agrees reports whether the clean form of a path leads to route i as well.
func (s *state) agrees(host, path string, fold bool, i int) bool {
	if !ambiguous(path) {
		return true
	}
	if len(path) > maxReading {
		return false
	}
	var buf [maxReading]byte
	return first(s, host, clean(buf[:0], path), fold) == i
}

// tornRules are those of paths whose readings lead to different routes: nobody
// is allowed, and whoever some route would reject is rejected.
func tornRules(routes []route) *ruleset {
	c := compiler{warns: new(warnings)}
	p := Policy{}
	for _, r := range routes {
		p.RejectDisallowed = p.RejectDisallowed || r.rules.rejects
	}
	rs := c.compile([]Policy{p})
	rs.refused.Code, rs.rejected.Code, rs.denied.Code = CodePathAmbiguous, CodePathAmbiguous, CodePathAmbiguous
	return rs
}

// first returns the index of the first route that covers host and path.
func first[T string | []byte](s *state, host string, path T, fold bool) int {
	for i := range s.routes {
		r := &s.routes[i]
		if r.host != "" && !equalFold(r.host, host) {
			continue
		}
		n := len(r.path)
		below := n > 0 && r.path[n-1] == '/'
		if n == 0 || samePath(path, r.path, fold) ||
			below && (len(path) > n && samePath(path[:n], r.path, fold) || samePath(path, r.path[:n-1], fold)) {
			return i
		}
	}
	return noRoute
}

// samePath compares two paths, with fold without regard to the case of ASCII
// letters.
func samePath[T string | []byte](path T, route string, fold bool) bool {
	if !fold || len(path) != len(route) {
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

// ambiguous reports whether some router might clean the path.
func ambiguous(path string) bool {
	return strings.Contains(path, "//") || strings.Contains(path, "/.") &&
		(strings.Contains(path, "/./") || strings.Contains(path, "/../") ||
			strings.HasSuffix(path, "/.") || strings.HasSuffix(path, "/.."))
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
