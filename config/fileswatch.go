package config

import (
	"context"
	"slices"
	"strings"
	"time"
)

// coarse is how far apart in time two changes of a file have to be for its time
// stamps to tell them apart on any file system: FAT counts in steps of 2 s.
const coarse = 2 * time.Second

// blindPoll is how often files are looked at where the system should tell of
// changes and does not: it has run out of what it needs for that.
const blindPoll = 200 * time.Millisecond

// Watch implements [Source].
func (f Files) Watch(ctx context.Context, seen map[string]string) error {
	quiet, poll := f.Quiet, f.Poll
	if quiet <= 0 {
		quiet = defaultQuiet
	}
	if poll <= 0 {
		poll = defaultPoll
	}
	w := vigil{seen: seen, verified: make(map[string]bool)}
	for name := range seen {
		w.names = append(w.names, name)
		w.paths = append(w.paths, f.path(name))
	}
	notify := notifier{off: f.PollOnly}
	defer notify.close()
	for {
		if !notify.follow(w.paths) {
			continue // what happened before the directories were watched shows now
		}
		now := time.Now()
		var delay time.Duration
		switch looks := w.look(); {
		case !w.changed(looks):
			w.pending, w.pieces = nil, false
			if delay = min(poll, w.verifyIn(looks, now)); !f.PollOnly && notify.blind() {
				delay = min(delay, blindPoll)
			}
		case !w.still(looks):
			w.pause(looks, now)
			delay = quiet
		default:
			need := quiet
			if w.pieces || !w.whole(looks) {
				need *= 4
			}
			if delay = need - now.Sub(w.since); delay <= 0 {
				return ctx.Err()
			}
		}
		if err := notify.wait(ctx, delay); err != nil {
			return err
		}
	}
}

// vigil is a Watch under way.
type vigil struct {
	names, paths []string
	seen         map[string]string
	verified     map[string]bool // by path: the content, too, is what was seen

	pending []look    // the last look that differed from seen, or nil
	since   time.Time // when it was first had
	pieces  bool      // a file was seen to change in place more than once
}

func (v *vigil) look() []look {
	looks := make([]look, len(v.paths))
	for i, p := range v.paths {
		looks[i] = lookAt(p)
	}
	return looks
}

// changed reports whether some file is another than was seen.
func (v *vigil) changed(looks []look) bool {
	for i, l := range looks {
		if l.stamp != stampIn(v.seen[v.names[i]]) || !v.verify(i, l) {
			return true
		}
	}
	return false
}

// verify compares the content of a file with what was seen, once, when its time
// stamps are old enough to show every change from then on.
func (v *vigil) verify(i int, l look) bool {
	path, revision := v.paths[i], v.seen[v.names[i]]
	if v.verified[path] || !strings.Contains(revision, hashMark) || l.info == nil || time.Since(changedAt(l.info)).Abs() < coarse {
		return true
	}
	_, now, _, err := readFile(path, l.info.Size())
	v.verified[path] = err == nil && now == revision
	return v.verified[path]
}

// verifyIn returns how long it is until a file has to be verified.
func (v *vigil) verifyIn(looks []look, now time.Time) time.Duration {
	delay := time.Hour
	for i, l := range looks {
		if l.info != nil && !v.verified[v.paths[i]] && strings.Contains(v.seen[v.names[i]], hashMark) {
			delay = min(delay, max(0, coarse-now.Sub(changedAt(l.info)))+settle)
		}
	}
	return delay
}

// still reports whether nothing has changed since the last look.
func (v *vigil) still(looks []look) bool {
	return v.pending != nil && slices.EqualFunc(looks, v.pending, func(a, b look) bool { return a.stamp == b.stamp })
}

// pause begins to wait for the files to be left alone.
func (v *vigil) pause(looks []look, now time.Time) {
	for i, l := range looks {
		if v.pending != nil && l.sameFile(v.pending[i]) && l.stamp != v.pending[i].stamp {
			v.pieces = true
		}
	}
	v.pending, v.since = looks, now
}

// whole reports whether every file that has changed looks like a whole one.
func (v *vigil) whole(looks []look) bool {
	for i, l := range looks {
		if l.stamp != stampIn(v.seen[v.names[i]]) && (l.info == nil || !l.info.Mode().IsRegular() || !finished(v.paths[i])) {
			return false
		}
	}
	return true
}
