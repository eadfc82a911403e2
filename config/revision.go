package config

import "time"

// Revision says which state of a configuration something is.
type Revision struct {
	// Hash is the SHA-256, in hexadecimal, of every document and variable that
	// was read, and of the profile: the same in every process that reads the
	// same.
	Hash string
	// Time is when it was read.
	Time time.Time
	// Source is the name of the first document, or "environment".
	Source string
}

// String returns the source and the first part of the hash.
func (r Revision) String() string {
	return r.Source + "@" + r.Hash[:min(12, len(r.Hash))]
}
