package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// demands are the refused requests that a configuration still refuses, grouped by what matters
// to policies.
type demands struct {
	refused tally[demandKey, demand]
	allowed uint64
}

type demandKey struct {
	origin, method, names string
	kind                  core.Kind
	code                  core.Code
	policy                string
	route                 int
}

// demand is a refused request, its decision, and how many requests are like it.
type demand struct {
	request  core.Request
	class    core.Class
	requests uint64
}

// Bounds of the demands that are kept while a log is read, and of those that suggest makes
// suggestions for.
const (
	maxDemands = 10_000
	maxPlanned = 2_000
)

func (d *demands) read(cmd *cobra.Command, from string, c *config.Config) (traffic, error) {
	d.refused.max = maxDemands
	j := newJudge(c.Engine())
	return readTraffic(cmd, from, func(r core.Request, n uint64) {
		class, _ := j.ask(cmd.Context(), r)
		if passes(class) {
			d.allowed += n
			return
		}
		method, names := asked(r)
		if class.Kind == core.Actual {
			method = "" // CORS does not restrict it
		}
		key := demandKey{strings.Join(r.Origin, ", "), method, names, class.Kind, class.Code, class.Policy, class.Route}
		d.refused.add(key, n, func() demand { return demand{request: r, class: class} })
	})
}

// list returns the most frequent demands.
func (d *demands) list(t *traffic) []demand {
	rows := d.refused.sorted()
	for _, r := range rows[min(len(rows), maxPlanned):] {
		t.Forgotten += r.count
	}
	list := make([]demand, min(len(rows), maxPlanned))
	for i := range list {
		list[i] = rows[i].value
		list[i].requests = rows[i].count
	}
	return list
}
