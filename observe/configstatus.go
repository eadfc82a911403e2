package observe

import "time"

// ConfigStatus is how up to date the policies of an engine are. It is what the metrics of
// corsprom and corsotel and the inspector say about a configuration. The method
// ConfigStatus of a config.Watcher returns it. A configuration that is replaced otherwise
// can fill one in itself.
type ConfigStatus struct {
	// File is the name of the file, for people.
	File string
	// Revision identifies the configuration in force, such as the beginning of a hash. Two
	// processes with the same configuration should have the same Revision.
	Revision string
	// Loaded is when the configuration in force was read. If it is zero, none was, or the
	// time is not known.
	Loaded time.Time
	// Succeeded and Failed count the reloads since the process has started. The first load
	// is not a reload.
	Succeeded, Failed uint64
	// Stale reports whether the configuration in force may not be the current one: the
	// current one has a fault, or changes cannot be seen.
	Stale bool
	// Warnings are those of the configuration in force, one line each.
	Warnings []string
	// Faults say why the configuration is stale, one line each.
	Faults []string
}
