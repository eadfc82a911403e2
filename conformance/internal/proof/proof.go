// Package proof says how much of a long proof the tests carry out.
package proof

import (
	"fmt"
	"os"
	"testing"
)

// Env is the environment variable that asks for the whole proof.
const Env = "CORSKIT_PROOF"

// Extent says how much of a proof is carried out. A greater Extent is a larger part.
type Extent int

// The extents.
const (
	Short   Extent = iota // with -short
	Thinned               // the default: a sample, the same in every run
	Whole                 // with CORSKIT_PROOF=whole
)

// Chosen returns the extent that the environment and the flag -short ask for. An unknown
// value of the variable is an error.
func Chosen() (Extent, error) {
	switch value := os.Getenv(Env); {
	case value == "whole":
		return Whole, nil
	case value != "":
		return 0, fmt.Errorf("%s is %q, want \"whole\" or no value", Env, value)
	case testing.Short():
		return Short, nil
	}
	return Thinned, nil
}

// Of is like [Chosen], and fails the test in case of an error.
func Of(t testing.TB) Extent {
	t.Helper()
	e, err := Chosen()
	if err != nil {
		t.Fatal(err)
	}
	return e
}
