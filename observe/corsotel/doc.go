// Package corsotel exports the decisions of a [core.Engine] as OpenTelemetry metrics.
//
//	stop, err := corsotel.Observe(engine, corsotel.WithMeterProvider(provider))
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer stop()
//
// The engine counts requests in memory, and each collection reads the counts. So the cost
// of a request does not depend on how metrics are exported. docs/observe.md says what
// each metric is for:
//
//	corskit.requests                  {request}  corskit.kind, .result, .code, .policy, .route, .shadow
//	corskit.config.reloads            {reload}   corskit.config.result
//	corskit.config.info                          corskit.config.revision
//	corskit.config.last_success.time  s
//	corskit.config.stale
//
// The metrics of the configuration exist only with [WithConfig].
//
// # Attributes
//
// No attribute contains anything that a client sends: a million hostile origins add no
// series. Attributes have the values of the fields of a [core.Class]. An attribute that
// does not apply is left out: corskit.policy if no policy governs, corskit.route if no
// route covers the request or the engine has no routes, corskit.shadow without shadow
// policies.
//
// With up to ten policies, there are at most 200 series, and 18 more for each further
// policy. The documentation of [observe.Counters] says what happens beyond this bound.
package corsotel
