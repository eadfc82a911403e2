package config

import (
	"strings"

	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// routes returns the routes as core expects them, or nil if there are none, and the
// names of the policies that they use. It reports names that no policy has. Routes
// with the same policies share one slice, which core compiles once.
func (m *merged) routes(policies []core.Policy, f *faults) (routes []core.Route, used map[string]bool) {
	used = make(map[string]bool)
	shared := make(map[string][]core.Policy)
	for i, r := range m.Routes {
		m.checkRoute(i, f)
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
		for _, name := range r.Policies {
			used[name] = true
		}
		routes = append(routes, core.Route{Host: r.Host, Path: r.Path, Policies: shared[key]})
	}
	return routes, used
}

// checkRoute reports the faults in the policies of a route.
func (m *merged) checkRoute(index int, f *faults) {
	list := m.Routes[index].Policies
	place := m.places[joinKey(indexed(keyRoutes, index), keyPolicies)]
	if list != nil && len(list) == 0 {
		f.add(&Error{
			Place: place.place(-1), Reason: reason.Empty, Detail: "a route without policies",
			Suggestion: "name one (a policy {} refuses every origin)",
		})
	}
	named := make(map[string]bool, len(list))
	for i, name := range list {
		again := named[name]
		named[name] = true
		_, known := m.index[name]
		switch {
		case (again || !known) && f.full():
			f.more++
		case again:
			f.add(&Error{
				Place: place.place(i), Value: name, Reason: reason.Duplicate,
				Detail: "listed twice in this route", Suggestion: "remove one of the two",
			})
		case !known && strings.TrimSpace(name) != "":
			f.add(&Error{
				Place: place.place(i), Value: name, Reason: reason.UnknownPolicy,
				Detail: "no policy " + m.ofShadow() + "has this name", Suggestion: m.suggestPolicy(name),
			})
		}
	}
}

// ofShadow says that the part is the shadow, if it is.
func (m *merged) ofShadow() string {
	if m.key == "" {
		return ""
	}
	return "of the shadow "
}

// suggestPolicy returns the suggestion for a name that no policy has.
func (m *merged) suggestPolicy(name string) string {
	if near := wording.Nearest(name, m.order); near != "" {
		return wording.DidYouMean(near)
	}
	return "the policies are " + wording.Foreign(strings.Join(m.order[:min(len(m.order), wording.MaxWords)], ", "))
}

// routePlace returns the place of the host or path of a route that has the value
// or, if neither has, of the route.
func (m *merged) routePlace(index int, value string) Place {
	path := indexed(keyRoutes, index)
	if index >= 0 && index < len(m.Routes) {
		r := m.Routes[index]
		for _, k := range []struct{ key, value string }{{keyHost, r.Host}, {keyPath, r.Path}} {
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
