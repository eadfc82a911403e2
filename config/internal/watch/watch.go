package watch

import (
	"context"
	"slices"
	"time"
)

// File is a file to wait for and its revision as [Read] returned it, or the empty
// string if it did not exist.
type File struct{ Path, Revision string }

// Options configures [Wait].
type Options struct {
	// Quiet is how long files must be unchanged before Wait returns. Wait waits
	// four times as long for a file that may be incomplete.
	Quiet time.Duration

	// Poll is the interval at which files are checked without a notification.
	Poll time.Duration

	// PollOnly turns notifications off.
	PollOnly bool
}

// coarse is how far apart two changes of a file must be for its time stamps to
// differ on any file system: FAT counts in steps of 2 s.
const coarse = 2 * time.Second

// blindPoll is the interval at which files are checked if the system has run out of
// resources for notifications.
const blindPoll = 200 * time.Millisecond

// Wait returns nil when a file no longer has its revision and all files have been
// unchanged for a while. It returns the error of ctx when ctx is done.
func Wait(ctx context.Context, files []File, o Options) error {
	v := vigil{files: files, verified: make(map[string]bool)}
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = f.Path
	}
	notify := notifier{off: o.PollOnly}
	defer notify.close()
	for {
		if !notify.follow(paths) {
			continue // look again at what changed before the directories were watched
		}
		now := time.Now()
		var delay time.Duration
		switch looks := v.look(); {
		case !v.changed(looks):
			v.pending, v.pieces = nil, false
			if delay = min(o.Poll, v.verifyIn(looks, now)); !o.PollOnly && notify.blind() {
				delay = min(delay, blindPoll)
			}
		case !v.still(looks):
			v.pause(looks, now)
			delay = o.Quiet
		default:
			need := o.Quiet
			if v.pieces || !v.whole(looks) {
				need *= 4
			}
			if delay = need - now.Sub(v.since); delay <= 0 {
				return ctx.Err()
			}
		}
		if err := notify.wait(ctx, delay); err != nil {
			return err
		}
	}
}

// vigil is the state of a Wait.
type vigil struct {
	files    []File
	verified map[string]bool // by path: the content has been compared too

	pending []look    // the last look that differed from the revisions, or nil
	since   time.Time // when pending was first seen
	pieces  bool      // a file changed in place more than once
}

func (v *vigil) look() []look {
	looks := make([]look, len(v.files))
	for i, f := range v.files {
		looks[i] = lookAt(f.Path)
	}
	return looks
}

// changed reports whether some file no longer has its revision.
func (v *vigil) changed(looks []look) bool {
	for i, l := range looks {
		if l.stamp != stampIn(v.files[i].Revision) || !v.verify(v.files[i], l) {
			return true
		}
	}
	return false
}

// verify reports whether a file has the content of its revision. It compares the
// content once, when the time stamps are old enough to show every later change.
func (v *vigil) verify(f File, l look) bool {
	if v.verified[f.Path] || !hasHash(f.Revision) || l.info == nil || time.Since(changedAt(l.info)).Abs() < coarse {
		return true
	}
	_, now, _, err := readOnce(f.Path, l.info.Size())
	v.verified[f.Path] = err == nil && now == f.Revision
	return v.verified[f.Path]
}

// verifyIn returns the time until a file must be verified.
func (v *vigil) verifyIn(looks []look, now time.Time) time.Duration {
	delay := time.Hour
	for i, l := range looks {
		if f := v.files[i]; l.info != nil && !v.verified[f.Path] && hasHash(f.Revision) {
			delay = min(delay, max(0, coarse-now.Sub(changedAt(l.info)))+settle)
		}
	}
	return delay
}

// still reports whether nothing has changed since the last look.
func (v *vigil) still(looks []look) bool {
	return v.pending != nil && slices.EqualFunc(looks, v.pending, func(a, b look) bool { return a.stamp == b.stamp })
}

// pause starts the time for which files must be unchanged.
func (v *vigil) pause(looks []look, now time.Time) {
	for i, l := range looks {
		if v.pending != nil && l.sameFile(v.pending[i]) && l.stamp != v.pending[i].stamp {
			v.pieces = true
		}
	}
	v.pending, v.since = looks, now
}

// whole reports whether every changed file looks complete.
func (v *vigil) whole(looks []look) bool {
	for i, l := range looks {
		if f := v.files[i]; l.stamp != stampIn(f.Revision) && !l.finished(f.Path) {
			return false
		}
	}
	return true
}
