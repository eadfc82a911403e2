package gateways

import (
	"regexp"
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
)

// caddyModel interprets a site of a Caddyfile.
//
//   - map: the first input that equals the source, or whose expression matches it, decides
//     (https://caddyserver.com/docs/caddyfile/directives/map)
//   - header: all that match apply, in order, before handle, and that before respond
//     (https://caddyserver.com/docs/caddyfile/directives#directive-order)
//   - matchers: the lines of a named matcher must all match; values of one field, and of vars, are
//     alternatives (https://caddyserver.com/docs/caddyfile/matchers)
//   - several lines of a field are joined by a comma in a placeholder (caddyhttp/replacer.go)
type caddyModel struct {
	serverFile
	maps     map[string]*valueMap
	matchers map[string]*caddyMatcher
	site     *caddyScope
}

// caddyScope is a site or a handle block.
type caddyScope struct {
	headers  []caddyHeader
	handles  []caddyHandle
	responds []caddyRespond
}

// caddyHeader changes a field. If the directive deletes a field, or sets one only if the application
// does not, it waits for the response: then inner directives come first, and of one directive
// first what it adds, then what it sets, then what it deletes (caddyhttp/headers).
type caddyHeader struct {
	match  *caddyMatcher
	late   bool
	action byte // '=', '+', '-' or '?'
	name   string
	value  template
	line   int
}

type caddyHandle struct {
	match *caddyMatcher
	to    *caddyScope
}

type caddyRespond struct {
	match  *caddyMatcher
	status int
}

// caddyMatcher matches if all tests do. A nil matcher matches everything.
type caddyMatcher struct {
	tests []caddyTest
}

// caddyTest matches if one of the values does, unless not is set.
type caddyTest struct {
	kind   string   // method, path, header, header_regexp, vars or not
	name   template // of vars
	field  string
	absent bool // the field must be absent
	values []template
	match  *regexp.Regexp
	not    *caddyMatcher
}

var caddyPlaceholder = regexp.MustCompile(`\{([a-zA-Z_][a-zA-Z0-9_.-]*)\}`)

// caddyTemplate splits a text with placeholders, and writes out short ones.
func caddyTemplate(s string) template {
	t := splitTemplate(s, caddyPlaceholder)
	for i, p := range t {
		switch {
		case strings.HasPrefix(p.name, "header."):
			t[i].name = "http.request." + p.name
		case slices.Contains([]string{"method", "host", "hostport", "scheme", "path", "uri"}, p.name):
			t[i].name = map[string]string{"path": "http.request.uri.path", "uri": "http.request.uri"}[p.name]
			if t[i].name == "" {
				t[i].name = "http.request." + p.name
			}
		}
	}
	return t
}

// caddyRequest is a request while directives run.
type caddyRequest struct {
	core.Request
	maps mapReader
	late []caddyHeader
}

// value returns the value of a placeholder.
func (q *caddyRequest) value(name string) string {
	if value, ok := q.maps.read(name, q.value); ok {
		return value
	}
	switch name {
	case "http.request.method":
		return q.Method
	case "http.request.hostport":
		return q.Host
	case "http.request.host":
		return withoutPort(q.Host)
	case "http.request.uri", "http.request.uri.path":
		return q.Path
	}
	if field, ok := strings.CutPrefix(name, "http.request.header."); ok {
		return strings.Join(fieldLines(q.Request, field), ",")
	}
	return ""
}

func (m *caddyMatcher) matches(q *caddyRequest) bool {
	return m == nil || !slices.ContainsFunc(m.tests, func(t caddyTest) bool { return !t.matches(q) })
}

func (t caddyTest) matches(q *caddyRequest) bool {
	switch t.kind {
	case "not":
		return !t.not.matches(q)
	case "method":
		return t.equals(q, q.Method)
	case "path":
		return slices.ContainsFunc(t.values, func(v template) bool {
			return wildcardMatches(strings.ToLower(v.expand(q.value)), strings.ToLower(q.Path))
		})
	case "header":
		lines := fieldLines(q.Request, t.field)
		if t.absent {
			return len(lines) == 0
		}
		return slices.ContainsFunc(lines, func(l string) bool {
			return slices.ContainsFunc(t.values, func(v template) bool { return wildcardMatches(v.expand(q.value), l) })
		})
	case "header_regexp":
		return slices.ContainsFunc(fieldLines(q.Request, t.field), t.match.MatchString)
	}
	return t.equals(q, t.name.expand(q.value)) // vars
}

func (t caddyTest) equals(q *caddyRequest, s string) bool {
	return slices.ContainsFunc(t.values, func(v template) bool { return v.expand(q.value) == s })
}

// wildcardMatches compares with "*" at the beginning, the end or both (caddyhttp.MatchHeader).
func wildcardMatches(pattern, s string) bool {
	inner, begins := strings.CutPrefix(pattern, "*")
	inner, ends := strings.CutSuffix(inner, "*")
	switch {
	case pattern == "*":
		return true
	case begins && ends:
		return strings.Contains(s, inner)
	case begins:
		return strings.HasSuffix(s, inner)
	case ends:
		return strings.HasPrefix(s, inner)
	}
	return pattern == s
}

// wildcardExpressionOf returns an expression that matches the texts that wildcardMatches accepts.
func wildcardExpressionOf(pattern string) string {
	inner, begins := strings.CutPrefix(pattern, "*")
	inner, ends := strings.CutSuffix(inner, "*")
	e := regexp.QuoteMeta(inner)
	if !begins {
		e = "^" + e
	}
	if !ends {
		e += "$"
	}
	return e
}

// Answer implements [Model].
func (m *caddyModel) Answer(r core.Request) Answer {
	q := &caddyRequest{Request: r, maps: newMapReader(m.maps)}
	a := Answer{Reached: true}
	q.run(m.site, &a)
	slices.Reverse(q.late)
	for _, h := range q.late {
		q.apply(h, &a)
	}
	return a
}

// apply changes a field.
func (q *caddyRequest) apply(h caddyHeader, a *Answer) {
	if _, have := a.Header.Get(h.name); h.action == '?' && have {
		return
	}
	if h.action == '=' || h.action == '-' {
		a.Header = a.Header.Without(h.name)
	}
	if h.action != '-' {
		a.Header = append(a.Header, field(h.name, h.value.expand(q.value)))
	}
}

// run applies the directives of a scope. It returns true if the request is answered.
func (q *caddyRequest) run(s *caddyScope, a *Answer) bool {
	for _, h := range s.headers {
		switch {
		case !h.match.matches(q):
		case h.late:
			q.late = append(q.late, h)
		default:
			q.apply(h, a)
		}
	}
	for _, h := range s.handles {
		if h.match.matches(q) {
			if q.run(h.to, a) {
				return true
			}
			break
		}
	}
	for _, r := range s.responds {
		if r.match.matches(q) {
			a.Reached, a.Status = false, r.status
			return true
		}
	}
	return false
}

func (m *caddyModel) fieldLine(name string) int { return m.site.fieldLine(name) }

func (s *caddyScope) fieldLine(name string) int {
	for _, h := range s.headers {
		if strings.EqualFold(h.name, name) && h.action != '-' {
			return h.line
		}
	}
	for _, h := range s.handles {
		if line := h.to.fieldLine(name); line > 0 {
			return line
		}
	}
	return 0
}

// parseCaddyModel returns the model of a Caddyfile in which one site handles CORS.
func parseCaddyModel(text []byte) (*caddyModel, error) {
	m := &caddyModel{serverFile: newServerFile("caddy"), maps: make(map[string]*valueMap), matchers: make(map[string]*caddyMatcher)}
	list, fault := parseCaddy(text)
	if fault != nil {
		m.fault(fault.line, "", fault.problem, fault.fix)
		return nil, m.err()
	}
	m.site = m.scope(m.choose(list), true)
	m.checkMaps()
	m.listNames(m.site)
	m.sortOrigins()
	return m, m.err()
}

// checkMaps finds the maps that depend on the origin.
func (m *caddyModel) checkMaps() {
	for _, v := range m.maps {
		if !slices.Contains(v.source.variables(), caddyOrigin) {
			continue
		}
		if name, ok := v.source.variable(); !ok || name != caddyOrigin {
			m.fault(v.line, "map", "it compares Origin together with other text",
				"make a map of {http.request.header.Origin} only, and use its placeholder")
			continue
		}
		for _, c := range v.cases {
			m.origins = append(m.origins, c.located()...)
		}
	}
}

// caddyOrigin is the placeholder of the origin.
const caddyOrigin = "http.request.header.origin"

// listNames collects the methods, headers and origins that a scope sends.
func (m *caddyModel) listNames(s *caddyScope) {
	for _, h := range s.headers {
		var texts []string
		for _, p := range h.value {
			texts = append(texts, p.text)
		}
		m.list(h.name, texts)
		if strings.EqualFold(h.name, "Access-Control-Allow-Origin") {
			if o := h.value.first().text; len(h.value) == 1 && o != "*" && o != "" {
				m.origins = append(m.origins, located{entries: []string{exactPattern(o)}, source: o, line: h.line})
			}
		}
	}
	for _, h := range s.handles {
		m.listNames(h.to)
	}
}
