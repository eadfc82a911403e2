package conformance

import (
	"slices"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// actualRequests returns the cases of requests that carry an Origin and are
// not preflights.
func actualRequests() []Case {
	return slices.Concat(
		allowedOrigins(), disallowedOrigins(), everyOrigin(), credentialsHeader(), exposedHeaders(), preflightOnlyHeaders(),
		errorResponses(), notModified(), redirects(), anyMethod(), extensionMethods(), originForm(), rejections(),
	)
}

func allowedOrigins() []Case {
	return of("A1",
		Case{
			ID: "two", Setup: two(),
			Reason: "Browsers compare Access-Control-Allow-Origin with the origin byte for byte; two lines match nothing.",
			Steps: []Step{
				{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Answer: &Answer{Runs: RunsOnce, Exact: header(acao, OriginA)}},
				{Fetch: fetch("GET", OriginB, "/any"), Verdict: Allowed, Answer: &Answer{Runs: RunsOnce, Exact: header(acao, OriginB)}},
				{Fetch: fetch("POST", OriginA, "/any"), Verdict: Allowed, Answer: &Answer{Runs: RunsOnce, Exact: header(acao, OriginA)}},
			},
		},
		Case{
			ID: "one", Setup: setup(policyOne()),
			Reason: "A policy with a single origin allows that origin and no other.",
			Steps: []Step{
				{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Answer: &Answer{Exact: header(acao, OriginA)}},
				refuses(fetch("GET", OriginB, "/any")),
			},
		},
		Case{
			ID: "subdomain", Setup: setup(policySub()),
			Reason: "If a pattern matches, the answer contains the origin, not the pattern.",
			Steps: []Step{{Fetch: withCredentials(fetch("GET", "https://x.a.example", "/any")), Verdict: Allowed,
				Answer: &Answer{Exact: header(acao, "https://x.a.example", acac, "true")}}},
		},
	)
}

func disallowedOrigins() []Case {
	rejected := func() *Answer {
		return &Answer{Status: []int{403}, Runs: RunsNever, NoCORS: true, Vary: []string{"Origin"}}
	}
	return of("A2",
		Case{
			ID: "refused", Source: srcCheck, Setup: two(),
			Reason: "Scripts of an origin that is not allowed cannot read the response, and caches learn that it depends on the origin.",
			Steps: []Step{{Fetch: fetch("GET", OriginEvil, "/any"), Verdict: Refused,
				Answer: &Answer{Vary: []string{"Origin"}, Absent: []string{acao, acac}}}},
		},
		Case{
			ID: "passes", Choice: true, Setup: two(),
			Reason: "Browsers enforce CORS, not servers: the request passes, without any Access-Control-* header.",
			Steps: []Step{{Send: send("GET", "/any", "Origin", OriginEvil),
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce, NoCORS: true, Vary: []string{"Origin"}}}},
		},
		Case{
			ID: "reject", Choice: true, Setup: rejecting(),
			Reason: "With RejectDisallowed, the middleware answers the request and the handler does not run.",
			Steps: []Step{
				{Send: send("GET", "/any", "Origin", OriginEvil), Answer: rejected()},
				{Send: send("POST", "/any", "Origin", OriginEvil, "Sec-Fetch-Site", "cross-site"), Answer: rejected()},
				{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Answer: &Answer{Runs: RunsOnce}},
				{Send: send("GET", "/any"), Answer: &Answer{Status: []int{200}, Runs: RunsOnce}},
			},
		},
	)
}

func rejecting() Setup {
	return setup(with(policyTwo(), func(p *core.Policy) { p.RejectDisallowed = true }))
}

func everyOrigin() []Case {
	return of("A3",
		Case{
			ID: "star", Choice: true, Setup: setup(policyAny()),
			Reason: "* never covers credentials; the reflected origin can.",
			Steps: []Step{{Fetch: fetch("GET", OriginEvil, "/any"), Verdict: Allowed,
				Answer: &Answer{Runs: RunsOnce, Exact: header(acao, "*"), NotVary: []string{"Origin"}}}},
		},
		Case{
			ID: "credentials", Setup: setup(policyAny()),
			Reason: "Allowing every origin must not mean allowing every origin with the user's cookies.",
			Steps: []Step{{Fetch: withCredentials(fetch("GET", OriginEvil, "/any")), Verdict: Refused,
				Answer: &Answer{Absent: []string{acac}}}},
		},
	)
}

func credentialsHeader() []Case {
	return of("A4",
		Case{
			ID: "true", Setup: setup(policyCred()),
			Reason: "The only value of Access-Control-Allow-Credentials is true, in lower case.",
			Steps: []Step{{Fetch: withCredentials(fetch("GET", OriginA, "/any")), Verdict: Allowed,
				Answer: &Answer{Exact: header(acac, "true")}}},
		},
		Case{
			ID: "absent", Setup: two(),
			Reason: "Without credentials the header is absent; false is not one of its values.",
			Steps: []Step{
				{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Answer: &Answer{Absent: []string{acac}}},
				{Fetch: withCredentials(fetch("GET", OriginA, "/any")), Verdict: Refused, Code: browsermodel.CodeAllowCredentials},
			},
		},
	)
}

func exposedHeaders() []Case {
	return of("A5",
		Case{
			ID: "readable", Setup: two(),
			Reason: "Scripts can read the exposed headers and no others.",
			Steps: []Step{{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed,
				Readable: []string{"X-E"}, Hidden: []string{"X-Hidden"}}},
		},
		Case{
			ID:     "all",
			Setup:  setup(with(policyTwo(), func(p *core.Policy) { p.ExposeHeaders = []string{"*"} })),
			Reason: "Without credentials, * exposes every header.",
			Steps:  []Step{{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Readable: []string{"X-E", "X-Hidden"}}},
		},
		Case{
			ID: "preflight", Source: srcResponses, Choice: true, Setup: two(),
			Reason: "Access-Control-Expose-Headers has no meaning on a preflight.",
			Steps: []Step{{Fetch: fetch("PUT", OriginA, "/any"), Verdict: Allowed,
				Preflight: &Answer{Absent: []string{aceh}}}},
		},
	)
}

func preflightOnlyHeaders() []Case {
	none := func() *Answer { return &Answer{Absent: []string{acam, acah, acma}} }
	return of("A6", Case{
		Choice: true, Setup: two(),
		Reason: "These headers have no meaning on responses other than preflights.",
		Steps: []Step{
			{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Answer: none()},
			{Fetch: fetch("PUT", OriginA, "/any", "x-a", "1"), Verdict: Allowed, Answer: none()},
		},
	})
}

func errorResponses() []Case {
	const hidden = "Without the headers, scripts see a CORS failure instead of the actual error."
	fails := func(id, reason, path string, status int) Case {
		return Case{ID: id, Setup: two(), Reason: reason, Steps: []Step{{
			Send: send("GET", path, "Origin", OriginA), Fetch: fetch("GET", OriginA, path), Verdict: Allowed,
			Answer: &Answer{Status: []int{status}, Exact: header(acao, OriginA), Vary: []string{"Origin"}},
		}}}
	}
	return of("A7",
		fails("handler-404", hidden, "/gone", 404),
		fails("handler-500", hidden, "/broken", 500),
		fails("returned-error", "If a handler returns an error, the framework's response to it keeps the headers.", "/error", 503),
		fails("framework-404", "The framework's own 404 is a response like any other.", "/no-such-path", 404),
		Case{
			ID: "framework-405", Setup: two(),
			Reason: "The framework's own 405 (404 in frameworks without one) is a response like any other.",
			Steps: []Step{{Send: send("DELETE", "/get", "Origin", OriginA), Fetch: fetch("GET", OriginA, "/get"), Verdict: Allowed,
				Answer: &Answer{Status: []int{405, 404}, Runs: RunsNever, Exact: header(acao, OriginA), Vary: []string{"Origin"}}}},
		},
	)
}

func notModified() []Case {
	revalidate := func(origin string) *browsermodel.Request {
		return send("GET", "/etag", "Origin", origin, "If-None-Match", `"1"`)
	}
	return of("A8",
		Case{
			ID: "same", Source: "WPT cors/304.htm; RFC 9111, section 4.3.4", Setup: two(),
			Reason: "A 304 refreshes the headers of the stored response, so it must allow what the 200 allowed.",
			Steps: []Step{
				{Send: send("GET", "/etag", "Origin", OriginA), Fetch: fetch("GET", OriginA, "/etag"), Verdict: Allowed,
					Readable: []string{"X-E"},
					Answer:   &Answer{Status: []int{200}, Exact: header(acao, OriginA), Vary: []string{"Origin"}}},
				{Send: revalidate(OriginA), Fetch: fetch("GET", OriginA, "/etag"), Verdict: Allowed,
					Readable: []string{"X-E"},
					Answer:   &Answer{Status: []int{304}, Runs: RunsOnce, Exact: header(acao, OriginA), Vary: []string{"Origin"}}},
				{Send: revalidate(OriginB), Fetch: fetch("GET", OriginB, "/etag"), Verdict: Allowed,
					Answer: &Answer{Status: []int{304}, Exact: header(acao, OriginB), Vary: []string{"Origin"}}},
			},
		},
		Case{
			ID: "any", Setup: setup(policyAny()),
			Reason: "If the 200 allows every origin, so does the 304.",
			Steps: []Step{{Send: revalidate(OriginA), Fetch: fetch("GET", OriginA, "/etag"), Verdict: Allowed,
				Answer: &Answer{Status: []int{304}, Runs: RunsOnce}}},
		},
	)
}

func redirects() []Case {
	return of("A9",
		Case{
			ID: "followed", Setup: two(),
			Reason: "Browsers check the redirect too, before they follow it.",
			Steps: []Step{
				{Send: send("GET", "/moved", "Origin", OriginA),
					Answer: &Answer{Status: []int{302}, Runs: RunsOnce, Exact: header(acao, OriginA), Vary: []string{"Origin"}}},
				reads(fetch("GET", OriginA, "/moved")),
				refuses(fetch("GET", OriginEvil, "/moved")),
			},
		},
		Case{
			ID: "limit", Source: "Fetch, HTTP-redirect fetch", Setup: two(),
			Reason: "A redirect loop must end at the browser's limit, not earlier because a header is missing.",
			Steps:  []Step{{Fetch: fetch("GET", OriginA, "/loop"), Verdict: Refused, Code: browsermodel.CodeRedirectLimit}},
		},
		Case{
			ID: "preflight", Source: "WPT cors/redirect-preflight*", Setup: two(),
			Reason: "If a request with a preflight is redirected, the browser sends another preflight, for the new URL.",
			Steps: []Step{{Fetch: fetch("PUT", OriginA, "/moved-put"), Verdict: Allowed, Preflights: count(2),
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce}}},
		},
	)
}

func anyMethod() []Case {
	headOf := func(origin ...string) *Answer {
		a := &Answer{Runs: RunsOnce, Vary: []string{"Origin"}, Empty: true, Absent: []string{acao}}
		if len(origin) > 0 {
			a.Exact, a.Absent = header(acao, origin[0]), nil
		}
		return a
	}
	return slices.Concat(of("A10", Case{
		Setup:  two(),
		Reason: "A server cannot know whether a preflight was cached: it must answer a PUT without one in the same way.",
		Steps: []Step{{Send: send("PUT", "/any", "Origin", OriginA),
			Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Exact: header(acao, OriginA)}}},
	}), of("A11", Case{
		Setup:  two(),
		Reason: "GET, HEAD and POST need no permission, whether they are listed or not.",
		Steps: []Step{
			{Fetch: fetch("POST", OriginA, "/post"), Verdict: Allowed, Preflights: count(0),
				Answer: &Answer{Runs: RunsOnce, Exact: header(acao, OriginA)}},
			{Fetch: fetch("HEAD", OriginA, "/any"), Verdict: Allowed, Preflights: count(0)},
		},
	}), of("A12", Case{
		ID: "mux", Setup: two(),
		Reason: "The response to HEAD has the headers that the response to GET would have.",
		Steps: []Step{
			{Send: send("GET", "/any", "Origin", OriginA), Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed,
				Readable: []string{"X-E"}, Answer: &Answer{Exact: header(acao, OriginA), Vary: []string{"Origin"}}},
			{Send: send("HEAD", "/any", "Origin", OriginA), Fetch: fetch("HEAD", OriginA, "/any"), Verdict: Allowed,
				Readable: []string{"X-E"}, Answer: headOf(OriginA)},
			{Send: send("HEAD", "/any", "Origin", OriginEvil), Answer: headOf()},
			{Send: send("HEAD", "/any"), Answer: headOf()},
		},
	}), of("A13", Case{
		Setup:  two(),
		Reason: "OPTIONS without Access-Control-Request-Method is a request like any other: the handler answers it.",
		Steps: []Step{
			{Send: send("OPTIONS", "/echo", "Origin", OriginA), Answer: &Answer{Status: []int{200}, Runs: RunsOnce,
				Echoed: true, Exact: header(acao, OriginA), Vary: []string{"Origin"}}},
			{Send: send("OPTIONS", "/echo", "Origin", OriginEvil), Answer: &Answer{Status: []int{200}, Runs: RunsOnce,
				Absent: []string{acao}, Vary: []string{"Origin"}}},
		},
	}))
}

func extensionMethods() []Case {
	var cases []Case
	for _, method := range ExtensionMethods() {
		cases = append(cases, Case{
			ID: method, Setup: two(),
			Reason: "Methods are case-sensitive, and anyone may define new ones: the handler sees the method as sent.",
			Steps: []Step{{Send: send(method, "/echo", "Origin", OriginA),
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Echoed: true}}},
		})
	}
	return of("A14", cases...)
}

func originForm() []Case {
	inForm := func(requests ...*browsermodel.Request) []Step {
		var steps []Step
		for _, r := range requests {
			steps = append(steps, Step{Send: r, Answer: &Answer{OriginForm: true}})
		}
		return steps
	}
	return of("A15",
		Case{
			ID: "browsers", Setup: two(),
			Reason: "Access-Control-Allow-Origin contains one serialized origin: no list, path or default port.",
			Steps: inForm(
				send("GET", "/any", "Origin", OriginA),
				send("GET", "/any", "Origin", OriginB),
				send("GET", "/any", "Origin", OriginEvil),
				send("GET", "/any"),
				preflight(OriginA, "PUT", "/any"),
			),
		},
		Case{
			ID: "others", Choice: true, Setup: two(),
			Reason: "Access-Control-Allow-Origin contains one serialized origin, for any value of Origin.",
			Steps: inForm(
				send("GET", "/any", "Origin", OriginA+","+OriginB),
				send("GET", "/any", "Origin", OriginA+" "+OriginB),
				send("GET", "/any", "Origin", OriginA+"/"),
				send("GET", "/any", "Origin", OriginA+":443"),
				send("GET", "/any", "Origin", OriginA, "Origin", OriginB),
			),
		},
	)
}

func rejections() []Case {
	const metadata = "Fetch Metadata Request Headers, Sec-Fetch-Site"
	return of("A16",
		Case{
			ID: "host", Setup: rejecting(),
			Reason: "Policies need not list the Origin of a same-origin POST, whose host is the host of the request.",
			Steps: []Step{{Fetch: fetch("POST", PlaceholderSelf, "/post"), Verdict: Allowed,
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce}}},
		},
		Case{
			ID: "other-host", Choice: true, Setup: rejecting(),
			Reason: "The same server under another name is another origin.",
			Steps: []Step{{Fetch: fetch("POST", PlaceholderAlias, "/post"), Verdict: Refused,
				Answer: &Answer{Status: []int{403}, Runs: RunsNever}}},
		},
		Case{
			ID: "sec-fetch-site", Source: metadata, Setup: rejecting(),
			Reason: "Behind a proxy that changes Host, Sec-Fetch-Site still says that the request is same-origin.",
			Steps: []Step{{Send: send("POST", "/post", "Origin", "https://public.example", "Sec-Fetch-Site", "same-origin"),
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Absent: []string{acao}}}},
		},
		Case{
			ID: "cross-site", Source: metadata, Choice: true, Setup: rejecting(),
			Reason: "Sec-Fetch-Site takes precedence over a match of Origin and Host.",
			Steps: []Step{{Send: send("POST", "/post", "Origin", PlaceholderSelf, "Sec-Fetch-Site", "cross-site"),
				Answer: &Answer{Status: []int{403}, Runs: RunsNever, NoCORS: true}}},
		},
	)
}
