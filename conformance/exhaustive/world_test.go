package exhaustive_test

import (
	"testing"

	"github.com/corskit/corskit/conformance/internal/proof"
)

// world says how many of the servers are tried.
type world struct {
	name string
	step int // one server in step is tried
}

// The steps are primes. No loop that generates the lists of servers has a length that
// is a multiple of them, so each value of each loop is tried.
var (
	whole   = world{"whole", 1}
	thinned = world{"thinned", 11}
	short   = world{"short", 211}
)

func chosenWorld(t *testing.T) world {
	t.Helper()
	w := map[proof.Extent]world{proof.Whole: whole, proof.Thinned: thinned, proof.Short: short}[proof.Of(t)]
	if raceDetector && w == thinned {
		w = short
	}
	t.Logf("the %s world: one server in %d", w.name, w.step)
	return w
}

// thin returns one element in w.step.
func thin[T any](w world, list []T) []T {
	var some []T
	for i := 0; i < len(list); i += w.step {
		some = append(some, list[i])
	}
	return some
}

func TestWorlds(t *testing.T) {
	for _, w := range []world{thinned, short} {
		for _, list := range []int{len(policies()), len(fewPolicies()), len(routes()), 1 + len(routes()), len(listsOfRoutes())} {
			if list%w.step == 0 {
				t.Errorf("the %s world misses values of a list of %d", w.name, list)
			}
		}
	}
}
