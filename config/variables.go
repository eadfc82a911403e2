package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/core"
)

// Names of environment variables.
const (
	variablePrefix  = "CORS_"
	variableProfile = "CORS_PROFILE"
	keySeparator    = "__"
	defaultPolicy   = "default"
)

// variable is one CORS_* variable of the environment.
type variable struct{ name, value string }

// variables returns the variables of an environment that are meant for this
// package or look as if they were, by name.
func variables(environ []string, f *faults) []variable {
	var list []variable
	seen := make(map[string]string)
	for _, entry := range environ {
		name, value, ok := strings.Cut(entry, "=")
		if !ok || len(name) < len(variablePrefix) || !strings.EqualFold(name[:len(variablePrefix)], variablePrefix) {
			continue
		}
		if right := variableName(name); right != name {
			if _, err := variableKey(right); err == nil {
				e := &Error{
					Place: Place{Variable: name}, Reason: reasonKeyCase,
					Detail: "variables are in upper case", Suggestion: "did you mean " + right + "?",
				}
				if strings.Contains(name, "-") {
					e.Reason, e.Detail = reasonUnknownVariable, "variables are in upper case, with _ for -"
				}
				f.add(e)
				continue
			}
			if !strings.HasPrefix(name, variablePrefix) {
				continue // somebody else's
			}
		}
		if first, again := seen[name]; again {
			if first != value {
				f.add(&Error{
					Place: Place{Variable: name}, Reason: reasonDuplicate,
					Detail: "set twice, to different values", Suggestion: "remove one of the two",
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

// profileOf returns the profile that the environment or the options choose, and
// which variable does, if one does.
func profileOf(vars []variable, opts Options, f *faults) (profile string, p Place) {
	profile = opts.Profile
	for _, v := range vars {
		if v.name == variableProfile {
			profile, p.Variable = v.value, v.name
		}
	}
	if profile == "" || isName(profile) {
		return profile, p
	}
	e := &Error{
		Place: p, Value: profile, Reason: reasonName, Detail: "not the name of a profile",
		Suggestion: "use a-z and 0-9, with a single - or _ between them",
	}
	if lower := strings.ToLower(strings.TrimSpace(profile)); isName(lower) {
		e.Suggestion = "did you mean " + strconv.Quote(lower) + "?"
	}
	f.add(e)
	return "", p
}

// variableName spells a name as variables do.
func variableName(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// target is what a variable sets: a field of a policy, or of the file.
type target struct {
	policy string // as the variable spells it; empty for a field of the file
	field  *Field
}

// kubernetesLink matches what Kubernetes puts into the environment for a
// Service whose name begins with "cors".
var kubernetesLink = regexp.MustCompile(`^CORS_([A-Z0-9_]+_)?(SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// variableKey returns what a variable sets.
func variableKey(name string) (target, *Error) {
	fault := func(detail, suggestion string) (target, *Error) {
		return target{}, &Error{
			Place: Place{Variable: name}, Reason: reasonUnknownVariable, Detail: detail, Suggestion: suggestion,
		}
	}
	deep, isDeep := strings.CutPrefix(name, variablePrefix+"_")
	if !isDeep {
		short := strings.TrimPrefix(name, variablePrefix)
		for i := range policyFields {
			if strings.ToUpper(policyFields[i].Key) == short {
				return target{variableName(defaultPolicy), &policyFields[i]}, nil
			}
		}
		if kubernetesLink.MatchString(name) {
			return fault("an unknown variable", "Kubernetes sets it for a Service whose name begins with cors: set enableServiceLinks to false for the pod")
		}
		if near := wording.Nearest(short, shortNames()); near != "" {
			return fault("an unknown variable", "did you mean "+variablePrefix+near+"?")
		}
		return fault("an unknown variable", "unset it; CORS_ALLOW_ORIGINS and its like set the policy default, CORS__POLICIES__NAME__ALLOW_ORIGINS another")
	}
	parts := strings.Split(deep, keySeparator)
	top := schema.field(strings.ToLower(parts[0]))
	switch {
	case top == nil:
		keys := schema.keys()
		if near := wording.Nearest(parts[0], keys); near != "" {
			parts[0] = strings.ToUpper(near)
			return fault("an unknown key", "did you mean "+variablePrefix+"_"+strings.Join(parts, keySeparator)+"?")
		}
		return fault("an unknown key", "after CORS__ comes POLICIES__, the name of a policy, __ and a key of it")
	case top.Type != mapType:
		if len(parts) > 1 {
			return fault("a part of "+top.Key+", which a variable can only set as a whole", "set "+variablePrefix+"_"+parts[0]+" to JSON")
		}
		return target{"", top}, nil
	case len(parts) < 3 || parts[1] == "":
		return fault("a whole table, which no variable can set", "name a policy and a key, as in CORS__POLICIES__SPA__ALLOW_ORIGINS")
	case len(parts) > 3:
		return fault("too many parts", "a variable is named CORS__POLICIES__, a policy, __ and a key")
	}
	field := top.field(strings.ToLower(parts[2]))
	if field == nil {
		if near := wording.Nearest(parts[2], top.keys()); near != "" {
			parts[2] = strings.ToUpper(near)
			return fault("an unknown key", "did you mean "+variablePrefix+"_"+strings.Join(parts, keySeparator)+"?")
		}
		return fault("an unknown key", "the keys of a policy are "+strings.ToUpper(strings.Join(top.keys(), ", ")))
	}
	return target{parts[1], field}, nil
}

// shortNames returns the names of the variables for the policy default, and of
// CORS_PROFILE, without the prefix.
func shortNames() []string {
	names := []string{strings.TrimPrefix(variableProfile, variablePrefix)}
	for i := range policyFields {
		names = append(names, strings.ToUpper(policyFields[i].Key))
	}
	return names
}

// checkVariables checks the environment. With files, declared are the policies
// that they declare, and a variable may only set those: the person who
// misspells a policy's name would otherwise believe a list shortened that is not.
// It adds the policies that only variables have to known, which has the others.
func checkVariables(vars []variable, known spellings, declared, files []string, f *faults) *layer {
	c := checker{layer: newLayer(), faults: f, known: known}
	policies := make(map[string]any)
	by := make(map[string]string)
	for _, v := range vars {
		if v.name == variableProfile {
			continue
		}
		t, fault := variableKey(v.name)
		if fault != nil {
			f.add(fault)
			continue
		}
		policy, path := "", t.field.Key
		if t.policy != "" {
			if policy = c.known[t.policy]; policy == "" {
				if policy = c.newPolicy(v, t, declared, files); policy == "" {
					continue
				}
				c.known[t.policy] = policy
				c.layer.policies = append(c.layer.policies, policy)
			}
			path = joinKey(joinKey(keyPolicies, policy), t.field.Key)
		}
		if other, again := by[path]; again {
			f.add(&Error{
				Place: Place{Variable: v.name, Key: path}, Reason: reasonDuplicate,
				Detail: "set by " + other + " too", Suggestion: "unset one of the two",
			})
			continue
		}
		by[path] = v.name
		c.where = setting{variable: v.name}
		s := c.where
		s.key = path
		value, node, ok := c.parse(t.field, v, path)
		s.value = node
		c.layer.settings[path] = s
		switch {
		case !ok:
		case policy == "":
			c.layer.values[t.field.Key] = value
		case policies[policy] == nil:
			policies[policy] = map[string]any{t.field.Key: value}
		default:
			policies[policy].(map[string]any)[t.field.Key] = value
		}
	}
	if len(policies) > 0 {
		c.layer.values[keyPolicies] = policies
	}
	// The policy of the short variables comes first, whatever the alphabet says.
	if i := slices.Index(c.layer.policies, defaultPolicy); i > 0 {
		c.layer.policies = slices.Insert(slices.Delete(c.layer.policies, i, i+1), 0, defaultPolicy)
	}
	return c.layer
}

// newPolicy returns the name of a policy that no file declares, or the empty
// string if there are files, or if it is no name.
func (c *checker) newPolicy(v variable, t target, declared, files []string) string {
	name := strings.ToLower(t.policy)
	e := &Error{Place: Place{Variable: v.name}, Reason: reasonUnknownPolicy}
	switch {
	case len(files) > 0:
		e.Detail = "sets the policy " + strconv.Quote(name) + ", which " + wording.Name(files[0]) + " does not declare"
		e.Suggestion = "declare it there, if only as " + name + ": {}"
		if near := wording.Nearest(name, declared); near != "" {
			e.Suggestion = "did you mean " + variablePrefix + "_" + strings.ToUpper(keyPolicies) + keySeparator + variableName(near) +
				keySeparator + strings.ToUpper(t.field.Key) + "?"
		} else if len(declared) == 1 {
			e.Suggestion += ", or set " + variablePrefix + "_" + strings.ToUpper(keyPolicies) + keySeparator +
				variableName(declared[0]) + keySeparator + strings.ToUpper(t.field.Key)
		}
	case !isName(name):
		e.Reason, e.Detail = reasonName, strconv.Quote(name)+" is not a name"
		e.Suggestion = "use A-Z and 0-9, with a single _ between them"
	default:
		return name
	}
	c.faults.add(e)
	return ""
}

// parse returns the value of a variable, and its node if it is written as JSON.
func (c *checker) parse(f *Field, v variable, key string) (value any, n *document.Node, ok bool) {
	text := strings.TrimSpace(v.value)
	switch {
	case !utf8.ValidString(text):
		c.fault(key, document.Pos{}, reasonEncoding, "", "not UTF-8", "")
		return nil, nil, false
	case f.Type == listType && text == "":
		return []string{}, nil, true
	case text == "":
		c.fault(key, document.Pos{}, reasonEmpty, "", "set, but empty", "give it a value, or unset it")
		return nil, nil, false
	case f.Type == tablesType || f.Type == listType && strings.HasPrefix(text, "["):
		root, fault := document.DecodeJSON([]byte(text))
		if fault != nil {
			c.fault(key, document.Pos{}, core.Reason(fault.Reason), text, fault.Detail, fault.Suggestion)
			return nil, nil, false
		}
		value, ok = c.value(f, root, document.Pos{}, key)
		return value, root, ok
	case f.Type == listType:
		entries := strings.Split(text, ",")
		for i, entry := range entries {
			if entries[i] = strings.TrimSpace(entry); entries[i] == "" {
				c.fault(key+"["+strconv.Itoa(i)+"]", document.Pos{}, reasonEmpty, "", "an empty entry", "remove a comma; the whole variable empty means none")
			}
		}
		return entries, nil, true
	}
	n = &document.Node{Kind: document.Text, Text: text}
	switch {
	case f.Type == booleanType && (text == "true" || text == "false"):
		n.Kind = document.Bool
	case f.Type == integerType && isDigits(text):
		n.Kind = document.Int
	case f.Type == integerType && isNumber(text):
		n.Kind = document.Float
	}
	value, ok = c.value(f, n, document.Pos{}, key)
	return value, nil, ok
}

// torn returns the fault of a regular expression with a comma in it, in a variable
// whose commas part the entries of a list; or nil if the entry that core refuses is
// no part of one. A part ends within brackets, which another one closes. Lists in
// files and in JSON have a node for their value.
func (m *merged) torn(pe *core.PolicyError) *Error {
	s := m.places[joinKey(joinKey(keyPolicies, pe.Policy), keyAllowOrigins)]
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
		Place: s.place(first), Value: whole, Reason: ReasonPolicy,
		Detail:     "a regular expression with a comma, at which the list is split",
		Suggestion: "write the list as a JSON array: [" + wording.Quote(whole) + others + "]", Err: pe,
	}
}

// brackets counts those that an entry opens and does not close.
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
