package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/fleet"
)

func newFleetHistory() *cobra.Command {
	var h fleetHistory
	cmd := &cobra.Command{
		Use:   "history",
		Short: "List the changes of the fleet",
		Long: `history lists who changed the fleet, when and why, the newest first. The last 100
changes are kept, and the files of the last 10, to which 'corskit fleet rollback' can go.`,
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

// past is an element of the JSON output of history.
type past struct {
	Revision uint64      `json:"revision"`
	Head     *fleet.Head `json:"head"`            // null if there is a fault
	Fault    string      `json:"fault,omitempty"` // why it cannot be trusted
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
	list := []past{}
	for _, e := range entries {
		one := past{Revision: e.Revision, Head: e.Head}
		if e.Err != nil {
			one.Fault = safe(e.Err.Error())
		}
		list = append(list, one)
	}
	if h.format == "json" {
		return printJSON(cmd.OutOrStdout(), list)
	}
	t := out(cmd)
	if len(list) == 0 {
		t.printf("nothing was pushed to %s yet\n", safe(h.connection.prefix))
		return nil
	}
	var tab table
	tab.head("REVISION", "TIME", "AUTHOR", "CHANGE", "MESSAGE")
	for _, one := range list {
		if one.Head == nil {
			tab.add(cell{text: revisionText(one.Revision)}, cell{text: "-"}, cell{text: "-"}, cell{"not valid", red}, cell{text: one.Fault})
			continue
		}
		tab.add(plain(revisionText(one.Revision), one.Head.Time.Local().Format("2006-01-02 15:04:05"), safe(one.Head.Author),
			changeText(one.Head), safe(one.Head.Message))...)
	}
	tab.print(t)
	return nil
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
		return "go on with " + revisionText(h.Candidate.Pushed) + " to " + stepOf(r)
	case h.Stable.Pushed == h.Revision:
		return "push"
	}
	return "promote " + revisionText(h.Stable.Pushed)
}
