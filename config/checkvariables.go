package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/reason"
)

// files describes the files that the environment overrides, and the policies that they
// declare.
type files struct {
	exist    bool
	names    []string // empty if there are none, or if one could not be decoded
	declared []string
}

// checkVariables checks the environment, and adds the policies that only variables
// declare to known.
//
// If there are files, a variable may only set a policy that they declare. Otherwise a
// misspelled name would leave the intended policy unchanged without an error.
func checkVariables(vars []variable, m *mapping, known spellings, under files, f *faults) *layer {
	c := checker{layer: newLayer(), faults: f, known: known}
	for _, e := range f.list {
		if e.Variable != "" {
			e.Suggestion = under.accepted(e.Suggestion)
		}
	}
	policies := make(map[string]any)
	by := make(map[string]string)
	for _, v := range vars {
		if v.name == variableProfile {
			continue
		}
		t, fault := m.targetOf(v.name)
		if fault != nil {
			fault.Suggestion = under.accepted(fault.Suggestion)
			f.add(fault)
			continue
		}
		if t.field == nil {
			continue // a file that could not be read may map or ignore it
		}
		policy, path := "", t.field.Key
		if t.policy != "" {
			if policy = c.policyOf(v, t, m, under); policy == "" {
				continue
			}
			path = policyKey(policy, t.field.Key)
		}
		if other, again := by[path]; again {
			f.add(&Error{
				Place: Place{Variable: v.name, Key: path}, Reason: reason.Duplicate,
				Detail: "also set by " + other, Suggestion: "unset one of the two",
			})
			continue
		}
		by[path] = v.name
		c.where = setting{variable: v.name}
		value, node, ok := c.parse(t.field, v, path)
		c.record(path, document.Pos{}, node)
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
	// The policy of the short variables is first, not in alphabetical order.
	slices.Sort(c.layer.policies)
	if i := slices.Index(c.layer.policies, defaultPolicy); i > 0 {
		c.layer.policies = slices.Insert(slices.Delete(c.layer.policies, i, i+1), 0, defaultPolicy)
	}
	return c.layer
}

// policyOf returns the name of the policy that a variable sets. Without files, the
// variable may declare it. If there is a fault, policyOf returns the empty string.
func (c *checker) policyOf(v variable, t target, m *mapping, under files) string {
	if policy := c.known[t.policy]; policy != "" {
		return policy
	}
	name := cmp.Or(m.spelled[t.policy], strings.ToLower(t.policy))
	if len(under.names) > 0 {
		c.faults.add(undeclared(v, t, under.declared, under.names[0]))
		return ""
	}
	if !isName(name) {
		c.faults.add(&Error{
			Place: Place{Variable: v.name}, Reason: reason.Name,
			Detail: strconv.Quote(name) + " is not a valid name", Suggestion: "use A-Z and 0-9, separated by single _",
		})
		return ""
	}
	c.known[t.policy] = name
	c.layer.policies = append(c.layer.policies, name)
	return name
}

// parse returns the value of a variable, and its node if it is JSON.
func (c *checker) parse(f *Field, v variable, key string) (value any, n *document.Node, ok bool) {
	text := strings.TrimSpace(v.value)
	switch {
	case !utf8.ValidString(text):
		c.fault(key, document.Pos{}, reason.Encoding, "", "not UTF-8", "")
		return nil, nil, false
	case f.Type == listType && text == "":
		return []string{}, nil, true
	case text == "":
		c.fault(key, document.Pos{}, reason.Empty, "", "empty", "set a value, or unset the variable")
		return nil, nil, false
	case f.Type == tablesType || f.Type == listType && strings.HasPrefix(text, "["):
		root, fault := document.DecodeJSON([]byte(text))
		if fault != nil && f.Type == listType && !strings.Contains(text, `"`) {
			return []string{text}, nil, true // core knows this notation
		}
		if fault != nil {
			c.fault(key, document.Pos{}, reason.Reason(fault.Reason), text, fault.Detail, fault.Suggestion)
			return nil, nil, false
		}
		value, ok = c.value(f, root, document.Pos{}, key)
		return value, root, ok
	case f.Type == listType && isWrapped(text):
		if unquoted(text) != "" {
			return []string{text}, nil, true
		}
		c.fault(key, document.Pos{}, reason.Empty, text, "quotes without a value", "leave the variable empty for an empty list")
		return nil, nil, false
	case f.Type == listType:
		return c.split(text, key), nil, true
	case f.Type == textType && isWrapped(text):
		c.fault(key, document.Pos{}, reason.Value, text, "quotes around the value", "write it as "+wording.Name(unquoted(text)))
		return nil, nil, false
	}
	value, ok = c.value(f, scalar(f, text), document.Pos{}, key)
	return value, nil, ok
}

// split returns the entries of a list with commas.
func (c *checker) split(text, key string) []string {
	entries := strings.Split(text, ",")
	for i, entry := range entries {
		if entries[i] = strings.TrimSpace(entry); entries[i] == "" {
			c.fault(indexed(key, i), document.Pos{}, reason.Empty, "", "an empty entry",
				"remove the comma, or leave the variable empty for an empty list")
		}
	}
	return entries
}

// scalar returns the node of a value that is not a list. A variable has no syntax
// for types, so the type of the field decides.
func scalar(f *Field, text string) *document.Node {
	n := &document.Node{Kind: document.Text, Text: text}
	switch {
	case f.Type == booleanType && (text == "true" || text == "false"):
		n.Kind = document.Bool
	case f.Type == integerType && isDigits(text):
		n.Kind = document.Int
	case f.Type == integerType && isNumber(text):
		n.Kind = document.Float
	}
	return n
}
