package config

import "github.com/corskit/corskit/core"

// compile makes an engine from the policies. If it is given an engine, it reloads
// that one instead. If there are faults, it reports all of them and leaves the engine unchanged.
func (s *state) compile(engine *core.Engine, progress func(Progress)) (*core.Engine, error) {
	if s.merged == nil {
		return nil, s.faults.err()
	}
	total := 0
	for _, p := range s.policies {
		total += len(p.AllowOrigins)
	}
	progress(Progress{Phase: phaseCompiling, Total: total})
	s.checkUnused()
	if len(s.faults.list) > 0 || engine == nil {
		made, err := s.engine()
		complete := len(s.faults.list) == 0
		s.refused(err)
		if fault := s.faults.err(); fault != nil {
			s.warnDespite(append(core.ErrorWarnings(err), made.Warnings()...), complete)
			return nil, fault
		}
		engine = made
	} else if err := s.reload(engine); err != nil {
		s.refused(err)
		return nil, s.faults.err()
	}
	s.warn(engine.Warnings())
	progress(Progress{Phase: phaseCompiling, Done: total, Total: total})
	return engine, nil
}

// checkUnused reports the faults of policies that no route names, because the engine
// does not include them, and warns about these policies. There is no warning if a fault
// may have hidden a route.
func (s *state) checkUnused() {
	certain := s.faults.within(keyPolicies)
	for _, p := range s.policies {
		if s.routes == nil || s.used[p.Name] {
			continue
		}
		made, err := core.New(p)
		s.refused(err)
		if certain {
			s.unused(p.Name)
		} else {
			s.warnDespite(append(core.ErrorWarnings(err), made.Warnings()...), false)
		}
	}
}

func (s *state) engine() (*core.Engine, error) {
	switch {
	case s.routes != nil:
		return core.NewRouted(s.routes...)
	case len(s.policies) > 0:
		return core.New(s.policies...)
	}
	return nil, nil // reported before
}

func (s *state) reload(engine *core.Engine) error {
	if s.routes != nil {
		return engine.ReloadRouted(s.routes...)
	}
	return engine.Reload(s.policies...)
}
