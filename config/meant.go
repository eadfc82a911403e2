package config

import (
	"regexp"
	"slices"
	"strings"
)

// ofDefault is the part of a suggestion that names the variables of policies.
const ofDefault = "CORS_ALLOW_ORIGINS (policy default) or CORS__POLICIES__NAME__ALLOW_ORIGINS (other policies)"

var shortName = regexp.MustCompile(`\bCORS(_[A-Z]+)+\b`)

// accepted returns a suggestion without variables that the files refuse: the short ones, if
// no file declares the policy default.
func (fs files) accepted(suggestion string) string {
	if len(fs.names) == 0 || slices.Contains(fs.declared, defaultPolicy) {
		return suggestion
	}
	policy, note := "name", ", with the name of a policy"
	if len(fs.declared) == 1 {
		policy, note = fs.declared[0], ""
	}
	suggestion = strings.Replace(suggestion, ofDefault, "CORS_ALLOW_ORIGINS", 1)
	return shortName.ReplaceAllStringFunc(suggestion, func(name string) string {
		t, fault := variableTarget(name)
		if fault != nil {
			return name // CORS_PROFILE
		}
		return deepVariable(keyPolicies, policy, t.field.Key) + note
	})
}
