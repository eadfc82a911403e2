package observe

import "time"

// ConfigStatus is how up to date the policies of an engine are. It is what the metrics of
// corsprom and corsotel say about a configuration. A configuration that is replaced
// otherwise than by a config.Watcher can fill one in itself.
type ConfigStatus struct {
	// Revision identifies the configuration in force, such as the beginning of a hash. Two
	// processes with the same configuration should have the same Revision.
	Revision string
	// Loaded is when the configuration in force was read. If it is zero, none was.
	Loaded time.Time
	// Succeeded and Failed count the reloads since the process has started. The first load
	// is not a reload.
	Succeeded, Failed uint64
	// Stale reports whether the configuration in force may not be the current one: the
	// current one has a fault, or changes cannot be seen.
	Stale bool
}
