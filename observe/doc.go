// Package observe shows what an engine decides. It counts decisions, remembers which
// origins are refused and why, writes logs, and serves a page for operators.
//
//	counters, refusals := observe.NewCounters(), observe.NewRefusals(100)
//	engine.Observe(counters)
//	engine.Observe(refusals)
//	engine.Observe(observe.Log(slog.Default().Handler(), observe.LogOptions{Engine: engine}))
//
// Each part is a [core.Observer], and works without the others.
package observe
