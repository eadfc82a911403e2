package exhaustive_test

import (
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
)

// outcome is the outcome of a fetch.
type outcome struct {
	reads   bool // the script can read the response
	exposed bool // the script can read its header X-E
	reaches bool // the request reaches the handler
}

// The specification: what policies mean, without reference to headers.

// specified returns the outcome of a fetch from a server with these policies. If
// starCovers is set, "*" covers Authorization in the browser, contrary to the
// standard.
func specified(policies []core.Policy, f fetch, starCovers bool) outcome {
	if f.Origin == "https://"+f.path.host {
		return outcome{true, true, true}
	}
	p := governing(policies, f.Origin)
	if p == nil {
		asks := f.askedMethod || len(f.asked) > 0 || f.UploadListeners
		rejected := slices.ContainsFunc(policies, func(p core.Policy) bool { return p.RejectDisallowed })
		return outcome{reaches: !asks && !rejected}
	}
	trusted := p.AllowCredentials || !f.Credentials
	permitted := !f.askedMethod || slices.Contains(p.AllowMethods, f.method) || slices.Contains(p.AllowMethods, "*")
	for _, name := range f.asked {
		star := lists(p.AllowHeaders, "*") && (name != "authorization" || p.AllowCredentials || starCovers)
		permitted = permitted && (lists(p.AllowHeaders, name) || star)
	}
	asks := f.askedMethod || len(f.asked) > 0 || f.UploadListeners
	reaches := !asks || trusted && permitted
	reads := reaches && trusted
	return outcome{reads, reads && (lists(p.ExposeHeaders, "x-e") || lists(p.ExposeHeaders, "*")), reaches}
}

// governing returns the first policy with a pattern that matches, or nil.
func governing(policies []core.Policy, origin string) *core.Policy {
	for i, policy := range policies {
		for _, p := range patterns {
			if slices.Contains(policy.AllowOrigins, p.pattern) && slices.Contains(p.matches, origin) {
				return &policies[i]
			}
		}
	}
	return nil
}

// legal reports whether New must accept a policy.
func legal(p core.Policy) bool {
	if !p.AllowCredentials {
		return true
	}
	for _, pattern := range patterns {
		if pattern.risky && slices.Contains(p.AllowOrigins, pattern.pattern) {
			return false
		}
	}
	return !slices.Contains(p.ExposeHeaders, "*")
}

// routed returns the policies of the first route that covers every reading of
// the path, or nil if no route covers any. If the readings lead to different
// routes, no origin is allowed, and if any route rejects, requests are rejected.
func routed(routes []core.Route, u urlPath) []core.Policy {
	found := -1
	for i, reading := range u.readings {
		first := slices.IndexFunc(routes, func(r core.Route) bool {
			below := strings.HasSuffix(r.Path, "/") && strings.HasPrefix(reading+"/", r.Path)
			return (r.Host == "" || r.Host == u.host) && (r.Path == "" || r.Path == reading || below)
		})
		if i > 0 && first != found {
			return []core.Policy{{RejectDisallowed: slices.ContainsFunc(routes, func(r core.Route) bool {
				return slices.ContainsFunc(r.Policies, func(p core.Policy) bool { return p.RejectDisallowed })
			})}}
		}
		found = first
	}
	if found < 0 {
		return nil
	}
	return routes[found].Policies
}

// lists reports whether a list of header names contains s, ignoring case.
func lists(list []string, s string) bool {
	return slices.ContainsFunc(list, func(e string) bool { return strings.EqualFold(e, s) })
}
