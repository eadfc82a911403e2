package conformance

import (
	"slices"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// plainRequests returns the cases of requests that are not CORS requests.
func plainRequests() []Case {
	return slices.Concat(withoutOrigin(), notPreflights(), notCrossOrigin(), seenByHandlers())
}

// plainAnswer is the answer to a request that is not allowed but passes.
func plainAnswer() *Answer {
	return &Answer{Status: []int{200}, Runs: RunsOnce, Absent: []string{acao, acac}, Vary: []string{"Origin"}}
}

func withoutOrigin() []Case {
	exposing := setup(with(policyAny(), func(p *core.Policy) { p.ExposeHeaders = []string{"x-e"} }))
	image := &browsermodel.Fetch{Origin: OriginEvil, URL: "/any", Mode: browsermodel.ModeNoCORS}
	return slices.Concat(of("N1",
		Case{
			ID: "get", Setup: two(),
			Reason: "A cache may give the response to a request that has an Origin, so Vary must name Origin here too.",
			Steps:  []Step{{Send: send("GET", "/any"), Answer: plainAnswer()}},
		},
		Case{
			ID: "image", Setup: two(),
			Reason: "An <img> sends no Origin and gets what any other client gets.",
			Steps:  []Step{{Fetch: image, Verdict: Opaque, Answer: plainAnswer()}},
		},
	), of("N2",
		Case{
			ID: "star", Source: srcCaches + "; whatwg/fetch#1601", Choice: true, Setup: setup(policyAny()),
			Reason: "If every origin gets the same answer, one stored response serves everyone, with or without Origin.",
			Steps: []Step{{Send: send("GET", "/any"), Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed,
				Answer: &Answer{Runs: RunsOnce, Exact: header(acao, "*"), NotVary: []string{"Origin"}}}},
		},
		Case{
			ID: "expose", Choice: true, Setup: exposing,
			Reason: "A stored response to a request without Origin must expose the same headers to scripts.",
			Steps: []Step{{Send: send("GET", "/any"), Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed,
				Readable: []string{"X-E"}, Hidden: []string{"X-Hidden"}, Answer: &Answer{NotVary: []string{"Origin"}}}},
		},
	))
}

func notPreflights() []Case {
	return slices.Concat(of("N3", Case{
		Setup:  two(),
		Reason: "OPTIONS without Origin is not a preflight, even with all other headers of one: the handler answers it.",
		Steps: []Step{{Send: send("OPTIONS", "/echo", acrm, "PUT"),
			Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Echoed: true, Absent: []string{acao, acam}}}},
	}), of("N4",
		Case{
			ID: "get", Setup: two(),
			Reason: "Only OPTIONS can be a preflight.",
			Steps: []Step{{Send: send("GET", "/echo", "Origin", OriginA, acrm, "PUT"),
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Echoed: true, Exact: header(acao, OriginA)}}},
		},
		Case{
			ID: "lower-case", Source: srcMethods, Setup: two(),
			Reason: "A request whose method is in lower case is not a preflight either; the handler sees the method as sent.",
			Steps: []Step{{Send: send("patch", "/echo", "Origin", OriginA, acrm, "PUT"),
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Echoed: true}}},
		},
	))
}

func notCrossOrigin() []Case {
	return slices.Concat(of("N5", Case{
		Setup:  two(),
		Reason: "Browsers also send Origin with same-origin POSTs; the policy need not list it.",
		Steps: []Step{{Fetch: fetch("POST", PlaceholderSelf, "/post"), Verdict: Allowed,
			Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Vary: []string{"Origin"}}}},
	}), of("N6", Case{
		Setup:  two(),
		Reason: "No policy can allow an empty Origin, but the request must not fail because of it.",
		Steps:  []Step{{Send: send("GET", "/any", "Origin", ""), Answer: plainAnswer()}},
	}))
}

func seenByHandlers() []Case {
	var cases []Case
	for name, request := range map[string]*browsermodel.Request{
		"get": send("GET", "/echo?q=1&q=2",
			"Origin", OriginA, "X-A", "1", "x-a", "2", "Accept", "text/*", "Cookie", "c=1"),
		"disallowed": send("GET", "/echo",
			"Origin", OriginEvil, "Authorization", "Basic eDp5", "X-Forwarded-For", "192.0.2.1"),
		"post": {Method: "POST", URL: "/echo", Body: "body",
			Header: header("Origin", OriginB, "Content-Type", "text/plain")},
		"options":   send("OPTIONS", "/echo", "Origin", OriginA, acrh, "x-a,x-b"),
		"no-origin": send("PUT", "/echo", acrm, "PUT", acrh, "x-a"),
		"two-lines": send("GET", "/echo", "Origin", OriginA, "Origin", OriginEvil),
	} {
		cases = append(cases, Case{
			ID: name, Setup: two(),
			Reason: "A middleware that changes the request breaks handlers, and checks inside it that read Origin (CVE-2023-35943).",
			Steps:  []Step{{Send: request, Answer: &Answer{Runs: RunsOnce, Echoed: true}}},
		})
	}
	return of("N7", cases...)
}
