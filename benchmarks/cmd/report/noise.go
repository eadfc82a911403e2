package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

// resamplings is how many times noise draws the runs again.
const resamplings = 200

// noise returns half the width of the 95 % confidence interval of a number that is
// computed from the results, or NaN if there are too few runs. It is a bootstrap:
// the number is computed repeatedly from as many runs, drawn at random with
// replacement. All rows of a run are drawn together, since disturbances of the machine
// affect them together.
func (r *results) noise(number func(*results) float64) float64 {
	runs := r.runs()
	if runs < 3 {
		return math.NaN()
	}
	random := rand.New(rand.NewPCG(1, 1)) // fixed, so that equal results give equal pages
	numbers := make([]float64, resamplings)
	for i := range numbers {
		numbers[i] = number(r.resample(random, runs))
	}
	slices.Sort(numbers)
	const tail = resamplings / 40
	return (numbers[resamplings-1-tail] - numbers[tail]) / 2
}

// resample returns results made of runs that are drawn at random, with replacement.
func (r *results) resample(random *rand.Rand, runs int) *results {
	pick := make([]int, runs)
	for i := range pick {
		pick[i] = random.IntN(runs)
	}
	drawn := *r
	drawn.pick = pick
	if r.base != nil {
		base := *r.base
		base.pick = pick
		drawn.base = &base
	}
	return &drawn
}
