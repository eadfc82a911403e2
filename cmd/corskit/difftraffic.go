package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// trafficDiff is the JSON output of diff --traffic.
type trafficDiff struct {
	Traffic traffic         `json:"traffic"`
	Changed uint64          `json:"changed"` // requests
	Changes []trafficChange `json:"changes"`
	Notes   []string        `json:"notes,omitempty"`
}

// trafficChange is a change that some requests have in common.
type trafficChange struct {
	Effect   string         `json:"effect"` // allowed, refused or changed
	Before   ruling         `json:"before"`
	After    ruling         `json:"after"`
	Requests uint64         `json:"requests"`
	Origins  []trafficShare `json:"origins"`
}

// ruling is how a configuration decides a request.
type ruling struct {
	Result      core.Result `json:"result"`
	Code        core.Code   `json:"code"`
	Refused     string      `json:"refused,omitempty"` // the method or header name that is not allowed
	Credentials bool        `json:"credentials"`       // whether a request with credentials is allowed too

	// PrivateNetwork is whether the preflight permits a request into a private network.
	PrivateNetwork bool `json:"privateNetwork"`

	Headers string `json:"headers,omitempty"` // other response headers: see otherHeaders
}

// trafficShare is the share of an origin in a change.
type trafficShare struct {
	Origin   string `json:"origin"`
	Requests uint64 `json:"requests"`
	Example  string `json:"example"`
}

func (r ruling) String() string {
	switch {
	case passes(core.Class{Result: r.Result}):
		text := string(r.Result)
		if r.Credentials {
			text += " with credentials"
		}
		if r.PrivateNetwork {
			text += " into the private network"
		}
		if r.Headers != "" {
			text += " with " + safe(r.Headers)
		}
		return text
	case r.Refused != "":
		return fmt.Sprintf("%s (%s %s)", r.Result, r.Code, safe(r.Refused))
	}
	return fmt.Sprintf("%s (%s)", r.Result, r.Code)
}

// trafficKey groups the requests that diff --traffic counts together.
type trafficKey struct {
	origin        string
	before, after ruling
}

// compareTraffic asks two configurations about requests that were refused.
func compareTraffic(cmd *cobra.Command, from string, before, after *config.Config) (d trafficDiff, err error) {
	rows := tally[trafficKey, trafficChange]{max: maxDemands}
	old, now := newJudge(before.Engine()), newJudge(after.Engine())
	d.Traffic, err = readTraffic(cmd, from, func(r core.Request, n uint64) {
		key := trafficKey{strings.Join(r.Origin, ", "), old.ruling(cmd.Context(), r), now.ruling(cmd.Context(), r)}
		if key.before.same(key.after) {
			return
		}
		d.Changed += n
		rows.add(key, n, func() trafficChange {
			return trafficChange{
				Effect: effect(key.before, key.after), Before: key.before, After: key.after,
				Origins: []trafficShare{{Origin: clip(key.origin), Example: example(r)}},
			}
		})
	})
	d.Traffic.Forgotten = rows.forgotten
	d.Notes = d.Traffic.notes()
	d.Changes = []trafficChange{}
	index := make(map[[2]ruling]int)
	for _, row := range rows.sorted() {
		c := row.value
		c.Origins[0].Requests = row.count
		i, known := index[[2]ruling{c.Before, c.After}]
		if !known {
			i = len(d.Changes)
			index[[2]ruling{c.Before, c.After}] = i
			d.Changes = append(d.Changes, trafficChange{Effect: c.Effect, Before: c.Before, After: c.After})
		}
		d.Changes[i].Requests += row.count
		d.Changes[i].Origins = append(d.Changes[i].Origins, c.Origins...)
	}
	slices.SortStableFunc(d.Changes, func(a, b trafficChange) int { return cmp.Compare(b.Requests, a.Requests) })
	return d, err
}

// same reports whether a browser and a handler see no difference between two rulings. The
// reason why a request is allowed does not matter.
func (r ruling) same(other ruling) bool {
	if passes(core.Class{Result: r.Result}) && r.Result == other.Result {
		r.Code, other.Code = "", ""
	}
	return r == other
}

func effect(before, after ruling) string {
	was, is := passes(core.Class{Result: before.Result}), passes(core.Class{Result: after.Result})
	switch {
	case is && !was:
		return "allowed"
	case was && !is:
		return "refused"
	}
	return "changed"
}

// maxChanges is the largest number of changes that are printed.
const maxChanges = 20

func (d trafficDiff) print(t terminal) {
	for i, c := range d.Changes {
		if i == maxChanges {
			t.printf("... and %d more changes\n", len(d.Changes)-i)
			break
		}
		mark, how := "~", yellow
		switch c.Effect {
		case "allowed":
			mark, how = "+", green
		case "refused":
			mark, how = "-", red
		}
		t.printf("%s\n", t.style(how, fmt.Sprintf("%s %s -> %s: %s", mark, c.Before, c.After, counted(c.Requests, "request"))))
		for i, o := range c.Origins {
			if i == maxListed {
				t.printf("    ... and %d more\n", len(c.Origins)-i)
				break
			}
			t.printf("    %s: %s, such as %s\n", safe(o.Origin), counted(o.Requests, "request"), safe(o.Example))
		}
	}
	for _, n := range d.Notes {
		t.printf("%s %s\n", t.style(yellow, "note:"), n)
	}
	if len(d.Changes) == 0 {
		t.printf("no difference for %s\n", counted(d.Traffic.Refusals, "request"))
	} else {
		t.printf("%d of %s get a different answer\n", d.Changed, counted(d.Traffic.Refusals, "request"))
	}
}
