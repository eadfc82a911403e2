// Package corsprom exports the decisions of a [core.Engine] to Prometheus.
//
//	collector := corsprom.NewCollector(engine)
//	defer collector.Close()
//	prometheus.MustRegister(collector)
//
// The [Collector] counts requests in memory and takes part in every scrape. These are the
// metrics; docs/observe.md says what each is for, and has a dashboard and alerts:
//
//	corskit_requests_total{kind,result,code,policy,route,shadow}
//	corskit_config_reloads_total{result}
//	corskit_config_info{revision}
//	corskit_config_last_success_timestamp_seconds
//	corskit_config_stale
//
// The metrics of the configuration exist only with [WithConfig].
//
// # Labels
//
// No label contains anything that a client sends: a million hostile origins add no
// series. Labels have the values of the fields of a [core.Class]. A label that does not
// apply is empty: policy if no policy governs, route if no route covers the request or
// the engine has no routes, shadow without shadow policies.
//
// With up to ten policies, there are at most 200 series, and 18 more for each further
// policy. The documentation of [observe.Counters] says what happens beyond this bound.
//
// # Several engines
//
// If one registry has two collectors, give each a label that identifies its engine:
//
//	prometheus.WrapRegistererWith(prometheus.Labels{"engine": "admin"}, registry).MustRegister(collector)
package corsprom
