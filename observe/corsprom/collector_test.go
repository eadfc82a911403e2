package corsprom_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
	"github.com/corskit/corskit/observe/corsprom"
)

const app = "https://app.example.com"

func policy() core.Policy {
	return core.Policy{Name: "app", AllowOrigins: []string{app}, AllowMethods: []string{"PUT"}}
}

// send sends a request and returns when it has been answered.
func send(t *testing.T, method, url string, fields ...string) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Add(fields[i], fields[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}

// serve returns the URL of a server for a handler.
func serve(t *testing.T, h http.Handler) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// scrape gets metrics over HTTP and returns the value of each series, with its labels in
// order and without empty ones.
func scrape(t *testing.T, url string) map[string]float64 {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("scrape: %s", response.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	series := make(map[string]float64)
	for name, family := range families {
		for _, m := range family.GetMetric() {
			series[name+labels(m)] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return series
}

func labels(m *dto.Metric) string {
	var list []string
	for _, l := range m.GetLabel() {
		if l.GetValue() != "" {
			list = append(list, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
		}
	}
	return "{" + strings.Join(list, ",") + "}"
}

func metrics(t *testing.T, collectors ...prometheus.Collector) (url string, registry *prometheus.Registry) {
	registry = prometheus.NewPedanticRegistry()
	registry.MustRegister(collectors...)
	return serve(t, promhttp.HandlerFor(registry, promhttp.HandlerOpts{})), registry
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

func TestScrape(t *testing.T) {
	engine, err := core.NewRouted(
		core.Route{Path: "/api/", Policies: []core.Policy{policy()}},
		core.Route{Path: "/admin/", Policies: []core.Policy{{Name: "admin", AllowOrigins: []string{app}, RejectDisallowed: true}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	collector := corsprom.NewCollector(engine)
	defer collector.Close()
	site := serve(t, corshttp.Middleware(engine)(http.NotFoundHandler()))
	url, registry := metrics(t, collector)

	compare(t, scrape(t, url), nil)
	send(t, "GET", site+"/api/x", "Origin", app)
	send(t, "GET", site+"/api/x", "Origin", app)
	send(t, "GET", site+"/api/x", "Origin", "https://evil.example.com")
	send(t, "GET", site+"/admin/x", "Origin", "https://evil.example.com")
	send(t, "GET", site+"/elsewhere")
	send(t, "OPTIONS", site+"/api/x", "Origin", app, "Access-Control-Request-Method", "PUT")
	send(t, "OPTIONS", site+"/api/x", "Origin", app, "Access-Control-Request-Method", "PATCH")
	if err := engine.ShadowRouted(core.Route{Policies: []core.Policy{{}}}); err != nil {
		t.Fatal(err)
	}
	send(t, "GET", site+"/api/x", "Origin", app)
	compare(t, scrape(t, url), map[string]float64{
		`corskit_requests_total{code="origin-allowed",kind="actual",policy="app",result="allowed",route="0"}`:                   2,
		`corskit_requests_total{code="origin-not-allowed",kind="actual",result="refused",route="0"}`:                            1,
		`corskit_requests_total{code="origin-not-allowed",kind="actual",result="rejected",route="1"}`:                           1,
		`corskit_requests_total{code="no-route",kind="not-cors",result="not-cors"}`:                                             1,
		`corskit_requests_total{code="origin-allowed",kind="preflight",policy="app",result="allowed",route="0"}`:                1,
		`corskit_requests_total{code="method-not-allowed",kind="preflight",policy="app",result="refused",route="0"}`:            1,
		`corskit_requests_total{code="origin-allowed",kind="actual",policy="app",result="allowed",route="0",shadow="stricter"}`: 1,
	})
	lint(t, registry)
}

// lint reports what Prometheus' linter finds.
func lint(t *testing.T, g prometheus.Gatherer) {
	t.Helper()
	problems, err := testutil.GatherAndLint(g)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestConfig(t *testing.T) {
	var status observe.ConfigStatus
	collector := corsprom.NewCollector(core.MustNew(policy()), corsprom.WithConfig(func() observe.ConfigStatus { return status }))
	defer collector.Close()
	url, registry := metrics(t, collector)
	compare(t, scrape(t, url), map[string]float64{
		`corskit_config_info{}`:                          1,
		`corskit_config_reloads_total{result="success"}`: 0,
		`corskit_config_reloads_total{result="failure"}`: 0,
		`corskit_config_stale{}`:                         0,
	})
	status = observe.ConfigStatus{
		Revision: "0123456789ab", LastSuccess: time.UnixMilli(1_700_000_000_500), Reloads: 3, Failures: 2, Err: errors.New("a fault"),
	}
	compare(t, scrape(t, url), map[string]float64{
		`corskit_config_info{revision="0123456789ab"}`:    1,
		`corskit_config_reloads_total{result="success"}`:  3,
		`corskit_config_reloads_total{result="failure"}`:  2,
		`corskit_config_last_success_timestamp_seconds{}`: 1_700_000_000.5,
		`corskit_config_stale{}`:                          1,
	})
	lint(t, registry)
}

// TestStrangeNames exports names that are not valid in Prometheus. One of them must not
// fail the scrape.
func TestStrangeNames(t *testing.T) {
	bad, quote := policy(), core.Policy{Name: "a\"b\n", AllowOrigins: []string{"https://quote.example"}}
	bad.Name = "a\xff"
	engine := core.MustNew(bad, quote)
	collector := corsprom.NewCollector(engine)
	defer collector.Close()
	url, _ := metrics(t, collector)
	for _, origin := range []string{app, "https://quote.example"} {
		engine.Decide(t.Context(), core.Request{Method: "GET", Origin: []string{origin}})
	}
	compare(t, scrape(t, url), map[string]float64{
		`corskit_requests_total{code="origin-allowed",kind="actual",policy="\"a\\xff\"",result="allowed"}`: 1,
		`corskit_requests_total{code="origin-allowed",kind="actual",policy="a\"b\n",result="allowed"}`:     1,
	})
}

// TestSeveralEngines registers two collectors, as the package documentation says.
func TestSeveralEngines(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	for _, name := range []string{"public", "admin"} {
		engine := core.MustNew(policy())
		collector := corsprom.NewCollector(engine)
		defer collector.Close()
		prometheus.WrapRegistererWith(prometheus.Labels{"engine": name}, registry).MustRegister(collector)
		engine.Decide(t.Context(), core.Request{Method: "GET"})
	}
	url := serve(t, promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	compare(t, scrape(t, url), map[string]float64{
		`corskit_requests_total{code="no-origin",engine="public",kind="not-cors",result="not-cors"}`: 1,
		`corskit_requests_total{code="no-origin",engine="admin",kind="not-cors",result="not-cors"}`:  1,
	})
}

// TestHostileOrigins sends ten policies requests from a million origins, each with a path
// and a host of its own.
func TestHostileOrigins(t *testing.T) {
	policies := make([]core.Policy, 10)
	for i := range policies {
		policies[i] = policy()
		policies[i].Name, policies[i].AllowOrigins = fmt.Sprint("p", i), []string{fmt.Sprintf("https://p%d.example", i)}
	}
	engine := core.MustNew(policies...)
	if err := engine.Shadow(policies[:5]...); err != nil {
		t.Fatal(err)
	}
	collector := corsprom.NewCollector(engine, corsprom.WithConfig(func() observe.ConfigStatus { return observe.ConfigStatus{} }))
	defer collector.Close()
	url, _ := metrics(t, collector)
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
	series := scrape(t, url)
	sum := 0.0
	for name, value := range series {
		if strings.HasPrefix(name, "corskit_requests_total{") {
			sum += value
		}
		if strings.Contains(name, ".example") {
			t.Errorf("a label contains what a client sent: %s", name)
		}
	}
	if len(series) > 200 || sum != origins {
		t.Errorf("%d series with %v requests, want at most 200 with %d", len(series), sum, origins)
	}
}

// TestRace scrapes while requests are decided, policies are replaced, and collectors come
// and go.
func TestRace(t *testing.T) {
	engine := core.MustNew(policy())
	first := corsprom.NewCollector(engine)
	url, _ := metrics(t, first)
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
		again(func(i int) {
			engine.Decide(t.Context(), core.Request{Method: "GET", Origin: []string{app}})
		})
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
	again(func(int) { scrape(t, url) })
	again(func(int) { corsprom.NewCollector(engine).Close() })
	wg.Wait()
	sum := func() (n float64) {
		for _, value := range scrape(t, url) {
			n += value
		}
		return n
	}
	if got := sum(); got != 2*rounds {
		t.Errorf("counted %v requests, want %d", got, 2*rounds)
	}
	first.Close()
	first.Close()
	engine.Decide(t.Context(), core.Request{Method: "GET", Origin: []string{app}})
	if got := sum(); got != 2*rounds {
		t.Errorf("counted %v requests after Close, want %d", got, 2*rounds)
	}
}
