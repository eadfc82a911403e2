package core

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/corskit/corskit/reason"
)

// Engine makes decisions according to compiled policies. It is safe for concurrent
// use, even during [Engine.Reload]: each decision uses either the old policies or
// the new ones, never a mix. A nil *Engine and the zero Engine deny every origin.
type Engine struct {
	state    atomic.Pointer[state]
	watch    atomic.Pointer[watch] // nil if nobody watches
	changing sync.Mutex            // held while state or watch is replaced
}

// state is a compiled configuration, which a reload replaces. It has either rules,
// which apply to all requests, or routes, each pointing to another state.
type state struct {
	rules    *ruleset // nil if requests go to the handler untouched
	warnings []Warning
	outline  Outline

	routes   []route // in order; nil if the engine is not routed
	hosts    bool    // whether any route has a host
	conflict *state  // for paths whose readings lead to different routes

	shadow *shadow // nil if there are no shadow policies
}

// denyAll is the state of an engine without policies. untouched is the state for
// requests that no route covers.
var (
	denyAll   = &state{rules: new(newCompiler()).compile([]Policy{{}})}
	untouched = new(state)
)

// New compiles policies into an Engine. The first policy whose origins match a
// request governs it: its methods, headers and credentials apply.
//
// New reports all faults in all policies at once: the error joins a [*PolicyError]
// for each. Passing no policy is an error.
func New(policies ...Policy) (*Engine, error) {
	s, err := compilePolicies(policies)
	return newEngine(s, err)
}

// MustNew is like [New] but panics with the error if there is one. It is meant for
// policies that are part of the program.
func MustNew(policies ...Policy) *Engine {
	e, err := New(policies...)
	if err != nil {
		panic(err)
	}
	return e
}

// NewRouted compiles routes into an Engine. The first route that covers a request's
// host and path governs it. A request that no route covers, even a preflight, goes
// to the handler and gets no CORS headers. NewRouted returns errors as [New] does;
// passing no route is an error.
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

// Reload atomically replaces all policies and routes. It returns errors as [New]
// does; if it returns one, e is unchanged. The zero Engine can be reloaded; for a
// nil *Engine, Reload returns an error.
func (e *Engine) Reload(policies ...Policy) error {
	s, err := compilePolicies(policies)
	return e.swap(s, err)
}

// ReloadRouted is like [Engine.Reload] but takes routes, as [NewRouted] does.
func (e *Engine) ReloadRouted(routes ...Route) error {
	s, err := compileRoutes(routes)
	return e.swap(s, err)
}

// ReloadFrom atomically replaces all policies and routes by those of another engine, without
// compiling them again. If the other engine has shadow policies, they replace those of e in
// the same step; otherwise those of e stay. Later changes of one engine do not affect the
// other. Observers stay. ReloadFrom returns an error if one of the engines is nil.
func (e *Engine) ReloadFrom(from *Engine) error {
	if from == nil {
		return errors.New("cors: reload from a nil Engine")
	}
	s := *from.current()
	return e.swap(&s, nil)
}

func (e *Engine) swap(s *state, err error) error {
	if err != nil {
		return err
	}
	if e == nil {
		return errors.New("cors: reload of a nil Engine")
	}
	e.changing.Lock()
	defer e.changing.Unlock()
	if s.shadow == nil {
		s.shadow = e.current().shadow
	}
	e.state.Store(s)
	return nil
}

func compilePolicies(policies []Policy) (*state, error) {
	if len(policies) == 0 {
		e := finding{"", "Policies", -1, ""}.error(reason.NoPolicy, "no policy", "pass one; the zero Policy denies every origin")
		return nil, &e
	}
	c := newCompiler()
	rules := c.compile(policies)
	if len(c.errs) > 0 {
		return nil, &refusal{c.errs, c.warns.all()}
	}
	return &state{rules: rules, warnings: c.warns.all(), outline: Outline{Policies: outlinePolicies(policies)}}, nil
}

// current returns the state in force. It is denyAll for a nil or zero Engine.
func (e *Engine) current() *state {
	if e != nil {
		if s := e.state.Load(); s != nil {
			return s
		}
	}
	return denyAll
}

// Warnings returns the parts of the current policies and routes that are legal but
// probably not intended, at most 100 for each [Reason]. The caller owns the slice,
// which is nil if there are none.
func (e *Engine) Warnings() []Warning {
	return append([]Warning(nil), e.current().warnings...)
}
