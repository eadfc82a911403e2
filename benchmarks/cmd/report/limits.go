package main

import (
	"math"
	"sync"

	"github.com/corskit/corskit/benchmarks"
)

// limit is a claim about the results: the numbers of some rows, or their geometric
// mean, are at most max.
type limit struct {
	claim string
	max   float64
	unit  string // of max; "" for ratios
	mean  bool
	rows  func(*results) []row
}

// limits returns the limits that a change to corskit must not exceed. All times are
// overheads.
func limits() []limit {
	all := []limit{
		{
			claim: "net/http: corskit relative to the floor", max: 1.35, mean: true,
			rows: against(benchmarks.NetHTTP, benchmarks.Floor),
		}, {
			claim: "net/http: corskit relative to the floor, every row that is not hostile", max: 1.8,
			rows: against(benchmarks.NetHTTP, benchmarks.Floor, isHonest),
		},
	}
	for _, peer := range []string{"jub0bs-cors", "rs-cors", "go-chi-cors"} {
		all = append(all, limit{
			claim: "net/http: corskit relative to " + peerTitle(peer) + ", every row with the same headers", max: 1,
			rows: againstEqual(benchmarks.NetHTTP, peer),
		})
	}
	for _, f := range frameworks {
		if f.own == "" {
			continue
		}
		all = append(all, limit{
			claim: f.title + ": corskit relative to " + peerTitle(f.own) + ", every row with an Origin", max: 1,
			rows: against(f.name, f.own, hasOrigin),
		})
		if f.fast {
			all = append(all, limit{
				claim: f.title + ": corskit relative to " + peerTitle(f.own) + ", rows with an Origin and up to ten origins, not hostile",
				max:   2.0 / 3, mean: true,
				rows: against(f.name, f.own, hasOrigin, isHonest, hasFewOrigins),
			})
		}
	}
	all = append(all, limit{claim: "every framework: corskit relative to an older version", max: 1.03, mean: true, rows: beforeAndAfter})
	all = append(all, allocationLimits()...)
	all = append(all, observeLimits()...)
	return append(append(all, lookupLimits()...), limit{
		claim: "every framework: hostile preflight relative to an honest one, every row", max: 2, rows: hostileRows,
	})
}

// setups are the rows of the table, without long lists of origins.
var setups = sync.OnceValue(func() []benchmarks.Setup { return benchmarks.Setups(1) })

// filter reports whether to include a row.
type filter func(benchmarks.Setup, benchmarks.Request) bool

func isHonest(_ benchmarks.Setup, request benchmarks.Request) bool { return request.Hostile == nil }

func hasOrigin(_ benchmarks.Setup, request benchmarks.Request) bool { return request.Name != noOrigin }

func hasFewOrigins(s benchmarks.Setup, _ benchmarks.Request) bool { return s.Origins <= 10 }

const noOrigin = "no-origin"

// each calls f for every row of the table that all filters choose.
func each(filters []filter, f func(benchmarks.Setup, benchmarks.Request)) {
	for _, s := range setups() {
	requests:
		for _, request := range s.Requests {
			for _, keep := range filters {
				if !keep(s, request) {
					continue requests
				}
			}
			f(s, request)
		}
	}
}

func rowTitle(s benchmarks.Setup, request benchmarks.Request) string {
	return s.Title + "; " + request.Title
}

// against returns the overhead of corskit relative to that of a peer.
func against(f benchmarks.Framework, peer string, filters ...filter) func(*results) []row {
	return func(r *results) []row { return r.relative(benchmarks.Ours, f, peer, filters...) }
}

// againstEqual is like against, for rows in which the peer writes at least the
// headers that corskit writes.
func againstEqual(f benchmarks.Framework, peer string) func(*results) []row {
	return func(r *results) []row {
		return r.relative(benchmarks.Ours, f, peer, func(s benchmarks.Setup, request benchmarks.Request) bool {
			d, measured := r.headers[middlewareKey(f, s, request).of(peer)]
			return measured && !d.less()
		})
	}
}

// relative returns the overhead of a subject relative to that of another.
func (r *results) relative(subject string, f benchmarks.Framework, other string, filters ...filter) (rows []row) {
	each(filters, func(s benchmarks.Setup, request benchmarks.Request) {
		k := middlewareKey(f, s, request).of(subject)
		if v := ratio(r.overheads(k), r.overheads(k.of(other))); !math.IsNaN(v) {
			rows = append(rows, row{k, rowTitle(s, request), v})
		}
	})
	return rows
}

// beforeAndAfter returns the overhead relative to that of an older version.
func beforeAndAfter(r *results) (rows []row) {
	for _, f := range frameworks {
		rows = append(rows, r.sinceBase(f)...)
	}
	return rows
}

func (r *results) sinceBase(f framework) (rows []row) {
	if r.base == nil {
		return nil
	}
	each(nil, func(s benchmarks.Setup, request benchmarks.Request) {
		k := middlewareKey(f.name, s, request)
		if v := ratio(r.overheads(k), r.base.overheads(k)); !math.IsNaN(v) {
			rows = append(rows, row{k, f.title + "; " + rowTitle(s, request), v})
		}
	})
	return rows
}

// allocationLimits bound the allocations of corskit, minus those without middleware.
func allocationLimits() []limit {
	of := func(f framework, max float64, filters ...filter) limit {
		return limit{claim: f.title + ": allocations, every row", max: max, unit: "per request", rows: func(r *results) (rows []row) {
			each(filters, func(s benchmarks.Setup, request benchmarks.Request) {
				k := middlewareKey(f.name, s, request)
				ours, bare := r.series(k, allocs), r.series(k.of(benchmarks.Bare), allocs)
				if s.Reload || len(ours) == 0 || len(bare) == 0 { // a reload allocates in another goroutine
					return
				}
				rows = append(rows, row{k, rowTitle(s, request), median(ours) - median(bare)})
			})
			return rows
		}}
	}
	all := []limit{of(frameworks[0], 1)}
	for _, f := range frameworks {
		if f.fast {
			all = append(all, of(f, 0))
		}
	}
	return all
}

var lookupSizes = []string{"1", "10", "100", "1000", "10000", "100000", "1000000"}

func lookupKey(origins, order string) key {
	return key{bench: "Lookup", origins: origins, subject: benchmarks.Ours, order: order}
}

func compileKey(origins string) key {
	return key{bench: "Compile", origins: origins, subject: benchmarks.Ours}
}

// lookupLimits bound looking origins up, building engines, and their memory.
func lookupLimits() []limit {
	const million = "1000000"
	bySize := func(sizes []string, ours, other func(size string) key) func(*results) []row {
		return func(r *results) (rows []row) {
			for _, n := range sizes {
				k := ours(n)
				if v := ratio(r.series(k, seconds), r.series(other(n), seconds)); !math.IsNaN(v) {
					rows = append(rows, row{k, commas(n) + " origins", v})
				}
			}
			return rows
		}
	}
	lookup := func(order string) func(string) key { return func(n string) key { return lookupKey(n, order) } }
	than := func(subject string, k func(string) key) func(string) key {
		return func(n string) key { return k(n).of(subject) }
	}
	return []limit{
		{
			claim: "look-up among 1,000,000 origins in random order, relative to a Go map", max: 1,
			rows: bySize([]string{million}, lookup("random"), than("map", lookup("random"))),
		}, {
			claim: "hot look-up among up to 1,000,000 origins, relative to that of 1, every size", max: 1.5,
			rows: bySize(lookupSizes, lookup("hot"), func(string) key { return lookupKey("1", "hot") }),
		}, {
			claim: "memory for each of 1,000,000 origins of 28 bytes", max: 64, unit: "bytes",
			rows: func(r *results) []row {
				k := compileKey(million)
				if size := r.series(k, bytesEach); len(size) > 0 {
					return []row{{k, "1,000,000 origins", median(size)}}
				}
				return nil
			},
		}, {
			claim: "building, relative to a Go map that keeps the caller's strings, every size", max: 2,
			rows: bySize(lookupSizes, compileKey, than("map", compileKey)),
		}, {
			claim: "building, relative to a Go map that copies its strings, every size", max: 2,
			rows: bySize(lookupSizes, compileKey, than("own-map", compileKey)),
		},
	}
}

// hostileRows compare each hostile preflight with the honest one of its policy.
func hostileRows(r *results) (rows []row) {
	for _, f := range frameworks {
		each(nil, func(s benchmarks.Setup, request benchmarks.Request) {
			if request.Hostile == nil {
				return
			}
			k := middlewareKey(f.name, s, request)
			honest := k
			honest.request = "preflight-allowed"
			if v := ratio(r.overheads(k), r.overheads(honest)); !math.IsNaN(v) {
				rows = append(rows, row{k, f.title + "; " + rowTitle(s, request), v})
			}
		})
	}
	return rows
}
