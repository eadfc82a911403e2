package observe

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/util/teststorage"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
	"github.com/corskit/corskit/observe/corsprom"
)

var promQL = parser.NewParser(parser.Options{})

// dashboard is what the tests need of grafana.json.
type dashboard struct {
	Title      string
	Templating struct {
		List []struct {
			Name  string
			Query any
		}
	}
	Panels []struct {
		ID          int
		Title, Type string
		Targets     []struct{ Expr string }
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	text, err := os.ReadFile("grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// queries returns the queries of the dashboard by the title of their panel, with Grafana's
// variables replaced.
func queries(t *testing.T) map[string]string {
	all := make(map[string]string)
	d := readDashboard(t)
	ids := make(map[int]bool)
	for _, p := range d.Panels {
		if p.Title == "" || ids[p.ID] {
			t.Errorf("panel %d %q has no title, or the number of another", p.ID, p.Title)
		}
		ids[p.ID] = true
		if (p.Type == "row") == (len(p.Targets) == 1) {
			t.Errorf("%s has %d queries", p.Title, len(p.Targets))
		}
		for _, target := range p.Targets {
			q := strings.NewReplacer("$job", ".*", "$__rate_interval", "5m", "$__range", "1h").Replace(target.Expr)
			if strings.Contains(q, "$") {
				t.Errorf("%s: unknown variable in %s", p.Title, target.Expr)
			}
			all[p.Title] = q
		}
	}
	if len(all) < 10 {
		t.Fatalf("found %d queries", len(all))
	}
	for _, v := range d.Templating.List {
		if v.Name == "job" && fmt.Sprint(v.Query) != "map[query:label_values(corskit_requests_total, job) refId:job]" {
			t.Errorf("the query of the variable job is %v", v.Query)
		}
	}
	return all
}

// alerts returns the rules of alerts.yml.
func alerts(t *testing.T) (rules []rulefmt.Rule) {
	t.Helper()
	groups, errs := rulefmt.ParseFile("alerts.yml", false, model.UTF8Validation, promQL, slog.Default())
	for _, err := range errs {
		t.Error(err)
	}
	if groups == nil {
		t.FailNow()
	}
	for _, g := range groups.Groups {
		rules = append(rules, g.Rules...)
	}
	return rules
}

// TestQueriesUseExistingNames checks every query against what the collector exports.
func TestQueriesUseExistingNames(t *testing.T) {
	known := make(map[string][]string) // labels by metric
	for _, f := range exported(t) {
		known[f.GetName()] = append(labelNames(f), "job", "instance") // Prometheus adds these
	}
	used := make(map[string]bool)
	check := func(where, query string) {
		expr, err := promQL.ParseExpr(query)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			return
		}
		names := usedNames(t, where, expr, known)
		for name := range names {
			used[name] = true
		}
		parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
			if a, ok := node.(*parser.AggregateExpr); ok {
				checkGrouping(t, where, a, known)
			}
			return nil
		})
	}
	for title, query := range queries(t) {
		check(title, query)
	}
	for name := range known {
		if !used[name] {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
	for _, rule := range alerts(t) {
		check(rule.Alert, rule.Expr)
		for _, a := range []string{"summary", "description"} {
			if rule.Annotations[a] == "" {
				t.Errorf("%s has no %s", rule.Alert, a)
			}
		}
	}
}

// usedNames returns the metrics that an expression selects, and reports labels that they do
// not have, and values that their labels do not have.
func usedNames(t *testing.T, where string, expr parser.Node, known map[string][]string) map[string]bool {
	names := make(map[string]bool)
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		v, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		names[v.Name] = true
		if known[v.Name] == nil {
			t.Errorf("%s: no metric %q", where, v.Name)
		}
		for _, m := range v.LabelMatchers {
			if m.Name == model.MetricNameLabel {
				continue
			}
			if !slices.Contains(known[v.Name], m.Name) {
				t.Errorf("%s: %s has no label %s", where, v.Name, m.Name)
			}
			checkMatcher(t, where, m)
		}
		return nil
	})
	return names
}

// checkMatcher reports a matcher with a value, or with an alternative of an expression, that
// the label never has.
func checkMatcher(t *testing.T, where string, m *labels.Matcher) {
	list := values[m.Name]
	if list == nil {
		return
	}
	for _, part := range strings.Split(m.Value, "|") {
		if strings.Contains(m.Value, "(") {
			part = m.Value
		}
		positive := labels.MustNewMatcher(labels.MatchRegexp, m.Name, part)
		if !slices.ContainsFunc(list, positive.Matches) {
			t.Errorf("%s: %s never has a value %q", where, m.Name, part)
		}
	}
}

// checkGrouping reports labels that what is aggregated does not have.
func checkGrouping(t *testing.T, where string, a *parser.AggregateExpr, known map[string][]string) {
	for name := range usedNames(t, where, a.Expr, known) {
		for _, label := range a.Grouping {
			if !slices.Contains(known[name], label) {
				t.Errorf("%s: grouped by %s, which %s does not have", where, label, name)
			}
		}
	}
}

// instance is a process that Prometheus scrapes.
type instance struct {
	name      string
	engine    *core.Engine
	collector *corsprom.Collector
}

func newInstance(t *testing.T, name string, status observe.ConfigStatus) instance {
	engine := newEngine(t)
	in := instance{name, engine, corsprom.NewCollector(engine,
		corsprom.WithConfig(func() observe.ConfigStatus { return status }))}
	t.Cleanup(func() { in.collector.Close() })
	return in
}

// scrapes is how often, and every how long, instances are scraped.
const (
	scrapes = 120
	every   = 15 * time.Second
)

// storage returns what Prometheus knows after it has scraped the instances for half an hour
// of its own time. Before each scrape, they serve requests.
func storage(t *testing.T, serve func(*core.Engine), instances ...instance) *teststorage.TestStorage {
	t.Helper()
	s := teststorage.New(t)
	for i := range scrapes {
		to := s.Appender(t.Context())
		for _, in := range instances {
			serve(in.engine)
			for _, f := range gather(t, in.collector) {
				for _, m := range f.GetMetric() {
					b := labels.NewBuilder(labels.FromStrings("job", "api", "instance", in.name, model.MetricNameLabel, f.GetName()))
					for _, l := range m.GetLabel() {
						b.Set(l.GetName(), l.GetValue())
					}
					value := m.GetCounter().GetValue() + m.GetGauge().GetValue()
					if _, err := to.Append(0, b.Labels(), at(i).UnixMilli(), value); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if err := to.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// at returns the time of a scrape.
func at(i int) time.Time { return time.Unix(1_700_000_000, 0).Add(time.Duration(i) * every) }

// evaluate returns the values of a query after the last scrape.
func evaluate(t *testing.T, s *teststorage.TestStorage, query string) (list []float64) {
	t.Helper()
	q, err := promqltest.NewTestEngine(t, false, 0, 1e6).NewInstantQuery(context.Background(), s, nil, query, at(scrapes-1))
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	vector, err := q.Exec(context.Background()).Vector()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	for _, sample := range vector {
		if !math.IsNaN(sample.F) {
			list = append(list, sample.F)
		}
	}
	return list
}

// TestQueriesFindTrouble lets Prometheus scrape instances in trouble. Every panel then shows
// something, and every alert fires.
func TestQueriesFindTrouble(t *testing.T) {
	other := broken()
	other.Revision = "ba9876543210"
	s := storage(t, func(e *core.Engine) {
		for range 2 {
			ask(t, e)
		}
	}, newInstance(t, "a", broken()), newInstance(t, "b", other))
	for title, query := range queries(t) {
		if len(evaluate(t, s, query)) == 0 {
			t.Errorf("%s shows nothing: %s", title, query)
		}
	}
	for _, rule := range alerts(t) {
		if len(evaluate(t, s, rule.Expr)) == 0 {
			t.Errorf("%s does not fire: %s", rule.Alert, rule.Expr)
		}
	}
}

// TestAlertsAreQuiet lets Prometheus scrape instances that are well: now and then an origin
// is refused.
func TestAlertsAreQuiet(t *testing.T) {
	good := observe.ConfigStatus{Revision: "0123456789ab", LastSuccess: at(0), Reloads: 2}
	i := 0
	s := storage(t, func(e *core.Engine) {
		if err := e.ShadowRouted(core.Route{Policies: []core.Policy{{AllowOrigins: []string{app, evil}}}}); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			i++
			r := core.Request{Method: "GET", Path: "/", Origin: []string{app}}
			if i%10 == 0 {
				r.Origin = []string{evil}
			}
			e.Decide(context.Background(), r)
		}
	}, newInstance(t, "a", good), newInstance(t, "b", good))
	for _, rule := range alerts(t) {
		if got := evaluate(t, s, rule.Expr); len(got) > 0 {
			t.Errorf("%s fires: %v", rule.Alert, got)
		}
	}
}
