package language

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/corskit/corskit/internal/origin"
)

var searchFlag = flag.Int("search", 50, "try this `many` changes in the search for expensive expressions; a tenth of it with -short")

// atoms are the parts from which the search builds expressions.
var atoms = []string{
	"a", "b", "[ab]", "[a-z]", `\w`, ".", `\.`, "[a-z.]", "[0-9a-f:]", `\d`, `\[`, `\]`, "://", "https://", "http",
	":", "/", `\b`, `\B`, "()", "|", "(?:a|b)",
	"*", "+", "?", "{2}", "{0,20}", "{20}", "(", ")", `\.com`, `\.co\.uk`, `\.ck`,
}

// TestExpensiveExpressions searches for expressions that need many steps, by random
// changes to the worst one so far. None may take many more than its budget.
func TestExpensiveExpressions(t *testing.T) {
	const budget = 1 << 18
	changes := *searchFlag
	if testing.Short() {
		changes /= 10
	}
	r := rand.New(rand.NewPCG(5, 6))
	change := func(s string) string {
		i := r.IntN(len(s) + 1)
		j := min(len(s), i+r.IntN(6))
		return s[:i] + atoms[r.IntN(len(atoms))] + s[j:]
	}
	ask := func(entry string) (steps int, ok bool) {
		var p *origin.Pattern
		if origin.ParsePattern("regexp:"+entry, func(q origin.Pattern) { p = &q }) != nil || p == nil {
			return 0, false
		}
		for _, question := range []func(b *Budget){
			func(b *Budget) { _, _, _ = Example(b, p) },
			func(b *Budget) { _, _, _ = Strangers(b, p) },
			func(b *Budget) { _, _, _ = ManyHosts(b, p) },
			func(b *Budget) { _, _ = Examples(b, p, p) },
		} {
			b := NewBudget(budget)
			question(b)
			if b.steps < -2*maxStates {
				t.Errorf("%s: %d steps more than there are", entry, -b.steps)
			}
			steps = max(steps, budget-b.steps)
		}
		return steps, true
	}
	for _, start := range []string{`https://[a-z]+\.example\.com`, `https://.*`, `http://\[[0-9a-f:]+\]`, `[a-z]+://\w+(\.\w+)*(:\d+)?`} {
		worst, most, longest := start, 0, time.Duration(0)
		for range changes {
			candidate := change(worst)
			for r.IntN(2) == 0 {
				candidate = change(candidate)
			}
			if len(candidate) > 200 {
				continue
			}
			began := time.Now()
			if steps, ok := ask(candidate); ok && steps >= most {
				worst, most, longest = candidate, steps, max(longest, time.Since(began))
			}
		}
		t.Logf("%d steps, up to %v: %s", most, longest, worst)
	}
}
