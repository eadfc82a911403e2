package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/corskit/corskit/reason"
)

const (
	keyAllowMethods = "allow_methods"
	keyAllowHeaders = "allow_headers"
)

// omitted returns the note about policies that do not set their methods or headers, or
// nil. An empty list counts as set. There is one note for all policies.
func (s *state) omitted() *Warning {
	if s.merged == nil || len(s.faults.list) > 0 {
		return nil
	}
	methods, headers := s.policiesWithout(keyAllowMethods), s.policiesWithout(keyAllowHeaders)
	const onlySimple, noHeader = "scripts may use only GET, HEAD and POST", "no header such as Authorization"
	var details, keys []string
	if len(methods) > 0 {
		details = append(details, "no "+keyAllowMethods+s.in(methods)+": "+onlySimple)
		keys = append(keys, keyAllowMethods)
	}
	if len(headers) > 0 {
		details = append(details, "no "+keyAllowHeaders+s.in(headers)+": scripts may set "+noHeader)
		keys = append(keys, keyAllowHeaders)
	}
	switch {
	case len(keys) == 0:
		return nil
	case slices.Equal(methods, headers):
		details = []string{
			"no " + keyAllowMethods + " and no " + keyAllowHeaders + s.in(methods) + ": " + onlySimple + ", and set " + noHeader,
		}
	}
	first := slices.IndexFunc(s.merged.order, func(name string) bool {
		return slices.Contains(methods, name) || slices.Contains(headers, name)
	})
	policy := s.merged.order[first]
	n := &Warning{
		Place: s.policyPlace(policy), Reason: reason.Omitted, Detail: strings.Join(details, "; "),
		Suggestion: "list what scripts need, or write [] if that is intended",
	}
	var variables []string
	for _, key := range keys {
		names := s.mapping.setting(policy, key)
		if len(names) == 0 && n.File == "" { // only variables set the policy
			names = []string{policyVariable(policy, key)}
		}
		if len(names) > 0 {
			variables = append(variables, strings.Join(names, " or "))
		}
	}
	switch set := "set " + strings.Join(variables, " and "); {
	case n.File == "":
		n.Suggestion = set + ", to nothing if that is intended"
	case len(variables) > 0:
		n.Suggestion += ", or " + set
	}
	return n
}

// policiesWithout returns the names of the policies that allow an origin and do not set
// the key. Policies that no route names have a warning of their own.
func (s *state) policiesWithout(key string) (names []string) {
	for _, p := range s.policies {
		_, set := s.merged.places[policyKey(p.Name, key)]
		if !set && len(p.AllowOrigins) > 0 && (s.routes == nil || s.used[p.Name]) {
			names = append(names, p.Name)
		}
	}
	return names
}

// maxNamed is the number of policies that a note names.
const maxNamed = 3

// in returns the names of the policies that a note is about, or "" if there is only one policy.
func (s *state) in(names []string) string {
	switch {
	case len(s.policies) == 1:
		return ""
	case len(names) > maxNamed:
		return fmt.Sprintf(" in %s and %d more policies", strings.Join(names[:maxNamed], ", "), len(names)-maxNamed)
	}
	return " in " + strings.Join(names, ", ")
}

// policyPlace returns the place of a policy. If only variables set it, the place has only the
// key: no variable is set for what is missing.
func (s *state) policyPlace(policy string) Place {
	path := joinKey(keyPolicies, policy)
	if set, ok := s.merged.places[path]; ok {
		return set.place(-1)
	}
	return Place{Key: path}
}

// policyVariable returns the name of the variable for a key of a policy.
func policyVariable(policy, key string) string {
	if policy == defaultPolicy {
		return variablePrefix + strings.ToUpper(key)
	}
	return deepVariable(keyPolicies, policy, key)
}
