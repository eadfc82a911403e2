package core

import (
	"context"
	"strings"

	"github.com/corskit/corskit/internal/fetch"
	"github.com/corskit/corskit/internal/origin"
)

// Decide returns the decision on r. It passes ctx to [Policy].AllowOriginFunc and
// does not use it otherwise. Except for that function, its cost is bounded, no matter how
// large the request is. It allocates only to join several lines of
// Access-Control-Request-Headers that it must echo.
func (e *Engine) Decide(ctx context.Context, r Request) Decision {
	var o Outcome
	f := facts{r, ctx}
	s := e.current()
	s.resolve(nil, &f, &o)
	if w := e.watched(); w != nil {
		w.see(s.shadow, nil, &f, &o, false)
	}
	return o.Decision()
}

// Resolve is like [Engine.Decide], but reads the request from src and sets *o. It is
// meant for adapters: an adapter writes the outcome's headers to the response. If the
// outcome's status is not 0, the adapter answers with that status and does not run the
// handler.
func (e *Engine) Resolve(src Source, o *Outcome) {
	e.decide(src, o, false)
}

// decide implements Resolve and, if handshake is set, AllowsHandshake.
func (e *Engine) decide(src Source, o *Outcome, handshake bool) {
	s := e.current()
	s.resolve(src, nil, o)
	if w := e.watched(); w != nil {
		w.see(s.shadow, src, nil, o, handshake)
	}
}

// watched returns the observers of the engine, or nil if there are none.
func (e *Engine) watched() *watch {
	if e == nil {
		return nil
	}
	return e.watch.Load()
}

// AllowsHandshake reports whether a WebSocket handshake may proceed. Browsers do
// not apply CORS to handshakes and send cookies with them, so the server must check
// the origin. AllowsHandshake returns true if the request has no Origin, because
// then it does not come from a page; if it comes from the server's own origin; or if the
// engine allows its origin for its host and path. Behind a proxy that changes Host, list
// the server's own origin in AllowOrigins: see [Request.SameOrigin].
// It returns false for all other requests, including those that no route covers. A
// policy that allows "*" therefore allows handshakes from every site, with cookies.
func (e *Engine) AllowsHandshake(src Source) bool {
	var o Outcome
	switch values := src.Lines(fieldOrigin); {
	case len(values) == 0:
		o.verdict = handshakes[NotCORS]
	case len(values) == 1 && sameOrigin(values[0], src, nil):
		o.verdict = handshakes[Actual]
	default:
		e.decide(src, &o, true)
		return o.verdict.Allowed
	}
	if w := e.watched(); w != nil {
		w.see(e.current().shadow, src, nil, &o, true)
	}
	return true
}

// handshakes are the verdicts on handshakes that need no policy.
var handshakes = [...]*verdict{
	NotCORS: newVerdict(Decision{Kind: NotCORS, Code: CodeNoOrigin}),
	Actual:  newVerdict(Decision{Kind: Actual, Code: CodeSameOrigin}),
}

// AllowsOrigin reports whether any policy allows the origin. It is meant for uses
// other than HTTP requests. It calls an AllowOriginFunc with a background context
// and a Request that has only an Origin. A malformed origin is never allowed, not
// even by "*".
//
// For a routed engine, every route must allow the origin. If there is a request,
// such as a WebSocket handshake, use [Engine.AllowsHandshake] or an adapter's
// CheckOrigin, which take the route into account.
func (e *Engine) AllowsOrigin(origin string) bool {
	s := e.current()
	if s.routes == nil {
		return s.rules.allows(origin)
	}
	for i := range s.routes {
		if !s.routes[i].to.rules.allows(origin) {
			return false
		}
	}
	return true
}

func (rs *ruleset) allows(value string) bool {
	owner := rs.matcher.Match(value, len(rs.answers))
	if rs.funcs != nil {
		owner, _ = rs.ask(value, owner, nil, &facts{Request{Origin: []string{value}}, context.Background()})
	}
	return owner != origin.NoOwner
}

// IsOrigin reports whether s is an origin as browsers and application shells (Electron,
// Capacitor) send it, such as "https://app.example.com", "http://[::1]:8080", "app://."
// or "file://". "null" is not.
func IsOrigin(s string) bool { return origin.IsOrigin(s) }

// probeHost is a host that no page has (RFC 2606).
const probeHost = "corskit-probe.invalid"

// IsProbe reports whether s is an origin with which "corskit probe" and "corskit conform"
// check a server: the host is corskit-probe.invalid or a name below it. No page has such an
// origin.
func IsProbe(s string) bool {
	o, ok := origin.Parse(s)
	return ok && (o.Host == probeHost || strings.HasSuffix(o.Host, "."+probeHost))
}

// resolve decides a request and sets *o. It reads the request from src or, if src is nil,
// from r.
func (s *state) resolve(src Source, r *facts, o *Outcome) {
	*o = Outcome{}
	if s.routes != nil {
		s = s.route(target(src, r), o)
	}
	rules := s.rules
	values := origins(src, r)
	switch {
	case rules == nil:
		o.verdict = unrouted[kind(values, src, r)]
		return
	case len(values) == 0:
		o.verdict = rules.noOrigin
		return
	}
	owner := rules.govern(values, o)
	if rules.funcs != nil && len(values) == 1 {
		owner, o.mark = rules.ask(values[0], owner, src, r)
	}
	asked := askedMethod(src, r)
	switch {
	case owner >= 0 && len(asked) > 0:
		rules.answers[owner].permit(values, asked, src, r, o)
	case owner >= 0:
		a := &rules.answers[owner]
		o.verdict, o.origin = a.actual, values[0]
	case len(asked) > 0:
		o.verdict = rules.disallowedPreflight
	default:
		rules.refuse(values, src, r, o)
	}
}

// askedMethod returns the lines of Access-Control-Request-Method if a request with
// an Origin is a preflight. Otherwise it returns none.
func askedMethod(src Source, r *facts) []string {
	if method(src, r) != "OPTIONS" {
		return nil
	}
	return lines(src, r, fieldRequestMethod)
}

// unrouted are the verdicts on requests that no route covers.
var unrouted = [...]*verdict{
	NotCORS:   newVerdict(Decision{Kind: NotCORS, Code: CodeNoRoute}),
	Actual:    newVerdict(Decision{Kind: Actual, Code: CodeNoRoute}),
	Preflight: newVerdict(Decision{Kind: Preflight, Code: CodeNoRoute}),
}

func kind(origin []string, src Source, r *facts) Kind {
	switch {
	case len(origin) == 0:
		return NotCORS
	case len(askedMethod(src, r)) > 0:
		return Preflight
	default:
		return Actual
	}
}

// govern returns the index of the first policy whose AllowOrigins match the Origin
// lines, or -1. It marks o if there are several lines.
func (rs *ruleset) govern(origin []string, o *Outcome) int {
	switch {
	case rs.constant:
		return 0
	case len(origin) > 1:
		o.mark = repeated
		return -1
	}
	return rs.matcher.Match(origin[0], len(rs.answers))
}

// refuse sets the outcome of an actual request from an origin that no policy allows.
func (rs *ruleset) refuse(origin []string, src Source, r *facts, o *Outcome) {
	switch {
	case !rs.rejects:
		o.verdict = rs.disallowed
	case len(origin) == 1 && sameOrigin(origin[0], src, r):
		o.verdict, o.mark = rs.sameOrigin, 0
	default:
		o.verdict = rs.rejected
	}
}

// permit sets the outcome of a preflight from an origin that the policy allows.
func (a *answer) permit(origin, asked []string, src Source, r *facts, o *Outcome) {
	i := 0
	if a.echoMethod {
		if len(asked) != 1 || !fetch.IsEchoableMethod(asked[0]) {
			*o = Outcome{verdict: a.badMethod, route: o.route}
			return
		}
		o.method = asked[0]
	}
	if a.echoHeaders {
		names := lines(src, r, fieldRequestHeaders)
		if !fetch.AreEchoableHeaders(names) {
			*o = Outcome{verdict: a.badHeaders, route: o.route}
			return
		}
		if o.names = joined(names); o.names != "" {
			i |= withNames
		}
	}
	if a.private {
		if flag := lines(src, r, fieldRequestPrivate); len(flag) == 1 && flag[0] == "true" {
			i |= withPrivate
		}
	}
	o.verdict, o.origin = a.preflight[i], origin[0]
}

// joined joins the lines of a list-based field into one value.
func joined(lines []string) string {
	if len(lines) == 1 {
		return lines[0]
	}
	return strings.Join(lines, ",")
}

// ask calls the AllowOriginFunc of each policy before owner, or of all policies if
// owner is -1. It returns the first policy whose function returns true, and byFunc.
// If there is none, it returns owner and 0.
func (rs *ruleset) ask(value string, owner int, src Source, r *facts) (int, mark) {
	o, ok := origin.Parse(value)
	null := value == "null"
	if !ok && !null {
		return owner, 0
	}
	var ctx context.Context
	var request Request
	for _, f := range rs.funcs {
		if owner >= 0 && f.owner >= owner {
			break
		}
		if null && !f.null || o.Insecure() && !f.insecure {
			continue
		}
		switch {
		case request.Origin != nil: // already filled in
		case src != nil:
			ctx, request = src.Context(), NewRequest(src)
		default:
			ctx, request = r.ctx, r.Request
		}
		if f.allows(ctx, request) {
			return f.owner, byFunc
		}
	}
	return owner, 0
}
