package watch

import "time"

// Unlinked reports whether a path leads to a file that has no name. That happens if a file is
// mounted on its own, as containers do, and is then replaced or removed in its own directory:
// the mount keeps showing the old file, and never shows what is written to the new one.
//
// If the file seems to have no name, Unlinked looks again a moment later, because a file that
// is just being replaced may look so.
func Unlinked(name string) bool {
	first := lookAt(name)
	if first.info == nil || linksOf(first.info) > 0 {
		return false
	}
	time.Sleep(attemptPause)
	second := lookAt(name)
	return first.sameFile(second) && linksOf(second.info) == 0
}
