package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/fleet"
)

// follow follows a bundle until all of the replicas that are to have it do, or until the
// rollout halts. It shows progress, and prints the result to t.
func (o *operator) follow(ctx context.Context, cmd *cobra.Command, t terminal, opts fleet.FollowOptions) error {
	p := rolloutProgress{terminal: newTerminal(cmd.ErrOrStderr(), cmd.Flag("color").Value.String())}
	opts.Progress = p.show
	err := o.Follow(ctx, opts)
	p.clear()
	if halted, ok := errors.AsType[*fleet.HaltedError](err); ok {
		o.printHalted(t, halted)
		return errNo
	}
	if ctx.Err() != nil && !opts.Observe && p.last.Head != nil && p.last.Head.Rollout != nil {
		return fmt.Errorf("interrupted: the rollout stays at %s; 'corskit fleet promote --steps' goes on, 'corskit fleet rollback' ends it",
			stepOf(p.last.Head.Rollout))
	}
	if err != nil {
		return err
	}
	last := p.last
	switch {
	case last.Head != nil && last.Head.Rollout != nil:
		t.printf("%s revision %d has reached %s, %s; it stays there until 'corskit fleet promote'\n",
			t.style(green, "done:"), last.Revision, stepOf(last.Head.Rollout), plural(last.Acked, "replica"))
	default:
		t.printf("%s revision %d is in force at %s\n", t.style(green, "done:"), last.Revision, plural(last.Acked, "replica"))
	}
	return nil
}

// printHalted prints why a rollout is halted, and which replicas refuse it.
func (o *operator) printHalted(t terminal, halted *fleet.HaltedError) {
	t.printf("%s revision %d: %s\n", t.style(red, "halted:"), halted.Revision, safe(halted.Reason))
	for i, r := range halted.Refused {
		if i == maxListed {
			t.printf("  ... and %d more\n", len(halted.Refused)-i)
			break
		}
		text := ""
		if r.Fault != nil {
			text = safe(r.Fault.Text)
		}
		t.printf("  %s: %s\n", safe(r.Instance), text)
	}
	t.printf("'corskit fleet rollback' brings the policy before it back\n")
}

// rolloutProgress shows how far a rollout has come: on a terminal in one line that changes,
// elsewhere with a line for each step and, between them, at most one each second.
type rolloutProgress struct {
	terminal terminal
	last     fleet.Progress
	text     string
	shownAt  time.Time
	shown    bool
}

func (p *rolloutProgress) show(now fleet.Progress) {
	text := progressText(now)
	step := p.last.Head == nil || p.last.Head.Revision != now.Head.Revision
	p.last = now
	if text == p.text {
		return
	}
	if p.terminal.interactive {
		p.terminal.printf("\r\x1b[K%s", text)
		p.text, p.shown = text, true
		return
	}
	if step || now.Pending == 0 || time.Since(p.shownAt) >= time.Second {
		p.terminal.printf("%s\n", text)
		p.text, p.shownAt = text, time.Now()
	}
}

func (p *rolloutProgress) clear() {
	if p.shown {
		p.terminal.printf("\r\x1b[K")
	}
}

// progressText says how far a bundle has come, in one line.
func progressText(p fleet.Progress) string {
	var parts []string
	if p.Head != nil && p.Head.Rollout != nil {
		parts = append(parts, stepOf(p.Head.Rollout))
	}
	if p.Selected == 0 && p.Replicas > 0 {
		parts = append(parts, fmt.Sprintf("none of %s is selected", plural(p.Replicas, "replica")))
	} else {
		parts = append(parts, fmt.Sprintf("%d of %s have it", p.Acked, plural(p.Selected, "replica")))
	}
	if p.Refused > 0 {
		parts = append(parts, fmt.Sprintf("%d refuse it", p.Refused))
	}
	if p.Pending > 0 {
		parts = append(parts, fmt.Sprintf("%d pending", p.Pending))
	}
	if p.Stricter+p.Looser > 0 {
		requests := plural(int(p.Decisions), "request")
		parts = append(parts, fmt.Sprintf("of %s elsewhere it would newly refuse %d and allow %d", requests, p.Stricter, p.Looser))
	}
	if !p.Next.IsZero() && time.Until(p.Next) > time.Second {
		parts = append(parts, "next step at "+p.Next.Local().Format(time.TimeOnly))
	}
	return fmt.Sprintf("revision %d: %s", p.Revision, strings.Join(parts, ", "))
}

// stepOf describes the step of a rollout that is in force.
func stepOf(r *fleet.Rollout) string {
	text := number(r.Percent) + "%"
	if len(r.Labels) > 0 {
		text += " of " + labelText(r.Labels)
	}
	if len(r.Steps) > 1 {
		text += fmt.Sprintf(" (step %d of %d)", r.Step+1, len(r.Steps))
	}
	return text
}
