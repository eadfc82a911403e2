package gateways

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

// haproxyModel interprets a frontend of HAProxy with its default backend.
//
//   - rules run in order; acl lines of the same name are alternatives; "or" separates
//     conjunctions (HAProxy configuration manual, 7.1 and 7.2)
//   - req.hdr looks at each element of a list, req.fhdr at each line of a field (7.3.6)
//   - http-response rules run for responses of servers only, and those of the backend before
//     those of the frontend; http-after-response rules run for all responses, also those of
//     "http-request return" (4.2, http-after-response)
type haproxyModel struct {
	serverFile
	request  []haproxyRule
	response []haproxyRule // for responses of servers
	after    []haproxyRule // for all responses
	acls     map[string][]haproxyTest
	aliases  map[string]bool // variables that hold the origin, and whether its case is lost
	lines    map[string]int  // the first line that sets a field
}

// haproxyRule is an action with a condition.
type haproxyRule struct {
	action    string
	name      string // of a variable or field
	fetch     haproxyFetch
	value     haproxyFormat
	status    int
	fields    []haproxyRule // of return
	condition [][]haproxyTerm
	unless    bool
	line      int
}

// haproxyTerm is a test in a condition. A condition holds if all terms of one of its conjunctions
// hold.
type haproxyTerm struct {
	not   bool
	tests []haproxyTest
}

// haproxyTest compares the values of a fetch.
type haproxyTest struct {
	fetch  haproxyFetch
	method string // str, reg, beg, end, sub, found, len, eq, ne, ge, gt, le or lt
	fold   bool
	values []string
	match  []*regexp.Regexp
}

func (t haproxyTest) holds(q *haproxyRequest) bool {
	list := q.values(t.fetch)
	if t.method == "found" {
		return len(list) > 0
	}
	return slices.ContainsFunc(list, t.accepts)
}

// accepts reports whether a value passes the test.
func (t haproxyTest) accepts(value string) bool {
	if t.fold && t.method != "reg" {
		value = strings.ToLower(value)
	}
	if t.method == "reg" {
		return slices.ContainsFunc(t.match, func(re *regexp.Regexp) bool { return re.MatchString(value) })
	}
	return slices.ContainsFunc(t.values, func(want string) bool {
		if t.fold {
			want = strings.ToLower(want)
		}
		switch t.method {
		case "str":
			return value == want
		case "beg":
			return strings.HasPrefix(value, want)
		case "end":
			return strings.HasSuffix(value, want)
		case "sub":
			return strings.Contains(value, want)
		case "len":
			n, err := strconv.Atoi(want)
			return err == nil && n == len(value)
		}
		return t.compares(value, want)
	})
}

// compares compares numbers.
func (t haproxyTest) compares(value, want string) bool {
	a, err := strconv.Atoi(value)
	b, err2 := strconv.Atoi(want)
	if err != nil || err2 != nil {
		return false
	}
	switch t.method {
	case "eq":
		return a == b
	case "ne":
		return a != b
	case "ge":
		return a >= b
	case "gt":
		return a > b
	case "le":
		return a <= b
	}
	return a < b
}

// expressions returns expressions for the origins that pass the test.
func (t haproxyTest) expressions() (list []string) {
	if t.method == "reg" {
		for _, re := range t.match {
			list = append(list, re.String())
		}
		return list
	}
	for _, v := range t.values {
		e := regexp.QuoteMeta(v)
		switch t.method {
		case "str":
			e = "^" + e + "$"
		case "beg":
			e = "^" + e
		case "end":
			e += "$"
		case "sub":
		default:
			continue
		}
		if t.fold {
			e = "(?i)" + e
		}
		list = append(list, e)
	}
	return list
}

func (r haproxyRule) applies(q *haproxyRequest) bool {
	if r.condition == nil {
		return true
	}
	holds := slices.ContainsFunc(r.condition, func(all []haproxyTerm) bool {
		return !slices.ContainsFunc(all, func(t haproxyTerm) bool {
			return slices.ContainsFunc(t.tests, func(t haproxyTest) bool { return t.holds(q) }) == t.not
		})
	})
	return holds != r.unless
}

// Answer implements [Model].
func (m *haproxyModel) Answer(r core.Request) Answer {
	q := &haproxyRequest{Request: r, vars: make(map[string]string)}
	a := Answer{Reached: true}
	for _, rule := range m.request {
		if !rule.applies(q) {
			continue
		}
		switch rule.action {
		case "set-var":
			if v, ok := q.one(rule.fetch); ok {
				q.vars[rule.name] = v
			}
		case "set-var-fmt":
			q.vars[rule.name] = rule.value.expand(q)
		case "unset-var":
			delete(q.vars, rule.name)
		case "return":
			a.Reached, a.Status = false, rule.status
			for _, f := range rule.fields {
				a.Header = append(a.Header, field(f.name, f.value.expand(q)))
			}
		}
		if !a.Reached {
			break
		}
	}
	if a.Reached {
		a.change(m.response, q)
	}
	a.change(m.after, q)
	return a
}

// change applies rules for the fields of a response.
func (a *Answer) change(rules []haproxyRule, q *haproxyRequest) {
	for _, r := range rules {
		if !r.applies(q) {
			continue
		}
		if r.action != "add-header" {
			a.Header = a.Header.Without(r.name)
		}
		if r.action != "del-header" {
			a.Header = append(a.Header, field(r.name, r.value.expand(q)))
		}
	}
}

func (m *haproxyModel) fieldLine(name string) int { return m.lines[strings.ToLower(name)] }

// parseHAProxyModel returns the model of a file in which one frontend handles CORS.
func parseHAProxyModel(text []byte) (*haproxyModel, error) {
	m := &haproxyModel{
		serverFile: newServerFile("haproxy"),
		acls:       make(map[string][]haproxyTest), aliases: make(map[string]bool), lines: make(map[string]int),
	}
	sections, fault := parseHAProxy(text)
	if fault != nil {
		m.fault(fault.line, "", fault.problem, fault.fix)
		return nil, m.err()
	}
	front := m.choose(sections)
	if front == nil {
		m.fault(0, "", "there is no frontend", "import the frontend that handles CORS")
		return nil, m.err()
	}
	back := m.backend(front, sections)
	for _, s := range []*haproxySection{front, back} {
		if s == nil {
			continue
		}
		m.findAliases(s)
		m.addACLs(s)
	}
	m.addRules(front)
	if back != nil {
		later := m.response
		m.response = nil
		m.addRules(back)
		m.response = append(m.response, later...)
	}
	m.sortOrigins()
	m.listNames()
	return m, m.err()
}

// listNames collects the methods and headers that rules send.
func (m *haproxyModel) listNames() {
	rules := slices.Concat(m.response, m.after)
	for _, r := range m.request {
		rules = append(rules, r.fields...)
	}
	for _, r := range rules {
		var texts []string
		for _, p := range r.value {
			texts = append(texts, p.text)
		}
		m.list(r.name, texts)
		if strings.EqualFold(r.name, "Access-Control-Allow-Origin") {
			for _, o := range texts {
				if o != "*" && o != "" {
					m.origins = append(m.origins, located{entries: []string{exactPattern(o)}, source: o, line: r.line})
				}
			}
		}
	}
	m.facts.Origins = originsOf(m.origins)
}
