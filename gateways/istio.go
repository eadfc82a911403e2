package gateways

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/core"
)

// istio is the corsPolicy of Istio's VirtualService, which Istio translates for Envoy.
//
// Sources: networking/v1alpha3/virtual_service.proto in istio.io/api v1.32.0, and
// TranslateCORSPolicy in pilot/pkg/networking/core/route/route.go in istio.io/istio.
func istio() Target {
	return Target{
		Name: "istio", Title: "Istio",
		Help: "VirtualServices with corsPolicy",
		Limits: []string{
			"One policy for each route.",
			"It passes requests of disallowed origins on, so it has no reject_disallowed.",
			"Envoy refuses expressions whose RE2 program has more than 100 instructions.",
			"It does not answer private network access.",
			"It sends no Vary of its own: the routes add it.",
		},
		export: exportIstio, imports: importIstio,
		Parse: func(text []byte) (Model, error) { return parseIstio(text) },
	}
}

// exportIstio writes a VirtualService for each host that a route names, and one for all other
// hosts.
func exportIstio(p *exportPlan) []byte {
	var b strings.Builder
	b.WriteString("# Replace the gateway and the destination with yours.\n")
	for i, h := range p.Hosts() {
		host := h.Host
		if host == "" {
			host = "*"
		}
		fmt.Fprintf(&b, `---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: application-%d
spec:
  hosts: [%q]
  gateways: [gateway]
  http:
`, i, host)
		for _, r := range h.Routes {
			if policy, ok := p.OnePolicy(r); ok {
				p.RefuseUnsupported(policy, false)
				b.WriteString(istioMatch(r.Path) + p.istioPolicy(policy))
			}
		}
		if !h.Covered {
			b.WriteString("    - route: [{destination: {host: application}}]\n")
		}
	}
	return []byte(b.String())
}

// istioMatch returns the beginning of a route.
func istioMatch(path string) string {
	const route = "    - route: [{destination: {host: application}}]\n      headers: {response: {add: {vary: Origin}}}\n"
	below, isBelow := strings.CutSuffix(path, "/")
	switch {
	case everyPath(path):
		return route
	case isBelow:
		return route + fmt.Sprintf("      match: [{uri: {exact: %q}}, {uri: {prefix: %q}}]\n", below, path)
	}
	return route + fmt.Sprintf("      match: [{uri: {exact: %q}}]\n", path)
}

func (p *exportPlan) istioPolicy(policy core.Policy) string {
	var b strings.Builder
	b.WriteString("      corsPolicy:\n        unmatchedPreflights: IGNORE\n")
	if entries := entriesOf(policy); len(entries) > 0 {
		b.WriteString("        allowOrigins:\n")
		for _, e := range entries {
			kind, value := p.envoyMatcher(policy, e)
			fmt.Fprintf(&b, "          - %s: %q\n", kind, value)
		}
	}
	list := func(key string, names []string) {
		if len(names) > 0 {
			fmt.Fprintf(&b, "        %s: [%s]\n", key, quotedList(names))
		}
	}
	list("allowMethods", policy.AllowMethods)
	list("allowHeaders", envoyHeaders(policy))
	list("exposeHeaders", policy.ExposeHeaders)
	if age := ageText(policy, func(s string) string { return s + "s" }); age != "" {
		fmt.Fprintf(&b, "        maxAge: %s\n", age)
	}
	if policy.AllowCredentials {
		b.WriteString("        allowCredentials: true\n")
	}
	return b.String()
}

// quotedList returns names in quotes, separated by commas.
func quotedList(names []string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = strconv.Quote(n)
	}
	return strings.Join(list, ", ")
}

// parseIstio reads VirtualServices.
func parseIstio(text []byte) (*envoyModel, error) {
	docs, err := parseTrees(text)
	if err != nil {
		return nil, err
	}
	m := &envoyModel{ignorePort: true}
	for _, doc := range docs {
		for _, vs := range doc.Find(func(t textTree) bool { return t.Get("kind").Text() == "VirtualService" }) {
			h := envoyHost{domains: vs.Get("spec", "hosts").List()}
			for _, r := range vs.Get("spec", "http").List() {
				routes, err := istioRoutes(r)
				if err != nil {
					return nil, err
				}
				for _, route := range routes {
					h.routes = append(h.routes, route)
					m.learn(h, route)
				}
			}
			m.hosts = append(m.hosts, h)
		}
	}
	return m, nil
}

// istioRoutes returns a route for each match. An exact path and the prefix of the paths below it
// become one route.
func istioRoutes(r textTree) ([]envoyRoute, error) {
	base := envoyRoute{tree: r, forwards: r.Get("route").Exists()}
	for _, set := range []string{"add", "set"} {
		for _, h := range r.Get("headers", "response", set).Pairs() {
			base.vary = base.vary || variesByOrigin(h.Key, h.Value.Text())
		}
	}
	if policy := r.Get("corsPolicy"); policy.Exists() {
		c, err := istioCors(policy)
		if err != nil {
			return nil, err
		}
		base.cors, base.policies = c, []textTree{policy}
	}
	matches := r.Get("match").List()
	if len(matches) == 0 {
		base.match = envoyMatch{tree: r.Get("match"), all: true}
		return []envoyRoute{base}, nil
	}
	var list []envoyRoute
	exact := make(map[string]bool)
	for _, t := range matches {
		exact[t.Get("uri", "exact").Text()] = true
	}
	for _, t := range matches {
		uri := t.Get("uri")
		m := envoyMatch{
			tree: t, prefix: uri.Get("prefix").Text(), path: uri.Get("exact").Text(),
			hasPrefix: uri.Get("prefix").Exists(), hasPath: uri.Get("exact").Exists(), all: !uri.Exists(),
		}
		if bare := strings.TrimSuffix(m.prefix, "/"); m.hasPrefix && bare != m.prefix && exact[bare] && bare != "" {
			m.hasPrefix, m.hasIn, m.separated = false, true, bare
		}
		route := base
		route.match = m
		list = append(list, route)
	}
	return slices.DeleteFunc(list, func(r envoyRoute) bool {
		return r.match.hasPath && slices.ContainsFunc(list,
			func(o envoyRoute) bool { return o.match.hasIn && o.match.separated == r.match.path })
	}), nil
}

// istioCors returns the settings of a corsPolicy.
func istioCors(t textTree) (*envoyCors, error) {
	credentials, _ := t.Get("allowCredentials").Bool()
	c := &envoyCors{
		methods: strings.Join(t.Get("allowMethods").Texts(), ","), headers: strings.Join(t.Get("allowHeaders").Texts(), ","),
		exposed: strings.Join(t.Get("exposeHeaders").Texts(), ","), credentials: credentials,
		forwardNotMatching: t.Get("unmatchedPreflights").Text() != "IGNORE",
	}
	if age := t.Get("maxAge"); age.Exists() {
		d, err := time.ParseDuration(age.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d: %s is not a duration such as 600s", age.Line(), quote(age.Text()))
		}
		c.age = strconv.Itoa(int(d / time.Second))
	}
	for _, o := range t.Get("allowOrigins").List() {
		m, err := newStringMatch(o)
		if err != nil {
			return nil, err
		}
		c.origins = append(c.origins, m)
		c.any = c.any || m.matches("*")
	}
	for _, o := range t.Get("allowOrigin").List() { // deprecated, exact
		m := stringMatch{tree: o, kind: "exact", value: o.Text()}
		c.origins = append(c.origins, m)
		c.any = c.any || m.value == "*"
	}
	return c, nil
}

// importIstio makes policies from VirtualServices.
func importIstio(text []byte, d *importDraft) {
	m, err := parseIstio(text)
	if err != nil {
		d.Refuse(0, "", err.Error(), "correct the file")
		return
	}
	im := &envoyImporter{d: d, names: make(map[string]string), model: m, keys: istioKeys, conditions: []string{"uri", "name"}}
	im.run()
}

// istioKeys are the names of the fields of a corsPolicy.
var istioKeys = envoyFields{
	origins: "allowOrigins", methods: "allowMethods", headers: "allowHeaders", exposed: "exposeHeaders", age: "maxAge",
	credentials: "allowCredentials", others: []string{"allowOrigin", "unmatchedPreflights"},
}
