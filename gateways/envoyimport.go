package gateways

import (
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

// importEnvoy makes policies from the routes of Envoy.
func importEnvoy(text []byte, d *importDraft) {
	m, err := parseEnvoy(text)
	if err != nil {
		d.Refuse(0, "", err.Error(), "correct the file")
		return
	}
	im := &envoyImporter{
		d: d, names: make(map[string]string), model: m, keys: envoyKeys,
		conditions: []string{"prefix", "path", "path_separated_prefix"},
	}
	im.run()
}

func (im *envoyImporter) run() {
	for _, h := range im.model.hosts {
		for _, r := range h.routes {
			if r.cors != nil {
				im.policy(r)
			}
		}
	}
	if len(im.d.Policies) == 0 {
		return
	}
	im.routes()
	im.notes()
}

type envoyImporter struct {
	d     *importDraft
	model *envoyModel
	names map[string]string // of policies, by the source lines of their settings
	seen  map[string]bool   // hosts

	keys       envoyFields
	conditions []string // the keys of a match that corskit reads
}

// envoyFields are the names of the fields of a policy.
type envoyFields struct {
	origins, methods, headers, exposed, age, credentials, network string
	others                                                        []string
}

// keyOf returns a key for the settings that apply to a route.
func keyOf(r envoyRoute) string {
	key := ""
	for _, p := range r.policies {
		key += strconv.Itoa(p.Line()) + " "
	}
	return key
}

// policy adds the policy of a route, unless it has been added.
func (im *envoyImporter) policy(r envoyRoute) {
	key := keyOf(r)
	if im.names[key] != "" {
		return
	}
	c := r.cors
	p := im.d.Policy(strings.Trim(strings.NewReplacer("/", "_").Replace(r.match.path+r.match.prefix+r.match.separated), "_"),
		r.policies[0].Line())
	im.names[key] = p.Name
	lineOf := func(key string) int {
		for _, t := range r.policies {
			if v := t.Get(key); v.Exists() {
				return v.Line()
			}
		}
		return 0
	}
	for _, t := range r.policies {
		for _, u := range t.Unknown(im.keys.all()...) {
			im.d.Refuse(u.Line, u.Key, "corskit does not know this field", "remove it if it does not affect CORS")
		}
	}
	if c.credentials {
		p.Credentials(lineOf(im.keys.credentials), im.keys.credentials)
	}
	for _, o := range c.origins {
		p.match(o)
	}
	importLists(p, commaLists{
		Methods: c.methods, MethodsLine: lineOf(im.keys.methods), Headers: c.headers, HeadersLine: lineOf(im.keys.headers),
		Exposed: c.exposed, ExposedLine: lineOf(im.keys.exposed), Age: c.age, AgeLine: lineOf(im.keys.age), Echo: true,
	})
	if c.network {
		p.Network(lineOf(im.keys.network), im.keys.network)
	}
}

var envoyKeys = envoyFields{
	origins: "allow_origin_string_match", methods: "allow_methods", headers: "allow_headers", exposed: "expose_headers", age: "max_age",
	credentials: "allow_credentials", network: "allow_private_network_access",
	others: []string{"@type", "filter_enabled", "shadow_enabled", "forward_not_matching_preflights"},
}

func (f envoyFields) all() []string {
	return append([]string{f.origins, f.methods, f.headers, f.exposed, f.age, f.credentials, f.network}, f.others...)
}

// match adds the origins of a StringMatcher.
func (p *draftPolicy) match(m stringMatch) {
	line := m.tree.Line()
	switch {
	case m.matches("*") && p.AllowCredentials:
		p.d.Refuse(line, m.value, "it echoes every origin and allows credentials: any site can act as its visitors",
			"list the origins that need credentials, as in exact: https://app.example.com")
	case m.matches("*"):
		p.Origin("*", line, m.kind)
	case m.kind == "exact" && !m.fold:
		p.Exact(m.value, line, m.kind)
	default:
		p.Expression(m.expression(), true, line, m.kind)
	}
}

// routes adds routes, unless one policy applies everywhere.
func (im *envoyImporter) routes() {
	var all []draftRoute
	hosts := slices.Clone(im.model.hosts)
	slices.SortStableFunc(hosts, func(a, b envoyHost) int { // the virtual host for all other hosts comes last
		return strings.Compare(lastKey(a), lastKey(b))
	})
	keys := make(map[string]bool)
	for _, h := range hosts {
		for _, domain := range h.domains {
			host, ok := im.host(domain, h)
			if !ok {
				continue
			}
			covered := false
			for _, r := range h.routes {
				path, ok := im.path(r)
				keys[im.names[keyOf(r)]] = true
				if ok && !covered {
					all = append(all, draftRoute{host, path, []string{im.nameOf(r)}, r.match.tree.Line()})
				}
				covered = covered || path == "/"
			}
			if !covered {
				all = append(all, draftRoute{host, "/", []string{im.none()}, domain.Line()})
				keys[""] = true
			}
		}
	}
	if len(keys) == 1 && len(im.d.faults) == 0 && slices.ContainsFunc(all, func(r draftRoute) bool { return r.Host == "" }) {
		return
	}
	for len(all) > 0 && all[len(all)-1].Host == "" && all[len(all)-1].Policies[0] == noPolicy {
		all = all[:len(all)-1]
	}
	if !slices.ContainsFunc(all, func(r draftRoute) bool { return r.Policies[0] == noPolicy }) {
		im.d.Policies = slices.DeleteFunc(im.d.Policies, func(p *draftPolicy) bool { return p.Name == noPolicy })
	}
	im.d.Routes = all
}

func lastKey(h envoyHost) string {
	if slices.ContainsFunc(h.domains, func(t textTree) bool { return t.Text() == "*" }) {
		return "1"
	}
	return "0"
}

// noPolicy is the name of a policy without origins.
const noPolicy = "none"

// nameOf returns the name of the policy of a route.
func (im *envoyImporter) nameOf(r envoyRoute) string {
	if name := im.names[keyOf(r)]; name != "" && r.cors != nil {
		return name
	}
	return im.none()
}

// none returns the name of a policy that refuses every origin. It is for routes without CORS that
// precede other routes in Envoy.
func (im *envoyImporter) none() string {
	if !slices.ContainsFunc(im.d.Policies, func(p *draftPolicy) bool { return p.Name == noPolicy }) {
		im.d.Policy(noPolicy, 0)
	}
	return noPolicy
}

// host returns the host of a route of core for a domain.
func (im *envoyImporter) host(domain textTree, h envoyHost) (string, bool) {
	name := strings.ToLower(domain.Text())
	bare := withoutPort(name)
	others := func(s string) bool {
		return slices.ContainsFunc(h.domains, func(t textTree) bool { return strings.EqualFold(t.Text(), s) })
	}
	if im.seen == nil {
		im.seen = make(map[string]bool)
	}
	repeated := im.seen[name]
	im.seen[name] = true
	switch {
	case repeated:
		im.d.Refuse(domain.Line(), domain.Text(), "the host appears twice, so the order of its routes is unknown",
			"put all its routes in one place")
		return "", false
	case name == "*":
		return "", true
	case strings.HasSuffix(name, ":*") && others(bare):
		return "", false // the domain without a port covers this one
	case strings.Contains(bare, "*"):
		im.d.Refuse(domain.Line(), domain.Text(), "a policy's routes have no host wildcards", "name each host, or use the domain *")
	case name != bare:
		im.d.Refuse(domain.Line(), domain.Text(), "a policy's routes have no ports",
			"name the host without a port, and set ignore_port_in_host_matching")
	case !im.model.ignorePort && !others(name+":*"):
		im.d.Refuse(domain.Line(), domain.Text(), "it covers the host only without a port, but a policy's route covers all ports",
			"set ignore_port_in_host_matching in route_config")
	default:
		return name, true
	}
	return "", false
}

// path returns the path of a route of core.
func (im *envoyImporter) path(r envoyRoute) (string, bool) {
	m := r.match
	for _, u := range m.tree.Unknown(im.conditions...) {
		im.d.Refuse(u.Line, u.Key, "routes of a policy consist of a host and a path", "remove the condition, or keep CORS in the gateway")
		return "", false
	}
	if !r.forwards {
		im.d.Note(r.tree.Line(), PassAspect, "Envoy answers this route itself; with corskit, the application gets its requests")
	}
	switch {
	case m.all, m.hasPrefix && (m.prefix == "/" || m.prefix == ""):
		return "/", true
	case m.hasPrefix:
		im.d.Refuse(m.tree.Line(), m.prefix, "a prefix can end within a path segment, and a policy's route cannot",
			"write path_separated_prefix: "+strings.TrimSuffix(m.prefix, "/"))
	case m.hasIn:
		return m.separated + "/", true
	case m.hasPath && (!strings.HasSuffix(m.path, "/")):
		return m.path, true
	default:
		im.d.Refuse(m.tree.Line(), m.path, "no route of a policy covers exactly this path",
			"write path_separated_prefix, or a path without a slash at the end")
	}
	return "", false
}

// notes adds notes about what Envoy does differently.
func (im *envoyImporter) notes() {
	vary, open := true, false
	for _, h := range im.model.hosts {
		covered := false
		for _, r := range h.routes {
			vary = vary && (r.vary || r.cors == nil)
			covered = covered || r.match.all || r.match.hasPrefix && len(r.match.prefix) <= 1
		}
		open = open || !covered
	}
	if !vary {
		im.d.Note(0, VaryAspect, "the source sends no Vary: Origin, so a cache can give one origin the response for another; the policy "+
			"sends it")
	}
	if open || lastKey(im.model.hosts[len(im.model.hosts)-1]) == "0" {
		im.d.Note(0, PassAspect, "Envoy answers requests without a route with 404; with corskit, the application gets them")
	}
}

// Exact adds an origin that the source compares exactly. A text that is not an origin, such as
// https://app.example.com/, never matches there; it is left out with a note.
func (p *draftPolicy) Exact(text string, line int, remark string) {
	switch {
	case text == "null" && p.AllowCredentials:
		p.d.Refuse(line, text, "null with credentials: any site can send the origin null", "remove it")
	case core.IsOrigin(text) || text == "null":
		p.Origin(text, line, remark)
	default:
		p.d.Note(line, "", quote(text)+" is not an origin, so it never matched; it is left out")
	}
}

// commaLists are the comma-separated settings of a source, with their lines.
type commaLists struct {
	Methods, Headers, Exposed, Age                 string
	MethodsLine, HeadersLine, ExposedLine, AgeLine int
	// Echo means that the setting "*" for methods or headers echoes the requested names.
	Echo bool
}

// importLists sets the lists and the age of a policy. Call it after Credentials.
func importLists(p *draftPolicy, l commaLists) {
	methods, headers, exposed := splitList(l.Methods), splitList(l.Headers), splitList(l.Exposed)
	switch {
	case l.Echo && l.Headers == "*" && !p.AllowCredentials:
		headers = []string{"*", "authorization"} // an echo covers it
	case l.Echo && l.Headers == "*":
	case p.AllowCredentials:
		headers = p.literal(headers, l.HeadersLine, HeaderAspect)
	}
	if p.AllowCredentials && (!l.Echo || l.Methods != "*") {
		methods = p.literal(methods, l.MethodsLine, MethodAspect)
	}
	if p.AllowCredentials {
		exposed = p.literal(exposed, l.ExposedLine, ExposeAspect)
	}
	p.Methods(methods, l.MethodsLine, "methods")
	p.Headers(headers, l.HeadersLine, "request headers")
	p.Exposed(exposed, l.ExposedLine, "response headers")
	if l.Age == "" {
		return
	}
	seconds, err := strconv.Atoi(l.Age)
	if err != nil {
		p.d.Refuse(l.AgeLine, l.Age, "not a number of seconds", "write seconds, as in 600")
		return
	}
	p.Age(seconds, l.AgeLine, "seconds")
}

// literal removes "*" if the policy has credentials, because browsers then treat it as an ordinary
// name.
func (p *draftPolicy) literal(list []string, line int, what Aspect) []string {
	without := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "*" })
	if len(without) < len(list) {
		p.d.Note(line, what, "* covers "+string(what)+" only without credentials; it is left out")
	}
	return without
}
