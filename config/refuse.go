package config

import (
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// refused reports the faults that core found, in the terms of the file.
func (p *part) refused(err error) {
	found := false
	for pe := range core.PolicyErrors(err) {
		found = true
		if pe.Field == "Routes" && pe.Reason == reason.NoPolicy {
			continue // checkRoute has reported the wrong name
		}
		if p.whole.faults.full() {
			p.whole.faults.more++
			continue
		}
		if e := p.merged.splitRegexp(pe); e != nil {
			p.whole.faults.add(e)
			continue
		}
		place := p.place(pe)
		if p.whole.faults.at(place) {
			continue // the checker has reported that the value has the wrong type
		}
		value := pe.Value
		if d, err := time.ParseDuration(value); err == nil && pe.Field == "MaxAge" {
			value = spellDuration(d)
		}
		spelled := pe.Spell(KeyOf)
		if place.Variable != "" {
			spelled.Suggestion = forVariable(value, spelled.Suggestion)
		}
		p.whole.faults.add(&Error{
			Place: place, Value: value, Reason: pe.Reason,
			Detail: spelled.Detail, Suggestion: spelled.Suggestion, Err: pe,
		})
	}
	if err != nil && !found {
		p.whole.faults.add(internal(err))
	}
}

// warn adds the warnings of core, in the terms of the file.
func (p *part) warn(warnings []core.Warning) {
	known := make(map[string]bool)
	for _, w := range warnings {
		pe := core.PolicyError(w)
		spelled := pe.Spell(KeyOf)
		warning := &Warning{
			Place: p.place(&pe), Value: w.Value, Reason: w.Reason,
			Detail: spelled.Detail, Suggestion: spelled.Suggestion,
		}
		if w.Reason == reason.NoOrigins && warning.Variable == "" && p.merged.key == "" { // no variable sets the shadow
			warning.Suggestion = p.whole.orSet(warning.Suggestion, w.Policy, keyAllowOrigins, keyOriginsFile)
		}
		if text := warning.String(); !known[text] {
			known[text] = true
			p.warnings = append(p.warnings, warning)
		}
	}
}

// orSet adds to the suggestion for a key of a policy the variables that set the key or one of
// others, which have the same meaning. Without a file, the variables are the whole suggestion.
func (s *state) orSet(suggestion, policy, key string, others ...string) string {
	names := s.mapping.setting(policy, append(others, key)...)
	switch {
	case !s.filed:
		return "set " + strings.Join(append(names, policyVariable(policy, key)), " or ")
	case len(names) > 0:
		return suggestion + ", or set " + strings.Join(names, " or ")
	}
	return suggestion
}

// warnDespite adds the warnings about policies that have faults. If the policies are not
// complete, because a value could not be read, it adds only warnings about the values
// that were read: others, such as that a policy allows no origin, may be wrong.
func (p *part) warnDespite(warnings []core.Warning, complete bool) {
	p.warn(slices.DeleteFunc(warnings, func(w core.Warning) bool { return !complete && w.Value == "" }))
}

// unused adds the warning about a policy that no route names.
func (p *part) unused(policy string) {
	p.warnings = append(p.warnings, &Warning{
		Place: p.merged.places[joinKey(keyPolicies, policy)].place(-1), Reason: reason.UnusedPolicy,
		Detail: "no route names this policy", Suggestion: "name it in a route, or remove it",
	})
}

// place returns the place of the setting that core means.
func (p *part) place(pe *core.PolicyError) Place {
	switch {
	case pe.Field == "Routes":
		return p.merged.routePlace(pe.Index, pe.Value)
	case pe.Policy == "":
		return Place{File: p.whole.revision.Source, Key: p.merged.path(keyPolicies)}
	}
	return p.merged.policyPlace(pe, p.whole.lists)
}

// policyPlace returns the place of a field of a policy, or of an entry of it.
func (m *merged) policyPlace(pe *core.PolicyError, lists map[string]*originList) Place {
	policy := joinKey(keyPolicies, pe.Policy)
	key := policy
	if k := KeyOf(pe.Field); policyField(k) != nil {
		key = joinKey(policy, k)
	}
	if pe.Field == "AllowOrigins" {
		p := m.Policies[pe.Policy]
		if list, at := lists[p.OriginsFile], pe.Index-len(p.AllowOrigins); list != nil && pe.Index >= 0 && at >= 0 {
			return list.place(at, m.path(joinKey(policy, keyOriginsFile)))
		}
	}
	if s, ok := m.places[key]; ok {
		return s.place(pe.Index)
	}
	// The field is not set, for example the origins of a policy without any.
	s := m.places[policy]
	return s.placeAt(m.path(key), s.at)
}

// splitRegexp returns the fault of a regular expression in a variable that was split at a comma, or
// nil if the entry that core refuses is not part of such an expression. The first part ends
// inside brackets that a later part closes. Lists in files and in JSON are not split: their
// setting has a node.
func (m *merged) splitRegexp(pe *core.PolicyError) *Error {
	s := m.places[policyKey(pe.Policy, keyAllowOrigins)]
	entries := m.Policies[pe.Policy].AllowOrigins
	if pe.Field != "AllowOrigins" || s.value != nil || pe.Index >= len(entries) {
		return nil
	}
	first := pe.Index
	for first >= 0 && !strings.HasPrefix(entries[first], "regexp:") {
		first--
	}
	if first < 0 {
		return nil
	}
	last, open := first, brackets(entries[first])
	for open > 0 && last+1 < len(entries) {
		last++
		open += brackets(entries[last])
	}
	if open > 0 || first == last || pe.Index > last {
		return nil
	}
	whole := strings.Join(entries[first:last+1], ",")
	others := ""
	if first > 0 || last+1 < len(entries) {
		others = ", ..."
	}
	return &Error{
		Place: s.place(first), Value: whole, Reason: reason.List,
		Detail:     "a regular expression that was split at its comma",
		Suggestion: "write the list as a JSON array: [" + wording.Quote(whole) + others + "]", Err: pe,
	}
}

// brackets returns how many more brackets an entry opens than it closes.
func brackets(entry string) (open int) {
	for _, c := range entry {
		switch c {
		case '(', '[', '{':
			open++
		case ')', ']', '}':
			open--
		}
	}
	return open
}
