package config

import "github.com/corskit/corskit/observe"

// ConfigStatus returns the status of the configuration, for the field Config of
// [observe.HandlerOptions]. Set its field Spell to [KeyOf] too.
func (w *Watcher) ConfigStatus() observe.ConfigStatus {
	s := statusOf(w.Revision(), w.Warnings())
	s.Err = w.Err()
	return s
}

// ConfigStatus is like [Watcher.ConfigStatus], for a configuration that is not watched.
func (c *Config) ConfigStatus() observe.ConfigStatus { return statusOf(c.Revision, c.Warnings) }

func statusOf(r Revision, warnings []*Warning) observe.ConfigStatus {
	s := observe.ConfigStatus{File: r.Source, Revision: r.Hash[:min(12, len(r.Hash))], Loaded: r.Time, LastSuccess: r.Time}
	for _, w := range warnings {
		s.Warnings = append(s.Warnings, w.String())
	}
	return s
}
