package core

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/corskit/corskit/internal/fetch"
	"github.com/corskit/corskit/internal/origin"
)

// Engine decides requests by compiled policies. It is safe for concurrent use,
// [Engine.Reload] included: a decision is taken wholly by the policies before a
// reload or wholly by those after it. A nil *Engine and the zero Engine deny
// every origin.
type Engine struct {
	state atomic.Pointer[state]
}

// state is what a reload replaces: the rules for all requests or, of a routed
// engine, routes to such states.
type state struct {
	rules    *ruleset // nil: none, requests pass through untouched
	needs    Need
	warnings []Warning

	routes []route // in order; nil if the engine is not routed
	hosts  bool    // some route has a host
	torn   *state  // of paths whose readings lead to different routes
}

// denyAll is the state of engines without policies, untouched that of requests
// that no route covers.
var (
	denyAll   = newState(new(compiler{warns: new(warnings)}).compile([]Policy{{}}))
	untouched = new(state)
)

// New compiles policies. The first whose origins match governs a request, with
// its own methods, headers and credentials. The error joins a [*PolicyError]
// for every fault of every policy; without any policy there is one too.
func New(policies ...Policy) (*Engine, error) {
	s, err := compilePolicies(policies)
	return newEngine(s, err)
}

// MustNew is New for policies in source code: it panics on an error.
func MustNew(policies ...Policy) *Engine {
	e, err := New(policies...)
	if err != nil {
		panic(err)
	}
	return e
}

// NewRouted compiles policies for routes: the first route that covers a
// request's host and path governs it. Requests that no route covers pass
// through untouched and get no CORS headers, preflights included.
// Errors are those of [New].
func NewRouted(routes ...Route) (*Engine, error) {
	s, err := compileRoutes(routes)
	return newEngine(s, err)
}

func newEngine(s *state, err error) (*Engine, error) {
	if err != nil {
		return nil, err
	}
	e := new(Engine)
	e.state.Store(s)
	return e, nil
}

// Reload replaces all policies, and routes if there were any, at once. On an
// error, which is that of [New], everything stays as it was.
func (e *Engine) Reload(policies ...Policy) error {
	s, err := compilePolicies(policies)
	return e.swap(s, err)
}

// ReloadRouted is [Engine.Reload] for the routes of [NewRouted].
func (e *Engine) ReloadRouted(routes ...Route) error {
	s, err := compileRoutes(routes)
	return e.swap(s, err)
}

func (e *Engine) swap(s *state, err error) error {
	if err != nil {
		return err
	}
	if e == nil {
		return errors.New("cors: reload of a nil Engine")
	}
	e.state.Store(s)
	return nil
}

func compilePolicies(policies []Policy) (*state, error) {
	if len(policies) == 0 {
		return nil, &PolicyError{
			Field: "Policies", Index: -1, Reason: ReasonNoPolicy, Detail: "no policy",
			Suggestion: "pass one; the zero Policy denies every origin",
		}
	}
	c := compiler{warns: new(warnings)}
	rules := c.compile(policies)
	if err := errors.Join(c.errs...); err != nil {
		return nil, err
	}
	s := newState(rules)
	s.warnings = c.warns.all()
	return s, nil
}

func newState(rules *ruleset) *state {
	s := &state{rules: rules}
	for _, a := range rules.answers {
		if a.echoHeaders {
			s.needs |= NeedRequestHeaders
		}
		if a.private {
			s.needs |= NeedPrivateNetwork
		}
	}
	if rules.rejects {
		s.needs |= NeedFetchSite
	}
	if len(rules.funcs) > 0 {
		s.needs = NeedAll
	}
	return s
}

// Snapshot returns the engine's policies as they are now.
func (e *Engine) Snapshot() Snapshot {
	if e != nil {
		if s := e.state.Load(); s != nil {
			return Snapshot{s}
		}
	}
	return Snapshot{denyAll}
}

// Decide decides one request. It does not allocate, except to join the lines of
// an Access-Control-Request-Headers field that came in several and has to be
// echoed, and its cost is bounded whatever the request holds. The context is
// for [Policy.AllowOriginFunc] alone.
func (e *Engine) Decide(ctx context.Context, r Request) Decision {
	return e.Snapshot().Decide(ctx, r)
}

// AllowsOrigin reports whether some policy allows the origin, for uses other
// than HTTP responses. An AllowOriginFunc is asked with a Request that has
// nothing but the origin. A malformed origin is never allowed, not even by "*".
// Of a routed engine, every route has to allow it: where
// there is a request, as for a WebSocket handshake, an adapter's CheckOrigin
// knows which route governs.
func (e *Engine) AllowsOrigin(origin string) bool {
	s := e.Snapshot().s
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
		owner, _ = rs.ask(context.Background(), value, owner, &Request{Origin: []string{value}})
	}
	return owner != origin.NoOwner
}

// Warnings returns what is legal but probably not meant in the policies in
// force. The slice is the caller's.
func (e *Engine) Warnings() []Warning {
	return append([]Warning(nil), e.Snapshot().s.warnings...)
}

// Need is a set of facts about a request.
type Need uint8

// Facts that an adapter can spare itself gathering if a [Snapshot] does not need
// them. Method and Origin are always needed, and whether
// Access-Control-Request-Method is there, of OPTIONS requests.
const (
	NeedRoute          Need = 1 << iota // Host, Path and RawPath
	NeedRequestHeaders                  // AccessControlRequestHeaders, of OPTIONS requests
	NeedPrivateNetwork                  // AccessControlRequestPrivateNetwork, of OPTIONS requests
	NeedFetchSite                       // SecFetchSite and Host, of requests with an Origin
	NeedOriginFunc                      // an AllowOriginFunc may look at everything

	NeedAll = NeedRoute | NeedRequestHeaders | NeedPrivateNetwork | NeedFetchSite | NeedOriginFunc
)

// Snapshot is the policies of an [Engine] at one moment, or those of one of its
// routes. It is immutable; the zero Snapshot denies every origin.
type Snapshot struct{ s *state }

func (s Snapshot) state() *state {
	if s.s == nil {
		return denyAll
	}
	return s.s
}

// Needs returns the facts that may change a decision of this snapshot.
func (s Snapshot) Needs() Need { return s.state().needs }

// At returns the policies of the route that governs requests of this host and
// path, for the meaning of which see [Request]; the snapshot itself if there are
// no routes. An adapter whose snapshot needs the facts of [NeedRoute] spares
// itself other facts that this route does not need.
func (s Snapshot) At(host, path, rawPath string, foldPath bool) Snapshot {
	st := s.state()
	if st.routes == nil {
		return s
	}
	return Snapshot{st.route(host, path, rawPath, foldPath)}
}

// Decide is [Engine.Decide] by the policies of the snapshot.
func (s Snapshot) Decide(ctx context.Context, r Request) Decision {
	var o Outcome
	s.Resolve(ctx, &r, &o)
	return o.Decision()
}

// Resolve is [Snapshot.Decide] for adapters, without copies of large values: it
// sets *o. It changes nothing of *r and keeps neither pointer.
func (s Snapshot) Resolve(ctx context.Context, r *Request, o *Outcome) {
	*o = Outcome{}
	rules := s.At(r.Host, r.Path, r.RawPath, r.FoldPath).state().rules
	switch {
	case rules == nil:
		o.base = &unrouted[kind(r.Origin, isPreflight(r))]
		return
	case len(r.Origin) == 0:
		o.base = &rules.absent
		return
	}
	owner := rules.govern(r.Origin, o)
	if rules.funcs != nil && len(r.Origin) == 1 {
		owner, o.mark = rules.ask(ctx, r.Origin[0], owner, r)
	}
	preflight := isPreflight(r)
	switch {
	case owner < 0:
		rules.refuse(r, preflight, o)
	case preflight:
		a := &rules.answers[owner]
		a.permit(r.Origin, r.AccessControlRequestMethod, o)
		a.permitMore(r, o)
	default:
		rules.answers[owner].allow(r.Origin, o)
	}
}

// ResolveOrigin is [Snapshot.Resolve] for a request of which the snapshot needs no
// more than these field lines: of Origin and, if it is an OPTIONS request, of
// Access-Control-Request-Method. It reports whether that is so, and else leaves *o
// as it was. *o must be zero.
//
// It spares an adapter a [Request], which takes longer to fill than most requests
// to decide.
func (s Snapshot) ResolveOrigin(origin, requestMethod []string, o *Outcome) bool {
	const ofPreflights = NeedRequestHeaders | NeedPrivateNetwork
	st, preflight := s.state(), len(requestMethod) > 0
	if st.needs != 0 && (preflight || st.needs&^ofPreflights != 0) {
		return false
	}
	rules := st.rules
	switch {
	case rules == nil:
		o.base = &unrouted[kind(origin, preflight)]
		return true
	case len(origin) == 0:
		o.base = &rules.absent
		return true
	}
	owner := rules.govern(origin, o)
	switch {
	case owner < 0 && preflight:
		o.base = &rules.denied
	case owner < 0:
		o.base = &rules.refused
	case preflight:
		rules.answers[owner].permit(origin, requestMethod, o)
	default:
		rules.answers[owner].allow(origin, o)
	}
	return true
}

// isPreflight reports whether a request that has an Origin is a preflight.
func isPreflight(r *Request) bool {
	return r.Method == "OPTIONS" && len(r.AccessControlRequestMethod) > 0
}

// unrouted are the decisions where no route covers the request.
var unrouted = [...]Decision{
	NotCORS:   {Kind: NotCORS, Code: CodeNoRoute},
	Actual:    {Kind: Actual, Code: CodeNoRoute},
	Preflight: {Kind: Preflight, Code: CodeNoRoute},
}

func kind(origin []string, preflight bool) Kind {
	switch {
	case len(origin) == 0:
		return NotCORS
	case preflight:
		return Preflight
	default:
		return Actual
	}
}

// govern returns the index of the answer that governs requests with an Origin, as
// far as AllowOrigins tell, or -1.
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

// refuse sets the outcome of a request from an origin that no policy allows.
func (rs *ruleset) refuse(r *Request, preflight bool, o *Outcome) {
	switch {
	case preflight:
		o.base = &rs.denied
	case !rs.rejects:
		o.base = &rs.refused
	case r.sameOrigin(r.onlyOrigin()):
		*o = Outcome{base: &rs.spared}
	default:
		o.base = &rs.rejected
	}
}

// allow sets the outcome of an actual request from an origin that is allowed.
func (a *answer) allow(origin []string, o *Outcome) {
	o.base = &a.actual
	if !a.any {
		o.origin = origin[0]
	}
}

// permit sets the outcome of a preflight from an origin that is allowed.
func (a *answer) permit(origin, requestMethod []string, o *Outcome) {
	if a.echoMethod {
		if len(requestMethod) != 1 || !fetch.IsEchoableMethod(requestMethod[0]) {
			*o = Outcome{base: &a.badMethod}
			return
		}
		o.method = requestMethod[0]
	}
	o.base = &a.preflight
	if !a.any {
		o.origin = origin[0]
	}
}

// permitMore sets what depends on fields of a preflight that few policies need.
func (a *answer) permitMore(r *Request, o *Outcome) {
	if o.base != &a.preflight {
		return
	}
	if a.echoHeaders {
		if !fetch.AreEchoableHeaders(r.AccessControlRequestHeaders) {
			*o = Outcome{base: &a.badHeaders}
			return
		}
		o.headers = joined(r.AccessControlRequestHeaders)
	}
	if a.private && len(r.AccessControlRequestPrivateNetwork) == 1 && r.AccessControlRequestPrivateNetwork[0] == "true" {
		o.mark |= private
	}
}

// joined is the value of a list-based field that came in these lines.
func joined(lines []string) string {
	if len(lines) == 1 {
		return lines[0]
	}
	return strings.Join(lines, ",")
}

// ask asks the functions of the policies before owner, or of all if it is -1, and
// returns the first policy whose function allows the origin, else owner.
func (rs *ruleset) ask(ctx context.Context, value string, owner int, r *Request) (int, mark) {
	o, ok := origin.Parse(value)
	null := value == "null"
	if !ok && !null {
		return owner, 0
	}
	for _, f := range rs.funcs {
		if owner >= 0 && f.owner >= owner {
			break
		}
		if null && !f.null || o.Insecure() && !f.insecure {
			continue
		}
		if f.allows(ctx, *r) {
			return f.owner, byFunc
		}
	}
	return owner, 0
}
