package watch

import "time"

// Unlinked reports whether a path leads to a file that has no name. That happens if a file
// is mounted by itself, as containers do, and is then replaced or removed in its own
// directory: the mount keeps showing the old file, and nothing that is written to the new
// one ever shows.
//
// It takes a moment longer if the file seems to have no name, because a file that is
// replaced just now may look so.
func Unlinked(name string) bool {
	first := lookAt(name)
	if first.info == nil || linksOf(first.info) > 0 {
		return false
	}
	time.Sleep(attemptPause)
	second := lookAt(name)
	return first.sameFile(second) && linksOf(second.info) == 0
}
