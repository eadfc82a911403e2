package gateways

import (
	"slices"
	"strings"
)

// cutPort splits a host at the colon of its port. IPv6 addresses are in brackets.
func cutPort(host string) (name, port string) {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host[:i], host[i+1:]
	}
	return host, ""
}

func withoutPort(host string) string {
	name, _ := cutPort(host)
	return name
}

// hostRoutes are the routes of one host, for targets that choose the host first.
type hostRoutes struct {
	Host    string      // empty for all hosts without routes of their own
	Routes  []planRoute // in order, without those that an earlier one covers
	Covered bool        // whether the last route covers every path
}

// Hosts returns the routes by host: each host that a route names, and last all other hosts. Because
// no route covers a later one of the same host, the order of routes does not matter to targets that
// prefer longer paths.
func (p *exportPlan) Hosts() (list []hostRoutes) {
	var names []string
	for _, r := range p.Routes {
		if r.Host != "" {
			names = append(names, r.Host)
		}
	}
	slices.Sort(names)
	for _, host := range append(slices.Compact(names), "") {
		h := hostRoutes{Host: host}
		for _, r := range p.Routes {
			covers := func(earlier planRoute) bool { return pathCovers(earlier.Path, r.Path) }
			if r.Host != "" && r.Host != host || slices.ContainsFunc(h.Routes, covers) {
				continue
			}
			h.Routes = append(h.Routes, r)
			h.Covered = h.Covered || everyPath(r.Path)
		}
		list = append(list, h)
	}
	return list
}

func everyPath(path string) bool { return path == "" || path == "/" }

// pathCovers reports whether a route with path a covers every path of a route with path b.
func pathCovers(a, b string) bool {
	switch {
	case everyPath(a):
		return true
	case !strings.HasSuffix(a, "/"):
		return a == b
	}
	return strings.HasPrefix(b, a) || b == strings.TrimSuffix(a, "/")
}
