package gateways

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// Lossy says what Export does with what a target cannot say.
type Lossy int

// The values of Lossy. There is none for a wider answer.
const (
	Exactly      Lossy = iota // refuse it
	NarrowerOnly              // write the narrower answer where there is one, and list what is lost
)

// ExportOptions are options of [Export].
type ExportOptions struct {
	Lossy Lossy
	// Route selects one route of the configuration by its index, as if the file had no routes
	// and only its policies. Nil exports all routes.
	Route *int
}

// Exported is what Export wrote.
type Exported struct {
	Text   []byte
	Losses []Loss // with NarrowerOnly, and notes
}

// Loss is what the text for a target does not say.
type Loss struct {
	Aspect Aspect
	Policy string
	Place  config.Place
	Entry  string // of a list; empty if the whole setting is lost
	Text   string
	// Note means that nothing becomes narrower, although a comparison with the file shows a
	// difference: a missing Vary, or another status.
	Note bool
}

func (l Loss) String() string { return place(l.Place) + entry(l.Entry) + l.Text }

// exportPlan is what an exporter writes.
type exportPlan struct {
	// Routes are in order, the first that covers a request governs. If the file has no
	// routes, there is one for every host and path.
	Routes []planRoute

	target string
	lossy  Lossy
	cfg    *config.Config
	file   side
	losses []Loss
	faults []error
}

// planRoute is a route. Policies has at least one policy; the first whose origins match governs.
type planRoute struct {
	Index      int // in the file
	Host, Path string
	Policies   []core.Policy // expanded: see expandedPolicy
}

// All reports whether the route covers every request.
func (r planRoute) All() bool { return r.Host == "" && (r.Path == "" || r.Path == "/") }

// expandedPolicy returns the policy as exporters need it: presets written out, methods as browsers
// send them, names of headers in lower case, without repetitions and without headers that scripts
// cannot set.
//
// The methods are "*" alone, or begin with GET, HEAD and POST, so the list is never empty: without
// Access-Control-Allow-Methods, browsers allow every method of requests with upload listeners
// (Fetch, CORS-preflight fetch). The headers are "*" alone, or, without credentials, "*" and
// authorization, or a list.
func expandedPolicy(p core.Policy) core.Policy {
	p = p.Expand()
	methods := []string{"GET", "HEAD", "POST"}
	for _, m := range p.AllowMethods {
		methods = append(methods, browsermodel.NormalizeMethod(m))
	}
	kept := "authorization"
	if p.AllowCredentials {
		kept = "*" // it covers authorization too
	}
	p.AllowMethods = alone(distinct(methods))
	p.AllowHeaders = alone(slices.DeleteFunc(distinct(lower(p.AllowHeaders)), func(h string) bool {
		return browsermodel.IsForbiddenRequestHeader(h, unsafeValue)
	}), kept)
	p.ExposeHeaders = alone(distinct(lower(p.ExposeHeaders)))
	return p
}

// alone removes names that "*" covers.
func alone(list []string, kept ...string) []string {
	if !slices.Contains(list, "*") {
		return list
	}
	return slices.DeleteFunc(list, func(s string) bool { return s != "*" && !slices.Contains(kept, s) })
}

// Export writes a configuration for a target. The error joins an [*ExportError] for each
// setting that the target cannot say. Export compares what it wrote with the configuration: a
// difference that it did not announce is a [*BugError]. [ErrTooComplex] means that it could not
// compare.
func Export(cfg *config.Config, target string, o ExportOptions) (Exported, error) {
	t, ok := Find(target)
	if !ok || t.export == nil {
		return Exported{}, fmt.Errorf("cannot export to %s; targets are %s", quote(target), strings.Join(namesOfTargets(true), ", "))
	}
	p, err := newPlan(cfg, t, o)
	if err != nil {
		return Exported{}, err
	}
	var text []byte
	if len(p.faults) == 0 {
		text = t.export(p)
	}
	if len(p.faults) > 0 {
		return Exported{}, errors.Join(p.faults...)
	}
	if err := p.check(t, text); err != nil {
		return Exported{}, err
	}
	return Exported{text, p.losses}, nil
}

// names1 returns the names of targets that can be exported, or of all.
func namesOfTargets(export bool) (list []string) {
	for _, t := range Targets() {
		if t.export != nil && export || t.imports != nil && !export {
			list = append(list, t.Name)
		}
	}
	return list
}

func newPlan(cfg *config.Config, t Target, o ExportOptions) (*exportPlan, error) {
	p := &exportPlan{target: t.Title, lossy: o.Lossy, cfg: cfg, file: fileSide(cfg)}
	routes := cfg.Routes
	if cfg.Routes == nil {
		routes = []core.Route{{Policies: cfg.Policies}}
	}
	if i := o.Route; i != nil {
		if *i < 0 || *i >= len(cfg.Routes) {
			return nil, fmt.Errorf("the file has no route %d: it has %d, counted from 0", *i, len(cfg.Routes))
		}
		only := core.Route{Policies: cfg.Routes[*i].Policies}
		engine, err := core.New(only.Policies...)
		if err != nil {
			return nil, err // the configuration is valid, so this cannot happen
		}
		routes, p.file = []core.Route{only}, sideOf(engine, only.Policies, nil)
	}
	if cfg.Shadow != nil {
		p.Note("", "", "", "the shadow policies are not exported: gateways have none")
	}
	for i, r := range routes {
		p.Routes = append(p.Routes, p.route(i, r))
	}
	return p, nil
}

// route returns a route with expanded policies. It refuses functions.
func (p *exportPlan) route(index int, r core.Route) planRoute {
	planned := planRoute{Index: index, Host: r.Host, Path: r.Path}
	for _, policy := range r.Policies {
		if policy.AllowOriginFunc != nil {
			p.Refuse(policy.Name, "", "", "a gateway cannot call the function AllowOriginFunc",
				"list the origins, or mount corskit in the application behind it")
		}
		planned.Policies = append(planned.Policies, expandedPolicy(policy))
	}
	return planned
}

// exportError returns the error for a setting. The field is the Go name of a field of core.Policy.
func (p *exportPlan) exportError(policy, field, entry, limit, fix string) *ExportError {
	return &ExportError{
		Target: p.target, Policy: policy, Place: p.cfg.Place(policy, field, p.index(policy, field, entry)),
		Entry: entry, Limit: limit, Fix: fix,
	}
}

// index returns the index of an entry in a field of a policy of the file, or -1.
func (p *exportPlan) index(policy, field, entry string) int {
	for _, each := range p.cfg.Policies {
		if each.Name != policy {
			continue
		}
		list := map[string][]string{
			"AllowOrigins": each.AllowOrigins, "AllowMethods": each.AllowMethods,
			"AllowHeaders": each.AllowHeaders, "ExposeHeaders": each.ExposeHeaders,
		}[field]
		return slices.IndexFunc(list, func(s string) bool { return entry != "" && strings.EqualFold(s, entry) })
	}
	return -1
}

// Refuse reports a setting that the target cannot say, not even with a narrower answer. The
// field is the Go name of a field of core.Policy, or empty for the whole policy; the entry is
// one of its list, or empty. The fix must be one that Export accepts.
func (p *exportPlan) Refuse(policy, field, entry, limit, fix string) {
	p.fault(p.exportError(policy, field, entry, limit, fix))
}

func (p *exportPlan) fault(e *ExportError) {
	for _, have := range p.faults {
		if have.Error() == e.Error() {
			return
		}
	}
	p.faults = append(p.faults, e)
}

// Lose reports a setting for which there is only a narrower answer. It returns true if that is
// allowed; then the exporter leaves the setting out, and lost is listed.
func (p *exportPlan) Lose(policy, field, entry string, aspect Aspect, limit, fix, lost string) bool {
	e := p.exportError(policy, field, entry, limit, fix)
	if p.lossy != NarrowerOnly {
		e.Narrower, e.Lost = true, lost
		p.fault(e)
		return false
	}
	p.add(Loss{Aspect: aspect, Policy: policy, Place: e.Place, Entry: entry, Text: lost})
	return true
}

// Note reports a difference that makes nothing narrower or wider, such as another status, or
// that depends on what the user puts around the text.
func (p *exportPlan) Note(policy, field string, aspect Aspect, text string) {
	l := Loss{Aspect: aspect, Policy: policy, Text: text, Note: true}
	if policy != "" {
		l.Place = p.cfg.Place(policy, field, -1)
	}
	p.add(l)
}

func (p *exportPlan) add(l Loss) {
	if !slices.Contains(p.losses, l) {
		p.losses = append(p.losses, l)
	}
}

// One returns the only policy of a target that knows neither routes nor several policies. If
// the plan has more, it refuses them and returns false.
func (p *exportPlan) One() (core.Policy, bool) {
	if r := p.Routes[0]; len(p.Routes) > 1 || !r.All() {
		p.fault(&ExportError{
			Target: p.target, Place: p.cfg.Place("", "Routes", -1), Limit: "this configuration has no routes",
			Fix: "export one route at a time (--route 0), or mount corskit in the application behind it",
		})
		return core.Policy{}, false
	}
	return p.OnePolicy(p.Routes[0])
}

// OnePolicy returns the only policy of a route of a target that cannot choose between policies by
// origin. If the route has more, it refuses them and returns false.
func (p *exportPlan) OnePolicy(r planRoute) (core.Policy, bool) {
	first := r.Policies[0]
	if len(r.Policies) == 1 {
		return first, true
	}
	if slices.Contains(first.AllowOrigins, "*") {
		return first, true // the others never govern
	}
	for _, other := range r.Policies[1:] {
		p.Refuse(other.Name, "", "", "it has one policy for each route, so a second one cannot follow "+quote(first.Name),
			"keep one policy for each route, or mount corskit in the application behind it")
	}
	return first, false
}

// Usual refuses what no gateway can say: RejectDisallowed, expressions that would match more in
// a gateway than in the engine, and, unless the target has them, private networks.
func (p *exportPlan) Usual(policy core.Policy, privateNetwork bool) {
	if policy.RejectDisallowed {
		p.Refuse(policy.Name, "RejectDisallowed", "", "it passes requests of disallowed origins on to the application",
			"remove reject_disallowed, or mount corskit in the application behind it")
	}
	if policy.AllowPrivateNetwork && !privateNetwork {
		p.Lose(policy.Name, "AllowPrivateNetwork", "", NetworkAspect, "it does not answer Access-Control-Request-Private-Network",
			"remove allow_private_network", "pages cannot reach a private network")
	}
	for _, e := range entriesOf(policy) {
		if o := strayOrigin(policy, e); o != "" {
			p.Refuse(policy.Name, "AllowOrigins", e.Text,
				"in the gateway, the expression would also match "+quote(o)+", which the policy does not allow",
				"write out the scheme and the characters of the host, as in regexp:https://[a-z0-9-]+\\.example\\.com")
		}
	}
}

// announced reports whether losses cover a difference.
func (p *exportPlan) announced(d Difference) bool {
	var entries, origins []string
	for _, l := range p.losses {
		quiet := d.Kind == Caching || d.Aspect == PassAspect || d.Aspect == ErrorAspect
		if d.Kind == Wider || l.Aspect != d.Aspect || l.Note && !quiet {
			continue
		}
		if l.Entry == "" {
			return true
		}
		entries = append(entries, strings.ToLower(l.Entry))
		origins = append(origins, l.Entry)
	}
	switch {
	case len(entries) == 0:
		return false
	case d.Aspect != OriginAspect:
		return !slices.ContainsFunc(d.Names, func(n string) bool {
			return !slices.Contains(entries, strings.ToLower(n)) && !slices.Contains(entries, "*")
		})
	}
	lost, err := core.New(core.Policy{AllowOrigins: origins, DangerouslyAllowNullOrigin: true})
	return err == nil && !slices.ContainsFunc(d.all, func(o string) bool { return !lost.AllowsOrigin(o) })
}

// check compares the text with the configuration.
func (p *exportPlan) check(t Target, text []byte) error {
	m, err := t.Parse(text)
	if err != nil {
		return &BugError{t.Name, []Difference{{Kind: Narrower, Aspect: OriginAspect, Text: "the text cannot be read back: " + err.Error()}}}
	}
	all, err := compare(p.file, modelSide(m))
	if err != nil {
		return err
	}
	if all = slices.DeleteFunc(all, p.announced); len(all) > 0 {
		return &BugError{t.Name, all}
	}
	return nil
}
