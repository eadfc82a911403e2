package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/fleet"
)

func newFleetWatch() *cobra.Command {
	var w fleetWatch
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Print the changes of the fleet as they come",
		Long: `watch prints the head of the fleet and the status of each replica, and then every
change of them. While etcd does not answer, watch says so and tries again. Ctrl-C
stops it.`,
		Example: `  corskit fleet watch
  corskit fleet watch --format json >> fleet.jsonl`,
		Args: args(cobra.NoArgs),
		RunE: w.run,
	}
	w.connection.flags(cmd)
	cmd.Flags().StringVar(&w.format, "format", "text", "output format: text, or json for one object per line")
	complete(cmd, "format", "text", "json")
	return cmd
}

type fleetWatch struct {
	connection connection
	format     string

	head *fleet.Head
}

// watchLine is a line of the JSON output of watch. It has Time and one other field.
type watchLine struct {
	Time    time.Time   `json:"time"`
	Head    *fleet.Head `json:"head,omitempty"`
	Replica *view       `json:"replica,omitempty"`
	Gone    string      `json:"gone,omitempty"`
	Error   string      `json:"error,omitempty"`
}

func (w *fleetWatch) run(cmd *cobra.Command, _ []string) error {
	if err := oneOf("format", w.format, "text", "json"); err != nil {
		return err
	}
	return w.connection.with(cmd, func(ctx context.Context, o *operator) error { return w.show(ctx, cmd, o) })
}

// show prints changes until ctx is done.
func (w *fleetWatch) show(ctx context.Context, cmd *cobra.Command, o *operator) error {
	t := out(cmd)
	for event, err := range o.Watch(ctx) {
		h := watchLine{Time: time.Now(), Head: event.Head, Gone: event.Gone}
		if err != nil {
			h.Error = safe(err.Error())
		}
		if event.Head != nil {
			w.head = event.Head
		}
		if event.Status != nil {
			v := viewOf(w.head, *event.Status)
			h.Replica = &v
		}
		if w.format == "json" {
			err = printLine(t, h)
		} else {
			h.print(t)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// print prints a line for people.
func (h watchLine) print(t terminal) {
	at := t.style(dim, h.Time.Local().Format(time.TimeOnly))
	switch {
	case h.Error != "":
		t.printf("%s %s %s\n", at, t.style(red, "error"), h.Error)
	case h.Gone != "":
		t.printf("%s %s left\n", at, safe(h.Gone))
	case h.Head != nil:
		t.printf("%s %s: %s\n", at, t.style(bold, "revision "+revisionText(h.Head.Revision)), headText(h.Head))
	case h.Replica != nil:
		v := h.Replica
		text := ""
		if f := faultText(v.Status); f != "" {
			text = ": " + f
		}
		t.printf("%s %s %s, active %s, wanted %s%s\n", at, safe(v.Instance), t.style(stateStyle(v.State), safe(string(v.State))),
			activeText(v.Active), revisionText(v.Wanted), text)
	}
}

// printLine prints v as one line of JSON.
func printLine(t terminal, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = t.Write(append(escapeJSON(text), '\n'))
	return err
}
