//go:build !race

package exhaustive_test

const raceDetector = false
