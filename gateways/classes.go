package gateways

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/gateways/classes"
)

// sample is a label that no file uses. The comparison puts it into hosts, paths and header names.
const sample = "corskit-sample"

// stranger is an origin that cannot exist.
const stranger = "https://" + sample + ".invalid"

// Bounds of a comparison.
const (
	maxEntries = 5000    // patterns of both sides
	maxPlaces  = 500     // pairs of a host and a path
	maxAnswers = 400_000 // places, times origins
)

// originsFor returns origins that represent all origins. Two origins get the same answers, apart
// from their own names, if the same entries match them. The result has one origin for each set of
// entries that can match the same origin. It also has origins that clients send and that no pattern
// matches.
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

// maxOdd bounds the number of compared origins that end in a dot.
const maxOdd = 200

// odd returns origins that clients send and that only exact entries match: "null", origins without
// a host, and origins whose host ends in a dot.
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
