package corsotel

import (
	"context"
	"strconv"
	"unicode/utf8"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

// ScopeName is the name of the instrumentation scope.
const ScopeName = "github.com/corskit/corskit/observe/corsotel"

// Option configures [Observe].
type Option func(*options)

type options struct {
	provider   metric.MeterProvider
	config     func() observe.ConfigStatus
	attributes []attribute.KeyValue
}

// WithMeterProvider sets the provider of the meter. Without this option, or if provider
// is nil, the meter comes from [otel.GetMeterProvider].
func WithMeterProvider(provider metric.MeterProvider) Option {
	return func(o *options) { o.provider = provider }
}

// WithConfig adds the metrics of a configuration. Each collection calls status, which must
// be safe for concurrent use. If status is nil, WithConfig does nothing.
func WithConfig(status func() observe.ConfigStatus) Option {
	return func(o *options) { o.config = status }
}

// WithAttributes adds attributes to every series. Use it to distinguish engines if a
// program observes several with one provider.
func WithAttributes(attributes ...attribute.KeyValue) Option {
	return func(o *options) { o.attributes = append(o.attributes, attributes...) }
}

// Observe counts the decisions of an engine from now on. The counts continue if the
// engine's policies are replaced. If engine is nil, there is nothing to count.
//
// The function stop ends the counting and removes the series. It may be called more than
// once, and concurrently. It does not export: to keep the last counts, flush the provider
// before you call stop. Observe and stop return the errors of the provider. If Observe
// returns one, it has changed nothing, and stop is nil.
func Observe(engine *core.Engine, opts ...Option) (stop func() error, err error) {
	var o options
	for _, option := range opts {
		option(&o)
	}
	if o.provider == nil {
		o.provider = otel.GetMeterProvider()
	}
	in, err := newInstruments(o.provider.Meter(ScopeName), o.config != nil)
	if err != nil {
		return nil, err
	}
	counters := observe.NewCounters()
	registration, err := in.meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		in.requestsTo(to, counters, o.attributes)
		if o.config != nil {
			in.configTo(to, o.config(), o.attributes)
		}
		return nil
	}, in.all...)
	if err != nil {
		return nil, err
	}
	end := engine.Observe(counters)
	return func() error {
		end()
		return registration.Unregister()
	}, nil
}

// instruments are the metrics.
type instruments struct {
	meter       metric.Meter
	all         []metric.Observable
	requests    metric.Int64ObservableCounter
	reloads     metric.Int64ObservableCounter
	info, stale metric.Int64ObservableGauge
	lastSuccess metric.Float64ObservableGauge
}

func newInstruments(m metric.Meter, config bool) (*instruments, error) {
	in := &instruments{meter: m}
	var err error
	if in.requests, err = m.Int64ObservableCounter("corskit.requests", metric.WithUnit("{request}"),
		metric.WithDescription("Decisions on requests.")); err != nil {
		return nil, err
	}
	in.all = append(in.all, in.requests)
	if !config {
		return in, nil
	}
	if in.reloads, err = m.Int64ObservableCounter("corskit.config.reloads", metric.WithUnit("{reload}"),
		metric.WithDescription("Reloads of the configuration since the start.")); err != nil {
		return nil, err
	}
	if in.info, err = m.Int64ObservableGauge("corskit.config.info",
		metric.WithDescription("Always 1; the attribute is the revision of the configuration in force.")); err != nil {
		return nil, err
	}
	if in.lastSuccess, err = m.Float64ObservableGauge("corskit.config.last_success.time", metric.WithUnit("s"),
		metric.WithDescription("When the configuration was last read without a fault, as Unix time.")); err != nil {
		return nil, err
	}
	if in.stale, err = m.Int64ObservableGauge("corskit.config.stale", metric.WithDescription("1 if the configuration in force "+
		"may not be the current one, because the current one has a fault or cannot be watched; otherwise 0.")); err != nil {
		return nil, err
	}
	in.all = append(in.all, in.reloads, in.info, in.lastSuccess, in.stale)
	return in, nil
}

func (in *instruments) requestsTo(to metric.Observer, counters *observe.Counters, more []attribute.KeyValue) {
	for _, n := range counters.Snapshot() {
		attributes := append(class(&n.Class), more...)
		to.ObserveInt64(in.requests, int64(n.N), metric.WithAttributes(attributes...))
	}
}

// class returns the attributes of a class.
func class(c *core.Class) []attribute.KeyValue {
	attributes := []attribute.KeyValue{
		attribute.String("corskit.kind", c.Kind.String()),
		attribute.String("corskit.result", string(c.Result)),
		attribute.String("corskit.code", string(c.Code)),
	}
	if c.Policy != "" {
		attributes = append(attributes, attribute.String("corskit.policy", valid(c.Policy)))
	}
	if c.Route >= 0 {
		attributes = append(attributes, attribute.Int("corskit.route", c.Route))
	}
	if c.Shadow != "" {
		attributes = append(attributes, attribute.String("corskit.shadow", string(c.Shadow)))
	}
	return attributes
}

// valid returns a name that can be an attribute. Attributes must be UTF-8: protobuf
// refuses a batch with any other. Different names stay different.
func valid(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	return strconv.QuoteToASCII(name)
}

func (in *instruments) configTo(to metric.Observer, s observe.ConfigStatus, more []attribute.KeyValue) {
	with := func(attributes ...attribute.KeyValue) metric.ObserveOption {
		return metric.WithAttributes(append(attributes, more...)...)
	}
	const result = attribute.Key("corskit.config.result")
	to.ObserveInt64(in.reloads, int64(s.Reloads), with(result.String("success")))
	to.ObserveInt64(in.reloads, int64(s.Failures), with(result.String("failure")))
	to.ObserveInt64(in.info, 1, with(attribute.String("corskit.config.revision", valid(s.Revision))))
	if !s.LastSuccess.IsZero() {
		to.ObserveFloat64(in.lastSuccess, float64(s.LastSuccess.UnixMilli())/1e3, with())
	}
	var stale int64
	if s.Err != nil {
		stale = 1
	}
	to.ObserveInt64(in.stale, stale, with())
}
