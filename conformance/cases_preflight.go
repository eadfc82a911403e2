package conformance

import (
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
)

// preflights returns the cases of preflights and their methods.
func preflights() []Case {
	return slices.Concat(
		answeredPreflights(), refusedPreflights(), preflightsAndCredentials(), preflightStatus(),
		listedMethods(), unlistedMethods(), configuredMethods(), invalidMethods(), allMethods(),
	)
}

func answeredPreflights() []Case {
	success := &Answer{Status: []int{2}, Runs: RunsNever, Empty: true, Exact: header(acao, OriginA)}
	return of("P1",
		Case{
			ID: "allowed", Setup: two(),
			Reason: "The middleware answers a preflight, with a success status and without a body.",
			Steps: []Step{{Fetch: fetch("PUT", OriginA, "/any"), Verdict: Allowed, Preflights: count(1), Preflight: success,
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce}}},
		},
		Case{
			ID: "204", Source: srcCore, Choice: true, Setup: two(),
			Reason: "The status of a success without a body is 204.",
			Steps: []Step{{Send: preflight(OriginA, "PUT", "/any"),
				Answer: &Answer{Status: []int{204}, Runs: RunsNever}}},
		},
		Case{
			ID: "full-lists", Source: srcCore, Choice: true, Setup: two(),
			Reason: "The answer to one preflight lists all methods and headers, so browsers need no other for the same URL.",
			Steps: []Step{
				{Send: preflight(OriginA, "DELETE", "/any"), Fetch: fetch("PUT", OriginA, "/any", "x-a", "1", "x-b", "2"),
					Verdict: Allowed},
				{Send: preflight(OriginA, "PATCH", "/any", acrh, "x-z"), Fetch: fetch("PUT", OriginA, "/any", "x-a", "1"),
					Verdict: Allowed},
				{Fetch: fetch("PUT", OriginA, "/any", "x-a", "1"), Verdict: Allowed, Preflights: count(1)},
				{Fetch: fetch("DELETE", OriginA, "/any", "x-b", "1"), Verdict: Allowed, Preflights: count(0)},
			},
		},
	)
}

func refusedPreflights() []Case {
	var cases []Case
	for name, origin := range map[string]string{
		"evil": OriginEvil,
		// These are not origins.
		"null":        "null",
		"empty":       "",
		"no-scheme":   "a.example",
		"no-host":     "https://",
		"path":        OriginA + "/x",
		"list":        OriginA + ", " + OriginB,
		"userinfo":    "https://u@a.example",
		"scheme-only": "https:a.example",
		"star":        "*",
	} {
		cases = append(cases, Case{
			ID: "refused-" + name, Setup: two(),
			Reason: "The preflight of an origin that is not allowed fails.",
			Steps: []Step{{Send: preflight(origin, "PUT", "/any"), Fetch: fetch("PUT", origin, "/any"), Verdict: Refused,
				Answer: &Answer{Absent: []string{acao}}}},
		}, Case{
			ID: "403-" + name, Source: srcCore, Choice: true, Setup: two(),
			Reason: "The middleware answers a preflight that fails: its status helps with debugging, and scripts learn nothing.",
			Steps: []Step{{Send: preflight(origin, "PUT", "/any"),
				Answer: &Answer{Status: []int{403}, Runs: RunsNever, Empty: true, NoCORS: true}}},
		})
	}
	return of("P2", cases...)
}

func preflightsAndCredentials() []Case {
	return slices.Concat(of("P3", Case{
		Setup:  setup(policyCred()),
		Reason: "The preflight of a request with credentials must allow them, although it carries none.",
		Steps: []Step{{Fetch: withCredentials(fetch("PUT", OriginA, "/any")), Verdict: Allowed,
			Preflight: &Answer{Exact: header(acao, OriginA, acac, "true")}}},
	}), of("P4",
		Case{
			ID: "not-reached", Setup: setup(policyCred()),
			Reason: "Preflights never carry credentials, so authentication inside the middleware must not see them.",
			Steps: []Step{{Fetch: withCredentials(fetch("PUT", OriginA, "/private", "Authorization", "Basic eDp5")), Verdict: Allowed,
				Preflight: &Answer{Status: []int{2}, Runs: RunsNever}, Answer: &Answer{Status: []int{200}, Runs: RunsOnce}}},
		},
		Case{
			ID: "401", Source: srcCheck, Setup: setup(policyCred()),
			Reason: "Scripts must be able to read the 401 of an inner authentication middleware.",
			Steps: []Step{{Fetch: withCredentials(fetch("GET", OriginA, "/private")), Verdict: Allowed,
				Answer: &Answer{Status: []int{401}, Runs: RunsOnce, Exact: header(acao, OriginA, acac, "true")}}},
		},
	))
}

func preflightStatus() []Case {
	cases := []Case{{
		ID: "unknown-path", Setup: two(),
		Reason: "The preflight for a path that does not exist succeeds, so that scripts see the 404.",
		Steps: []Step{{Fetch: fetch("PUT", OriginA, "/no-such-path"), Verdict: Allowed, Preflight: &Answer{Status: []int{2}},
			Answer: &Answer{Status: []int{404}}}},
	}}
	for name, s := range map[string]Setup{
		"one": setup(policyOne()), "two": two(), "credentials": setup(policyCred()), "any": setup(policyAny()),
		"all-headers": setup(allHeaders(true)),
	} {
		for _, path := range []string{"/any", "/get", "/no-such-path"} {
			cases = append(cases, Case{
				ID: name + strings.ReplaceAll(path, "/", "-"), Setup: s,
				Reason: "For browsers, only a status of 200-299 is a success, whether or not the router has a route for OPTIONS.",
				Steps: []Step{{Send: preflight(OriginA, "POST", path), Fetch: fetch("POST", OriginA, path), Verdict: Allowed,
					Answer: &Answer{Status: []int{2}, Runs: RunsNever, Empty: true}}},
			})
		}
	}
	return of("P5", cases...)
}

func listedMethods() []Case {
	chicken := setup(with(policyTwo(), func(p *core.Policy) { p.AllowMethods = []string{"CHICKEN"} }))
	var safelisted []Case
	for _, method := range []string{"GET", "HEAD", "POST"} {
		safelisted = append(safelisted, Case{
			ID: method, Setup: two(),
			Reason: "A safelisted method needs a preflight only for its headers.",
			Steps:  []Step{{Fetch: fetch(method, OriginA, "/any", "x-a", "1"), Verdict: Allowed, Preflights: count(1)}},
		})
	}
	return slices.Concat(of("P6",
		Case{
			ID: "listed", Setup: two(),
			Reason: "A listed method is allowed.",
			Steps:  []Step{reads(fetch("PUT", OriginA, "/any")), reads(fetch("DELETE", OriginB, "/any"))},
		},
		Case{
			ID: "normalised", Source: srcNormalize, Setup: two(),
			Reason: "Browsers send put as PUT.",
			Steps:  []Step{reads(fetch("put", OriginA, "/any")), reads(fetch("Delete", OriginA, "/any"))},
		},
		Case{
			ID: "case", Source: srcMethods, Setup: chicken,
			Reason: "Methods compare case-sensitively.",
			Steps: []Step{reads(fetch("CHICKEN", OriginA, "/any")),
				refuses(fetch("chicken", OriginA, "/any")), refuses(fetch("Chicken", OriginA, "/any"))},
		},
	), of("P7", safelisted...))
}

func unlistedMethods() []Case {
	return slices.Concat(of("P8",
		Case{
			Setup:  two(),
			Reason: "A method that is not listed is refused.",
			Steps:  []Step{refuses(fetch("PATCH", OriginA, "/any")), refuses(fetch("QUERY", OriginA, "/any"))},
		},
		Case{
			ID: "credentials", Setup: setup(with(policyOne(), func(p *core.Policy) { p.AllowCredentials = true })),
			Reason: "A policy without methods allows the safelisted ones, even with credentials, and does not echo the requested method.",
			Steps: []Step{
				refuses(withCredentials(fetch("PATCH", OriginA, "/any"))),
				{Send: preflight(OriginA, "PATCH", "/any"), Answer: &Answer{Unreflected: []string{"PATCH"}}},
				reads(withCredentials(fetch("POST", OriginA, "/any"))),
			},
		},
	), of("P9", Case{
		Setup:  setup(with(policyTwo(), func(p *core.Policy) { p.AllowMethods = []string{"PATCH"} })),
		Reason: "Browsers do not upper-case patch, and it is not PATCH: the policy does not list it.",
		Steps:  []Step{reads(fetch("PATCH", OriginA, "/any")), refuses(fetch("patch", OriginA, "/any"))},
	}), of("P14", Case{
		Setup:  two(),
		Reason: "OPTIONS is not safelisted: scripts need permission for it.",
		Steps:  []Step{refuses(fetch("OPTIONS", OriginA, "/any"))},
	}))
}

func configuredMethods() []Case {
	methods := func(list ...string) Setup {
		return setup(with(policyTwo(), func(p *core.Policy) { p.AllowMethods = list }))
	}
	var forbidden []Case
	for _, method := range []string{"CONNECT", "TRACE", "TRACK", "connect", "Trace", "tRaCk"} {
		forbidden = append(forbidden, refused(method,
			"No browser sends this method, so the policy cannot mean what it says.", methods("PUT", method)))
	}
	return slices.Concat(of("P10",
		Case{
			ID: "put", Choice: true, Setup: methods("put", "delete"), Refusal: MayRefuse,
			Reason: "In a policy put means PUT, as it does in a script.",
			Steps:  []Step{reads(fetch("PUT", OriginA, "/any")), reads(fetch("DELETE", OriginA, "/any"))},
		},
		refused("patch", "In a policy patch would never match the PATCH of a script.", methods("PUT", "patch")),
	), of("P11", forbidden...))
}

func invalidMethods() []Case {
	var cases []Case
	for name, lines := range map[string][]string{
		"list":      {acrm, "PUT, DELETE"},
		"space":     {acrm, "PUT injected"},
		"separator": {acrm, "PUT;injected"},
		"quote":     {acrm, `"injected"`},
		"empty":     {acrm, ""},
		"two-lines": {acrm, "PUT", acrm, "INJECTED"},
		"non-ascii": {acrm, "INJECTED\xe9"},
	} {
		request := send("OPTIONS", "/any", append([]string{"Origin", OriginA}, lines...)...)
		cases = append(cases, Case{
			ID: name, Choice: true, Setup: setup(everything(true)),
			Reason: "A value that is not a single method must not be echoed.",
			Steps: []Step{{Send: request, Fetch: withCredentials(fetch("INJECTED", OriginA, "/any")), Verdict: Refused,
				Answer: &Answer{Runs: RunsNever, NoWildcard: true, Unreflected: []string{"injected", "PUT, DELETE"}}}},
		}, Case{
			ID: "unread-" + name, Source: srcCore, Choice: true, Setup: two(),
			Reason: "An answer that does not depend on the requested method contains no part of it.",
			Steps:  []Step{{Send: request, Answer: &Answer{Runs: RunsNever, Unreflected: []string{"injected"}}}},
		})
	}
	return of("P12", cases...)
}

func allMethods() []Case {
	without := func() *Answer { return &Answer{NoWildcard: true} }
	return of("P13",
		Case{
			ID: "star", Source: srcPreflight, Setup: setup(everything(false)),
			Reason: "Without credentials, a policy can allow all methods.",
			Steps: []Step{reads(fetch("PUT", OriginA, "/any")), reads(fetch("CHICKEN", OriginA, "/any")),
				refuses(fetch("PUT", OriginEvil, "/any"))},
		},
		Case{
			ID: "star-bytes", Source: srcCore, Choice: true, Setup: setup(everything(false)),
			Reason: "Without credentials the answer for all methods is *, the same for every request.",
			Steps: []Step{{Send: preflight(OriginA, "CHICKEN", "/any"),
				Answer: &Answer{Exact: header(acam, "*"), Unreflected: []string{"CHICKEN"}}}},
		},
		Case{
			ID: "credentials", Setup: setup(everything(true)),
			Reason: "With credentials * is an ordinary method name, so the answer must name the requested method.",
			Steps: []Step{
				{Fetch: withCredentials(fetch("PUT", OriginA, "/any")), Verdict: Allowed, Preflight: without()},
				{Fetch: withCredentials(fetch("CHICKEN", OriginA, "/any")), Verdict: Allowed, Preflight: without()},
				refuses(withCredentials(fetch("PUT", OriginEvil, "/any"))),
			},
		},
	)
}
