package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/corskit/corskit/benchmarks"
	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
)

// key names a row. Fields that a benchmark does not have are empty.
type key struct{ bench, framework, setup, origins, subject, request, order string }

func (k key) of(subject string) key {
	k.subject = subject
	return k
}

// middlewareKey names the row of corskit for a setup and a request.
func middlewareKey(f benchmarks.Framework, s benchmarks.Setup, request benchmarks.Request) key {
	return key{bench: "Middleware", framework: string(f), setup: s.Name, subject: benchmarks.Ours, request: request.Name}
}

// parts are the name of a row below its benchmark, in order.
func (k *key) parts() []keyPart {
	return []keyPart{
		{"framework", &k.framework}, {"setup", &k.setup}, {"origins", &k.origins},
		{"subject", &k.subject}, {"request", &k.request}, {"order", &k.order},
	}
}

type keyPart struct {
	name  string
	value *string
}

// name returns the row's name as benchmarks print it.
func (k key) name() string {
	name := "Benchmark" + k.bench
	for _, part := range k.parts() {
		if *part.value != "" {
			name += "/" + part.name + "=" + *part.value
		}
	}
	return name
}

// keyOf is the inverse of name.
func keyOf(name benchfmt.Name) key {
	base, parts := name.Parts()
	k := key{bench: string(base)}
	for _, part := range parts {
		name, value, _ := strings.Cut(strings.TrimPrefix(string(part), "/"), "=")
		for _, p := range k.parts() {
			if p.name == name {
				*p.value = value
			}
		}
	}
	return k
}

// results are the samples of every row, by unit, in the order of the runs.
type results struct {
	samples map[key]map[string][]float64
	headers map[key]difference // how a subject's headers differ from ours
	config  map[string]string
	base    *results // of an older version, or nil
	pick    []int    // the runs to use, or nil for all (see resample)
}

// Units in the form that package benchfmt uses. It turns nanoseconds into seconds.
const (
	seconds   = "sec/op"
	allocs    = "allocs/op"
	perSecond = "req/s"
	bytesEach = "B/origin"
	scanned   = "scanned-B"
)

func newResults() *results {
	return &results{samples: map[key]map[string][]float64{}, headers: map[key]difference{}, config: map[string]string{}}
}

// readResults reads result files. Results of an older version are in baseFiles, or
// in the same files.
func readResults(files, baseFiles []string) (*results, error) {
	r := newResults()
	if err := r.read(files); err != nil {
		return nil, err
	}
	if len(r.samples) == 0 {
		return nil, fmt.Errorf("no results in %s", strings.Join(files, ", "))
	}
	if len(baseFiles) > 0 {
		r.base = newResults()
		if err := r.base.read(baseFiles); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *results) read(files []string) error {
	reader := benchfmt.Files{Paths: files}
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.SyntaxError:
			return record
		case *benchfmt.Result:
			if record.GetConfig("build") != baseBuild {
				r.add(record)
				continue
			}
			if r.base == nil {
				r.base = newResults()
			}
			r.base.add(record)
		}
	}
	return reader.Err()
}

func (r *results) add(record *benchfmt.Result) {
	for _, c := range record.Config {
		if c.File {
			r.config[c.Key] = string(c.Value)
		}
	}
	k := keyOf(record.Name)
	if k.bench == "Headers" {
		k.bench = "Middleware"
		r.headers[k] = differenceOf(record)
		return
	}
	if r.samples[k] == nil {
		r.samples[k] = map[string][]float64{}
	}
	for _, v := range record.Values {
		r.samples[k][v.Unit] = append(r.samples[k][v.Unit], v.Value)
	}
}

// fastest returns results in which each row has only its shortest time. Disturbances only
// ever add to a time.
func (r *results) fastest() *results {
	least := &results{samples: map[key]map[string][]float64{}, headers: r.headers, config: r.config}
	for k, units := range r.samples {
		least.samples[k] = maps.Clone(units)
		if times := units[seconds]; len(times) > 0 {
			least.samples[k][seconds] = []float64{slices.Min(times)}
		}
	}
	if r.base != nil {
		least.base = r.base.fastest()
	}
	return least
}

// runs is the smallest number of samples of any row.
func (r *results) runs() int {
	least := math.MaxInt
	for _, units := range r.samples {
		for _, samples := range units {
			least = min(least, len(samples))
		}
	}
	if r.base != nil && len(r.base.samples) > 0 {
		least = min(least, r.base.runs())
	}
	return least
}

// series returns the samples of a row.
func (r *results) series(k key, unit string) []float64 {
	all := r.samples[k][unit]
	if r.pick == nil || len(all) == 0 {
		return all
	}
	picked := make([]float64, len(all))
	for i := range picked {
		picked[i] = all[r.pick[i%len(r.pick)]%len(all)]
	}
	return picked
}

// overheads returns, for each run, the time of a row minus that of the bare handler.
func (r *results) overheads(k key) []float64 {
	rows, bare := r.series(k, seconds), r.series(k.of(benchmarks.Bare), seconds)
	differences := make([]float64, min(len(rows), len(bare)))
	for i := range differences {
		differences[i] = rows[i] - bare[i]
	}
	return differences
}

// estimate is a median and its confidence interval. ok is false if there are no
// samples.
type estimate struct {
	benchmath.Summary
	ok bool
}

func estimateOf(samples []float64) estimate {
	if len(samples) == 0 {
		return estimate{}
	}
	sample := benchmath.NewSample(slices.Clone(samples), &benchmath.DefaultThresholds)
	return estimate{benchmath.AssumeNothing.Summary(sample, 0.95), true}
}

func (r *results) value(k key, unit string) estimate { return estimateOf(r.series(k, unit)) }

func (r *results) overhead(k key) estimate { return estimateOf(r.overheads(k)) }

// leastOverhead is the smallest overhead in a ratio. Smaller ones cannot be measured.
const leastOverhead = 1e-9

// ratio returns the ratio of two medians. It is NaN if there are no samples.
func ratio(a, b []float64) float64 {
	if len(a) == 0 || len(b) == 0 {
		return math.NaN()
	}
	return max(median(a), leastOverhead) / max(median(b), leastOverhead)
}

func median(samples []float64) float64 {
	if len(samples) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(samples))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

func geomean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}
