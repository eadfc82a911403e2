package core

import (
	"slices"
	"strings"
)

// Outline describes the policies and routes that an engine applies, for people to read.
// Callers must not change it.
type Outline struct {
	Policies []PolicyOutline // in order; nil if there are routes
	Routes   []RouteOutline  // in order; nil if the engine is not routed
}

// RouteOutline is a [Route] of an [Outline].
type RouteOutline struct {
	Host, Path string
	Policies   []PolicyOutline
}

// PolicyOutline is a [Policy] of an [Outline], with its Name. It cannot be used as a
// policy, because it contains only the beginning of long lists.
type PolicyOutline struct {
	Policy      // each list has at most 100 entries
	Origins int // how many entries AllowOrigins has
}

// maxOutline is the maximum number of entries of a list in an outline.
const maxOutline = 100

// Outline returns an outline of the policies and routes in force. The result is the same
// pointer until they are replaced. A nil or zero Engine has an empty outline.
func (e *Engine) Outline() *Outline { return &e.current().outline }

// ShadowOutline is like [Engine.Outline] for the shadow policies. It returns nil if there
// are none.
func (e *Engine) ShadowOutline() *Outline {
	if s := e.shadow(); s != nil {
		return &s.outline
	}
	return nil
}

func outlineRoutes(routes []Route, compiled []route) []RouteOutline {
	all := make([]RouteOutline, len(routes))
	for i, r := range routes {
		all[i] = RouteOutline{Host: r.Host, Path: r.Path}
		same := slices.IndexFunc(compiled[:i], func(earlier route) bool { return earlier.to == compiled[i].to })
		if same >= 0 {
			all[i].Policies = all[same].Policies
		} else {
			all[i].Policies = outlinePolicies(r.Policies)
		}
	}
	return all
}

func outlinePolicies(policies []Policy) []PolicyOutline {
	all := make([]PolicyOutline, len(policies))
	for i, p := range policies {
		all[i] = PolicyOutline{p, len(p.AllowOrigins)}
		if p.Name == "" {
			all[i].Name = "default"
		}
		for _, list := range []*[]string{&all[i].AllowOrigins, &all[i].AllowMethods, &all[i].AllowHeaders, &all[i].ExposeHeaders} {
			*list = beginning(*list)
		}
	}
	return all
}

// beginning copies the first entries of a list. It copies the strings too, which may be
// parts of a file that nothing else needs.
func beginning(list []string) []string {
	list = slices.Clone(list[:min(len(list), maxOutline)])
	for i := range list {
		list[i] = strings.Clone(list[i])
	}
	return list
}
