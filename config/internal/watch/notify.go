package watch

import (
	"context"
	"os"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// notifier wakes its owner when something may have happened in the directories on the way to
// some files. It does not interpret events: the owner checks the files.
type notifier struct {
	off     bool
	watcher *fsnotify.Watcher // nil if the system could not create one
	dirs    []directory
	whole   bool // every directory is watched
}

// directory is a watched directory. Its info tells it from a later directory of
// the same name.
type directory struct {
	name string
	info os.FileInfo
}

// follow watches the directories on the way to the files. It reports whether all
// of them were watched before; if not, a change may have been missed.
func (n *notifier) follow(paths []string) (steady bool) {
	if n.off {
		return true
	}
	var names []string
	for _, p := range paths {
		names = append(names, way(p)...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	dirs := make([]directory, 0, len(names))
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			continue
		}
		// The system watches a directory once, even if it is mounted in two places.
		if !slices.ContainsFunc(dirs, func(d directory) bool { return os.SameFile(d.info, info) }) {
			dirs = append(dirs, directory{name, info})
		}
	}
	same := slices.EqualFunc(dirs, n.dirs, func(a, b directory) bool {
		return a.name == b.name && os.SameFile(a.info, b.info)
	})
	if same && n.watcher != nil && (!n.whole || n.watching()) {
		return true
	}
	retry := same && n.watcher == nil && n.dirs != nil
	n.close()
	n.dirs = dirs
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return retry // polling remains
	}
	n.watcher, n.whole = watcher, true
	for _, d := range dirs {
		if watcher.Add(d.name) != nil {
			n.whole = false
		}
	}
	n.whole = n.whole && n.watching()
	return false
}

// watching reports whether every directory is still watched. The system forgets a
// directory that is removed or moved, and another can have its name and inode.
func (n *notifier) watching() bool {
	list := n.watcher.WatchList()
	return !slices.ContainsFunc(n.dirs, func(d directory) bool { return !slices.Contains(list, d.name) })
}

// blind reports whether changes may cause no notification.
func (n *notifier) blind() bool { return n.watcher == nil || !n.whole }

// settle is how long wait collects events before it returns.
const settle = 5 * time.Millisecond

// wait returns nil when something may have happened or d has passed. It returns
// the error of ctx when ctx is done.
func (n *notifier) wait(ctx context.Context, d time.Duration) error {
	var events chan fsnotify.Event
	var errs chan error
	if n.watcher != nil {
		events, errs = n.watcher.Events, n.watcher.Errors
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	for settling := false; ; settling = true {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return nil
		case <-events:
		case <-errs: // events may have been lost
		}
		if !settling {
			timer.Reset(min(d, settle))
		}
	}
}

func (n *notifier) close() {
	if n.watcher != nil {
		n.watcher.Close()
		n.watcher = nil
	}
}
