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

// difference is the difference between two configurations.
type difference struct {
	policies []policyDiff // changed and added policies in the new order, then removed ones
	routes   []string     // changes of routes, or of the order of policies; one line each
	without  []string     // changes of files that have no effect; one line each
	shadow   *difference  // of the shadow; nil if there is none
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

// empty reports whether there is no difference.
func (d difference) empty() bool {
	return len(d.policies) == 0 && len(d.routes) == 0 && d.shadow == nil
}

// Bounds of what [difference.String] lists: the origins of a policy, and the policies and
// routes.
const (
	maxDiffOrigins  = 5
	maxDiffPolicies = 20
)

// noChange is the text for two equal configurations.
const noChange = "no change"

// String returns the differences in one line for a log: the policies by name, each
// with its additions (+) and removals (-). It truncates long lists of origins,
// policies and routes and counts the rest. A change in a file that a variable overrides is
// named too.
func (d difference) String() string {
	all := d.changes()
	if d.shadow != nil {
		for _, change := range d.shadow.changes() {
			all = append(all, keyShadow+": "+change)
		}
	}
	if d.empty() {
		all = append(all, noChange)
	}
	return strings.Join(append(all, d.without...), "; ")
}

// changes returns the differences without those of the shadow.
func (d difference) changes() (all []string) {
	for i, p := range d.policies {
		if i == maxDiffPolicies {
			all = append(all, fmt.Sprintf("%d more policies", len(d.policies)-i))
			break
		}
		all = append(all, p.String())
	}
	for i, r := range d.routes {
		if i == maxDiffPolicies {
			all = append(all, fmt.Sprintf("%d more routes", len(d.routes)-i))
			break
		}
		all = append(all, wording.Foreign(r))
	}
	return all
}

func (p policyDiff) String() string {
	changes := append(signed("+", p.originsAdded), signed("-", p.originsRemoved)...)
	for _, f := range p.fields {
		changes = append(changes, fmt.Sprintf("%s: %s -> %s", f.key, shown(f.old), shown(f.new)))
	}
	name := p.name
	switch {
	case p.added:
		name = "+policy " + name
	case p.removed:
		name = "-policy " + name
	}
	return strings.TrimSpace(name + " " + strings.Join(changes, ", "))
}

// signed returns origins with a sign, and the number of those beyond the bound.
func signed(sign string, origins []string) []string {
	var list []string
	for i, o := range origins {
		if i == maxDiffOrigins {
			return append(list, fmt.Sprintf("%s%d more origins", sign, len(origins)-i))
		}
		list = append(list, sign+wording.Name(o))
	}
	return list
}

func shown(s string) string {
	if s == "" {
		return "none"
	}
	return wording.Foreign(s)
}

// Compare returns the change from one configuration to another in one line, like [Result.Diff],
// for programs that replace configurations by other means. A nil Config has no policies.
// Compare does not know which changes a variable overrides.
func Compare(from, to *Config) string {
	return diff(from.state(), to.state()).String()
}

// state returns the policies and routes as a state.
func (c *Config) state() *state {
	s := new(state)
	if c == nil {
		return s
	}
	s.policies, s.routes = c.Policies, c.Routes
	if c.Shadow != nil {
		s.shadow = &part{policies: c.Shadow.Policies, routes: c.Shadow.Routes}
	}
	return s
}

// diff returns the difference from one state to another.
func diff(from, to *state) difference {
	d := diffParts(&from.part, &to.part)
	d.without = diffOverridden(from, to)
	before, after := from.shadow, to.shadow
	if before == nil {
		before = new(part)
	}
	if after == nil {
		after = new(part)
	}
	if shadow := diffParts(before, after); !shadow.empty() {
		d.shadow = &shadow
	}
	return d
}

func diffParts(from, to *part) difference {
	var d difference
	before, after := byName(from.policies), byName(to.policies)
	for i := range to.policies {
		p := policyDiff{name: to.policies[i].Name}
		was := before[p.name]
		if p.added = was == nil; p.added {
			was = &core.Policy{}
		}
		p.compare(was, &to.policies[i])
		if p.added || len(p.originsAdded)+len(p.originsRemoved)+len(p.fields) > 0 {
			d.policies = append(d.policies, p)
		}
	}
	for i := range from.policies {
		p := policyDiff{name: from.policies[i].Name, removed: true}
		if after[p.name] == nil {
			p.compare(&from.policies[i], &core.Policy{})
			d.policies = append(d.policies, p)
		}
	}
	d.routes = diffRoutes(from, to)
	return d
}

func byName(policies []core.Policy) map[string]*core.Policy {
	m := make(map[string]*core.Policy, len(policies))
	for i := range policies {
		m[policies[i].Name] = &policies[i]
	}
	return m
}

func (p *policyDiff) compare(was, is *core.Policy) {
	if !slices.Equal(was.AllowOrigins, is.AllowOrigins) {
		p.originsAdded = without(is.AllowOrigins, was.AllowOrigins)
		p.originsRemoved = without(was.AllowOrigins, is.AllowOrigins)
	}
	before, after := fieldValues(was), fieldValues(is)
	for i := range before {
		if before[i].value != after[i].value {
			p.fields = append(p.fields, fieldDiff{before[i].key, before[i].value, after[i].value})
		}
	}
}

// without returns the entries of list that are not in other, each once.
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
			text = spellDuration(v)
		}
		values = append(values, fieldValue{f.Key, text})
	}
	return values
}

// diffRoutes returns the changes of the routes or, if there are none, of the order
// of the policies.
func diffRoutes(from, to *part) []string {
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

// diffOrder returns a change if the policies on both sides are in another order.
func diffOrder(before, after []string) []string {
	removed, added := without(before, after), without(after, before)
	if slices.Equal(without(before, removed), without(after, added)) {
		return nil
	}
	return []string{"policies in the order " + strings.Join(after, ", ")}
}

func routeLines(p *part) []string {
	var lines []string
	for _, r := range p.routes {
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
