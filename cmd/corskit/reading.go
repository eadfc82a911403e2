package main

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

// reading says how a router with its default settings reads paths before it compares them.
type reading struct {
	fold bool // ignores the case of ASCII letters
	trim bool // ignores slashes at the end
}

// readings are the readings of the frameworks. Those that are not listed compare paths
// byte by byte.
var readings = map[string]reading{
	"fiber":   {fold: true, trim: true},
	"fiberv3": {fold: true, trim: true},
}

// apply changes a request to what the adapter of the framework tells the engine.
func (r reading) apply(facts *core.Request) {
	facts.FoldPath = r.fold
	if r.trim {
		facts.Path, facts.RawPath = trimSlashes(facts.Path), trimSlashes(facts.RawPath)
	}
}

func trimSlashes(path string) string {
	for len(path) > 1 && strings.HasSuffix(path, "/") {
		path = path[:len(path)-1]
	}
	return path
}

// otherReading returns a note if the framework was not given and fiber reads the path so that
// another route covers the request.
func (p *modelServer) otherReading(ctx context.Context, given bool) []string {
	u, err := url.Parse(p.fetch.URL)
	if given || err != nil || len(p.explanations) == 0 {
		return nil
	}
	facts := core.Request{Method: "GET", Host: u.Host, Path: u.Path, RawPath: u.RawPath, Origin: []string{p.fetch.Origin}}
	readings["fiber"].apply(&facts)
	route := p.explain(ctx, facts).Route
	if route < 0 || route == p.explanations[0].Route {
		return nil
	}
	return []string{"fiber ignores case and a slash at the end: there, route " + strconv.Itoa(route) +
		" covers the request; add --framework fiber to explain that"}
}
