package gateways

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// envoy is the CORS filter of Envoy.
//
// Sources: api/envoy/extensions/filters/http/cors/v3/cors.proto,
// source/extensions/filters/http/cors/cors_filter.cc and source/common/common/regex.cc in
// github.com/envoyproxy/envoy.
func envoy() Target {
	return Target{
		Name: "envoy", Title: "Envoy",
		Help: "an HttpConnectionManager with routes and the filter envoy.filters.http.cors",
		Limits: []string{
			"One policy for each route.",
			"It passes requests of disallowed origins on, so it has no reject_disallowed.",
			"It refuses expressions whose RE2 program has more than 100 instructions.",
			"It sends no Vary of its own: the routes add it.",
		},
		export: exportEnvoy, imports: importEnvoy,
		Parse: func(text []byte) (Model, error) { return parseEnvoy(text) },
	}
}

const envoyHead = `# typed_config of the filter envoy.filters.network.http_connection_manager. Replace the
# cluster "application" by yours.
"@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
stat_prefix: ingress_http
normalize_path: true
merge_slashes: true
path_with_escaped_slashes_action: REJECT_REQUEST
http_filters:
  - name: envoy.filters.http.cors
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors
  - name: envoy.filters.http.router
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
route_config:
  name: application
  ignore_port_in_host_matching: true
  virtual_hosts:
`

// exportEnvoy writes a virtual host for each host that a route names, and one for all others.
func exportEnvoy(p *exportPlan) []byte {
	var b strings.Builder
	b.WriteString(envoyHead)
	for _, h := range p.Hosts() {
		domain := h.Host
		if domain == "" {
			domain = "*"
		}
		fmt.Fprintf(&b, "    - name: %q\n      domains: [%q]\n      routes:\n", "host "+domain, domain)
		for _, r := range h.Routes {
			if policy, ok := p.OnePolicy(r); ok {
				b.WriteString(p.envoyRoute(r.Path, policy))
			}
		}
		if !h.Covered {
			b.WriteString("        - match: {prefix: /}\n          route: {cluster: application}\n")
		}
	}
	return []byte(b.String())
}

func (p *exportPlan) envoyRoute(path string, policy core.Policy) string {
	p.Usual(policy, true)
	match := "path: " + strconv.Quote(path)
	if path == "" || path == "/" {
		match = "prefix: /"
	} else if below, ok := strings.CutSuffix(path, "/"); ok {
		match = "path_separated_prefix: " + strconv.Quote(below)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `        - match: {%s}
          route: {cluster: application}
          response_headers_to_add:
            - header: {key: vary, value: Origin}
              append_action: APPEND_IF_EXISTS_OR_ADD
          typed_per_filter_config:
            envoy.filters.http.cors:
              "@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy
              forward_not_matching_preflights: false
`, match)
	if entries := entriesOf(policy); len(entries) > 0 {
		b.WriteString("              allow_origin_string_match:\n")
		for _, e := range entries {
			kind, value := p.envoyMatcher(policy, e)
			if kind == "exact" {
				fmt.Fprintf(&b, "                - exact: %q\n", value)
			} else {
				fmt.Fprintf(&b, "                - safe_regex: {regex: %q}\n", value)
			}
		}
	}
	b.WriteString(envoySettings(policy))
	return b.String()
}

// envoyMatcher returns the kind and value of a StringMatcher: exact or regex. A matcher that matches
// the text "*" allows every origin (CorsFilter::isOriginAllowed).
func (p *exportPlan) envoyMatcher(policy core.Policy, e originEntry) (kind, value string) {
	switch e.Kind {
	case exactEntry, nullEntry:
		return "exact", e.Text
	case anyEntry:
		return "regex", ".*"
	}
	if n := programSize(e.Expression); n > maxProgram {
		p.Refuse(policy.Name, "AllowOrigins", e.Text,
			fmt.Sprintf("its expression has about %d instructions, and Envoy refuses more than %d (re2.max_program_size)", n, maxProgram),
			"list the origins, or write a shorter entry")
	}
	if re, err := regexp.Compile("^(?:" + e.Expression + ")$"); err == nil && re.MatchString("*") {
		p.Refuse(policy.Name, "AllowOrigins", e.Text, "an expression that also matches the text * allows every origin",
			"write the scheme into the expression, as in regexp:https://[a-z]+\\.example\\.com")
	}
	return "regex", e.Expression
}

// envoyHeaders returns the allowed headers for Envoy, which echoes what was asked for if "*" stands
// alone. Without credentials, that would allow authorization too. In a list, "*" is sent.
func envoyHeaders(policy core.Policy) []string {
	if slices.Equal(policy.AllowHeaders, []string{"*"}) && !policy.AllowCredentials {
		return []string{"*", "accept"}
	}
	return policy.AllowHeaders
}

// envoySettings returns the fields of a CorsPolicy other than the origins.
func envoySettings(policy core.Policy) string {
	var b strings.Builder
	set := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "              %s: %s\n", key, value)
		}
	}
	list := func(key string, names []string) {
		if len(names) > 0 {
			set(key, strconv.Quote(strings.Join(names, ",")))
		}
	}
	list("allow_methods", policy.AllowMethods)
	list("allow_headers", envoyHeaders(policy))
	list("expose_headers", policy.ExposeHeaders)
	set("max_age", ageText(policy, strconv.Quote))
	if policy.AllowCredentials {
		set("allow_credentials", "true")
	}
	if policy.AllowPrivateNetwork {
		set("allow_private_network_access", "true")
	}
	return b.String()
}

// ageText returns Access-Control-Max-Age, as write formats it. It is empty if there is none.
func ageText(policy core.Policy, write func(string) string) string {
	switch {
	case policy.MaxAge == core.NoPreflightCache:
		return write("0")
	case policy.MaxAge > 0:
		return write(strconv.Itoa(int(policy.MaxAge / time.Second)))
	}
	return ""
}

// maxProgram is the largest RE2 program that Envoy accepts by default.
const maxProgram = 100

// programSize estimates how many instructions RE2 needs for an expression: one for each range
// of bytes.
func programSize(e string) int {
	re, err := syntax.Parse(e, syntax.Perl)
	if err != nil {
		return maxProgram + 1
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return maxProgram + 1
	}
	n := 0
	for _, i := range prog.Inst {
		switch i.Op {
		case syntax.InstRune:
			n += max(1, len(i.Rune)/2)
			if len(i.Rune) > 0 && i.Rune[len(i.Rune)-1] > 127 {
				n += 10 // the bytes of UTF-8
			}
		case syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			n += 12
		case syntax.InstRune1, syntax.InstAlt, syntax.InstAltMatch, syntax.InstMatch, syntax.InstEmptyWidth:
			n++
		}
	}
	return n
}

// envoyModel is what Envoy answers.
type envoyModel struct {
	hosts      []envoyHost
	ignorePort bool
	facts      Facts
}

type envoyHost struct {
	domains []textTree
	routes  []envoyRoute
}

type envoyRoute struct {
	tree     textTree // of the route
	match    envoyMatch
	policies []textTree // of the route first, then of the virtual host, then of the configuration
	forwards bool       // to a cluster; otherwise Envoy itself answers
	vary     bool
	cors     *envoyCors
}

// envoyMatch is a RouteMatch.
type envoyMatch struct {
	tree                      textTree
	prefix, path, separated   string
	hasPrefix, hasPath, hasIn bool
	all                       bool // no path is given
}

func (m envoyMatch) matches(path string) bool {
	switch {
	case m.hasPrefix:
		return strings.HasPrefix(path, m.prefix)
	case m.hasPath:
		return path == m.path
	case m.hasIn:
		return path == m.separated || strings.HasPrefix(path, m.separated+"/")
	}
	return m.all
}

// envoyCors are the settings in force for a route: of each, that of the first policy that has it.
type envoyCors struct {
	origins                                  []stringMatch
	any                                      bool
	methods, headers, exposed, age           string
	credentials, network, forwardNotMatching bool
}

// Facts implements Model.
func (m *envoyModel) Facts() Facts { return m.facts }

// Answer implements Model (CorsFilter::decodeHeaders and encodeHeaders).
func (m *envoyModel) Answer(r core.Request) Answer {
	route := m.route(r)
	switch {
	case route == nil:
		return Answer{Status: 404}
	case !route.forwards:
		return Answer{Status: 301}
	}
	plain := Answer{Reached: true}
	if route.vary {
		plain.Header = browsermodel.Header("Vary", "Origin")
	}
	c, origin := route.cors, strings.Join(r.Origin, ",")
	if c == nil || origin == "" {
		return plain
	}
	allowed := c.allows(origin)
	preflight := r.Method == "OPTIONS" && len(r.AccessControlRequestMethod) > 0 && r.AccessControlRequestMethod[0] != ""
	if !preflight {
		if allowed {
			plain.Header = append(plain.Header, field("Access-Control-Allow-Origin", origin))
			plain.Header = append(plain.Header, c.shared()...)
			plain.Header = appendSet(plain.Header, "Access-Control-Expose-Headers", c.exposed)
		}
		return plain
	}
	if !allowed && c.forwardNotMatching {
		return plain
	}
	a := Answer{Status: 200}
	if allowed {
		a.Header = browsermodel.Header("Access-Control-Allow-Origin", origin)
	}
	a.Header = append(a.Header, c.shared()...)
	a.Header = appendSet(a.Header, "Access-Control-Allow-Methods", echo(c.methods, r.AccessControlRequestMethod))
	a.Header = appendSet(a.Header, "Access-Control-Allow-Headers", echo(c.headers, r.AccessControlRequestHeaders))
	a.Header = appendSet(a.Header, "Access-Control-Max-Age", c.age)
	if c.network && slices.Equal(r.AccessControlRequestPrivateNetwork, []string{"true"}) {
		a.Header = append(a.Header, field("Access-Control-Allow-Private-Network", "true"))
	}
	return a
}

// shared returns the fields of all answers to an origin.
func (c *envoyCors) shared() browsermodel.Fields {
	if c.credentials {
		return browsermodel.Header("Access-Control-Allow-Credentials", "true")
	}
	return nil
}

func (c *envoyCors) allows(origin string) bool {
	return c.any || slices.ContainsFunc(c.origins, func(m stringMatch) bool { return m.matches(origin) })
}

// echo returns what was asked for if the setting is "*", and otherwise the setting.
func echo(setting string, asked []string) string {
	if setting == "*" {
		return strings.Join(asked, ",")
	}
	return setting
}

// appendSet appends a field unless its value is empty.
func appendSet(all browsermodel.Fields, name, value string) browsermodel.Fields {
	if value == "" {
		return all
	}
	return append(all, field(name, value))
}

// route returns the route of a request, or nil. The virtual host is the one with the exact
// domain, then the longest wildcard, then "*" (api/envoy/config/route/v3/route_components.proto,
// VirtualHost.domains).
func (m *envoyModel) route(r core.Request) *envoyRoute {
	host := strings.ToLower(r.Host)
	if m.ignorePort {
		host = withoutPort(host)
	}
	var best *envoyHost
	length := -1
	for i, h := range m.hosts {
		for _, d := range h.domains {
			if n := domainMatch(strings.ToLower(d.Text()), host); n > length {
				best, length = &m.hosts[i], n
			}
		}
	}
	if best == nil {
		return nil
	}
	for i := range best.routes {
		if best.routes[i].match.matches(r.Path) {
			return &best.routes[i]
		}
	}
	return nil
}

func withoutPort(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host[:i]
	}
	return host
}

// domainMatch returns how well a domain matches a host: -1 if it does not.
func domainMatch(domain, host string) int {
	const exact, suffix = 1 << 20, 1 << 10
	switch below, isSuffix := strings.CutPrefix(domain, "*"); {
	case domain == "*":
		return 0
	case domain == host:
		return exact
	case isSuffix && len(host) > len(below) && strings.HasSuffix(host, below):
		return suffix + len(domain)
	}
	if above, ok := strings.CutSuffix(domain, "*"); ok && len(host) > len(above) && strings.HasPrefix(host, above) {
		return len(domain)
	}
	return -1
}

// parseEnvoy reads a bootstrap, a listener, a connection manager or a route configuration.
func parseEnvoy(text []byte) (*envoyModel, error) {
	docs, err := parseTrees(text)
	if err != nil {
		return nil, err
	}
	m := &envoyModel{}
	for _, doc := range docs {
		managers := doc.Find(func(t textTree) bool { return t.Get("http_filters").Exists() && t.Get("route_config").Exists() })
		if len(managers) == 0 {
			managers = []textTree{doc}
		}
		for _, manager := range managers {
			if err := m.addManager(manager); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

func (m *envoyModel) addManager(manager textTree) error {
	configs := manager.Find(func(t textTree) bool { return t.Get("virtual_hosts").IsList() })
	switch {
	case len(configs) == 0:
		return nil
	case len(configs) > 1 || len(m.hosts) > 0:
		return fmt.Errorf("line %d: a second route configuration; read one at a time", configs[len(configs)-1].Line())
	}
	on := true
	if filters := manager.Get("http_filters"); filters.Exists() {
		on = slices.ContainsFunc(filters.List(), func(f textTree) bool { return f.Get("name").Text() == corsFilter })
	}
	rc := configs[0]
	ignore, _ := rc.Get("ignore_port_in_host_matching").Bool()
	strip, _ := manager.Get("strip_any_host_port").Bool()
	m.ignorePort = ignore || strip
	for _, vh := range rc.Get("virtual_hosts").List() {
		h := envoyHost{domains: vh.Get("domains").List()}
		for _, r := range vh.Get("routes").List() {
			route, err := newEnvoyRoute(r, vh, rc, on)
			if err != nil {
				return err
			}
			h.routes = append(h.routes, route)
			m.learn(h, route)
		}
		m.hosts = append(m.hosts, h)
	}
	return nil
}

const corsFilter = "envoy.filters.http.cors"

// newEnvoyRoute reads a route.
func newEnvoyRoute(r, vh, rc textTree, on bool) (envoyRoute, error) {
	match := r.Get("match")
	route := envoyRoute{tree: r, forwards: r.Get("route").Exists(), match: envoyMatch{
		tree: match, prefix: match.Get("prefix").Text(), path: match.Get("path").Text(),
		separated: match.Get("path_separated_prefix").Text(),
		hasPrefix: match.Get("prefix").Exists(), hasPath: match.Get("path").Exists(), hasIn: match.Get("path_separated_prefix").Exists(),
	}}
	for _, t := range []textTree{r, vh, rc} {
		route.policies = append(route.policies, t.Get("typed_per_filter_config", corsFilter))
		for _, add := range t.Get("response_headers_to_add").List() {
			if strings.EqualFold(add.Get("header", "key").Text(), "vary") && core.ListHas(add.Get("header", "value").Text(), "Origin") {
				route.vary = true
			}
		}
	}
	route.policies = slices.DeleteFunc(route.policies, func(t textTree) bool { return !t.Exists() })
	if len(route.policies) == 0 {
		for _, t := range []textTree{r.Get("route", "cors"), vh.Get("cors")} {
			if t.Exists() {
				route.policies = append(route.policies, t)
			}
		}
	}
	if len(route.policies) == 0 || !on {
		route.policies = nil
		return route, nil
	}
	c, err := envoyCorsOf(route.policies)
	route.cors = c
	return route, err
}

// envoyCorsOf returns the settings in force, or nil if the filter is off.
func envoyCorsOf(policies []textTree) (*envoyCors, error) {
	first := func(key string, set func(textTree) bool) textTree {
		for _, p := range policies {
			if t := p.Get(key); set(t) {
				return t
			}
		}
		return textTree{}
	}
	text := func(key string) string { return first(key, func(t textTree) bool { return t.Text() != "" }).Text() }
	flag := func(key string, unset bool) bool {
		if v, ok := first(key, textTree.Exists).Bool(); ok {
			return v
		}
		return unset
	}
	c := &envoyCors{
		methods: text("allow_methods"), headers: text("allow_headers"), exposed: text("expose_headers"), age: text("max_age"),
		credentials: flag("allow_credentials", false), network: flag("allow_private_network_access", false),
		forwardNotMatching: flag("forward_not_matching_preflights", true),
	}
	if enabled := policies[0].Get("filter_enabled", "default_value"); enabled.Exists() {
		numerator, _ := enabled.Get("numerator").Int()
		whole := map[string]int{"": 100, "HUNDRED": 100, "TEN_THOUSAND": 10_000, "MILLION": 1_000_000}[enabled.Get("denominator").Text()]
		switch {
		case numerator == 0:
			return nil, nil
		case whole == 0 || numerator < whole:
			return nil, fmt.Errorf("line %d: the filter is on for a fraction of the requests; write 100 percent or remove filter_enabled",
				enabled.Line())
		}
	}
	for _, t := range first("allow_origin_string_match", func(t textTree) bool { return len(t.List()) > 0 }).List() {
		match, err := newStringMatch(t)
		if err != nil {
			return nil, err
		}
		c.origins = append(c.origins, match)
		c.any = c.any || match.matches("*")
	}
	return c, nil
}

// learn adds what a route depends on to the facts.
func (m *envoyModel) learn(h envoyHost, r envoyRoute) {
	path := r.match.path
	switch {
	case r.match.hasIn:
		path = r.match.separated + "/"
	case r.match.hasPrefix:
		path = r.match.prefix
	}
	for _, d := range h.domains {
		m.facts.Places = append(m.facts.Places, RoutePlace{withoutPort(strings.Trim(d.Text(), "*.")), path})
	}
	c := r.cors
	if c == nil {
		return
	}
	if c.any {
		m.facts.Origins = append(m.facts.Origins, "*")
	}
	for _, o := range c.origins {
		m.facts.Origins = append(m.facts.Origins, o.pattern())
	}
	m.facts.Methods = append(m.facts.Methods, splitList(c.methods)...)
	m.facts.Headers = append(m.facts.Headers, splitList(c.headers)...)
	m.facts.Exposed = append(m.facts.Exposed, splitList(c.exposed)...)
}

// splitList splits a list at commas, and drops white space and empty elements.
func splitList(text string) (list []string) {
	for s := range strings.SplitSeq(text, ",") {
		if s = strings.TrimSpace(s); s != "" {
			list = append(list, s)
		}
	}
	return list
}

// stringMatch is a StringMatcher (api/envoy/type/matcher/v3/string.proto). Its expressions match
// whole values.
type stringMatch struct {
	tree  textTree
	kind  string // exact, prefix, suffix, contains or safe_regex
	value string
	fold  bool
	re    *regexp.Regexp
}

func newStringMatch(t textTree) (stringMatch, error) {
	fold, _ := t.Get("ignore_case").Bool()
	m := stringMatch{tree: t, fold: fold}
	for _, kind := range []string{"exact", "prefix", "suffix", "contains", "safe_regex", "regex"} {
		v := t.Get(kind)
		if !v.Exists() {
			continue
		}
		if m.kind != "" {
			return m, fmt.Errorf("line %d: several matches in one; write one for each element of the list", t.Line())
		}
		m.kind, m.value = kind, v.Text()
		if kind == "safe_regex" {
			m.value = v.Get("regex").Text()
		}
	}
	if m.kind == "" {
		return m, fmt.Errorf("line %d: a match of an unknown kind; write exact or safe_regex", t.Line())
	}
	re, err := regexp.Compile("^(?:" + m.expression() + ")$")
	if err != nil {
		return m, fmt.Errorf("line %d: %w", t.Line(), err)
	}
	m.re = re
	return m, nil
}

// expression returns an expression for whole values.
func (m stringMatch) expression() string {
	e := regexp.QuoteMeta(m.value)
	switch m.kind {
	case "prefix":
		e += ".*"
	case "suffix":
		e = ".*" + e
	case "contains":
		e = ".*" + e + ".*"
	case "safe_regex", "regex":
		return m.value
	}
	if m.fold {
		return "(?i:" + e + ")"
	}
	return e
}

func (m stringMatch) matches(s string) bool {
	if m.kind == "exact" && !m.fold {
		return s == m.value
	}
	return m.re.MatchString(s)
}

func (m stringMatch) pattern() string {
	if m.kind == "exact" && !m.fold {
		return exactPattern(m.value)
	}
	return expressionPattern(m.expression(), true)
}
