package observe

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
	"github.com/corskit/corskit/observe/corsotel"
	"github.com/corskit/corskit/observe/corsprom"
)

var update = flag.Bool("update", false, "write the table of metrics in docs/observe.md")

const page = "../observe.md"

// values are the closed lists of the values of labels. Other labels have names and numbers
// of the configuration.
var values = map[string][]string{
	"kind":   {core.NotCORS.String(), core.Actual.String(), core.Preflight.String()},
	"result": {"not-cors", "allowed", "refused", "rejected", "success", "failure"},
	"shadow": {"same", "stricter", "looser"},
	"code": texts(core.CodeNoRoute, core.CodePathAmbiguous, core.CodeNoOrigin, core.CodeAnyOrigin, core.CodeOriginAllowed,
		core.CodeOriginFunc, core.CodeOriginNotAllowed, core.CodeOriginRepeated, core.CodeSameOrigin, core.CodeMethodNotEchoed,
		core.CodeHeadersNotEchoed, core.CodeMethodNotAllowed, core.CodeHeaderNotAllowed),
}

func texts[S ~string](list ...S) (t []string) {
	for _, s := range list {
		t = append(t, string(s))
	}
	return t
}

// ask makes an engine decide requests of every result, with a stricter shadow.
func ask(t *testing.T, engine *core.Engine) {
	t.Helper()
	if err := engine.ShadowRouted(core.Route{Policies: []core.Policy{{Name: "nobody"}}}); err != nil {
		t.Fatal(err)
	}
	for _, r := range []core.Request{
		{Method: "GET"},
		{Method: "GET", Origin: []string{app}},
		{Method: "GET", Origin: []string{evil}},
		{Method: "GET", Path: "/admin/", Origin: []string{evil}},
		{Method: "OPTIONS", Origin: []string{app}, AccessControlRequestMethod: []string{"PATCH"}},
	} {
		if r.Path == "" {
			r.Path = "/"
		}
		engine.Decide(context.Background(), r)
	}
}

const (
	app  = "https://app.example.com"
	evil = "https://evil.example.com"
)

func newEngine(t *testing.T) *core.Engine {
	t.Helper()
	engine, err := core.NewRouted(
		core.Route{Path: "/admin/", Policies: []core.Policy{{Name: "admin", AllowOrigins: []string{app}, RejectDisallowed: true}}},
		core.Route{Policies: []core.Policy{{Name: "app", AllowOrigins: []string{app}}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

func broken() observe.ConfigStatus {
	return observe.ConfigStatus{Revision: "0123456789ab", LastSuccess: time.Unix(1, 0), Failures: 1, Err: errors.New("a fault")}
}

// gather returns what a collector exports about an engine.
func gather(t *testing.T, collector prometheus.Collector) []*dto.MetricFamily {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// exported returns the families of metrics that corsprom exports, all of them.
func exported(t *testing.T) []*dto.MetricFamily {
	engine := newEngine(t)
	collector := corsprom.NewCollector(engine, corsprom.WithConfig(broken))
	t.Cleanup(func() { collector.Close() })
	ask(t, engine)
	families := gather(t, collector)
	described := make(chan *prometheus.Desc, 100)
	collector.Describe(described)
	if len(described) != len(families) {
		t.Errorf("%d metrics are described and %d are exported", len(described), len(families))
	}
	return families
}

// labelNames returns the names of the labels of a family, in order.
func labelNames(f *dto.MetricFamily) (names []string) {
	for _, l := range f.GetMetric()[0].GetLabel() {
		names = append(names, l.GetName())
	}
	return names
}

// instrument is a metric of corsotel.
type instrument struct {
	unit       string
	attributes []string // in order
}

// instruments returns the metrics that corsotel exports, by name.
func instruments(t *testing.T) map[string]instrument {
	engine, reader := newEngine(t), sdk.NewManualReader()
	stop, err := corsotel.Observe(engine, corsotel.WithConfig(broken),
		corsotel.WithMeterProvider(sdk.NewMeterProvider(sdk.WithReader(reader))))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	ask(t, engine)
	var data metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]instrument)
	for _, m := range data.ScopeMetrics[0].Metrics {
		in := instrument{unit: m.Unit}
		switch d := m.Data.(type) {
		case metricdata.Sum[int64]:
			in.attributes = attributes(d.DataPoints)
		case metricdata.Gauge[int64]:
			in.attributes = attributes(d.DataPoints)
		case metricdata.Gauge[float64]:
			in.attributes = attributes(d.DataPoints)
		}
		all[m.Name] = in
	}
	return all
}

func attributes[N int64 | float64](points []metricdata.DataPoint[N]) (names []string) {
	for _, p := range points {
		for _, a := range p.Attributes.ToSlice() {
			if !slices.Contains(names, string(a.Key)) {
				names = append(names, string(a.Key))
			}
		}
	}
	slices.Sort(names)
	return names
}

// TestMetricsTable checks the table of metrics in docs/observe.md, and that OpenTelemetry's
// and Prometheus' names are the same but for the spelling.
func TestMetricsTable(t *testing.T) {
	const head = "| Prometheus | OpenTelemetry | kind, unit | meaning |\n"
	var table strings.Builder
	table.WriteString(head + "|---|---|---|---|\n")
	all := instruments(t)
	families := exported(t)
	for _, f := range families {
		name, labels := spelled(f.GetName()), labelNames(f)
		in, ok := all[name]
		if !ok {
			t.Errorf("%s: OpenTelemetry has no %s", f.GetName(), name)
		}
		var same []string
		for _, a := range in.attributes {
			same = append(same, a[strings.LastIndex(a, ".")+1:])
		}
		if !slices.Equal(same, labels) {
			t.Errorf("%s has the labels %q and OpenTelemetry the attributes %q", f.GetName(), labels, in.attributes)
		}
		kind := strings.ToLower(f.GetType().String())
		if in.unit != "" {
			kind += ", `" + in.unit + "`"
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", withLabels(f.GetName(), labels), withLabels(name, in.attributes), kind, f.GetHelp())
	}
	if len(all) != len(families) {
		t.Errorf("OpenTelemetry has %d metrics, Prometheus %d", len(all), len(families))
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), head)
	if !found {
		t.Fatalf("%s has no table of metrics", page)
	}
	if strings.HasPrefix(head+rest, table.String()+"\n") {
		return
	}
	if !*update {
		t.Fatalf("the table of metrics in %s is out of date; run go test . -update", page)
	}
	_, after, _ := strings.Cut(rest, "\n\n")
	if err := os.WriteFile(page, []byte(before+table.String()+"\n"+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// spelled returns OpenTelemetry's name of a metric of Prometheus.
func spelled(name string) string {
	if name == "corskit_config_last_success_timestamp_seconds" {
		return "corskit.config.last_success.time"
	}
	return strings.ReplaceAll(strings.TrimSuffix(name, "_total"), "_", ".")
}

func withLabels(name string, labels []string) string {
	if len(labels) == 0 {
		return "`" + name + "`"
	}
	return "`" + name + "` with `" + strings.Join(labels, "`, `") + "`"
}

// TestValuesArePublished checks that docs/observe.md has every value of the labels.
func TestValuesArePublished(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for label, list := range values {
		for _, v := range append(list, label) {
			if !strings.Contains(string(text), "`"+v+"`") {
				t.Errorf("%s does not have %s, a value of %s", page, v, label)
			}
		}
	}
	for _, f := range exported(t) {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if known := values[l.GetName()]; known != nil && l.GetValue() != "" && !slices.Contains(known, l.GetValue()) {
					t.Errorf("%s=%q is not in the list", l.GetName(), l.GetValue())
				}
			}
		}
	}
}
