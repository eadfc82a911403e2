package conformance_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core"
)

// brokenMiddleware is a middleware with one fault, and the rules that must
// catch it.
type brokenMiddleware struct {
	name  string
	rules string
	fault func(*reference)
}

// broken are middlewares with one fault each, and the rules that must catch
// it. Most are faults that libraries have had.
var broken = slices.Concat(
	brokenOrigins, brokenVary, brokenHeaders, brokenPreflights, brokenRejections, brokenHandlers, brokenRoutes,
)

// after changes the headers once they are right.
func after(change func(h http.Header, r *http.Request, preflight bool)) func(*reference) {
	return func(ref *reference) {
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			answerAs(h, r, granted, preflight)
			change(h, r, preflight)
		}
	}
}

// policies changes the policies as if they had been read wrongly.
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

func TestBrokenMiddlewareIsCaught(t *testing.T) {
	cases := conformance.Cases()
	for i := range cases {
		// Shared slices are data races, which would be this test's: the cases
		// have to catch them without the race detector.
		cases[i].Copies = 1
	}
	caught := make(map[string]bool)
	for _, b := range broken {
		ref := newReference()
		b.fault(ref)
		rules := strings.Fields(b.rules)
		for _, rule := range rules {
			caught[rule] = true
		}
		t.Run(strings.ReplaceAll(b.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			report := conformance.Check(t.Context(), ref.mount, conformance.Options{
				Cases:  cases,
				Filter: func(c conformance.Case) bool { return slices.Contains(rules, c.Rule()) },
			})
			for _, rule := range rules {
				if !slices.ContainsFunc(report.Results, func(r conformance.Result) bool {
					return r.Rule == rule && r.Outcome == conformance.Fail
				}) {
					t.Errorf("a middleware that %s passes every case of rule %s", b.name, rule)
				}
			}
			for _, r := range report.Results {
				if strings.Contains(r.Message, "no answer within") || len(r.Message) > 16<<10 {
					t.Errorf("%s: the message has %d bytes, or the case ran into a time limit:\n%.2000s", r.ID, len(r.Message), r.Message)
				}
			}
		})
	}
	for _, group := range rules {
		for n := range group.last {
			rule := fmt.Sprintf("%s%d", group.letter, n+1)
			if reason, exempt := uncatchable[rule]; !caught[rule] && !exempt {
				t.Errorf("no broken middleware is said to be caught by rule %s", rule)
			} else if caught[rule] && exempt {
				t.Errorf("rule %s catches a broken middleware, though it is said that none could be: %s", rule, reason)
			}
		}
	}
}

// uncatchable are rules that no middleware could break, and why.
var uncatchable = map[string]string{
	"X11": "net/http answers OPTIONS * before any middleware sees it",
}
