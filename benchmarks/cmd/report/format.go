package main

import (
	"cmp"
	"fmt"
	"math"
)

// cell formats a median, with the half-width of its confidence interval if that is
// more than 5 %.
func cell(e estimate, format func(float64) string) string {
	if !e.ok {
		return "—"
	}
	text := format(e.Center)
	if half := (e.Hi - e.Lo) / 2 / math.Abs(e.Center); half > 0.05 && !math.IsInf(half, 0) {
		text += fmt.Sprintf(" ±%.0f %%", half*100)
	}
	return text
}

// share formats a ratio. Very small ones are written as fractions.
func share(v float64) string {
	switch {
	case v < 0.01:
		return "1/" + count(1/v)
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	default:
		return digits(v)
	}
}

func duration(s float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}} {
		if math.Abs(s) >= u.size*0.9995 {
			return digits(s/u.size) + " " + u.name
		}
	}
	return digits(s*1e9) + " ns"
}

func size(n float64) string {
	if n >= 1<<20 {
		return digits(n/(1<<20)) + " MiB"
	}
	return digits(n/(1<<10)) + " KiB"
}

// count formats a number with three significant digits, and large ones with commas.
func count(n float64) string {
	if n < 1000 {
		return digits(n)
	}
	unit := math.Pow(10, math.Floor(math.Log10(n))-2)
	return commas(fmt.Sprintf("%.0f", math.Round(n/unit)*unit))
}

// commas puts a comma before every third digit from the end.
func commas(s string) string {
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// digits formats a number with three significant digits.
func digits(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// machine describes where the results were measured.
func (r *results) machine() string {
	return fmt.Sprintf("%s, %s cores, %s, %s/%s", cmp.Or(r.config["cpu"], "an unnamed processor"),
		cmp.Or(r.config["cores"], "an unknown number of"), cmp.Or(r.config["go"], "an unknown Go version"), r.config["goos"],
		r.config["goarch"])
}
