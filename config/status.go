package config

import "time"

// Status is a snapshot of a [Watcher] for your own code, such as a health check. For metrics
// and the inspector, use [Watcher.ConfigStatus].
type Status struct {
	// Revision is the revision of the policies in force. Its Time is when they were read.
	Revision Revision
	// LastSuccess is when the configuration was last read without a fault, even if it
	// had not changed.
	LastSuccess time.Time
	// Reloads is the number of reloads that found no fault, and Failures the number of
	// those that found one. As in Options.OnReload, repeats of a fault do not count, nor
	// does the first load, a [Source] that cannot watch, or a mount that hides changes.
	Reloads, Failures uint64
	// Err is the reason why the current configuration is not in force, or why a change may
	// be late or never arrive: the [Source] cannot watch, or a mount keeps showing a file
	// that was replaced ([reason.Unlinked]). It is nil if all is well. It suits a health
	// check that reports a degraded state.
	Err error
	// Warnings are the warnings of the policies in force.
	Warnings []*Warning
}

// Status returns a snapshot. All of its fields are of the same moment. During a reload,
// the engine may already have the new policies.
func (w *Watcher) Status() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Status{
		Revision: w.revision, LastSuccess: w.lastSuccess, Reloads: w.reloads, Failures: w.failures,
		Err: w.problem(), Warnings: append([]*Warning(nil), w.warnings...),
	}
}

// problem returns Err of the status. The caller holds the lock.
func (w *Watcher) problem() error {
	switch {
	case w.err != nil:
		return w.err
	case w.unlinked != nil:
		return w.unlinked
	}
	return w.blind
}
