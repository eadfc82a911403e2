package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/fleet"
)

// follow follows a bundle until all selected replicas have it, or the rollout halts. It shows
// progress, and prints the result to t.
func (o *operator) follow(ctx context.Context, cmd *cobra.Command, t terminal, opts fleet.FollowOptions) error {
	p := rolloutProgress{terminal: newTerminal(cmd.ErrOrStderr(), cmd.Flag("color").Value.String()), observe: opts.Observe}
	opts.Progress = p.show
	stop := p.refresh()
	err := o.Follow(ctx, opts)
	stop()
	p.clear()
	if halted, ok := errors.AsType[*fleet.HaltedError](err); ok {
		o.printHalted(t, halted)
		return errNo
	}
	if ctx.Err() != nil && !opts.Observe && p.last.Head != nil && p.last.Head.Rollout != nil {
		return fmt.Errorf("interrupted: the rollout stays at %s; 'corskit fleet promote --steps' continues it, "+
			"'corskit fleet rollback' ends it",
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
	if halted.Everywhere {
		printRefused(t, halted)
		return
	}
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
	printWayBack(t)
}

func printWayBack(t terminal) {
	t.printf("'corskit fleet rollback' brings back the policy before it\n")
}

// printRefused prints which replicas refuse a policy that is for all of them. Replicas with the
// same fault share a line.
func printRefused(t terminal, halted *fleet.HaltedError) {
	var faults []string
	by := make(map[string][]string)
	for _, r := range halted.Refused {
		fault := "no reason is known"
		if r.Fault != nil {
			fault = strings.TrimPrefix(r.Fault.Text, fmt.Sprintf("revision %d: ", halted.Revision))
		}
		if by[fault] == nil {
			faults = append(faults, fault)
		}
		by[fault] = append(by[fault], safe(r.Instance))
	}
	for i, fault := range faults {
		if i == maxListed {
			t.printf("... and %d more faults\n", len(faults)-i)
			break
		}
		names := by[fault]
		if more := len(names) - maxListed; more > 0 {
			names = append(names[:maxListed:maxListed], fmt.Sprintf("%d more", more))
		}
		t.printf("%s revision %d by %s: %s\n", t.style(red, "refused:"), halted.Revision, strings.Join(names, ", "), safe(fault))
	}
	printWayBack(t)
}

// rolloutProgress shows how far a rollout has come: on a terminal in one line that changes,
// elsewhere with a line for each step and, between them, at most one each second.
type rolloutProgress struct {
	terminal terminal
	observe  bool // another command drives the rollout

	mu      sync.Mutex
	last    fleet.Progress
	text    string
	shownAt time.Time
	shown   bool // a line that changes is on the terminal
	overdue int  // the last step, from 1, that was reported as driven by no command
}

const (
	repeatAfter  = 10 * time.Second // how often the age of a status is shown again
	overdueAfter = 5 * time.Second  // how late the next step may be
)

// refresh shows what changes with time, until the function that it returns is called.
func (p *rolloutProgress) refresh() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case now := <-ticker.C:
				p.mu.Lock()
				p.print(now, false)
				p.mu.Unlock()
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

func (p *rolloutProgress) show(now fleet.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	step := p.last.Head == nil || p.last.Head.Revision != now.Head.Revision
	p.last = now
	p.print(time.Now(), step || now.Pending == 0)
}

// print shows the progress if its text has changed, or the age of what it waits for.
func (p *rolloutProgress) print(now time.Time, atOnce bool) {
	if p.last.Head == nil {
		return
	}
	p.printOverdue(now)
	text, waited := progressText(p.last), now.Sub(p.shownAt)
	if text == p.text && (p.last.Pending == 0 || waited < repeatAfter) {
		return
	}
	line := text + waitingText(p.last, now)
	switch {
	case p.terminal.interactive:
		p.terminal.printf("\r\x1b[K%s", line)
		p.shown = true
	case atOnce || waited >= time.Second:
		p.terminal.printf("%s\n", line)
	default:
		return
	}
	p.text, p.shownAt = text, now
}

// printOverdue says, once for each step, that the next one should have begun.
func (p *rolloutProgress) printOverdue(now time.Time) {
	if !p.observe || p.last.Next.IsZero() || now.Sub(p.last.Next) < overdueAfter || p.last.Head.Rollout == nil {
		return
	}
	if step := p.last.Head.Rollout.Step + 1; p.overdue != step {
		p.clear()
		p.terminal.printf("%s no command drives this rollout: 'corskit fleet promote --steps' continues it\n",
			p.terminal.style(yellow, "note:"))
		p.overdue, p.text = step, ""
	}
}

// waitingText says which replica is pending, and how old its status is.
func waitingText(p fleet.Progress, now time.Time) string {
	if p.Waiting == "" {
		return ""
	}
	text := ": " + safe(p.Waiting)
	if !p.Reported.IsZero() {
		text += ", status " + age(p.Reported, now) + " old"
	}
	return text
}

func (p *rolloutProgress) clear() {
	if p.shown {
		p.terminal.printf("\r\x1b[K")
	}
}

// progressText returns one line that says how many replicas have a bundle.
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
	if p.Stricter+p.Looser > 0 {
		requests := plural(int(p.Decisions), "request")
		parts = append(parts, fmt.Sprintf(
			"of %s to the other replicas, it would newly refuse %d and allow %d", requests, p.Stricter, p.Looser))
	}
	if !p.Next.IsZero() && time.Until(p.Next) > time.Second {
		parts = append(parts, "next step at "+p.Next.Local().Format(time.TimeOnly))
	}
	if p.Pending > 0 {
		parts = append(parts, fmt.Sprintf("%d pending", p.Pending))
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
