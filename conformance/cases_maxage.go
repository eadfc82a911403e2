package conformance

import (
	"fmt"
	"slices"
	"time"

	"github.com/corskit/corskit/core"
)

// preflightCaching returns the cases of how long browsers cache preflights.
func preflightCaching() []Case {
	return slices.Concat(configuredAge(), unsetAge(), ageSyntax(), excessiveAge())
}

// age is the setup of a policy with a maximum age.
func age(d time.Duration) Setup {
	return setup(with(policyTwo(), func(p *core.Policy) { p.MaxAge = d }))
}

// putAfter is a PUT, some time after the previous step, with this many preflights.
func putAfter(after time.Duration, preflights int) Step {
	return Step{After: after, Fetch: fetch("PUT", OriginA, "/any"), Verdict: Allowed, Preflights: count(preflights)}
}

func configuredAge() []Case {
	return of("M1",
		Case{
			ID: "cached", Setup: two(),
			Reason: "Browsers cache a preflight for as long as the policy says.",
			Steps: []Step{putAfter(0, 1), putAfter(10*time.Second, 0),
				putAfter(580*time.Second, 0), putAfter(11*time.Second, 1)},
		},
		Case{
			ID: "bytes", Source: srcNewHeaders, Setup: two(),
			Reason: "The value is a number of whole seconds, sent only on success.",
			Steps: []Step{
				{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{Exact: header(acma, "600")}},
				{Send: preflight(OriginEvil, "PUT", "/any"), Answer: &Answer{Absent: []string{acma}}},
				{Send: send("GET", "/any", "Origin", OriginA), Answer: &Answer{Absent: []string{acma}}},
			},
		},
	)
}

func unsetAge() []Case {
	return slices.Concat(of("M2", Case{
		Setup:  age(0),
		Reason: "If the policy sets no maximum age, the browser's five seconds apply.",
		Steps: []Step{
			{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{Absent: []string{acma}}},
			putAfter(0, 1), putAfter(4*time.Second, 0), putAfter(2*time.Second, 1),
		},
	}), of("M3", Case{
		Setup:  age(core.NoPreflightCache),
		Reason: "Zero disables the cache; leaving the header out would not.",
		Steps: []Step{
			{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{Exact: header(acma, "0")}},
			putAfter(0, 1), putAfter(0, 1),
		},
	}))
}

func ageSyntax() []Case {
	digits := func() []Step {
		return []Step{{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{Digits: []string{acma}}}}
	}
	cases := []Case{
		{
			ID: "fraction", Setup: age(1500 * time.Millisecond), Refusal: MayRefuse,
			Reason: "Access-Control-Max-Age consists of digits; browsers treat anything else as five seconds.",
			Steps:  digits(),
		},
		{
			ID: "negative", Setup: age(-5 * time.Second), Refusal: MayRefuse,
			Reason: "Access-Control-Max-Age has no sign.",
			Steps:  digits(),
		},
	}
	for _, seconds := range []int{1, 7200} {
		cases = append(cases, Case{
			ID: fmt.Sprint(seconds), Setup: age(time.Duration(seconds) * time.Second),
			Reason: "Access-Control-Max-Age is a decimal number of seconds.",
			Steps: []Step{{Send: preflight(OriginA, "PUT", "/any"),
				Answer: &Answer{Digits: []string{acma}, Exact: header(acma, fmt.Sprint(seconds))}}},
		})
	}
	return of("M4", cases...)
}

func excessiveAge() []Case {
	const reason = "No browser caches a preflight for longer than a day."
	return of("M5",
		refused("a-second-more", reason, age(24*time.Hour+time.Second)),
		refused("a-week", reason, age(7*24*time.Hour)),
		Case{
			ID: "a-day", Source: srcPreflight, Setup: age(24 * time.Hour),
			Reason: "A day is the longest that any browser caches a preflight.",
			Steps:  []Step{{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{Exact: header(acma, "86400")}}},
		},
	)
}
