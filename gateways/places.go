package gateways

import (
	"fmt"
	"slices"
	"strings"
)

// spot is a host and a path of requests.
type spot struct{ host, path string }

// defaultHost is the host of requests if neither side names one.
const defaultHost = "gateway.invalid"

// placesFor returns the hosts and paths of the requests: each that either side names, one that
// neither names, and paths that a careless comparison would confuse with a named one.
func placesFor(sides ...[]RoutePlace) ([]spot, error) {
	hosts, paths := []string{defaultHost}, []string{"/" + sample}
	for _, side := range sides {
		for _, p := range side {
			if p.Host != "" {
				hosts = append(hosts, p.Host, p.Host+":8443")
			}
			paths = append(paths, pathsNear(p.Path)...)
		}
	}
	slices.Sort(hosts)
	slices.Sort(paths)
	hosts, paths = slices.Compact(hosts), slices.Compact(paths)
	if len(hosts)*len(paths) > maxPlaces {
		return nil, fmt.Errorf("%w: %d hosts and %d paths", ErrTooComplex, len(hosts), len(paths))
	}
	var all []spot
	for _, h := range hosts {
		for _, p := range paths {
			all = append(all, spot{h, p})
		}
	}
	return all, nil
}

// pathsNear returns paths that a route covers, and similar paths that it does not cover.
func pathsNear(path string) []string {
	if path == "" || path == "/" {
		return []string{"/"}
	}
	bare := strings.TrimSuffix(path, "/")
	return []string{path, bare, bare + "/" + sample, bare + sample, "/" + sample + path}
}
