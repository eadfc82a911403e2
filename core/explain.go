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

// Explanation is a [Decision] in words: what the engine examined, in order; which
// policy and pattern decided; what headers the response gets; what the browser
// does; and what to change if that is not what was intended.
type Explanation struct {
	Decision Decision
	Steps    []Step   // in the order of the decision
	Policy   string   // the name of the policy that governs; empty if none does
	Pattern  string   // the pattern that matched; empty if none did
	Route    int      // the index of the route that covers the request; -1 if none does, or if there are no routes
	Headers  []Header // in the order of [Decision.Headers]
	Browser  BrowserVerdict
	Hint     string // how to get the request allowed; empty if there is no advice

	hintText text // Hint, for Spell
}

// Step is one step on the way to a decision.
type Step struct {
	Code Code   // stable, for programs
	Text string // one line, for people

	text text // Text, for Spell
}

// Spell returns a copy of x in which Steps and Hint call the fields of policies and
// routes by other names. See [PolicyError.Spell].
func (x Explanation) Spell(name func(string) string) Explanation {
	x.Hint = x.hintText.spell(name)
	x.Steps = slices.Clone(x.Steps)
	for i := range x.Steps {
		x.Steps[i].Text = x.Steps[i].text.spell(name)
	}
	return x
}

// Header is one response header.
type Header struct{ Name, Value string }

// BrowserVerdict says what a browser does with the response (Fetch, CORS check and
// CORS-preflight fetch).
type BrowserVerdict struct {
	// Allowed reports whether a request without credentials succeeds: the script
	// may read the response, or the preflight lets the request through.
	Allowed bool
	// AllowedWithCredentials reports the same for a request with credentials.
	AllowedWithCredentials bool

	Code Code   // stable, for programs
	Text string // one line, for people
}

// String returns the explanation as several lines of plain text. Values from the
// request are quoted and shortened.
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

// Explain makes the same decision as [Engine.Decide] and explains it. Like Decide,
// it may call an AllowOriginFunc. It allocates, and is meant for debugging.
func (e *Engine) Explain(ctx context.Context, r Request) Explanation {
	return e.current().explain(ctx, r)
}

func (s *state) explain(ctx context.Context, r Request) Explanation {
	var o Outcome
	s.resolve(nil, &facts{r, ctx}, &o)
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

// explainer builds the Explanation of decision d.
type explainer struct {
	Explanation
	request *Request
	d       Decision
	rules   *ruleset // nil if no route covers the request
}

func (x *explainer) step(c Code, format string, args ...any) {
	t := textf(format, args...)
	x.Steps = append(x.Steps, Step{c, t.String(), t})
}

func (x *explainer) hint(format string, args ...any) {
	if x.Hint == "" {
		x.hintText = textf(format, args...)
		x.Hint = x.hintText.String()
	}
}

// quoted quotes a value, so that it is safe to print, and shortens it.
func quoted(s string) string { return string(appendQuoted(nil, s)) }

// printable is like quoted but adds quotes only if they are needed.
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
	t := target(nil, &facts{Request: *r})
	x.rules = s.route(t, new(Outcome)).rules
	switch i := s.index(t); i {
	case noRoute:
		x.step(CodeNoRoute, "no route covers host %s and path %s", quoted(r.Host), quoted(r.Path))
		x.suggestRoute(s, t)
		return false
	case conflicting:
		x.step(CodePathAmbiguous,
			"routers may read path %s in more than one way, and the readings lead to different routes", quoted(r.Path))
		x.hint("request the path in its clean form, without //, dot segments and unnecessary escapes")
		return false
	default:
		x.Route = i
		x.step(stepRoute, "route %d covers host %s and path %s", i, quoted(r.Host), quoted(r.Path))
		return true
	}
}

// suggestRoute adds a hint about how to cover a request that no route covers.
func (x *explainer) suggestRoute(s *state, t Target) {
	host := hostname(t.Host)
	for i := range s.routes {
		r := &s.routes[i]
		below := route{path: r.path + "/", below: true}
		if (r.host == "" || equalFold(r.host, host)) && coversPath(&below, t.Path, t.FoldPath) {
			x.hint("write %s for the path of route %d: without the final slash, %s covers only itself",
				quoted(below.path), i, quoted(r.path))
			return
		}
	}
	x.hint("add a route that covers it; routes compare host and path exactly, and paths are case-sensitive")
}

func (x *explainer) kind() {
	r := x.request
	switch x.d.Kind {
	case NotCORS:
		x.step(stepNotCORS, "no Origin field: not a CORS request")
	case Preflight:
		x.step(stepPreflight, "OPTIONS with Origin and Access-Control-Request-Method: a preflight")
	case Actual:
		if r.Method == "OPTIONS" {
			x.step(stepActual, "OPTIONS without Access-Control-Request-Method: an actual request, not a preflight")
		} else {
			x.step(stepActual, "%s with Origin: an actual request", printable(r.Method))
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
		x.hint("browsers send one Origin line: look for a proxy that adds another")
		return
	}
	value := r.Origin[0]
	if !IsOrigin(value) {
		if value == "null" {
			x.step(stepOriginNull, `the origin is "null": a sandboxed frame, a data: or file: document, or a cross-origin redirect`)
		} else {
			x.step(stepOriginMalformed, "%s is not an origin as browsers send it", quoted(value))
		}
	}
	switch x.d.Code {
	case CodeOriginNotAllowed, CodeSameOrigin:
		x.step(CodeOriginNotAllowed, "no pattern and no function of %s allows %s", x.policies(), quoted(value))
		if x.sameOrigin() {
			x.step(CodeSameOrigin, "the page has the server's own origin, so CORS does not apply")
		} else {
			x.suggestOrigin(value)
		}
		return
	}
	owner, pattern := x.rules.matcher.Find(value, len(x.rules.answers))
	if x.d.Code == CodeOriginFunc || owner == origin.NoOwner || x.rules.answers[owner].name != x.Policy {
		x.step(CodeOriginFunc, "the "+nameAllowOriginFunc+" of policy %s allows %s", quoted(x.Policy), quoted(value))
		return
	}
	x.Pattern = pattern
	x.step(CodeOriginAllowed, "pattern %s of policy %s matches %s", quoted(pattern), quoted(x.Policy), quoted(value))
}

// sameOrigin reports whether a page of the server's own origin sent the request.
func (x *explainer) sameOrigin() bool { return x.d.Kind == Actual && x.request.SameOrigin() }

func (x *explainer) policies() string {
	if len(x.rules.answers) == 1 {
		return "policy " + quoted(x.rules.answers[0].name)
	}
	return "the " + strconv.Itoa(len(x.rules.answers)) + " policies"
}

// suggestOrigin adds a hint about how to allow a refused origin.
func (x *explainer) suggestOrigin(value string) {
	var listed string
	o, ok := origin.Parse(value)
	switch {
	case value == "":
		x.hint("the Origin field is empty: no browser sends that")
	case value == "null":
		x.hint(`give the document an origin of its own (no sandbox, no file:), or allow "null" with ` + nameAllowNullOrigin)
	case !IsOrigin(value):
		detail := "no browser sends such an origin"
		if f := origin.ParsePattern(value, func(origin.Pattern) {}); f != nil {
			detail = f.Detail
		}
		x.hint("no policy can allow it: %s", detail)
	case !ok:
		x.hint("add %s to "+nameAllowOrigins+" of %s: no wildcard, expression or function can allow it", quoted(value), x.candidates(o))
	case IsProbe(value):
		x.hint("nothing to do: this is a check of corskit probe, and no page has the origin")
	case x.allowsOther(o, value, &listed):
		x.hint("%s is allowed: scheme and port are part of an origin", quoted(listed))
	case o.Insecure() && x.rules.answers[0].credentials:
		x.hint("serve the page over https:// and add that origin to " + nameAllowOrigins +
			": with credentials, http:// origins are refused")
	default:
		x.hint("add %s to "+nameAllowOrigins+" of %s", quoted(value), x.candidates(o))
	}
}

// candidates names the policies that may list an origin, for a hint.
func (x *explainer) candidates(o origin.Origin) string {
	const most = 4
	var names []string
	for _, a := range x.rules.answers {
		if !a.credentials || !o.Insecure() {
			names = append(names, quoted(a.name))
		}
	}
	switch n := len(names); {
	case n > most:
		return "one of the " + strconv.Itoa(n) + " policies"
	case n > 1:
		return "policy " + strings.Join(names[:n-1], ", ") + " or " + names[n-1]
	}
	return "policy " + names[0]
}

// allowsOther looks for an allowed origin that differs from o only in its scheme or
// port, and stores it in found. value is o as sent.
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
		x.step(stepPrivateNetwork, "access to the private network is allowed")
	}
	x.Browser = BrowserVerdict{
		Allowed: ok, AllowedWithCredentials: ok && credentials,
		Code: browserSends,
		Text: "the preflight succeeds: the browser sends the " + printable(r.AccessControlRequestMethod[0]) + " request",
	}
	if !ok {
		x.Browser.Code, x.Browser.Text = browserRefuses, "the preflight fails: the browser never sends the request"
	} else if !credentials {
		x.Browser.Text += " if it has no credentials"
	}
}

func (x *explainer) method(credentials bool) bool {
	lines := x.request.AccessControlRequestMethod
	m := lines[0]
	allowed := strings.Split(x.d.AllowMethods, ", ")
	switch {
	case len(lines) > 1 || !fetch.IsToken(m):
		x.step(CodeMethodNotAllowed, "the requested method is not one token: no browser sends that")
		return false
	case fetch.IsSafelistedMethod(m):
		x.step(stepMethodSafelisted, "%s never needs permission", m)
	case slices.Contains(allowed, m), x.d.AllowMethods == "*" && !credentials:
		x.step(stepMethodAllowed, "%s is allowed", quoted(m))
	case fetch.IsForbiddenMethod(m):
		x.step(CodeMethodNotAllowed, "%s is a method that browsers never send", quoted(m))
		return false
	default:
		meant := fetch.NormalizeMethod(m)
		if u, ok := fetch.RegisteredMethod(m); ok {
			meant = u
		}
		if i := slices.IndexFunc(allowed, func(a string) bool { return strings.EqualFold(a, m) }); i >= 0 {
			x.step(stepMethodCase, "%s differs from an allowed method in case, and methods are case-sensitive", quoted(m))
			x.hint("change the method in the script to %s: browsers change only the case of DELETE, GET, HEAD, OPTIONS, POST and PUT",
				quoted(allowed[i]))
			return false
		}
		x.step(CodeMethodNotAllowed, "%s is not in "+nameAllowMethods, quoted(m))
		x.hint("add %s to "+nameAllowMethods+" of policy %s", quoted(meant), quoted(x.Policy))
		return false
	}
	return true
}

// maxExplained is the maximum number of header names that get a step each.
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
				x.step(stepHeaderAllowed, "%s is allowed", quoted(name))
			}
		case all:
			x.step(CodeHeaderNotAllowed, `"*" does not cover authorization (current browsers still accept it)`)
			x.hint(`add "authorization", next to "*", to `+nameAllowHeaders+" of policy %s", quoted(x.Policy))
			ok = false
		case fetch.IsForbiddenRequestHeader(lower):
			x.step(CodeHeaderNotAllowed, "scripts cannot set %s, so no browser asks for it", quoted(name))
			ok = false
		default:
			x.step(CodeHeaderNotAllowed, "%s is not in "+nameAllowHeaders, quoted(name))
			x.hint("add %s to "+nameAllowHeaders+" of policy %s", quoted(lower), quoted(x.Policy))
			ok = false
		}
		return true
	})
	return ok
}

func (x *explainer) credentials() {
	if x.d.AllowCredentials != "" {
		x.step(stepCredentials, "credentials are allowed")
	} else {
		x.step(stepNoCredentials, "credentials are not allowed: a request with cookies fails")
	}
}

func (x *explainer) actual() {
	x.credentials()
	credentials := x.d.AllowCredentials != ""
	x.Browser = BrowserVerdict{
		Allowed: true, AllowedWithCredentials: credentials,
		Code: browserReads, Text: "the script may read the response",
	}
	if !credentials {
		x.Browser.Text += " if the request had no credentials"
	}
}

func (x *explainer) refused() {
	switch {
	case x.d.Kind == NotCORS:
		x.Browser = BrowserVerdict{
			Allowed: true, AllowedWithCredentials: true, Code: browserNotConcerned,
			Text: "without an Origin field, only scripts of the server's own origin can read the response",
		}
	case x.d.Code == CodeNoRoute && x.d.Kind == Preflight:
		x.Browser = BrowserVerdict{
			Code: browserRefuses, Text: "the handler's answer decides whether the preflight succeeds; corskit adds no headers to it",
		}
	case x.sameOrigin():
		x.Browser = BrowserVerdict{
			Allowed: true, AllowedWithCredentials: true, Code: browserNotConcerned,
			Text: "the page has the server's own origin: the browser does not apply CORS",
		}
	case x.d.Kind == Preflight:
		x.Browser = BrowserVerdict{Code: browserRefuses, Text: "the preflight fails: the browser never sends the request"}
		switch x.d.Code {
		case CodeMethodNotEchoed:
			x.step(CodeMethodNotEchoed,
				"the requested method is not a single token of at most %d bytes that browsers send", fetch.MaxEchoedMethod)
			x.hint("no browser sends that")
		case CodeHeadersNotEchoed:
			x.step(CodeHeadersNotEchoed, "the requested header names are not a list of tokens of at most %d bytes", fetch.MaxEchoedHeaders)
			x.hint(`list the names instead of "*": then a request may ask for any number of them`)
		}
	default:
		x.Browser = BrowserVerdict{Code: browserHides, Text: "the browser hides the response from the script"}
	}
}

func (x *explainer) outcome() {
	switch x.d.Status {
	case 0:
		x.step(stepHandler, "the handler runs")
	case statusForbidden:
		if x.d.Kind == Actual {
			x.step(stepRejected, nameRejectDisallowed+": answered with 403, the handler does not run")
		} else {
			x.step(stepAnswered, "answered with 403, the handler does not run")
		}
	default:
		x.step(stepAnswered, "answered with %d, the handler does not run", x.d.Status)
	}
}
