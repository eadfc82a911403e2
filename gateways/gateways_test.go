package gateways_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/corskit/corskit/gateways"
)

// randomPolicies is the number of random policies of the corpus.
const randomPolicies = 190

// TestExport exports each policy of the corpus to each target. Export must write a text that is
// equivalent to the policy, or return errors with a limit and a fix. The test imports each exported
// text again. Import must return an equivalent policy, or errors with a reason and a fix.
func TestExport(t *testing.T) {
	n := randomPolicies
	if testing.Short() {
		n = 2
	}
	all := policies(t, n)
	for _, target := range gateways.Targets() {
		if !target.Exports() {
			continue
		}
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel()
			exported := 0
			for i, file := range all {
				x, err := gateways.Export(file.cfg, target.Name, gateways.ExportOptions{})
				if err == nil {
					exported++
					checkNotes(t, file.name, x, gateways.Exactly)
					if i%4 == 0 || !strings.HasPrefix(file.name, "random") {
						checkImport(t, target, file, x)
					}
					continue
				}
				checkRefusal(t, file.name, err)
				narrower, err := gateways.Export(file.cfg, target.Name, gateways.ExportOptions{Lossy: gateways.NarrowerOnly})
				if err != nil {
					checkRefusal(t, file.name, err)
					continue
				}
				checkNotes(t, file.name, narrower, gateways.NarrowerOnly)
			}
			t.Logf("%d of %d exported", exported, len(all))
			if exported == 0 && !testing.Short() {
				t.Error("no policy was exported")
			}
		})
	}
}

// checkRefusal checks an error of Export.
func checkRefusal(t *testing.T, name string, err error) {
	t.Helper()
	if bug := (*gateways.BugError)(nil); errors.As(err, &bug) {
		t.Errorf("%s: %v", name, err)
		return
	}
	found := 0
	for e := range gateways.Errors[*gateways.ExportError](err) {
		if found++; e.Limit == "" || e.Fix == "" || e.Target == "" || e.Place.File == "" {
			t.Errorf("%s: incomplete: %v", name, e)
		}
	}
	if found == 0 && !errors.Is(err, gateways.ErrTooComplex) {
		t.Errorf("%s: %T: %v", name, err, err)
	}
}

// checkNotes checks that an exact export lists no losses.
func checkNotes(t *testing.T, name string, x gateways.Exported, lossy gateways.Lossy) {
	t.Helper()
	for _, l := range x.Losses {
		if lossy == gateways.Exactly && !l.Note || l.Text == "" {
			t.Errorf("%s: loss %+v", name, l)
		}
	}
}

// checkImport imports an exported text and compares the policies.
func checkImport(t *testing.T, target gateways.Target, file policyFile, x gateways.Exported) {
	t.Helper()
	if !target.Imports() {
		return
	}
	back, err := gateways.Import(target.Name, x.Text)
	if bug := (*gateways.BugError)(nil); errors.As(err, &bug) {
		t.Errorf("%s: %v\n%s", file.name, err, x.Text)
		return
	}
	if err != nil {
		for e := range gateways.Errors[*gateways.ImportError](err) {
			if e.Problem == "" || e.Fix == "" {
				t.Errorf("%s: incomplete: %v", file.name, e)
			}
		}
		t.Logf("%s: not imported again: %v", file.name, err)
		return
	}
	all, err := gateways.CompareConfigs(file.cfg, back.Config)
	if err != nil {
		t.Errorf("%s: %v", file.name, err)
	}
	for _, d := range all {
		if !announced(d, back.Notes, x.Losses) {
			t.Errorf("%s: exported and imported: %v\n%s\n%s", file.name, d, x.Text, back.Text)
		}
	}
}

func announced(d gateways.Difference, notes []gateways.Note, losses []gateways.Loss) bool {
	for _, n := range notes {
		if n.Aspect == d.Aspect {
			return true
		}
	}
	for _, l := range losses {
		if l.Aspect == d.Aspect {
			return true
		}
	}
	return false
}
