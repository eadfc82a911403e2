package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/reason"
)

func newFleetHistory() *cobra.Command {
	var h fleetHistory
	cmd := &cobra.Command{
		Use:   "history",
		Short: "List the changes of the fleet",
		Long: `history lists who changed the fleet, when and why, the newest change first. etcd keeps
the last 100 changes, and the files of the last 10, which 'corskit fleet rollback' can
bring back.`,
		Example: `  corskit fleet history
  corskit fleet history --limit 0 --format json`,
		Args: args(cobra.NoArgs),
		RunE: h.run,
	}
	h.connection.flags(cmd)
	cmd.Flags().IntVar(&h.limit, "limit", 20, "how many changes to list; 0 for all")
	cmd.Flags().StringVar(&h.format, "format", "text", "output format: text or json")
	complete(cmd, "format", "text", "json")
	return cmd
}

type fleetHistory struct {
	connection connection
	limit      int
	format     string
}

// pastChange is an element of the JSON output of history.
type pastChange struct {
	Revision uint64      `json:"revision"`
	Head     *fleet.Head `json:"head"`              // null if there is a fault
	Claimed  *fleet.Head `json:"claimed,omitempty"` // what it says, although it cannot be trusted
	Fault    string      `json:"fault,omitempty"`   // why it cannot be trusted
	unsigned bool
}

func (h *fleetHistory) run(cmd *cobra.Command, _ []string) error {
	if err := oneOf("format", h.format, "text", "json"); err != nil {
		return err
	}
	if h.limit < 0 {
		return usagef("--limit is %d; it must not be negative", h.limit)
	}
	return h.connection.with(cmd, func(ctx context.Context, o *operator) error { return h.show(ctx, cmd, o) })
}

// show prints the changes.
func (h *fleetHistory) show(ctx context.Context, cmd *cobra.Command, o *operator) error {
	ctx, cancel := o.brief(ctx)
	defer cancel()
	entries, err := o.History(ctx, h.limit)
	if err != nil {
		return err
	}
	list, err := o.pastChanges(ctx, h.limit, entries)
	if err != nil {
		return err
	}
	if h.format == "json" {
		return printJSON(cmd.OutOrStdout(), list)
	}
	t := out(cmd)
	if len(list) == 0 {
		t.printf("nothing was pushed to %s yet\n", safe(h.connection.prefix))
		return nil
	}
	printHistory(t, list)
	return nil
}

// pastChanges returns the changes. For a change that cannot be verified, it adds what the change
// claims.
func (o *operator) pastChanges(ctx context.Context, limit int, entries []fleet.HistoryEntry) ([]pastChange, error) {
	list := []pastChange{}
	claimed := make(map[uint64]*fleet.Head)
	if slices.ContainsFunc(entries, func(e fleet.HistoryEntry) bool { return e.Err != nil }) {
		claims, err := o.claimed.History(ctx, limit)
		if err != nil {
			return nil, err
		}
		for _, c := range claims {
			claimed[c.Revision] = c.Head
		}
	}
	for _, e := range entries {
		one := pastChange{Revision: e.Revision, Head: e.Head}
		if e.Err != nil {
			one.Fault, one.Claimed = safe(e.Err.Error()), claimed[e.Revision]
			fault, ok := errors.AsType[*fleet.Error](e.Err)
			one.unsigned = ok && fault.Reason == reason.Unsigned
		}
		list = append(list, one)
	}
	return list, nil
}

// printHistory prints the table of changes, and below it why some cannot be verified.
func printHistory(t terminal, list []pastChange) {
	var tab table
	var faults []string
	tab.head("REVISION", "TIME", "AUTHOR", "CHANGE", "MESSAGE")
	for _, one := range list {
		head, note := one.Head, ""
		if head == nil {
			head, note = one.Claimed, "not verified"
			if one.unsigned {
				note = "unsigned"
			}
			if fault := strings.TrimPrefix(one.Fault, "revision "+revisionText(one.Revision)+": "); !slices.Contains(faults, fault) {
				faults = append(faults, fault)
			}
		}
		if head == nil {
			tab.add(cell{text: revisionText(one.Revision)}, cell{text: "-"}, cell{text: "-"}, cell{note, red}, cell{})
			continue
		}
		row := plain(revisionText(one.Revision), head.Time.Local().Format("2006-01-02 15:04:05"), safe(head.Author),
			changeText(head), safe(head.Message))
		if note != "" {
			row[3] = cell{row[3].text + " (" + note + ")", red}
		}
		tab.add(row...)
	}
	tab.print(t)
	for _, fault := range faults {
		t.printf("%s %s\n", t.style(yellow, "note:"), fault)
	}
}

// changeText says what a head did.
func changeText(h *fleet.Head) string {
	switch r := h.Rollout; {
	case h.RollbackTo > 0:
		return "rollback to " + revisionText(h.RollbackTo)
	case r != nil && r.Halted != nil:
		return "halt " + revisionText(h.Candidate.Pushed) + " at " + stepOf(r)
	case r != nil && h.Candidate.Pushed == h.Revision:
		return "push to " + stepOf(r)
	case r != nil:
		return "continue " + revisionText(h.Candidate.Pushed) + " to " + stepOf(r)
	case h.Stable.Pushed == h.Revision:
		return "push"
	}
	return "promote " + revisionText(h.Stable.Pushed)
}
