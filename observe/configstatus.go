package observe

import "time"

// ConfigStatus is what the metrics of corsprom and corsotel say about a configuration. The
// method Metrics of a config.Watcher returns one. A program that replaces policies by other
// means can fill one in.
type ConfigStatus struct {
	// Revision identifies the configuration in force, such as the beginning of a hash. Two
	// processes with the same configuration should have the same Revision.
	Revision string
	// LastSuccess is when the configuration was last read without a fault. If it is zero,
	// it never was.
	LastSuccess time.Time
	// Reloads and Failures are the numbers of reloads since the start that found no fault,
	// and that found one.
	Reloads, Failures uint64
	// Err says why the configuration in force may not be the current one. It is nil if all is
	// well.
	Err error
}
