package gateways

import (
	"slices"
	"strings"
)

// importGatewayAPI makes policies from HTTPRoutes.
func importGatewayAPI(text []byte, d *importDraft) {
	m, err := parseGatewayAPI(text)
	if err != nil {
		d.Refuse(0, "", err.Error(), "correct the file")
		return
	}
	im := gatewayImporter{d: d, names: make(map[int]string)}
	for _, r := range m.routes {
		if r.cors != nil {
			im.policy(r)
		}
	}
	if len(d.Policies) > 0 {
		im.routes(m.routes)
	}
}

type gatewayImporter struct {
	d     *importDraft
	names map[int]string // of policies, by the lines of their filters
}

var gatewayKeys = []string{"allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders", "allowCredentials", "maxAge"}

// policy adds the policy of a filter, unless it has been added.
func (im gatewayImporter) policy(r gatewayRoute) {
	c := r.cors
	if im.names[c.tree.Line()] != "" {
		return
	}
	p := im.d.Policy(strings.Trim(r.path, "/"), c.tree.Line())
	im.names[c.tree.Line()] = p.Name
	for _, u := range c.tree.Unknown(gatewayKeys...) {
		im.d.Refuse(u.Line, u.Key, "not a field of the filter CORS", "remove it")
	}
	line := func(key string) int { return c.tree.Get(key).Line() }
	if c.credentials {
		p.Credentials(line("allowCredentials"), "allowCredentials")
	}
	for _, o := range c.origins {
		p.gatewayOrigin(o)
	}
	l := commaLists{
		Methods: strings.Join(c.methods, ","), MethodsLine: line("allowMethods"), Exposed: strings.Join(c.exposed, ","),
		ExposedLine: line("exposeHeaders"), Headers: strings.Join(c.headers, ","), HeadersLine: line("allowHeaders"), Echo: true,
	}
	if l.Headers == "*" && !c.credentials {
		l.Headers = "*,accept" // not an echo: some implementations answer *
		im.d.Note(l.HeadersLine, HeaderAspect, "implementations that echo headers also allow authorization for *; list it if pages send it")
	}
	if c.age != "5" {
		l.Age, l.AgeLine = c.age, line("maxAge")
	}
	importLists(p, l)
	if l.Headers == "*,accept" {
		p.Headers([]string{"*"}, l.HeadersLine, "allowHeaders")
	}
	if !r.vary {
		im.d.Note(0, VaryAspect, "the Gateway API does not specify whether the source sends Vary: Origin; the policy sends it")
	}
}

// gatewayOrigin adds an entry of allowOrigins.
func (p *draftPolicy) gatewayOrigin(m gatewayMatcher) {
	line := m.tree.Line()
	switch pattern := m.pattern(); {
	case m.text == "*" && p.AllowCredentials:
		p.d.Refuse(line, m.text, "* with allowCredentials echoes every origin and allows credentials: any site can act as its visitors",
			"list the origins that need credentials, as in https://app.example.com, or set allowCredentials: false")
	case m.text == "*", pattern == m.text && strings.Contains(m.text, "*"):
		p.Origin(m.text, line, "allowOrigins")
	case strings.Contains(m.text, "*"):
		p.Expression(m.expression(), true, line, "allowOrigins")
	default:
		p.Exact(m.text, line, "allowOrigins")
	}
}

// routes adds routes in order of precedence, unless one policy applies everywhere.
func (im gatewayImporter) routes(all []gatewayRoute) {
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b gatewayRoute) int {
		rank := func(r gatewayRoute) int {
			n := len(r.path)
			if r.exact {
				n += 1 << 16
			}
			return n
		}
		return rank(b) - rank(a)
	})
	hosts := []string{""}
	for _, r := range all {
		for _, h := range r.hostnames {
			if name := strings.ToLower(h.Text()); strings.Contains(name, "*") {
				im.d.Refuse(h.Line(), h.Text(), "a policy's routes have no host wildcards", "name each host")
			} else {
				hosts = append(hosts, name)
			}
		}
	}
	slices.Sort(hosts)
	hosts = slices.Compact(hosts)
	slices.Reverse(hosts) // the routes for all other hosts come last
	var list []draftRoute
	for _, host := range hosts {
		list = append(list, im.hostRoutes(host, order)...)
	}
	im.finish(list)
}

// hostRoutes returns the routes of a host. It includes routes without hostnames, which cover the
// requests that no route of the host covers.
func (im gatewayImporter) hostRoutes(host string, order []gatewayRoute) (list []draftRoute) {
	for _, r := range order {
		has := slices.ContainsFunc(r.hostnames, func(t textTree) bool { return strings.EqualFold(t.Text(), host) })
		if host == "" && len(r.hostnames) > 0 || host != "" && !has {
			continue
		}
		for _, u := range r.strange {
			im.d.Refuse(u.Line, u.Key, "routes of a policy consist of a host and a path",
				"remove the condition, or keep CORS in the gateway")
		}
		if !r.forwards {
			im.d.Note(r.tree.Line(), PassAspect, "the gateway redirects these requests itself; with corskit, the application gets them")
		}
		path := r.path
		if !r.exact && !strings.HasSuffix(path, "/") {
			path += "/"
		} else if r.exact && strings.HasSuffix(path, "/") && path != "/" || r.exact && path == "/" {
			im.d.Refuse(r.tree.Line(), r.path, "no route of a policy covers exactly this path",
				"write a PathPrefix, or a path without a slash at the end")
		}
		name := noPolicy
		if r.cors != nil {
			name = im.names[r.cors.tree.Line()]
		}
		list = append(list, draftRoute{host, path, []string{name}, r.tree.Line()})
	}
	return list
}

// finish sets the routes of the draft.
func (im gatewayImporter) finish(list []draftRoute) {
	for len(list) > 0 && list[len(list)-1].Host == "" && list[len(list)-1].Policies[0] == noPolicy {
		list = list[:len(list)-1]
	}
	if !slices.ContainsFunc(list, func(r draftRoute) bool { return r.Host == "" && everyPath(r.Path) }) {
		im.d.Note(0, PassAspect, "the gateway answers requests without a route with 404; with corskit, the application gets them")
	}
	if slices.ContainsFunc(list, func(r draftRoute) bool { return r.Policies[0] == noPolicy }) {
		im.d.Policy(noPolicy, 0)
	}
	if len(list) == 1 && list[0].Host == "" && everyPath(list[0].Path) {
		return
	}
	im.d.Routes = list
}
