package corsprom_test

import (
	"log"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe/corsprom"
)

func Example() {
	engine, err := core.New(core.Policy{AllowOrigins: []string{"https://app.example.com"}})
	if err != nil {
		log.Fatal(err)
	}
	collector := corsprom.NewCollector(engine)
	defer collector.Close()
	prometheus.MustRegister(collector)

	// The metrics are for operators, so they have a listener of their own.
	go func() { log.Fatal(http.ListenAndServe("127.0.0.1:9090", promhttp.Handler())) }()
	log.Fatal(http.ListenAndServe(":8080", corshttp.Middleware(engine)(http.NotFoundHandler())))
}
