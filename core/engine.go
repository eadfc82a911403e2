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

// state is what a reload replaces.
type state struct {
	routes   []route // in order; one, for everything, if the engine is not routed
	routed   bool
	hosts    bool     // some route has a host
	torn     *ruleset // of paths whose readings lead to different routes
	needs    Need
	warnings []Warning
}

// denyAll is the state of engines without policies.
var denyAll = func() *state {
	c := compiler{warns: new(warnings)}
	return newState([]route{{rules: c.compile([]Policy{{}})}}, false, nil)
}()

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
	return newState([]route{{rules: rules}}, false, c.warns.all()), nil
}

func newState(routes []route, routed bool, warns []Warning) *state {
	s := &state{routes: routes, routed: routed, warnings: warns}
	if routed {
		s.needs |= NeedRoute
	}
	for _, r := range routes {
		s.hosts = s.hosts || r.host != ""
		for _, a := range r.rules.answers {
			if a.echoHeaders {
				s.needs |= NeedRequestHeaders
			}
			if a.private {
				s.needs |= NeedPrivateNetwork
			}
		}
		if r.rules.rejects {
			s.needs |= NeedFetchSite
		}
		if len(r.rules.funcs) > 0 {
			s.needs = NeedAll
		}
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
	routes := e.Snapshot().s.routes
	for i := range routes {
		if !routes[i].rules.allows(origin) {
			return false
		}
	}
	return true
}

func (rs *ruleset) allows(value string) bool {
	if rs.funcs == nil {
		return rs.matcher.Match(value, len(rs.answers)) != origin.NoOwner
	}
	owner, _ := rs.governing(context.Background(), value, &Request{Origin: []string{value}})
	return owner >= 0
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

// Snapshot is the policies of an [Engine] at one moment. It is immutable; the
// zero Snapshot denies every origin.
type Snapshot struct{ s *state }

// Needs returns the facts that may change a decision of this snapshot.
func (s Snapshot) Needs() Need {
	if s.s == nil {
		return 0
	}
	return s.s.needs
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
	if s.s == nil {
		s.s = denyAll
	}
	rules := s.s.rules(r)
	switch {
	case rules == nil:
		o.base = &unrouted[kindOf(r)]
	case len(r.Origin) == 0:
		o.base = &rules.absent
	case r.Method == "OPTIONS" && len(r.AccessControlRequestMethod) > 0:
		rules.preflight(ctx, r, o)
	default:
		rules.actual(ctx, r, o)
	}
}

// unrouted are the decisions where no route covers the request.
var unrouted = [...]Decision{
	NotCORS:   {Kind: NotCORS, Code: CodeNoRoute},
	Actual:    {Kind: Actual, Code: CodeNoRoute},
	Preflight: {Kind: Preflight, Code: CodeNoRoute},
}

func kindOf(r *Request) Kind {
	switch {
	case len(r.Origin) == 0:
		return NotCORS
	case r.Method == "OPTIONS" && len(r.AccessControlRequestMethod) > 0:
		return Preflight
	default:
		return Actual
	}
}

func (rs *ruleset) actual(ctx context.Context, r *Request, o *Outcome) {
	if rs.constant {
		o.base = &rs.answers[0].actual
		return
	}
	value, owner, m := rs.lookUp(ctx, r)
	o.mark = m
	switch {
	case owner >= 0:
		a := &rs.answers[owner]
		o.base = &a.actual
		if !a.any {
			o.origin = value
		}
	case !rs.rejects:
		o.base = &rs.refused
	case r.sameOrigin(value):
		*o = Outcome{base: &rs.spared}
	default:
		o.base = &rs.rejected
	}
}

func (rs *ruleset) preflight(ctx context.Context, r *Request, o *Outcome) {
	value, owner := "", 0
	if !rs.constant {
		value, owner, o.mark = rs.lookUp(ctx, r)
	}
	if owner < 0 {
		o.base = &rs.denied
		return
	}
	a := &rs.answers[owner]
	switch {
	case a.echoMethod && !echoableMethod(r):
		*o = Outcome{base: &a.badMethod}
		return
	case a.echoHeaders && !fetch.AreEchoableHeaders(r.AccessControlRequestHeaders):
		*o = Outcome{base: &a.badHeaders}
		return
	}
	o.base = &a.preflight
	if !a.any {
		o.origin = value
	}
	if a.echoMethod {
		o.method = r.AccessControlRequestMethod[0]
	}
	if a.echoHeaders {
		o.headers = joined(r.AccessControlRequestHeaders)
	}
	if a.private && len(r.AccessControlRequestPrivateNetwork) == 1 && r.AccessControlRequestPrivateNetwork[0] == "true" {
		o.mark |= private
	}
}

func echoableMethod(r *Request) bool {
	return len(r.AccessControlRequestMethod) == 1 && fetch.IsEchoableMethod(r.AccessControlRequestMethod[0])
}

// joined is the value of a list-based field that came in these lines.
func joined(lines []string) string {
	if len(lines) == 1 {
		return lines[0]
	}
	return strings.Join(lines, ",")
}

// lookUp returns the request's origin, the index of the answer that governs it
// or -1, and what is to be marked of how that was found.
func (rs *ruleset) lookUp(ctx context.Context, r *Request) (value string, owner int, m mark) {
	if len(r.Origin) > 1 {
		return "", -1, repeated
	}
	value = r.Origin[0]
	owner, m = rs.governing(ctx, value, r)
	return value, owner, m
}

func (rs *ruleset) governing(ctx context.Context, value string, r *Request) (owner int, m mark) {
	owner = rs.matcher.Match(value, len(rs.answers))
	if rs.funcs != nil {
		if asked := rs.ask(ctx, value, owner, r); asked >= 0 {
			return asked, byFunc
		}
	}
	return owner, 0
}

// ask asks the functions of the policies before owner, or of all if it is -1.
func (rs *ruleset) ask(ctx context.Context, value string, owner int, r *Request) int {
	o, ok := origin.Parse(value)
	null := value == "null"
	if !ok && !null {
		return -1
	}
	for _, f := range rs.funcs {
		if owner >= 0 && f.owner >= owner {
			break
		}
		if null && !f.null || o.Insecure() && !f.insecure {
			continue
		}
		if f.allows(ctx, *r) {
			return f.owner
		}
	}
	return -1
}
