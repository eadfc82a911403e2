package core

import (
	"context"
	"slices"
	"strings"

	"github.com/corskit/corskit/internal/language"
	"github.com/corskit/corskit/internal/origin"
	"github.com/corskit/corskit/reason"
)

// ruleset is a compiled list of policies.
type ruleset struct {
	matcher *origin.Matcher // owners are indices of answers
	answers []answer
	funcs   []originFunc
	rejects bool // some policy has RejectDisallowed

	// The verdicts if no policy governs.
	disallowed          *verdict // on an actual request
	disallowedPreflight *verdict // on a preflight
	rejected            *verdict // on an actual request, if rejects
	sameOrigin          *verdict // on a same-origin actual request, if rejects
	noOrigin            *verdict // on a request without an origin

	// constant reports whether the first policy allows "*". If so, its answer is
	// the same for every Origin, and responses need no "Vary: Origin" (Fetch, CORS
	// protocol and HTTP caches).
	constant bool
}

// answer is one policy's verdicts on requests from origins that it allows.
type answer struct {
	name        string
	any         bool // Access-Control-Allow-Origin is "*", not the origin
	credentials bool
	echoMethod  bool
	echoHeaders bool
	private     bool

	actual     *verdict
	preflight  [withNames | withPrivate + 1]*verdict
	badMethod  *verdict // on a preflight whose method must not be echoed
	badHeaders *verdict // on a preflight whose header names must not be echoed
}

// Bits of an index into answer.preflight.
const (
	withNames   = 1 << iota // header names are echoed
	withPrivate             // private network access is asked for
)

// originFunc is a policy's AllowOriginFunc and the special origins that it is
// called for.
type originFunc struct {
	owner    int
	allows   func(context.Context, Request) bool
	null     bool // whether it is called for "null"
	insecure bool // whether it is called for http:// origins other than loopback
}

// compiler collects the faults and warnings of one list of policies.
type compiler struct {
	errs   []error
	warns  *warnings
	seen   map[string]bool // patterns other than exact origins
	effort *effort
}

// effort has a budget for each kind of question about patterns.
type effort struct {
	patterns *language.Budget // which owners' origins a pattern allows
	repairs  *language.Budget // which pattern the author of a refused one may have meant
	coverage *language.Budget // whether another pattern covers it
}

// Budgets in steps: patternSteps for one pattern, the others for one engine. An engine
// that uses up its budgets takes a few seconds to compile.
const (
	patternsSteps = 1 << 24
	patternSteps  = 1 << 18
	repairsSteps  = 1 << 22
	coverageSteps = 1 << 23
)

func newEffort() *effort {
	return &effort{language.NewBudget(patternsSteps), language.NewBudget(repairsSteps), language.NewBudget(coverageSteps)}
}

func newCompiler() compiler { return compiler{warns: new(warnings), effort: newEffort()} }

// compile compiles policies. If it adds to c.errs, the ruleset must not be used.
func (c *compiler) compile(policies []Policy) *ruleset {
	rs := &ruleset{answers: make([]answer, len(policies))}
	var room origin.Room
	for i := range policies {
		room.Add(policies[i].AllowOrigins)
	}
	if !room.Fits() {
		c.fault(finding{"", "AllowOrigins", -1, ""}, reason.TooMany,
			"more than 4 GiB of origins in one list of policies", "use a pattern or "+nameAllowOriginFunc)
		return rs
	}
	b := origin.NewBuilder(&room)
	for i := range policies {
		c.policy(rs, b, i, policies[i])
	}
	rs.matcher = b.Matcher()
	rs.constant = rs.matcher.Any() == 0
	rs.finish()
	c.reachability(rs, policies)
	return rs
}

// policy compiles one policy. It may change p, which is a copy.
func (c *compiler) policy(rs *ruleset, b *origin.Builder, owner int, p Policy) {
	if p.Name == "" {
		p.Name = "default"
	}
	ps := &policyScope{compiler: c, policy: &p}
	a := &rs.answers[owner]
	a.any = slices.Contains(p.AllowOrigins, "*")
	ps.origins(b, owner, a.any)
	ps.settings(a.any)
	if p.AllowOriginFunc != nil {
		rs.funcs = append(rs.funcs, originFunc{
			owner:    owner,
			allows:   p.AllowOriginFunc,
			null:     p.DangerouslyAllowNullOrigin && !p.AllowCredentials,
			insecure: p.DangerouslyAllowInsecureOrigins || !p.AllowCredentials,
		})
	}
	rs.rejects = rs.rejects || p.RejectDisallowed

	methods, allMethods := ps.methods()
	headers, allHeaders := ps.headers()
	a.name = p.Name
	a.credentials = p.AllowCredentials
	a.echoMethod = allMethods && p.AllowCredentials
	a.echoHeaders = allHeaders && p.AllowCredentials
	a.private = p.AllowPrivateNetwork
	// finish completes these decisions and turns them into verdicts.
	base := Decision{Allowed: true, Code: CodeOriginAllowed, Policy: p.Name, AllowOrigin: echoOrigin}
	if a.any {
		base.AllowOrigin = "*"
	}
	if a.credentials {
		base.AllowCredentials = "true"
	}
	actual, preflight := base, base
	actual.Kind, actual.ExposeHeaders = Actual, ps.expose()
	preflight.Kind, preflight.Status, preflight.MaxAge = Preflight, statusNoContent, ps.maxAge()
	preflight.AllowMethods, preflight.AllowHeaders = methods, headers
	if a.echoMethod {
		preflight.AllowMethods = echoMethod
	}
	if a.echoHeaders {
		preflight.AllowHeaders = ""
	}
	a.actual, a.preflight[0] = &verdict{Decision: actual}, &verdict{Decision: preflight}
}

const (
	statusNoContent = 204
	statusForbidden = 403
)

// finish makes the verdicts. They depend on all policies, because the Vary of each
// answer must name every field that any answer depends on.
func (rs *ruleset) finish() {
	actual := Decision{Kind: Actual, Code: CodeOriginNotAllowed, Vary: fieldOrigin}
	preflight := Decision{Kind: Preflight, Status: statusForbidden, Code: CodeOriginNotAllowed, Vary: rs.preflightVary()}
	rejected, sameOrigin := actual, actual
	rejected.Status = statusForbidden
	sameOrigin.Code = CodeSameOrigin
	rs.disallowed, rs.disallowedPreflight = newVerdict(actual), newVerdict(preflight)
	rs.rejected, rs.sameOrigin = newVerdict(rejected), newVerdict(sameOrigin)
	rs.noOrigin = newVerdict(Decision{Kind: NotCORS, Code: CodeNoOrigin, Vary: fieldOrigin})
	for i := range rs.answers {
		rs.answers[i].finish(preflight, rs.constant && i == 0)
	}
	if rs.constant {
		noOrigin := rs.answers[0].actual.Decision
		noOrigin.Kind = NotCORS
		rs.noOrigin = newVerdict(noOrigin)
	}
}

func (rs *ruleset) preflightVary() string {
	names := []string{fieldOrigin, fieldRequestMethod}
	if rs.constant {
		names = names[1:]
	}
	if slices.ContainsFunc(rs.answers, func(a answer) bool { return a.echoHeaders }) {
		names = append(names, fieldRequestHeaders)
	}
	if slices.ContainsFunc(rs.answers, func(a answer) bool { return a.private }) {
		names = append(names, fieldRequestPrivate)
	}
	return strings.Join(names, ", ")
}

// finish makes the verdicts of one policy. disallowed is the decision on preflights
// from other origins. constant reports whether the answer is the same for all
// origins.
func (a *answer) finish(disallowed Decision, constant bool) {
	actual, preflight := a.actual.Decision, a.preflight[0].Decision
	actual.Vary, preflight.Vary = fieldOrigin, disallowed.Vary
	if constant {
		actual.Code, preflight.Code = CodeAnyOrigin, CodeAnyOrigin
		actual.Vary = ""
	}
	a.actual = newVerdict(actual)
	g := newGrants(preflight)
	for i := range a.preflight {
		d := preflight
		if i&withNames != 0 {
			d.AllowHeaders = echoNames
		}
		if i&withPrivate != 0 {
			d.AllowPrivateNetwork = "true"
		}
		a.preflight[i] = newVerdict(d)
		a.preflight[i].grants = g
	}
	badMethod, badHeaders := disallowed, disallowed
	badMethod.Code, badMethod.Policy = CodeMethodNotEchoed, a.name
	badHeaders.Code, badHeaders.Policy = CodeHeadersNotEchoed, a.name
	a.badMethod, a.badHeaders = newVerdict(badMethod), newVerdict(badHeaders)
}
