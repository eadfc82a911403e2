// Package classes returns a few origins that represent all. Origins that the same entries of
// AllowOrigins match get the same answers, apart from their own names, so one of them is enough.
package classes

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/corskit/corskit/core"
)

// Entries are the entries of AllowOrigins of any number of policies, without "*" and "null".
type Entries struct {
	Exact    map[string]bool // origins
	Patterns []string
}

// Of returns the entries of a list.
func Of(list []string) Entries {
	all := Entries{Exact: make(map[string]bool)}
	for _, e := range list {
		if core.IsOrigin(e) {
			all.Exact[e] = true
		} else if e != "*" && e != "null" {
			all.Patterns = append(all.Patterns, e)
		}
	}
	return all
}

// maxMeetings bounds how many examples of a pattern may be entries of their own.
const maxMeetings = 200

// Examples returns one origin of a pattern for each set of Patterns that match the same of its
// origins; none of the origins is in Exact. The pattern need not be one of Patterns. If there is an
// error, which says that the patterns are too complex, some origins may be missing.
func (e Entries) Examples(pattern string) ([]string, error) {
	var others []string
	for _, other := range e.Patterns {
		if other != pattern && MayOverlap(other, pattern) {
			others = append(others, other)
		}
	}
	// An example that is an entry of its own says nothing about other origins of the
	// pattern. So core is asked again, with that entry among the others.
	apart := make(map[string]bool)
	for {
		examples, err := examplesOf(pattern, others)
		if err != nil {
			return examples, err
		}
		met := slices.DeleteFunc(slices.Clone(examples), func(o string) bool { return !e.Exact[o] || apart[o] })
		examples = slices.DeleteFunc(examples, func(o string) bool { return e.Exact[o] })
		if len(met) == 0 {
			return examples, nil
		}
		if len(apart) > maxMeetings {
			return examples, fmt.Errorf("%.120q matches too many origins that are listed as well", pattern)
		}
		for _, o := range met {
			apart[o] = true
		}
		others = append(others, met...)
	}
}

// maxRemembered bounds how many answers of core are kept.
const maxRemembered = 4096

// remembered has answers of core.Examples: comparisons ask for the same ones several times.
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
		return examples, err
	}
	remembered.Lock()
	defer remembered.Unlock()
	if remembered.examples == nil || len(remembered.examples) >= maxRemembered {
		remembered.examples = make(map[string][]string)
	}
	remembered.examples[key] = slices.Clone(examples)
	return examples, nil
}

// MayOverlap reports whether two entries may match the same origin. It returns true if it
// cannot tell.
func MayOverlap(a, b string) bool {
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
