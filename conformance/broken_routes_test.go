package conformance_test

import (
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
)

// brokenRoutes select the wrong route, or the wrong policy of the route.
var brokenRoutes = []brokenMiddleware{
	{"compares routes with decoded paths", "R2", func(ref *reference) {
		ref.route = func(routes []core.Route, r *http.Request) []core.Policy {
			return routes[routeOf(routes, r.URL.Path)].Policies
		}
	}},
	{"compares routes with paths as they were sent", "R2", func(ref *reference) {
		ref.route = func(routes []core.Route, r *http.Request) []core.Policy {
			return routes[routeOf(routes, r.URL.EscapedPath())].Policies
		}
	}},
	{"searches for parts of the path", "R2", func(ref *reference) {
		ref.route = func(routes []core.Route, r *http.Request) []core.Policy {
			i := slices.IndexFunc(routes, func(route core.Route) bool { return strings.Contains(r.URL.EscapedPath(), route.Path) })
			return routes[i].Policies
		}
	}},
	{"compares a route's host with the port of the request's", "R2", func(ref *reference) {
		ref.route = func(routes []core.Route, r *http.Request) []core.Policy {
			here := slices.DeleteFunc(slices.Clone(routes), func(route core.Route) bool { return route.Host != "" && route.Host != r.Host })
			return policiesFor(here, r)
		}
	}},
	{"cleans a path and keeps the slash at its end", "R2", func(ref *reference) {
		ref.route = func(routes []core.Route, r *http.Request) []core.Policy {
			if clean := path.Clean(r.URL.Path) + "/"; routeOf(routes, clean) == routeOf(routes,
				r.URL.Path) && r.URL.Path != "/" && clean != r.URL.Path+"/" {
				return routes[routeOf(routes, clean)].Policies
			}
			return policiesFor(routes, r)
		}
	}},
	{"selects the last route that matches", "R2", func(ref *reference) {
		ref.route = func(routes []core.Route, r *http.Request) []core.Policy {
			return routes[len(routes)-1].Policies
		}
	}},
	{"combines the policies that match", "R1", func(ref *reference) {
		answer := ref.answer
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			if granted != nil && granted.Name == "partner" {
				all := *granted
				all.AllowMethods, all.AllowCredentials = []string{"PUT"}, true
				granted = &all
			}
			answer(h, r, granted, preflight)
		}
	}},
}
