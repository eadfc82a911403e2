package gateways

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/core"
)

// serverRoute is a route in the form that the exporters for nginx, HAProxy and Caddy need. These
// servers have conditions in their configuration languages.
type serverRoute struct {
	// rules are in order. The first that matches an origin decides.
	rules    []serverRule
	policies []serverPolicy
	// other is the policy for origins that no rule matches, or "".
	other string
	// constant means that other also applies to requests without an origin.
	constant bool
	reject   bool // reject requests from origins without a policy
	echoes   bool // some policy echoes the names that preflights request
	network  bool // some policy allows private networks
}

// serverRule matches origins. If policy is empty, no policy applies to them.
type serverRule struct {
	expression string // of PCRE and RE2, anchored
	policy     string
	remark     string
}

// serverPolicy holds the values of the response fields. Empty values are not sent.
type serverPolicy struct {
	name                             string
	allowOrigin                      string // "*", or empty for the origin
	credentials, exposed             string
	methods, headers, age            string // of preflights
	echoMethod, echoHeaders, network bool
}

// oddExpression matches origins that only exact entries may allow, although an expression in a
// server may match them: "null", origins without a host, and origins whose host ends in a dot.
const oddExpression = `^null$|://$|[.](?::[0-9]{1,5})?$`

// Expressions for the names that preflights request, with the limits of core.
const (
	echoTooLong     = `^.{1000}.{25}`
	echoNoMethod    = `^(?:[*]|[Cc][Oo][Nn][Nn][Ee][Cc][Tt]|[Tt][Rr][Aa][Cc][EeKk])$`
	echoMethod      = `^[A-Za-z0-9!#&*+.^_|~-]{1,64}$`
	echoHeaderNames = `^(?:[A-Za-z0-9!#&+.^_|~-]+(?:[ \t]*,[ \t]*[A-Za-z0-9!#&+.^_|~-]+)*)?$`
)

// serverRoute returns the only route of a server. ok is false if something was refused.
func (p *exportPlan) serverRoute() (s *serverRoute, ok bool) {
	r := p.Routes[0]
	if len(p.Routes) > 1 || !r.All() {
		p.fault(&ExportError{
			Target: p.target, Place: p.cfg.Place("", "Routes", -1), Limit: "the text is for one place in the server",
			Fix: "export one route at a time (--route 0), or mount corskit in the application behind it",
		})
		return nil, false
	}
	s = &serverRoute{}
	faults := len(p.faults)
	for i, policy := range r.Policies {
		s.reject = s.reject || policy.RejectDisallowed
		converted := p.serverPolicy(policy, i)
		s.policies = append(s.policies, converted)
		s.echoes = s.echoes || converted.echoMethod || converted.echoHeaders
		s.network = s.network || converted.network
		if slices.Contains(policy.AllowOrigins, "*") {
			s.other, s.constant = converted.name, i == 0
			break // the others never govern
		}
		p.serverRules(s, policy, converted.name)
	}
	s.guard(r.Policies)
	return s, len(p.faults) == faults
}

var plainName = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

// plainHeaderName matches names that need no quotation in any of the languages.
var plainHeaderName = regexp.MustCompile(`^[A-Za-z0-9!#&*+.^_|~-]+$`)

func (p *exportPlan) serverPolicy(policy core.Policy, index int) serverPolicy {
	s := serverPolicy{name: policy.Name, network: policy.AllowPrivateNetwork}
	if !plainName.MatchString(s.name) || strings.HasPrefix(s.name, "policy") || slices.Contains([]string{"refused", "none", "other"},
		s.name) {
		s.name = "policy" + strconv.Itoa(index+1)
	}
	for _, l := range []struct {
		field string
		list  []string
	}{{"AllowMethods", policy.AllowMethods}, {"AllowHeaders", policy.AllowHeaders}, {"ExposeHeaders", policy.ExposeHeaders}} {
		for _, name := range l.list {
			if !plainHeaderName.MatchString(name) {
				p.Refuse(policy.Name, l.field, name, "corskit cannot quote this name in its configuration language",
					"leave the name out, or mount corskit in the application behind it")
			}
		}
	}
	if slices.Contains(policy.AllowOrigins, "*") {
		s.allowOrigin = "*"
	}
	s.methods = strings.Join(policy.AllowMethods, ", ")
	s.headers = strings.Join(policy.AllowHeaders, ", ")
	s.exposed = strings.Join(policy.ExposeHeaders, ", ")
	if policy.AllowCredentials {
		s.credentials = "true"
		s.echoMethod = s.methods == "*"
		s.echoHeaders = slices.Contains(policy.AllowHeaders, "*")
	}
	switch {
	case policy.MaxAge == core.NoPreflightCache:
		s.age = "0"
	case policy.MaxAge > 0:
		s.age = strconv.Itoa(int(policy.MaxAge / time.Second))
	}
	return s
}

// serverRules adds the rules of a policy.
func (p *exportPlan) serverRules(s *serverRoute, policy core.Policy, name string) {
	engine, err := core.New(policy)
	if err != nil {
		p.Refuse(policy.Name, "", "", "the policy does not compile on its own: "+quoteError(err),
			"mount corskit in the application behind it")
		return
	}
	for _, e := range entriesOf(policy) {
		text, err := portableExpression(e.Expression)
		if err == errNothing {
			continue
		}
		if err != nil {
			p.Refuse(policy.Name, "AllowOrigins", e.Text, "the expression cannot be translated for it: "+quoteError(err),
				"write a simpler expression")
			continue
		}
		if e.Kind == expressionEntry && p.strays(engine, policy, e) {
			continue
		}
		s.rules = append(s.rules, serverRule{"^(?:" + text + ")$", name, e.Text})
	}
}

// strays refuses an expression that would match http:// origins that the policy does not allow.
func (p *exportPlan) strays(engine *core.Engine, policy core.Policy, e originEntry) bool {
	examples, err := core.Examples(e.Text)
	if err != nil {
		p.Refuse(policy.Name, "AllowOrigins", e.Text, "the expression is too complex to translate for it: "+quoteError(err),
			"write a simpler expression")
		return true
	}
	for _, o := range examples {
		if !engine.AllowsOrigin(o) {
			p.Refuse(policy.Name, "AllowOrigins", e.Text, "in the gateway, the expression would also match "+quote(o)+", which the policy "+
				"does "+
				"not allow",
				`begin the expression with the scheme, as in regexp:https://[a-z0-9-]+\.example\.com`)
			return true
		}
	}
	return false
}

// guard puts rules for the exact entries that match odd origins first. If any expression may match
// odd origins, a rule with oddExpression follows.
func (s *serverRoute) guard(policies []core.Policy) {
	odd := regexp.MustCompile(oddExpression)
	isOdd := func(r serverRule) bool {
		return (core.IsOrigin(r.remark) || r.remark == "null") && odd.MatchString(r.remark)
	}
	var first, rest []serverRule
	expressions := false
	for _, r := range s.rules {
		expressions = expressions || strings.HasPrefix(r.remark, "regexp:")
		if isOdd(r) {
			first = append(first, r)
		} else {
			rest = append(rest, r)
		}
	}
	if expressions {
		first = append(first, serverRule{oddExpression, s.other, "only exact entries match these"})
	}
	s.rules = append(first, rest...)
}

// fields returns the names and values of the fields of a policy, in order, for responses of the
// application or answers to preflights. In the values, "$origin" means the origin, and "$method"
// and "$headers" mean the requested names.
func (s serverPolicy) fields(preflight bool) (list []serverField) {
	add := func(name, value string) {
		if value != "" {
			list = append(list, serverField{name, value})
		}
	}
	origin := s.allowOrigin
	if origin == "" {
		origin = "$origin"
	}
	add("Access-Control-Allow-Origin", origin)
	add("Access-Control-Allow-Credentials", s.credentials)
	if !preflight {
		add("Access-Control-Expose-Headers", s.exposed)
		return list
	}
	methods, headers := s.methods, s.headers
	if s.echoMethod {
		methods = "$method"
	}
	if s.echoHeaders {
		headers = "$headers"
	}
	add("Access-Control-Allow-Methods", methods)
	add("Access-Control-Allow-Headers", headers)
	add("Access-Control-Max-Age", s.age)
	return list
}

type serverField struct{ name, value string }

// vary returns the value of Vary.
func (s *serverRoute) vary(preflight bool) string {
	if !preflight {
		if s.constant {
			return ""
		}
		return "Origin"
	}
	list := []string{"Origin", "Access-Control-Request-Method"}
	if s.echoes {
		list = append(list, "Access-Control-Request-Headers")
	}
	if s.network {
		list = append(list, "Access-Control-Request-Private-Network")
	}
	return strings.Join(list, ", ")
}

// quoteError returns the text of an error for people, shortened.
func quoteError(err error) string {
	text := err.Error()
	if len(text) > maxQuoted {
		text = strings.ToValidUTF8(text[:maxQuoted], "") + "..."
	}
	return text
}
