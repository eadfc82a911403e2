package core

import (
	"errors"
	"sync/atomic"
)

// Engine decides requests according to compiled policies. It is safe for
// concurrent use, and so is [Engine.Reload]: each decision uses either the old
// policies or the new ones, never a mix. A nil *Engine and the zero Engine deny
// every origin.
type Engine struct {
	state atomic.Pointer[state]
}

// state is what a reload replaces. It holds either the rules for all requests or
// routes, each of which leads to another state.
type state struct {
	rules    *ruleset // nil if requests pass through untouched
	warnings []Warning

	routes []route // in order; nil if the engine is not routed
	hosts  bool    // some route has a host
	torn   *state  // for paths whose readings lead to different routes
}

// denyAll is the state of an engine without policies. untouched is the state for
// requests that no route covers.
var (
	denyAll   = &state{rules: (&compiler{warns: new(warnings)}).compile([]Policy{{}})}
	untouched = new(state)
)

// New compiles policies. The first policy whose origins match a request governs
// it, with its own methods, headers and credentials. New returns all faults of all
// policies at once, joined; each is a [*PolicyError]. Passing no policy is an
// error.
func New(policies ...Policy) (*Engine, error) {
	s, err := compilePolicies(policies)
	return newEngine(s, err)
}

// MustNew is like [New] but panics on an error. It is meant for policies in source
// code.
func MustNew(policies ...Policy) *Engine {
	e, err := New(policies...)
	if err != nil {
		panic(err)
	}
	return e
}

// NewRouted compiles routes. The first route that covers a request's host and path
// governs it. A request that no route covers, even a preflight, passes through
// untouched and gets no CORS headers. NewRouted returns errors as [New] does.
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

// Reload replaces all policies and routes atomically. It returns errors as [New]
// does; if it returns one, nothing changes.
func (e *Engine) Reload(policies ...Policy) error {
	s, err := compilePolicies(policies)
	return e.swap(s, err)
}

// ReloadRouted is like [Engine.Reload] but takes routes, as [NewRouted] does.
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
		e := finding{"", "Policies", -1, ""}.error(ReasonNoPolicy, "no policy", "pass one; the zero Policy denies every origin")
		return nil, &e
	}
	c := compiler{warns: new(warnings)}
	rules := c.compile(policies)
	if err := errors.Join(c.errs...); err != nil {
		return nil, err
	}
	return &state{rules: rules, warnings: c.warns.all()}, nil
}

// current returns what is in force.
func (e *Engine) current() *state {
	if e != nil {
		if s := e.state.Load(); s != nil {
			return s
		}
	}
	return denyAll
}

// Warnings returns what is legal in the policies in force but probably not
// intended. The caller may keep and change the slice.
func (e *Engine) Warnings() []Warning {
	return append([]Warning(nil), e.current().warnings...)
}
