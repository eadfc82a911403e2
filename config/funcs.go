package config

import (
	"maps"
	"slices"

	"github.com/corskit/corskit/reason"
)

// addFuncs adds the functions of the options to the policies, and reports names that no policy
// has.
func (l *loader) addFuncs(s *state, m *merged) {
	for _, name := range slices.Sorted(maps.Keys(l.opts.AllowOriginFuncs)) {
		e := &Error{Place: Place{Key: joinKey(keyPolicies, name)}, Detail: "Options.AllowOriginFuncs: "}
		if l.name != "" {
			e.File = s.files[0]
		}
		i, known := m.index[name]
		switch f := l.opts.AllowOriginFuncs[name]; {
		case !known:
			e.Reason, e.Suggestion = reason.UnknownPolicy, m.suggestPolicy(name)
			e.Detail += "no policy has this name"
		case f == nil:
			e.Reason, e.Suggestion = reason.Null, "set one, or remove the entry"
			e.Detail += "a nil function"
		default:
			s.policies[i].AllowOriginFunc = f
			s.digest.add("function", name)
			continue
		}
		s.faults.add(e)
	}
}

// addShadowFuncs adds the functions of the options to the policies of the shadow that have
// their names. Otherwise every origin that a function allows would be a difference.
func (l *loader) addShadowFuncs(p *part) {
	for name, f := range l.opts.AllowOriginFuncs {
		if i, known := p.merged.index[name]; known {
			p.policies[i].AllowOriginFunc = f
		}
	}
}
