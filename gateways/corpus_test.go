package gateways_test

import (
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/gateways/internal/corpus"
)

// policyFile is a configuration of the corpus.
type policyFile struct {
	name string
	cfg  *config.Config
}

// policies returns the configurations that all targets are tested with, n of them random.
func policies(t testing.TB, n int) (list []policyFile) {
	t.Helper()
	all, err := corpus.Policies("..", n)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		list = append(list, policyFile{p.Name, p.Config})
	}
	return list
}
