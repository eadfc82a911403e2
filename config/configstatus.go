package config

import (
	"fmt"

	"github.com/corskit/corskit/observe"
)

// maxInspected is the maximum number of warnings, and of faults, that ConfigStatus returns.
const maxInspected = 50

// ConfigStatus returns the status of the configuration, for the field Config of
// [observe.HandlerOptions]. Set its field Spell to [KeyOf] too. There are at most 50
// warnings and 50 faults.
func (w *Watcher) ConfigStatus() observe.ConfigStatus {
	s := statusOf(w.Revision(), w.Warnings())
	for fault := range Errors(w.Err()) {
		s.Faults = append(s.Faults, fault.Error())
	}
	s.Faults, s.Stale = bounded(s.Faults), len(s.Faults) > 0
	return s
}

// ConfigStatus is like [Watcher.ConfigStatus], for a configuration that is not watched.
func (c *Config) ConfigStatus() observe.ConfigStatus { return statusOf(c.Revision, c.Warnings) }

func statusOf(r Revision, warnings []*Warning) observe.ConfigStatus {
	s := observe.ConfigStatus{File: r.Source, Revision: r.Hash[:min(12, len(r.Hash))], Loaded: r.Time}
	for _, w := range warnings {
		s.Warnings = append(s.Warnings, w.String())
	}
	s.Warnings = bounded(s.Warnings)
	return s
}

// bounded returns the first lines, and how many there are beyond them.
func bounded(lines []string) []string {
	if more := len(lines) - maxInspected; more > 0 {
		lines = append(lines[:maxInspected:maxInspected], fmt.Sprintf("and %d more", more))
	}
	return lines
}
