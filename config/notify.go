package config

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// notifier wakes its owner when something may have happened in the directories
// on the way to some files. That something has happened is all it tells:
// its owner looks at the files themselves, and cannot miss a change by
// misreading an event.
type notifier struct {
	off     bool
	watcher *fsnotify.Watcher // nil if there is none to be had
	dirs    []directory
	whole   bool // every directory is watched
}

// directory is one that is watched. The name alone could come to stand for
// another one.
type directory struct {
	name string
	info os.FileInfo
}

// follow sees to it that the directories on the way to the files are watched,
// and reports whether they all were already: if not, something may have been
// missed until now.
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
		// One directory mounted in two places counts once for the system.
		if info, err := os.Stat(name); err == nil && !slices.ContainsFunc(dirs, func(d directory) bool { return os.SameFile(d.info, info) }) {
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
		return retry // polling has to do
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

// watching reports whether no directory has dropped out: the system forgets one
// that is removed or moved, and another may have its name and even its number.
func (n *notifier) watching() bool {
	list := n.watcher.WatchList()
	return !slices.ContainsFunc(n.dirs, func(d directory) bool { return !slices.Contains(list, d.name) })
}

// blind reports whether changes may happen that nobody tells of.
func (n *notifier) blind() bool { return n.watcher == nil || !n.whole }

// settle is how long events are let pile up before they are acted upon.
const settle = 5 * time.Millisecond

// wait returns when something may have happened or d has passed, or with an
// error when ctx is done.
func (n *notifier) wait(ctx context.Context, d time.Duration) error {
	var events chan fsnotify.Event
	var errs chan error
	if n.watcher != nil {
		events, errs = n.watcher.Events, n.watcher.Errors
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	case <-events:
	case <-errs: // events were lost, perhaps
	}
	timer.Reset(min(d, settle))
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return nil
		case <-events:
		case <-errs:
		}
	}
}

func (n *notifier) close() {
	if n.watcher != nil {
		n.watcher.Close()
		n.watcher = nil
	}
}

// maxLinks bounds the symbolic links on the way to a file, as Linux does.
const maxLinks = 40

// way returns the directories in which a change can make a path lead to another
// file: the one that holds the file, and those that hold a symbolic link on the
// way. If the way ends early, the last directory on it is where it can go on.
func way(path string) (dirs []string) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	volume := filepath.VolumeName(abs)
	root := volume + string(filepath.Separator)
	at := root
	ahead := parts(abs[len(volume):])
	for links := 0; len(ahead) > 0; {
		next := ahead[0]
		ahead = ahead[1:]
		switch next {
		case ".":
			continue
		case "..":
			at = filepath.Dir(at)
			continue
		}
		child := filepath.Join(at, next)
		info, err := os.Lstat(child)
		if err != nil {
			return append(dirs, at)
		}
		if info.Mode()&os.ModeSymlink == 0 {
			if len(ahead) == 0 {
				return append(dirs, at)
			}
			at = child
			continue
		}
		dirs = append(dirs, at)
		to, err := os.Readlink(child)
		if links++; err != nil || links > maxLinks {
			return dirs
		}
		if filepath.IsAbs(to) {
			at = root
			to = to[len(filepath.VolumeName(to)):]
		}
		ahead = append(parts(to), ahead...)
	}
	return append(dirs, at)
}

func parts(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == filepath.Separator || r == '/' })
}
