package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/corskit/corskit/benchmarks"
)

// Figure is a claim with a number that may not be exceeded.
type Figure struct {
	Claim string
	Limit float64
	Value float64 // the number, or the greatest of several; not a number if not measured
	Note  string  // rows that exceed the limit
	Unit  string  // empty for ratios

	Fastest float64 // Value by the least time of each row

	Worst   key    // the row of ours that has the greatest number
	Profile string // of that row
}

// Met reports whether the claim holds.
func (f Figure) Met() bool { return f.Value <= f.Limit }

// Verdict is one word.
func (f Figure) Verdict() string {
	switch {
	case math.IsNaN(f.Value):
		return "not measured"
	case f.Met():
		return "met"
	default:
		return "missed"
	}
}

func (f Figure) String() string {
	return fmt.Sprintf("%-12s %s: %s, at most %s", f.Verdict(), f.Claim, f.numberOr(f.Value), f.number(f.Limit))
}

func (f Figure) number(v float64) string {
	if f.Unit != "" {
		return fmt.Sprintf("%.3g %s", v, f.Unit)
	}
	return fmt.Sprintf("%.3gx", v)
}

// pair is a row of ours and its ratio to something else.
type pair struct {
	row   key
	title string
	ratio float64
}

// rows are the ratios of our overhead to a peer's, in the order of the table.
func (r *results) rows(f benchmarks.Framework, peer string, keep func(benchmarks.Setup, benchmarks.Request) bool) []pair {
	return r.rowsOf(benchmarks.Ours, f, peer, keep)
}

// rowsOf is rows for a subject other than ours.
func (r *results) rowsOf(subject string, f benchmarks.Framework, peer string, keep func(benchmarks.Setup, benchmarks.Request) bool) []pair {
	var pairs []pair
	for _, s := range benchmarks.Setups(1) {
		for _, request := range s.Requests {
			if keep != nil && !keep(s, request) {
				continue
			}
			row := key{bench: "Middleware", framework: string(f), setup: s.Name, subject: subject, request: request.Name}
			if v := ratio(r.overhead(row), r.overhead(row.of(peer))); !math.IsNaN(v) {
				pairs = append(pairs, pair{row, s.Title + "; " + request.Title, v})
			}
		}
	}
	return pairs
}

func worst(pairs []pair) pair {
	if len(pairs) == 0 {
		return pair{ratio: math.NaN()}
	}
	return slices.MaxFunc(pairs, func(a, b pair) int { return cmp.Compare(a.ratio, b.ratio) })
}

// mean is a figure of the geometric mean.
func mean(claim string, limit float64, pairs []pair) Figure {
	f := Figure{Claim: claim + fmt.Sprintf(", geometric mean of %d rows", len(pairs)), Limit: limit, Value: math.NaN(), Worst: worst(pairs).row}
	if len(pairs) > 0 {
		var values []float64
		for _, p := range pairs {
			values = append(values, p.ratio)
		}
		f.Value = geomean(values)
	}
	return f
}

// every is a figure of the greatest.
func every(claim string, limit float64, pairs []pair) Figure {
	w := worst(pairs)
	f := Figure{Claim: claim, Limit: limit, Value: w.ratio, Worst: w.row}
	var exceeding []string
	for _, p := range pairs {
		if p.ratio > limit {
			exceeding = append(exceeding, fmt.Sprintf("%s (%.3gx)", p.title, p.ratio))
		}
	}
	f.Note = strings.Join(exceeding, ", ")
	return f
}

func (r *results) figures() []Figure {
	setup := func(names ...string) func(benchmarks.Setup, benchmarks.Request) bool {
		return func(s benchmarks.Setup, request benchmarks.Request) bool {
			return slices.Contains(names, s.Name) && request.Hostile == nil && request.Name != "no-origin"
		}
	}
	netHTTP := func(peer string) []pair { return r.rows(benchmarks.NetHTTP, peer, nil) }
	figures := []Figure{
		mean("net/http: overhead over that of jub0bs/cors", 0.5, netHTTP("jub0bs-cors")),
		mean("net/http: overhead over that of rs/cors", 0.85, netHTTP("rs-cors")),
	}
	for _, peer := range []string{"jub0bs-cors", "rs-cors", "go-chi-cors", "gorilla-handlers"} {
		figures = append(figures, every("net/http: overhead over that of "+peer+", every row", 1, netHTTP(peer)))
	}
	figures = append(figures,
		mean("gin: overhead over that of gin-contrib/cors, 1 origin", 1, r.rows(benchmarks.Gin, "gin-contrib-cors", setup("origins-1"))),
		every("gin: overhead over that of gin-contrib/cors, from 1,000 origins on, every row", 0.01,
			r.rows(benchmarks.Gin, "gin-contrib-cors", setup("origins-1000", "origins-100000", "origins-1000000"))),
		mean("echo v4: overhead over that of its own", 0.35, r.rows(benchmarks.Echo, "echo-middleware", nil)),
		mean("echo v5: overhead over that of its own", 0.35, r.rows(benchmarks.EchoV5, "echo-middleware", nil)),
		mean("fiber v2: overhead over that of its own", 0.4, r.rows(benchmarks.Fiber, "fiber-middleware", nil)),
		mean("fiber v3: overhead over that of its own", 0.4, r.rows(benchmarks.FiberV3, "fiber-middleware", nil)),
		r.fiberAllocations(benchmarks.Fiber, "fiber v2: allocations, every row"),
		r.fiberAllocations(benchmarks.FiberV3, "fiber v3: allocations, every row"),
	)
	return append(append(figures, r.lookupFigures()...), r.hostileFigure())
}

// floors compares with the floor, over the rows of net/http that it has and a peer
// has too.
func (r *results) floors() []floorLine {
	common := func(peer string) func(benchmarks.Setup, benchmarks.Request) bool {
		return func(s benchmarks.Setup, request benchmarks.Request) bool {
			k := key{bench: "Middleware", framework: string(benchmarks.NetHTTP), setup: s.Name, request: request.Name}
			return !math.IsNaN(ratio(r.overhead(k.of(benchmarks.Floor)), r.overhead(k.of(peer))))
		}
	}
	var lines []floorLine
	for _, peer := range subjectsOf(benchmarks.NetHTTP) {
		if peer == benchmarks.Bare || peer == benchmarks.Floor {
			continue
		}
		floor := r.rowsOf(benchmarks.Floor, benchmarks.NetHTTP, peer, common(peer))
		if len(floor) == 0 {
			continue
		}
		line := floorLine{peer: peer, rows: len(floor), floor: ratios(floor).mean(), ours: math.NaN(), worst: worst(floor)}
		if peer != benchmarks.Ours {
			line.ours = ratios(r.rows(benchmarks.NetHTTP, peer, common(peer))).mean()
		}
		lines = append(lines, line)
	}
	return lines
}

// floorLine is geometric means over rows: of the floor and of ours, to a peer.
type floorLine struct {
	peer        string
	rows        int
	floor, ours float64
	worst       pair // of the floor
}

type ratios []pair

func (ps ratios) mean() float64 { return mean("", 0, ps).Value }

func (r *results) fiberAllocations(framework benchmarks.Framework, claim string) Figure {
	f := Figure{Claim: claim, Limit: 0, Value: math.NaN(), Unit: "allocations"}
	var exceeding []string
	for _, s := range benchmarks.Setups(1) {
		for _, request := range s.Requests {
			k := key{bench: "Middleware", framework: string(framework), setup: s.Name, subject: benchmarks.Ours, request: request.Name}
			v := r.value(k, allocs)
			if !v.ok || s.Reload { // a reload allocates on a goroutine of its own
				continue
			}
			if !(f.Value >= v.Center) {
				f.Value, f.Worst = v.Center, k
			}
			if v.Center > 0 {
				exceeding = append(exceeding, s.Title+"; "+request.Title)
			}
		}
	}
	f.Note = strings.Join(exceeding, ", ")
	return f
}

func (r *results) lookupFigures() []Figure {
	look := func(origins, order string) key {
		return key{bench: "Lookup", origins: origins, subject: benchmarks.Ours, order: order}
	}
	compile := func(origins string) key { return key{bench: "Compile", origins: origins, subject: benchmarks.Ours} }
	against := func(k key, other key) pair {
		return pair{k, commas(k.origins) + " origins", ratio(r.value(k, seconds), r.value(other, seconds))}
	}
	million := look("1000000", "random")
	var hot, build, own []pair
	for _, n := range lookupSizes {
		if p := against(look(n, "hot"), look("1", "hot")); !math.IsNaN(p.ratio) {
			hot = append(hot, p)
		}
		if p := against(compile(n), compile(n).of("map")); !math.IsNaN(p.ratio) {
			build = append(build, p)
			own = append(own, against(compile(n), compile(n).of("own-map")))
		}
	}
	size := Figure{Claim: "memory for each of 1,000,000 origins of 28 bytes", Limit: 64, Value: math.NaN(), Unit: "bytes", Worst: compile("1000000")}
	if v := r.value(compile("1000000"), bytesEach); v.ok {
		size.Value = v.Center
	}
	var million1 []pair
	if p := against(million, million.of("map")); !math.IsNaN(p.ratio) {
		million1 = append(million1, p)
	}
	return []Figure{
		every("look-up among 1,000,000 origins in random order, over a Go map", 1, million1),
		every("hot look-up, over that with 1 origin, every size to 1,000,000", 1.5, hot),
		size,
		every("building, over a Go map of the caller's strings, every size", 2, build),
		every("building, over a Go map of its own strings, every size", 2, own),
	}
}

// hostileFigure holds every hostile preflight to the honest one of its policy.
func (r *results) hostileFigure() Figure {
	var pairs []pair
	for _, framework := range frameworks {
		for _, s := range benchmarks.Setups(1) {
			k := key{bench: "Middleware", framework: string(framework.name), setup: s.Name, subject: benchmarks.Ours}
			honest := k
			honest.request = "preflight-allowed"
			for _, request := range s.Requests {
				if request.Hostile == nil {
					continue
				}
				k.request = request.Name
				if v := ratio(r.overhead(k), r.overhead(honest)); !math.IsNaN(v) {
					pairs = append(pairs, pair{k, framework.title + "; " + s.Title + "; " + request.Title, v})
				}
			}
		}
	}
	return every("hostile preflight, over an honest one, every framework and row", 2, pairs)
}

var lookupSizes = []string{"1", "10", "100", "1000", "10000", "100000", "1000000"}

var frameworks = []struct {
	name  benchmarks.Framework
	title string
}{
	{benchmarks.NetHTTP, "net/http"}, {benchmarks.Gin, "gin"}, {benchmarks.Echo, "echo v4"}, {benchmarks.EchoV5, "echo v5"},
	{benchmarks.Fiber, "fiber v2"}, {benchmarks.FiberV3, "fiber v3"},
}
