package benchmarks_test

import (
	"errors"
	"testing"

	"github.com/corskit/corskit/benchmarks"
)

// TestEquivalence checks every verdict of the table for every subject. It shortens
// lists to 2,000 origins; the benchmarks check again with whole lists.
func TestEquivalence(t *testing.T) {
	for _, subject := range benchmarks.Subjects() {
		t.Run(string(subject.Framework)+"/"+subject.Name, func(t *testing.T) {
			t.Parallel()
			for _, setup := range append(benchmarks.Setups(2_000), benchmarks.PublicSetups()...) {
				server, err := subject.Build(setup)
				if errors.Is(err, benchmarks.ErrUnsupported) && subject.Name != benchmarks.Ours {
					t.Logf("%s: %v", setup.Title, err)
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", setup.Title, err)
					continue
				}
				if setup.Reload {
					if err := server.Reload(); err != nil {
						t.Errorf("%s: %v", setup.Title, err)
					}
				}
				for _, r := range setup.Requests {
					if r.Vary != "" || r.Hostile != nil {
						server.Loop(r)() // must not fail; its verdict is that of the request without More
					}
					if subject.Name == benchmarks.Bare {
						continue
					}
					if err := benchmarks.Check(server, setup, r); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

// TestCheck shows that Check distinguishes servers with and without middleware.
func TestCheck(t *testing.T) {
	setups := benchmarks.Setups(1)
	server, err := benchmarks.Subjects()[0].Build(setups[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range setups[0].Requests {
		err := benchmarks.Check(server, setups[0], r)
		if want := r.Allowed && r.Name != "no-origin"; (err != nil) != want {
			t.Errorf("%s: %v", r.Title, err)
		}
	}
}

func TestExactOrigins(t *testing.T) {
	const n = 1_000_000
	seen, size := make(map[string]bool, n), 0
	for _, o := range benchmarks.ExactOrigins(n) {
		seen[o] = true
		size += len(o)
	}
	if len(seen) != n {
		t.Errorf("%d of %d origins are different", len(seen), n)
	}
	if mean := float64(size) / n; mean < 27.9 || mean > 28.1 {
		t.Errorf("the mean length is %.2f bytes", mean)
	}
}
