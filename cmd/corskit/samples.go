package main

import (
	"slices"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/gateways/classes"
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
	all := classes.Of(entries)
	if o, ok := otherOrigin(entries); ok {
		list = append(list, originSample{name: anyOther, origins: []string{o}})
	}
	done := 0
	for _, e := range entries {
		switch {
		case all.Exact[e] || e == "null":
			list = append(list, originSample{name: e, origins: []string{e}})
		case e != "*":
			progress(config.Progress{Phase: "reading patterns", Done: done, Total: len(all.Patterns)})
			done++
			origins, err := all.Examples(e)
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
