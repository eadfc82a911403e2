package corsprom

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

// Option configures a [Collector].
type Option func(*Collector)

// WithConfig adds the metrics of a configuration. Each scrape calls status, which must be
// safe for concurrent use. If status is nil, WithConfig does nothing.
func WithConfig(status func() observe.ConfigStatus) Option {
	return func(c *Collector) { c.config = status }
}

// Collector is a [prometheus.Collector] of an engine's decisions. It is safe for
// concurrent use.
type Collector struct {
	counters *observe.Counters
	stop     func()
	began    time.Time
	config   func() observe.ConfigStatus // nil if there are no metrics of a configuration
}

// NewCollector returns a Collector that counts the decisions of an engine from now on.
// The caller must register it. The counts continue if the engine's policies are replaced.
// If engine is nil, there is nothing to count.
func NewCollector(engine *core.Engine, opts ...Option) *Collector {
	c := &Collector{counters: observe.NewCounters(), began: time.Now()}
	for _, o := range opts {
		o(c)
	}
	c.stop = engine.Observe(c.counters)
	return c
}

// Close ends the counting. Until the Collector is unregistered, scrapes get the last
// counts. Close may be called more than once; it always returns nil.
func (c *Collector) Close() error {
	c.stop()
	return nil
}

// The metrics.
var (
	requests = prometheus.NewDesc("corskit_requests_total",
		"Decisions on requests, by kind of request, result, cause, governing policy, route, and difference of the shadow policies.",
		[]string{"kind", "result", "code", "policy", "route", "shadow"}, nil)
	reloads = prometheus.NewDesc("corskit_config_reloads_total",
		"Reloads of the configuration since the start, by result: success or failure.", []string{"result"}, nil)
	info = prometheus.NewDesc("corskit_config_info",
		"Always 1; the label is the revision of the configuration in force.", []string{"revision"}, nil)
	lastSuccess = prometheus.NewDesc("corskit_config_last_success_timestamp_seconds",
		"When the configuration was last read without a fault, as Unix time.", nil, nil)
	stale = prometheus.NewDesc("corskit_config_stale",
		"1 if the configuration in force may not be the current one, because "+
			"the current one has a fault or cannot be watched; otherwise 0.", nil, nil)
)

// Describe implements [prometheus.Collector].
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- requests
	if c.config == nil {
		return
	}
	for _, d := range []*prometheus.Desc{reloads, info, lastSuccess, stale} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	for _, n := range c.counters.Snapshot() {
		c.count(ch, requests, n.N, n.Kind.String(), string(n.Result), string(n.Code), valid(n.Policy), route(n.Route), string(n.Shadow))
	}
	if c.config == nil {
		return
	}
	s := c.config()
	c.count(ch, reloads, s.Reloads, "success")
	c.count(ch, reloads, s.Failures, "failure")
	gauge(ch, info, 1, valid(s.Revision))
	if !s.LastSuccess.IsZero() {
		gauge(ch, lastSuccess, float64(s.LastSuccess.UnixMilli())/1e3)
	}
	value := 0.0
	if s.Err != nil {
		value = 1
	}
	gauge(ch, stale, value)
}

// count sends a counter that began at 0 with the Collector. If Prometheus ingests created
// timestamps, it sees the increase to the first value.
func (c *Collector) count(ch chan<- prometheus.Metric, d *prometheus.Desc, n uint64, labels ...string) {
	m, err := prometheus.NewConstMetricWithCreatedTimestamp(d, prometheus.CounterValue, float64(n), c.began, labels...)
	send(ch, d, m, err)
}

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, value float64, labels ...string) {
	m, err := prometheus.NewConstMetric(d, prometheus.GaugeValue, value, labels...)
	send(ch, d, m, err)
}

// send sends a metric or the error, which fails the scrape.
func send(ch chan<- prometheus.Metric, d *prometheus.Desc, m prometheus.Metric, err error) {
	if err != nil {
		m = prometheus.NewInvalidMetric(d, err)
	}
	ch <- m
}

// valid returns a name that can be a label. Different names stay different, because two
// series with equal labels fail the scrape.
func valid(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	return strconv.QuoteToASCII(name)
}

// route returns the label of a route.
func route(index int) string {
	if index < 0 {
		return ""
	}
	return strconv.Itoa(index)
}
