package config

import "github.com/corskit/corskit/core"

// compile makes an engine from the policies, and its shadow. If it is given an engine, it
// reloads that one instead. If there are faults, it reports all of them and leaves the
// engine unchanged.
func (s *state) compile(engine *core.Engine, progress func(Progress)) (*core.Engine, error) {
	total := s.origins()
	if s.shadow != nil {
		total += s.shadow.origins()
		s.compileShadow()
	}
	progress(Progress{Phase: phaseCompiling, Total: total})
	engine, err := s.compileEngine(engine)
	if s.shadow != nil {
		s.warnings = append(s.warnings, s.shadow.warnings...)
	}
	if err != nil {
		return nil, err
	}
	if s.shadow != nil {
		if err := s.shadow.attach(engine); err != nil {
			return nil, err // the policies have been compiled before, so this cannot happen
		}
	}
	progress(Progress{Phase: phaseCompiling, Done: total, Total: total})
	return engine, nil
}

// compileShadow makes an engine from the shadow alone. It reports faults and warnings.
func (s *state) compileShadow() {
	p := s.shadow
	if p.merged == nil {
		return
	}
	p.checkUnused()
	complete := len(s.faults.list) == 0
	made, err := p.engine()
	p.refused(err)
	if len(s.faults.list) > 0 {
		p.warnDespite(append(core.ErrorWarnings(err), made.Warnings()...), complete)
		return
	}
	p.warn(made.Warnings())
	s.shadowed = made
}

// compileEngine is compile without the shadow.
func (s *state) compileEngine(engine *core.Engine) (*core.Engine, error) {
	if s.merged == nil {
		return nil, s.faults.err()
	}
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
	return engine, nil
}
