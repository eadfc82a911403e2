package observe

import "time"

// ConfigStatus is the state of a configuration, as metrics and the inspector report it.
// The method ConfigStatus of a config.Watcher returns one. A program that replaces
// policies in another way can fill one in.
type ConfigStatus struct {
	// File is the name of the configuration, for people.
	File string
	// Revision identifies the configuration in force, such as the beginning of a hash. Two
	// processes with the same configuration should have the same Revision.
	Revision string
	// Loaded is when the configuration in force was read. It is zero if that is not known.
	Loaded time.Time
	// LastSuccess is when the configuration was last read without a fault. It is zero if
	// that has never happened.
	LastSuccess time.Time
	// Reloads is the number of reloads since the start that found no fault. Failures is
	// the number of those that found one.
	Reloads, Failures uint64
	// Err says why the configuration in force may not be the current one. It is nil if
	// there is no such reason. If it joins errors, the inspector shows one line for each.
	Err error
	// Warnings are the warnings about the configuration in force, one line each.
	Warnings []string
}

// maxFaults is the maximum number of faults, and of warnings, that the inspector shows.
const maxFaults = 50

// faults returns the faults, one line each.
func (s *ConfigStatus) faults() []string {
	all := []string{}
	var add func(error)
	add = func(err error) {
		joined, ok := err.(interface{ Unwrap() []error })
		switch {
		case err == nil:
		case !ok:
			all = append(all, err.Error())
		default:
			for _, each := range joined.Unwrap() {
				add(each)
			}
		}
	}
	add(s.Err)
	return firstLines(all)
}
