package gateways

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// gatewayAPI is the CORS filter of HTTPRoute in the Kubernetes Gateway API.
//
// Source: HTTPCORSFilter in apis/v1/httproute_types.go and CORSOrigin in apis/v1/shared_types.go,
// sigs.k8s.io/gateway-api v1.6.3. Where the specification leaves implementations a choice, the
// model takes the choice that allows more. For example, an implementation may answer "*" or echo
// the requested names.
func gatewayAPI() Target {
	return Target{
		Name: "gateway-api", Title: "the Gateway API",
		Help: "HTTPRoutes of the Kubernetes Gateway API with the filter CORS",
		Limits: []string{
			"At most 64 origins, which are http or https, with * only as the whole host or its first labels.",
			"No expressions, ranges of ports, IPv6 addresses or null.",
			"At most 9 methods, from a fixed list without QUERY.",
			"* for headers may also allow authorization without credentials.",
			"max_age cannot be 0.",
			"One policy for each route, and at most 16 routes for a host.",
		},
		export: exportGatewayAPI, imports: importGatewayAPI,
		Parse: func(text []byte) (Model, error) { return parseGatewayAPI(text) },
	}
}

// Limits of HTTPCORSFilter and HTTPRouteSpec.
const (
	maxGatewayList  = 64
	maxGatewayRules = 16
)

var (
	gatewayOrigin  = regexp.MustCompile(`^https?://((\*\.)?([a-zA-Z0-9-]+\.)*[a-zA-Z0-9-]+|\*)(:([0-9]{1,5}))?$`)
	gatewayMethods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "*"}
)

// exportGatewayAPI writes an HTTPRoute for each host that a route names, and one for all other
// hosts.
func exportGatewayAPI(p *exportPlan) []byte {
	var b strings.Builder
	b.WriteString("# Replace the gateway and the backend with yours.\n")
	for i, h := range p.Hosts() {
		fmt.Fprintf(&b, `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: application-%d
spec:
  parentRefs: [{name: gateway}]
`, i)
		if h.Host != "" {
			fmt.Fprintf(&b, "  hostnames: [%q]\n", h.Host)
		}
		b.WriteString("  rules:\n")
		if len(h.Routes) >= maxGatewayRules {
			p.Refuse(h.Routes[0].Policies[0].Name, "", "", fmt.Sprintf("an HTTPRoute has at most %d rules", maxGatewayRules),
				"use fewer routes, or export one at a time (--route 0)")
		}
		for _, r := range h.Routes {
			if policy, ok := p.OnePolicy(r); ok {
				p.RefuseUnsupported(policy, false)
				b.WriteString(gatewayMatch(r.Path) + p.gatewayFilters(policy))
			}
		}
		if !h.Covered {
			b.WriteString(gatewayMatch("/"))
		}
	}
	return []byte(b.String())
}

// gatewayMatch returns the beginning of a rule. PathPrefix compares whole elements of a path.
func gatewayMatch(path string) string {
	kind := "Exact"
	if everyPath(path) {
		kind, path = "PathPrefix", "/"
	} else if below, ok := strings.CutSuffix(path, "/"); ok {
		kind, path = "PathPrefix", below
	}
	return fmt.Sprintf("    - backendRefs: [{name: application, port: 80}]\n      matches: [{path: {type: %s, value: %q}}]\n", kind, path)
}

// gatewayFilters returns the filters of a rule. A policy without origins has none.
func (p *exportPlan) gatewayFilters(policy core.Policy) string {
	origins := p.gatewayOrigins(policy)
	if len(origins) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(`      filters:
        - type: ResponseHeaderModifier
          responseHeaderModifier: {add: [{name: Vary, value: Origin}]}
        - type: CORS
          cors:
`)
	list := func(key string, names []string) {
		if len(names) > 0 {
			fmt.Fprintf(&b, "            %s: [%s]\n", key, quotedList(names))
		}
	}
	list("allowOrigins", origins)
	list("allowMethods", p.gatewayMethodsOf(policy))
	list("allowHeaders", p.gatewayHeaders(policy))
	list("exposeHeaders", p.shortened(policy, "ExposeHeaders", ExposeAspect, policy.ExposeHeaders))
	if policy.AllowCredentials {
		b.WriteString("            allowCredentials: true\n")
	}
	switch {
	case policy.MaxAge == core.NoPreflightCache:
		p.Refuse(policy.Name, "MaxAge", "", "maxAge must be at least one second",
			"remove max_age: browsers then cache preflights for five seconds")
	case policy.MaxAge > 0:
		fmt.Fprintf(&b, "            maxAge: %s\n", ageText(policy, func(s string) string { return s }))
	}
	return b.String()
}

func (p *exportPlan) gatewayOrigins(policy core.Policy) (list []string) {
	if slices.Contains(policy.AllowOrigins, "*") {
		return []string{"*"} // * must be the only entry
	}
	for _, e := range entriesOf(policy) {
		text := "origins have the scheme http or https, and no port or a fixed one"
		switch e.Kind {
		case exactEntry, subdomainsEntry:
			if gatewayOrigin.MatchString(e.Text) && len(e.Text) <= 253 {
				list = append(list, e.Text)
				continue
			}
		case wildcardEntry:
			text = "* matches only the first labels of a host, not part of a label and not a port"
		case expressionEntry:
			text = "it has no regular expressions"
		}
		p.Lose(policy.Name, "AllowOrigins", e.Text, OriginAspect, text, "list the origins, as in https://app.example.com",
			"origins of this entry are refused")
	}
	if len(list) > maxGatewayList {
		for _, o := range list[maxGatewayList:] {
			p.Lose(policy.Name, "AllowOrigins", o, OriginAspect, fmt.Sprintf("allowOrigins has at most %d entries", maxGatewayList),
				"use a wildcard for several origins", "this origin is refused")
		}
		list = list[:maxGatewayList]
	}
	return list
}

func (p *exportPlan) gatewayMethodsOf(policy core.Policy) (list []string) {
	for _, m := range policy.AllowMethods {
		if slices.Contains(gatewayMethods, m) {
			list = append(list, m)
			continue
		}
		p.Lose(policy.Name, "AllowMethods", m, MethodAspect, "the only methods are "+strings.Join(gatewayMethods, ", "),
			"remove the method", "scripts cannot use this method")
	}
	return list
}

func (p *exportPlan) gatewayHeaders(policy core.Policy) []string {
	if slices.Contains(policy.AllowHeaders, "*") && !policy.AllowCredentials {
		if !slices.Contains(policy.AllowHeaders, "authorization") {
			p.Refuse(policy.Name, "AllowHeaders", "*",
				"for *, an implementation may echo the requested headers, which allows authorization too",
				"list the headers")
		} else {
			p.Refuse(policy.Name, "AllowHeaders", "*", "* must be the only entry, and does not allow authorization in every implementation",
				"list the headers")
		}
		return nil
	}
	return p.shortened(policy, "AllowHeaders", HeaderAspect, policy.AllowHeaders)
}

// shortened returns the list, cut to the length that a list may have.
func (p *exportPlan) shortened(policy core.Policy, fieldName string, aspect Aspect, list []string) []string {
	for i, name := range list {
		if i >= maxGatewayList {
			p.Lose(policy.Name, fieldName, name, aspect, fmt.Sprintf("lists have at most %d entries", maxGatewayList),
				"remove the header", "scripts cannot use this header")
		}
	}
	return list[:min(len(list), maxGatewayList)]
}

// gatewayModel answers as an implementation of the Gateway API does.
type gatewayModel struct {
	routes []gatewayRoute
	facts  Facts
}

// gatewayRoute is a match of a rule.
type gatewayRoute struct {
	tree      textTree // of the match, or of the rule
	hostnames []textTree
	exact     bool
	path      string
	vary      bool
	forwards  bool
	strange   []treePair // conditions other than the path
	cors      *gatewayCors
}

type gatewayCors struct {
	tree                      textTree
	origins                   []gatewayMatcher
	methods, headers, exposed []string
	credentials               bool
	age                       string
}

// gatewayMatcher is an entry of allowOrigins.
type gatewayMatcher struct {
	tree textTree
	text string
	re   *regexp.Regexp
}

func newGatewayMatcher(t textTree) gatewayMatcher {
	m := gatewayMatcher{tree: t, text: t.Text()}
	m.re = regexp.MustCompile("^(?:" + m.expression() + ")$")
	return m
}

func (m gatewayMatcher) matches(origin string) bool {
	return m.text == "*" || m.text == origin || strings.Contains(m.text, "*") && m.re.MatchString(origin)
}

// pattern returns the pattern of core for the entry.
func (m gatewayMatcher) pattern() string {
	switch {
	case m.text == "*" || subdomains.MatchString(m.text) && strings.Count(m.text, "*") == 1:
		return m.text
	case strings.Contains(m.text, "*"):
		return expressionPattern(m.expression(), true)
	}
	return exactPattern(m.text)
}

func (m gatewayMatcher) expression() string {
	return strings.ReplaceAll(regexp.QuoteMeta(m.text), `\*`, `[^/:]+`)
}

// Facts implements Model.
func (m *gatewayModel) Facts() Facts { return m.facts }

// Answer implements Model.
func (m *gatewayModel) Answer(r core.Request) Answer {
	route := m.route(r)
	switch {
	case route == nil:
		return Answer{Status: 404}
	case !route.forwards:
		return Answer{Status: 302}
	}
	plain := forwarded(route.vary)
	c, origin := route.cors, strings.Join(r.Origin, ",")
	if c == nil || origin == "" {
		return plain
	}
	allowed := slices.ContainsFunc(c.origins, func(m gatewayMatcher) bool { return m.matches(origin) })
	shared := browsermodel.Header("Access-Control-Allow-Origin", origin)
	if c.credentials {
		shared = append(shared, field("Access-Control-Allow-Credentials", "true"))
	}
	preflight := r.Method == "OPTIONS" && len(r.AccessControlRequestMethod) > 0
	switch {
	case preflight && !allowed:
		return Answer{Status: 204}
	case preflight:
		a := Answer{Status: 204, Header: shared}
		a.Header = appendSet(a.Header, "Access-Control-Allow-Methods", echo(strings.Join(c.methods, ","), r.AccessControlRequestMethod))
		a.Header = appendSet(a.Header, "Access-Control-Allow-Headers", echo(strings.Join(c.headers, ","), r.AccessControlRequestHeaders))
		a.Header = append(a.Header, field("Access-Control-Max-Age", c.age))
		return a
	case allowed:
		plain.Header = append(plain.Header, shared...)
		plain.Header = appendSet(plain.Header, "Access-Control-Expose-Headers", strings.Join(c.exposed, ","))
	}
	return plain
}

// route returns the match that applies: among those of the most specific hostname, an exact path,
// then the longest prefix, then the first match (HTTPRouteRule.matches).
func (m *gatewayModel) route(r core.Request) *gatewayRoute {
	var best *gatewayRoute
	score := [3]int{-1}
	host := strings.ToLower(withoutPort(r.Host))
	for i, route := range m.routes {
		named := 0
		if len(route.hostnames) > 0 {
			named = -1
		}
		for _, h := range route.hostnames {
			if n := domainMatch(strings.ToLower(h.Text()), host); n > 0 {
				named = max(named, n)
			}
		}
		if named < 0 || !route.covers(r.Path) {
			continue
		}
		now := [3]int{named, 0, len(route.path)}
		if route.exact {
			now[1] = 1
		}
		if slices.Compare(now[:], score[:]) > 0 {
			best, score = &m.routes[i], now
		}
	}
	return best
}

func (r gatewayRoute) covers(path string) bool {
	if r.exact {
		return path == r.path
	}
	bare := strings.TrimSuffix(r.path, "/")
	return path == bare || strings.HasPrefix(path, bare+"/")
}

// parseGatewayAPI reads HTTPRoutes.
func parseGatewayAPI(text []byte) (*gatewayModel, error) {
	docs, err := parseTrees(text)
	if err != nil {
		return nil, err
	}
	m := &gatewayModel{}
	for _, doc := range docs {
		for _, route := range doc.Find(func(t textTree) bool { return t.Get("kind").Text() == "HTTPRoute" }) {
			for _, rule := range route.Get("spec", "rules").List() {
				m.add(route.Get("spec", "hostnames").List(), rule)
			}
		}
	}
	return m, nil
}

// add adds the matches of a rule.
func (m *gatewayModel) add(hostnames []textTree, rule textTree) {
	r := gatewayRoute{tree: rule, hostnames: hostnames, forwards: true}
	for _, f := range rule.Get("filters").List() {
		switch f.Get("type").Text() {
		case "CORS":
			r.cors = newGatewayCors(f.Get("cors"))
		case "RequestRedirect":
			r.forwards = false
		case "ResponseHeaderModifier":
			for _, set := range []string{"add", "set"} {
				for _, h := range f.Get("responseHeaderModifier", set).List() {
					r.vary = r.vary || variesByOrigin(h.Get("name").Text(), h.Get("value").Text())
				}
			}
		}
	}
	matches := rule.Get("matches").List()
	if len(matches) == 0 {
		matches = []textTree{{}}
	}
	for _, t := range matches {
		r := r
		path := t.Get("path")
		r.exact, r.path, r.strange = path.Get("type").Text() == "Exact", path.Get("value").Text(), t.Unknown("path")
		if t.Exists() {
			r.tree = t
		}
		if r.path == "" {
			r.path = "/"
		}
		m.routes = append(m.routes, r)
		m.learn(r)
	}
}

func newGatewayCors(t textTree) *gatewayCors {
	c := &gatewayCors{
		tree: t, methods: t.Get("allowMethods").Texts(), headers: t.Get("allowHeaders").Texts(),
		exposed: t.Get("exposeHeaders").Texts(), age: "5",
	}
	c.credentials, _ = t.Get("allowCredentials").Bool()
	if n, ok := t.Get("maxAge").Int(); ok {
		c.age = strconv.Itoa(n)
	}
	for _, o := range t.Get("allowOrigins").List() {
		c.origins = append(c.origins, newGatewayMatcher(o))
	}
	return c
}

func (m *gatewayModel) learn(r gatewayRoute) {
	path := r.path
	if !r.exact && !strings.HasSuffix(path, "/") {
		path += "/"
	}
	hosts := []string{""}
	for _, h := range r.hostnames {
		hosts = append(hosts, strings.TrimPrefix(h.Text(), "*."))
	}
	for _, h := range hosts {
		m.facts.Places = append(m.facts.Places, RoutePlace{strings.ToLower(h), path})
	}
	if r.cors == nil {
		return
	}
	for _, o := range r.cors.origins {
		m.facts.Origins = append(m.facts.Origins, o.pattern())
	}
	m.facts.Methods = append(m.facts.Methods, r.cors.methods...)
	m.facts.Headers = append(m.facts.Headers, r.cors.headers...)
	m.facts.Exposed = append(m.facts.Exposed, r.cors.exposed...)
}
