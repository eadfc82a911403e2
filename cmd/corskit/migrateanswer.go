package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/corskit/corskit/migrate"
)

// migrated is the JSON output of migrate.
type migrated struct {
	Results []migratedResult `json:"results"`
	Counts  placeCounts      `json:"counts"`
	Faults  []string         `json:"faults,omitempty"` // of packages that do not compile
	Files   []string         `json:"files,omitempty"`  // policies that were written
	Modules []string         `json:"modules"`          // that the new code needs
}

// placeCounts counts the places.
type placeCounts struct {
	Translated int `json:"translated"`
	Partly     int `json:"partly"`
	NoPolicy   int `json:"noPolicy"`
	Unread     int `json:"unread"`
}

func (o placeCounts) String() string {
	all := o.Translated + o.Partly + o.NoPolicy + o.Unread
	if all == 0 {
		return "no CORS middleware"
	}
	parts := []string{fmt.Sprintf("%d translated", o.Translated)}
	for _, part := range []struct {
		n    int
		what string
	}{{o.Partly, "partly"}, {o.NoPolicy, "without a policy"}, {o.Unread, "not read"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	return plural(all, "place") + " (" + strings.Join(parts, ", ") + ")"
}

// migratedResult is one place, for one way to reach it.
type migratedResult struct {
	File       string            `json:"file"`
	Line       int               `json:"line"`
	Column     int               `json:"column"`
	Function   string            `json:"function,omitempty"`
	Library    string            `json:"library"`
	Outcome    migrate.Outcome   `json:"outcome"`
	Why        string            `json:"why,omitempty"`
	Via        []string          `json:"via,omitempty"` // the calls that pass the options
	Policies   []migratedPolicy  `json:"policies"`
	Notes      []migratedMessage `json:"notes"`
	Mount      string            `json:"mount,omitempty"`
	Written    bool              `json:"written,omitempty"`
	NotWritten string            `json:"notWritten,omitempty"`
}

type migratedPolicy struct {
	Profile string         `json:"profile,omitempty"`
	When    []string       `json:"when,omitempty"`
	YAML    string         `json:"yaml"`
	Go      string         `json:"go"`
	Kept    []migratedKept `json:"kept,omitempty"`
}

type migratedKept struct {
	Field    string `json:"field"`
	Expr     string `json:"expr"`
	At       string `json:"at"`
	Why      string `json:"why"`
	Variable string `json:"variable,omitempty"`
}

type migratedMessage struct {
	migrate.Note
	At string `json:"at"`
}

func newMigrated(program *migrate.Program, results []*migrate.Result) migrated {
	m := migrated{Results: []migratedResult{}, Modules: []string{}}
	for _, fault := range program.Faults {
		m.Faults = append(m.Faults, fault.Error())
	}
	for _, r := range results {
		m.Results = append(m.Results, newMigratedResult(r))
		switch r.Outcome {
		case migrate.Translated:
			m.Counts.Translated++
		case migrate.Partly:
			m.Counts.Partly++
		case migrate.NoPolicy:
			m.Counts.NoPolicy++
		case migrate.Unread:
			m.Counts.Unread++
		}
		if a := r.Site.Library.Adapter; a != "" {
			m.Modules = append(m.Modules, strings.TrimSuffix(a, "/adapters/corshttp"))
		}
	}
	slices.Sort(m.Modules)
	m.Modules = slices.Compact(m.Modules)
	return m
}

func newMigratedResult(r *migrate.Result) migratedResult {
	s := r.Site
	result := migratedResult{
		File: s.Pos.Filename, Line: s.Pos.Line, Column: s.Pos.Column, Function: s.Func, Library: s.Library.Name,
		Outcome: r.Outcome, Why: r.Why, Mount: r.Mount, Policies: []migratedPolicy{}, Notes: []migratedMessage{},
	}
	for _, via := range r.Via {
		result.Via = append(result.Via, via.String())
	}
	for _, v := range r.Variants {
		p := migratedPolicy{Profile: v.Profile, When: v.When, YAML: v.YAML(), Go: v.Go()}
		for _, k := range v.Kept {
			p.Kept = append(p.Kept, migratedKept{k.Field, k.Expr, k.Pos.String(), k.Why, k.Variable})
		}
		result.Policies = append(result.Policies, p)
	}
	for _, n := range r.AllNotes() {
		result.Notes = append(result.Notes, migratedMessage{n, n.Pos.String()})
	}
	return result
}

// written reports whether a Go file was changed.
func (m migrated) written() bool {
	return slices.ContainsFunc(m.Results, func(r migratedResult) bool { return r.Written })
}
