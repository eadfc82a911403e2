package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"

	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/core"
)

// settings are the files and the environment together. mapstructure fills it:
// a key goes to the field that has the key's name without its underscores.
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

// merged is layers laid over one another.
type merged struct {
	settings
	order  []string           // of the policies
	index  map[string]int     // of each policy in order
	places map[string]setting // of the layer that won, by path
}

// merge lays each layer over those before it. Tables are merged key by key;
// everything else is replaced as a whole.
//
// allow_origins and origins_file are one setting in two keys: a layer that has
// either replaces both, so that an empty CORS_ALLOW_ORIGINS refuses every origin
// whatever the file lists in whichever way.
func merge(layers []*layer) (*merged, error) {
	m := &merged{places: make(map[string]setting), index: make(map[string]int)}
	for _, l := range layers {
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
		for _, policy := range l.policies {
			if _, known := m.index[policy]; !known {
				m.index[policy] = len(m.order)
				m.order = append(m.order, policy)
			}
		}
	}
	// Viper is given maps that are checked already, and decodes nothing itself:
	// neither its codecs nor its reading of the environment are strict.
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

// dropOrigins removes the origins of each policy of which a later layer has them.
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

// policies makes core's policies, in order.
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

// routes makes core's routes, or nil if there are none, and reports the names in
// them that are no policy's. Routes of the same policies share one slice, which
// tells core to compile it once.
func (m *merged) routes(policies []core.Policy, f *faults) (routes []core.Route, used map[string]bool) {
	used = make(map[string]bool)
	shared := make(map[string][]core.Policy)
	for i, r := range m.Routes {
		path := joinKey(keyRoutes+"["+strconv.Itoa(i)+"]", keyPolicies)
		place := m.places[path]
		if r.Policies != nil && len(r.Policies) == 0 {
			f.add(&Error{
				Place: place.place(-1), Reason: reasonEmpty, Detail: "a route without policies",
				Suggestion: "name one; a policy {} refuses every origin",
			})
		}
		key := strings.Join(r.Policies, " ")
		if shared[key] == nil {
			list := make([]core.Policy, 0, len(r.Policies))
			for _, name := range r.Policies {
				if at, ok := m.index[name]; ok {
					list = append(list, policies[at])
				}
			}
			shared[key] = list
		}
		named := make(map[string]bool, len(r.Policies))
		for j, name := range r.Policies {
			again := named[name]
			named[name], used[name] = true, true
			_, known := m.index[name]
			switch {
			case (again || !known) && f.full():
				f.more++
			case again:
				f.add(&Error{
					Place: place.place(j), Value: name, Reason: reasonDuplicate,
					Detail: "named before in this route", Suggestion: "remove one of the two",
				})
			case !known && strings.TrimSpace(name) != "":
				e := &Error{
					Place: place.place(j), Value: name, Reason: reasonUnknownPolicy,
					Detail: "no policy of this name", Suggestion: "the policies are " + wording.Foreign(strings.Join(m.order[:min(len(m.order), wording.MaxWords)], ", ")),
				}
				if near := wording.Nearest(name, m.order); near != "" {
					e.Suggestion = "did you mean " + strconv.Quote(near) + "?"
				}
				f.add(e)
			}
		}
		routes = append(routes, core.Route{Host: r.Host, Path: r.Path, Policies: shared[key]})
	}
	return routes, used
}

// place returns the place that core means by a policy, a field and an index.
func (m *merged) place(policy, goname string, index int, lists map[string]*originList) Place {
	key := joinKey(keyPolicies, policy)
	if k := keyOf(goname); k != "" {
		key = joinKey(key, k)
	}
	s, ok := m.places[key]
	if goname == "AllowOrigins" && index >= 0 {
		p := m.Policies[policy]
		if from := index - len(p.AllowOrigins); from >= 0 {
			if list := lists[p.OriginsFile]; list != nil {
				return list.place(from, joinKey(joinKey(keyPolicies, policy), keyOriginsFile))
			}
		}
	}
	if !ok {
		// The field is not set, as the origins of a policy without any are not.
		if s, ok = m.places[joinKey(keyPolicies, policy)]; !ok {
			return Place{Key: key}
		}
		p := s.place(-1)
		p.Key = key
		return p
	}
	return s.place(index)
}

// routePlace returns the place of a route's host or path, or of the route.
func (m *merged) routePlace(index int, value string) Place {
	path := keyRoutes + "[" + strconv.Itoa(index) + "]"
	if index >= 0 && index < len(m.Routes) {
		for _, k := range []struct{ key, value string }{{keyHost, m.Routes[index].Host}, {keyPath, m.Routes[index].Path}} {
			if s, ok := m.places[joinKey(path, k.key)]; ok && k.value == value {
				return s.place(-1)
			}
		}
	}
	if s, ok := m.places[path]; ok {
		return s.place(-1)
	}
	return m.places[keyRoutes].place(-1)
}

// internal reports what the schema has let through and viper has not, which
// would be a mistake of this package.
func internal(err error) *Error {
	return &Error{Reason: reasonSyntax, Detail: fmt.Sprintf("cannot be decoded: %s", wording.Foreign(err.Error())), Err: err}
}
