package config

import "github.com/corskit/corskit/core"

// compile makes an engine from the policies, with the shadow. If there are faults, it reports
// all of them.
func (s *state) compile(progress func(Progress)) (*core.Engine, error) {
	total := s.origins()
	if s.shadow != nil {
		total += s.shadow.origins()
		s.compileShadow()
	}
	progress(Progress{Phase: phaseCompiling, Total: total})
	engine, err := s.compileEngine()
	if s.shadow != nil {
		s.warnings = append(s.warnings, s.shadow.warnings...)
	}
	if err != nil {
		return nil, err
	}
	if s.shadowed != nil {
		if err := engine.ShadowFrom(s.shadowed); err != nil {
			return nil, err // neither engine is nil, so this cannot happen
		}
	}
	progress(Progress{Phase: phaseCompiling, Done: total, Total: total})
	return engine, nil
}

// compileShadow makes an engine from only the shadow. It reports faults and warnings.
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
func (s *state) compileEngine() (*core.Engine, error) {
	if s.merged == nil {
		return nil, s.faults.err()
	}
	s.checkUnused()
	made, err := s.engine()
	complete := len(s.faults.list) == 0
	s.refused(err)
	if fault := s.faults.err(); fault != nil {
		s.warnDespite(append(core.ErrorWarnings(err), made.Warnings()...), complete)
		return nil, fault
	}
	s.warn(made.Warnings())
	return made, nil
}
