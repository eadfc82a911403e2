package gateways

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/gateways/classes"
)

// sample is a label of hosts, paths and header names that no file has.
const sample = "corskit-sample"

// stranger is an origin that cannot exist.
const stranger = "https://" + sample + ".invalid"

// Bounds of a comparison.
const (
	maxEntries = 5000    // patterns of both sides
	maxPlaces  = 500     // pairs of a host and a path
	maxAnswers = 400_000 // places, times origins
)

// originsFor returns origins that stand for all: two origins get the same answers, apart from
// their names, if the same entries match them, and the result has an origin for each set of
// entries that can match one. It also has origins that clients send although no pattern
// matches them.
func originsFor(entries []string) ([]string, error) {
	slices.Sort(entries)
	entries = slices.Compact(slices.Clone(entries))
	if len(entries) > maxEntries {
		return nil, fmt.Errorf("%w: %d origins and patterns, more than %d", ErrTooComplex, len(entries), maxEntries)
	}
	c := classes.Of(entries)
	all := slices.Collect(maps.Keys(c.Exact))
	for _, p := range append(slices.Clone(c.Patterns), "*") {
		some, err := c.Examples(p)
		if err != nil {
			return nil, fmt.Errorf("%w: %s", ErrTooComplex, err)
		}
		all = append(all, some...)
	}
	return append(all, odd(all)...), nil
}

// oddOrigins are origins that patterns match only if they list them.
var oddOrigins = []string{"null", "file://", "app://.", stranger + "."}

// maxOdd bounds how many origins with a dot at the end are asked about.
const maxOdd = 200

// odd returns origins that clients send and that no pattern matches, unless it lists them: "null",
// origins without a host, and hosts with a dot at the end.
func odd(all []string) (more []string) {
	for _, o := range all[:min(len(all), maxOdd)] {
		scheme, host, _ := strings.Cut(o, "://")
		name := withoutPort(host)
		if dotted := scheme + "://" + name + "." + strings.TrimPrefix(host, name); core.IsOrigin(dotted) {
			more = append(more, dotted)
		}
	}
	return slices.DeleteFunc(append(more, oddOrigins...), func(o string) bool { return slices.Contains(all, o) })
}
