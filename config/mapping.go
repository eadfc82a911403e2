package config

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/reason"
)

// variablePattern is isVariable as a regular expression.
const variablePattern = `^[A-Z_][A-Z0-9_]*$`

var variableRegexp = regexp.MustCompile(variablePattern)

// isVariable reports whether s can be the name of a variable: A-Z, 0-9 and _.
func isVariable(s string) bool { return variableRegexp.MatchString(s) }

// mapping is what files and options say about variables: which have other names, and which are
// not for this package.
type mapping struct {
	targets map[string]target // by the name of the variable
	names   []string          // of the targets, sorted
	ignored map[string]bool
	spelled spellings // the policies of the targets
	file    bool      // there is a file, which could have the keys about variables
	partial bool      // a file could not be read, so it may map or ignore unknown variables
}

// entry is a name of a variable in a file or in the options.
type entry struct {
	name   string
	key    string // that the variable sets
	ignore bool   // whether the variable is to be ignored
	place  Place
	option string // the field of Options; empty for a file
}

// fault reports an entry. The place of an option is the variable.
func (e entry) fault(f *faults, reason reason.Reason, detail, suggestion string) {
	if f.full() {
		f.more++
		return
	}
	value := e.key
	switch {
	case e.option != "":
		detail = "Options." + e.option + ": " + detail
	case f.at(e.place):
		return // the value has the wrong type
	case e.ignore:
		value = e.name
	}
	f.add(&Error{Place: e.place, Value: value, Reason: reason, Detail: detail, Suggestion: suggestion})
}

// mappingOf returns the mapping of the files and the options, without entries that have
// faults.
func mappingOf(layers []*layer, opts Options, under files, known spellings, f *faults) *mapping {
	m := &mapping{targets: make(map[string]target), ignored: make(map[string]bool), spelled: make(spellings)}
	m.file, m.partial = under.exist, under.exist && len(under.names) == 0
	for _, e := range entriesOfMapping(layers, opts, f) {
		switch {
		case !e.checkName(f):
		case e.ignore:
			m.ignored[e.name] = true
		default:
			t, ok := m.target(e, under, known, f)
			if !ok {
				m.ignored[e.name] = true // one fault is enough
				break
			}
			m.targets[e.name] = t
		}
		if _, mapped := m.targets[e.name]; mapped && m.ignored[e.name] {
			e.fault(f, reason.Duplicate, strconv.Quote(e.name)+" both sets a key and is ignored", "remove one of the two")
			delete(m.ignored, e.name)
		}
	}
	for _, l := range layers {
		_, variables := l.settings[keyVariables]
		_, ignored := l.settings[keyIgnoreVariables]
		m.partial = m.partial || variables && l.variables == nil || ignored && l.ignored == nil
	}
	m.names = slices.Sorted(maps.Keys(m.targets))
	return m
}

// entriesOfMapping returns the entries of the files and of the options. It reports names
// that these map to different keys. The file of the profile replaces the entries of names
// that both files map, and the whole list of names to ignore.
func entriesOfMapping(layers []*layer, opts Options, f *faults) (list []entry) {
	keys, ignored := make(map[string]entry), []entry(nil)
	for _, l := range layers {
		for name, key := range l.variables {
			keys[name] = entry{name: name, key: key, place: l.settings[joinKey(keyVariables, name)].place(-1)}
		}
		if l.ignored != nil {
			ignored = nil
		}
		for i, name := range l.ignored {
			ignored = append(ignored, entry{name: name, ignore: true, place: l.settings[keyIgnoreVariables].place(i)})
		}
	}
	for name, key := range opts.Variables {
		e, again := keys[name]
		if again && e.key != key {
			e.fault(f, reason.Duplicate, "Options.Variables has "+wording.Quote(key)+" for this name", "remove one of the two")
		} else if !again {
			keys[name] = entry{name: name, key: key, place: Place{Variable: name}, option: "Variables"}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		list = append(list, keys[name])
	}
	list = append(list, ignored...)
	for _, name := range opts.IgnoreVariables {
		list = append(list, entry{name: name, ignore: true, place: Place{Variable: name}, option: "IgnoreVariables"})
	}
	return list
}

// checkName reports whether the name of an entry is one that can be mapped or ignored.
func (e entry) checkName(f *faults) bool {
	t, unknown := variableTarget(e.name)
	ours := "sets " + t.path()
	if e.name == variableProfile {
		ours, unknown = "selects the profile", nil
	}
	switch {
	case !isVariable(e.name):
		fix := "use A-Z, 0-9 and _"
		if upper := strings.ToUpper(e.name); isVariable(upper) {
			fix = wording.DidYouMean(upper)
		}
		e.fault(f, reason.Name, strconv.Quote(e.name)+" is not a name of a variable", fix)
	case unknown == nil && e.ignore:
		e.fault(f, reason.Value, ours+", so it cannot be ignored", "remove the entry, and unset the variable")
	case unknown == nil:
		e.fault(f, reason.Value, e.name+" already "+ours, "remove the entry, or use another name")
	case e.ignore && !strings.HasPrefix(e.name, variablePrefix):
		e.fault(f, reason.Value, "has no effect, because only variables that begin with CORS_ are checked", "remove the entry")
	default:
		return true
	}
	return false
}

// target returns what the variable of an entry sets, or reports why there is no such key.
func (m *mapping) target(e entry, under files, known spellings, f *faults) (target, bool) {
	if f.full() {
		under.declared = nil // the suggestion is not shown
	}
	policy, field, detail, suggestion := keyTarget(e.key, under.declared)
	if detail != "" {
		e.fault(f, reason.UnknownKey, detail, suggestion)
		return target{}, false
	}
	if policy == "" {
		return target{field: field}, true
	}
	t := target{policy: variableName(policy), field: field}
	if len(under.names) > 0 && known[t.policy] != policy {
		if other := known[t.policy]; other != "" { // differs only in - and _
			under.declared = []string{other}
		}
		quoted := func(p string) string { return strconv.Quote(policyKey(p, field.Key)) }
		e.fault(f, reason.UnknownPolicy, notDeclared(policy, under.names[0], under.declared),
			declare(policy, under.names[0], under.declared, "write", quoted))
		return target{}, false
	}
	if other := m.spelled[t.policy]; other != "" && other != policy {
		e.fault(f, reason.Name, "the policy differs from "+strconv.Quote(other)+" only in - and _", "rename one of the two")
		return target{}, false
	}
	m.spelled[t.policy] = policy
	return t, true
}

// keyTarget returns the policy and the field of a path such as
// "policies.spa.allow_origins", or what is wrong with it and how to fix it.
func keyTarget(key string, declared []string) (policy string, field *Field, detail, suggestion string) {
	parts := strings.Split(key, ".")
	last := parts[len(parts)-1]
	top := schema.field(keyPolicies)
	switch {
	case key == "":
		return "", nil, "no key", "write a path as in " + strconv.Quote(policyKey(defaultPolicy, keyAllowOrigins))
	case len(parts) == 1 && key != keyPolicies && slices.Contains(variableKeys(), key):
		return "", schema.field(key), "", ""
	case len(parts) == 3 && parts[0] == keyPolicies && isName(parts[1]) && policyField(last) != nil:
		return parts[1], policyField(last), "", ""
	}
	policy = defaultPolicy
	if len(declared) > 0 {
		policy = declared[0]
	}
	if len(parts) == 3 && isName(parts[1]) {
		policy = parts[1]
	}
	near := wording.Nearest(last, top.keys())
	switch {
	case len(parts) == 1 && near != "":
		detail = "not the whole path of a key"
	case len(parts) == 1:
		if near = wording.Nearest(key, variableKeys()); near != "" && near != keyPolicies {
			return "", nil, unknownKey, wording.DidYouMean(near)
		}
		detail, near = unknownKey, ""
	case len(parts) == 3 && parts[0] == keyPolicies && !isName(parts[1]):
		return "", nil, "not a valid name of a policy", nameRule
	default:
		detail = unknownKey
	}
	if near == "" {
		return "", nil, detail, "write a path as in " + strconv.Quote(policyKey(policy, keyAllowOrigins))
	}
	return "", nil, detail, wording.DidYouMean(policyKey(policy, near))
}

// others returns the mapped variables that set the origins of a policy, for the message that
// none is set.
func (m *mapping) others() (text string) {
	for _, name := range m.names {
		if m.targets[name].field.Key == keyAllowOrigins {
			text += " or " + name
		}
	}
	return text
}

// setting returns the mapped variables for the keys of a policy.
func (m *mapping) setting(policy string, keys ...string) (names []string) {
	for _, name := range m.names {
		if t := m.targets[name]; t.policy == variableName(policy) && slices.Contains(keys, t.field.Key) {
			names = append(names, name)
		}
	}
	return names
}

// reads reports whether this package reads the variable, or refuses it.
func (m *mapping) reads(name string) bool {
	_, mapped := m.targets[name]
	return mapped || strings.HasPrefix(name, variablePrefix) && !m.ignored[name]
}

// targetOf returns what a variable sets.
func (m *mapping) targetOf(name string) (target, *Error) {
	if t, ok := m.targets[name]; ok {
		return t, nil
	}
	t, fault := variableTarget(name)
	if fault != nil && (!strings.HasPrefix(name, deepPrefix) || fault.Detail == unknownKey && fault.Suggestion == useDeep) {
		if m.partial {
			return t, nil
		}
		fault.Suggestion = m.advice(name, fault.Suggestion)
	}
	return t, fault
}

// advice extends the suggestion for an unknown variable with ways to keep its name.
func (m *mapping) advice(name, suggestion string) string {
	use := "map it to a key in Options.Variables, or "
	list := "list it in Options.IgnoreVariables"
	if m.file {
		use = "map it to a key in " + keyVariables + " (in Go: Options.Variables), or "
		list = "list it in " + keyIgnoreVariables + " (in Go: Options.IgnoreVariables)"
	}
	if near := wording.Nearest(name, m.names); near != "" {
		suggestion = didYouMean + near + "?"
	}
	switch {
	case strings.HasPrefix(suggestion, didYouMean):
		return suggestion + " If not, " + use + list
	case kubernetesLink.MatchString(name):
		return suggestion + ", or " + list
	}
	return suggestion + ", " + use + list
}
