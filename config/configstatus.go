package config

import "github.com/corskit/corskit/observe"

// ConfigStatus returns the status of the configuration as metrics and the inspector show it:
//
//	corsprom.NewCollector(w.Engine(), corsprom.WithConfig(w.ConfigStatus))
//	observe.Handler(w.Engine(), observe.HandlerOptions{Config: w.ConfigStatus, Spell: config.KeyOf})
func (w *Watcher) ConfigStatus() observe.ConfigStatus {
	s := w.Status()
	status := statusOf(s.Revision, s.Warnings)
	status.LastSuccess, status.Reloads, status.Failures, status.Err = s.LastSuccess, s.Reloads, s.Failures, s.Err
	return status
}

// ConfigStatus is like [Watcher.ConfigStatus], for a configuration that is not watched.
func (c *Config) ConfigStatus() observe.ConfigStatus { return statusOf(c.Revision, c.Warnings) }

func statusOf(r Revision, warnings []*Warning) observe.ConfigStatus {
	s := observe.ConfigStatus{File: r.Source, Revision: r.short(), Loaded: r.Time, LastSuccess: r.Time}
	for _, w := range warnings {
		s.Warnings = append(s.Warnings, w.String())
	}
	return s
}
