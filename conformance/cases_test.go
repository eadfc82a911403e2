package conformance_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/conformance"
)

func TestEveryRuleHasACase(t *testing.T) {
	cases := make(map[string]int)
	for _, c := range conformance.Cases() {
		cases[c.Rule]++
	}
	for _, r := range conformance.Rules() {
		if cases[r.ID] == 0 {
			t.Errorf("rule %s has no case", r.ID)
		}
		if !strings.HasSuffix(r.Text, ".") || r.Source == "" {
			t.Errorf("rule %s lacks a source, or a text that is a sentence", r.ID)
		}
		delete(cases, r.ID)
	}
	for rule := range cases {
		t.Errorf("rule %s is not among the rules", rule)
	}
}

func TestCasesAreWellFormed(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range conformance.Cases() {
		if seen[c.ID] {
			t.Errorf("two cases have the ID %s", c.ID)
		}
		seen[c.ID] = true
		if strings.ContainsAny(c.ID, " \t\"") {
			t.Errorf("%q: the ID is not usable as the name of a subtest", c.ID)
		}
		if rule, _, _ := strings.Cut(c.ID, "/"); rule != c.Rule {
			t.Errorf("%s: the ID does not begin with the rule, %s", c.ID, c.Rule)
		}
		if !strings.HasSuffix(c.Reason, ".") || c.Source == "" {
			t.Errorf("%s lacks a source, or a reason that is a sentence", c.ID)
		}
		if c.Again != nil {
			if len(c.Steps) > 0 || !reflect.DeepEqual(c.Setup, conformance.Setup{}) {
				t.Errorf("%s asks what other cases ask, but has a setup or steps", c.ID)
			}
			continue
		}
		if len(c.Setup.Policies) == 0 && len(c.Setup.Routes) == 0 {
			t.Errorf("%s: the setup has no policy", c.ID)
		}
		if (len(c.Steps) == 0) != (c.Refusal == conformance.MustRefuse) {
			t.Errorf("%s: want steps or a setup that must be refused, not both", c.ID)
		}
		for i, s := range c.Steps {
			if s.Fetch == nil && s.Send == nil {
				t.Errorf("%s: step %d sends nothing", c.ID, i+1)
			}
			if s.Fetch == nil && (s.Verdict != "" || s.Code != "" || s.Readable != nil) {
				t.Errorf("%s: step %d expects a verdict but has no fetch", c.ID, i+1)
			}
			if s.Preflight != nil && s.Send != nil {
				t.Errorf("%s: step %d sends bytes but expects a browser's preflight", c.ID, i+1)
			}
		}
	}
}

func TestCallersMayChangeCases(t *testing.T) {
	cases := conformance.Cases()
	for i := range cases {
		for _, p := range cases[i].Setup.Policies {
			for j := range p.AllowOrigins {
				p.AllowOrigins[j] = "spoiled"
			}
		}
	}
	for _, c := range conformance.Cases() {
		for _, p := range c.Setup.Policies {
			if slices.Contains(p.AllowOrigins, "spoiled") {
				t.Fatalf("%s shares its policy with an earlier call", c.ID)
			}
		}
	}
	rules := conformance.Rules()
	rules[0].Text = "spoiled"
	if conformance.Rules()[0].Text == "spoiled" {
		t.Error("Rules shares its slice between calls")
	}
}

func TestMapReplacesOrigins(t *testing.T) {
	replacer := strings.NewReplacer(conformance.OriginA, "http://localhost:1", conformance.OriginEvil, "http://127.0.0.1:2")
	for _, c := range conformance.Cases() {
		for _, s := range c.Map(replacer.Replace).Steps {
			if s.Fetch != nil && s.Fetch.Origin == conformance.OriginA {
				t.Errorf("%s: Map did not replace an origin", c.ID)
			}
		}
	}
}
