package main

import (
	"bytes"
	"fmt"
	"math"

	"github.com/corskit/corskit/benchmarks"
)

// nobody is the subject of BenchmarkObserve without observers.
const nobody = "nobody"

// watched are the other subjects of BenchmarkObserve, with their titles.
var watched = []struct{ subject, title string }{
	{"counters", "`Counters`"},
	{"refusals", "`Refusals`"},
	{"counters+refusals", "both"},
	{"counters+refusals+shadow", "both, and shadow policies"},
}

// observeRequests are the requests of BenchmarkObserve.
var observeRequests = []string{noOrigin, "actual-allowed", "actual-refused", "preflight-allowed"}

func observeKey(subject, request string) key {
	return key{bench: "Observe", subject: subject, request: request}
}

// added returns, for each run, the time that observers add to a request, in seconds.
func (r *results) added(subject, request string) []float64 {
	with, without := r.series(observeKey(subject, request), seconds), r.series(observeKey(nobody, request), seconds)
	differences := make([]float64, min(len(with), len(without)))
	for i := range differences {
		differences[i] = with[i] - without[i]
	}
	return differences
}

// observers writes what observers and shadow policies cost.
func (r *Report) observers(b *bytes.Buffer) {
	if len(r.series(observeKey(nobody, noOrigin), seconds)) == 0 {
		return
	}
	titles := map[string]string{}
	each([]filter{func(s benchmarks.Setup, _ benchmarks.Request) bool { return s.Name == commonSetups[0] }},
		func(_ benchmarks.Setup, request benchmarks.Request) { titles[request.Name] = request.Title })
	b.WriteString("## What observers cost\n\n| request | no observer |")
	for _, w := range watched {
		fmt.Fprintf(b, " %s |", w.title)
	}
	b.WriteString("\n|---|--:|--:|--:|--:|--:|\n")
	for _, request := range observeRequests {
		fmt.Fprintf(b, "| %s | %s", titles[request], cell(r.value(observeKey(nobody, request), seconds), duration))
		for _, w := range watched {
			fmt.Fprintf(b, " | +%s", cell(estimateOf(r.added(w.subject, request)), duration))
		}
		b.WriteString(" |\n")
	}
	b.WriteString(`
The second column has the time of a whole request through the middleware of net/http. The other columns have the time that
observers add to it. No observer adds an allocation. With observers, the engine must also find out whether a refused request
came from a page of the server's own origin, and whether each name that a preflight asks for is allowed.

`)
}

// observeLimits bound the time that observers add to an allowed request and to one
// without an Origin. Nearly all requests are of these kinds.
func observeLimits() []limit {
	of := func(claim, subject string, nanoseconds float64) limit {
		return limit{claim: claim, max: nanoseconds, unit: "ns", rows: func(r *results) (rows []row) {
			for _, request := range observeRequests[:2] {
				if v := median(r.added(subject, request)); !math.IsNaN(v) {
					rows = append(rows, row{observeKey(subject, request), request, v * 1e9})
				}
			}
			return rows
		}}
	}
	return []limit{
		of("counters: time added to a request that is allowed or has no Origin", "counters", 15),
		of("counters, refusals and a shadow together: time added to such a request", "counters+refusals+shadow", 150),
	}
}
