package gateways

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/corskit/corskit/core"
)

// sample is a label that no file uses. The comparison puts it into hosts, paths and header names.
const sample = "corskit-sample"

// stranger is an origin that cannot exist.
const stranger = "https://" + sample + ".invalid"

// Bounds of a comparison.
const (
	maxEntries  = 5000    // patterns of both sides
	maxMeetings = 200     // examples of a pattern that are entries of their own
	maxPlaces   = 500     // pairs of a host and a path
	maxAnswers  = 400_000 // places, times origins
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
	exact := make(map[string]bool)
	var patterns []string
	for _, e := range entries {
		if core.IsOrigin(e) {
			exact[e] = true
		} else if e != "*" && e != "null" {
			patterns = append(patterns, e)
		}
	}
	var all []string
	for e := range exact {
		all = append(all, e)
	}
	for _, p := range append(slices.Clone(patterns), "*") {
		some, err := groups(p, patterns, exact)
		if err != nil {
			return nil, fmt.Errorf("%w: %s", ErrTooComplex, err)
		}
		all = append(all, some...)
	}
	return append(all, odd(all)...), nil
}

// groups returns one origin, which is not an entry itself, for each set of patterns that match
// the same origins as p.
func groups(p string, patterns []string, exact map[string]bool) ([]string, error) {
	var others []string
	for _, other := range patterns {
		if other != p && mayOverlap(other, p) {
			others = append(others, other)
		}
	}
	// An example that is also an exact entry does not represent the other origins of the pattern.
	// So the loop asks core again, with that entry among the other patterns.
	apart := make(map[string]bool)
	for {
		examples, err := examplesOf(p, others)
		if err != nil {
			return nil, err
		}
		met := slices.DeleteFunc(slices.Clone(examples), func(o string) bool { return !exact[o] || apart[o] })
		examples = slices.DeleteFunc(examples, func(o string) bool { return exact[o] })
		if len(met) == 0 {
			return examples, nil
		}
		if len(apart) > maxMeetings {
			return nil, fmt.Errorf("%s matches too many origins that are also listed", quote(p))
		}
		for _, o := range met {
			apart[o] = true
		}
		others = append(others, met...)
	}
}

// maxRemembered bounds the number of cached results.
const maxRemembered = 4096

// remembered caches the results of core.Examples, because Export and Import compare the same
// patterns several times.
var remembered struct {
	sync.Mutex
	examples map[string][]string
}

func examplesOf(p string, others []string) ([]string, error) {
	key := p + "\n" + strings.Join(others, "\n")
	remembered.Lock()
	known, ok := remembered.examples[key]
	remembered.Unlock()
	if ok {
		return slices.Clone(known), nil
	}
	examples, err := core.Examples(p, others...)
	if err != nil {
		return nil, err
	}
	remembered.Lock()
	defer remembered.Unlock()
	if remembered.examples == nil || len(remembered.examples) >= maxRemembered {
		remembered.examples = make(map[string][]string)
	}
	remembered.examples[key] = slices.Clone(examples)
	return examples, nil
}

// mayOverlap reports whether two patterns may match the same origin. If in doubt, it returns true.
func mayOverlap(a, b string) bool {
	schemeA, endA, ok := parts(a)
	schemeB, endB, ok2 := parts(b)
	return !ok || !ok2 || schemeA == schemeB && (strings.HasSuffix(endA, endB) || strings.HasSuffix(endB, endA))
}

// parts returns the scheme of a pattern, and the end of its host after the last wildcard. ok is
// false if the pattern has no scheme or is a regular expression.
func parts(pattern string) (scheme, end string, ok bool) {
	scheme, host, ok := strings.Cut(pattern, "://")
	if !ok || strings.HasPrefix(pattern, "regexp:") {
		return "", "", false
	}
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	return scheme, host[strings.LastIndexByte(host, '*')+1:], true
}

// oddOrigins are origins that only exact entries match.
var oddOrigins = []string{"null", "file://", "app://.", stranger + "."}

// maxOdd bounds the number of compared origins that end in a dot.
const maxOdd = 200

// odd returns origins that clients send and that only exact entries match: "null", origins without
// a host, and origins whose host ends in a dot.
func odd(all []string) (more []string) {
	for _, o := range all[:min(len(all), maxOdd)] {
		scheme, host, _ := strings.Cut(o, "://")
		port := ""
		if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
			host, port = host[:i], host[i:]
		}
		if dotted := scheme + "://" + host + "." + port; core.IsOrigin(dotted) {
			more = append(more, dotted)
		}
	}
	return slices.DeleteFunc(append(more, oddOrigins...), func(o string) bool { return slices.Contains(all, o) })
}
