package corpus_test

import (
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/migrate"
)

// expectation is what the test knows about a program, other than that it is translated.
type expectation struct {
	outcome migrate.Outcome
	results int // if not one
	result  int // the one that counts
	kept    func(*core.Policy)
}

var expected = map[string]expectation{}
