package core

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/internal/fetch"
	"github.com/corskit/corskit/internal/origin"
)

// Explanation is a [Decision] in words: what was looked at, in order, which
// policy and pattern decided, what goes on the wire, what the browser makes of
// it, and what to change if that is not what was meant.
type Explanation struct {
	Decision Decision
	Steps    []Step
	Policy   string // the name of the policy that governs, empty if none does
	Pattern  string // its pattern that matched, empty if none did
	Route    int    // the index of the route that covers the request; -1 if none does, or without routes
	Headers  []Header
	Browser  BrowserVerdict
	Hint     string // how to fix a refusal; empty if there is none
}

// Step is one thing that was looked at.
type Step struct {
	Code Code
	Text string
}

// Header is one response header, in the order in which adapters write them.
type Header struct{ Name, Value string }

// BrowserVerdict is what a browser that made the request would do with the
// answer (Fetch, CORS check and CORS-preflight fetch).
type BrowserVerdict struct {
	// Allowed says that a request without credentials succeeds: the script may
	// read the response, or the preflight lets the request through.
	Allowed bool
	// AllowedWithCredentials says the same of a request with credentials.
	AllowedWithCredentials bool

	Code Code
	Text string
}

// String is the explanation as plain text of several lines. Values from the
// request are quoted and cut to a bounded length.
func (x Explanation) String() string {
	var b strings.Builder
	for _, s := range x.Steps {
		fmt.Fprintf(&b, "%-24s %s\n", s.Code, s.Text)
	}
	for _, h := range x.Headers {
		fmt.Fprintf(&b, "%-24s %s: %s\n", "header", h.Name, printable(h.Value))
	}
	fmt.Fprintf(&b, "%-24s %s\n", x.Browser.Code, x.Browser.Text)
	if x.Hint != "" {
		fmt.Fprintf(&b, "%-24s %s\n", "hint", x.Hint)
	}
	return b.String()
}

// Explain decides the request as [Engine.Decide] does and explains the decision.
func (e *Engine) Explain(ctx context.Context, r Request) Explanation {
	s := e.current()
	o := s.resolve(ctx, nil, &r)
	x := &explainer{request: &r, d: o.Decision(), rules: s.rules}
	x.Decision, x.Policy, x.Route = x.d, x.d.Policy, -1
	for name, value := range x.d.Headers() {
		x.Headers = append(x.Headers, Header{name, value})
	}
	if x.routes(s) {
		x.kind()
		if x.d.Kind != NotCORS {
			x.origin()
		}
	}
	switch {
	case x.d.Kind == Preflight && x.d.Allowed:
		x.preflight()
	case x.d.Kind == Actual && x.d.Allowed:
		x.actual()
	default:
		x.refused()
	}
	x.outcome()
	return x.Explanation
}

type explainer struct {
	Explanation
	request *Request
	d       Decision
	rules   *ruleset // nil if no route covers the request
}

func (x *explainer) step(c Code, format string, args ...any) {
	x.Steps = append(x.Steps, Step{c, fmt.Sprintf(format, args...)})
}

func (x *explainer) hint(format string, args ...any) {
	if x.Hint == "" {
		x.Hint = fmt.Sprintf(format, args...)
	}
}

// quoted is a value of the request, made safe to print.
func quoted(s string) string { return string(appendQuoted(nil, s)) }

// printable is quoted where it has to be.
func printable(s string) string {
	q := quoted(s)
	if q == `"`+s+`"` {
		return s
	}
	return q
}

// routes explains the choice of a route and reports whether there is one.
func (x *explainer) routes(s *state) bool {
	if s.routes == nil {
		return true
	}
	r := x.request
	t := target(nil, r)
	x.rules = s.route(t).rules
	switch i := s.index(t); i {
	case noRoute:
		x.step(CodeNoRoute, "no route covers host %s and path %s", quoted(r.Host), quoted(r.Path))
		x.hint("add a route for it; routes compare host and path exactly, and case matters in paths")
		return false
	case torn:
		x.step(CodePathAmbiguous, "path %s can be read in more than one way, and the routes disagree on them", quoted(r.Path))
		x.hint("request the path in its clean form, without //, dot segments and needless escapes")
		return false
	default:
		x.Route = i
		x.step(StepRoute, "route %d covers host %s and path %s", i, quoted(r.Host), quoted(r.Path))
		return true
	}
}

func (x *explainer) kind() {
	r := x.request
	switch x.d.Kind {
	case NotCORS:
		x.step(StepNotCORS, "no Origin field: not a CORS request")
	case Preflight:
		x.step(StepPreflight, "OPTIONS with Origin and Access-Control-Request-Method: a preflight")
	case Actual:
		if r.Method == "OPTIONS" {
			x.step(StepActual, "OPTIONS without Access-Control-Request-Method: no preflight, but a request of its own")
		} else {
			x.step(StepActual, "%s with Origin: an actual request", printable(r.Method))
		}
	}
}

func (x *explainer) origin() {
	r := x.request
	switch x.d.Code {
	case CodeAnyOrigin:
		x.Pattern = "*"
		x.step(CodeAnyOrigin, "policy %s allows every origin", quoted(x.rules.answers[0].name))
		return
	case CodeOriginRepeated:
		x.step(CodeOriginRepeated, "%d Origin field lines: refused", len(r.Origin))
		x.hint("a browser sends one Origin line: look for a proxy that adds another")
		return
	}
	value := r.Origin[0]
	if _, ok := origin.Parse(value); !ok {
		if value == "null" {
			x.step(StepOriginNull, `the origin is "null": a sandboxed frame, a data: or file: document, or a cross-origin redirect`)
		} else {
			x.step(StepOriginMalformed, "%s is not an origin as browsers send it", quoted(value))
		}
	}
	switch x.d.Code {
	case CodeOriginNotAllowed, CodeSameOrigin:
		x.step(CodeOriginNotAllowed, "no pattern and no function of %s allows %s", x.policies(), quoted(value))
		if x.sameOrigin() {
			x.step(CodeSameOrigin, "it is the server's own origin, to which CORS does not apply")
		} else {
			x.suggestOrigin(value)
		}
		return
	}
	owner, pattern := x.rules.matcher.Find(value, len(x.rules.answers))
	if x.d.Code == CodeOriginFunc || owner == origin.NoOwner || x.rules.answers[owner].name != x.Policy {
		x.step(CodeOriginFunc, "the AllowOriginFunc of policy %s allows %s", quoted(x.Policy), quoted(value))
		return
	}
	x.Pattern = pattern
	x.step(CodeOriginAllowed, "pattern %s of policy %s matches %s", quoted(pattern), quoted(x.Policy), quoted(value))
}

// sameOrigin reports whether the page that made the request is the server's own.
func (x *explainer) sameOrigin() bool { return x.d.Kind == Actual && x.request.SameOrigin() }

func (x *explainer) policies() string {
	if len(x.rules.answers) == 1 {
		return "policy " + quoted(x.rules.answers[0].name)
	}
	return "the " + strconv.Itoa(len(x.rules.answers)) + " policies"
}

// suggestOrigin hints at what would allow a refused origin.
func (x *explainer) suggestOrigin(value string) {
	var listed string
	o, ok := origin.Parse(value)
	switch {
	case value == "":
		x.hint("the Origin field is empty: no browser sends that")
	case value == "null":
		x.hint(`give the document an origin of its own (no sandbox, no file:), or allow "null" with DangerouslyAllowNullOrigin`)
	case !ok:
		detail := "no browser sends such an origin"
		if f := origin.ParsePattern(value, func(origin.Pattern) {}); f != nil {
			detail = f.Detail
		}
		x.hint("no policy can allow it: %s", detail)
	case x.allowsOther(o, value, &listed):
		x.hint("%s is allowed: the scheme and the port are part of an origin", quoted(listed))
	case o.Insecure() && x.rules.answers[0].credentials:
		x.hint("serve the page over https:// and add that origin to AllowOrigins: with credentials, http:// origins are refused")
	default:
		x.hint("add %s to AllowOrigins", quoted(value))
	}
}

// allowsOther looks for an allowed origin that differs from o, spelt value, in its
// scheme or port alone.
func (x *explainer) allowsOther(o origin.Origin, value string, found *string) bool {
	for _, scheme := range []string{"https", "http", o.Scheme} {
		candidate := scheme + "://" + o.Host
		if candidate != value && x.rules.matcher.Match(candidate, len(x.rules.answers)) >= 0 {
			*found = candidate
			return true
		}
	}
	return false
}

func (x *explainer) preflight() {
	r, d := x.request, x.d
	x.credentials()
	credentials := d.AllowCredentials != ""
	ok := x.method(credentials)
	ok = x.headerNames(credentials) && ok
	if d.AllowPrivateNetwork != "" {
		x.step(StepPrivateNetwork, "the request into the private network is allowed")
	}
	x.Browser = BrowserVerdict{
		Allowed: ok, AllowedWithCredentials: ok && credentials,
		Code: BrowserSends, Text: "the preflight succeeds: the browser sends the " + printable(r.AccessControlRequestMethod[0]) + " request",
	}
	if !ok {
		x.Browser.Code, x.Browser.Text = BrowserRefuses, "the preflight fails: the browser never sends the request"
	} else if !credentials {
		x.Browser.Text += ", if it is one without credentials"
	}
}

func (x *explainer) method(credentials bool) bool {
	lines := x.request.AccessControlRequestMethod
	m := lines[0]
	allowed := strings.Split(x.d.AllowMethods, ", ")
	switch {
	case len(lines) > 1 || !fetch.IsToken(m):
		x.step(StepMethodNotAllowed, "the method asked for is not one token: no browser sends that")
		return false
	case fetch.IsSafelistedMethod(m):
		x.step(StepMethodSafelisted, "%s never needs permission", m)
	case slices.Contains(allowed, m), x.d.AllowMethods == "*" && !credentials:
		x.step(StepMethodAllowed, "%s is allowed", quoted(m))
	case fetch.IsForbiddenMethod(m):
		x.step(StepMethodNotAllowed, "%s is a method that browsers never send", quoted(m))
		return false
	default:
		meant := fetch.NormalizeMethod(m)
		if u, ok := fetch.RegisteredMethod(m); ok {
			meant = u
		}
		if i := slices.IndexFunc(allowed, func(a string) bool { return strings.EqualFold(a, m) }); i >= 0 {
			x.step(StepMethodCase, "%s differs from an allowed method in case, which matters", quoted(m))
			x.hint("have the script ask for %s: browsers change the case of DELETE, GET, HEAD, OPTIONS, POST and PUT alone", quoted(allowed[i]))
			return false
		}
		x.step(StepMethodNotAllowed, "%s is not in AllowMethods", quoted(m))
		x.hint("add %s to AllowMethods of policy %s", quoted(meant), quoted(x.Policy))
		return false
	}
	return true
}

// maxExplained bounds the header names that an explanation goes into.
const maxExplained = 32

func (x *explainer) headerNames(credentials bool) bool {
	allowed := make(map[string]bool)
	fetch.Elements([]string{x.d.AllowHeaders}, func(n string) bool {
		allowed[strings.ToLower(n)] = true
		return true
	})
	all, ok, n := allowed["*"] && !credentials, true, 0
	fetch.Elements(x.request.AccessControlRequestHeaders, func(name string) bool {
		if n++; n > maxExplained && !ok {
			return false
		}
		lower := strings.ToLower(name)
		switch {
		case allowed[lower] || all && lower != "authorization":
			if n <= maxExplained {
				x.step(StepHeaderAllowed, "%s is allowed", quoted(name))
			}
		case all:
			x.step(StepHeaderNotAllowed, `"*" does not cover authorization (shipping browsers are still lenient)`)
			x.hint(`add "authorization" to AllowHeaders of policy %s, beside "*"`, quoted(x.Policy))
			ok = false
		case fetch.IsForbiddenRequestHeader(lower):
			x.step(StepHeaderNotAllowed, "%s is a header that scripts cannot set: no browser asks for it", quoted(name))
			ok = false
		default:
			x.step(StepHeaderNotAllowed, "%s is not in AllowHeaders", quoted(name))
			x.hint("add %s to AllowHeaders of policy %s", quoted(lower), quoted(x.Policy))
			ok = false
		}
		return true
	})
	return ok
}

func (x *explainer) credentials() {
	if x.d.AllowCredentials != "" {
		x.step(StepCredentials, "credentials are allowed")
	} else {
		x.step(StepNoCredentials, "credentials are not allowed: a request with cookies fails")
	}
}

func (x *explainer) actual() {
	x.credentials()
	credentials := x.d.AllowCredentials != ""
	x.Browser = BrowserVerdict{
		Allowed: true, AllowedWithCredentials: credentials,
		Code: BrowserReads, Text: "the script may read the response",
	}
	if !credentials {
		x.Browser.Text += ", if the request was one without credentials"
	}
}

func (x *explainer) refused() {
	switch {
	case x.d.Kind == NotCORS:
		x.Browser = BrowserVerdict{
			Allowed: true, AllowedWithCredentials: true, Code: BrowserNotConcerned,
			Text: "a browser makes such a request of the server's own pages, or hides the response from scripts",
		}
	case x.d.Code == CodeNoRoute && x.d.Kind == Preflight:
		x.Browser = BrowserVerdict{Code: BrowserRefuses, Text: "the handler's answer decides whether the preflight succeeds; corskit adds no headers to it"}
	case x.sameOrigin():
		x.Browser = BrowserVerdict{
			Allowed: true, AllowedWithCredentials: true, Code: BrowserNotConcerned,
			Text: "the page has the server's own origin: the browser does not apply CORS",
		}
	case x.d.Kind == Preflight:
		x.Browser = BrowserVerdict{Code: BrowserRefuses, Text: "the preflight fails: the browser never sends the request"}
		switch x.d.Code {
		case CodeMethodNotEchoed:
			x.step(CodeMethodNotEchoed, "the method asked for is not one token of at most %d bytes that browsers send", fetch.MaxEchoedMethod)
			x.hint("no browser sends that")
		case CodeHeadersNotEchoed:
			x.step(CodeHeadersNotEchoed, "the names asked for are not a list of tokens of at most %d bytes", fetch.MaxEchoedHeaders)
			x.hint(`list the names instead of "*": then any number may be asked for`)
		}
	default:
		x.Browser = BrowserVerdict{Code: BrowserHides, Text: "the browser hides the response from the script"}
	}
}

func (x *explainer) outcome() {
	switch x.d.Status {
	case 0:
		x.step(StepHandler, "the handler runs")
	case statusForbidden:
		if x.d.Kind == Actual {
			x.step(StepRejected, "RejectDisallowed: answered with 403, the handler does not run")
		} else {
			x.step(StepAnswered, "answered with 403, the handler does not run")
		}
	default:
		x.step(StepAnswered, "answered with %d, the handler does not run", x.d.Status)
	}
}
