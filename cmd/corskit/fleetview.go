package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/reason"
)

// view is a replica as an operator sees it: judged by the head that is in force now, which
// the replica may not have seen yet.
type view struct {
	fleet.Status
	Wanted uint64      `json:"wanted"`
	State  fleet.State `json:"state"`
}

// viewOf judges the status of a replica. Without a head, it keeps what the replica reports.
func viewOf(head *fleet.Head, s fleet.Status) view {
	v := view{Status: s, Wanted: s.Wanted, State: s.State}
	if head == nil {
		return v
	}
	wanted, _ := head.Wanted(s.Instance, s.Labels)
	v.Wanted = wanted.Pushed
	switch {
	case s.Active.Revision == wanted.Pushed && s.Active.Manifest == wanted.Manifest:
		v.State = fleet.StateAcked
	case s.State == fleet.StateRefused && (s.Head >= wanted.Pushed || refusesHead(s.Fault)):
	default:
		v.State = fleet.StatePending
	}
	return v
}

// refusesHead reports whether a replica refuses the head. Its status then has the revision of
// an earlier head, because it does not trust this one.
func refusesHead(f *fleet.Fault) bool {
	return f != nil && slices.Contains([]reason.Reason{
		reason.Unsigned, reason.WrongSignature, reason.WrongFleet, reason.Malformed, reason.Version,
		reason.Replayed, reason.Conflicting, reason.TooLarge,
	}, f.Reason)
}

// viewsOf judges all replicas. Those that need attention come first.
func viewsOf(head *fleet.Head, statuses []fleet.Status) []view {
	views := make([]view, len(statuses))
	for i, s := range statuses {
		views[i] = viewOf(head, s)
	}
	rank := func(v view) int {
		switch {
		case v.State == fleet.StateRefused:
			return 0
		case v.State != fleet.StateAcked:
			return 1
		case v.Fault != nil || v.Cache != nil:
			return 2
		}
		return 3
	}
	slices.SortStableFunc(views, func(a, b view) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Instance, b.Instance))
	})
	return views
}

// fleetCounts counts the replicas in each state.
type fleetCounts struct {
	Replicas int `json:"replicas"`
	Acked    int `json:"acked"`
	Pending  int `json:"pending"`
	Refused  int `json:"refused"`
}

func fleetCountsOf(views []view) (n fleetCounts) {
	n.Replicas = len(views)
	for _, v := range views {
		switch v.State {
		case fleet.StateAcked:
			n.Acked++
		case fleet.StateRefused:
			n.Refused++
		default:
			n.Pending++
		}
	}
	return n
}

func (n fleetCounts) String() string {
	return fmt.Sprintf("%s: %d acked, %d pending, %d refused", plural(n.Replicas, "replica"), n.Acked, n.Pending, n.Refused)
}

// printViews prints the table of replicas, at most limit of them if it is not zero.
func printViews(t terminal, views []view, limit int, now time.Time) {
	if len(views) == 0 {
		t.printf("no replica has joined\n")
		return
	}
	var tab table
	tab.head("INSTANCE", "LABELS", "WANTED", "ACTIVE", "STATE", "ACTIVE SINCE", "FAULT")
	for i, v := range views {
		if limit > 0 && i == limit {
			break
		}
		tab.add(cell{text: safe(v.Instance)}, cell{text: labelText(v.Labels)}, cell{text: revisionText(v.Wanted)},
			cell{text: activeText(v.Active)},
			cell{safe(string(v.State)), stateStyle(v.State)}, cell{text: age(v.Active.Since, now)}, cell{text: faultText(v.Status)})
	}
	tab.print(t)
	if left := len(views) - limit; limit > 0 && left > 0 {
		t.printf("... and %d more; --limit 0 lists all\n", left)
	}
}

func stateStyle(s fleet.State) style {
	switch s {
	case fleet.StateAcked:
		return green
	case fleet.StateRefused:
		return red
	}
	return yellow
}

func revisionText(revision uint64) string {
	if revision == 0 {
		return "-"
	}
	return fmt.Sprint(revision)
}

// activeText says which policy a replica has in force.
func activeText(a fleet.Active) string {
	switch a.Source {
	case fleet.SourceEtcd:
		return revisionText(a.Revision)
	case fleet.SourceDisk:
		return revisionText(a.Revision) + " (disk)"
	case fleet.SourceFile:
		return "local file"
	}
	return "none"
}

// faultText returns the faults of a replica in one line.
func faultText(s fleet.Status) string {
	var parts []string
	if s.Fault != nil {
		parts = append(parts, safe(s.Fault.Text))
	}
	if s.Cache != nil {
		parts = append(parts, "copy on disk: "+safe(s.Cache.Text))
	}
	return strings.Join(parts, "; ")
}

// labelText returns labels as on the command line.
func labelText(labels map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, safe(name)+"="+safe(labels[name]))
	}
	return strings.Join(parts, ",")
}

// age returns how long ago a time is, in its two largest units.
func age(since, now time.Time) string {
	if since.IsZero() {
		return "-"
	}
	d := max(now.Sub(since), 0)
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < day:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%dh", int(d/day), int(d.Hours())%24)
}

// moment returns a time for people: without the date if it is today.
func moment(at time.Time) string {
	at = at.Local()
	if now := time.Now(); at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		return at.Format(time.TimeOnly)
	}
	return at.Format(time.DateTime)
}

// printHead prints which policy is in force.
func printHead(t terminal, head *fleet.Head) {
	t.printf("fleet %s at revision %d: %s\n", safe(head.Prefix), head.Revision, headText(head))
	printRollout(t, head)
}

// headText says what a head did, when, by whom and why.
func headText(head *fleet.Head) string {
	text := changeText(head) + ", " + moment(head.Time)
	if head.Author != "" {
		text += " by " + safe(head.Author)
	}
	if head.Message != "" {
		text += " (" + safe(head.Message) + ")"
	}
	return text
}

// printRollout prints the state of the rollout, if there is one.
func printRollout(t terminal, head *fleet.Head) {
	if head.Rollout == nil {
		return
	}
	t.printf("%s revision %d at %s; the others keep revision %d\n",
		t.style(bold, "rollout:"), head.Candidate.Pushed, stepOf(head.Rollout), head.Stable.Pushed)
	if h := head.Rollout.Halted; h != nil {
		t.printf("%s since %s: %s\n", t.style(red, "halted"), moment(h.Time), safe(h.Reason))
	}
}
