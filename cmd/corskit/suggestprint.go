package main

import (
	"fmt"
	"strings"
)

// maxWishes is the largest number of origins that are printed for each mark.
const maxWishes = 20

func (s suggested) print(t terminal) {
	shown := make(map[mark]int)
	requests := make(map[mark]uint64)
	for _, w := range s.Suggestions {
		if shown[w.Mark]++; shown[w.Mark] <= maxWishes {
			w.print(t)
		} else {
			requests[w.Mark] += w.Requests
		}
	}
	for _, m := range []mark{markSafe, markQuestionable, markNone} {
		if more := shown[m] - maxWishes; more > 0 {
			t.printf("%s %d more, with %s\n", t.style(m.style(), string(m)+":"), more, counted(requests[m], "request"))
		}
	}
	if len(s.Suggestions) > 0 && len(s.Changes) > 0 {
		t.printf("\n")
	}
	for _, c := range s.Changes {
		printDiff(t, c.Diff)
	}
	for _, h := range s.ByHand {
		t.printf("%s %s\n", t.style(bold, "by hand:"), h.Text)
	}
	for _, n := range append(s.Notes, s.next()...) {
		t.printf("%s %s\n", t.style(yellow, "note:"), n)
	}
	t.printf("%s\n", s.summary())
}

// next says what else the command can do.
func (s suggested) next() (notes []string) {
	if s.left > 0 {
		notes = append(notes, fmt.Sprintf("%s not in the change; --known ORIGIN or --questionable includes them", entries(s.left)))
	}
	if len(s.Changes) > 0 && !s.Written {
		notes = append(notes, "--write makes the change")
	}
	return notes
}

// entries returns n and a noun with its verb.
func entries(n int) string {
	if n == 1 {
		return "1 questionable entry is"
	}
	return fmt.Sprintf("%d questionable entries are", n)
}

func (s suggested) summary() string {
	text := counted(s.Traffic.Refusals, "refused request")
	if s.Allowed > 0 {
		text += fmt.Sprintf("; the file allows %d of them", s.Allowed)
	}
	switch {
	case s.Written:
		var names []string
		for _, c := range s.Changes {
			names = append(names, safe(c.File))
		}
		return text + "; wrote " + strings.Join(names, " and ")
	case len(s.Changes)+len(s.ByHand)+s.left == 0:
		return text + "; nothing to suggest"
	}
	return text
}

func counted(n uint64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

func (m mark) style() style {
	switch m {
	case markSafe:
		return green
	case markQuestionable:
		return yellow
	}
	return red
}

func (w wish) print(t terminal) {
	origin := safe(w.Origin)
	if origin == "" {
		origin = `""`
	}
	t.printf("%s %s, %s, such as %s\n",
		t.style(w.Mark.style(), string(w.Mark)+":"), origin, counted(w.Requests, "request"), safe(w.Example))
	if w.Reason != "" {
		t.printf("    %s\n", w.Reason)
	}
	said := ""
	for _, a := range w.Add {
		line := fmt.Sprintf("+ %s to %s of policy %s", quotedList(safe(a.Entry)), a.Key, quotedList(w.Policy))
		if a.Entry == "true" {
			line = fmt.Sprintf("+ %s: true in policy %s", a.Key, quotedList(w.Policy))
		}
		t.printf("  %s\n", t.style(a.Mark.style(), line))
		if why := string(a.Mark) + ": " + a.Reason; why != said {
			said = why
			if a.Mark == w.Mark {
				why = a.Reason
			}
			t.printf("    %s\n", why)
		}
	}
}
