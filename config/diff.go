package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/core"
)

// Diff is what two configurations differ in.
type Diff struct {
	Policies []PolicyDiff // those that differ: the new ones in order, then those removed
	Routes   []string     // how the routes, and the order of policies without them, differ: one line a change
}

// PolicyDiff is what one policy differs in.
type PolicyDiff struct {
	Name           string
	Added, Removed bool // the whole policy was
	// OriginsAdded and OriginsRemoved are patterns, in the order of their list.
	OriginsAdded, OriginsRemoved []string
	// Fields are the other fields that differ. Of a policy added or removed,
	// those that are not zero.
	Fields []FieldDiff
}

// FieldDiff is one field of a policy that differs. Values are as in a file, a
// list as its entries with commas between, and empty if the field is not set.
type FieldDiff struct {
	Key      string // such as "max_age"
	Old, New string
}

// Empty reports whether there is no difference.
func (d Diff) Empty() bool { return len(d.Policies) == 0 && len(d.Routes) == 0 }

// Bounds of what [Diff.String] names: origins of one policy, and policies and
// routes.
const (
	maxDiffOrigins  = 5
	maxDiffPolicies = 20
)

// String returns the differences in one line, fit for a log: policies by name,
// each with what was added (+) and removed (-). Long lists of origins, policies
// and routes are counted. It is "no change" for the empty Diff.
func (d Diff) String() string {
	if d.Empty() {
		return "no change"
	}
	var all []string
	for i, p := range d.Policies {
		if i == maxDiffPolicies {
			all = append(all, fmt.Sprintf("%d more policies", len(d.Policies)-i))
			break
		}
		var b []string
		for _, c := range []struct {
			sign    string
			origins []string
		}{{"+", p.OriginsAdded}, {"-", p.OriginsRemoved}} {
			for i, o := range c.origins {
				if i == maxDiffOrigins {
					b = append(b, fmt.Sprintf("%s%d more origins", c.sign, len(c.origins)-i))
					break
				}
				b = append(b, c.sign+wording.Name(o))
			}
		}
		for _, f := range p.Fields {
			b = append(b, fmt.Sprintf("%s: %s -> %s", f.Key, shown(f.Old), shown(f.New)))
		}
		name := p.Name
		switch {
		case p.Added:
			name = "+policy " + name
		case p.Removed:
			name = "-policy " + name
		}
		all = append(all, strings.TrimSpace(name+" "+strings.Join(b, ", ")))
	}
	for i, r := range d.Routes {
		if i == maxDiffPolicies {
			all = append(all, fmt.Sprintf("%d more routes", len(d.Routes)-i))
			break
		}
		all = append(all, wording.Foreign(r))
	}
	return strings.Join(all, "; ")
}

func shown(s string) string {
	if s == "" {
		return "none"
	}
	return wording.Foreign(s)
}

// NewDiff returns what differs from one configuration to another. A nil Config
// is one without policies.
func NewDiff(from, to *Config) Diff {
	a, b := new(state), new(state)
	if from != nil {
		a = &state{policies: from.Policies, routes: from.Routes}
	}
	if to != nil {
		b = &state{policies: to.Policies, routes: to.Routes}
	}
	return diff(a, b)
}

func diff(from, to *state) Diff {
	var d Diff
	before, after := byName(from.policies), byName(to.policies)
	for i := range to.policies {
		new := &to.policies[i]
		p := PolicyDiff{Name: new.Name}
		old := before[new.Name]
		if p.Added = old == nil; p.Added {
			old = &core.Policy{}
		}
		p.compare(old, new)
		d.add(p)
	}
	for i := range from.policies {
		old := &from.policies[i]
		if after[old.Name] == nil {
			p := PolicyDiff{Name: old.Name, Removed: true}
			p.compare(old, &core.Policy{})
			d.add(p)
		}
	}
	d.Routes = diffRoutes(from, to)
	return d
}

func (d *Diff) add(p PolicyDiff) {
	if p.Added || p.Removed || len(p.OriginsAdded)+len(p.OriginsRemoved)+len(p.Fields) > 0 {
		d.Policies = append(d.Policies, p)
	}
}

func byName(policies []core.Policy) map[string]*core.Policy {
	m := make(map[string]*core.Policy, len(policies))
	for i := range policies {
		m[policies[i].Name] = &policies[i]
	}
	return m
}

func (p *PolicyDiff) compare(old, new *core.Policy) {
	if !slices.Equal(old.AllowOrigins, new.AllowOrigins) {
		p.OriginsAdded = without(new.AllowOrigins, old.AllowOrigins)
		p.OriginsRemoved = without(old.AllowOrigins, new.AllowOrigins)
	}
	before, after := fieldValues(old), fieldValues(new)
	for i := range before {
		if before[i].value != after[i].value {
			p.Fields = append(p.Fields, FieldDiff{before[i].key, before[i].value, after[i].value})
		}
	}
}

// without returns the entries of list that are not in other, once each.
func without(list, other []string) []string {
	skip := make(map[string]struct{}, len(other))
	for _, s := range other {
		skip[s] = struct{}{}
	}
	var rest []string
	for _, s := range list {
		if _, ok := skip[s]; !ok {
			skip[s] = struct{}{}
			rest = append(rest, s)
		}
	}
	return rest
}

type fieldValue struct{ key, value string }

// fieldValues returns the fields other than the origins, as text.
func fieldValues(p *core.Policy) []fieldValue {
	var values []fieldValue
	for _, f := range policyFields {
		if f.Goname == "" || f.Key == keyAllowOrigins {
			continue
		}
		text := ""
		switch v := reflect.ValueOf(p).Elem().FieldByName(f.Goname).Interface().(type) {
		case []string:
			text = strings.Join(v, ", ")
		case bool:
			if v {
				text = "true"
			}
		case time.Duration:
			text = duration(v)
		}
		values = append(values, fieldValue{f.Key, text})
	}
	return values
}

// duration spells a max_age as a file does.
func duration(d time.Duration) string {
	switch d {
	case 0:
		return ""
	case core.NoPreflightCache:
		return disabled
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// diffRoutes says how the routes differ, and without routes the order in which
// policies are asked.
func diffRoutes(from, to *state) []string {
	before, after := routeLines(from), routeLines(to)
	if slices.Equal(before, after) {
		if from.routes == nil {
			return diffOrder(names(from.policies), names(to.policies))
		}
		return nil
	}
	var lines []string
	for _, r := range without(after, before) {
		lines = append(lines, "+"+r)
	}
	for _, r := range without(before, after) {
		lines = append(lines, "-"+r)
	}
	if len(lines) == 0 {
		lines = append(lines, "routes in another order")
	}
	return lines
}

// diffOrder says whether the policies that both have come in another order.
func diffOrder(before, after []string) []string {
	gone, new := without(before, after), without(after, before)
	if slices.Equal(without(before, gone), without(after, new)) {
		return nil
	}
	return []string{"policies in the order " + strings.Join(after, ", ")}
}

func routeLines(s *state) []string {
	var lines []string
	for _, r := range s.routes {
		lines = append(lines, "route "+strconv.Quote(r.Host+r.Path)+" to "+strings.Join(names(r.Policies), ", "))
	}
	return lines
}

func names(policies []core.Policy) []string {
	list := make([]string, len(policies))
	for i := range policies {
		list[i] = policies[i].Name
	}
	return list
}
