package gateways_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/corskit/corskit/gateways"
)

// maxFuzzed bounds the texts that the fuzzer imports, in bytes.
const maxFuzzed = 4 << 10

// FuzzImport imports texts from each source. No text causes a panic, and no imported policy is
// wider than its source. With -short, the seeds are one source and trap in four, because
// TestSources and TestTraps import all of them.
func FuzzImport(f *testing.F) {
	every := 1
	if testing.Short() {
		every = 4
	}
	all := sources(f)
	for i, file := range slices.Sorted(maps.Keys(all)) {
		if i%every == 0 {
			f.Add(sourceOf(file).Name, all[file])
		}
	}
	for i, trap := range slices.Concat(traps, serverTraps) {
		if i%every == 0 {
			f.Add(trap.source, []byte(trap.text))
		}
	}
	f.Fuzz(func(t *testing.T, source string, text []byte) {
		target, ok := gateways.Find(source)
		if !ok || !target.Imports() || len(text) > maxFuzzed {
			t.Skip("not a source, or too long")
		}
		x, err := gateways.Import(source, text)
		if bug := (*gateways.BugError)(nil); errors.As(err, &bug) {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		model, err := target.Parse(text)
		if err != nil {
			t.Fatalf("imported, but without a model: %v", err)
		}
		all, err := gateways.Differences(x.Config, model)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			if d.Kind == gateways.Narrower && d.Aspect != gateways.PassAspect && d.Aspect != gateways.ErrorAspect {
				t.Errorf("the policy is wider than the source: %v\n%s", d, x.Text)
			}
		}
	})
}
