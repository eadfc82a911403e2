package corsotel_test

import (
	"context"
	"fmt"
	"log"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe/corsotel"
)

func ExampleObserve() {
	engine := core.MustNew(core.Policy{Name: "app", AllowOrigins: []string{"https://app.example.com"}})
	reader := metric.NewManualReader() // in production, a reader with an exporter
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	stop, err := corsotel.Observe(engine, corsotel.WithMeterProvider(provider))
	if err != nil {
		log.Fatal(err)
	}
	defer stop()

	ctx := context.Background()
	engine.Decide(ctx, core.Request{Method: "GET", Origin: []string{"https://app.example.com"}})

	var data metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &data); err != nil {
		log.Fatal(err)
	}
	requests := data.ScopeMetrics[0].Metrics[0]
	fmt.Println(requests.Name, requests.Unit)
	for _, p := range requests.Data.(metricdata.Sum[int64]).DataPoints {
		policy, _ := p.Attributes.Value("corskit.policy")
		fmt.Println(policy.AsString(), p.Value)
	}
	// Output:
	// corskit.requests {request}
	// app 1
}
