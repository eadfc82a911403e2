package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/fleet"
)

// fleetChange holds the flags of promote and rollback.
type fleetChange struct {
	connection connection
	message    string
	yes        bool
	force      bool
	steps      bool
}

func (c *fleetChange) flags(cmd *cobra.Command) {
	c.connection.flags(cmd)
	c.connection.writeFlags(cmd)
	cmd.Flags().StringVarP(&c.message, "message", "m", "", "why, for the history")
	cmd.Flags().BoolVarP(&c.yes, "yes", "y", false, "do not ask")
}

func newFleetPromote() *cobra.Command {
	var c fleetChange
	cmd := &cobra.Command{
		Use:   "promote",
		Short: "Give the policy of a rollout to all replicas",
		Long: `promote ends a rollout: all replicas take its policy now. A rollout that is halted is
promoted only with --force.

With --steps, promote continues the steps of a rollout that no command drives, because
its push was interrupted or had --no-wait.

Exit status: 0 if the policy is promoted, 1 if the rollout is halted, 2 if there is no
rollout, or etcd does not answer.`,
		Example: `  corskit fleet promote --message "no complaints"
  corskit fleet promote --steps`,
		Args: args(cobra.NoArgs),
		RunE: c.promote,
	}
	c.flags(cmd)
	cmd.Flags().BoolVar(&c.force, "force", false, "promote a rollout although it is halted")
	cmd.Flags().BoolVar(&c.steps, "steps", false, "continue the steps, instead of giving the policy to all replicas at once")
	return cmd
}

// with connects, and calls run with the head that the command changes.
func (c *fleetChange) with(cmd *cobra.Command, run func(context.Context, *operator, *fleet.Head) error) error {
	return c.connection.with(cmd, func(ctx context.Context, o *operator) error {
		brief, cancel := o.brief(ctx)
		head, err := o.Head(brief)
		cancel()
		if err != nil {
			return err
		}
		return run(ctx, o, head)
	})
}

func (c *fleetChange) promote(cmd *cobra.Command, _ []string) error {
	if c.force && c.steps {
		return usagef("--force and --steps exclude each other: remove one")
	}
	return c.with(cmd, func(ctx context.Context, o *operator, head *fleet.Head) error {
		return c.promoteFrom(ctx, cmd, o, head)
	})
}

func (c *fleetChange) promoteFrom(ctx context.Context, cmd *cobra.Command, o *operator, head *fleet.Head) error {
	if head.Rollout == nil {
		return fmt.Errorf("there is no rollout to promote: revision %d is for all replicas", head.Stable.Pushed)
	}
	t := out(cmd)
	if c.steps {
		return o.follow(ctx, cmd, t, fleet.FollowOptions{Revision: head.Candidate.Pushed})
	}
	printRollout(t, head)
	if head.Rollout.Halted != nil && !c.force {
		t.printf("nothing was promoted: add --force, or end the rollout with 'corskit fleet rollback'\n")
		return errNo
	}
	question, err := o.question(ctx, fmt.Sprintf("give revision %d", head.Candidate.Pushed), nil)
	if err != nil {
		return err
	}
	if err := agree(ctx, cmd, c.yes, question, "promoted"); err != nil {
		return err
	}
	brief, cancel := o.brief(ctx)
	defer cancel()
	promoted, err := o.Promote(brief, fleet.ChangeOptions{Message: c.message, Base: head, Force: c.force})
	if err != nil {
		return err
	}
	t.printf("%s revision %d to all replicas, as revision %d%s\n", t.style(green, "promoted"), promoted.Stable.Pushed,
		promoted.Revision, o.unsignedNote())
	return nil
}

func newFleetRollback() *cobra.Command {
	var c fleetChange
	cmd := &cobra.Command{
		Use:   "rollback [REVISION]",
		Short: "Bring an earlier policy back",
		Long: `rollback brings an earlier policy back to all replicas, as a new revision. Without a
REVISION, it ends the rollout that is in progress or, if there is none, brings back the
policy before the one in force. 'corskit fleet history' lists the revisions; the
files of the last 10 changes are kept.`,
		Example: `  corskit fleet rollback --message "partners cannot log in"
  corskit fleet rollback 41 --yes`,
		Args: between(0, 1),
		RunE: c.rollback,
	}
	c.flags(cmd)
	return cmd
}

func (c *fleetChange) rollback(cmd *cobra.Command, list []string) error {
	to, err := revisionArg(list)
	if err != nil {
		return err
	}
	return c.with(cmd, func(ctx context.Context, o *operator, head *fleet.Head) error {
		return c.rollbackFrom(ctx, cmd, o, head, to)
	})
}

// revisionArg returns the argument REVISION, or zero if there is none.
func revisionArg(list []string) (uint64, error) {
	if len(list) == 0 {
		return 0, nil
	}
	revision, err := strconv.ParseUint(list[0], 10, 64)
	if err != nil || revision == 0 {
		return 0, usagef("REVISION is %q; it must be a number, as 'corskit fleet history' lists them", clip(list[0]))
	}
	return revision, nil
}

func (c *fleetChange) rollbackFrom(ctx context.Context, cmd *cobra.Command, o *operator, head *fleet.Head, to uint64) error {
	t := out(cmd)
	printHead(t, head)
	target, err := o.showRollback(ctx, cmd, head, to)
	if err != nil {
		return err
	}
	question, err := o.question(ctx, fmt.Sprintf("give the policy of revision %d", target.Pushed), nil)
	if err != nil {
		return err
	}
	if err := agree(ctx, cmd, c.yes, question, "rolled back"); err != nil {
		return err
	}
	long, cancel := context.WithTimeout(ctx, o.timeout+transferTime(target.Size))
	defer cancel()
	back, err := o.Rollback(long, to, fleet.ChangeOptions{Message: c.message, Base: head})
	if err != nil {
		return err
	}
	t.printf("%s to the policy of revision %d, as revision %d%s\n", t.style(green, "rolled back"), back.RollbackTo,
		back.Revision, o.unsignedNote())
	return nil
}

// showRollback prints what a rollback changes, and returns the bundle that it brings back.
func (o *operator) showRollback(ctx context.Context, cmd *cobra.Command, head *fleet.Head, to uint64) (fleet.Reference, error) {
	brief, cancel := o.brief(ctx)
	defer cancel()
	target, err := o.Target(brief, head, to)
	if err != nil {
		return target, err
	}
	newest := head.Stable
	if head.Candidate != nil {
		newest = *head.Candidate
	}
	before, err := o.files(ctx, newest)
	if err != nil {
		return target, err
	}
	after, err := o.files(ctx, target)
	if err != nil {
		return target, err
	}
	t := out(cmd)
	if after == nil {
		return target, errors.New("the files of that revision are damaged or no longer kept: push the policy that you want")
	}
	t.printf("back to revision %d; compared with revision %d:\n", target.Pushed, newest.Pushed)
	if before == nil {
		printNoFiles(t, newest)
		return target, nil
	}
	printBundleDiff(ctx, cmd, before, after)
	return target, nil
}
