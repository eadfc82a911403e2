package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// originSample has some origins of an entry. Together they show every answer that origins of
// the entry get.
type originSample struct {
	name    string
	origins []string
	listed  []string // origins that the entry matches and other entries list
}

// sampleLabel is part of hosts, paths and header names that no file has.
const sampleLabel = "corskit-sample"

// anyOther names the origins that no entry names.
const anyOther = "any other origin"

// stranger is an origin that cannot exist.
const stranger = "https://" + strangerHost

// samples returns origins for every entry of the configurations, and one that no entry
// names. notes name the entries that are too complex.
func samples(progress func(config.Progress), configs ...*config.Config) (list []originSample, notes []string) {
	entries := entriesOf(configs)
	exact := make(map[string]bool)
	var patterns []string
	for _, e := range entries {
		if core.IsOrigin(e) {
			exact[e] = true
		} else if e != "*" {
			patterns = append(patterns, e)
		}
	}
	if o, ok := otherOrigin(entries); ok {
		list = append(list, originSample{name: anyOther, origins: []string{o}})
	}
	done := 0
	for _, e := range entries {
		switch {
		case exact[e]:
			list = append(list, originSample{name: e, origins: []string{e}})
		case e != "*":
			progress(config.Progress{Phase: "reading patterns", Done: done, Total: len(patterns)})
			done++
			origins, err := sample(e, patterns, exact)
			if err != nil {
				notes = append(notes, safe(e)+" is too complex to compare all its origins")
			}
			if len(origins) > 0 {
				list = append(list, originSample{e, origins, matched(e, entries)})
			}
		}
	}
	return list, notes
}

// matched returns the origins among entries that a pattern matches.
func matched(pattern string, entries []string) (origins []string) {
	engine, err := core.New(core.Policy{AllowOrigins: []string{pattern}, DangerouslyAllowNullOrigin: true})
	for _, e := range entries {
		if err == nil && core.IsOrigin(e) && engine.AllowsOrigin(e) {
			origins = append(origins, e)
		}
	}
	return origins
}

// entriesOf returns the entries of allow_origins of all policies, each once.
func entriesOf(configs []*config.Config) (entries []string) {
	seen := make(map[string]bool)
	for _, c := range configs {
		for _, p := range c.Policies {
			for _, e := range p.AllowOrigins {
				if !seen[e] {
					seen[e] = true
					entries = append(entries, e)
				}
			}
		}
	}
	return entries
}

// otherOrigin returns an origin that no entry but "*" matches.
func otherOrigin(entries []string) (string, bool) {
	entries = slices.DeleteFunc(slices.Clone(entries), func(e string) bool { return e == "*" })
	engine, err := core.New(core.Policy{AllowOrigins: entries, DangerouslyAllowNullOrigin: true})
	if err != nil {
		return stranger, true // the configurations are valid, so this cannot happen
	}
	candidates := []string{stranger}
	if engine.AllowsOrigin(stranger) {
		candidates, _ = core.Examples("*", slices.DeleteFunc(entries, core.IsOrigin)...)
	}
	for _, o := range candidates {
		if !engine.AllowsOrigin(o) {
			return o, true
		}
	}
	return "", false
}

// maxMeetings bounds the examples of a pattern that are entries themselves.
const maxMeetings = 100

// sample returns origins that show every answer that the origins of a pattern get.
// If there is an error, some answers may be missing.
func sample(pattern string, patterns []string, exact map[string]bool) ([]string, error) {
	var others []string
	for _, p := range patterns {
		if p != pattern && mayOverlap(p, pattern) {
			others = append(others, p)
		}
	}
	// An example that is itself an entry says nothing about other origins of the pattern. So
	// sample asks core again, with that entry among the others.
	apart := make(map[string]bool)
	for {
		examples, err := core.Examples(pattern, others...)
		if err != nil {
			return examples, err
		}
		met := slices.DeleteFunc(slices.Clone(examples), func(o string) bool { return !exact[o] || apart[o] })
		examples = slices.DeleteFunc(examples, func(o string) bool { return exact[o] })
		if len(met) == 0 {
			return examples, nil
		}
		if len(apart) > maxMeetings {
			return examples, errTooManyEntries
		}
		for _, o := range met {
			apart[o] = true
		}
		others = append(others, met...)
	}
}

var errTooManyEntries = errors.New("the pattern matches too many other entries")

// mayOverlap reports whether two patterns may match the same origin. It returns true
// if it cannot tell.
func mayOverlap(a, b string) bool {
	schemeA, endA, ok := parts(a)
	schemeB, endB, ok2 := parts(b)
	return !ok || !ok2 || schemeA == schemeB && (strings.HasSuffix(endA, endB) || strings.HasSuffix(endB, endA))
}

// parts returns the scheme of a pattern, and the end of its host after the last
// wildcard. ok is false if the pattern has no scheme or is a regular expression.
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
