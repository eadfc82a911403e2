package origin

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
)

var sizes = []int{1, 1_000, 100_000, 1_000_000}

// BenchmarkExact looks up members in random order, in a matcher and in a Go map of
// the same strings. BenchmarkExactHot looks up the same member every time.
func BenchmarkExact(b *testing.B) {
	for _, n := range sizes {
		entries := exactOrigins(n)
		order := make([]string, min(n, 1<<16))
		for i := range order {
			order[i] = string([]byte(entries[rand.IntN(n)]))
		}
		b.Run(fmt.Sprintf("matcher/%d", n), func(b *testing.B) {
			m := build(b, entries, owned(entries))
			i := 0
			for b.Loop() {
				if m.Match(order[i%len(order)], everyone) != 0 {
					b.Fatal("not found")
				}
				i++
			}
		})
		b.Run(fmt.Sprintf("map/%d", n), func(b *testing.B) {
			set := mapOf(entries)
			i := 0
			for b.Loop() {
				if _, ok := set[order[i%len(order)]]; !ok {
					b.Fatal("not found")
				}
				i++
			}
		})
	}
}

func BenchmarkExactHot(b *testing.B) {
	for _, n := range sizes {
		entries := exactOrigins(n)
		m := build(b, entries, owned(entries))
		one := string([]byte(entries[n/2]))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				m.Match(one, everyone)
			}
		})
	}
}

func BenchmarkMiss(b *testing.B) {
	for _, n := range sizes {
		entries := exactOrigins(n)
		m := build(b, entries, owned(entries))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				m.Match("https://nobody.example.com", everyone)
			}
		})
	}
}

// BenchmarkSubdomains matches against wildcard patterns.
func BenchmarkSubdomains(b *testing.B) {
	for _, n := range []int{1, 1000} {
		for _, kind := range []string{"https://*.tenant%d.example.com", "https://pr-*.tenant%d.example.com",
			"https://pr-%d-*.example.com"} {
			var entries []string
			for i := range n {
				entries = append(entries, fmt.Sprintf(kind, i))
			}
			m := build(b, entries, owned(entries))
			hit := map[string]string{
				"https://*.tenant%d.example.com":    fmt.Sprintf("https://www.tenant%d.example.com", n/2),
				"https://pr-*.tenant%d.example.com": fmt.Sprintf("https://pr-7.tenant%d.example.com", n/2),
				"https://pr-%d-*.example.com":       fmt.Sprintf("https://pr-%d-x.example.com", n/2),
			}[kind]
			b.Run(fmt.Sprintf("%s/%d", kind, n), func(b *testing.B) {
				for b.Loop() {
					if m.Match(hit, everyone) != 0 {
						b.Fatal(hit)
					}
				}
			})
		}
	}
}

// BenchmarkCompile reports time and memory per origin, of a matcher and of a Go map
// that copies its strings.
func BenchmarkCompile(b *testing.B) {
	for _, n := range sizes[1:] {
		entries := exactOrigins(n)
		measure := func(name string, make func() any) {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				var before, after runtime.MemStats
				for b.Loop() {
					runtime.KeepAlive(make())
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/origin")
				runtime.GC()
				runtime.ReadMemStats(&before)
				kept := make()
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "B/origin")
				runtime.KeepAlive(kept)
			})
		}
		measure("matcher", func() any { return build(b, entries, owned(entries)) })
		measure("map", func() any { return mapOf(entries) })
	}
}

func mapOf(entries []string) map[string]struct{} {
	set := make(map[string]struct{}, len(entries))
	for _, e := range entries {
		set[string([]byte(e))] = struct{}{}
	}
	return set
}
