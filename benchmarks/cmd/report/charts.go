package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/corskit/corskit/benchmarks"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
)

// charts writes all charts into a directory.
func (r *results) charts(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, c := range map[string]chart{
		"common": r.commonChart(), "lookup": r.lookupChart(), "overhead": r.overheadChart(), "hostile": r.hostileChart(),
	} {
		if err := c.write(filepath.Join(dir, name+".svg")); err != nil {
			return err
		}
	}
	return nil
}

// overheadIn returns the overhead of a row in nanoseconds, at least one.
func (r *results) overheadIn(k key) (nanoseconds float64, ok bool) {
	overheads := r.overheads(k)
	return max(median(overheads), leastOverhead) * 1e9, len(overheads) > 0
}

// nanosecondLabel labels a y value in nanoseconds.
func nanosecondLabel(v float64) string { return duration(v * 1e-9) }

// shown returns the subjects of a framework that charts show.
func shown(f benchmarks.Framework) []string {
	return slices.DeleteFunc(subjectsOf(f), func(s string) bool { return s == benchmarks.Bare || s == benchmarks.Floor })
}

// nominal labels the x axis with names.
func nominal(names []string) func(*plot.Plot) {
	return func(p *plot.Plot) {
		p.NominalX(names...)
		p.X.Min, p.X.Max = -0.5, float64(len(names))-0.5
	}
}

// tilted is like nominal, for long names.
func tilted(names []string) func(*plot.Plot) {
	return func(p *plot.Plot) {
		nominal(names)(p)
		p.X.Tick.Label.Rotation, p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = 0.4, draw.XRight, draw.YCenter
	}
}

// commonChart has a column for each peer, with the ratio for an allowed request, and a
// series for each number of origins.
func (r *results) commonChart() chart {
	c := chart{
		title: "Time that corskit adds to an allowed request, relative to each library", y: "ratio: below 1, corskit is faster",
		label: tenths, line: 1,
	}
	var names []string
	for _, p := range peers {
		names = append(names, p.title())
	}
	for _, setup := range commonSetups {
		each([]filter{func(s benchmarks.Setup, q benchmarks.Request) bool {
			return s.Name == setup && q.Name == "actual-allowed"
		}}, func(s benchmarks.Setup, request benchmarks.Request) {
			points := series{name: s.Title}
			for i, p := range peers {
				k := middlewareKey(p.framework.name, s, request)
				if v := ratio(r.overheads(k), r.overheads(k.of(p.subject))); !math.IsNaN(v) {
					points.points = append(points.points, plotter.XY{X: float64(i), Y: v})
				}
			}
			c.all = append(c.all, points)
		})
	}
	c.xAxis = tilted(names)
	return c
}

// tenths labels powers of ten: 1/1,000, 1/10, 1, 10.
func tenths(v float64) string {
	if v < 1 {
		return "1/" + commas(fmt.Sprintf("%.0f", 1/v))
	}
	return commas(fmt.Sprintf("%.0f", v))
}

// lookupChart has a line for each library. Its x axis is the number of origins.
func (r *results) lookupChart() chart {
	c := chart{
		title: "Actual request of an allowed origin", x: "origins in the list", y: "overhead",
		all: []series{r.bySize(frameworks[0], benchmarks.Ours)}, label: nanosecondLabel,
	}
	for _, f := range frameworks {
		for _, subject := range shown(f.name) {
			if subject != benchmarks.Ours {
				c.all = append(c.all, r.bySize(f, subject))
			}
		}
	}
	c.xAxis = func(p *plot.Plot) {
		var ticks plot.ConstantTicks
		for _, n := range lookupSizes {
			v, _ := strconv.ParseFloat(n, 64)
			ticks = append(ticks, plot.Tick{Value: v, Label: commas(n)})
		}
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, ticks
		p.X.Min, p.X.Max = 1, 1e6
	}
	return c
}

// bySize is a line of the look-up chart.
func (r *results) bySize(f framework, subject string) series {
	s := series{name: f.peerTitle(subject), lines: true}
	for _, n := range lookupSizes {
		k := key{bench: "Middleware", framework: string(f.name), setup: "origins-" + n, subject: subject, request: "actual-allowed"}
		if y, ok := r.overheadIn(k); ok {
			x, _ := strconv.ParseFloat(n, 64)
			s.points = append(s.points, plotter.XY{X: x, Y: y})
		}
	}
	return s
}

// overheadChart has a column for each framework, with corskit and the others.
func (r *results) overheadChart() chart {
	ours, others := series{name: benchmarks.Ours}, []series(nil)
	var names []string
	for i, f := range frameworks {
		names = append(names, f.title)
		for _, subject := range shown(f.name) {
			k := key{bench: "Middleware", framework: string(f.name), setup: "origins-1", subject: subject, request: "actual-allowed"}
			y, ok := r.overheadIn(k)
			if !ok {
				continue
			}
			point := plotter.XY{X: float64(i), Y: y}
			if subject == benchmarks.Ours {
				ours.points = append(ours.points, point)
				continue
			}
			name := peerTitle(subject)
			at := slices.IndexFunc(others, func(s series) bool { return s.name == name })
			if at < 0 {
				at, others = len(others), append(others, series{name: name})
			}
			others[at].points = append(others[at].points, point)
		}
	}
	return chart{
		title: "Actual request of an allowed origin, a list of one", y: "overhead",
		all: append([]series{ours}, others...), label: nanosecondLabel, xAxis: nominal(names),
	}
}

// hostileChart has a column for an honest preflight, and one for each hostile preflight.
func (r *results) hostileChart() chart {
	setup := setups()[0]
	var requests []benchmarks.Request
	var names []string
	for _, request := range setup.Requests {
		switch {
		case request.Name == "preflight-allowed":
			requests, names = append(requests, request), append(names, "an honest one")
		case request.Hostile != nil:
			requests, names = append(requests, request), append(names, request.Title)
		}
	}
	c := chart{title: "Hostile preflights", y: "overhead", label: nanosecondLabel}
	for _, subject := range shown(benchmarks.NetHTTP) {
		s := series{name: peerTitle(subject)}
		for i, request := range requests {
			if y, ok := r.overheadIn(middlewareKey(benchmarks.NetHTTP, setup, request).of(subject)); ok {
				s.points = append(s.points, plotter.XY{X: float64(i), Y: y})
			}
		}
		c.all = append(c.all, s)
	}
	c.xAxis = tilted(names)
	return c
}
