package gateways

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/gateways/classes"
)

// serverModel is a model that can return the lines of its file.
type serverModel interface {
	Model
	// located returns the patterns of Facts, in the order of the file.
	located() []located
	// fieldLine returns the line that sets a field of responses, or 0.
	fieldLine(name string) int
}

// located is a condition on origins in a file.
type located struct {
	entries []string // entries of AllowOrigins that match the same origins
	source  string   // an expression, or a text
	line    int
}

// matchesNull reports whether an expression matches "null". Only the entry "null" does that in a
// policy.
func (l located) matchesNull() bool {
	re, err := regexp.Compile(l.source)
	return err == nil && re.MatchString("null")
}

// originsOf returns the entries of all conditions.
func originsOf(list []located) (all []string) {
	for _, l := range list {
		all = append(all, l.entries...)
	}
	return distinct(all)
}

// importServer makes policies from a model: it asks the model what the origins of each pattern may
// do. finish then compares the policies with the model, and so finds what they cannot express.
func importServer(d *importDraft, m serverModel, err error) {
	if err != nil {
		refuseAll(d, err)
		return
	}
	l := &learner{d: d, m: m, policies: make(map[string]*draftPolicy)}
	if !l.stranger() {
		return
	}
	for _, p := range m.located() {
		l.learn(p)
	}
	l.strangerLast()
	l.rejectsIn(d.Policies)
	l.compare()
}

// refuseAll reports the faults of a file.
func refuseAll(d *importDraft, err error) {
	for e := range Errors[*ImportError](err) {
		d.Refuse(e.Line, e.Entry, e.Problem, e.Fix)
	}
	if len(d.faults) == 0 {
		d.Refuse(0, "", err.Error(), "correct the file")
	}
}

type learner struct {
	d         *importDraft
	m         serverModel
	policies  map[string]*draftPolicy // by what they allow
	entries   []string                // so far
	unmatched *permission             // what origins that match no pattern may do
}

// permission is what the answers permit an origin to do.
type permission struct {
	literal     bool // Access-Control-Allow-Origin is "*"
	credentials bool
	methods     []string
	headers     []string
	exposed     []string
	age         string
	network     bool
}

// stranger asks what origins that match no pattern may do. It returns false if no policy can
// express that.
func (l *learner) stranger() bool {
	p, ok := l.permission(stranger)
	if !ok {
		return true
	}
	if !p.literal {
		line := l.m.fieldLine("Access-Control-Allow-Origin")
		problem := "it echoes every origin, so any site may read the responses"
		if p.credentials {
			problem = "it echoes every origin and allows credentials, so any site may use the cookies of its visitors"
		}
		for _, each := range l.m.located() {
			if slices.ContainsFunc(each.entries, func(e string) bool { return matches(e, stranger) }) {
				line = each.line
			}
		}
		l.d.Refuse(line, "Access-Control-Allow-Origin", problem, "list the origins, or, for data that everyone may read, send * "+
			"without credentials")
		return false
	}
	l.unmatched = p
	return true
}

func regexpOf(pattern string) *regexp.Regexp {
	e, ok := strings.CutPrefix(pattern, "regexp:")
	if !ok {
		return nil
	}
	re, err := regexp.Compile(`^(?:` + e + `)$`)
	if err != nil {
		return nil
	}
	return re
}

// learn adds the entries of a pattern to the policy with the permission of its origins.
func (l *learner) learn(p located) {
	for _, e := range p.entries {
		example := l.example(e)
		l.entries = append(l.entries, e)
		if example == "" {
			continue // earlier entries decide, or it matches nothing
		}
		permission, ok := l.permission(example)
		if !ok || permission.literal && l.unmatched != nil {
			continue
		}
		l.add(l.policy(permission, p.line), e, p)
	}
	if p.matchesNull() && !slices.Contains(l.entries, "null") {
		if permission, ok := l.permission("null"); ok && l.unmatched == nil {
			l.policy(permission, p.line).Origin("null", p.line, "the expression matches it")
		}
	}
}

// add adds an entry to a policy.
func (l *learner) add(policy *draftPolicy, entry string, p located) {
	remark := ""
	if entry != p.source {
		remark = p.source
	}
	e, isExpression := strings.CutPrefix(entry, "regexp:")
	if !isExpression {
		policy.Origin(entry, p.line, remark)
		return
	}
	inner, ok := strings.CutPrefix(e, ".*(?:")
	inner = strings.TrimSuffix(inner, ").*")
	policy.Expression(inner, !ok, p.line, remark)
}

// example returns an origin that this entry matches and no earlier entry does, or "" if there is
// none.
func (l *learner) example(entry string) string {
	if core.IsOrigin(entry) || entry == "null" {
		if slices.Contains(l.entries, entry) {
			return ""
		}
		return entry
	}
	var others []string
	for _, e := range l.entries {
		if e != "null" && classes.MayOverlap(e, entry) {
			others = append(others, e)
		}
	}
	examples, err := core.Examples(entry, others...)
	if err != nil {
		l.d.Refuse(0, entry, "it is too complex to compare", "list the origins, or write a simpler expression")
		return ""
	}
	for _, o := range examples {
		if !slices.ContainsFunc(others, func(e string) bool { return matches(e, o) }) {
			return o
		}
	}
	return ""
}

// matches reports whether an entry matches an origin.
func matches(entry, o string) bool {
	if re := regexpOf(entry); re != nil {
		return re.MatchString(o)
	}
	engine, err := core.New(core.Policy{AllowOrigins: []string{entry}, DangerouslyAllowNullOrigin: true})
	return err == nil && engine.AllowsOrigin(o)
}

// strangerLast adds the policy for all other origins, which must be the last one.
func (l *learner) strangerLast() {
	if l.unmatched != nil {
		l.policy(l.unmatched, l.m.fieldLine("Access-Control-Allow-Origin")).Origin("*", l.m.fieldLine("Access-Control-Allow-Origin"), "")
	}
}

// rejectsIn sets RejectDisallowed if requests from strangers do not reach the application.
func (l *learner) rejectsIn(policies []*draftPolicy) {
	r := core.Request{Method: "GET", Host: defaultHost, Path: "/", Origin: []string{stranger}, SecFetchSite: []string{"cross-site"}}
	if l.unmatched != nil || l.m.Answer(r).Reached {
		return
	}
	for _, p := range policies {
		p.RejectDisallowed = true
		p.remarks["reject_disallowed"] = "the source rejects them too"
	}
}

// policy returns the policy with a permission. It adds one if there is none.
func (l *learner) policy(p *permission, line int) *draftPolicy {
	key := fmt.Sprintf("%+v", *p)
	if have := l.policies[key]; have != nil {
		return have
	}
	policy := l.d.Policy("", line)
	l.policies[key] = policy
	if p.credentials && !p.literal {
		policy.Credentials(l.m.fieldLine("Access-Control-Allow-Credentials"), "")
	} else if p.credentials {
		l.d.Note(l.m.fieldLine("Access-Control-Allow-Credentials"), "",
			`no browser accepts Access-Control-Allow-Credentials together with "*", so the policy has no credentials`)
	}
	policy.Methods(p.methods, l.m.fieldLine("Access-Control-Allow-Methods"), "")
	policy.Headers(p.headers, l.m.fieldLine("Access-Control-Allow-Headers"), "")
	policy.Exposed(p.exposed, l.m.fieldLine("Access-Control-Expose-Headers"), "")
	if p.network {
		policy.Network(l.m.fieldLine("Access-Control-Allow-Private-Network"), "")
	}
	if seconds, err := strconv.Atoi(p.age); err == nil {
		policy.Age(seconds, l.m.fieldLine("Access-Control-Max-Age"), "")
	}
	return policy
}

// permission asks the model what an origin may do. ok is false if scripts cannot read responses.
func (l *learner) permission(origin string) (p *permission, ok bool) {
	request := core.Request{Method: "GET", Host: defaultHost, Path: "/", Origin: []string{origin}, SecFetchSite: []string{"cross-site"}}
	actual := l.m.Answer(request)
	allowed, _ := actual.Header.Get("Access-Control-Allow-Origin")
	if allowed != "*" && allowed != origin {
		return nil, false
	}
	p = &permission{literal: allowed == "*"}
	credentials, _ := actual.Header.Get("Access-Control-Allow-Credentials")
	p.credentials = credentials == "true"
	exposed, _ := actual.Header.Get("Access-Control-Expose-Headers")
	p.exposed = splitList(exposed)

	request.Method = "OPTIONS"
	request.AccessControlRequestPrivateNetwork = []string{"true"}
	if !l.askAll(p, request) {
		l.askEach(p, request)
	}
	return p, true
}

// askAll sends a preflight for names that no file lists. It returns false if the model refuses the
// preflight.
func (l *learner) askAll(p *permission, request core.Request) bool {
	request.AccessControlRequestMethod = []string{"CORSKIT-SAMPLE"}
	request.AccessControlRequestHeaders = []string{"authorization," + sample}
	asked := l.m.Answer(request)
	if _, ok := asked.Header.Get("Access-Control-Allow-Origin"); !ok {
		return false
	}
	p.methods = echoed(asked.Header, "Access-Control-Allow-Methods", "CORSKIT-SAMPLE")
	p.headers = echoed(asked.Header, "Access-Control-Allow-Headers", sample)
	if p.credentials && !p.literal {
		// With credentials, "*" is only a name.
		p.methods = unstarred(p.methods, asked.Header, "Access-Control-Allow-Methods")
		p.headers = unstarred(p.headers, asked.Header, "Access-Control-Allow-Headers")
		p.exposed = slices.DeleteFunc(p.exposed, func(s string) bool { return s == "*" })
	}
	p.age, _ = asked.Header.Get("Access-Control-Max-Age")
	network, _ := asked.Header.Get("Access-Control-Allow-Private-Network")
	p.network = network == "true"
	return true
}

// askEach sends a preflight for each name that the file lists.
func (l *learner) askEach(p *permission, request core.Request) {
	ask := func(method string, headers ...string) (string, bool) {
		request.AccessControlRequestMethod, request.AccessControlRequestHeaders = []string{method}, headers
		asked := l.m.Answer(request)
		_, ok := asked.Header.Get("Access-Control-Allow-Origin")
		p.age, _ = asked.Header.Get("Access-Control-Max-Age")
		names, _ := asked.Header.Get("Access-Control-Allow-Headers")
		return names, ok
	}
	facts := l.m.Facts()
	if _, ok := ask("CORSKIT-SAMPLE"); ok {
		p.methods = []string{"*"}
	} else {
		for _, m := range facts.Methods {
			if _, ok := ask(m); ok {
				p.methods = append(p.methods, m)
			}
		}
	}
	first := "GET"
	if len(p.methods) > 0 && p.methods[0] != "*" {
		first = p.methods[0]
	}
	if names, ok := ask(first, sample); ok && slices.Contains(splitList(names), sample) {
		p.headers = []string{"*", "authorization"}
		return
	}
	for _, h := range facts.Headers {
		if names, ok := ask(first, h); ok && slices.ContainsFunc(splitList(names), func(s string) bool { return strings.EqualFold(s, h) }) {
			p.headers = append(p.headers, h)
		}
	}
	ask(first) // to get the max age
}

// echoed returns the elements of a list, or "*" if the list echoes the requested names.
func echoed(h browsermodel.Fields, name, asked string) []string {
	value, _ := h.Get(name)
	list := splitList(value)
	if slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, asked) }) {
		if name == "Access-Control-Allow-Headers" {
			return []string{"*", "authorization"}
		}
		return []string{"*"}
	}
	return list
}

// unstarred removes "*" unless the field echoes the requested names.
func unstarred(list []string, h browsermodel.Fields, name string) []string {
	value, _ := h.Get(name)
	if slices.Contains(splitList(value), "*") {
		return slices.DeleteFunc(list, func(s string) bool { return s == "*" })
	}
	return list
}

// compare adds notes on how the policies differ from the model, and refuses what they cannot
// express.
func (l *learner) compare() {
	if len(l.d.faults) > 0 || len(l.d.Policies) == 0 {
		return
	}
	l.d.flag()
	if len(l.d.faults) > 0 {
		return
	}
	cfg, err := configOf(l.d)
	if err != nil {
		return // finish reports it
	}
	all, err := Differences(cfg, l.m)
	if err != nil {
		l.d.Refuse(0, "", err.Error(), "import a smaller part of the file")
		return
	}
	slices.SortStableFunc(all, func(a, b Difference) int { return cmp.Compare(a.Aspect, b.Aspect) })
	for _, x := range all {
		l.announce(x)
	}
	l.d.compared = append([]Difference{}, all...)
}

// configOf returns the configuration of a draft.
func configOf(d *importDraft) (*config.Config, error) {
	text := d.write(Target{})
	if text == nil {
		return nil, errors.New("the policies cannot be written as a file")
	}
	return config.Read(context.Background(), config.Static{"cors.yaml": text}, "cors.yaml", config.Options{Environ: []string{}})
}

// announce reports a difference as a note or an error.
func (l *learner) announce(x Difference) {
	line := l.m.fieldLine("Access-Control-Allow-Origin")
	note := func(line int, aspect Aspect, text string) {
		if !slices.Contains(l.d.notes, Note{line, aspect, text}) {
			l.d.Note(line, aspect, text)
		}
	}
	tolerant, _ := l.m.(interface{ tolerates(string) bool })
	if x.Kind == Wider && tolerant != nil && !slices.ContainsFunc(x.Origins, func(o string) bool { return !tolerant.tolerates(o) }) {
		note(line, x.Aspect, "fixed: the expression was not anchored and allowed origins such as "+x.Origins[0])
		return
	}
	switch {
	case x.Aspect == VaryAspect:
		note(line, VaryAspect, "fixed: caches could give the response for one origin to another, because Vary did not name Origin")
	case x.Aspect == ErrorAspect:
		note(line, ErrorAspect, "fixed: scripts could not read error responses, which had no CORS header fields")
	case x.Aspect == PassAspect:
		note(line, PassAspect, "other requests reach the application: "+x.Text)
	case x.Aspect == RejectAspect:
		note(line, RejectAspect, x.Text)
	case x.Aspect == MaxAgeAspect && slices.ContainsFunc(l.d.notes, func(n Note) bool { return n.Aspect == MaxAgeAspect }):
	case x.Aspect == MaxAgeAspect:
		note(l.m.fieldLine("Access-Control-Max-Age"), MaxAgeAspect, x.Text)
	case x.Kind == Wider:
		l.d.Refuse(line, "", "no policy can express what the file allows: "+x.String(), "change the file, or write the policy by hand")
	default:
		l.d.Refuse(line, "", "a policy would allow more than the file does: "+strings.Replace(x.String(), "narrower: ", "", 1),
			"change the file, or write the policy by hand")
	}
}
