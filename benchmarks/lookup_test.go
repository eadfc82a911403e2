package benchmarks_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"

	"github.com/corskit/corskit/benchmarks"
	"github.com/corskit/corskit/core"
)

var sizes = []int{1, 10, 100, 1_000, 10_000, 100_000, 1_000_000}

func engine(b *testing.B, origins []string) *core.Engine {
	e, err := core.New(core.Policy{AllowOrigins: origins})
	if err != nil {
		b.Fatal(err)
	}
	return e
}

func set(origins []string) map[string]struct{} {
	m := make(map[string]struct{}, len(origins))
	for _, o := range origins {
		m[o] = struct{}{}
	}
	return m
}

// ownSet returns a set that, like an engine, retains no memory of the list.
func ownSet(origins []string) map[string]struct{} {
	m := make(map[string]struct{}, len(origins))
	for _, o := range origins {
		m[strings.Clone(o)] = struct{}{}
	}
	return m
}

// BenchmarkLookup looks up members in random order, one member over and over, and
// one origin that is not a member.
func BenchmarkLookup(b *testing.B) {
	for _, n := range sizes {
		for _, subject := range []string{benchmarks.Ours, "map"} {
			var allows func(string) bool
			var orders map[string][]string
			for _, order := range []string{"random", "hot", "miss"} {
				b.Run(fmt.Sprintf("origins=%d/subject=%s/order=%s", n, subject, order), func(b *testing.B) {
					if allows == nil {
						origins := benchmarks.ExactOrigins(n)
						// These are clones, because comparing a string with itself reads
						// no byte.
						random := make([]string, 1<<16)
						for i := range random {
							random[i] = strings.Clone(origins[rand.IntN(n)])
						}
						orders = map[string][]string{
							"random": random, "hot": {strings.Clone(origins[n/2])}, "miss": {"https://nobody.example.com"},
						}
						if subject == benchmarks.Ours {
							allows = engine(b, origins).AllowsOrigin
						} else {
							m := set(origins)
							allows = func(o string) bool { _, ok := m[o]; return ok }
						}
					}
					ask, want := orders[order], order != "miss"
					i := uint(0)
					b.ReportAllocs()
					for b.Loop() {
						if allows(ask[i&uint(len(ask)-1)]) != want {
							b.Fatal("wrong answer")
						}
						i++
					}
				})
			}
		}
	}
}

// BenchmarkCompile builds engines and maps from an existing list. The memory of a
// million origins is what remains in use after the list is dropped. "map" uses the
// list's strings as keys; "own-map" copies them.
func BenchmarkCompile(b *testing.B) {
	builders := []struct {
		subject string
		build   func(*testing.B, []string) any
	}{
		{benchmarks.Ours, func(b *testing.B, o []string) any { return engine(b, o) }},
		{"map", func(_ *testing.B, o []string) any { return set(o) }},
		{"own-map", func(_ *testing.B, o []string) any { return ownSet(o) }},
	}
	for _, n := range sizes[3:] {
		for _, builder := range builders {
			b.Run(fmt.Sprintf("origins=%d/subject=%s", n, builder.subject), func(b *testing.B) {
				origins := benchmarks.ExactOrigins(n)
				for b.Loop() {
					builder.build(b, origins)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/origin")
				origins = nil
				before := inUse()
				kept := builder.build(b, benchmarks.ExactOrigins(n))
				b.ReportMetric(float64(inUse()-before)/float64(n), "B/origin")
				runtime.KeepAlive(kept)
			})
		}
	}
}

// inUse returns the size of the live heap.
func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // the first may have begun before the last reference was gone
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkCollect runs whole cycles of the garbage collector with a million
// origins loaded, and reports how much of the heap the collector scans for
// pointers.
func BenchmarkCollect(b *testing.B) {
	const n = 1_000_000
	for _, subject := range []string{"nothing", benchmarks.Ours, "own-map"} {
		b.Run("subject="+subject, func(b *testing.B) {
			var kept any
			switch subject {
			case benchmarks.Ours:
				kept = engine(b, benchmarks.ExactOrigins(n))
			case "own-map":
				kept = ownSet(benchmarks.ExactOrigins(n))
			}
			for b.Loop() {
				runtime.GC()
			}
			sample := []metrics.Sample{{Name: "/gc/scan/heap:bytes"}}
			metrics.Read(sample)
			b.ReportMetric(float64(sample[0].Value.Uint64()), "scanned-B")
			runtime.KeepAlive(kept)
		})
	}
}
