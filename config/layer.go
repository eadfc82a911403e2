package config

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/config/internal/wording"
)

// layer holds the settings of one file or of the environment: typed values that
// have been checked against the schema, and the place of each.
type layer struct {
	values    map[string]any // nested, by lower-case key
	settings  map[string]setting
	policies  []string          // in their order
	variables map[string]string // the keys that variables with other names set
	ignored   []string          // the variables to ignore; nil if not set
	shadow    *layer            // the settings below the key shadow, with paths below it; nil if there are none
}

func newLayer() *layer {
	return &layer{values: make(map[string]any), settings: make(map[string]setting)}
}

// takeNames moves the keys variables and ignore_variables out of the values, because they are
// not part of policies or routes.
func (l *layer) takeNames() {
	l.variables, _ = l.values[keyVariables].(map[string]string)
	l.ignored, _ = l.values[keyIgnoreVariables].([]string)
	delete(l.values, keyVariables)
	delete(l.values, keyIgnoreVariables)
}

// setting is a key with a value in a document or a variable.
type setting struct {
	doc      *document.Document // nil for a variable
	variable string
	key      string
	at       document.Pos   // of the key
	value    *document.Node // nil for a variable that is not JSON
}

// place returns the place of entry index of the setting. If index is negative, it
// returns the place of a single value or, if there is none, of the key.
func (s setting) place(index int) Place {
	key, at := s.key, s.at
	if v := s.value; index < 0 && v != nil && v.Kind != document.List && v.Kind != document.Table {
		at = v.PosOr(at)
	}
	if index >= 0 {
		key = indexed(key, index)
		if s.value != nil && index < len(s.value.Items) {
			at = s.value.Items[index].PosOr(at)
		}
	}
	return s.placeAt(key, at)
}

func (s setting) placeAt(key string, at document.Pos) Place {
	if s.doc == nil || s.variable != "" {
		return Place{Variable: s.variable, Key: key}
	}
	return placeIn(s.doc, at, key)
}

// spellings maps the names of the policies of all layers, as variables spell them,
// to the names themselves. A variable could set only one of two policies with the
// same spelling.
type spellings map[string]string

// variableName returns the spelling of name in variables.
func variableName(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// joinKey appends a key to a path of keys.
func joinKey(path, key string) string {
	if !bareKey.MatchString(key) {
		key = wording.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// policyKey returns the path of a key of a policy.
func policyKey(policy, key string) string {
	return joinKey(joinKey(keyPolicies, policy), key)
}

// indexed appends an index to a path of keys.
func indexed(path string, index int) string {
	return path + "[" + strconv.Itoa(index) + "]"
}
