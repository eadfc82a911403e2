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

// Diff is the difference between two configurations.
type Diff struct {
	policies []policyDiff // changed and added policies in the new order, then removed ones
	routes   []string     // changes of routes, or of the order of policies; one line each
}

// policyDiff is the difference between two versions of a policy.
type policyDiff struct {
	name           string
	added, removed bool     // the whole policy
	originsAdded   []string // in the order of the list
	originsRemoved []string
	fields         []fieldDiff // the other fields that differ
}

// fieldDiff is a field that differs. The values are as in a file, those of a list
// separated by commas, and empty if the field is not set.
type fieldDiff struct{ key, old, new string }

// Empty reports whether there is no difference.
func (d Diff) Empty() bool { return len(d.policies) == 0 && len(d.routes) == 0 }

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
	for i, p := range d.policies {
		if i == maxDiffPolicies {
			all = append(all, fmt.Sprintf("%d more policies", len(d.policies)-i))
			break
		}
		var b []string
		for _, c := range []struct {
			sign    string
			origins []string
		}{{"+", p.originsAdded}, {"-", p.originsRemoved}} {
			for i, o := range c.origins {
				if i == maxDiffOrigins {
					b = append(b, fmt.Sprintf("%s%d more origins", c.sign, len(c.origins)-i))
					break
				}
				b = append(b, c.sign+wording.Name(o))
			}
		}
		for _, f := range p.fields {
			b = append(b, fmt.Sprintf("%s: %s -> %s", f.key, shown(f.old), shown(f.new)))
		}
		name := p.name
		switch {
		case p.added:
			name = "+policy " + name
		case p.removed:
			name = "-policy " + name
		}
		all = append(all, strings.TrimSpace(name+" "+strings.Join(b, ", ")))
	}
	for i, r := range d.routes {
		if i == maxDiffPolicies {
			all = append(all, fmt.Sprintf("%d more routes", len(d.routes)-i))
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

// diff returns the difference from one state to another.
func diff(from, to *state) Diff {
	var d Diff
	before, after := byName(from.policies), byName(to.policies)
	for i := range to.policies {
		new := &to.policies[i]
		p := policyDiff{name: new.Name}
		old := before[new.Name]
		if p.added = old == nil; p.added {
			old = &core.Policy{}
		}
		p.compare(old, new)
		d.add(p)
	}
	for i := range from.policies {
		old := &from.policies[i]
		if after[old.Name] == nil {
			p := policyDiff{name: old.Name, removed: true}
			p.compare(old, &core.Policy{})
			d.add(p)
		}
	}
	d.routes = diffRoutes(from, to)
	return d
}

func (d *Diff) add(p policyDiff) {
	if p.added || p.removed || len(p.originsAdded)+len(p.originsRemoved)+len(p.fields) > 0 {
		d.policies = append(d.policies, p)
	}
}

func byName(policies []core.Policy) map[string]*core.Policy {
	m := make(map[string]*core.Policy, len(policies))
	for i := range policies {
		m[policies[i].Name] = &policies[i]
	}
	return m
}

func (p *policyDiff) compare(old, new *core.Policy) {
	if !slices.Equal(old.AllowOrigins, new.AllowOrigins) {
		p.originsAdded = without(new.AllowOrigins, old.AllowOrigins)
		p.originsRemoved = without(old.AllowOrigins, new.AllowOrigins)
	}
	before, after := fieldValues(old), fieldValues(new)
	for i := range before {
		if before[i].value != after[i].value {
			p.fields = append(p.fields, fieldDiff{before[i].key, before[i].value, after[i].value})
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
