package main

import (
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance"
)

// fairCases returns the suite's cases, without those that would be unfair in a
// comparison of libraries. It sets Choice in cases that are a matter of choice.
func fairCases() []conformance.Case {
	cases := slices.DeleteFunc(conformance.Cases(), repeats)
	for i := range cases {
		c := &cases[i]
		c.Choice = c.Choice || isChoice(*c)
		c.Steps = cacheable(c.Steps)
		if c.Rule == "I3" {
			c.Steps = slices.DeleteFunc(slices.Clone(c.Steps), func(s conformance.Step) bool { return isDefault(c.Setup, s) })
		}
		if !aboutEverything[c.Rule] {
			c.Steps = verdictsOnly(c.Steps)
		}
	}
	return cases
}

// repeats reports whether a case repeats requests of other rules' cases, over each
// version of HTTP or for each answer.
func repeats(c conformance.Case) bool {
	return c.Rule == "X10" && strings.HasSuffix(c.ID, "-two") || c.ID == "I3/every-answer"
}

// isDefault reports whether a step of I3 asks for request headers although the policy
// lists none. Some libraries are documented to allow such headers unless their users list
// others. It also reports true for OPTIONS, because P14 is about it.
func isDefault(s conformance.Setup, step conformance.Step) bool {
	asks := func(name string) string { return strings.Join(step.Send.Header.Values(name), ",") }
	return len(s.Policies[0].AllowHeaders) == 0 && asks("Access-Control-Request-Headers") != "" ||
		asks("Access-Control-Request-Method") == "OPTIONS"
}

// isChoice reports whether the standards leave a case to the server, for cases
// that the suite does not mark.
func isChoice(c conformance.Case) bool {
	switch {
	case strings.HasPrefix(c.Source, "corskit"):
		return true
	case c.Rule == "V3":
		return true // responses to OPTIONS are not cacheable (RFC 9110, section 9.3.7)
	case c.ID == "M1/bytes":
		return true // without Access-Control-Allow-Origin the other headers have no effect
	case strings.HasPrefix(c.ID, "O5/brace"):
		return true // such a name is still below the domain
	}
	return false
}

// aboutEverything are the rules about Vary, about requests of disallowed origins
// that pass, and about the headers of a refusal. Other rules would count the same
// failure again, under a misleading name.
var aboutEverything = map[string]bool{
	"N1": true, "N2": true, "N6": true, "A2": true, "A3": true, "A16": true,
	"P2": true, "M1": true, "L1": true, "L2": true, "L3": true, "L4": true,
	"V1": true, "V2": true, "V3": true, "V4": true, "V5": true, "V6": true, "X5": true, "X8": true,
}

// cacheable removes expectations about the CORS names in Vary from answers to OPTIONS,
// which no cache stores.
func cacheable(steps []conformance.Step) []conformance.Step {
	fair := slices.Clone(steps)
	for i := range fair {
		s := &fair[i]
		s.Preflight = withoutVary(s.Preflight)
		if s.Answer == nil || s.Send == nil || s.Send.Method != "OPTIONS" {
			continue
		}
		b := *s.Answer
		b.Vary = slices.DeleteFunc(slices.Clone(b.Vary), func(name string) bool {
			return name == "Origin" || strings.HasPrefix(name, "Access-Control-Request-")
		})
		s.Answer = &b
	}
	return fair
}

// verdictsOnly removes expectations about Vary from the steps. If a browser refuses the
// answer, or headers must be absent, it also removes the expectation about runs of the
// handler.
func verdictsOnly(steps []conformance.Step) []conformance.Step {
	fair := make([]conformance.Step, len(steps))
	for i, s := range steps {
		s.Answer, s.Preflight = withoutVary(s.Answer), withoutVary(s.Preflight)
		if a := s.Answer; a != nil && s.Fetch != nil && s.Fetch.Origin == conformance.OriginEvil ||
			a != nil && s.Send != nil && strings.Join(s.Send.Header.Values("Origin"), "") == conformance.OriginEvil {
			a.Status, a.Runs, a.Body, a.Echoed = nil, "", "", false
			if a.NoCORS {
				a.NoCORS, a.Absent = false, []string{"Access-Control-Allow-Origin"}
			}
		}
		fair[i] = s
	}
	return fair
}

func withoutVary(a *conformance.Answer) *conformance.Answer {
	if a == nil {
		return nil
	}
	b := *a
	b.Vary, b.NotVary = nil, nil
	b.Exact = b.Exact.Without("Vary")
	return &b
}
