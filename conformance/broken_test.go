package conformance_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core"
)

// brokenMiddleware is a middleware with one fault, and the rules whose cases
// must catch it. A case may be listed instead of a rule.
type brokenMiddleware struct {
	name  string
	rules string
	fault func(*reference)
}

// broken has middlewares with one fault each. Most of these faults have occurred in
// libraries.
var broken = slices.Concat(
	brokenOrigins, brokenVary, brokenHeaders, brokenPreflights, brokenRejections, brokenHandlers, brokenRoutes,
	brokenTrust, brokenDependence, brokenLists, brokenEffects, brokenSpares,
)

// after changes the headers after they were set correctly.
func after(change func(h http.Header, r *http.Request, preflight bool)) func(*reference) {
	return func(ref *reference) {
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			answerAs(h, r, granted, preflight)
			change(h, r, preflight)
		}
	}
}

// policies changes the policies, as if the middleware misread them.
func policies(change func(*core.Policy)) func(*reference) {
	return func(ref *reference) {
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			if granted != nil {
				p := *granted
				change(&p)
				granted = &p
			}
			answerAs(h, r, granted, preflight)
		}
	}
}

func handler(serve func(http.ResponseWriter, *http.Request, http.Handler)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, next) })
	}
}

// askedAgain has the rules whose cases are repeated.
var askedAgain = strings.Fields("A1 A2 A4 A5 A8 A16 P1 P3 P6 M1 I5")

// slowBroken has the middlewares for which the cases must wait.
var slowBroken = []string{"holds responses back", "shares header slices between responses"}

func TestBrokenMiddlewareIsCaught(t *testing.T) {
	cases := conformance.Cases()
	for i := range cases {
		// A fault that shares slices is a data race, with which the race detector
		// would fail this test. The cases must catch it without the detector.
		cases[i].Copies = 1
	}
	caught := make(map[string]bool)
	for i, b := range broken {
		ref := newReference()
		b.fault(ref)
		rules := strings.Fields(b.rules)
		for _, rule := range rules {
			id, _, _ := strings.Cut(rule, "/")
			caught[id] = true
		}
		if testing.Short() && (i%5 != 0 || slices.Contains(slowBroken, b.name)) {
			continue // a fifth of them; the others without -short
		}
		t.Run(strings.ReplaceAll(b.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			report := conformance.Check(t.Context(), ref.mount, conformance.Options{
				// Some cases repeat requests of others: a few of those are enough here.
				Cases: slices.DeleteFunc(slices.Clone(cases), func(c conformance.Case) bool {
					return c.Again == nil && !slices.Contains(askedAgain, c.Rule) && !slices.Contains(rules, c.Rule)
				}),
				Choices: true,
				Thin:    1,
				Filter:  func(c conformance.Case) bool { return slices.Contains(rules, c.Rule) || slices.Contains(rules, c.ID) },
			})
			for _, rule := range rules {
				if !slices.ContainsFunc(report.Results, func(r conformance.Result) bool {
					return (r.Rule == rule || r.ID == rule) && r.Outcome == conformance.Fail
				}) {
					t.Errorf("a middleware that %s passes every case of %s", b.name, rule)
				}
			}
			for _, r := range report.Results {
				if strings.HasPrefix(r.Cause, "rule ") {
					t.Errorf("%s: no cause fits, so the failure is listed under its rule:\n%.500s", r.ID, r.Message)
				}
				if reflects := "any Origin is reflected with credentials"; r.Cause == reflects && !strings.HasPrefix(b.name, "reflects ") {
					t.Errorf("%s: the cause is %q:\n%.500s", r.ID, reflects, r.Message)
				}
				if strings.Contains(r.Message, "no answer within") || len(r.Message) > 16<<10 {
					t.Errorf("%s: the message has %d bytes, or the case ran into a time limit:\n%.2000s", r.ID, len(r.Message), r.Message)
				}
			}
		})
	}
	for _, rule := range conformance.Rules() {
		if reason, exempt := uncatchable[rule.ID]; !caught[rule.ID] && !exempt {
			t.Errorf("no broken middleware lists rule %s among those that catch it", rule.ID)
		} else if caught[rule.ID] && exempt {
			t.Errorf("rule %s catches a broken middleware, but uncatchable says that no middleware can break the rule: %s", rule.ID, reason)
		}
	}
}

// uncatchable are rules that no middleware can break, and why.
var uncatchable = map[string]string{
	"X11": "net/http answers OPTIONS * before any middleware sees it",
}
