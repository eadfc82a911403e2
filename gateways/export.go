package gateways

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// Lossy is what Export does with a setting that a target cannot express.
type Lossy int

// The values of Lossy. No value permits a wider configuration.
const (
	Exactly      Lossy = iota // return an error
	NarrowerOnly              // write a narrower configuration where there is one, and list the losses
)

// ExportOptions are options of [Export].
type ExportOptions struct {
	Lossy Lossy
	// Route is the index of the only route to export. Export then treats the configuration as if it
	// had that route's policies and no routes. Nil exports all routes.
	Route *int
}

// Exported is the result of Export.
type Exported struct {
	Text   []byte
	Losses []Loss // losses that NarrowerOnly permits, and notes
}

// Loss is a part of the configuration that the exported text does not have.
type Loss struct {
	Aspect Aspect
	Policy string
	Place  config.Place
	Entry  string // an entry of a list; empty if the whole setting is lost
	Text   string
	// Note means that the text is not narrower, although a comparison with the file finds a
	// difference, such as a missing Vary or another status.
	Note bool
}

func (l Loss) String() string { return place(l.Place) + entry(l.Entry) + l.Text }

// exportPlan holds the routes that an exporter writes, and collects its losses and errors.
type exportPlan struct {
	// Routes are in order: the first that covers a request applies. If the file has no routes,
	// Routes has one for every host and path.
	Routes []planRoute

	target string
	lossy  Lossy
	cfg    *config.Config
	file   side
	losses []Loss
	faults []error
}

// planRoute is a route. Policies has at least one policy; the first with a matching origin applies.
type planRoute struct {
	Index      int // in the file
	Host, Path string
	Policies   []core.Policy // expanded: see expandedPolicy
}

// All reports whether the route covers every request.
func (r planRoute) All() bool { return r.Host == "" && (r.Path == "" || r.Path == "/") }

// expandedPolicy returns the policy in the form that exporters need: presets are expanded, methods
// are spelled as browsers send them, header names are in lower case, and repetitions and headers
// that scripts cannot set are removed.
//
// The methods are only "*", or begin with GET, HEAD and POST. The list is never empty, because
// browsers allow any method of a request with upload listeners if a preflight's answer has no
// Access-Control-Allow-Methods (Fetch, CORS-preflight fetch). The headers are only "*", or, without
// credentials, "*" and authorization, or a list without "*".
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
	p.AllowMethods = dropCovered(distinct(methods))
	p.AllowHeaders = dropCovered(slices.DeleteFunc(distinct(lower(p.AllowHeaders)), func(h string) bool {
		return browsermodel.IsForbiddenRequestHeader(h, unsafeValue)
	}), kept)
	p.ExposeHeaders = dropCovered(distinct(lower(p.ExposeHeaders)))
	return p
}

// dropCovered removes the names that "*" covers.
func dropCovered(list []string, kept ...string) []string {
	if !slices.Contains(list, "*") {
		return list
	}
	return slices.DeleteFunc(list, func(s string) bool { return s != "*" && !slices.Contains(kept, s) })
}

// Export writes a configuration for a target. The error joins an [*ExportError] for each setting
// that the target cannot express. Export compares its output with the configuration and returns a
// [*BugError] if they differ in a way that no loss or error explains, or [ErrTooComplex] if it
// cannot compare them.
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

// namesOfTargets returns the names of the targets that Export accepts, or of those that Import
// accepts.
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

// exportable are the settings that the exporters read. Export refuses a policy with any other
// setting, so that no exporter can forget one that core gets later.
var exportable = []string{
	"Name", "AllowOrigins", "AllowOriginFunc", "AllowMethods", "AllowHeaders", "ExposeHeaders", "AllowCredentials", "MaxAge",
	"AllowPrivateNetwork", "RejectDisallowed",
	"DangerouslyAllowNullOrigin", "DangerouslyAllowInsecureOrigins", "DangerouslyAllowPublicSuffixes",
}

// unexportable returns the names of the fields that a policy sets and no exporter reads.
func unexportable(policy any) (fields []string) {
	for field, value := range reflect.ValueOf(policy).Fields() {
		if !value.IsZero() && !slices.Contains(exportable, field.Name) {
			fields = append(fields, field.Name)
		}
	}
	return fields
}

// route returns a route with expanded policies. It refuses policies with a
// function, and those with a setting that no exporter reads.
func (p *exportPlan) route(index int, r core.Route) planRoute {
	planned := planRoute{Index: index, Host: r.Host, Path: r.Path}
	for _, policy := range r.Policies {
		if policy.AllowOriginFunc != nil {
			p.Refuse(policy.Name, "", "", "a gateway cannot call the function AllowOriginFunc",
				"list the origins, or mount corskit in the application behind it")
		}
		for _, field := range unexportable(policy) {
			p.Refuse(policy.Name, field, "", "no export has this setting",
				"remove "+config.KeyOf(field)+", or mount corskit in the application behind it")
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

// Refuse reports a setting for which the target has no narrower form either. The field is the Go
// name of a field of core.Policy, or empty for the whole policy. The entry is one of that field's
// list, or empty. Export must accept the policy after the fix.
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

// Lose reports a setting that the target can express only in a narrower form. If the options permit
// that, Lose returns true and lists lost among the losses, and the exporter leaves the setting out.
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

// Note reports a difference that makes nothing narrower or wider, such as another status, or that
// depends on the configuration into which the user puts the text.
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

// One returns the only policy, for a target that has neither routes nor several policies. If the
// plan has more, One refuses them and returns false.
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

// OnePolicy returns the only policy of a route, for a target that cannot choose a policy by origin.
// If the route has more, OnePolicy refuses them and returns false.
func (p *exportPlan) OnePolicy(r planRoute) (core.Policy, bool) {
	first := r.Policies[0]
	if len(r.Policies) == 1 {
		return first, true
	}
	if slices.Contains(first.AllowOrigins, "*") {
		return first, true // the other policies never apply
	}
	for _, other := range r.Policies[1:] {
		p.Refuse(other.Name, "", "", "it has one policy for each route, so a second one cannot follow "+quote(first.Name),
			"keep one policy for each route, or mount corskit in the application behind it")
	}
	return first, false
}

// RefuseUnsupported refuses what gateways without a language of conditions cannot express:
// RejectDisallowed, expressions that would match more in the gateway than in the engine, and,
// unless the target supports them, private networks.
func (p *exportPlan) RefuseUnsupported(policy core.Policy, privateNetwork bool) {
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

// announced reports whether one of the losses explains a difference.
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

// check parses the exported text and compares it with the configuration.
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
