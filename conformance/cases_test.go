package conformance_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/conformance"
)

// rules are the groups of the project's rules, with the number of the last
// rule of each. R is the suite's own.
var rules = []struct {
	letter string
	last   int
}{
	{"N", 7}, {"A", 16}, {"P", 14}, {"H", 11}, {"M", 5}, {"L", 4},
	{"V", 6}, {"C", 6}, {"O", 14}, {"D", 8}, {"X", 11}, {"R", 3},
}

func TestEveryRuleHasACase(t *testing.T) {
	cases := make(map[string]int)
	for _, c := range conformance.Cases() {
		cases[c.Rule()]++
	}
	for _, group := range rules {
		for n := range group.last {
			rule := fmt.Sprintf("%s%d", group.letter, n+1)
			if cases[rule] == 0 {
				t.Errorf("rule %s has no case", rule)
			}
			delete(cases, rule)
		}
	}
	for rule := range cases {
		t.Errorf("rule %s is not among the rules", rule)
	}
}

func TestCasesAreWellFormed(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range conformance.Cases() {
		if seen[c.ID] {
			t.Errorf("%s: two cases have this ID", c.ID)
		}
		seen[c.ID] = true
		if strings.ContainsAny(c.ID, " \t\"") {
			t.Errorf("%q: the ID does not make the name of a subtest", c.ID)
		}
		if !strings.HasSuffix(c.Reason, ".") || c.Source == "" {
			t.Errorf("%s: every case has a reason, a sentence, and a source", c.ID)
		}
		if len(c.Setup.Policies) == 0 && len(c.Setup.Routes) == 0 {
			t.Errorf("%s: the setup has no policy", c.ID)
		}
		if (len(c.Steps) == 0) != (c.Refusal == conformance.MustRefuse) {
			t.Errorf("%s: a case has steps, or a setup that is refused", c.ID)
		}
		for i, s := range c.Steps {
			if s.Fetch == nil && s.Send == nil {
				t.Errorf("%s: step %d sends nothing", c.ID, i+1)
			}
			if s.Fetch == nil && (s.Verdict != "" || s.Code != "" || s.Readable != nil) {
				t.Errorf("%s: step %d expects a verdict on no fetch", c.ID, i+1)
			}
			if s.Preflight != nil && s.Send != nil {
				t.Errorf("%s: step %d sends a request and expects something of a browser's preflight", c.ID, i+1)
			}
		}
	}
}

func TestCasesAreTheCallers(t *testing.T) {
	cases := conformance.Cases()
	for i := range cases {
		for _, p := range cases[i].Setup.Policies {
			for j := range p.AllowOrigins {
				p.AllowOrigins[j] = "spoilt"
			}
		}
	}
	for _, c := range conformance.Cases() {
		for _, p := range c.Setup.Policies {
			if slices.Contains(p.AllowOrigins, "spoilt") {
				t.Fatalf("%s shares its policy with an earlier call's", c.ID)
			}
		}
	}
}

func TestCasesForPages(t *testing.T) {
	inPage := 0
	for _, c := range conformance.Cases() {
		if c.InPage() {
			inPage++
		}
		mapped := c.Map(strings.NewReplacer(conformance.OriginA, "http://localhost:1", conformance.OriginEvil, "http://127.0.0.1:2").Replace)
		for _, s := range mapped.Steps {
			if s.Fetch != nil && s.Fetch.Origin == conformance.OriginA {
				t.Errorf("%s: Map left an origin alone", c.ID)
			}
		}
	}
	if inPage < 40 {
		t.Errorf("%d cases can run in a page, want 40 or more", inPage)
	}
}
