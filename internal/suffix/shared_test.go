package suffix_test

import "testing"

// sharedHost is an entry of shared.txt.
type sharedHost struct{ host string }

func sharedHosts(*testing.T) []sharedHost { return nil }
