package gateways

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

func traefik() Target {
	return Target{
		Name:  "traefik",
		Title: "Traefik",
		Help:  "a headers middleware of Traefik, as YAML of the file provider; also imports the Middleware of Kubernetes",
		Limits: []string{
			"One policy for each middleware, and no routes: routers choose the middleware.",
			"It passes requests of disallowed origins on to the application.",
			"It does not answer Access-Control-Request-Private-Network.",
			"Before 3.7.6, it does not echo names for \"*\" with credentials, and sends Access-Control-Max-Age: 0 without max_age.",
		},
		export: exportTraefik,
		imports: func(text []byte, d *importDraft) {
			m, err := parseTraefik(text)
			importServer(d, m, err)
		},
		Parse: func(text []byte) (Model, error) { return parseTraefik(text) },
	}
}

// exportTraefik writes one middleware. The expressions of a middleware are not anchored.
func exportTraefik(p *exportPlan) []byte {
	policy, ok := p.One()
	if !ok {
		return nil
	}
	p.RefuseUnsupported(policy, false)
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Written by corskit. Name the middleware in the routers that need it.")
	line("http:")
	line("  middlewares:")
	line("    corskit:")
	line("      headers:")
	list := func(key string, names []string) {
		if len(names) > 0 {
			line("        %s: [%s]", key, quotedList(names))
		}
	}
	var exact, expressions []string
	for _, e := range entriesOf(policy) {
		switch e.Kind {
		case anyEntry, exactEntry, nullEntry:
			exact = append(exact, e.Text)
		default:
			expressions = append(expressions, "^(?:"+e.Expression+")$")
		}
		if strings.Contains(e.Expression, "{{") {
			p.Refuse(policy.Name, "AllowOrigins", e.Text, "it interprets {{ in its files as a template", "write the expression without {{")
		}
	}
	vary := true
	if slices.Contains(exact, "*") {
		exact, expressions, vary = []string{"*"}, nil, false
	}
	list("accessControlAllowOriginList", exact)
	list("accessControlAllowOriginListRegex", expressions)
	list("accessControlAllowMethods", policy.AllowMethods)
	list("accessControlAllowHeaders", policy.AllowHeaders)
	list("accessControlExposeHeaders", policy.ExposeHeaders)
	if policy.AllowCredentials {
		line("        accessControlAllowCredentials: true")
	}
	if age := ageText(policy, func(s string) string { return s }); age != "" {
		line("        accessControlMaxAge: %s", age)
	}
	if vary {
		line("        addVaryHeader: true")
	}
	return []byte(b.String())
}

// traefikModel is the headers middleware of Traefik 3.7.6 (pkg/middlewares/headers/header.go and
// pkg/config/dynamic/middlewares.go in github.com/traefik/traefik): it answers preflights with
// status 200, for every origin; "*" with credentials echoes the origin and the requested names;
// expressions are not anchored; Access-Control-Allow-Credentials does not depend on the origin;
// Vary is sent only with addVaryHeader, and never with preflights.
type traefikModel struct {
	exact                     []string
	expressions               []*regexp.Regexp
	methods, headers, exposed []string
	credentials, vary, active bool
	age                       string
	origins                   []located
	lines                     map[string]int
}

// Answer implements [Model].
func (m *traefikModel) Answer(r core.Request) Answer {
	a := Answer{Reached: true}
	if !m.active {
		return a
	}
	origin, asked := firstOf(r.Origin), firstOf(r.AccessControlRequestMethod)
	allowed, ok := m.match(origin)
	if ok {
		a.Header = appendSet(a.Header, "Access-Control-Allow-Origin", allowed)
	}
	if m.credentials {
		a.Header = appendSet(a.Header, "Access-Control-Allow-Credentials", "true")
	}
	if !slices.Contains(m.exposed, "*") || !m.credentials {
		a.Header = appendSet(a.Header, "Access-Control-Expose-Headers", strings.Join(m.exposed, ","))
	}
	if r.Method == "OPTIONS" && origin != "" && asked != "" {
		a.Reached, a.Status = false, 200
		methods, headers := strings.Join(m.methods, ","), strings.Join(m.headers, ",")
		if m.credentials && slices.Contains(m.methods, "*") {
			methods = asked
		}
		if m.credentials && slices.Contains(m.headers, "*") {
			headers = firstOf(r.AccessControlRequestHeaders)
		}
		a.Header = appendSet(a.Header, "Access-Control-Allow-Methods", methods)
		a.Header = appendSet(a.Header, "Access-Control-Allow-Headers", headers)
		a.Header = appendSet(a.Header, "Access-Control-Max-Age", m.age)
		return a
	}
	if m.vary {
		a.Header = appendSet(a.Header, "Vary", "Origin")
	}
	return a
}

func firstOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// match returns the value of Access-Control-Allow-Origin.
func (m *traefikModel) match(origin string) (string, bool) {
	for _, item := range m.exact {
		switch {
		case item == origin, item == "*" && m.credentials:
			return origin, true
		case item == "*":
			return "*", true
		}
	}
	matched := slices.ContainsFunc(m.expressions, func(re *regexp.Regexp) bool { return re.MatchString(origin) })
	return origin, matched
}

// Facts implements [Model].
func (m *traefikModel) Facts() Facts {
	return Facts{Origins: originsOf(m.origins), Methods: m.methods, Headers: m.headers, Exposed: m.exposed}
}

func (m *traefikModel) located() []located { return m.origins }

func (m *traefikModel) fieldLine(name string) int {
	return m.lines[strings.ToLower(strings.ReplaceAll(name, "-", ""))]
}

// parseTraefik returns the model of the only middleware that sets CORS.
func parseTraefik(text []byte) (*traefikModel, error) {
	d := &importDraft{source: "traefik"}
	trees, err := parseTrees(text)
	if err != nil {
		d.Refuse(0, "", err.Error(), "import YAML of the file provider, or a Kubernetes Middleware")
		return nil, d.err()
	}
	m := &traefikModel{lines: make(map[string]int)}
	count := 0
	for _, tree := range trees {
		for _, h := range tree.Find(func(t textTree) bool { return isTraefikHeaders(t) }) {
			if count++; count > 1 {
				d.Refuse(h.Line(), h.Path(), "another middleware also sets CORS", "import one middleware at a time")
				continue
			}
			m.read(h, d)
		}
	}
	if count == 0 {
		d.Refuse(0, "", "no headers middleware sets CORS", "import YAML with http.middlewares.NAME.headers; labels and TOML are not read")
	}
	return m, d.err()
}

// isTraefikHeaders reports whether a part has options of CORS.
func isTraefikHeaders(t textTree) bool {
	return slices.ContainsFunc(t.Pairs(), func(p treePair) bool {
		key := strings.ToLower(p.Key)
		return strings.HasPrefix(key, "accesscontrol") || key == "addvaryheader"
	})
}

// read reads the options of a middleware. Traefik ignores the case of keys.
func (m *traefikModel) read(t textTree, d *importDraft) {
	m.active = true
	texts := func(p treePair) []string {
		if !p.Value.IsList() && p.Value.Exists() {
			d.Refuse(p.Line, p.Key, "is not a list", "write a list, as in [GET, PUT]")
		}
		return p.Value.Texts()
	}
	yes := func(p treePair) bool {
		v, ok := p.Value.Bool()
		if !ok {
			d.Refuse(p.Line, p.Key, "is neither true nor false", "write true or false")
		}
		return v
	}
	for _, p := range t.Pairs() {
		key := strings.ToLower(p.Key)
		name := strings.TrimSuffix(strings.TrimSuffix(key, "regex"), "list")
		if m.lines[name] == 0 || key == "accesscontrolalloworiginlist" {
			m.lines[name] = p.Line
		}
		switch key {
		case "accesscontrolalloworiginlist":
			m.exact = texts(p)
			for _, e := range p.Value.List() {
				if o := e.Text(); o != "*" && o != "" {
					m.origins = append(m.origins, located{entries: []string{exactPattern(o)}, source: o, line: e.Line()})
				}
			}
		case "accesscontrolalloworiginlistregex":
			m.readExpressions(p, d)
		case "accesscontrolallowmethods":
			m.methods = texts(p)
		case "accesscontrolallowheaders":
			m.headers = texts(p)
		case "accesscontrolexposeheaders":
			m.exposed = texts(p)
		case "accesscontrolallowcredentials":
			m.credentials = yes(p)
		case "addvaryheader":
			m.vary = yes(p)
		case "accesscontrolmaxage":
			n, ok := p.Value.Int()
			if !ok {
				d.Refuse(p.Line, p.Key, "is not a number of seconds", "write seconds, as in 600")
			}
			m.age = strconv.Itoa(n)
		case "customresponseheaders":
			for _, h := range p.Value.Pairs() {
				if isCORS(h.Key) {
					d.Refuse(h.Line, h.Key, "this header is set outside of the CORS options", "use accessControl... and addVaryHeader")
				}
			}
		default:
			if strings.HasPrefix(key, "accesscontrol") {
				d.Refuse(p.Line, p.Key, "corskit does not know this option", "use accessControl... and addVaryHeader")
			}
		}
	}
}

// readExpressions reads accessControlAllowOriginListRegex.
func (m *traefikModel) readExpressions(p treePair, d *importDraft) {
	for _, e := range p.Value.List() {
		re, err := regexp.Compile(e.Text())
		if err != nil {
			d.Refuse(e.Line(), e.Text(), "is not a regular expression: "+quoteError(err), "correct it")
			continue
		}
		m.expressions = append(m.expressions, re)
		m.origins = append(m.origins, located{entries: entriesMatching(e.Text()), source: e.Text(), line: e.Line()})
	}
}

// err joins the errors of Refuse.
func (d *importDraft) err() error {
	if len(d.faults) == 0 {
		return nil
	}
	return errors.Join(d.faults...)
}
