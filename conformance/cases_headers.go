package conformance

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/internal/text"
	"github.com/corskit/corskit/core"
)

// requestHeaders returns the cases of preflights and their headers.
func requestHeaders() []Case {
	return slices.Concat(
		listedHeaders(), rejoinedHeaders(), subsetsOfHeaders(), safelistedHeaders(), forbiddenHeaders(),
		allHeadersWithoutCredentials(), allHeadersWithCredentials(),
	)
}

func listedHeaders() []Case {
	return slices.Concat(of("H1", Case{
		Setup:  two(),
		Reason: "Listed headers are allowed, in any case.",
		Steps: []Step{
			{Fetch: fetchAB(), Verdict: Allowed, Preflights: count(1)},
			reads(fetch("GET", OriginB, "/any", "X-B", "1")),
			reads(fetch("GET", OriginB, "/any", "Authorization", "Bearer t")),
		},
	}), of("H2",
		Case{
			ID: "absent", Setup: two(),
			Reason: "A preflight that is only about a method asks for no headers.",
			Steps:  []Step{reads(fetch("PUT", OriginA, "/any"))},
		},
		Case{
			ID: "empty", Source: srcLists, Setup: two(),
			Reason: "An empty list of headers asks for none.",
			Steps:  []Step{{Send: preflight(OriginA, "PUT", "/any", acrh, ""), Fetch: fetch("PUT", OriginA, "/any"), Verdict: Allowed}},
		},
	), of("H3", Case{
		Setup:  two(),
		Reason: "A header that is not listed is refused, even next to headers that are listed.",
		Steps: []Step{
			refuses(fetch("GET", OriginA, "/any", "x-z", "1")),
			refuses(fetch("GET", OriginA, "/any", "x-a", "1", "x-z", "1")),
			refuses(fetch("GET", OriginA, "/any", "x-a-", "1")),
			refuses(fetch("GET", OriginA, "/any", "x", "1")),
		},
	}))
}

// fetchAB sets two headers that policyTwo lists.
func fetchAB() *browsermodel.Fetch { return fetch("PUT", OriginA, "/any", "x-a", "1", "x-b", "2") }

const gateways = "Gateways pad, split and rejoin lists; a preflight that passed through one must still succeed."

// rejoinedHeaders are lists that a gateway could make of x-a,x-b.
func rejoinedHeaders() []Case {
	asks := func(id string, lines ...string) Case {
		request := preflight(OriginA, "PUT", "/any")
		for _, line := range lines {
			request.Header = append(request.Header, browsermodel.Field{Name: acrh, Value: line})
		}
		return Case{ID: id, Setup: two(), Reason: gateways,
			Steps: []Step{{Send: request, Fetch: fetchAB(), Verdict: Allowed, Answer: &Answer{Runs: RunsNever}}}}
	}
	twoLines := asks("two-lines", "x-a", "x-b")
	twoLines.Reason = strings.TrimSuffix(gateways, ".") + " (rs/cors#184)."
	return slices.Concat(of("H4",
		asks("space-after", "x-a, x-b"),
		asks("space-before", "x-a ,x-b"),
		asks("space-around", "x-a , x-b"),
		asks("tab-after", "x-a,\tx-b"),
		asks("tab-around", "x-a\t,\tx-b"),
		asks("ends", " x-a,x-b "),
	), of("H5",
		twoLines,
		asks("mixed", "authorization, x-a", "x-b"),
		asks("empty-line", "x-a,x-b", ""),
	), of("H6",
		asks("one", "x-a,,x-b"),
		asks("ends", ",x-a,x-b,"),
		asks("sixteen", ",,,,,,,,x-a,,,,,,,,x-b,"),
		asks("spaces", "x-a, , ,x-b"),
	))
}

func subsetsOfHeaders() []Case {
	var prefixes []string
	for i := range 12 {
		prefixes = append(prefixes, "x-"+strings.Repeat("a", i+1))
	}
	return of("H7",
		subsets("three", two(), []string{"authorization", "x-a", "x-b"}),
		subsets("prefixes", setup(with(policyTwo(), func(p *core.Policy) { p.AllowHeaders = prefixes })), prefixes),
	)
}

// subsets asks for every subset of a policy's header names.
func subsets(id string, s Setup, names []string) Case {
	c := Case{
		ID: id, Setup: s,
		Reason: "Every subset of the listed headers is allowed; look-ups that miss a member are a common fault.",
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

func safelistedHeaders() []Case {
	listed := setup(with(policyTwo(), func(p *core.Policy) { p.AllowHeaders = []string{"Content-Type", "range", "ACCEPT"} }))
	return of("H8",
		Case{
			ID: "unlisted", Setup: two(),
			Reason: "A safelisted header reaches a preflight if its value is not safe; then it must be listed.",
			Steps: []Step{
				refuses(fetch("POST", OriginA, "/any", "Content-Type", "application/json")),
				refuses(fetch("GET", OriginA, "/any", "Range", "bytes=1-,5-")),
				refuses(fetch("GET", OriginA, "/any", "Accept", `text/html;q="1"`)),
				{Fetch: fetch("POST", OriginA, "/any", "Content-Type", "text/plain"), Verdict: Allowed, Preflights: count(0)},
			},
		},
		Case{
			ID: "listed", Setup: listed,
			Reason: "A safelisted header that is listed is allowed with any value.",
			Steps: []Step{
				{Fetch: fetch("POST", OriginA, "/any", "Content-Type", "application/json"), Verdict: Allowed, Preflights: count(1)},
				reads(fetch("GET", OriginA, "/any", "Range", "bytes=1-,5-")),
				reads(fetch("GET", OriginA, "/any", "Accept", `text/html;q="1"`)),
			},
		},
	)
}

func forbiddenHeaders() []Case {
	var cases []Case
	for _, name := range []string{
		"Cookie", "cookie2", "Host", "Origin", "Referer", "Content-Length", "Accept-Encoding", "Connection", "Date", "TE", "Upgrade", "Via",
		"Sec-Fetch-Site", "sec-anything", "Proxy-Authorization", "proxy-anything", "Access-Control-Request-Headers", "Set-Cookie",
	} {
		cases = append(cases, Case{
			ID: text.Lower(name) + "-not-sent", Choice: true, Refusal: MayRefuse,
			Setup:  setup(with(policyTwo(), func(p *core.Policy) { p.AllowHeaders = []string{"x-a", name} })),
			Reason: "No script can set this header, so no browser asks for it; a quarter of real configurations list such names.",
			Steps: []Step{{Send: preflight(OriginA, "PUT", "/any", acrh, "x-a"), Fetch: fetch("PUT", OriginA, "/any", "x-a", "1"),
				Verdict: Allowed, Answer: &Answer{Exact: header(acah, "x-a")}}},
		})
	}
	return of("H9", cases...)
}

func allHeadersWithoutCredentials() []Case {
	andAuthorization := with(allHeaders(false), func(p *core.Policy) { p.AllowHeaders = []string{"*", "authorization"} })
	return of("H10",
		Case{
			ID: "star", Source: srcPreflight, Setup: setup(allHeaders(false)),
			Reason: "Without credentials, a policy can allow all headers.",
			Steps: []Step{reads(fetch("GET", OriginA, "/any", "x-a", "1", "anything", "2")),
				refuses(fetch("GET", OriginEvil, "/any", "x-a", "1"))},
		},
		Case{
			ID: "star-bytes", Source: srcCore, Choice: true, Setup: setup(allHeaders(false)),
			Reason: "Without credentials the answer for all headers is *, the same for every request.",
			Steps:  []Step{{Send: preflight(OriginA, "PUT", "/any", acrh, "anything"), Answer: &Answer{Exact: header(acah, "*")}}},
		},
		Case{
			ID: "authorization", Choice: true, Setup: setup(allHeaders(false)),
			Reason: "* does not cover Authorization, which must be listed.",
			Steps:  []Step{refuses(fetch("GET", OriginA, "/any", "Authorization", "Bearer t"))},
		},
		Case{
			ID: "authorization-listed", Setup: setup(andAuthorization),
			Reason: "Authorization can be listed together with *.",
			Steps: []Step{
				reads(fetch("GET", OriginA, "/any", "Authorization", "Bearer t")),
				reads(fetch("GET", OriginA, "/any", "Authorization", "Bearer t", "anything", "1")),
			},
		},
	)
}

func allHeadersWithCredentials() []Case {
	without := func() *Answer { return &Answer{NoWildcard: true} }
	asks := func(lines ...string) *browsermodel.Request { return preflight(OriginA, "PUT", "/any", lines...) }
	return of("H11",
		Case{
			ID: "echo", Setup: setup(allHeaders(true)),
			Reason: "With credentials * is an ordinary header name, so the answer must name the requested headers.",
			Steps: []Step{
				{Fetch: withCredentials(fetch("PUT", OriginA, "/any", "x-a", "1", "anything", "2")), Verdict: Allowed,
					Preflight: without()},
				{Fetch: withCredentials(fetch("GET", OriginA, "/any", "Authorization", "Bearer t")), Verdict: Allowed,
					Preflight: without()},
				refuses(withCredentials(fetch("GET", OriginEvil, "/any", "x-a", "1"))),
			},
		},
		Case{
			ID: "gateway", Source: srcLists, Setup: setup(allHeaders(true)),
			Reason: gateways,
			Steps: []Step{
				{Send: asks(acrh, "x-a, x-b"), Fetch: withCredentials(fetchAB()), Verdict: Allowed},
				{Send: asks(acrh, "x-a", acrh, "x-b"), Fetch: withCredentials(fetchAB()), Verdict: Allowed},
				{Send: asks(acrh, "x-a,,x-b"), Fetch: withCredentials(fetchAB()), Verdict: Allowed},
			},
		},
		Case{
			ID: "tokens", Source: srcTokens, Choice: true, Setup: setup(allHeaders(true)),
			Reason: "A value that is not a header name must not be echoed.",
			Steps: []Step{
				{Send: asks(acrh, "x-a,in jected"), Answer: &Answer{Unreflected: []string{"jected"}}},
				{Send: asks(acrh, `"injected"`), Answer: &Answer{Unreflected: []string{"injected"}}},
				{Send: asks(acrh, "<injected>"), Answer: &Answer{Unreflected: []string{"injected"}}},
				{Send: asks(acrh, "inject\xe9d"), Answer: &Answer{Unreflected: []string{"inject"}}},
			},
		},
		Case{
			ID: "bounded", Source: srcCost, Setup: setup(allHeaders(true)),
			Reason: "The echo is bounded, no matter how large the request is.",
			Steps: []Step{
				{Send: asks(acrh, "x-a"), Fetch: withCredentials(fetch("PUT", OriginA, "/any", "x-a", "1")), Verdict: Allowed},
				{Send: asks(acrh, manyNames(10_000)), Answer: &Answer{MaxGrowth: growthBound, MayDrop: true}},
			},
		},
	)
}

// growthBound is the number of bytes by which a response may grow with the
// size of the request.
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
