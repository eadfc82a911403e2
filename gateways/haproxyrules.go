package gateways

import (
	"slices"
	"strconv"
	"strings"
)

// choose returns the only frontend that handles CORS, or the only frontend of the file.
func (m *haproxyModel) choose(sections []*haproxySection) *haproxySection {
	var fronts, found []*haproxySection
	for _, s := range sections {
		if s.kind == "frontend" || s.kind == "listen" || s.kind == "" {
			fronts = append(fronts, s)
			if s.mentionsCORS() {
				found = append(found, s)
			}
		}
	}
	if len(found) > 1 {
		m.fault(found[1].line, found[1].name, "another section also handles CORS", "import one frontend at a time")
	}
	if len(found) > 0 {
		return found[0]
	}
	if len(fronts) > 0 {
		return fronts[0]
	}
	return nil
}

// mentionsCORS reports whether a section sets fields of CORS.
func (s *haproxySection) mentionsCORS() bool {
	return slices.ContainsFunc(s.lines, func(words []word) bool {
		return strings.HasPrefix(words[0].text, "http-") && slices.ContainsFunc(words, func(w word) bool {
			return strings.HasPrefix(strings.ToLower(w.text), "access-control-allow-")
		})
	})
}

// backend returns the default backend, or nil if it has no rules.
func (m *haproxyModel) backend(front *haproxySection, sections []*haproxySection) *haproxySection {
	name := ""
	for _, words := range front.lines {
		if words[0].text == "default_backend" && len(words) > 1 {
			name = words[1].text
		}
	}
	var back *haproxySection
	for _, s := range sections {
		switch {
		case s.kind != "backend":
		case s.name == name:
			back = s
		case s.mentionsCORS():
			m.fault(s.line, s.name, "a backend other than the default one also handles CORS",
				"import one backend at a time, and make it the default_backend")
		}
	}
	return back
}

// findAliases finds the variables that never hold anything but the origin.
func (m *haproxyModel) findAliases(s *haproxySection) {
	other := make(map[string]bool)
	for _, words := range s.lines {
		if len(words) < 3 || words[0].text != "http-request" {
			continue
		}
		action, args, _ := cutArguments(words[1].text)
		if action != "set-var" || len(args) != 1 {
			continue
		}
		f, err := parseFetch(words[2].text)
		isOrigin, fold := f.isOrigin()
		if err != nil || !isOrigin {
			other[args[0]] = true
			continue
		}
		m.aliases[args[0]] = m.aliases[args[0]] || fold
	}
	for name := range other {
		delete(m.aliases, name)
	}
}

// addACLs reads the acl lines of a section.
func (m *haproxyModel) addACLs(s *haproxySection) {
	for _, words := range s.lines {
		if words[0].text != "acl" {
			continue
		}
		if len(words) < 3 {
			m.fault(words[0].line, "acl", "needs a name and a test", "write acl name req.fhdr(Origin) -m str https://app.example.com")
			continue
		}
		if t, ok := m.test(words[2:]); ok {
			m.acls[words[1].text] = append(m.acls[words[1].text], t)
		}
	}
}

// oldTests are the names that combine a fetch and a method.
var oldTests = map[string]string{
	"hdr_reg": "reg", "hdr_beg": "beg", "hdr_end": "end", "hdr_sub": "sub", "path_beg": "beg", "path_end": "end", "path_reg": "reg",
}

// test reads a test: a fetch, options and values.
func (m *haproxyModel) test(words []word) (t haproxyTest, ok bool) {
	line := words[0].line
	text := words[0].text
	name, _, _ := cutArguments(text)
	t.method = "str"
	if method, old := oldTests[name]; old {
		t.method = method
		text = strings.TrimSuffix(name, "_"+method) + strings.TrimPrefix(text, name)
	}
	f, err := parseFetch(text)
	if err != nil {
		m.fault(line, words[0].text, "corskit does not know this test: "+err.Error(),
			"import the frontend without it, and review it by hand")
		return t, false
	}
	t.fetch = f
	rest := words[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0].text, "-") && !rest[0].quoted {
		switch flag := rest[0].text; {
		case flag == "-i":
			t.fold = true
		case flag == "-m" && len(rest) > 1:
			t.method = rest[1].text
			rest = rest[1:]
		case flag == "--":
		default:
			m.fault(line, flag, "corskit does not know this option of a test", "write the values into the file")
			return t, false
		}
		rest = rest[1:]
	}
	number := strings.HasSuffix(name, "_cnt") || slices.Contains([]string{"ssl_fc", "always_true", "always_false"}, name) ||
		strings.Contains(text, ",strcmp")
	if number && t.method == "str" {
		t.method = "eq"
		if len(rest) > 0 && slices.Contains([]string{"eq", "ne", "ge", "gt", "le", "lt"}, rest[0].text) {
			t.method = rest[0].text
			rest = rest[1:]
		}
		if len(rest) == 0 {
			t.method, rest = "ne", []word{{text: "0"}} // a boolean
		}
	}
	for _, w := range rest {
		t.values = append(t.values, w.text)
	}
	return t, m.prepare(&t, line)
}

// prepare checks a test, compiles its expressions, and records the origins that it matches.
func (m *haproxyModel) prepare(t *haproxyTest, line int) bool {
	if !slices.Contains([]string{"str", "reg", "beg", "end", "sub", "found", "len", "eq", "ne", "ge", "gt", "le", "lt"}, t.method) {
		m.fault(line, t.method, "corskit does not know this way to compare", "compare with -m str or -m reg")
		return false
	}
	if t.method == "reg" {
		for _, e := range t.values {
			re, err := foreignExpression(e, t.fold)
			if err != nil {
				m.fault(line, e, "corskit cannot read the expression: "+quoteError(err),
					"write it without lookaround and backreferences")
				return false
			}
			t.match = append(t.match, re)
		}
	}
	isOrigin, fold := t.fetch.isOrigin()
	if t.fetch.name == "var" && len(t.fetch.converters) == 0 {
		fold, isOrigin = m.aliases[t.fetch.argument]
	}
	if !isOrigin {
		return true
	}
	if len(m.origins)+len(t.values) > maxEntries {
		m.fault(line, t.method, "there are too many origins to compare", "import a smaller part of the file")
		return false
	}
	for _, e := range t.expressions() {
		if fold {
			e = "(?i)" + e
		}
		m.origins = append(m.origins, located{entries: entriesMatching(e), source: e, line: line})
	}
	return true
}

// addRules reads the rules of a section.
func (m *haproxyModel) addRules(s *haproxySection) {
	for _, words := range s.lines {
		line := words[0].line
		if len(words) < 2 {
			continue
		}
		switch words[0].text {
		case "http-request":
			m.addRequestRule(words[1:])
		case "http-response", "http-after-response":
			r, ok := m.fieldRule(words[1:])
			if !ok {
				continue
			}
			if words[0].text == "http-response" {
				m.response = append(m.response, r)
			} else {
				m.after = append(m.after, r)
			}
		case "redirect", "http-send-name-header", "use-server", "filter", "errorfile", "monitor-uri", "stats", "reqrep", "rsprep":
			m.fault(line, words[0].text, "corskit does not know what this directive does to requests and header fields",
				"import the frontend without it, and review it by hand")
		}
	}
}

// addRequestRule reads an http-request rule.
func (m *haproxyModel) addRequestRule(words []word) {
	line := words[0].line
	action, args, _ := cutArguments(words[0].text)
	r := haproxyRule{action: action, line: line}
	rest, ok := m.condition(words[1:], &r)
	if !ok {
		return
	}
	switch action {
	case "set-var", "set-var-fmt", "unset-var":
		if len(args) != 1 || len(rest) != 1 && action != "unset-var" {
			m.fault(line, words[0].text, "needs one variable and one value", "write http-request set-var(txn.name) str(text)")
			return
		}
		var err error
		if r.name = args[0]; action == "set-var" {
			r.fetch, err = parseFetch(rest[0].text)
		} else if action == "set-var-fmt" {
			r.value, err = parseFormat(rest[0].text)
		}
		if err != nil {
			m.fault(line, r.name, "corskit does not know its value: "+err.Error(), "import the frontend without it, and review it by hand")
			return
		}
	case "return", "deny":
		if ok := m.returned(rest, &r); !ok {
			return
		}
		r.action = "return"
	case "set-header", "add-header", "del-header", "replace-header":
		if len(rest) == 0 || !isRequestField(rest[0].text) {
			return
		}
		m.fault(line, words[0].text, "the rule changes what later rules compare", "import the frontend without it, and review it by hand")
		return
	case "set-path", "replace-path", "replace-uri", "set-uri", "set-method", "redirect", "use-service", "reject", "tarpit", "auth",
		"cache-use", "lua":
		m.fault(line, action, "corskit does not interpret this action", "import the frontend without it, and review it by hand")
		return
	default:
		return // such as capture and track-sc0, which change nothing
	}
	m.request = append(m.request, r)
}

func isRequestField(name string) bool {
	return strings.EqualFold(name, "Origin") || strings.HasPrefix(strings.ToLower(name), "access-control-") || strings.EqualFold(name,
		"Sec-Fetch-Site")
}

// returned reads the words after return and deny.
func (m *haproxyModel) returned(words []word, r *haproxyRule) bool {
	r.status = 200
	if r.action == "deny" {
		r.status = 403
	}
	for i := 0; i < len(words); i++ {
		switch words[i].text {
		case "status", "deny_status":
			if i++; i < len(words) {
				r.status, _ = strconv.Atoi(words[i].text)
			}
		case "hdr":
			if i+2 >= len(words) {
				m.fault(r.line, "hdr", "needs a name and a value", "write hdr Name value")
				return false
			}
			value, err := parseFormat(words[i+2].text)
			if err != nil {
				m.fault(r.line, words[i+1].text, "corskit does not know its value: "+err.Error(), "write a text, or %[req.fhdr(Origin)]")
				return false
			}
			m.noteLine(words[i+1].text, r.line)
			r.fields = append(r.fields, haproxyRule{name: words[i+1].text, value: value, line: r.line})
			i += 2
		}
	}
	return true
}

func (m *haproxyModel) noteLine(name string, line int) {
	if key := strings.ToLower(name); m.lines[key] == 0 {
		m.lines[key] = line
	}
}

// fieldRule reads an http-response or http-after-response rule. ok is false if the rule does not
// affect CORS.
func (m *haproxyModel) fieldRule(words []word) (r haproxyRule, ok bool) {
	r = haproxyRule{action: words[0].text, line: words[0].line}
	name := ""
	if len(words) > 1 {
		name = words[1].text
	}
	switch r.action {
	case "set-header", "add-header", "del-header":
	case "replace-header", "replace-value", "return", "deny":
		if isCORS(name) || r.action == "return" || r.action == "deny" {
			m.fault(r.line, r.action, "corskit does not interpret this action", "write set-header, add-header or del-header")
		}
		return r, false
	default:
		return r, false
	}
	if !isCORS(name) {
		return r, false
	}
	rest, ok := m.condition(words[1:], &r)
	if !ok || !m.checkResponse(r) {
		return r, false
	}
	r.name = name
	if r.action == "del-header" {
		return r, true
	}
	if len(rest) != 2 {
		m.fault(r.line, name, "needs a name and a value", "write http-after-response set-header Name value")
		return r, false
	}
	value, err := parseFormat(rest[1].text)
	if err != nil {
		m.fault(r.line, name, "corskit does not know its value: "+err.Error(), "write a text, or the variable of a set-var")
		return r, false
	}
	for _, p := range value {
		if p.fetch != nil && !p.fetch.inResponses() {
			m.lateFetch(r.line, p.fetch.text)
			return r, false
		}
	}
	m.noteLine(name, r.line)
	r.value = value
	return r, true
}

// checkResponse reports tests of the request in a rule for responses.
func (m *haproxyModel) checkResponse(r haproxyRule) bool {
	for _, all := range r.condition {
		for _, term := range all {
			for _, t := range term.tests {
				if !t.fetch.inResponses() {
					m.lateFetch(r.line, t.fetch.text)
					return false
				}
			}
		}
	}
	return true
}

// inResponses reports whether a fetch has a value in response rules, where the header fields of the
// request are no longer available.
func (f haproxyFetch) inResponses() bool {
	return slices.Contains([]string{"var", "str", "int", "bool", "ssl_fc", "always_true", "always_false", "method"}, f.name)
}

func (m *haproxyModel) lateFetch(line int, text string) {
	m.fault(line, text, "response rules do not see the header fields of the request, so the test never holds",
		"store the result in a variable: http-request set-var(txn.name) str(yes) if ..., and test { var(txn.name) -m found }")
}

// condition reads the condition after if or unless, and returns the words before that keyword.
func (m *haproxyModel) condition(words []word, r *haproxyRule) (rest []word, ok bool) {
	at := slices.IndexFunc(words, func(w word) bool { return !w.quoted && (w.text == "if" || w.text == "unless") })
	if at < 0 {
		return words, true
	}
	r.unless = words[at].text == "unless"
	r.condition = [][]haproxyTerm{nil}
	list := words[at+1:]
	for i := 0; i < len(list); i++ {
		last := len(r.condition) - 1
		text := list[i].text
		if text == "or" || text == "||" {
			r.condition = append(r.condition, nil)
			continue
		}
		term := haproxyTerm{}
		for strings.HasPrefix(text, "!") {
			term.not = !term.not
			if text = text[1:]; text == "" {
				if i++; i == len(list) {
					m.fault(r.line, "!", "nothing follows", "write a test after it")
					return nil, false
				}
				text = list[i].text
			}
		}
		if text == "{" {
			end := slices.IndexFunc(list[i:], func(w word) bool { return w.is("}") })
			if end < 2 {
				m.fault(r.line, "{", "the test is not closed", `add the closing " }"`)
				return nil, false
			}
			t, ok := m.test(list[i+1 : i+end])
			if !ok {
				return nil, false
			}
			term.tests = []haproxyTest{t}
			i += end
		} else if term.tests, ok = m.named(text, r.line); !ok {
			return nil, false
		}
		r.condition[last] = append(r.condition[last], term)
	}
	return words[:at], true
}

// named returns the tests of an acl, or of a predefined one (HAProxy configuration manual, 7.4).
func (m *haproxyModel) named(name string, line int) ([]haproxyTest, bool) {
	if tests := m.acls[name]; tests != nil {
		return tests, true
	}
	if method, ok := strings.CutPrefix(name, "METH_"); ok {
		values := []string{method}
		if method == "GET" {
			values = append(values, "HEAD")
		}
		return []haproxyTest{{fetch: haproxyFetch{name: "method"}, method: "str", values: values}}, true
	}
	if name == "TRUE" || name == "FALSE" {
		return []haproxyTest{{fetch: haproxyFetch{name: "always_" + strings.ToLower(name)}, method: "ne", values: []string{"0"}}}, true
	}
	m.fault(line, name, "there is no acl with this name", "define it, or correct the name")
	return nil, false
}
