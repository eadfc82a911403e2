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

// name is the row's name in the form in which it is measured.
func (k key) name() string {
	name := "Benchmark" + k.bench
	for _, part := range [...]struct{ key, value string }{
		{"framework", k.framework}, {"setup", k.setup}, {"origins", k.origins}, {"subject", k.subject}, {"request", k.request}, {"order", k.order},
	} {
		if part.value != "" {
			name += "/" + part.key + "=" + part.value
		}
	}
	return name
}

// results are the samples of every row, by unit, in the order of the runs.
type results struct {
	samples map[key]map[string][]float64
	config  map[string]string
}

// Units, as package benchfmt has them: it turns nanoseconds into seconds.
const (
	seconds   = "sec/op"
	allocs    = "allocs/op"
	perSecond = "req/s"
	bytesEach = "B/origin"
	scanned   = "scanned-B"
)

func readResults(files []string) (*results, error) {
	r := &results{samples: map[key]map[string][]float64{}, config: map[string]string{}}
	reader := benchfmt.Files{Paths: files}
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, record
		case *benchfmt.Result:
			r.add(record)
		}
	}
	if err := reader.Err(); err != nil {
		return nil, err
	}
	if len(r.samples) == 0 {
		return nil, fmt.Errorf("no results in %s", strings.Join(files, ", "))
	}
	return r, nil
}

func (r *results) add(record *benchfmt.Result) {
	for _, c := range record.Config {
		if c.File {
			r.config[c.Key] = string(c.Value)
		}
	}
	base, parts := record.Name.Parts()
	k := key{bench: string(base)}
	for _, part := range parts {
		name, value, _ := strings.Cut(strings.TrimPrefix(string(part), "/"), "=")
		switch name {
		case "framework":
			k.framework = value
		case "setup":
			k.setup = value
		case "origins":
			k.origins = value
		case "subject":
			k.subject = value
		case "request":
			k.request = value
		case "order":
			k.order = value
		}
	}
	if r.samples[k] == nil {
		r.samples[k] = map[string][]float64{}
	}
	for _, v := range record.Values {
		r.samples[k][v.Unit] = append(r.samples[k][v.Unit], v.Value)
	}
}

// fastest returns the results with the least time of each row in the place of all
// its times. What else a machine does only ever adds to them.
func (r *results) fastest() *results {
	least := &results{samples: map[key]map[string][]float64{}, config: r.config}
	for k, units := range r.samples {
		least.samples[k] = maps.Clone(units)
		if times := units[seconds]; len(times) > 0 {
			least.samples[k][seconds] = []float64{slices.Min(times)}
		}
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
	return least
}

// estimate is a median and its confidence interval; ok is false if there is no
// sample.
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

func (r *results) value(k key, unit string) estimate { return estimateOf(r.samples[k][unit]) }

// overhead is a row less the bare row of its run.
func (r *results) overhead(k key) estimate {
	rows, bare := r.samples[k][seconds], r.samples[k.of(benchmarks.Bare)][seconds]
	differences := make([]float64, min(len(rows), len(bare)))
	for i := range differences {
		differences[i] = rows[i] - bare[i]
	}
	return estimateOf(differences)
}

// floor is the least overhead that ratios are made of: what is below cannot be
// told from nothing.
const floor = 1e-9

// ratio of two medians; not a number if one is missing.
func ratio(a, b estimate) float64 {
	if !a.ok || !b.ok {
		return math.NaN()
	}
	return max(a.Center, floor) / max(b.Center, floor)
}

func geomean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}
