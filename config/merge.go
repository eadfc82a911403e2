package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"

	"github.com/corskit/corskit/core"
)

// settings holds the files and the environment together. mapstructure fills it: a
// key sets the field whose name is the key without its underscores.
type settings struct {
	Version  int
	Policies map[string]policySettings
	Routes   []routeSettings
}

type policySettings struct {
	core.Policy `mapstructure:",squash"`
	OriginsFile string
}

type routeSettings struct {
	Host     string
	Path     string
	Policies []string
}

// merged is the result of merging layers.
type merged struct {
	settings
	key    string             // of the part; empty for the whole file
	order  []string           // of the policies
	index  map[string]int     // of each policy in order
	places map[string]setting // by path below the key; of the layer that won
}

// path returns the whole path for a path below the key of the part.
func (m *merged) path(below string) string { return strings.TrimPrefix(m.key+"."+below, ".") }

// merge merges the layers; later ones win. Tables are merged key by key, all other
// values are replaced as a whole.
//
// allow_origins and origins_file are one setting with two keys: a layer with either
// replaces both, so that an empty CORS_ALLOW_ORIGINS refuses every origin.
func merge(layers []*layer) (*merged, error) {
	m := &merged{places: make(map[string]setting), index: make(map[string]int)}
	for _, l := range layers {
		m.addPlaces(l)
		for _, policy := range l.policies {
			if _, known := m.index[policy]; !known {
				m.index[policy] = len(m.order)
				m.order = append(m.order, policy)
			}
		}
	}
	// Viper merges maps that have been checked. Its own codecs and its reading of
	// the environment are not strict enough.
	v := viper.NewWithOptions(viper.KeyDelimiter("\x1f"))
	for i, l := range layers {
		for _, later := range layers[i+1:] {
			dropOrigins(l.values, later.values)
		}
		if err := v.MergeConfigMap(l.values); err != nil {
			return nil, err
		}
	}
	err := v.UnmarshalExact(&m.settings, func(c *mapstructure.DecoderConfig) {
		c.DecodeHook = nil
		c.WeaklyTypedInput = false
		c.MatchName = func(key, field string) bool {
			return strings.EqualFold(strings.ReplaceAll(key, "_", ""), field)
		}
	})
	return m, err
}

// addPlaces adds the places of a layer, and removes those of the values that the
// layer replaces.
func (m *merged) addPlaces(l *layer) {
	for path := range l.settings {
		switch {
		case path == keyRoutes:
			maps.DeleteFunc(m.places, func(p string, _ setting) bool { return strings.HasPrefix(p, keyRoutes+"[") })
		case strings.HasSuffix(path, "."+keyAllowOrigins), strings.HasSuffix(path, "."+keyOriginsFile):
			policy := path[:strings.LastIndexByte(path, '.')]
			delete(m.places, joinKey(policy, keyAllowOrigins))
			delete(m.places, joinKey(policy, keyOriginsFile))
		}
	}
	maps.Copy(m.places, l.settings)
}

// dropOrigins removes the origins of the policies whose origins a later layer sets.
func dropOrigins(values, later map[string]any) {
	policies, _ := values[keyPolicies].(map[string]any)
	laterPolicies, _ := later[keyPolicies].(map[string]any)
	for name, p := range laterPolicies {
		policy, _ := p.(map[string]any)
		_, list := policy[keyAllowOrigins]
		_, file := policy[keyOriginsFile]
		if earlier, ok := policies[name].(map[string]any); ok && (list || file) {
			delete(earlier, keyAllowOrigins)
			delete(earlier, keyOriginsFile)
		}
	}
}

// policies returns the policies in order, as core expects them.
func (m *merged) policies(lists map[string]*originList) []core.Policy {
	policies := make([]core.Policy, len(m.order))
	for i, name := range m.order {
		s := m.Policies[name]
		policies[i] = s.Policy
		policies[i].Name = name
		if list := lists[s.OriginsFile]; list != nil {
			if policies[i].AllowOrigins = list.entries; len(s.AllowOrigins) > 0 {
				policies[i].AllowOrigins = slices.Concat(s.AllowOrigins, list.entries)
			}
		}
	}
	return policies
}
