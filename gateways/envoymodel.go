package gateways

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// envoyModel answers as Envoy does.
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
	policies []textTree // those of the route, then of the virtual host, then of the configuration
	forwards bool       // whether the route forwards to a cluster; otherwise Envoy itself answers
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

// envoyCors holds the settings that apply to a route. Each comes from the first policy that sets
// it.
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
	plain := forwarded(route.vary)
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

// forwarded returns the answer of the application, with Vary: Origin if the gateway adds it.
func forwarded(vary bool) Answer {
	a := Answer{Reached: true}
	if vary {
		a.Header = browsermodel.Header("Vary", "Origin")
	}
	return a
}

// variesByOrigin reports whether a field is a Vary that names Origin.
func variesByOrigin(name, value string) bool {
	return strings.EqualFold(name, "Vary") && core.ListHas(value, "Origin")
}

// shared returns the fields that every answer to an allowed origin has.
func (c *envoyCors) shared() browsermodel.Fields {
	if c.credentials {
		return browsermodel.Header("Access-Control-Allow-Credentials", "true")
	}
	return nil
}

func (c *envoyCors) allows(origin string) bool {
	return c.any || slices.ContainsFunc(c.origins, func(m stringMatch) bool { return m.matches(origin) })
}

// echo returns the requested names if the setting is "*", and otherwise the setting.
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
		return fmt.Errorf("line %d: the file has a second route configuration; import one at a time", configs[len(configs)-1].Line())
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
			route.vary = route.vary || variesByOrigin(add.Get("header", "key").Text(), add.Get("header", "value").Text())
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

// envoyCorsOf returns the settings that apply, or nil if the filter is off.
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
			return nil, fmt.Errorf("line %d: the filter is on for only a fraction of the requests; write 100 percent or remove "+
				"filter_enabled",
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

// learn adds the origins, names and places that a route distinguishes to the facts.
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

// splitList splits a comma-separated list, and drops white space and empty elements.
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
			return m, fmt.Errorf("line %d: the matcher has several kinds; write one for each element of the list", t.Line())
		}
		m.kind, m.value = kind, v.Text()
		if kind == "safe_regex" {
			m.value = v.Get("regex").Text()
		}
	}
	if m.kind == "" {
		return m, fmt.Errorf("line %d: the matcher has an unknown kind; write exact or safe_regex", t.Line())
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
