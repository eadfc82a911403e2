package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/reason"
)

// Parts of the names of environment variables.
const (
	variablePrefix  = "CORS_"
	deepPrefix      = "CORS__" // before the path of a key
	variableProfile = "CORS_PROFILE"
	keySeparator    = "__"
	unknownKey      = "an unknown key"
	useDeep         = "use CORS__POLICIES__NAME__KEY"
	defaultPolicy   = "default"
)

// variable is a CORS_* variable of the environment.
type variable struct{ name, value string }

// variables returns the variables of an environment that m reads, sorted by name. It
// reports names that would be known in another case or with _ for -.
func variables(environ []string, m *mapping, f *faults) []variable {
	var list []variable
	seen := make(map[string]string)
	for _, entry := range environ {
		name, value, ok := strings.Cut(entry, "=")
		if !ok {
			continue
		}
		if !m.reads(name) {
			if e := m.misspelled(name); e != nil {
				f.add(e)
			}
			continue
		}
		if e := m.misspelled(name); e != nil {
			f.add(e)
			continue
		}
		if first, again := seen[name]; again {
			if first != value {
				f.add(&Error{
					Place: Place{Variable: name}, Reason: reason.Duplicate,
					Detail: "set twice to different values", Suggestion: "remove one of the two",
				})
			}
			continue
		}
		seen[name] = value
		list = append(list, variable{name, value})
	}
	slices.SortFunc(list, func(a, b variable) int { return strings.Compare(a.name, b.name) })
	return list
}

// misspelled returns the fault of a name that would be known in upper case and with _
// for -, or nil. Names that do not begin with CORS_ belong to other programs.
func (m *mapping) misspelled(name string) *Error {
	right := variableName(name)
	if right == name || !strings.HasPrefix(right, variablePrefix) {
		return nil
	}
	if t, fault := m.targetOf(right); (fault != nil || t.field == nil) && right != variableProfile {
		return nil
	}
	e := &Error{
		Place: Place{Variable: name}, Reason: reason.KeyCase,
		Detail: "variables must be in upper case", Suggestion: didYouMean + right + "?",
	}
	if strings.Contains(name, "-") {
		e.Reason, e.Detail = reason.UnknownVariable, "variables must be in upper case, with _ instead of -"
	}
	return e
}

// target is what a variable sets: a key of a policy, or of the file.
type target struct {
	policy string // as the variable spells it; empty for a key of the file
	field  *Field
}

func (t target) key() string { return strings.ToUpper(t.field.Key) }

// path returns the path of the key.
func (t target) path() string {
	switch {
	case t.field == nil:
		return ""
	case t.policy == "":
		return t.field.Key
	}
	return policyKey(strings.ToLower(t.policy), t.field.Key)
}

// unknownVariable returns the fault of a variable that sets nothing.
func unknownVariable(name, detail, suggestion string) *Error {
	return &Error{Place: Place{Variable: name}, Reason: reason.UnknownVariable, Detail: detail, Suggestion: suggestion}
}

// deepVariable returns the name of the variable for a path of keys.
func deepVariable(parts ...string) string {
	for i := range parts {
		parts[i] = variableName(parts[i])
	}
	return deepPrefix + strings.Join(parts, keySeparator)
}

// variableTarget returns what a variable sets.
func variableTarget(name string) (target, *Error) {
	deep, isDeep := strings.CutPrefix(name, deepPrefix)
	if !isDeep {
		return shortTarget(name)
	}
	fault := func(detail, suggestion string) (target, *Error) {
		return target{}, unknownVariable(name, detail, suggestion)
	}
	parts := strings.Split(deep, keySeparator)
	top := schema.field(strings.ToLower(parts[0]))
	switch {
	case top == nil:
		if near := wording.Nearest(parts[0], variableKeys()); near != "" {
			return fault(unknownKey, didYouMean+deepVariable(append([]string{near}, parts[1:]...)...)+"?")
		}
		return fault(unknownKey, useDeep)
	case top.Key == keyShadow:
		return fault("only a file can set policies of the shadow", "unset it")
	case !slices.Contains(variableKeys(), top.Key):
		return fault("a variable cannot set "+top.Key, "set it in the file, or in Options")
	case top.Type != mapType && len(parts) > 1:
		return fault("a variable can set "+top.Key+" only as a whole", "set "+deepPrefix+parts[0]+" to JSON")
	case top.Type != mapType:
		return target{field: top}, nil
	case len(parts) < 3 || parts[1] == "":
		return fault("a variable cannot set a whole table", "name a policy and a key, as in CORS__POLICIES__SPA__ALLOW_ORIGINS")
	case len(parts) > 3:
		return fault("too many parts", useDeep)
	}
	field := top.field(strings.ToLower(parts[2]))
	if field != nil {
		return target{parts[1], field}, nil
	}
	if near := wording.Nearest(parts[2], top.keys()); near != "" {
		return fault(unknownKey, didYouMean+deepVariable(parts[0], parts[1], near)+"?")
	}
	return fault(unknownKey, "valid keys are "+strings.ToUpper(strings.Join(top.keys(), ", ")))
}

// kubernetesLink matches the variables that Kubernetes sets for a Service whose
// name begins with "cors".
var kubernetesLink = regexp.MustCompile(`^CORS_([A-Z0-9_]+_)?` +
	`(SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// shortTarget returns what a variable such as CORS_MAX_AGE sets in the policy
// "default".
func shortTarget(name string) (target, *Error) {
	short := strings.TrimPrefix(name, variablePrefix)
	names := []string{strings.TrimPrefix(variableProfile, variablePrefix)}
	for i := range policyFields {
		t := target{variableName(defaultPolicy), &policyFields[i]}
		if t.key() == short {
			return t, nil
		}
		names = append(names, t.key())
	}
	fix := "unset it, name it like " + ofDefault
	if kubernetesLink.MatchString(name) {
		fix = "Kubernetes sets it for a Service whose name begins with cors: set enableServiceLinks to false for the pod"
	} else if near := wording.Nearest(short, names); near != "" {
		fix = didYouMean + variablePrefix + near + "?"
	}
	return target{}, unknownVariable(name, "an unknown variable", fix)
}

// undeclared returns the fault of a variable that sets a policy which no file
// declares.
func undeclared(v variable, t target, declared []string, file string) *Error {
	name := strings.ToLower(t.policy)
	spell := func(p string) string { return deepVariable(keyPolicies, p, t.field.Key) }
	if file == defaultsName {
		spell = func(p string) string { return policyVariable(p, t.field.Key) }
	}
	return &Error{
		Place: Place{Variable: v.name}, Reason: reason.UnknownPolicy, Detail: notDeclared(name, file, declared),
		Suggestion: declare(name, file, declared, "set", spell),
	}
}

// notDeclared says that a file, or the program, does not declare a policy.
func notDeclared(policy, file string, declared []string) string {
	sets := "sets the policy " + strconv.Quote(policy)
	if file == defaultsName {
		return sets + ", but the policy in the code is " + strconv.Quote(declared[0])
	}
	return sets + ", which " + wording.Name(file) + " does not declare"
}

// declare returns the suggestion for a policy that is not declared. The function returns
// how to write a key of another policy, and verb says what to do with it.
func declare(policy, file string, declared []string, verb string, spell func(policy string) string) string {
	if near := wording.Nearest(policy, declared); near != "" {
		return didYouMean + spell(near) + "?"
	}
	if file == defaultsName {
		return verb + " " + spell(declared[0])
	}
	fix := "declare it there, for example as " + policy + ": {}"
	if len(declared) == 1 {
		fix += ", or " + verb + " " + spell(declared[0])
	}
	return fix
}
