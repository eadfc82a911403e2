package proof_test

import (
	"testing"

	"github.com/corskit/corskit/conformance/internal/proof"
)

func TestChosen(t *testing.T) {
	usual := proof.Thinned
	if testing.Short() {
		usual = proof.Short
	}
	for value, want := range map[string]proof.Extent{"": usual, "whole": proof.Whole} {
		t.Setenv(proof.Env, value)
		if got, err := proof.Chosen(); got != want || err != nil {
			t.Errorf("%s=%s chooses %v, %v, want %v", proof.Env, value, got, err, want)
		}
	}
	t.Setenv(proof.Env, "half")
	if got, err := proof.Chosen(); err == nil {
		t.Errorf("%s=half chooses %v, want an error", proof.Env, got)
	}
}
