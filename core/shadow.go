package core

import (
	"context"
	"errors"
	"sync/atomic"
)

// Difference says how the shadow policies' answer to one request differs from that of the
// policies in force. It compares effects, not headers: whether the script may read the
// response or send the request, without and with credentials, whether it may access the
// private network, and whether the handler runs.
type Difference string

// The differences.
const (
	ShadowSame     Difference = "same"
	ShadowStricter Difference = "stricter" // the shadow policies allow less
	ShadowLooser   Difference = "looser"   // the shadow policies allow something that is refused now
)

// index returns a number for d.
func (d Difference) index() uint8 {
	switch d {
	case "":
		return 0
	case ShadowSame:
		return 1
	case ShadowStricter:
		return 2
	default:
		return 3
	}
}

// Shadow compiles policies that are evaluated in addition to those in force and change no
// response. Observers see how they differ: see [Class].Shadow. Without an observer, they
// are not evaluated. They stay until Shadow, ShadowRouted or StopShadow is called.
// [Engine.Reload] does not change them; [Engine.ReloadFrom] and a config.Watcher do.
// Shadow returns errors as [New] does; if it returns one, nothing changes.
//
// An AllowOriginFunc of the policies is called too. If it panics, that request counts as
// one without shadow policies, and the first panic is logged with [log/slog.Default].
func (e *Engine) Shadow(policies ...Policy) error {
	s, err := compilePolicies(policies)
	return e.setShadow(s, err)
}

// ShadowRouted is like [Engine.Shadow] but takes routes, as [NewRouted] does.
func (e *Engine) ShadowRouted(routes ...Route) error {
	s, err := compileRoutes(routes)
	return e.setShadow(s, err)
}

// ShadowFrom is like [Engine.Shadow] but takes the policies and routes of another engine,
// without compiling them again. It ignores the shadow policies of that engine, and returns
// an error if one of the engines is nil.
func (e *Engine) ShadowFrom(from *Engine) error {
	if from == nil {
		return errors.New("cors: shadow policies of a nil Engine")
	}
	return e.setShadow(from.current(), nil)
}

// StopShadow removes the shadow policies.
func (e *Engine) StopShadow() {
	if e != nil {
		e.changeShadow(nil)
	}
}

func (e *Engine) setShadow(s *state, err error) error {
	if err != nil {
		return err
	}
	if e == nil {
		return errors.New("cors: shadow policies of a nil Engine")
	}
	e.changeShadow(&shadow{state: s})
	return nil
}

// shadow holds shadow policies.
type shadow struct {
	state    *state // the shadow of this state is not used
	panicked atomic.Bool
}

// changeShadow replaces the shadow policies.
func (e *Engine) changeShadow(to *shadow) {
	e.changing.Lock()
	defer e.changing.Unlock()
	s := *e.current()
	s.shadow = to
	e.state.Store(&s)
}

// ShadowWarnings is like [Engine.Warnings] for the shadow policies. It returns nil if
// there are none.
func (e *Engine) ShadowWarnings() []Warning {
	if s := e.shadow(); s != nil {
		return append([]Warning(nil), s.warnings...)
	}
	return nil
}

// ExplainShadow is like [Engine.Explain] for the shadow policies. ok is false if there are
// none.
func (e *Engine) ExplainShadow(ctx context.Context, r Request) (x Explanation, ok bool) {
	if s := e.shadow(); s != nil {
		return s.explain(ctx, r), true
	}
	return Explanation{}, false
}

// shadow returns the state of the shadow policies, or nil.
func (e *Engine) shadow() *state {
	if h := e.current().shadow; h != nil {
		return h.state
	}
	return nil
}

// decide decides a request by the shadow policies. ok is false if an AllowOriginFunc
// panics.
func (h *shadow) decide(src Source, r *facts, o *Outcome) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			report(&h.panicked, "an AllowOriginFunc of the shadow policies", v)
		}
	}()
	h.state.resolve(src, r, o)
	return true
}
