package gateways

import (
	"slices"
	"strconv"
	"strings"
)

// scope reads a block, and the blocks in it.
func (m *nginxModel) scope(d *directive, parent *nginxScope) *nginxScope {
	s := &nginxScope{parent: parent, line: d.name.line}
	for _, each := range d.block {
		m.directive(each, s, d)
	}
	return s
}

// directive reads a directive of a server, a location or an if.
func (m *nginxModel) directive(d *directive, s *nginxScope, in *directive) {
	line, name := d.name.line, d.name.text
	switch name {
	case "add_header", "more_set_headers":
		m.header(d, s)
	case "set":
		variable, ok := nginxTemplate(d.argument(0)).variable()
		if !ok || len(d.args) != 2 {
			m.fault(line, name, "sets no variable", "write set $name value;")
			return
		}
		s.steps = append(s.steps, nginxStep{set: variable, value: nginxTemplate(d.argument(1))})
	case "return":
		status, err := strconv.Atoi(d.argument(0))
		if err != nil {
			status = 302 // only a URL
		}
		s.steps = append(s.steps, nginxStep{status: max(status, 1)})
	case "break":
		s.steps = append(s.steps, nginxStep{stop: true})
	case "if":
		m.condition(d, s)
	case "location":
		m.location(d, s, in)
	case "rewrite":
		m.fault(line, name, "corskit does not interpret rewritten paths", "import the server without it, and compare the paths by hand")
	case "include":
		if !harmless(d.argument(0)) {
			m.fault(line, d.argument(0), "the included file was not imported", "replace the include with its contents")
		}
	case "try_files", "error_page":
		m.redirected(d, in)
	case "limit_except", "more_clear_headers", "access_by_lua_block", "header_filter_by_lua_block", "rewrite_by_lua_block",
		"content_by_lua_block", "js_content", "js_header_filter", "auth_request", "satisfy":
		m.fault(line, name, "corskit does not know what this directive does to requests and header fields",
			"import the server without it, and review it by hand")
	case "proxy_pass", "fastcgi_pass", "uwsgi_pass", "grpc_pass", "scgi_pass", "root", "alias":
		s.handles = true
	default:
		if d.open && !slices.Contains([]string{"types", "map", "upstream", "events"}, name) {
			m.fault(line, name, "corskit does not know this block", "import the server without it, and review it by hand")
		}
	}
}

// harmless reports whether an included file of the usual name has no directives that matter.
func harmless(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	return slices.Contains([]string{"mime.types", "fastcgi_params", "fastcgi.conf", "uwsgi_params", "scgi_params", "proxy_params"}, name)
}

// header reads add_header and more_set_headers.
func (m *nginxModel) header(d *directive, s *nginxScope) {
	line := d.name.line
	if d.name.text == "more_set_headers" {
		for _, a := range d.args {
			name, value, ok := strings.Cut(a.text, ":")
			if strings.HasPrefix(a.text, "-") {
				m.fault(line, a.text, "corskit does not read options of more_set_headers", "write it without options")
				return
			}
			if ok && isCORS(strings.TrimSpace(name)) {
				s.replaced = append(s.replaced, nginxHeader{strings.TrimSpace(name), nginxTemplate(strings.TrimSpace(value)), true, line})
			}
		}
		return
	}
	if d.name.text != "add_header" {
		return
	}
	if len(d.args) < 2 {
		m.fault(line, "add_header", "needs a name and a value", "write add_header Name value always;")
		return
	}
	h := nginxHeader{d.argument(0), nginxTemplate(d.argument(1)), d.argument(2) == "always", line}
	s.added = append(s.added, h)
	if isCORS(h.name) {
		m.checkVariables(h.value, line)
	}
	if strings.EqualFold(h.name, "Access-Control-Allow-Origin") {
		for _, text := range m.texts(h.value, 0) {
			if text != "*" {
				m.origins = append(m.origins, valueCase{literal: text, line: line}.located()...)
			}
		}
	}
}

// checkVariables reports variables with a value that the model does not know.
func (m *nginxModel) checkVariables(t template, line int) {
	for _, name := range t.variables() {
		known := slices.Contains([]string{"request_method", "uri", "document_uri", "request_uri", "host"}, name)
		if _, ok := requestFields[nginxField(name)]; ok || known || m.maps[name] != nil || m.sets(name) {
			continue
		}
		m.fault(line, "$"+name, "corskit does not know the value of the variable", "import the map or set that defines it too")
	}
}

// sets reports whether some block sets a variable. It runs while blocks are still being read, so it
// assumes that variables with "cors" in their names are set. The model treats an unset variable as
// empty.
func (m *nginxModel) sets(name string) bool { return strings.Contains(name, "cors") }

// condition reads an if.
func (m *nginxModel) condition(d *directive, s *nginxScope) {
	words := make([]string, len(d.args))
	for i, a := range d.args {
		words[i] = a.text
	}
	if len(words) > 0 {
		words[0] = strings.TrimPrefix(words[0], "(")
		last := len(words) - 1
		words[last] = strings.TrimSuffix(words[last], ")")
	}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" && len(words) > 3 })
	if len(words) > 0 && words[0] == "" {
		words = words[1:]
	}
	if n := len(words); n > 0 && words[n-1] == "" && n != 3 {
		words = words[:n-1]
	}
	c := &nginxCondition{}
	if len(words) == 0 || !strings.HasPrefix(words[0], "$") {
		m.fault(d.name.line, "if", "corskit reads only conditions about variables", "import the server without it, and review it by hand")
		return
	}
	c.value = nginxTemplate(words[0])
	m.checkVariables(c.value, d.name.line)
	switch {
	case len(words) == 1:
		c.boolean = true
	case len(words) == 3 && (words[1] == "=" || words[1] == "!="):
		c.not = words[1] == "!="
		c.test = valueCase{literal: words[2]}
	case len(words) == 3 && slices.Contains([]string{"~", "~*", "!~", "!~*"}, words[1]):
		c.not = strings.HasPrefix(words[1], "!")
		test, ok := m.expression(words[2], strings.HasSuffix(words[1], "*"), d.name.line)
		if !ok {
			return
		}
		c.test = test
	default:
		m.fault(d.name.line, "if", "corskit cannot read the condition", "write it as ($variable = text) or ($variable ~ expression)")
		return
	}
	if name, _ := c.value.variable(); name == "http_origin" && !c.boolean {
		c.test.line = d.name.line
		m.origins = append(m.origins, c.test.located()...)
	}
	inner := m.scope(d, s)
	s.steps = append(s.steps, nginxStep{condition: c, inner: inner})
}

// location reads a location.
func (m *nginxModel) location(d *directive, s *nginxScope, in *directive) {
	line := d.name.line
	switch path := d.argument(0); {
	case in.name.text == "location" || in.name.text == "if":
		m.fault(line, path, "corskit does not read a location within this block", "move it into the server")
	case strings.HasPrefix(path, "@"):
		if len(m.scope(d, s).added) > 0 {
			m.fault(line, path, "corskit does not read a named location with its own header fields", "set the header fields in the server")
		}
	case path == "=" && len(d.args) == 2:
		m.place(d, s, d.argument(1), true)
	case path == "^~" && len(d.args) == 2:
		m.place(d, s, d.argument(1), false)
	case path == "~" || path == "~*":
		m.fault(line, d.argument(1), "a policy's route cannot express a location with a regular expression",
			"write the location as a prefix, such as location /api/")
	case len(d.args) == 1:
		m.place(d, s, path, false)
	default:
		m.fault(line, path, "corskit cannot read the location", "write location /path/ { ... }")
	}
}

// place adds a location with a prefix or an exact path.
func (m *nginxModel) place(d *directive, s *nginxScope, path string, exact bool) {
	if !exact && !strings.HasSuffix(path, "/") {
		m.fault(d.name.line, path, "the location also covers "+quote(path+"x")+", and no route of a policy can",
			"write "+path+"/ for the paths below it, or = "+path+" for the path itself")
		return
	}
	inner := m.scope(d, s)
	s.locations = append(s.locations, nginxLocation{path, exact, inner})
	if path != "/" || exact {
		m.facts.Places = append(m.facts.Places, RoutePlace{Path: path})
	}
}

// redirected reports directives that answer from another location.
func (m *nginxModel) redirected(d *directive, in *directive) {
	own := slices.ContainsFunc(in.block, func(d *directive) bool { return d.name.text == "add_header" })
	last := d.argument(len(d.args) - 1)
	if d.name.text == "try_files" && in.name.text == "location" && own && !strings.HasPrefix(last, "=") {
		m.fault(d.name.line, last, "try_files answers from another location, which has other header fields",
			"set the header fields in the server")
	}
	if d.name.text == "error_page" && slices.ContainsFunc(d.args, func(w word) bool {
		return w.text == "403" || w.text == "204" ||
			w.text == "405"
	}) {
		m.fault(d.name.line, "error_page", "the error page replaces the answer with this status", "remove 403 and 405 from it")
	}
}
