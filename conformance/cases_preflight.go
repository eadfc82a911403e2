package conformance

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/internal/text"
	"github.com/corskit/corskit/core"
)

// malformed are values of Origin that are no origin.
var malformed = []struct{ name, origin string }{
	{"null", "null"},
	{"empty", ""},
	{"no-scheme", "a.example"},
	{"no-host", "https://"},
	{"path", OriginA + "/x"},
	{"list", OriginA + ", " + OriginB},
	{"userinfo", "https://u@a.example"},
	{"scheme-only", "https:a.example"},
	{"star", "*"},
}

// casesP are preflights and their methods.
func casesP() []Case {
	success := &Answer{Status: []int{2}, Runs: RunsNever, Empty: true, Exact: browsermodel.Header(acao, OriginA)}
	patch := setup(with(policyTwo(), func(p *core.Policy) { p.AllowMethods = []string{"PATCH"} }))
	cases := []Case{
		{
			ID: "P1/allowed", Source: srcPreflight, Setup: two(),
			Reason: "A preflight is answered by the middleware, with a status of success and without a body.",
			Steps:  []Step{{Fetch: fetch("PUT", OriginA, "/any"), Verdict: Allowed, Preflights: count(1), Preflight: success, Answer: &Answer{Status: []int{200}, Runs: RunsOnce}}},
		}, {
			ID: "P1/204", Source: srcDesign, Choice: true, Setup: two(),
			Reason: "A success without a body is a 204.",
			Steps:  []Step{{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{Status: []int{204}, Runs: RunsNever}}},
		}, {
			ID: "P1/full-lists", Source: srcDesign, Choice: true, Setup: two(),
			Reason: "A preflight for one method and header lists all, so that browsers need no other for the same URL.",
			Steps: []Step{
				{Send: preflight(OriginA, "DELETE", "/any"), Fetch: fetch("PUT", OriginA, "/any", "x-a", "1", "x-b", "2"), Verdict: Allowed},
				{Send: preflight(OriginA, "PATCH", "/any", acrh, "x-z"), Fetch: fetch("PUT", OriginA, "/any", "x-a", "1"), Verdict: Allowed},
				{Fetch: fetch("PUT", OriginA, "/any", "x-a", "1"), Verdict: Allowed, Preflights: count(1)},
				{Fetch: fetch("DELETE", OriginA, "/any", "x-b", "1"), Verdict: Allowed, Preflights: count(0)},
			},
		}, {
			ID: "P3", Source: srcCredentials, Setup: setup(policyCred()),
			Reason: "A preflight for a request with credentials has to allow them, though it carries none.",
			Steps: []Step{{Fetch: withCredentials(fetch("PUT", OriginA, "/any")), Verdict: Allowed,
				Preflight: &Answer{Exact: browsermodel.Header(acao, OriginA, acac, "true")}}},
		}, {
			ID: "P4/not-reached", Source: srcCredentials, Setup: setup(policyCred()),
			Reason: "Preflights never carry credentials: authentication inside the middleware must not see them.",
			Steps: []Step{{Fetch: withCredentials(fetch("PUT", OriginA, "/private", "Authorization", "Basic eDp5")), Verdict: Allowed,
				Preflight: &Answer{Status: []int{2}, Runs: RunsNever}, Answer: &Answer{Status: []int{200}, Runs: RunsOnce}}},
		}, {
			ID: "P4/401", Source: srcCheck, Setup: setup(policyCred()),
			Reason: "The 401 of that authentication is for the script to read.",
			Steps: []Step{{Fetch: withCredentials(fetch("GET", OriginA, "/private")), Verdict: Allowed,
				Answer: &Answer{Status: []int{401}, Runs: RunsOnce, Exact: browsermodel.Header(acao, OriginA, acac, "true")}}},
		}, {
			ID: "P5/unknown-path", Source: srcPreflight, Setup: two(),
			Reason: "A preflight for a path that does not exist succeeds, so that the script sees the 404.",
			Steps: []Step{{Fetch: fetch("PUT", OriginA, "/no-such-path"), Verdict: Allowed, Preflight: &Answer{Status: []int{2}},
				Answer: &Answer{Status: []int{404}}}},
		}, {
			ID: "P6/listed", Source: srcPreflight, Setup: two(),
			Reason: "A listed method is allowed.",
			Steps:  []Step{reads(fetch("PUT", OriginA, "/any")), reads(fetch("DELETE", OriginB, "/any"))},
		}, {
			ID: "P6/normalised", Source: "Fetch, normalize a method", Setup: two(),
			Reason: "Browsers send put as PUT.",
			Steps:  []Step{reads(fetch("put", OriginA, "/any")), reads(fetch("Delete", OriginA, "/any"))},
		}, {
			ID: "P6/case", Source: "RFC 9110, section 9.1", Setup: setup(with(policyTwo(), func(p *core.Policy) { p.AllowMethods = []string{"CHICKEN"} })),
			Reason: "Methods are compared with their case.",
			Steps:  []Step{reads(fetch("CHICKEN", OriginA, "/any")), refuses(fetch("chicken", OriginA, "/any")), refuses(fetch("Chicken", OriginA, "/any"))},
		}, {
			ID: "P8", Source: srcPreflight, Setup: two(),
			Reason: "A method that is not listed is refused.",
			Steps:  []Step{{Fetch: fetch("PATCH", OriginA, "/any"), Verdict: Refused}, {Fetch: fetch("QUERY", OriginA, "/any"), Verdict: Refused}},
		}, {
			ID: "P8/credentials", Source: srcPreflight, Setup: setup(with(policyOne(), func(p *core.Policy) { p.AllowCredentials = true })),
			Reason: "A policy without methods allows the safelisted ones, with credentials too, and repeats none that is asked for.",
			Steps: []Step{
				refuses(withCredentials(fetch("PATCH", OriginA, "/any"))),
				{Send: preflight(OriginA, "PATCH", "/any"), Answer: &Answer{Unreflected: []string{"PATCH"}}},
				reads(withCredentials(fetch("POST", OriginA, "/any"))),
			},
		}, {
			ID: "P9", Source: "Fetch, normalize a method", Setup: patch,
			Reason: "Browsers do not upper-case patch, and it is not PATCH: to allow it would allow what nobody configured.",
			Steps:  []Step{reads(fetch("PATCH", OriginA, "/any")), {Fetch: fetch("patch", OriginA, "/any"), Verdict: Refused}},
		}, {
			ID: "P10/put", Source: "Fetch, normalize a method", Choice: true, Setup: setup(with(policyTwo(), func(p *core.Policy) { p.AllowMethods = []string{"put", "delete"} })),
			Reason: "Configured put means PUT, as it does to a browser.", Refusal: MayRefuse,
			Steps: []Step{reads(fetch("PUT", OriginA, "/any")), reads(fetch("DELETE", OriginA, "/any"))},
		},
		refused("P10/patch", "Fetch, normalize a method", "Configured patch would never match what a script means by PATCH.",
			setup(with(policyTwo(), func(p *core.Policy) { p.AllowMethods = []string{"PUT", "patch"} }))),
		{
			ID: "P13/star", Source: srcPreflight, Setup: setup(everything(false)),
			Reason: "All methods without credentials.",
			Steps:  []Step{reads(fetch("PUT", OriginA, "/any")), reads(fetch("CHICKEN", OriginA, "/any")), refuses(fetch("PUT", OriginEvil, "/any"))},
		}, {
			ID: "P13/star-bytes", Source: srcDesign, Choice: true, Setup: setup(everything(false)),
			Reason: "All methods without credentials is *, one answer for whatever is asked.",
			Steps:  []Step{{Send: preflight(OriginA, "CHICKEN", "/any"), Answer: &Answer{Exact: browsermodel.Header(acam, "*"), Unreflected: []string{"CHICKEN"}}}},
		}, {
			ID: "P13/credentials", Source: srcCredentials, Setup: setup(everything(true)),
			Reason: "With credentials * is an ordinary method name: the one asked for has to be named.",
			Steps: []Step{
				{Fetch: withCredentials(fetch("PUT", OriginA, "/any")), Verdict: Allowed, Preflight: &Answer{NoWildcard: true}},
				{Fetch: withCredentials(fetch("CHICKEN", OriginA, "/any")), Verdict: Allowed, Preflight: &Answer{NoWildcard: true}},
				refuses(withCredentials(fetch("PUT", OriginEvil, "/any"))),
			},
		}, {
			ID: "P14", Source: "Fetch, CORS-safelisted method", Setup: two(),
			Reason: "OPTIONS is not safelisted: scripts need permission for it.",
			Steps:  []Step{{Fetch: fetch("OPTIONS", OriginA, "/any"), Verdict: Refused}},
		},
	}
	for name, s := range map[string]Setup{"one": setup(policyOne()), "two": two(), "credentials": setup(policyCred()), "any": setup(policyAny()), "all-headers": setup(allHeaders(true))} {
		for _, path := range []string{"/any", "/get", "/no-such-path"} {
			cases = append(cases, Case{
				ID: "P5/" + name + strings.ReplaceAll(path, "/", "-"), Source: srcPreflight, Setup: s,
				Reason: "A browser takes a status of 200-299 for success and no other, whatever the router thinks of OPTIONS.",
				Steps: []Step{{Send: preflight(OriginA, "POST", path), Fetch: fetch("POST", OriginA, path), Verdict: Allowed,
					Answer: &Answer{Status: []int{2}, Runs: RunsNever, Empty: true}}},
			})
		}
	}
	for _, method := range []string{"GET", "HEAD", "POST"} {
		cases = append(cases, Case{
			ID: "P7/" + method, Source: "Fetch, CORS-safelisted method", Setup: two(),
			Reason: "A safelisted method needs a preflight for its headers alone.",
			Steps:  []Step{{Fetch: fetch(method, OriginA, "/any", "x-a", "1"), Verdict: Allowed, Preflights: count(1)}},
		})
	}
	for _, m := range append(malformed[:len(malformed):len(malformed)], struct{ name, origin string }{"evil", OriginEvil}) {
		cases = append(cases, Case{
			ID: "P2/refused-" + m.name, Source: srcCheck, Setup: two(),
			Reason: "The preflight of an origin that is not allowed fails.",
			Steps: []Step{{Send: preflight(m.origin, "PUT", "/any"), Fetch: fetch("PUT", m.origin, "/any"), Verdict: Refused,
				Answer: &Answer{Absent: []string{acao}}}},
		}, Case{
			ID: "P2/403-" + m.name, Source: srcDesign, Choice: true, Setup: two(),
			Reason: "A preflight that fails is answered by the middleware, which says so to people and nothing to scripts.",
			Steps: []Step{{Send: preflight(m.origin, "PUT", "/any"),
				Answer: &Answer{Status: []int{403}, Runs: RunsNever, Empty: true, NoCORS: true}}},
		})
	}
	for _, method := range []string{"CONNECT", "TRACE", "TRACK", "connect", "Trace", "tRaCk"} {
		cases = append(cases, refused("P11/"+method, "Fetch, forbidden method",
			"No browser sends it: whoever lists it is mistaken about something.",
			setup(with(policyTwo(), func(p *core.Policy) { p.AllowMethods = []string{"PUT", method} }))))
	}
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
			ID: "P12/" + name, Source: "RFC 9110, section 5.6.2", Choice: true, Setup: setup(everything(true)),
			Reason: "What is no single method is not repeated to whoever sent it.",
			Steps: []Step{{Send: request, Fetch: withCredentials(fetch("INJECTED", OriginA, "/any")), Verdict: Refused,
				Answer: &Answer{Runs: RunsNever, NoWildcard: true, Unreflected: []string{"injected", "PUT, DELETE"}}}},
		}, Case{
			ID: "P12/unread-" + name, Source: srcDesign, Choice: true, Setup: two(),
			Reason: "Where the answer does not depend on what was asked for, none of it shows.",
			Steps:  []Step{{Send: request, Answer: &Answer{Runs: RunsNever, Unreflected: []string{"injected"}}}},
		})
	}
	return cases
}

// casesH are preflights and their headers.
func casesH() []Case {
	ab := func() *browsermodel.Fetch { return fetch("PUT", OriginA, "/any", "x-a", "1", "x-b", "2") }
	asks := func(id, reason string, verdict Expected, lines ...string) Case {
		request := preflight(OriginA, "PUT", "/any")
		for _, line := range lines {
			request.Header = append(request.Header, browsermodel.Field{Name: acrh, Value: line})
		}
		return Case{ID: id, Reason: reason, Source: "RFC 9110, section 5.6.1.2", Setup: two(),
			Steps: []Step{{Send: request, Fetch: ab(), Verdict: verdict, Answer: &Answer{Runs: RunsNever}}}}
	}
	const gateways = "Gateways pad, split and rejoin lists; a preflight that went through one is as good as before."
	cases := []Case{
		{
			ID: "H1", Source: srcPreflight, Setup: two(),
			Reason: "Listed headers are allowed, whatever their case.",
			Steps: []Step{
				{Fetch: ab(), Verdict: Allowed, Preflights: count(1)},
				reads(fetch("GET", OriginB, "/any", "X-B", "1")),
				reads(fetch("GET", OriginB, "/any", "Authorization", "Bearer t")),
			},
		}, {
			ID: "H2/absent", Source: srcPreflight, Setup: two(),
			Reason: "A preflight for a method alone asks for no headers.",
			Steps:  []Step{reads(fetch("PUT", OriginA, "/any"))},
		}, {
			ID: "H2/empty", Source: "RFC 9110, section 5.6.1.2", Setup: two(),
			Reason: "An empty list of headers asks for none.",
			Steps:  []Step{{Send: preflight(OriginA, "PUT", "/any", acrh, ""), Fetch: fetch("PUT", OriginA, "/any"), Verdict: Allowed}},
		}, {
			ID: "H3", Source: srcPreflight, Setup: two(),
			Reason: "A header that is not listed is refused, also among others that are.",
			Steps: []Step{
				refuses(fetch("GET", OriginA, "/any", "x-z", "1")),
				refuses(fetch("GET", OriginA, "/any", "x-a", "1", "x-z", "1")),
				refuses(fetch("GET", OriginA, "/any", "x-a-", "1")),
				refuses(fetch("GET", OriginA, "/any", "x", "1")),
			},
		},
		asks("H4/space-after", gateways, Allowed, "x-a, x-b"),
		asks("H4/space-before", gateways, Allowed, "x-a ,x-b"),
		asks("H4/space-around", gateways, Allowed, "x-a , x-b"),
		asks("H4/tab-after", gateways, Allowed, "x-a,\tx-b"),
		asks("H4/tab-around", gateways, Allowed, "x-a\t,\tx-b"),
		asks("H4/ends", gateways, Allowed, " x-a,x-b "),
		asks("H5/two-lines", strings.TrimSuffix(gateways, ".")+" (rs/cors#184).", Allowed, "x-a", "x-b"),
		asks("H5/mixed", gateways, Allowed, "authorization, x-a", "x-b"),
		asks("H5/empty-line", gateways, Allowed, "x-a,x-b", ""),
		asks("H6/one", gateways, Allowed, "x-a,,x-b"),
		asks("H6/ends", gateways, Allowed, ",x-a,x-b,"),
		asks("H6/sixteen", gateways, Allowed, ",,,,,,,,x-a,,,,,,,,x-b,"),
		asks("H6/spaces", gateways, Allowed, "x-a, , ,x-b"),
		{
			ID: "H8/unlisted", Source: "Fetch, CORS-safelisted request-header", Setup: two(),
			Reason: "Safelisted names reach a preflight with values that are not safe, and then need to be listed.",
			Steps: []Step{
				refuses(fetch("POST", OriginA, "/any", "Content-Type", "application/json")),
				refuses(fetch("GET", OriginA, "/any", "Range", "bytes=1-,5-")),
				refuses(fetch("GET", OriginA, "/any", "Accept", `text/html;q="1"`)),
				{Fetch: fetch("POST", OriginA, "/any", "Content-Type", "text/plain"), Verdict: Allowed, Preflights: count(0)},
			},
		}, {
			ID: "H8/listed", Source: "Fetch, CORS-safelisted request-header",
			Setup:  setup(with(policyTwo(), func(p *core.Policy) { p.AllowHeaders = []string{"Content-Type", "range", "ACCEPT"} })),
			Reason: "Listed, they are allowed.",
			Steps: []Step{
				{Fetch: fetch("POST", OriginA, "/any", "Content-Type", "application/json"), Verdict: Allowed, Preflights: count(1)},
				reads(fetch("GET", OriginA, "/any", "Range", "bytes=1-,5-")),
				reads(fetch("GET", OriginA, "/any", "Accept", `text/html;q="1"`)),
			},
		}, {
			ID: "H10/star", Source: srcPreflight, Setup: setup(allHeaders(false)),
			Reason: "All headers without credentials.",
			Steps:  []Step{reads(fetch("GET", OriginA, "/any", "x-a", "1", "anything", "2")), refuses(fetch("GET", OriginEvil, "/any", "x-a", "1"))},
		}, {
			ID: "H10/star-bytes", Source: srcDesign, Choice: true, Setup: setup(allHeaders(false)),
			Reason: "All headers without credentials is *, one answer for whatever is asked.",
			Steps:  []Step{{Send: preflight(OriginA, "PUT", "/any", acrh, "anything"), Answer: &Answer{Exact: browsermodel.Header(acah, "*")}}},
		}, {
			ID: "H10/authorization", Source: "Fetch, CORS non-wildcard request-header name", Choice: true, Setup: setup(allHeaders(false)),
			Reason: "* does not stand for Authorization: whoever means it lists it.",
			Steps:  []Step{refuses(fetch("GET", OriginA, "/any", "Authorization", "Bearer t"))},
		}, {
			ID: "H10/authorization-listed", Source: "Fetch, CORS non-wildcard request-header name",
			Setup:  setup(with(allHeaders(false), func(p *core.Policy) { p.AllowHeaders = []string{"*", "authorization"} })),
			Reason: "Authorization can be listed beside *.",
			Steps: []Step{
				reads(fetch("GET", OriginA, "/any", "Authorization", "Bearer t")),
				reads(fetch("GET", OriginA, "/any", "Authorization", "Bearer t", "anything", "1")),
			},
		}, {
			ID: "H11/echo", Source: srcCredentials, Setup: setup(allHeaders(true)),
			Reason: "With credentials * is an ordinary header name: those asked for have to be named.",
			Steps: []Step{
				{Fetch: withCredentials(fetch("PUT", OriginA, "/any", "x-a", "1", "anything", "2")), Verdict: Allowed, Preflight: &Answer{NoWildcard: true}},
				{Fetch: withCredentials(fetch("GET", OriginA, "/any", "Authorization", "Bearer t")), Verdict: Allowed, Preflight: &Answer{NoWildcard: true}},
				refuses(withCredentials(fetch("GET", OriginEvil, "/any", "x-a", "1"))),
			},
		}, {
			ID: "H11/gateway", Source: "RFC 9110, section 5.6.1.2", Setup: setup(allHeaders(true)),
			Reason: gateways,
			Steps: []Step{
				{Send: preflight(OriginA, "PUT", "/any", acrh, "x-a, x-b"), Fetch: withCredentials(ab()), Verdict: Allowed},
				{Send: preflight(OriginA, "PUT", "/any", acrh, "x-a", acrh, "x-b"), Fetch: withCredentials(ab()), Verdict: Allowed},
				{Send: preflight(OriginA, "PUT", "/any", acrh, "x-a,,x-b"), Fetch: withCredentials(ab()), Verdict: Allowed},
			},
		}, {
			ID: "H11/tokens", Source: "RFC 9110, section 5.6.2", Choice: true, Setup: setup(allHeaders(true)),
			Reason: "What is no header name is not repeated to whoever sent it.",
			Steps: []Step{
				{Send: preflight(OriginA, "PUT", "/any", acrh, "x-a,in jected"), Answer: &Answer{Unreflected: []string{"jected"}}},
				{Send: preflight(OriginA, "PUT", "/any", acrh, `"injected"`), Answer: &Answer{Unreflected: []string{"injected"}}},
				{Send: preflight(OriginA, "PUT", "/any", acrh, "<injected>"), Answer: &Answer{Unreflected: []string{"injected"}}},
				{Send: preflight(OriginA, "PUT", "/any", acrh, "inject\xe9d"), Answer: &Answer{Unreflected: []string{"inject"}}},
			},
		}, {
			ID: "H11/bounded", Source: "CVE-2025-47908", Setup: setup(allHeaders(true)),
			Reason: "The echo is bounded, whatever the size of what was asked.",
			Steps: []Step{
				{Send: preflight(OriginA, "PUT", "/any", acrh, "x-a"), Fetch: withCredentials(fetch("PUT", OriginA, "/any", "x-a", "1")), Verdict: Allowed},
				{Send: preflight(OriginA, "PUT", "/any", acrh, manyNames(10_000)), Answer: &Answer{MaxGrowth: growthBound, MayDrop: true}},
			},
		},
	}
	cases = append(cases, subsets("H7/three", two(), []string{"authorization", "x-a", "x-b"}))
	var prefixes []string
	for i := range 12 {
		prefixes = append(prefixes, "x-"+strings.Repeat("a", i+1))
	}
	cases = append(cases, subsets("H7/prefixes", setup(with(policyTwo(), func(p *core.Policy) { p.AllowHeaders = prefixes })), prefixes))
	for _, name := range []string{
		"Cookie", "cookie2", "Host", "Origin", "Referer", "Content-Length", "Connection", "Date", "TE", "Upgrade", "Via",
		"Sec-Fetch-Site", "sec-anything", "Proxy-Authorization", "proxy-anything", "Access-Control-Request-Headers", "Set-Cookie",
	} {
		cases = append(cases, refused("H9/"+text.Lower(name), "Fetch, forbidden request-header",
			"No script can set it: whoever lists it is mistaken about something.",
			setup(with(policyTwo(), func(p *core.Policy) { p.AllowHeaders = []string{"x-a", name} }))))
	}
	return cases
}

// growthBound is by how much an answer may grow with what a stranger sends.
const growthBound = 16 << 10

// manyNames returns a list of n names, at most 50,000, each of nine bytes and a comma.
func manyNames(n int) string { return allNames()[:n*len("x-0000000,")-1] }

var allNames = sync.OnceValue(func() string {
	var b strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&b, "x-%07d,", i)
	}
	return b.String()
})

// subsets asks for every subset of a policy's header names.
func subsets(id string, s Setup, names []string) Case {
	c := Case{
		ID: id, Source: srcPreflight, Setup: s,
		Reason: "Every selection of the listed headers is allowed: look-ups that miss members are a classic.",
	}
	for set := range 1 << len(names) {
		f := fetch("PUT", OriginA, "/any")
		for i, name := range names {
			if set>>i&1 == 1 {
				f.Header = append(f.Header, browsermodel.Field{Name: name, Value: "1"})
			}
		}
		request := f.Preflight()
		c.Steps = append(c.Steps, Step{Send: &request, Fetch: f, Verdict: Allowed})
	}
	return c
}

// casesM are about how long a preflight is cached.
func casesM() []Case {
	age := func(d time.Duration) Setup {
		return setup(with(policyTwo(), func(p *core.Policy) { p.MaxAge = d }))
	}
	put := func(after time.Duration, preflights int) Step {
		return Step{After: after, Fetch: fetch("PUT", OriginA, "/any"), Verdict: Allowed, Preflights: count(preflights)}
	}
	cases := []Case{
		{
			ID: "M1/cached", Source: srcPreflight, Setup: two(),
			Reason: "A preflight is remembered for as long as the policy says.",
			Steps:  []Step{put(0, 1), put(10*time.Second, 0), put(580*time.Second, 0), put(11*time.Second, 1)},
		}, {
			ID: "M1/bytes", Source: "Fetch, HTTP new-header syntax", Setup: two(),
			Reason: "Whole seconds, and on success only.",
			Steps: []Step{
				{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{Exact: browsermodel.Header(acma, "600")}},
				{Send: preflight(OriginEvil, "PUT", "/any"), Answer: &Answer{Absent: []string{acma}}},
				{Send: send("GET", "/any", "Origin", OriginA), Answer: &Answer{Absent: []string{acma}}},
			},
		}, {
			ID: "M2", Source: srcPreflight, Setup: age(0),
			Reason: "Where the policy says nothing the browser's five seconds apply.",
			Steps: []Step{
				{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{Absent: []string{acma}}},
				put(0, 1), put(4*time.Second, 0), put(2*time.Second, 1),
			},
		}, {
			ID: "M3", Source: srcPreflight, Setup: age(core.NoPreflightCache),
			Reason: "Zero turns the cache off; to leave the header out would not.",
			Steps: []Step{
				{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{Exact: browsermodel.Header(acma, "0")}},
				put(0, 1), put(0, 1),
			},
		}, {
			ID: "M4/fraction", Source: "Fetch, HTTP new-header syntax", Setup: age(1500 * time.Millisecond), Refusal: MayRefuse,
			Reason: "Access-Control-Max-Age is digits: a browser takes anything else for five seconds.",
			Steps:  []Step{{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{Digits: []string{acma}}}},
		}, {
			ID: "M4/negative", Source: "Fetch, HTTP new-header syntax", Setup: age(-5 * time.Second), Refusal: MayRefuse,
			Reason: "Access-Control-Max-Age has no sign.",
			Steps:  []Step{{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{Digits: []string{acma}}}},
		},
		refused("M5/a-second-more", "Firefox caps at 86400, Chromium at 7200, WebKit at 600 seconds",
			"No browser caches a preflight for longer than a day.", age(24*time.Hour+time.Second)),
		refused("M5/a-week", "Firefox caps at 86400, Chromium at 7200, WebKit at 600 seconds",
			"No browser caches a preflight for longer than a day.", age(7*24*time.Hour)),
		{
			ID: "M5/a-day", Source: srcPreflight, Setup: age(24 * time.Hour),
			Reason: "A day is the most that a browser honours.",
			Steps:  []Step{{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{Exact: browsermodel.Header(acma, "86400")}}},
		},
	}
	for _, seconds := range []int{1, 7200} {
		cases = append(cases, Case{
			ID: fmt.Sprintf("M4/%d", seconds), Source: "Fetch, HTTP new-header syntax", Setup: age(time.Duration(seconds) * time.Second),
			Reason: "Access-Control-Max-Age is the decimal number of seconds.",
			Steps:  []Step{{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{Digits: []string{acma}, Exact: browsermodel.Header(acma, fmt.Sprint(seconds))}}},
		})
	}
	return cases
}

// casesL are about the legacy Private Network Access.
func casesL() []Case {
	const source = "Private Network Access; CVE-2024-6221"
	optIn := setup(with(policyTwo(), func(p *core.Policy) { p.AllowPrivateNetwork = true }))
	return []Case{
		{
			ID: "L1", Source: source, Setup: two(),
			Reason: "Access to private networks is not granted by default.",
			Steps: []Step{
				{Send: preflight(OriginA, "PUT", "/any"), Fetch: fetch("PUT", OriginA, "/any"), Verdict: Allowed, Answer: &Answer{Absent: []string{acpn}}},
				{Send: preflight(OriginA, "PUT", "/any", arpn, "true"), Fetch: fetch("PUT", OriginA, "/any"), Verdict: Allowed, Answer: &Answer{Absent: []string{acpn}}},
			},
		}, {
			ID: "L2", Source: source, Choice: true, Setup: optIn,
			Reason: "A policy may grant it to its origins.",
			Steps: []Step{{Send: preflight(OriginA, "PUT", "/any", arpn, "true"), Fetch: fetch("PUT", OriginA, "/any"), Verdict: Allowed,
				Answer: &Answer{Exact: browsermodel.Header(acpn, "true"), Vary: []string{arpn}}}},
		}, {
			ID: "L3", Source: source, Choice: true, Setup: optIn,
			Reason: "It is granted where it is asked for, and on preflights alone.",
			Steps: []Step{
				{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{Absent: []string{acpn}}},
				{Send: preflight(OriginA, "PUT", "/any", arpn, "false"), Answer: &Answer{Absent: []string{acpn}}},
				{Send: preflight(OriginA, "PUT", "/any", arpn, "TRUE"), Answer: &Answer{Absent: []string{acpn}}},
				{Send: preflight(OriginA, "PUT", "/any", arpn, ""), Answer: &Answer{Absent: []string{acpn}}},
				{Send: send("GET", "/any", "Origin", OriginA, arpn, "true"), Answer: &Answer{Absent: []string{acpn}}},
			},
		}, {
			ID: "L4", Source: source, Choice: true, Setup: optIn,
			Reason: "Origins that are not allowed are not granted it either.",
			Steps:  []Step{{Send: preflight(OriginEvil, "PUT", "/any", arpn, "true"), Answer: &Answer{NoCORS: true}}},
		},
	}
}
