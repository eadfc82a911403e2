package config

import "github.com/corskit/corskit/core"

// part is a set of policies and routes of a configuration: those in force, or those of
// the shadow.
type part struct {
	whole    *state
	policies []core.Policy
	routes   []core.Route    // nil if every policy applies to every request
	used     map[string]bool // the policies that the routes name
	merged   *merged         // nil if a file could not be decoded
	warnings []*Warning
}

// engine makes an engine of the part.
func (p *part) engine() (*core.Engine, error) {
	switch {
	case p.routes != nil:
		return core.NewRouted(p.routes...)
	case len(p.policies) > 0:
		return core.New(p.policies...)
	}
	return nil, nil // reported before
}

// origins returns the number of origins of all policies.
func (p *part) origins() (n int) {
	for _, policy := range p.policies {
		n += len(policy.AllowOrigins)
	}
	return n
}

// isRouteLost reports whether a fault may have hidden a route of the part.
func (p *part) isRouteLost() bool {
	if p.merged.key == "" {
		return !p.whole.faults.within(keyPolicies, keyShadow)
	}
	return !p.whole.faults.within(keyPolicies)
}

// checkUnused reports the faults of policies that no route names, because the engine
// does not include them, and warns about these policies. There is no warning if a fault
// may have hidden a route.
func (p *part) checkUnused() {
	certain := !p.isRouteLost()
	for _, policy := range p.policies {
		if p.routes == nil || p.used[policy.Name] {
			continue
		}
		made, err := core.New(policy)
		p.refused(err)
		if certain {
			p.unused(policy.Name)
		} else {
			p.warnDespite(append(core.ErrorWarnings(err), made.Warnings()...), false)
		}
	}
}
