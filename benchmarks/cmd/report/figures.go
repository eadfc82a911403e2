package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Figure is a limit, and the measured number.
type Figure struct {
	limit
	Value   float64 // NaN if not measured
	Noise   float64 // half the width of the 95 % confidence interval of Value, or NaN
	Fastest float64 // Value, computed from the fastest run of each row

	Worst    row      // the row of corskit with the greatest number
	Exceeded []string // the rows over the limit, for people
	Rows     int
	Profile  string // of Worst
}

// Measured reports whether there were results for the figure.
func (f Figure) Measured() bool { return !math.IsNaN(f.Value) }

// Met reports whether the number does not exceed the limit.
func (f Figure) Met() bool { return f.Value <= f.max }

// Verdict returns a few words that say whether the number exceeds the limit.
func (f Figure) Verdict() string {
	switch {
	case !f.Measured():
		return "not measured"
	case f.Met() && f.near():
		return "met, within the noise"
	case f.Met():
		return "met"
	case f.near():
		return "missed, within the noise"
	default:
		return "missed"
	}
}

// near reports whether the limit is inside the confidence interval.
func (f Figure) near() bool { return f.Noise > 0 && math.Abs(f.Value-f.max) <= f.Noise }

func (f Figure) String() string {
	return fmt.Sprintf("%-24s %s: %s, at most %s (%s from the fastest runs)",
		f.Verdict(), f.title(), f.measured(), f.number(f.max), f.number(f.Fastest))
}

// title returns the claim and, for a mean, the number of rows.
func (f Figure) title() string {
	if f.mean {
		return fmt.Sprintf("%s, geometric mean of %d rows", f.claim, f.Rows)
	}
	return f.claim
}

// measured is the value and its noise.
func (f Figure) measured() string { return withNoise(f.Value, f.Noise, f.number) }

func (l limit) number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "—"
	case l.unit != "":
		return fmt.Sprintf("%.3g %s", v, l.unit)
	default:
		return fmt.Sprintf("%.3gx", v)
	}
}

// withNoise formats a number, and its noise if that is known and at least 0.5 %.
func withNoise(v, noise float64, format func(float64) string) string {
	if !(noise > 0 && noise >= math.Abs(v)/200) {
		return format(v)
	}
	if noise >= 10 {
		return fmt.Sprintf("%s ±%.0f", format(v), noise)
	}
	return fmt.Sprintf("%s ±%.2g", format(v), noise)
}

// row is a row of corskit with a number: a ratio, unless its limit has a unit.
type row struct {
	key   key
	title string
	value float64
}

func worst(rows []row) row {
	if len(rows) == 0 {
		return row{value: math.NaN()}
	}
	return slices.MaxFunc(rows, func(a, b row) int { return cmp.Compare(a.value, b.value) })
}

func meanOf(rows []row) float64 {
	if len(rows) == 0 {
		return math.NaN()
	}
	values := make([]float64, len(rows))
	for i, w := range rows {
		values[i] = w.value
	}
	return geomean(values)
}

// figures compares the results with every limit.
func (r *results) figures() []Figure {
	fastest := r.fastest()
	all := limits()
	figures := make([]Figure, len(all))
	for i, l := range all {
		figures[i] = l.figure(r, fastest)
	}
	return figures
}

// figure compares the results with a limit.
func (l limit) figure(r, fastest *results) Figure {
	rows := l.rows(r)
	f := Figure{limit: l, Value: l.value(rows), Fastest: l.value(l.rows(fastest)), Worst: worst(rows), Rows: len(rows)}
	if l.mean {
		f.Noise = r.noise(func(drawn *results) float64 { return meanOf(l.rows(drawn)) })
		return f
	}
	for _, w := range rows {
		if w.value <= l.max {
			continue
		}
		f.Exceeded = append(f.Exceeded, fmt.Sprintf("%s (%s)", w.title, withNoise(w.value, r.rowNoise(l, w.key), l.number)))
	}
	f.Noise = r.rowNoise(l, f.Worst.key)
	return f
}

func (l limit) value(rows []row) float64 {
	if l.mean {
		return meanOf(rows)
	}
	return worst(rows).value
}

// rowNoise is the noise of one row of a limit.
func (r *results) rowNoise(l limit, k key) float64 {
	return r.noise(func(drawn *results) float64 {
		rows := l.rows(drawn)
		if i := slices.IndexFunc(rows, func(w row) bool { return w.key == k }); i >= 0 {
			return rows[i].value
		}
		return math.NaN()
	})
}

// exceeded lists the rows over the limit in one line.
func (f Figure) exceeded() string { return strings.Join(f.Exceeded, ", ") }
