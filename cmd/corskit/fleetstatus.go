package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/fleet"
)

func newFleetStatus() *cobra.Command {
	var s fleetStatus
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show which replicas have which policy",
		Long: `status lists the replicas: the revision that each should have (WANTED) and has
(ACTIVE), since when, and its fault. A replica that dies without leaving the fleet
stays listed until its lease ends, after a minute by default.

  acked     the wanted policy is in force
  pending   the wanted policy is on its way; a fault says what delays it
  refused   the replica refuses the wanted policy, and keeps what it has

With --wait, status shows progress until the rollout is done or halted. It changes
nothing: 'push' and 'promote' drive a rollout.

Exit status: 0 if no replica refuses its policy and the rollout is not halted, 1 if it
is halted or a replica refuses its policy, 2 if etcd does not answer.`,
		Example: `  corskit fleet status
  corskit fleet status --wait
  corskit fleet status --format json | jq '.replicas[] | select(.state != "acked")'`,
		Args: args(cobra.NoArgs),
		RunE: s.run,
	}
	s.connection.flags(cmd)
	cmd.Flags().BoolVarP(&s.wait, "wait", "w", false, "wait until the rollout is done, or all replicas have the policy")
	cmd.Flags().IntVar(&s.limit, "limit", 50, "how many replicas to list, those with faults first; 0 for all")
	cmd.Flags().StringVar(&s.format, "format", "text", "output format: text or json")
	complete(cmd, "format", "text", "json")
	return cmd
}

type fleetStatus struct {
	connection connection
	wait       bool
	limit      int
	format     string
}

// fleetState is the JSON output of status.
type fleetState struct {
	Head   *fleet.Head `json:"head"`            // null if nothing was pushed, or if there is a fault
	Fault  string      `json:"fault,omitempty"` // why the head cannot be trusted
	Counts fleetCounts `json:"counts"`
	Views  []view      `json:"replicas"`
}

func (s *fleetStatus) run(cmd *cobra.Command, _ []string) error {
	if err := oneOf("format", s.format, "text", "json"); err != nil {
		return err
	}
	if s.limit < 0 {
		return usagef("--limit is %d; it must not be negative", s.limit)
	}
	return s.connection.with(cmd, func(ctx context.Context, o *operator) error { return s.show(ctx, cmd, o) })
}

// show waits, if --wait is set, and prints the state of the fleet.
func (s *fleetStatus) show(ctx context.Context, cmd *cobra.Command, o *operator) error {
	if s.wait {
		t := out(cmd)
		if s.format == "json" {
			t = terminal{Writer: io.Discard}
		}
		err := o.follow(ctx, cmd, t, fleet.FollowOptions{Observe: true})
		if s.format == "text" || err != nil && !errors.Is(err, errNo) {
			return err
		}
	}
	return s.print(ctx, cmd, o)
}

// print prints the state of the fleet.
func (s *fleetStatus) print(ctx context.Context, cmd *cobra.Command, o *operator) error {
	head, fault := o.base(ctx)
	if isAway(fault) {
		return fault
	}
	brief, cancel := o.brief(ctx)
	defer cancel()
	statuses, err := o.Replicas(brief)
	if err != nil {
		return err
	}
	if head.Revision == 0 {
		head = nil
	}
	state := fleetState{Head: head, Views: viewsOf(head, statuses)}
	if fault != nil {
		state.Fault = safe(fault.Error())
	}
	state.Counts = fleetCountsOf(state.Views)
	if s.format == "json" {
		err = printJSON(cmd.OutOrStdout(), state)
	} else {
		t := out(cmd)
		switch {
		case fault != nil:
			t.printf("%s %s\n", t.style(red, "the head of the fleet cannot be trusted:"), state.Fault)
		case head == nil:
			t.printf("nothing was pushed to %s yet\n", safe(s.connection.prefix))
		default:
			printHead(t, head)
		}
		if len(state.Views) > 0 {
			t.printf("%s\n\n", state.Counts)
		}
		printViews(t, state.Views, s.limit, time.Now())
	}
	if err == nil && fault != nil {
		return errNoAnswer
	}
	if err == nil && (state.Counts.Refused > 0 || head != nil && head.Rollout != nil && head.Rollout.Halted != nil) {
		return errNo
	}
	return err
}
