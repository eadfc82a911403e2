package exhaustive_test

import (
	"fmt"
	"os"
	"testing"
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
	short   = world{"short", 61}
)

func chosen() (world, error) {
	switch value := os.Getenv("CORSKIT_PROOF"); {
	case value == "whole":
		return whole, nil
	case value != "":
		return world{}, fmt.Errorf("CORSKIT_PROOF is %q, want \"whole\" or no value", value)
	case testing.Short() || raceDetector:
		return short, nil
	}
	return thinned, nil
}

func chosenWorld(t *testing.T) world {
	t.Helper()
	w, err := chosen()
	if err != nil {
		t.Fatal(err)
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
	for _, value := range []struct {
		env  string
		want string // "" for an error
	}{{"whole", "whole"}, {"half", ""}} {
		t.Setenv("CORSKIT_PROOF", value.env)
		if w, err := chosen(); w.name != value.want || (err != nil) != (value.want == "") {
			t.Errorf("CORSKIT_PROOF=%s chooses %q, %v", value.env, w.name, err)
		}
	}
	for _, w := range []world{thinned, short} {
		for _, list := range []int{len(policies()), len(fewPolicies()), len(routes()), 1 + len(routes()), len(listsOfRoutes())} {
			if list%w.step == 0 {
				t.Errorf("the %s world misses values of a list of %d", w.name, list)
			}
		}
	}
}
