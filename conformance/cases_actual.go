package conformance

import (
	"github.com/corskit/corskit/core"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// casesN are requests that are not CORS requests.
func casesN() []Case {
	plain := &Answer{Status: []int{200}, Runs: RunsOnce, Absent: []string{acao, acac}, Vary: []string{"Origin"}}
	cases := []Case{
		{
			ID: "N1/get", Source: srcCaches, Setup: two(),
			Reason: "A response to a request without Origin may be stored and given to one with it, so that it has to vary too.",
			Steps:  []Step{{Send: send("GET", "/any"), Answer: plain}},
		}, {
			ID: "N1/image", Source: srcCaches, Setup: two(),
			Reason: "An <img> sends no Origin, and gets what any other client gets.",
			Steps:  []Step{{Fetch: &browsermodel.Fetch{Origin: OriginEvil, URL: "/any", Mode: browsermodel.ModeNoCORS}, Verdict: Opaque, Answer: plain}},
		}, {
			ID: "N2/star", Source: srcCaches + "; whatwg/fetch#1601", Choice: true, Setup: setup(policyAny()),
			Reason: "What is the same for all origins is the same without one, and one stored response serves everybody.",
			Steps: []Step{{Send: send("GET", "/any"), Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed,
				Answer: &Answer{Runs: RunsOnce, Exact: browsermodel.Header(acao, "*"), NotVary: []string{"Origin"}}}},
		}, {
			ID: "N2/expose", Source: srcCaches, Choice: true,
			Setup:  setup(with(policyAny(), func(p *core.Policy) { p.ExposeHeaders = []string{"x-e"} })),
			Reason: "A stored response to a request without Origin has to expose to scripts what every other does.",
			Steps: []Step{{Send: send("GET", "/any"), Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed,
				Readable: []string{"X-E"}, Hidden: []string{"X-Hidden"}, Answer: &Answer{NotVary: []string{"Origin"}}}},
		}, {
			ID: "N3", Source: srcRequests, Setup: two(),
			Reason: "OPTIONS without Origin is not a preflight, whatever else it has: the handler answers it.",
			Steps: []Step{{Send: send("OPTIONS", "/echo", acrm, "PUT"),
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Echoed: true, Absent: []string{acao, acam}}}},
		}, {
			ID: "N4/get", Source: srcRequests, Setup: two(),
			Reason: "Only OPTIONS can be a preflight.",
			Steps: []Step{{Send: send("GET", "/echo", "Origin", OriginA, acrm, "PUT"),
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Echoed: true, Exact: browsermodel.Header(acao, OriginA)}}},
		}, {
			ID: "N4/lower-case", Source: "RFC 9110, section 9.1", Setup: two(),
			Reason: "Methods are case-sensitive: options is not OPTIONS, and the handler sees it as it was sent.",
			Steps: []Step{{Send: send("patch", "/echo", "Origin", OriginA, acrm, "PUT"),
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Echoed: true}}},
		}, {
			ID: "N5", Source: srcOriginHeader, Setup: two(),
			Reason: "Browsers send Origin with same-origin POSTs as well: it need not be listed.",
			Steps: []Step{{Fetch: fetch("POST", PlaceholderSelf, "/post"), Verdict: Allowed,
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Vary: []string{"Origin"}}}},
		}, {
			ID: "N6", Source: srcCaches, Setup: two(),
			Reason: "An empty Origin is no origin that could be allowed, and no reason to fail.",
			Steps:  []Step{{Send: send("GET", "/any", "Origin", ""), Answer: plain}},
		},
	}
	for name, request := range map[string]*browsermodel.Request{
		"get":        send("GET", "/echo?q=1&q=2", "Origin", OriginA, "X-A", "1", "x-a", "2", "Accept", "text/*", "Cookie", "c=1"),
		"disallowed": send("GET", "/echo", "Origin", OriginEvil, "Authorization", "Basic eDp5", "X-Forwarded-For", "192.0.2.1"),
		"post":       {Method: "POST", URL: "/echo", Header: browsermodel.Header("Origin", OriginB, "Content-Type", "text/plain"), Body: "body"},
		"options":    send("OPTIONS", "/echo", "Origin", OriginA, acrh, "x-a,x-b"),
		"no-origin":  send("PUT", "/echo", acrm, "PUT", acrh, "x-a"),
		"two-lines":  send("GET", "/echo", "Origin", OriginA, "Origin", OriginEvil),
	} {
		cases = append(cases, Case{
			ID: "N7/" + name, Source: srcDesign, Setup: two(),
			Reason: "A middleware that changes the request breaks handlers behind it, and rules that look at Origin (CVE-2023-35943).",
			Steps:  []Step{{Send: request, Answer: &Answer{Runs: RunsOnce, Echoed: true}}},
		})
	}
	return cases
}

// casesA are actual requests.
func casesA() []Case {
	reject := setup(with(policyTwo(), func(p *core.Policy) { p.RejectDisallowed = true }))
	allowed := func(method, path string, status int) Step {
		return Step{Send: send(method, path, "Origin", OriginA), Fetch: fetch("GET", OriginA, path), Verdict: Allowed,
			Answer: &Answer{Status: []int{status}, Exact: browsermodel.Header(acao, OriginA), Vary: []string{"Origin"}}}
	}
	cases := []Case{
		{
			ID: "A1/two", Source: srcCheck, Setup: two(),
			Reason: "The browser compares Access-Control-Allow-Origin byte for byte with the origin; two lines match nothing.",
			Steps: []Step{
				{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Answer: &Answer{Runs: RunsOnce, Exact: browsermodel.Header(acao, OriginA)}},
				{Fetch: fetch("GET", OriginB, "/any"), Verdict: Allowed, Answer: &Answer{Runs: RunsOnce, Exact: browsermodel.Header(acao, OriginB)}},
				{Fetch: fetch("POST", OriginA, "/any"), Verdict: Allowed, Answer: &Answer{Runs: RunsOnce, Exact: browsermodel.Header(acao, OriginA)}},
			},
		}, {
			ID: "A1/one", Source: srcCheck, Setup: setup(policyOne()),
			Reason: "A policy of a single origin allows it and no other.",
			Steps: []Step{
				{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Answer: &Answer{Exact: browsermodel.Header(acao, OriginA)}},
				refuses(fetch("GET", OriginB, "/any")),
			},
		}, {
			ID: "A1/subdomain", Source: srcCheck, Setup: setup(policySub()),
			Reason: "A pattern is answered with the origin that matched, not with the pattern.",
			Steps: []Step{{Fetch: withCredentials(fetch("GET", "https://x.a.example", "/any")), Verdict: Allowed,
				Answer: &Answer{Exact: browsermodel.Header(acao, "https://x.a.example", acac, "true")}}},
		}, {
			ID: "A2/refused", Source: srcCheck, Setup: two(),
			Reason: "A script of an origin that is not allowed cannot read the response, and caches learn that it depends on the origin.",
			Steps:  []Step{{Fetch: fetch("GET", OriginEvil, "/any"), Verdict: Refused, Answer: &Answer{Vary: []string{"Origin"}, Absent: []string{acao, acac}}}},
		}, {
			ID: "A2/passes", Source: srcDesign, Choice: true, Setup: two(),
			Reason: "The browser enforces CORS, not the server: the request passes, without any Access-Control-* header.",
			Steps: []Step{{Send: send("GET", "/any", "Origin", OriginEvil),
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce, NoCORS: true, Vary: []string{"Origin"}}}},
		}, {
			ID: "A2/reject", Source: srcDesign, Choice: true, Setup: reject,
			Reason: "With RejectDisallowed the request ends at the middleware.",
			Steps: []Step{
				{Send: send("GET", "/any", "Origin", OriginEvil), Answer: &Answer{Status: []int{403}, Runs: RunsNever, NoCORS: true, Vary: []string{"Origin"}}},
				{Send: send("POST", "/any", "Origin", OriginEvil, "Sec-Fetch-Site", "cross-site"), Answer: &Answer{Status: []int{403}, Runs: RunsNever, NoCORS: true, Vary: []string{"Origin"}}},
				{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Answer: &Answer{Runs: RunsOnce}},
				{Send: send("GET", "/any"), Answer: &Answer{Status: []int{200}, Runs: RunsOnce}},
			},
		}, {
			ID: "A3/star", Source: "CVE-2018-20744, CVE-2017-20146", Choice: true, Setup: setup(policyAny()),
			Reason: "A policy of every origin answers *, which never covers credentials, and not the origin, which can.",
			Steps: []Step{{Fetch: fetch("GET", OriginEvil, "/any"), Verdict: Allowed,
				Answer: &Answer{Runs: RunsOnce, Exact: browsermodel.Header(acao, "*"), NotVary: []string{"Origin"}}}},
		}, {
			ID: "A3/credentials", Source: "CVE-2018-20744, CVE-2017-20146", Setup: setup(policyAny()),
			Reason: "Every origin must not mean every origin with the user's cookies.",
			Steps:  []Step{{Fetch: withCredentials(fetch("GET", OriginEvil, "/any")), Verdict: Refused, Answer: &Answer{Absent: []string{acac}}}},
		}, {
			ID: "A4/true", Source: "Fetch, HTTP new-header syntax", Setup: setup(policyCred()),
			Reason: "The only value of Access-Control-Allow-Credentials is true, in lower case.",
			Steps:  []Step{{Fetch: withCredentials(fetch("GET", OriginA, "/any")), Verdict: Allowed, Answer: &Answer{Exact: browsermodel.Header(acac, "true")}}},
		}, {
			ID: "A4/absent", Source: "Fetch, HTTP new-header syntax", Setup: two(),
			Reason: "Without credentials the header is left out; false is not a value it has.",
			Steps: []Step{
				{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Answer: &Answer{Absent: []string{acac}}},
				{Fetch: withCredentials(fetch("GET", OriginA, "/any")), Verdict: Refused, Code: browsermodel.CodeAllowCredentials},
			},
		}, {
			ID: "A5/readable", Source: "Fetch, CORS-exposed header-name list", Setup: two(),
			Reason: "A script reads the exposed headers, and no others.",
			Steps:  []Step{{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Readable: []string{"X-E"}, Hidden: []string{"X-Hidden"}}},
		}, {
			ID: "A5/all", Source: "Fetch, CORS-exposed header-name list",
			Setup:  setup(with(policyTwo(), func(p *core.Policy) { p.ExposeHeaders = []string{"*"} })),
			Reason: "Without credentials * exposes every header.",
			Steps:  []Step{{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Readable: []string{"X-E", "X-Hidden"}}},
		}, {
			ID: "A5/preflight", Source: srcResponses, Choice: true, Setup: two(),
			Reason: "Access-Control-Expose-Headers means nothing on a preflight.",
			Steps:  []Step{{Fetch: fetch("PUT", OriginA, "/any"), Verdict: Allowed, Preflight: &Answer{Absent: []string{aceh}}}},
		}, {
			ID: "A6", Source: srcResponses, Choice: true, Setup: two(),
			Reason: "The headers of preflights mean nothing on other responses.",
			Steps: []Step{
				{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Answer: &Answer{Absent: []string{acam, acah, acma}}},
				{Fetch: fetch("PUT", OriginA, "/any", "x-a", "1"), Verdict: Allowed, Answer: &Answer{Absent: []string{acam, acah, acma}}},
			},
		}, {
			ID: "A7/handler-404", Source: srcCheck, Setup: two(),
			Reason: "Without the headers a script sees a CORS failure in the place of the real error.",
			Steps:  []Step{allowed("GET", "/gone", 404)},
		}, {
			ID: "A7/handler-500", Source: srcCheck, Setup: two(),
			Reason: "Without the headers a script sees a CORS failure in the place of the real error.",
			Steps:  []Step{allowed("GET", "/broken", 500)},
		}, {
			ID: "A7/returned-error", Source: srcCheck, Setup: two(),
			Reason: "A framework that answers an error which a handler returned keeps the headers.",
			Steps:  []Step{allowed("GET", "/error", 503)},
		}, {
			ID: "A7/framework-404", Source: srcCheck, Setup: two(),
			Reason: "The framework's own 404 is a response like any other.",
			Steps:  []Step{allowed("GET", "/no-such-path", 404)},
		}, {
			ID: "A7/framework-405", Source: srcCheck, Setup: two(),
			Reason: "The framework's own 405 (or 404, where it has none) is a response like any other.",
			Steps: []Step{{Send: send("DELETE", "/get", "Origin", OriginA), Fetch: fetch("GET", OriginA, "/get"), Verdict: Allowed,
				Answer: &Answer{Status: []int{405, 404}, Runs: RunsNever, Exact: browsermodel.Header(acao, OriginA), Vary: []string{"Origin"}}}},
		}, {
			ID: "A8/same", Source: "WPT cors/304.htm; RFC 9111, section 4.3.4", Setup: two(),
			Reason: "A 304 refreshes the headers of the stored response: what the 200 allowed, it allows.",
			Steps: []Step{
				{Send: send("GET", "/etag", "Origin", OriginA), Fetch: fetch("GET", OriginA, "/etag"), Verdict: Allowed, Readable: []string{"X-E"},
					Answer: &Answer{Status: []int{200}, Exact: browsermodel.Header(acao, OriginA), Vary: []string{"Origin"}}},
				{Send: send("GET", "/etag", "Origin", OriginA, "If-None-Match", `"1"`), Fetch: fetch("GET", OriginA, "/etag"), Verdict: Allowed, Readable: []string{"X-E"},
					Answer: &Answer{Status: []int{304}, Runs: RunsOnce, Exact: browsermodel.Header(acao, OriginA), Vary: []string{"Origin"}}},
				{Send: send("GET", "/etag", "Origin", OriginB, "If-None-Match", `"1"`), Fetch: fetch("GET", OriginB, "/etag"), Verdict: Allowed,
					Answer: &Answer{Status: []int{304}, Exact: browsermodel.Header(acao, OriginB), Vary: []string{"Origin"}}},
			},
		}, {
			ID: "A8/any", Source: "WPT cors/304.htm", Setup: setup(policyAny()),
			Reason: "A 304 allows every origin where the 200 does.",
			Steps: []Step{{Send: send("GET", "/etag", "Origin", OriginA, "If-None-Match", `"1"`), Fetch: fetch("GET", OriginA, "/etag"), Verdict: Allowed,
				Answer: &Answer{Status: []int{304}, Runs: RunsOnce}}},
		}, {
			ID: "A9/followed", Source: "WPT cors/redirect-*", Setup: two(),
			Reason: "The check runs on the redirect too, before it is followed.",
			Steps: []Step{
				{Send: send("GET", "/moved", "Origin", OriginA), Answer: &Answer{Status: []int{302}, Runs: RunsOnce, Exact: browsermodel.Header(acao, OriginA), Vary: []string{"Origin"}}},
				reads(fetch("GET", OriginA, "/moved")),
				refuses(fetch("GET", OriginEvil, "/moved")),
			},
		}, {
			ID: "A9/limit", Source: "Fetch, HTTP-redirect fetch", Setup: two(),
			Reason: "A redirect that leads to itself ends at the browser's limit, and not earlier for want of a header.",
			Steps:  []Step{{Fetch: fetch("GET", OriginA, "/loop"), Verdict: Refused, Code: browsermodel.CodeRedirectLimit}},
		}, {
			ID: "A9/preflight", Source: "WPT cors/redirect-preflight*", Setup: two(),
			Reason: "A redirect of a request with a preflight has one more, for the new URL.",
			Steps:  []Step{{Fetch: fetch("PUT", OriginA, "/moved-put"), Verdict: Allowed, Preflights: count(2), Answer: &Answer{Status: []int{200}, Runs: RunsOnce}}},
		}, {
			ID: "A10", Source: srcPreflight, Setup: two(),
			Reason: "A server cannot know that a preflight was cached: it answers a PUT without one alike.",
			Steps:  []Step{{Send: send("PUT", "/any", "Origin", OriginA), Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Exact: browsermodel.Header(acao, OriginA)}}},
		}, {
			ID: "A11", Source: "Fetch, CORS-safelisted method", Setup: two(),
			Reason: "GET, HEAD and POST need no permission, listed or not.",
			Steps: []Step{
				{Fetch: fetch("POST", OriginA, "/post"), Verdict: Allowed, Preflights: count(0), Answer: &Answer{Runs: RunsOnce, Exact: browsermodel.Header(acao, OriginA)}},
				{Fetch: fetch("HEAD", OriginA, "/any"), Verdict: Allowed, Preflights: count(0)},
			},
		}, {
			ID: "A12/mux", Source: "RFC 9110, section 9.3.2", Setup: two(),
			Reason: "A response to HEAD has the headers that GET would have.",
			Steps: []Step{
				{Send: send("GET", "/any", "Origin", OriginA), Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Readable: []string{"X-E"}, Answer: &Answer{Exact: browsermodel.Header(acao, OriginA), Vary: []string{"Origin"}}},
				{Send: send("HEAD", "/any", "Origin", OriginA), Fetch: fetch("HEAD", OriginA, "/any"), Verdict: Allowed, Readable: []string{"X-E"}, Answer: &Answer{Runs: RunsOnce, Exact: browsermodel.Header(acao, OriginA), Vary: []string{"Origin"}, Empty: true}},
				{Send: send("HEAD", "/any", "Origin", OriginEvil), Answer: &Answer{Runs: RunsOnce, Absent: []string{acao}, Vary: []string{"Origin"}, Empty: true}},
				{Send: send("HEAD", "/any"), Answer: &Answer{Runs: RunsOnce, Absent: []string{acao}, Vary: []string{"Origin"}, Empty: true}},
			},
		}, {
			ID: "A13", Source: srcRequests, Setup: two(),
			Reason: "OPTIONS without Access-Control-Request-Method is a request like any other: the handler answers it.",
			Steps: []Step{
				{Send: send("OPTIONS", "/echo", "Origin", OriginA), Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Echoed: true, Exact: browsermodel.Header(acao, OriginA), Vary: []string{"Origin"}}},
				{Send: send("OPTIONS", "/echo", "Origin", OriginEvil), Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Absent: []string{acao}, Vary: []string{"Origin"}}},
			},
		}, {
			ID: "A15/browsers", Source: "Fetch, Origin header; RFC 6454, section 6.2", Setup: two(),
			Reason: "Access-Control-Allow-Origin holds one serialised origin: no list, path or default port.",
			Steps: []Step{
				{Send: send("GET", "/any", "Origin", OriginA), Answer: &Answer{OriginForm: true}},
				{Send: send("GET", "/any", "Origin", OriginB), Answer: &Answer{OriginForm: true}},
				{Send: send("GET", "/any", "Origin", OriginEvil), Answer: &Answer{OriginForm: true}},
				{Send: send("GET", "/any"), Answer: &Answer{OriginForm: true}},
				{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{OriginForm: true}},
			},
		}, {
			ID: "A15/others", Source: "Fetch, Origin header; RFC 6454, section 6.2", Choice: true, Setup: two(),
			Reason: "Access-Control-Allow-Origin holds one serialised origin, whatever stands in Origin.",
			Steps: []Step{
				{Send: send("GET", "/any", "Origin", OriginA+","+OriginB), Answer: &Answer{OriginForm: true}},
				{Send: send("GET", "/any", "Origin", OriginA+" "+OriginB), Answer: &Answer{OriginForm: true}},
				{Send: send("GET", "/any", "Origin", OriginA+"/"), Answer: &Answer{OriginForm: true}},
				{Send: send("GET", "/any", "Origin", OriginA+":443"), Answer: &Answer{OriginForm: true}},
				{Send: send("GET", "/any", "Origin", OriginA, "Origin", OriginB), Answer: &Answer{OriginForm: true}},
			},
		}, {
			ID: "A16/host", Source: srcOriginHeader, Setup: reject,
			Reason: "A same-origin POST has an Origin that nobody lists; its host is that of the request.",
			Steps:  []Step{{Fetch: fetch("POST", PlaceholderSelf, "/post"), Verdict: Allowed, Answer: &Answer{Status: []int{200}, Runs: RunsOnce}}},
		}, {
			ID: "A16/other-host", Source: srcOriginHeader, Choice: true, Setup: reject,
			Reason: "The same server by another name is another origin.",
			Steps:  []Step{{Fetch: fetch("POST", PlaceholderAlias, "/post"), Verdict: Refused, Answer: &Answer{Status: []int{403}, Runs: RunsNever}}},
		}, {
			ID: "A16/sec-fetch-site", Source: "Fetch Metadata Request Headers, Sec-Fetch-Site", Setup: reject,
			Reason: "Behind a proxy that changes Host the browser still says that the request is a same-origin one.",
			Steps: []Step{{Send: send("POST", "/post", "Origin", "https://public.example", "Sec-Fetch-Site", "same-origin"),
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Absent: []string{acao}}}},
		}, {
			ID: "A16/cross-site", Source: "Fetch Metadata Request Headers, Sec-Fetch-Site", Choice: true, Setup: reject,
			Reason: "The browser's word on the matter goes before a likeness of Origin and Host.",
			Steps: []Step{{Send: send("POST", "/post", "Origin", PlaceholderSelf, "Sec-Fetch-Site", "cross-site"),
				Answer: &Answer{Status: []int{403}, Runs: RunsNever, NoCORS: true}}},
		},
	}
	for _, method := range ExtensionMethods {
		cases = append(cases, Case{
			ID: "A14/" + method, Source: "RFC 9110, section 9.1", Setup: two(),
			Reason: "Methods are case-sensitive and an open set: the handler sees them as they were sent.",
			Steps: []Step{{Send: send(method, "/echo", "Origin", OriginA),
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Echoed: true}}},
		})
	}
	return cases
}
