package gateways

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
)

// nginxModel interprets a server of nginx, with ngx_http_map_module, ngx_http_headers_module,
// ngx_http_rewrite_module and the module headers-more.
//
//   - map: texts are compared first and ignore case; then the expressions, in order; they are
//     not anchored (https://nginx.org/en/docs/http/ngx_http_map_module.html), and not tried if
//     the source is empty (ngx_http_map_find)
//   - add_header: inherited only by blocks without an add_header of their own; without "always"
//     only for some statuses; an empty value adds nothing
//     (https://nginx.org/en/docs/http/ngx_http_headers_module.html, ngx_http_headers_filter_module.c)
//   - if: its block replaces that of the location if the condition holds; the directives of the
//     rewrite module around it run in order (https://nginx.org/en/docs/http/ngx_http_rewrite_module.html)
//   - several lines of a field are joined in $http_origin (since nginx 1.23; before, it was the first)
type nginxModel struct {
	serverFile
	maps   map[string]*valueMap
	server *nginxScope
}

// nginxScope is a block: a server, a location, or an if.
type nginxScope struct {
	parent    *nginxScope
	added     []nginxHeader // of add_header
	replaced  []nginxHeader // of more_set_headers
	steps     []nginxStep
	locations []nginxLocation
	handles   bool // it has a handler of its own, such as proxy_pass
	line      int
}

// nginxHeader is a field of responses.
type nginxHeader struct {
	name   string
	value  template
	always bool
	line   int
}

// nginxStep is a directive of the rewrite module: set, return, break or if.
type nginxStep struct {
	set       string
	value     template
	status    int
	stop      bool
	condition *nginxCondition
	inner     *nginxScope
}

// nginxLocation is a location without an expression.
type nginxLocation struct {
	path  string
	exact bool
	to    *nginxScope
}

// nginxCondition is the condition of an if.
type nginxCondition struct {
	value   template
	test    valueCase
	boolean bool // true unless empty or "0"
	not     bool
}

// nginxRequest is a request on its way through the server.
type nginxRequest struct {
	core.Request
	set  map[string]string
	maps mapReader // nginx finds each value once, too (ngx_http_get_indexed_variable)
}

// Answer implements [Model].
func (m *nginxModel) Answer(r core.Request) Answer {
	q := &nginxRequest{Request: r, set: make(map[string]string), maps: newMapReader(m.maps)}
	scope := m.server
	if at, status, done := q.run(scope); done {
		return q.answer(at, status)
	}
	if l := m.locate(r.Path); l != nil {
		scope = l
	}
	at, status, done := q.run(scope)
	if done {
		return q.answer(at, status)
	}
	return q.answer(at, 0)
}

// locate returns the block of the location for a path, or nil.
func (m *nginxModel) locate(path string) *nginxScope {
	var best *nginxLocation
	for i := range m.server.locations {
		l := &m.server.locations[i]
		switch {
		case l.exact && l.path == path:
			return l.to
		case !l.exact && strings.HasPrefix(path, l.path) && (best == nil || len(l.path) > len(best.path)):
			best = l
		}
	}
	if best == nil {
		return nil
	}
	return best.to
}

// run runs the steps of a block. done reports whether the steps answered the request, with the
// status. at is the block that supplies the headers.
func (q *nginxRequest) run(scope *nginxScope) (at *nginxScope, status int, done bool) {
	at = scope
	for _, s := range scope.steps {
		switch {
		case s.set != "":
			q.set[s.set] = s.value.expand(q.value)
		case s.status > 0:
			return at, s.status, true
		case s.stop:
			return at, 0, false
		case s.condition.holds(q):
			inner, status, done := q.run(s.inner)
			if at = inner; done || inner.stops() {
				return at, status, done
			}
		}
	}
	return at, 0, false
}

// stops reports whether a block ends the steps around it.
func (s *nginxScope) stops() bool {
	return slices.ContainsFunc(s.steps, func(s nginxStep) bool { return s.stop })
}

func (c *nginxCondition) holds(q *nginxRequest) bool {
	value := c.value.expand(q.value)
	if c.boolean {
		return value != "" && value != "0"
	}
	return c.test.matches(value) != c.not
}

// answer returns the answer with the headers of a block. A status of 0 means that the application
// answers.
func (q *nginxRequest) answer(at *nginxScope, status int) Answer {
	a := Answer{Reached: status == 0, Status: status}
	usual := status == 0 || slices.Contains([]int{200, 201, 204, 206, 301, 302, 303, 304, 307, 308}, status)
	for _, h := range at.fields() {
		value := h.value.expand(q.value)
		if value == "" || !usual && !h.always {
			continue
		}
		a.Header = append(a.Header, field(h.name, value))
		a.OnlySuccess = a.OnlySuccess || !h.always && isCORS(h.name)
	}
	for _, h := range at.replacements() {
		a.Header = a.Header.Without(h.name)
		if value := h.value.expand(q.value); value != "" {
			a.Header = append(a.Header, field(h.name, value))
		}
	}
	return a
}

func isCORS(name string) bool {
	return strings.HasPrefix(strings.ToLower(name), "access-control-") || strings.EqualFold(name, "Vary")
}

// fields returns what add_header adds.
func (s *nginxScope) fields() []nginxHeader {
	for ; s != nil; s = s.parent {
		if len(s.added) > 0 {
			return s.added
		}
	}
	return nil
}

// replacements returns what more_set_headers sets, of outer blocks first.
func (s *nginxScope) replacements() []nginxHeader {
	if s == nil {
		return nil
	}
	return append(s.parent.replacements(), s.replaced...)
}

// value returns the value of a variable.
func (q *nginxRequest) value(name string) string {
	if v, ok := q.set[name]; ok {
		return v
	}
	if value, ok := q.maps.read(name, q.value); ok {
		return value
	}
	switch name {
	case "request_method":
		return q.Method
	case "uri", "document_uri", "request_uri":
		return q.Path
	case "host":
		return strings.TrimSuffix(strings.ToLower(withoutPort(q.Host)), ".")
	}
	return strings.Join(fieldLines(q.Request, nginxField(name)), ", ")
}

// nginxField returns the request field of a variable, or "" if the variable is not that of one.
func nginxField(variable string) string {
	name, ok := strings.CutPrefix(variable, "http_")
	if !ok {
		return ""
	}
	return strings.ReplaceAll(name, "_", "-")
}

// fieldLine returns the first line that sets a field.
func (m *nginxModel) fieldLine(name string) int { return m.server.fieldLine(name) }

func (s *nginxScope) fieldLine(name string) int {
	for _, h := range slices.Concat(s.added, s.replaced) {
		if strings.EqualFold(h.name, name) {
			return h.line
		}
	}
	for _, step := range s.steps {
		if step.inner != nil {
			if line := step.inner.fieldLine(name); line > 0 {
				return line
			}
		}
	}
	for _, l := range s.locations {
		if line := l.to.fieldLine(name); line > 0 {
			return line
		}
	}
	return 0
}

// parseNginxModel returns the model of a file in which one server handles CORS.
func parseNginxModel(text []byte) (*nginxModel, error) {
	m := &nginxModel{serverFile: newServerFile("nginx"), maps: make(map[string]*valueMap)}
	list, fault := parseNginx(text)
	if fault != nil {
		m.fault(fault.line, "", fault.problem, fault.fix)
		return nil, m.err()
	}
	var servers []*directive
	outer := &nginxScope{}
	rest := m.collect(list, outer, &servers)
	server := &directive{block: rest}
	if len(servers) > 0 {
		server = m.choose(servers)
	} else if len(rest) > 0 {
		server.name.line = rest[0].name.line
	}
	m.server = m.scope(server, outer)
	m.checkMaps()
	m.sortOrigins()
	m.listNames(m.server)
	return m, m.err()
}

// collect reads the maps and headers of the http block, and the servers. It returns the
// directives that belong in a server.
func (m *nginxModel) collect(list []*directive, outer *nginxScope, servers *[]*directive) (rest []*directive) {
	for _, d := range list {
		switch d.name.text {
		case "http":
			m.collect(d.block, outer, servers)
		case "map":
			m.addMap(d)
		case "server":
			if d.open {
				*servers = append(*servers, d)
			}
		case "events", "upstream", "stream", "types", "geo", "split_clients", "log_format", "user", "worker_processes", "pid":
		default:
			rest = append(rest, d)
		}
	}
	if len(*servers) > 0 {
		for _, d := range rest {
			m.header(d, outer)
		}
	}
	return rest
}

// choose returns the only server that handles CORS.
func (m *nginxModel) choose(servers []*directive) *directive {
	var found []*directive
	for _, s := range servers {
		if mentionsCORS(s) {
			found = append(found, s)
		}
	}
	if len(found) == 0 {
		return servers[0]
	}
	for _, other := range found[1:] {
		m.fault(other.name.line, "server", fmt.Sprintf("another server than that of line %d also answers CORS", found[0].name.line),
			"import one server at a time")
	}
	return found[0]
}

// mentionsCORS reports whether a block or one in it sets fields of CORS.
func mentionsCORS(d *directive) bool {
	name := d.argument(0)
	if d.name.text == "add_header" || d.name.text == "more_set_headers" {
		return isCORS(name) && !strings.EqualFold(name, "vary")
	}
	return slices.ContainsFunc(d.block, mentionsCORS)
}

// addMap reads a map.
func (m *nginxModel) addMap(d *directive) {
	name, ok := nginxTemplate(d.argument(1)).variable()
	if !ok || len(d.args) != 2 {
		m.fault(d.name.line, "map", "is not a map from one text to one variable", "write map $http_origin $name { ... }")
		return
	}
	if len(d.block) > maxEntries {
		m.fault(d.name.line, "map", "the map has too many lines to compare", "import a smaller part of it")
		return
	}
	v := &valueMap{source: nginxTemplate(d.argument(0)), textOnly: true, line: d.name.line}
	var expressions []valueCase
	for _, c := range d.block {
		key := c.name.text
		switch {
		case key == "volatile" && len(c.args) == 0:
		case key == "hostnames" && len(c.args) == 0 || key == "include":
			m.fault(c.name.line, key, "the map has wildcards, or keys that are not in this file",
				"write out the keys as regular expressions")
		case len(c.args) != 1:
			m.fault(c.name.line, key, "each line of a map needs a key and a value", `write "key" "value";`)
		case key == "default":
			v.fallback = nginxTemplate(c.argument(0))
		case strings.HasPrefix(key, "~"):
			if one, ok := m.expression(key[1:], strings.HasPrefix(key, "~*"), c.name.line); ok {
				one.value = nginxTemplate(c.argument(0))
				expressions = append(expressions, one)
			}
		default:
			v.cases = append(v.cases, valueCase{
				literal: strings.TrimPrefix(key, `\`), fold: true, value: nginxTemplate(c.argument(0)), line: c.name.line,
			})
		}
	}
	v.cases = append(v.cases, expressions...)
	m.maps[name] = v
}

// expression compiles an expression, without "~" but with "*" if fold is set.
func (m *nginxModel) expression(e string, fold bool, line int) (c valueCase, ok bool) {
	if fold {
		e = strings.TrimPrefix(e, "*")
	}
	if e == sameOriginExpression {
		return valueCase{same: true, line: line}, true
	}
	re, err := foreignExpression(e, fold)
	if err != nil {
		m.fault(line, e, "corskit cannot read the expression: "+quoteError(err), "write it without lookaround and backreferences")
	}
	return valueCase{match: re, line: line}, err == nil
}

// checkMaps finds the maps that depend on the origin, and the origins that they match.
func (m *nginxModel) checkMaps() {
	for _, v := range m.sortedMaps() {
		variables := v.source.variables()
		if !slices.Contains(variables, "http_origin") {
			continue
		}
		if name, ok := v.source.variable(); ok && name == "http_origin" {
			for _, c := range v.cases {
				m.origins = append(m.origins, c.located()...)
			}
			continue
		}
		if slices.ContainsFunc(v.cases, func(c valueCase) bool { return !c.same }) {
			m.fault(v.line, "map", "it compares $http_origin together with other text",
				"make a map of $http_origin only, and use its variable")
		}
	}
}

func (m *nginxModel) sortedMaps() (list []*valueMap) {
	for _, v := range m.maps {
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b *valueMap) int { return cmp.Compare(a.line, b.line) })
	return list
}

// listNames collects the methods and headers that a block and those in it send.
func (m *nginxModel) listNames(s *nginxScope) {
	for _, h := range slices.Concat(s.added, s.replaced) {
		m.list(h.name, m.texts(h.value, 0))
	}
	for _, step := range s.steps {
		if step.inner != nil {
			m.listNames(step.inner)
		}
	}
	for _, l := range s.locations {
		m.listNames(l.to)
	}
}

// texts returns all texts in the values of a template.
func (m *nginxModel) texts(t template, depth int) (list []string) {
	if depth > maxNested {
		return nil
	}
	for _, p := range t {
		if p.name == "" {
			list = append(list, p.text)
		} else if v := m.maps[p.name]; v != nil {
			for _, value := range v.values() {
				list = append(list, m.texts(value, depth+1)...)
			}
		}
	}
	return list
}
