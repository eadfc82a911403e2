package config

import "time"

// Revision identifies the state of a configuration.
type Revision struct {
	// Hash is the hexadecimal SHA-256 of the profile and of every document and
	// variable that was read. Processes that read the same have the same hash.
	Hash string
	// Time is when the configuration was read.
	Time time.Time
	// Source is the name of the first document, or "environment".
	Source string
}

// String returns the source and the beginning of the hash.
func (r Revision) String() string {
	return r.Source + "@" + r.short()
}

func (r Revision) short() string { return r.Hash[:min(12, len(r.Hash))] }
