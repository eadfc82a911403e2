package main

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// mark says whether an entry should be added to a policy.
type mark string

const (
	markSafe         mark = "safe"
	markQuestionable mark = "questionable"
	markNone         mark = "not suggested"
)

// opinion is a mark and the reason for it.
type opinion struct {
	Mark   mark   `json:"mark"`
	Reason string `json:"reason"`
}

func questionable(reason string) opinion { return opinion{markQuestionable, reason} }

// worse returns the worse of two opinions, and the first if they have the same mark.
func worse(a, b opinion) opinion {
	if a.Mark == markSafe && b.Mark != markSafe {
		return b
	}
	return a
}

// assessor marks entries for a policy. Requests prove little: anyone can send any number of
// them with any origin. So what counts is who can have an origin.
type assessor struct {
	policy  core.Policy
	domains map[string]string // the registrable domains of the origins that the policy lists, and an entry of each
	named   []string          // the first of these domains
	local   bool              // whether the policy lists an origin on the visitor's own machine
}

// maxResembled is the most domains that an origin is compared with.
const maxResembled = 500

func newAssessor(p core.Policy) *assessor {
	a := &assessor{policy: p, domains: make(map[string]string)}
	seen := make(map[string]bool)
	for _, entry := range p.AllowOrigins {
		host, ok := hostOf(entry)
		a.local = a.local || entry == "@loopback" || ok && isLocal(host)
		domain := registered(host)
		if !ok || domain == "" || seen[domain] {
			continue
		}
		seen[domain] = true
		if isShared(domain) {
			continue
		}
		a.domains[domain] = entry
		if len(a.named) < maxResembled {
			a.named = append(a.named, domain)
		}
	}
	return a
}

// hostOf returns the host of an entry, and an example of it if it has wildcards.
func hostOf(entry string) (host string, ok bool) {
	scheme, rest, ok := strings.Cut(entry, "://")
	if !ok || strings.HasPrefix(scheme, "regexp:") {
		return "", false
	}
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, ']') {
		rest = rest[:i]
	}
	return strings.ReplaceAll(rest, "*", "x"), true
}

// ownDomain returns the domain of a host that belongs to one owner, with all its subdomains.
// shared is the domain, if there is one, whose subdomains belong to strangers.
func ownDomain(host string) (domain, shared string) {
	domain = registered(host)
	if domain != "" && isShared(domain) {
		return "", domain
	}
	if suffix, managed := publicsuffix.PublicSuffix(host); domain != "" && !managed && strings.Contains(suffix, ".") {
		shared = suffix
	}
	return domain, shared
}

// registered returns the domain that a host belongs to by the public suffix list, or "".
func registered(host string) string {
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil || isAddress(host) {
		return ""
	}
	return domain
}

// isShared reports whether subdomains of a domain belong to strangers. Core knows some such
// domains that the public suffix list lacks.
func isShared(domain string) bool {
	_, err := core.New(core.Policy{AllowOrigins: []string{"https://*." + domain}, AllowCredentials: true})
	var fault *core.PolicyError
	return errors.As(err, &fault) && fault.Reason == reason.PublicSuffix
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// isLocal reports whether a host is the machine that the browser runs on.
func isLocal(host string) bool {
	return isLoopback(strings.Trim(host, "[]")) || strings.HasSuffix(host, ".localhost")
}

const anySite = "any site can send it, from a sandboxed frame"

// origin marks an origin that core accepts in the policy, perhaps with warnings.
func (a *assessor) origin(o string, warnings []core.Warning) opinion {
	u, err := url.Parse(o)
	switch {
	case o == "null":
		return questionable(anySite)
	case err != nil || u.Host == "":
		return questionable("every page of this scheme has it")
	}
	host := u.Hostname()
	domain, shared := ownDomain(host)
	listed := a.domains[domain]
	for _, w := range warnings {
		if w.Field == "AllowOrigins" && w.Reason != reason.NoOrigins {
			return questionable(core.PolicyError(w).Spell(config.KeyOf).Detail)
		}
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return questionable("not a web page: add it only if it is an application that you know")
	case isLocal(host) && a.local:
		return opinion{markSafe, "a page on the visitor's own machine, like others that the policy lists"}
	case isLocal(host):
		return questionable("any program on the visitor's own machine can have it: add it only to a policy for development")
	case isAddress(host):
		return questionable("an IP address, which may belong to somebody else tomorrow")
	case domain != "" && listed != "":
		return a.sameDomain(domain, listed)
	case shared != "":
		return questionable("below " + shared + ", where anyone can register a name: add it only if you know whose it is")
	case domain == "":
		return questionable("not a registered domain: add it only if you know the page")
	}
	if like := a.resembled(host, domain); like != "" {
		return questionable("a look-alike of " + like + ", which the policy lists: probably not yours")
	}
	if strings.Contains(host, "xn--") {
		return questionable("a name with non-ASCII characters (punycode), which may look like another name: add it only if you know it")
	}
	return questionable("a stranger: add it only if you know it")
}

// sameDomain marks an origin that has the domain of one that is listed.
func (a *assessor) sameDomain(domain, listed string) opinion {
	if suffix, managed := publicsuffix.PublicSuffix(domain); !managed && !strings.Contains(suffix, ".") {
		return questionable("has the domain of " + listed + ", but no registry is known for names below ." + suffix)
	}
	return opinion{markSafe, "has the same registered domain (" + domain + ") as " + listed}
}

// resembled returns an entry of the policy that a host may be mistaken for, or "".
func (a *assessor) resembled(host, domain string) string {
	name := skeleton(label(domain))
	for _, listed := range a.named {
		known := skeleton(label(listed))
		near := 0
		switch {
		case len(known) >= 8:
			near = 2
		case len(known) >= 4:
			near = 1
		}
		if strings.Contains(host, listed) || name == known || len(known) >= 5 && strings.Contains(name, known) ||
			near > 0 && distance(name, known) <= near {
			return a.domains[listed]
		}
	}
	return ""
}

// label returns the first label of a domain.
func label(domain string) string {
	first, _, _ := strings.Cut(domain, ".")
	return first
}

// skeleton returns a label with characters that look alike made equal.
func skeleton(s string) string {
	return strings.NewReplacer("0", "o", "1", "l", "i", "l", "5", "s", "rn", "m", "vv", "w", "-", "", "_", "").Replace(s)
}

// distance returns the number of bytes to insert, remove or replace to turn one label into
// another (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// commonMethods are the methods that need permission and that servers of all kinds have.
var commonMethods = []string{http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

const anyone = "the policy allows every origin, so every site could use it"

// method marks a method that an allowed origin asks for.
func (a *assessor) method(m string, warnings []core.Warning) opinion {
	switch {
	case a.any():
		return questionable(anyone)
	case warned(warnings, "AllowMethods", m) != "":
		return questionable(warned(warnings, "AllowMethods", m))
	case !slices.Contains(commonMethods, m):
		return questionable("not a common method: add it only if the server has it")
	}
	return opinion{markSafe, "a common method; the origin that asks for it is allowed or safe"}
}

// steering are request headers from which servers and proxies take the method, path or user of
// a request.
var steering = []string{
	"x-http-method-override", "x-http-method", "x-method-override", "x-original-method",
	"x-original-url", "x-original-uri", "x-rewrite-url", "x-host", "x-original-host", "x-middleware-subrequest",
	"x-real-ip", "forwarded", "x-client-ip", "client-ip", "x-cluster-client-ip", "true-client-ip", "x-true-client-ip",
	"cf-connecting-ip", "fastly-client-ip", "x-remote-ip", "x-remote-addr",
	"x-remote-user", "remote-user", "x-authenticated-user", "x-webauth-user",
}

// header marks the name of a request header that an allowed origin asks for.
func (a *assessor) header(name string, warnings []core.Warning) opinion {
	switch {
	case a.any():
		return questionable(anyone)
	case warned(warnings, "AllowHeaders", name) != "":
		return questionable(warned(warnings, "AllowHeaders", name))
	case slices.Contains(steering, name), strings.HasPrefix(name, "x-forwarded-"):
		return questionable("some servers and proxies take the method, path or client from it")
	}
	return opinion{markSafe, "a header; the origin that asks for it is allowed or safe"}
}

func (a *assessor) any() bool { return slices.Contains(a.policy.AllowOrigins, "*") }

// warned returns what core warns of an entry of a list, or "".
func warned(warnings []core.Warning, field, entry string) string {
	for _, w := range warnings {
		if w.Field == field && strings.EqualFold(w.Value, entry) {
			e := core.PolicyError(w).Spell(config.KeyOf)
			return strings.Join([]string{e.Detail, e.Suggestion}, "; ")
		}
	}
	return ""
}

// need is what a policy lacks to allow a request.
type need struct {
	policy    string
	additions []config.Addition // one entry each; a flag has none
	opinions  []opinion         // of the additions
	refusal   string            // why there is no way; additions are then empty
}

// maxNeeded is the number of entries that one request may need.
const maxNeeded = 64

// need returns what the policy lacks to allow a request. If the policy already allows the
// origin, origin is the opinion of it; otherwise it is nil.
//
// Core decides: need adds the entries that it asks for, until the request passes or core
// refuses the policy.
func (a *assessor) need(ctx context.Context, r core.Request, origin *opinion) need {
	t := trial{assessor: a, policy: a.policy, need: need{policy: a.policy.Name}}
	t.policy.AllowOrigins, t.policy.AllowOriginFunc = slices.Clone(r.Origin), nil
	switch {
	case origin == nil && r.Origin[0] == "null" && t.policy.AllowCredentials:
		return t.refuse(anySite + ", and no setting allows it together with credentials")
	case origin == nil:
		o := t.allowOrigin(r.Origin[0])
		origin = &o
	case a.any():
		t.policy.AllowOrigins = []string{"*"}
	}
	for range maxNeeded {
		engine, err := core.New(t.policy)
		if err != nil {
			return t.refuse(refusalOf(err))
		}
		j := newJudge(engine)
		class, refused := j.ask(ctx, r)
		name := strings.ToLower(refused)
		switch {
		case passes(class):
			return t.need
		case class.Code == core.CodeMethodNotAllowed && !slices.Contains(t.policy.AllowMethods, refused) &&
			!differsInCase(engine.Explain(ctx, r)):
			t.policy.AllowMethods = append(slices.Clone(t.policy.AllowMethods), refused)
			t.add(worse(a.method(refused, t.warnings()), *origin), "AllowMethods", refused)
		case class.Code == core.CodeHeaderNotAllowed && !slices.Contains(t.policy.AllowHeaders, name):
			names := j.missing(ctx, r, name)
			if len(t.need.additions)+len(names) > maxNeeded {
				return t.refuse("it asks for too many headers")
			}
			t.policy.AllowHeaders = slices.Concat(t.policy.AllowHeaders, names)
			warnings := t.warnings()
			for _, name := range names {
				t.add(worse(a.header(name, warnings), *origin), "AllowHeaders", name)
			}
		default:
			return t.refuse(hintOf(engine.Explain(ctx, r)))
		}
	}
	return t.refuse("it asks for too many headers")
}

// missing returns the header names that a preflight asks for and that are not allowed. One of
// them is known. A log can have thousands of preflights with made-up names: asking for each
// name is cheap, but compiling a policy for each would take minutes.
func (j *judge) missing(ctx context.Context, r core.Request, known string) []string {
	all := []string{known}
	for name := range strings.SplitSeq(strings.Join(r.AccessControlRequestHeaders, ","), ",") {
		r.AccessControlRequestHeaders = []string{strings.Trim(name, " \t")}
		class, refused := j.ask(ctx, r)
		if name = strings.ToLower(refused); class.Code == core.CodeHeaderNotAllowed && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// trial is a policy to which need adds entries.
type trial struct {
	*assessor
	policy core.Policy
	need   need
}

func (t *trial) add(o opinion, field string, entries ...string) {
	t.need.additions = append(t.need.additions, config.Addition{Policy: t.policy.Name, Key: config.KeyOf(field), Entries: entries})
	t.need.opinions = append(t.need.opinions, o)
}

func (t *trial) refuse(why string) need { return need{policy: t.policy.Name, refusal: why} }

// warnings returns core's warnings about the policy, also if core refuses it.
func (t *trial) warnings() []core.Warning {
	engine, err := core.New(t.policy)
	return append(engine.Warnings(), core.ErrorWarnings(err)...)
}

// allowOrigin adds an origin.
func (t *trial) allowOrigin(o string) opinion {
	if o == "null" && !t.policy.AllowCredentials && !t.policy.DangerouslyAllowNullOrigin {
		t.policy.DangerouslyAllowNullOrigin = true
		t.add(t.origin(o, nil), "DangerouslyAllowNullOrigin")
	}
	found := t.origin(o, t.warnings())
	t.add(found, "AllowOrigins", o)
	return found
}

func differsInCase(x core.Explanation) bool {
	return slices.ContainsFunc(x.Steps, func(s core.Step) bool { return s.Code == "method-case" })
}

// refusalOf returns why core refuses a policy.
func refusalOf(err error) string {
	for e := range core.PolicyErrors(err) {
		spelled := e.Spell(config.KeyOf)
		return strings.TrimSuffix(spelled.Detail+"; "+spelled.Suggestion, "; ")
	}
	return err.Error()
}

// hintOf returns why an explained request can never pass.
func hintOf(x core.Explanation) string {
	x = x.Spell(config.KeyOf)
	for _, s := range slices.Backward(x.Steps) {
		switch s.Code {
		case core.CodeMethodNotAllowed, core.CodeHeaderNotAllowed, "method-case", core.CodeMethodNotEchoed, core.CodeHeadersNotEchoed:
			return strings.TrimSuffix(s.Text+"; "+x.Hint, "; ")
		}
	}
	if x.Hint != "" {
		return x.Hint
	}
	return x.Browser.Text
}
