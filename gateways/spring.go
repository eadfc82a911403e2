package gateways

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/core"
)

func spring() Target {
	return Target{
		Name:  "spring",
		Title: "Spring",
		Help:  "application.yml with the CORS settings of Spring Cloud Gateway, Actuator or GraphQL",
		Limits: []string{
			"Import only.",
			"It refuses cross-origin requests with methods that allowedMethods does not list, even GET, HEAD and POST; no policy does.",
			"Path patterns are /**, /path/** and /path.",
		},
		imports: importSpring,
		Parse:   func(text []byte) (Model, error) { return parseSpring(text) },
	}
}

// springModel answers as Spring does (spring-web, CorsConfiguration.java and
// DefaultCorsProcessor.java in github.com/spring-projects/spring-framework): the first path pattern
// that matches decides; requests from other origins, or with other methods, get status 403;
// allowedOrigins ignores case and a slash at the end; "*" in allowedOriginPatterns matches any
// characters; answers to preflights list the requested headers that are allowed.
type springModel struct {
	entries []*springEntry
	origins []located
	facts   Facts
}

// springEntry is a CorsConfiguration for a path pattern.
type springEntry struct {
	pattern                   string
	path                      string // as in core.Route
	line                      int
	exact                     []string
	patterns                  []*regexp.Regexp
	methods, headers, exposed []string
	credentials               bool
	age                       string
	lines                     map[string]int
}

// covers reports whether a path matches the pattern.
func (e *springEntry) covers(path string) bool {
	below, ok := strings.CutSuffix(e.path, "/")
	return e.path == "" || e.path == path || ok && (path == below || strings.HasPrefix(path, e.path))
}

func (e *springEntry) allowed(origin string) (string, bool) {
	checked := strings.TrimSuffix(origin, "/")
	for _, o := range e.exact {
		if o == "*" {
			return "*", true
		}
		if strings.EqualFold(o, checked) {
			return origin, true
		}
	}
	return origin, slices.ContainsFunc(e.patterns, func(re *regexp.Regexp) bool { return re.MatchString(checked) })
}

// Answer implements [Model].
func (m *springModel) Answer(r core.Request) Answer {
	a := Answer{Reached: true}
	a.Header = appendSet(a.Header, "Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
	origin := firstOf(r.Origin)
	preflight := r.Method == "OPTIONS" && origin != "" && len(r.AccessControlRequestMethod) > 0
	rejected := Answer{Status: 403, Header: a.Header}
	i := slices.IndexFunc(m.entries, func(e *springEntry) bool { return e.covers(r.Path) })
	switch {
	case origin == "" || isSameOrigin("none "+origin+" "+r.Host):
		return a
	case i < 0 && preflight:
		return rejected
	case i < 0:
		return a
	}
	e := m.entries[i]
	method := r.Method
	if preflight {
		method = firstOf(r.AccessControlRequestMethod)
	}
	allowed, ok := e.allowed(origin)
	if !ok || !slices.Contains(e.methods, method) && !slices.Contains(e.methods, "*") {
		return rejected
	}
	a.Header = appendSet(a.Header, "Access-Control-Allow-Origin", allowed)
	if e.credentials {
		a.Header = appendSet(a.Header, "Access-Control-Allow-Credentials", "true")
	}
	a.Header = appendSet(a.Header, "Access-Control-Expose-Headers", strings.Join(e.exposed, ","))
	if !preflight {
		return a
	}
	names, ok := e.allowedHeaders(splitList(strings.Join(r.AccessControlRequestHeaders, ",")))
	if !ok {
		return rejected
	}
	methods := strings.Join(e.methods, ",")
	if slices.Contains(e.methods, "*") {
		methods = method
	}
	a.Reached, a.Status = false, 200
	a.Header = appendSet(a.Header, "Access-Control-Allow-Methods", methods)
	a.Header = appendSet(a.Header, "Access-Control-Allow-Headers", strings.Join(names, ", "))
	a.Header = appendSet(a.Header, "Access-Control-Max-Age", e.age)
	return a
}

// allowedHeaders returns the requested names that are allowed. ok is false if none is.
func (e *springEntry) allowedHeaders(asked []string) (names []string, ok bool) {
	for _, name := range asked {
		if slices.Contains(e.headers, "*") || slices.ContainsFunc(e.headers, func(h string) bool { return strings.EqualFold(h, name) }) {
			names = append(names, name)
		}
	}
	return names, len(names) > 0 || len(asked) == 0
}

// Facts implements [Model].
func (m *springModel) Facts() Facts { return m.facts }

// springKeys are the settings of a CorsConfiguration, without hyphens and in lower case.
var springKeys = []string{
	"allowedorigins", "allowedoriginpatterns", "allowedmethods", "allowedheaders", "exposedheaders", "allowcredentials", "maxage",
	"allowprivatenetwork",
}

func springKey(key string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(key))
}

// parseSpring returns the model of an application.yml.
func parseSpring(text []byte) (*springModel, error) {
	d := &importDraft{source: "spring"}
	trees, err := parseTrees(text)
	if err != nil {
		d.Refuse(0, "", err.Error(), "import an application.yml")
		return nil, errors.Join(d.faults...)
	}
	m := &springModel{}
	for _, tree := range trees {
		for _, t := range tree.Find(isSpringCors) {
			m.add(t, d)
		}
	}
	if len(m.entries) == 0 && len(d.faults) == 0 {
		d.Refuse(0, "", "no part has allowedOrigins or allowedOriginPatterns",
			"import the application.yml that has globalcors or management.endpoints.web.cors")
	}
	if len(d.faults) > 0 {
		return nil, errors.Join(d.faults...)
	}
	m.facts.Origins = originsOf(m.origins)
	if len(m.entries) > 1 || m.entries[0].path != "" {
		for _, e := range m.entries {
			m.facts.Places = append(m.facts.Places, RoutePlace{Path: e.path})
		}
	}
	return m, nil
}

func isSpringCors(t textTree) bool {
	return slices.ContainsFunc(t.Pairs(), func(p treePair) bool {
		return slices.Contains([]string{"allowedorigins", "allowedoriginpatterns"}, springKey(p.Key))
	})
}

// add reads a CorsConfiguration.
func (m *springModel) add(t textTree, d *importDraft) {
	e := &springEntry{line: t.Line(), lines: make(map[string]int), methods: []string{"GET", "HEAD"}}
	path := t.Path()
	switch actuator := strings.Contains(path, "endpoints.web.cors"); {
	case strings.HasSuffix(path, "]") && strings.Contains(path, "["):
		e.pattern = path[strings.LastIndexByte(path, '[')+1 : len(path)-1]
	case strings.Contains(path, "onfigurations."):
		e.pattern = path[strings.Index(path, "onfigurations.")+len("onfigurations."):]
	case strings.HasSuffix(path, "metadata.cors"):
		d.Refuse(e.line, "cors", "these settings apply to one route of the gateway",
			"write them below globalcors, with the pattern of the route's paths")
		return
	case actuator || strings.HasSuffix(path, "graphql.cors"):
		e.age = "1800"
		if actuator {
			e.methods = []string{"GET"}
		}
	}
	below, all := strings.CutSuffix(e.pattern, "/**")
	switch {
	case e.pattern == "" || e.pattern == "/**":
	case strings.ContainsAny(below, "*?{}") || !strings.HasPrefix(below, "/"):
		d.Refuse(e.line, e.pattern, "a policy's route cannot express this path pattern", "write /path/** or /path")
		return
	case all:
		e.path = below + "/"
	default:
		e.path = below
	}
	for _, p := range t.Pairs() {
		e.set(m, p, d)
	}
	if e.credentials && slices.Contains(e.exact, "*") {
		d.Refuse(e.lines["allowedorigins"], "*", "Spring answers every cross-origin request with an error: allowCredentials is "+
			"true, and allowedOrigins has *",
			"list the origins, or remove allowCredentials")
	}
	m.entries = append(m.entries, e)
}

// set reads one setting.
func (e *springEntry) set(m *springModel, p treePair, d *importDraft) {
	key := springKey(p.Key)
	e.lines[key] = p.Line
	list := springList(p.Value)
	for _, s := range append(slices.Clone(list), p.Value.Text()) {
		if strings.Contains(s, "${") {
			d.Refuse(p.Line, s, "the value is not in the file", "write it")
			return
		}
	}
	switch key {
	case "allowedorigins":
		for _, o := range list {
			e.exact = append(e.exact, strings.TrimSuffix(o, "/"))
			if o != "*" {
				lower := strings.ToLower(strings.TrimSuffix(o, "/"))
				m.origins = append(m.origins, located{entries: []string{exactPattern(lower)}, source: o, line: p.Line})
			}
		}
	case "allowedoriginpatterns":
		for _, o := range list {
			x := springExpression(o)
			e.patterns = append(e.patterns, regexp.MustCompile(x))
			m.origins = append(m.origins, located{entries: entriesMatching(x), source: o, line: p.Line})
		}
	case "allowedmethods":
		if len(list) > 0 {
			e.methods = list
		}
		m.facts.Methods = append(m.facts.Methods, list...)
	case "allowedheaders":
		e.headers = list
		m.facts.Headers = append(m.facts.Headers, list...)
	case "exposedheaders":
		e.exposed = list
		m.facts.Exposed = append(m.facts.Exposed, list...)
	case "allowcredentials":
		e.credentials = strings.EqualFold(p.Value.Text(), "true")
	case "maxage":
		e.setAge(p, d)
	default:
		if slices.Contains(springKeys, key) {
			d.Refuse(p.Line, p.Key, "corskit does not read this setting", "remove it, and set it in the policy by hand")
		}
	}
}

// springList returns a list, which the file may also have as comma-separated text.
func springList(t textTree) (list []string) {
	if t.IsText() {
		return splitList(t.Text())
	}
	for _, s := range t.Texts() {
		if s = strings.TrimSpace(s); s != "" {
			list = append(list, s)
		}
	}
	return list
}

var springPorts = regexp.MustCompile(`^(.*):\[(\*|\d+(?:,\d+)*)\]$`)

// springExpression returns the expression for an origin pattern (CorsConfiguration.OriginPattern).
func springExpression(pattern string) string {
	pattern = strings.TrimSuffix(pattern, "/")
	ports := ""
	if found := springPorts.FindStringSubmatch(pattern); found != nil {
		if pattern, ports = found[1], ":(?:"+strings.ReplaceAll(found[2], ",", "|")+")"; found[2] == "*" {
			ports = `(?::[0-9]+)?`
		}
	}
	return "^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + ports + "$"
}

// setAge reads a duration: a number of seconds, a number with a unit, or ISO 8601.
func (e *springEntry) setAge(p treePair, d *importDraft) {
	text := strings.ToLower(strings.TrimSpace(p.Value.Text()))
	if n, err := strconv.Atoi(text); err == nil {
		e.age = strconv.Itoa(n)
		return
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n < 1000 {
			e.age = strconv.Itoa(n * 24 * 60 * 60)
			return
		}
	}
	length, err := time.ParseDuration(strings.TrimPrefix(text, "pt"))
	if err != nil || length < 0 {
		d.Refuse(p.Line, p.Key, "is not a duration that corskit reads", "write seconds, as in 1800, or 30m")
		return
	}
	e.age = strconv.Itoa(int(length / time.Second))
}

// springPart is the model of one entry, for all paths.
type springPart struct {
	*springModel
	entry *springEntry
	list  []located
}

func (m springPart) located() []located { return m.list }

func (m springPart) fieldLine(name string) int {
	keys := map[string]string{
		"Access-Control-Allow-Origin": "allowedorigins", "Access-Control-Allow-Methods": "allowedmethods",
		"Access-Control-Allow-Headers": "allowedheaders", "Access-Control-Expose-Headers": "exposedheaders",
		"Access-Control-Allow-Credentials": "allowcredentials", "Access-Control-Max-Age": "maxage",
	}
	if line := m.entry.lines[keys[name]]; line > 0 {
		return line
	}
	if line := m.entry.lines["allowedoriginpatterns"]; name == "Access-Control-Allow-Origin" && line > 0 {
		return line
	}
	return m.entry.line
}

// importSpring makes one or more policies for each entry. If there are several entries, each gets a
// route.
func importSpring(text []byte, d *importDraft) {
	m, err := parseSpring(text)
	if err != nil {
		refuseAll(d, err)
		return
	}
	for _, e := range m.entries {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			if !slices.Contains(e.methods, method) && !slices.Contains(e.methods, "*") {
				line := max(e.lines["allowedmethods"], e.line)
				d.Refuse(line, method, "Spring answers cross-origin requests with this method with status 403, because allowedMethods "+
					"does not "+
					"list it; "+
					"no policy does, because browsers send it without a preflight",
					"add "+method+" to allowedMethods, and let the application refuse it if it must")
			}
		}
		e.learn(m, d)
	}
	if len(d.faults) > 0 {
		return
	}
	whole := &learner{d: d, m: springPart{m, m.entries[0], nil}}
	whole.compare()
}

// learn adds the policies of an entry.
func (e *springEntry) learn(m *springModel, d *importDraft) {
	alone := *e
	alone.path = ""
	part := springPart{&springModel{entries: []*springEntry{&alone}, facts: m.facts}, e, nil}
	for _, l := range m.origins {
		if l.line == e.lines["allowedorigins"] || l.line == e.lines["allowedoriginpatterns"] {
			part.list = append(part.list, l)
		}
	}
	before := len(d.Policies)
	l := &learner{d: d, m: part, policies: make(map[string]*draftPolicy)}
	if !l.stranger() {
		return
	}
	for _, each := range part.list {
		l.learn(each)
	}
	l.strangerLast()
	if added := d.Policies[before:]; len(added) > 0 {
		l.rejectsIn(added)
		if len(m.facts.Places) > 0 {
			route := draftRoute{Path: e.path, Line: e.line}
			for _, p := range added {
				route.Policies = append(route.Policies, p.Name)
			}
			d.Routes = append(d.Routes, route)
		}
	} else if len(d.faults) == 0 {
		d.Refuse(e.line, e.pattern, fmt.Sprintf("the settings allow no origin at %s", quote(e.pattern)), "remove them, or list origins")
	}
}
