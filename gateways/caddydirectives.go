package gateways

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// choose returns the only site that handles CORS, or the only site of the file.
func (m *caddyModel) choose(list []*directive) *directive {
	var sites, found []*directive
	for _, d := range list {
		switch {
		case d.name.is("{"), !d.open: // global options, or a file that is one site
		case strings.HasPrefix(d.name.text, "("):
			if caddyMentionsCORS(d) {
				m.fault(d.name.line, d.name.text, "the snippet handles CORS", "replace the import with its directives")
			}
		default:
			sites = append(sites, d)
			if caddyMentionsCORS(d) {
				found = append(found, d)
			}
		}
	}
	if len(found) > 1 {
		m.fault(found[1].name.line, found[1].name.text, "another site also handles CORS", "import one site at a time")
	}
	if len(found) > 0 {
		return found[0]
	}
	if len(sites) > 0 {
		return sites[0]
	}
	return &directive{block: list}
}

func caddyMentionsCORS(d *directive) bool {
	mentions := func(w word) bool {
		return strings.HasPrefix(strings.ToLower(strings.TrimLeft(w.text, "+-?>")), "access-control-allow-")
	}
	return mentions(d.name) || slices.ContainsFunc(d.args, mentions) || slices.ContainsFunc(d.block, caddyMentionsCORS)
}

// scope reads the directives of a site or of a handle block.
func (m *caddyModel) scope(d *directive, site bool) *caddyScope {
	s := &caddyScope{}
	for _, each := range d.block {
		if each.name.text == "map" {
			m.addMap(each)
		}
	}
	for _, each := range d.block {
		if strings.HasPrefix(each.name.text, "@") {
			m.matchers[each.name.text] = m.matcher(each)
		}
	}
	for _, each := range d.block {
		m.directive(each, s, site)
	}
	return s
}

// directive reads one directive.
func (m *caddyModel) directive(d *directive, s *caddyScope, site bool) {
	line, name := d.name.line, d.name.text
	switch {
	case strings.HasPrefix(name, "@"), name == "map":
	case name == "header":
		m.header(d, s)
	case name == "handle" && d.open:
		match, _ := m.match(d.args)
		s.handles = append(s.handles, caddyHandle{match, m.scope(d, false)})
	case name == "respond":
		match, rest := m.match(d.args)
		status := 200
		if len(rest) > 0 {
			if n, err := strconv.Atoi(rest[len(rest)-1].text); err == nil {
				status = n
			}
		}
		s.responds = append(s.responds, caddyRespond{match, status})
	case name == "import":
		m.fault(line, name, "the imported directives are not in this file", "replace the import with them")
	case slices.Contains([]string{"route", "handle_path", "handle_errors", "redir", "rewrite", "uri", "method", "request_header",
		"error", "abort", "forward_auth", "invoke", "intercept"}, name):
		m.fault(line, name, "corskit does not interpret this directive", "import the site without it, and review it by hand")
	}
}

// addMap reads a map with one output.
func (m *caddyModel) addMap(d *directive) {
	args := d.args
	if len(args) == 3 && args[0].text == "*" {
		args = args[1:]
	}
	if len(args) != 2 {
		m.fault(d.name.line, "map", "corskit reads only maps from one text to one placeholder", "write a map for each placeholder")
		return
	}
	name, ok := caddyTemplate(args[1].text).variable()
	if !ok {
		m.fault(d.name.line, args[1].text, "is not a placeholder", "write {name}")
		return
	}
	if len(d.block) > maxEntries {
		m.fault(d.name.line, "map", "the map has too many lines to compare", "import a smaller part of it")
		return
	}
	v := &valueMap{source: caddyTemplate(args[0].text), line: d.name.line}
	for _, c := range d.block {
		if len(c.args) != 1 {
			m.fault(c.name.line, c.name.text, "each line of a map needs an input and an output", `write "input" "output"`)
			continue
		}
		value := caddyTemplate(c.args[0].text)
		e, isExpression := strings.CutPrefix(c.name.text, "~")
		switch {
		case c.name.is("default"):
			v.fallback = value
		case isExpression:
			re, err := foreignExpression(e, false)
			if err != nil {
				m.fault(c.name.line, e, "is not a regular expression: "+quoteError(err), "correct it")
				continue
			}
			v.cases = append(v.cases, valueCase{match: re, value: value, line: c.name.line})
		default:
			v.cases = append(v.cases, valueCase{literal: c.name.text, value: value, line: c.name.line})
		}
	}
	m.maps[name] = v
}

// match returns the matcher that the first argument names, and the other arguments.
func (m *caddyModel) match(args []word) (*caddyMatcher, []word) {
	if len(args) == 0 {
		return nil, args
	}
	switch first := args[0]; {
	case strings.HasPrefix(first.text, "@"):
		match := m.matchers[first.text]
		if match == nil {
			m.fault(first.line, first.text, "no matcher with this name precedes it", "define it in the same block")
		}
		return match, args[1:]
	case first.is("*"):
		return nil, args[1:]
	case strings.HasPrefix(first.text, "/"):
		return &caddyMatcher{tests: []caddyTest{m.pathTest(args[:1])}}, args[1:]
	}
	return nil, args
}

// pathTest reads a test of the path.
func (m *caddyModel) pathTest(words []word) caddyTest {
	t := caddyTest{kind: "path"}
	for _, w := range words {
		t.values = append(t.values, caddyTemplate(w.text))
		m.facts.Places = append(m.facts.Places, RoutePlace{Path: strings.TrimSuffix(w.text, "*")})
	}
	return t
}

// header reads a header directive.
func (m *caddyModel) header(d *directive, s *caddyScope) {
	match, rest := m.match(d.args)
	from := len(s.headers)
	late := false
	if !d.open && len(rest) > 0 {
		m.addHeader(s, match, rest[0], rest[1:])
		late = strings.HasPrefix(rest[0].text, "-")
	}
	for _, each := range d.block {
		if each.name.text == "defer" {
			late = true
			continue
		}
		late = late || strings.IndexAny(each.name.text, "->") == 0
		m.addHeader(s, match, each.name, each.args)
	}
	added := s.headers[from:]
	// Those that wait run in reverse order, so they are put here in reverse.
	slices.SortStableFunc(added, func(a, b caddyHeader) int { return cmp.Compare(caddyOrder(b, late), caddyOrder(a, late)) })
	for i := range added {
		added[i].late = late || added[i].action == '?'
	}
}

// caddyOrder returns the position of a change among those of its directive.
func caddyOrder(h caddyHeader, late bool) int {
	if !late {
		return 0
	}
	return strings.IndexByte("+=?-", h.action)
}

// addHeader adds a change of a field.
func (m *caddyModel) addHeader(s *caddyScope, match *caddyMatcher, name word, values []word) {
	h := caddyHeader{match: match, action: '=', name: name.text, line: name.line}
	h.name = strings.TrimPrefix(h.name, ">")
	if h.name != "" && strings.IndexByte("+-?", h.name[0]) >= 0 {
		h.action, h.name = h.name[0], h.name[1:]
	}
	if !isCORS(h.name) {
		return
	}
	switch {
	case h.action == '?' && strings.EqualFold(h.name, "Vary"):
		m.fault(name.line, name.text, "it adds no Vary if the application sends its own", "write +Vary")
		return
	case h.action == '-' && len(values) == 0:
	case h.action != '-' && len(values) == 1:
		h.value = caddyTemplate(values[0].text)
		m.checkPlaceholders(h.value, name.line)
	default:
		m.fault(name.line, h.name, "corskit reads only one value for a field", "write the value")
		return
	}
	s.headers = append(s.headers, h)
}

// checkPlaceholders reports placeholders with a value that the model does not know.
func (m *caddyModel) checkPlaceholders(t template, line int) {
	for _, name := range t.variables() {
		field, isField := strings.CutPrefix(name, "http.request.header.")
		known := slices.Contains([]string{"http.request.method", "http.request.host", "http.request.hostport", "http.request.uri",
			"http.request.uri.path"}, name)
		if known || m.maps[name] != nil || isField && (isRequestField(field) || field == "host") {
			continue
		}
		m.fault(line, "{"+name+"}", "corskit does not know the value of the placeholder",
			"write the value, or define it in a map before it is used")
	}
}

// matcher reads a named matcher.
func (m *caddyModel) matcher(d *directive) *caddyMatcher {
	match := &caddyMatcher{}
	if len(d.args) > 0 {
		m.addTest(match, d.args[0], d.args[1:], d.block)
		return match
	}
	m.addTests(match, d.block)
	return match
}

func (m *caddyModel) addTests(match *caddyMatcher, list []*directive) {
	for _, each := range list {
		m.addTest(match, each.name, each.args, each.block)
	}
}

// addTest reads one line of a matcher.
func (m *caddyModel) addTest(match *caddyMatcher, name word, args []word, block []*directive) {
	texts := make([]template, len(args))
	for i, a := range args {
		texts[i] = caddyTemplate(a.text)
	}
	t := caddyTest{kind: name.text}
	switch {
	case name.text == "not" && len(args) > 0:
		t.not = &caddyMatcher{}
		m.addTest(t.not, args[0], args[1:], nil)
	case name.text == "not":
		t.not = &caddyMatcher{}
		m.addTests(t.not, block)
	case name.text == "method":
		t.values = texts
	case name.text == "path":
		t = m.pathTest(args)
	case name.text == "vars" && len(args) > 1:
		t.name, t.values = texts[0], texts[1:]
		m.checkPlaceholders(t.name, name.line)
		if v, _ := t.name.variable(); v == caddyOrigin {
			m.noteOrigins(args[1:], "")
		}
	case name.text == "header" && len(args) == 1 && strings.HasPrefix(args[0].text, "!"):
		t.field, t.absent = args[0].text[1:], true
	case name.text == "header" && len(args) == 2:
		t.field, t.values = args[0].text, texts[1:]
		if merged(match, t) {
			m.noteOrigins(args[1:], t.field)
			return
		}
		m.noteOrigins(args[1:], t.field)
	case name.text == "header_regexp" && len(args) >= 2:
		if len(args) == 3 {
			args = args[1:]
		}
		re, err := foreignExpression(args[1].text, false)
		if err != nil {
			m.fault(name.line, args[1].text, "is not a regular expression: "+quoteError(err), "correct it")
			return
		}
		t.field, t.match = args[0].text, re
		if strings.EqualFold(t.field, "Origin") {
			m.origins = append(m.origins, valueCase{match: re, line: name.line}.located()...)
		}
	default:
		m.fault(name.line, name.text, "corskit does not know this test", "import the site without it, and review it by hand")
		return
	}
	match.tests = append(match.tests, t)
}

// merged adds the values, as alternatives, to a test of the same field.
func merged(match *caddyMatcher, t caddyTest) bool {
	for i, have := range match.tests {
		if have.kind == "header" && !have.absent && strings.EqualFold(have.field, t.field) {
			match.tests[i].values = append(match.tests[i].values, t.values...)
			return true
		}
	}
	return false
}

// noteOrigins records the origins that the values of a field or placeholder match.
func (m *caddyModel) noteOrigins(values []word, field string) {
	for _, v := range values {
		switch {
		case field != "" && !strings.EqualFold(field, "Origin") || v.text == "*" || len(caddyTemplate(v.text).variables()) > 0:
		case field != "" && strings.Contains(v.text, "*"):
			e := wildcardExpressionOf(v.text)
			m.origins = append(m.origins, located{entries: entriesMatching(e), source: e, line: v.line})
		default:
			m.origins = append(m.origins, valueCase{literal: v.text, line: v.line}.located()...)
		}
	}
}
