package migrate

import (
	"fmt"
	"slices"
	"strings"
)

// maxConditions bounds the conditions of a site, and so its variants.
const maxConditions = 4

// choice is a condition, and whether it holds.
type choice struct {
	cond  Cond
	holds bool
}

// conditions returns the conditions that the options depend on, each once.
func conditions(s *Struct) []Cond {
	var conds []Cond
	add := func(c Cond) {
		if !slices.ContainsFunc(conds, func(o Cond) bool { return o.Key() == c.Key() }) {
			c.Not = false
			conds = append(conds, c)
		}
	}
	for _, name := range sortedKeys(s.Fields) {
		walk(s.Fields[name], func(v Value) {
			switch x := v.(type) {
			case *Branch:
				add(x.Cond)
			case *Compare:
				add(x.Cond)
			case *Predicate: // it depends on the request; only settings read at the start are conditions
				walk(x.Tree, func(v Value) {
					if c, ok := conditionOf(v); ok && isSetting(c.Of) {
						add(c)
					}
				})
			}
		})
	}
	return conds
}

func conditionOf(v Value) (Cond, bool) {
	switch x := v.(type) {
	case *Branch:
		return x.Cond, true
	case *Compare:
		return x.Cond, true
	}
	return Cond{}, false
}

func isSetting(v Value) bool {
	s, ok := v.(*Setting)
	return ok && s.From != "field"
}

// decides reports whether the choices include a condition.
func decides(c Cond, chosen []choice) bool {
	return slices.ContainsFunc(chosen, func(o choice) bool { return o.cond.Key() == c.Key() })
}

// choices returns every combination of conditions that can hold together. In the first combination,
// none holds.
func choices(conds []Cond) [][]choice {
	all := [][]choice{nil}
	for _, c := range conds {
		var next [][]choice
		for _, chosen := range all {
			next = append(next, append(slices.Clone(chosen), choice{c, false}))
		}
		for _, chosen := range all {
			if !contradicts(chosen, c) {
				next = append(next, append(slices.Clone(chosen), choice{c, true}))
			}
		}
		all = next
	}
	return all
}

// contradicts reports whether the choices already say that the subject of a condition equals
// another value.
func contradicts(chosen []choice, c Cond) bool {
	return slices.ContainsFunc(chosen, func(o choice) bool {
		return o.holds && c.Of != nil && o.cond.Of != nil && subject(o.cond.Of) == subject(c.Of) && o.cond.Is != c.Is
	})
}

// resolve removes the branches of a value according to the choices.
func resolve(v Value, chosen []choice) Value {
	switch x := v.(type) {
	case *Branch:
		if !decides(x.Cond, chosen) {
			return branch(x.Cond, resolve(x.Then, chosen), resolve(x.Else, chosen))
		}
		if holds(x.Cond, chosen) {
			return resolve(x.Then, chosen)
		}
		return resolve(x.Else, chosen)
	case *Predicate:
		return &Predicate{x.Source, x.Func, resolve(x.Tree, chosen)}
	case *Compare:
		if !decides(x.Cond, chosen) {
			return x
		}
		return boolConst(x.Source, holds(x.Cond, chosen))
	case *List:
		l := &List{Source: x.Source}
		for _, item := range x.Items {
			l.Items = append(l.Items, resolveItem(item, chosen)...)
		}
		return l
	case *Spread:
		return &Spread{resolve(x.Value, chosen)}
	case *Split:
		c := *x
		c.Of = resolve(x.Of, chosen)
		if s, ok := text(c.Of); ok {
			return stringList(x.Source, strings.Split(s, x.Sep)...)
		}
		return &c
	case *Joined:
		return joined(x.Source, resolve(x.Of, chosen), x.Sep)
	case *Struct:
		s := &Struct{x.Source, x.Type, map[string]Value{}, x.Loaded}
		for name, f := range x.Fields {
			s.Fields[name] = resolve(f, chosen)
		}
		return s
	case *Call:
		c := *x
		c.Args = nil
		for _, a := range x.Args {
			c.Args = append(c.Args, resolveItem(a, chosen)...)
		}
		return &c
	}
	return v
}

// resolveItem resolves an item of a list, which may become several.
func resolveItem(item Value, chosen []choice) []Value {
	v := resolve(item, chosen)
	if s, ok := v.(*Spread); ok {
		return spread(s.Value)
	}
	return []Value{v}
}

func holds(c Cond, chosen []choice) bool {
	for _, o := range chosen {
		if o.cond.Key() == c.Key() {
			return o.holds != c.Not
		}
	}
	return false
}

// describe returns the conditions that hold in a combination, and a profile name if the combination
// sets one setting to one value.
func describe(chosen []choice) (profile string, when []string) {
	positive := 0
	for _, c := range chosen {
		if !c.holds {
			continue
		}
		positive++
		when = append(when, c.cond.text())
		if c.cond.Of != nil && c.cond.Is != "" {
			profile = c.cond.Is
		}
	}
	if positive != 1 || !isProfile(profile) {
		profile = ""
	}
	return profile, when
}

// text returns the condition in Go.
func (c Cond) text() string {
	if c.Of == nil {
		return c.Expr
	}
	if s, ok := c.Of.(*Setting); ok && s.From == "env" && c.Is != "true" {
		return fmt.Sprintf("os.Getenv(%q) == %q", s.Name, c.Is)
	}
	if c.Expr != "" && !strings.Contains(c.Expr, "!=") && !strings.HasPrefix(c.Expr, "!") {
		return c.Expr
	}
	name := c.Of.At().Expr
	if s, ok := c.Of.(*Setting); ok && s.Expr == "" {
		name = s.Name
	}
	if c.Is == "true" {
		return name
	}
	return name + ` == "` + c.Is + `"`
}

// isProfile reports whether a text can name a profile of a file.
func isProfile(s string) bool {
	if s == "" || s == "true" || s == "false" || len(s) > 30 {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}) < 0
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
