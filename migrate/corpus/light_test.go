//go:build race

package corpus_test

const heavyBuilt = false
