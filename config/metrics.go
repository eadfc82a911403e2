package config

import "github.com/corskit/corskit/observe"

// Metrics returns the part of the status that corsprom and corsotel export:
//
//	corsprom.NewCollector(w.Engine(), corsprom.WithConfig(w.Metrics))
func (w *Watcher) Metrics() observe.ConfigStatus {
	s := w.Status()
	return observe.ConfigStatus{
		Revision: s.Revision.short(), LastSuccess: s.LastSuccess, Reloads: s.Reloads, Failures: s.Failures, Err: s.Err,
	}
}
