package corsotel_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
	"github.com/corskit/corskit/observe/corsotel"
)

const app = "https://app.example.com"

func policy() core.Policy {
	return core.Policy{Name: "app", AllowOrigins: []string{app}, AllowMethods: []string{"PUT"}}
}

func get(origin ...string) core.Request {
	return core.Request{Method: "GET", Path: "/", Origin: origin}
}

// reader returns a provider and the reader that collects from it.
func reader() (*sdk.MeterProvider, *sdk.ManualReader) {
	r := sdk.NewManualReader()
	return sdk.NewMeterProvider(sdk.WithReader(r)), r
}

// start observes an engine until the test ends.
func start(t *testing.T, engine *core.Engine, opts ...corsotel.Option) {
	t.Helper()
	stop, err := corsotel.Observe(engine, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// collect returns the value of each series of the scope, with unit and attributes.
func collect(t *testing.T, r sdk.Reader) map[string]float64 {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := r.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	series := make(map[string]float64)
	for _, scope := range data.ScopeMetrics {
		if scope.Scope.Name != corsotel.ScopeName {
			t.Errorf("scope %q, want %q", scope.Scope.Name, corsotel.ScopeName)
		}
		for _, m := range scope.Metrics {
			if m.Description == "" {
				t.Errorf("%s has no description", m.Name)
			}
			add := func(set attribute.Set, value float64) {
				series[m.Name+" "+m.Unit+" "+set.Encoded(attribute.DefaultEncoder())] += value
			}
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				if !d.IsMonotonic {
					t.Errorf("%s is not a counter", m.Name)
				}
				points(d.DataPoints, add)
			case metricdata.Gauge[int64]:
				points(d.DataPoints, add)
			case metricdata.Gauge[float64]:
				points(d.DataPoints, add)
			default:
				t.Errorf("%s has data of type %T", m.Name, m.Data)
			}
		}
	}
	return series
}

func points[N int64 | float64](list []metricdata.DataPoint[N], add func(attribute.Set, float64)) {
	for _, p := range list {
		add(p.Attributes, float64(p.Value))
	}
}

// requests returns the name of a series, as collect does, given attributes without "corskit.".
func requests(attributes string) string {
	return "corskit.requests {request} corskit." + strings.ReplaceAll(attributes, ",", ",corskit.")
}

func compare(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %v, want %v", name, got[name], value)
		}
	}
	for name, value := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("unexpected: %s %v", name, value)
		}
	}
}

func TestRequests(t *testing.T) {
	engine, err := core.NewRouted(core.Route{Path: "/api/", Policies: []core.Policy{policy()}})
	if err != nil {
		t.Fatal(err)
	}
	provider, r := reader()
	start(t, engine, corsotel.WithMeterProvider(provider))
	site := httptest.NewServer(corshttp.Middleware(engine)(http.NotFoundHandler()))
	defer site.Close()
	send := func(method, path string, fields map[string]string) {
		request, err := http.NewRequest(method, site.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range fields {
			request.Header.Set(name, value)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	compare(t, collect(t, r), nil)
	send("GET", "/api/x", map[string]string{"Origin": app})
	send("GET", "/api/x", map[string]string{"Origin": app})
	send("GET", "/api/x", map[string]string{"Origin": "https://evil.example.com"})
	send("GET", "/elsewhere", nil)
	send("OPTIONS", "/api/x", map[string]string{"Origin": app, "Access-Control-Request-Method": "PATCH"})
	if err := engine.ShadowRouted(core.Route{Policies: []core.Policy{{}}}); err != nil {
		t.Fatal(err)
	}
	send("GET", "/api/x", map[string]string{"Origin": app})
	compare(t, collect(t, r), map[string]float64{
		requests("code=origin-allowed,kind=actual,policy=app,result=allowed,route=0"):                 2,
		requests("code=origin-not-allowed,kind=actual,result=refused,route=0"):                        1,
		requests("code=no-route,kind=not-cors,result=not-cors"):                                       1,
		requests("code=method-not-allowed,kind=preflight,policy=app,result=refused,route=0"):          1,
		requests("code=origin-allowed,kind=actual,policy=app,result=allowed,route=0,shadow=stricter"): 1,
	})
}

func TestConfig(t *testing.T) {
	var status observe.ConfigStatus
	provider, r := reader()
	start(t, core.MustNew(policy()), corsotel.WithMeterProvider(provider),
		corsotel.WithConfig(func() observe.ConfigStatus { return status }))
	compare(t, collect(t, r), map[string]float64{
		"corskit.config.info  corskit.config.revision=":                 1,
		"corskit.config.reloads {reload} corskit.config.result=success": 0,
		"corskit.config.reloads {reload} corskit.config.result=failure": 0,
		"corskit.config.stale  ":                                        0,
	})
	status = observe.ConfigStatus{
		Revision: "0123456789ab", LastSuccess: time.UnixMilli(1_700_000_000_500), Reloads: 3, Failures: 2, Err: errors.New("a fault"),
	}
	compare(t, collect(t, r), map[string]float64{
		"corskit.config.info  corskit.config.revision=0123456789ab":     1,
		"corskit.config.reloads {reload} corskit.config.result=success": 3,
		"corskit.config.reloads {reload} corskit.config.result=failure": 2,
		"corskit.config.last_success.time s ":                           1_700_000_000.5,
		"corskit.config.stale  ":                                        1,
	})
}

// TestNamesAreUTF8 uses names that are not valid attributes.
func TestNamesAreUTF8(t *testing.T) {
	provider, r := reader()
	a, b := policy(), policy()
	a.Name = "a\xff"
	b.Name, b.AllowOrigins = "b\xfe", []string{"https://b.example.com"}
	engine := core.MustNew(a, b)
	start(t, engine, corsotel.WithMeterProvider(provider),
		corsotel.WithConfig(func() observe.ConfigStatus { return observe.ConfigStatus{Revision: "r\xff"} }))
	engine.Decide(t.Context(), get(app))
	engine.Decide(t.Context(), get(b.AllowOrigins...))
	series := collect(t, r)
	for _, want := range []string{
		requests(`code=origin-allowed,kind=actual,policy="a\\xff",result=allowed`),
		requests(`code=origin-allowed,kind=actual,policy="b\\xfe",result=allowed`),
		`corskit.config.info  corskit.config.revision="r\\xff"`,
	} {
		if series[want] != 1 {
			t.Errorf("no series %s in %v", want, series)
		}
	}
}

// TestDeltas collects twice with a reader that wants differences.
func TestDeltas(t *testing.T) {
	r := sdk.NewManualReader(sdk.WithTemporalitySelector(func(sdk.InstrumentKind) metricdata.Temporality {
		return metricdata.DeltaTemporality
	}))
	engine := core.MustNew(policy())
	start(t, engine, corsotel.WithMeterProvider(sdk.NewMeterProvider(sdk.WithReader(r))))
	for _, n := range []int{3, 2} {
		for range n {
			engine.Decide(t.Context(), get())
		}
		compare(t, collect(t, r), map[string]float64{
			requests("code=no-origin,kind=not-cors,result=not-cors"): float64(n),
		})
	}
}

// TestSeveralEngines observes two engines with one provider, which is the global one.
func TestSeveralEngines(t *testing.T) {
	provider, r := reader()
	before := otel.GetMeterProvider()
	otel.SetMeterProvider(provider)
	defer otel.SetMeterProvider(before)
	for _, name := range []string{"public", "admin"} {
		engine := core.MustNew(policy())
		start(t, engine, corsotel.WithAttributes(attribute.String("engine", name)), corsotel.WithMeterProvider(nil))
		engine.Decide(t.Context(), get())
	}
	compare(t, collect(t, r), map[string]float64{
		requests("code=no-origin,kind=not-cors,result=not-cors") + ",engine=public": 1,
		requests("code=no-origin,kind=not-cors,result=not-cors") + ",engine=admin":  1,
	})
}

// TestHostileOrigins sends ten policies requests from a million origins, each with a path
// and a host of its own.
func TestHostileOrigins(t *testing.T) {
	policies := make([]core.Policy, 10)
	for i := range policies {
		policies[i] = core.Policy{Name: fmt.Sprint("p", i), AllowOrigins: []string{fmt.Sprintf("https://p%d.example", i)}}
	}
	engine := core.MustNew(policies...)
	provider, r := reader()
	start(t, engine, corsotel.WithMeterProvider(provider),
		corsotel.WithConfig(func() observe.ConfigStatus { return observe.ConfigStatus{} }))
	const origins = 1_000_000
	for i := range origins {
		name := fmt.Sprintf("h%d.example", i)
		r := core.Request{Method: "GET", Host: name, Path: "/" + name, Origin: []string{"https://" + name}}
		if i%2 == 0 {
			r.Method, r.AccessControlRequestMethod = "OPTIONS", []string{name}
		}
		if i%1000 == 0 {
			r.Origin[0] = fmt.Sprintf("https://p%d.example", i/1000%10)
		}
		engine.Decide(t.Context(), r)
	}
	series, sum := collect(t, r), 0.0
	for name, value := range series {
		if strings.HasPrefix(name, "corskit.requests ") {
			sum += value
		}
		if strings.Contains(name, ".example") {
			t.Errorf("an attribute contains what a client sent: %s", name)
		}
	}
	if len(series) > 200 || sum != origins {
		t.Errorf("%d series with %v requests, want at most 200 with %d", len(series), sum, origins)
	}
}

// TestProviderFails observes with providers whose views do not fit an instrument.
func TestProviderFails(t *testing.T) {
	for name, aggregation := range map[string]sdk.Aggregation{
		"corskit.requests":                 sdk.AggregationLastValue{},
		"corskit.config.reloads":           sdk.AggregationLastValue{},
		"corskit.config.info":              sdk.AggregationSum{},
		"corskit.config.last_success.time": sdk.AggregationSum{},
		"corskit.config.stale":             sdk.AggregationSum{},
	} {
		engine, r := core.MustNew(policy()), sdk.NewManualReader()
		unfit := sdk.NewView(sdk.Instrument{Name: name}, sdk.Stream{Aggregation: aggregation})
		stop, err := corsotel.Observe(engine, corsotel.WithMeterProvider(sdk.NewMeterProvider(sdk.WithReader(r), sdk.WithView(unfit))),
			corsotel.WithConfig(func() observe.ConfigStatus { return observe.ConfigStatus{} }))
		if err == nil || stop != nil {
			t.Errorf("%s: error %v, and stop is nil: %v; want an error and no stop", name, err, stop == nil)
		}
		engine.Decide(t.Context(), get())
		compare(t, collect(t, r), nil)
	}
}

// TestRace collects while requests are decided, policies are replaced, and others start
// and stop observing.
func TestRace(t *testing.T) {
	engine := core.MustNew(policy())
	provider, r := reader()
	stop, err := corsotel.Observe(engine, corsotel.WithMeterProvider(provider))
	if err != nil {
		t.Fatal(err)
	}
	const rounds = 200
	var wg sync.WaitGroup
	again := func(f func(i int)) {
		wg.Go(func() {
			for i := range rounds {
				f(i)
			}
		})
	}
	for range 2 {
		again(func(int) { engine.Decide(t.Context(), get(app)) })
	}
	again(func(i int) {
		p := policy()
		p.Name = fmt.Sprint("app", i%3)
		if err := engine.Reload(p); err != nil {
			t.Error(err)
		}
		if err := engine.Shadow(p); err != nil {
			t.Error(err)
		}
	})
	again(func(int) { collect(t, r) })
	again(func(int) {
		other, err := corsotel.Observe(engine, corsotel.WithMeterProvider(provider), corsotel.WithAttributes(attribute.Bool("other", true)))
		if err != nil {
			t.Error(err)
			return
		}
		if err := other(); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	sum := 0.0
	for name, value := range collect(t, r) {
		if strings.Contains(name, "other") {
			t.Errorf("still exported after stop: %s", name)
		}
		sum += value
	}
	if sum != 2*rounds {
		t.Errorf("counted %v requests, want %d", sum, 2*rounds)
	}
	for range 2 {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
	compare(t, collect(t, r), nil)
}
