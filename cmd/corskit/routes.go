package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// routeSample is a request that represents all requests with the same governing route in one
// file and the same governing route in the other.
type routeSample struct {
	name, host, path string
	policies         string // the names of the policies that govern it in each file
}

func (r routeSample) request(origin string) core.Request {
	return core.Request{
		Method: "GET", Host: r.host, Path: r.path, Origin: []string{origin}, SecFetchSite: []string{"cross-site"},
	}
}

// elsewhere names the requests that no route covers.
const elsewhere = "elsewhere"

// maxRoutes bounds the pairs of a host and a path that routesOf tries.
const maxRoutes = 10_000

// routesOf returns a request for every pair of routes, one of each file, that can govern the
// same request. It tries each host that a route of either file names, and a host that none
// names, with each path, up to about maxRoutes pairs.
func routesOf(ctx context.Context, progress func(config.Progress), configs ...*config.Config) []routeSample {
	s := routeSampler{ctx: ctx, configs: configs, known: make(map[string]bool)}
	hosts, paths := []string{""}, []string{""}
	for _, c := range configs {
		for _, r := range c.Routes {
			s.add(r.Host+r.Path, r.Host, r.Path)
			hosts, paths = append(hosts, r.Host), append(paths, r.Path)
		}
	}
	name := ""
	if len(s.list) > 0 {
		name = elsewhere
	}
	s.add(name, "", "")
	slices.Sort(hosts)
	slices.Sort(paths)
	hosts, paths = slices.Compact(hosts), slices.Compact(paths)
	hosts = hosts[:min(len(hosts), maxRoutes/len(paths)+1)]
	for i, host := range hosts {
		for j, path := range paths {
			progress(config.Progress{Phase: "looking for routes", Done: i*len(paths) + j, Total: len(hosts) * len(paths)})
			s.add(host+path, host, path)
		}
	}
	return s.list
}

// routeSampler collects one request for each combination of governing routes.
type routeSampler struct {
	ctx     context.Context
	configs []*config.Config
	known   map[string]bool // by the indices of the routes
	list    []routeSample
}

// add adds a request for a host and a path, unless the same routes govern an
// earlier one. An empty host or path matches any.
func (s *routeSampler) add(name, host, path string) {
	r := routeSample{name: name, host: host, path: path}
	if r.host == "" {
		r.host = defaultHost
	}
	if r.path == "" {
		r.path = "/"
	}
	if strings.HasSuffix(r.path, "/") && r.path != "/" {
		r.path += sampleLabel
	}
	key := ""
	for _, c := range s.configs {
		route := c.Engine().Explain(s.ctx, r.request(stranger)).Route
		key += strconv.Itoa(route) + " "
		r.policies += "\x00"
		if route < 0 {
			continue // no route covers the request, or there are no routes
		}
		for _, p := range c.Routes[route].Policies {
			r.policies += p.Name + "\x01"
		}
	}
	if !s.known[key] {
		s.known[key] = true
		s.list = append(s.list, r)
	}
}
