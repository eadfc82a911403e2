package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/corskit/corskit/reason"
)

// FollowOptions configures [Store.Follow].
type FollowOptions struct {
	// Revision is the revision of the bundle to follow, as in [Reference.Pushed]. Zero means the
	// candidate of the rollout or, without one, the bundle in force.
	Revision uint64
	// Progress, if not nil, is called with each change of the numbers.
	Progress func(Progress)
	// Observe makes Follow only wait, while another follower moves and halts the rollout.
	// This only requires permission to read the head and the statuses.
	Observe bool
}

// Progress says how far a bundle has spread.
type Progress struct {
	Head     *Head
	Revision uint64 // of the bundle, as in [Reference.Pushed]
	// Replicas is the number of replicas in the fleet. Selected is the number of those
	// that should take the bundle now. They have taken it (Acked), refused it (Refused),
	// or neither yet (Pending).
	Replicas, Selected, Acked, Refused, Pending int
	// Waiting is the first of the pending replicas, and Reported is when it wrote its status,
	// by its clock.
	Waiting  string
	Reported time.Time
	// Decisions, Stricter and Looser are the sums of the replicas' [ShadowCounts] of the
	// candidate.
	Decisions, Stricter, Looser uint64
	// Next is when the next step begins unless something changes. It is zero while
	// replicas are pending, and if there are no further steps.
	Next time.Time
	// Done is set in the last call: Follow returns nil.
	Done bool
}

// Follow drives a rollout to its end. At each step it waits until the selected replicas
// have taken the candidate, then for the pause, and goes to the next step. It also waits
// if fewer than half as many replicas report as when the head was written, or if a step
// selects none of the replicas that report, because the step would then prove nothing.
// After the last step, Follow promotes the candidate if that step selects all replicas
// (100 percent, without labels). Otherwise the selected replicas keep the candidate, and
// Follow returns nil.
//
// If more replicas refuse the candidate than Rollout.MaxRefused, or if it is stricter to
// real traffic than Rollout.MaxStricter, Follow halts the rollout and returns a
// [*HaltedError]. It also returns one if another follower halts the rollout. If another
// bundle is pushed in the meantime, it returns a [*ConflictError].
//
// Without a rollout, Follow waits until all replicas have taken the bundle in force, and
// returns a [*HaltedError] as soon as one refuses it.
//
// Several processes may follow one rollout. If ctx is done, Follow returns the error of
// ctx, and the rollout stays at its step until a process follows it again. While etcd
// cannot be reached, Follow waits.
func (s *Store) Follow(ctx context.Context, opts FollowOptions) error {
	f := &follower{store: s, opts: opts, watcher: s.watcher(), shadows: make(map[string]ShadowCounts)}
	defer f.watcher.close()
	for {
		done, err := f.step(ctx)
		if done || err != nil {
			return err
		}
	}
}

// judgeAtMost is the minimum time between two judgements of a follower, no matter how
// many changes there are.
const judgeAtMost = 50 * time.Millisecond

// follower is the state of [Store.Follow].
type follower struct {
	store   *Store
	watcher *watcher
	opts    FollowOptions

	target   Reference               // the bundle that is followed; Pushed is zero until it is known
	shadows  map[string]ShadowCounts // the newest counts of each replica, even of those that have left
	complete time.Time               // when all selected replicas had taken the candidate
	at       int                     // the step to which complete refers
	refusals int                     // how many refusals the rollout permits
	changed  bool                    // whether something has changed since judged
	judged   time.Time
	last     Progress
	fault    error // the fault of the head or of etcd, to be returned when ctx is done
}

// step waits for changes and judges them. It reports whether all is done.
func (f *follower) step(ctx context.Context) (done bool, err error) {
	timer := time.NewTimer(f.wait())
	defer timer.Stop()
	changes, err := f.watcher.next(ctx, timer.C)
	if ctx.Err() != nil {
		return false, f.ended(ctx)
	}
	if err != nil {
		f.fault = err
		if reasonOf(err) == reason.Permission {
			return false, err
		}
		return false, nil
	}
	for _, c := range changes {
		if s := c.event.Status; s != nil && s.Shadow != nil {
			f.shadows[s.Instance] = *s.Shadow
		}
	}
	f.changed = f.changed || len(changes) > 0
	if f.watcher.now == nil || time.Since(f.judged) < judgeAtMost {
		return false, nil
	}
	f.judged, f.changed = time.Now(), false
	f.fault = f.watcher.now.err
	if f.fault != nil {
		if f.target.Pushed == 0 {
			return false, f.fault
		}
		return false, nil // replicas keep their policy until the head is corrected
	}
	return f.judge(ctx, f.watcher.now.head)
}

// ended returns the error of ctx, with what Follow was waiting for.
func (f *follower) ended(ctx context.Context) error {
	err := context.Cause(ctx)
	if f.fault != nil {
		return errors.Join(err, f.fault)
	}
	if h := f.last.Head; h != nil && 2*f.last.Replicas < h.Replicas {
		return fmt.Errorf("%w: %d replicas report, but there were %d when revision %d was written",
			err, f.last.Replicas, h.Replicas, h.Revision)
	}
	if f.last.Selected == 0 && f.last.Replicas > 0 {
		return fmt.Errorf("%w: none of %d replicas is selected to take revision %d", err, f.last.Replicas, f.last.Revision)
	}
	if f.last.Pending > 0 {
		return fmt.Errorf("%w: %d of %d replicas have not taken revision %d yet", err, f.last.Pending, f.last.Selected, f.last.Revision)
	}
	return err
}

// wait returns how long to wait for changes before judging again.
func (f *follower) wait() time.Duration {
	const idle = time.Minute
	soon := max(judgeAtMost-time.Since(f.judged), time.Millisecond)
	switch {
	case f.changed:
		return soon
	case !f.last.Next.IsZero() && !f.opts.Observe:
		return max(time.Until(f.last.Next), soon)
	}
	return idle
}

// judge examines the fleet and takes the next action: none, a step, a promotion or a
// halt.
func (f *follower) judge(ctx context.Context, h *Head) (done bool, err error) {
	if err := f.choose(h); err != nil {
		return false, err
	}
	p, refused := f.count(h)
	if h.Candidate == nil || h.Candidate.Pushed != f.target.Pushed {
		tooMany := len(refused) > f.refusals
		p.Done = p.Pending == 0 && !tooMany
		f.report(p)
		if tooMany {
			return false, &HaltedError{Revision: p.Revision, Everywhere: true, Reason: refusal(refused), Refused: firstOf(refused)}
		}
		return p.Done, nil
	}
	f.refusals = h.Rollout.MaxRefused
	if reason := h.Rollout.halts(p, refused); reason != "" && (!f.opts.Observe || h.Rollout.Halted != nil) {
		return f.halt(ctx, h, p, reason, refused)
	}
	if f.at != h.Rollout.Step {
		f.at, f.complete = h.Rollout.Step, time.Time{}
	}
	complete := p.Pending == 0 && 2*p.Replicas >= h.Replicas && // otherwise etcd has lost statuses
		(p.Selected > 0 || p.Replicas == 0)
	if complete && f.complete.IsZero() {
		f.complete = time.Now()
	}
	last := len(h.Rollout.Steps) == 0 || h.Rollout.Step == len(h.Rollout.Steps)-1
	all := h.Rollout.Percent >= 100 && len(h.Rollout.Labels) == 0
	due := f.complete.Add(h.Rollout.Pause)
	if complete && last && !all {
		p.Done = true
		f.report(p)
		return true, nil
	}
	if complete {
		p.Next = due
	}
	f.report(p)
	if f.opts.Observe || !complete || time.Now().Before(due) {
		return false, nil
	}
	return false, f.move(ctx, h, last)
}

// choose determines which bundle to follow, and returns an error if the head no longer
// has it.
func (f *follower) choose(h *Head) error {
	if f.target.Pushed == 0 {
		f.target = h.Stable
		if h.Candidate != nil {
			f.target = *h.Candidate
		}
		if f.opts.Revision == 0 {
			f.opts.Revision = f.target.Pushed
		}
	}
	for _, ref := range h.references() {
		if ref.Pushed == f.opts.Revision {
			f.target = ref
			return nil
		}
	}
	return &ConflictError{Base: f.opts.Revision, Head: h}
}

// count counts the replicas by what they have done with the bundle, and returns those
// that refused it, in the order of their instances.
func (f *follower) count(h *Head) (p Progress, refused []Status) {
	p = Progress{Head: h, Revision: f.target.Pushed, Replicas: len(f.watcher.statuses)}
	for _, s := range f.watcher.statuses {
		if ref, _ := h.Wanted(s.Instance, s.Labels); ref.Pushed != f.target.Pushed {
			continue
		}
		p.Selected++
		switch {
		case s.State == StateAcked && s.Active.Revision == f.target.Pushed && s.Active.Manifest == f.target.Manifest:
			p.Acked++
		case s.State == StateRefused && (s.Head >= h.Revision || s.Judged >= f.watcher.now.modified):
			p.Refused++
			refused = append(refused, s)
		default:
			p.Pending++
			if p.Waiting == "" || s.Instance < p.Waiting {
				p.Waiting, p.Reported = s.Instance, s.Time
			}
		}
	}
	for _, counts := range f.shadows {
		if counts.Revision == f.target.Pushed {
			p.Decisions += counts.Decisions
			p.Stricter += counts.Stricter
			p.Looser += counts.Looser
		}
	}
	slices.SortFunc(refused, func(a, b Status) int { return cmp.Compare(a.Instance, b.Instance) })
	return p, refused
}

// halts returns why the rollout must halt, or "".
func (r *Rollout) halts(p Progress, refused []Status) string {
	switch {
	case r.Halted != nil:
		return r.Halted.Reason
	case len(refused) > r.MaxRefused:
		return refusal(refused)
	case r.MaxStricter > 0 && float64(p.Stricter) > r.MaxStricter*float64(p.Decisions):
		return fmt.Sprintf("it would refuse %d of %d requests that the policy in force allows, more than %g percent",
			p.Stricter, p.Decisions, r.MaxStricter*100)
	}
	return ""
}

// refusal returns a text that says which replicas refused a bundle, and why the first
// did.
func refusal(refused []Status) string {
	first := refused[0]
	s := "replica " + first.Instance + " refused it"
	if n := len(refused); n > 1 {
		s = fmt.Sprintf("%d replicas refused it, first %s", n, first.Instance)
	}
	if first.Fault != nil {
		s += ": " + first.Fault.Text
	}
	return clean(s, maxReasonText)
}

// firstOf returns the first 100 of the replicas that refused a bundle.
func firstOf(refused []Status) []Status { return refused[:min(len(refused), 100)] }

// halt halts the rollout unless it already is halted, and returns a [*HaltedError].
func (f *follower) halt(ctx context.Context, h *Head, p Progress, reason string, refused []Status) (bool, error) {
	f.report(p)
	if h.Rollout.Halted == nil {
		limited, cancel := context.WithTimeout(ctx, changeTime)
		defer cancel()
		if _, err := f.store.Halt(limited, reason, ChangeOptions{Message: "halted", Base: h}); err != nil {
			return false, f.passing(ctx, err)
		}
	}
	return false, &HaltedError{Revision: f.target.Pushed, Reason: reason, Refused: firstOf(refused)}
}

// changeTime is the timeout of a change by a follower, which then tries again.
const changeTime = 10 * time.Second

// move advances the rollout to the next step or, after the last one, promotes the
// candidate.
func (f *follower) move(ctx context.Context, h *Head, last bool) error {
	limited, cancel := context.WithTimeout(ctx, changeTime)
	defer cancel()
	var err error
	if last {
		_, err = f.store.Promote(limited, ChangeOptions{Message: "all steps are done", Base: h})
	} else {
		_, err = f.store.advance(limited, ChangeOptions{
			Message: fmt.Sprintf("step %d of %d", h.Rollout.Step+2, len(h.Rollout.Steps)), Base: h,
		})
	}
	return f.passing(ctx, err)
}

// passing returns nil for a temporary error: another follower was quicker, or etcd cannot
// be reached. The follower then judges the fleet again.
func (f *follower) passing(ctx context.Context, err error) error {
	f.watcher.unwatch() // read everything again: etcd has lost notifications
	if _, ok := errors.AsType[*ConflictError](err); ok {
		return nil
	}
	if ctx.Err() == nil && reasonOf(err) == reason.Unavailable {
		f.fault, f.changed = err, true
		return nil
	}
	return err
}

// report calls Progress if the numbers have changed.
func (f *follower) report(p Progress) {
	changed := p
	changed.Head = f.last.Head
	if f.opts.Progress != nil && (changed != f.last || f.last.Head == nil || f.last.Head.Revision != p.Head.Revision) {
		f.opts.Progress(p)
	}
	f.last = p
}
