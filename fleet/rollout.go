package fleet

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/corskit/corskit/reason"
)

// ChangeOptions configures a change of the head.
type ChangeOptions struct {
	// Message is the reason for the change, for the history: one printable line of at
	// most 1 KiB.
	Message string
	// Base is the head that the change is based on, as in [PushOptions].
	Base *Head
	// Force makes [Store.Promote] promote a rollout even if it is halted.
	Force bool
}

// base returns the head that a change applies to, or an error if that head has a fault.
func (s *Store) base(ctx context.Context, opts ChangeOptions) (*snapshot, error) {
	if err := checkMessage(opts.Message); err != nil {
		return nil, err
	}
	if err := s.canSign(); err != nil {
		return nil, err
	}
	now, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	if err := now.conflict(opts.Base); err != nil {
		return nil, err
	}
	if now.err != nil {
		return nil, now.err
	}
	return now, s.unsigns(now)
}

// change reads the head, calls edit to prepare the next one, and writes that.
func (s *Store) change(ctx context.Context, opts ChangeOptions, edit func(now, next *Head) error) (*Head, error) {
	now, err := s.base(ctx, opts)
	if err != nil {
		return nil, err
	}
	next, err := s.next(ctx, now, opts.Message, 0)
	if err != nil {
		return nil, err
	}
	next.Stable = now.head.Stable
	if err := edit(now.head, next); err != nil {
		return nil, err
	}
	if err := s.commit(ctx, now, next, nil, nil); err != nil {
		return nil, err
	}
	return next, nil
}

// inRollout returns an error if the head has no rollout.
func (h *Head) inRollout() error {
	if h.Rollout != nil {
		return nil
	}
	return &Error{
		Reason: reason.NoRollout, Revision: h.Revision, Detail: "there is no rollout in progress",
		Suggestion: "start one with corskit fleet push --steps",
	}
}

// withRollout copies candidate and rollout of a head to the next one, and returns the copy
// of the rollout.
func (h *Head) withRollout(next *Head) *Rollout {
	candidate, rollout := *h.Candidate, *h.Rollout
	rollout.Labels, rollout.Steps = maps.Clone(rollout.Labels), slices.Clone(rollout.Steps)
	next.Candidate, next.Rollout = &candidate, &rollout
	return &rollout
}

// halted returns the error of a rollout that is halted, or nil.
func (h *Head) halted() error {
	if h.Rollout == nil || h.Rollout.Halted == nil {
		return nil
	}
	return &HaltedError{Revision: h.Candidate.Pushed, Reason: h.Rollout.Halted.Reason}
}

// Promote ends the rollout: all replicas take the candidate. It returns the new head. If
// the rollout is halted, Promote returns a [*HaltedError], unless Force is set.
func (s *Store) Promote(ctx context.Context, opts ChangeOptions) (*Head, error) {
	return s.change(ctx, opts, func(now, next *Head) error {
		if err := now.inRollout(); err != nil {
			return err
		}
		if err := now.halted(); err != nil && !opts.Force {
			return err
		}
		next.Stable = *now.Candidate
		return nil
	})
}

// advance moves the rollout to its next step.
func (s *Store) advance(ctx context.Context, opts ChangeOptions) (*Head, error) {
	return s.change(ctx, opts, func(now, next *Head) error {
		if err := now.inRollout(); err != nil {
			return err
		}
		if err := now.halted(); err != nil {
			return err
		}
		r := now.withRollout(next)
		r.Step = min(r.Step+1, len(r.Steps)-1)
		r.Percent = r.Steps[r.Step]
		return nil
	})
}

// Halt stops the rollout: no more replicas are selected, and the selected ones keep the
// candidate. reason is one printable line of at most 1 KiB. If the rollout is already
// halted, Halt changes nothing and returns the head.
func (s *Store) Halt(ctx context.Context, reason string, opts ChangeOptions) (*Head, error) {
	if reason == "" || !isText(reason, maxReasonText) {
		return nil, &OptionError{
			Field: "reason", Value: reason, Detail: fmt.Sprintf("not one printable line of 1 to %d bytes", maxReasonText),
			Suggestion: "say why in one line",
		}
	}
	var already *Head
	h, err := s.change(ctx, opts, func(now, next *Head) error {
		if err := now.inRollout(); err != nil {
			return err
		}
		if err := now.halted(); err != nil {
			already = now
			return err
		}
		now.withRollout(next).Halted = &Halted{Reason: reason, Time: next.Time}
		return nil
	})
	if already != nil {
		return already, nil
	}
	return h, err
}

// Rollback brings back an earlier bundle as a new revision: the bundle that the head with
// revision to brought. If to is zero, Rollback ends the rollout in progress or, without
// one, brings back the bundle before the one in force. The error is an [*Error] with
// [reason.MissingBlob] if the bundle is no longer kept.
func (s *Store) Rollback(ctx context.Context, to uint64, opts ChangeOptions) (*Head, error) {
	now, err := s.base(ctx, opts)
	if err != nil {
		return nil, err
	}
	m, err := s.mark(ctx)
	if err != nil {
		return nil, err
	}
	defer m.end(ctx)
	target, err := s.Target(ctx, now.head, to)
	if err != nil {
		return nil, err
	}
	isStable := target.Manifest == now.head.Stable.Manifest // most replicas have it
	if err := s.present(ctx, target); err != nil && !isStable {
		return nil, err
	}
	next, err := s.next(ctx, now, opts.Message, 0)
	if err != nil {
		return nil, err
	}
	next.Stable, next.RollbackTo = now.head.Stable, target.Pushed
	if !isStable {
		next.Stable = target
		next.Stable.Pushed = next.Revision
	}
	if err := s.commit(ctx, now, next, m, nil); err != nil {
		return nil, err
	}
	return next, nil
}

// Target returns the bundle that [Store.Rollback] would bring back if the head is now.
func (s *Store) Target(ctx context.Context, now *Head, to uint64) (Reference, error) {
	if to == 0 && now.Rollout != nil {
		return now.Stable, nil
	}
	entries, err := s.History(ctx, 0)
	if err != nil {
		return Reference{}, err
	}
	for _, e := range entries {
		switch {
		case to > 0 && e.Revision == to:
			if e.Err != nil {
				return Reference{}, e.Err
			}
			return e.Head.brought(), nil
		case to == 0 && e.Head != nil && e.Revision < now.Revision && e.Head.Stable.Manifest != now.Stable.Manifest:
			return e.Head.Stable, nil
		}
	}
	if to == 0 {
		return Reference{}, &Error{
			Reason: reason.NoHead, Detail: "the history has no bundle other than the one in force",
			Suggestion: "push the policy that you want",
		}
	}
	return Reference{}, &Error{
		Reason: reason.NoHead, Revision: to, Detail: "the history does not have this revision",
		Suggestion: "corskit fleet history lists those that it has",
	}
}
