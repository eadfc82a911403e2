package conformance

import (
	"slices"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// varyAndCaches returns the cases of Vary and of shared caches.
func varyAndCaches() []Case {
	return slices.Concat(varyOfOthers(), varyOrigin(), varyOfPreflights(), sharedCaches(), oddVary())
}

func varyOfOthers() []Case {
	both := func() *Answer { return &Answer{Vary: []string{"Accept-Encoding", "Origin"}} }
	notCopied := func() *Answer {
		return &Answer{Vary: []string{"Origin"}, NotVary: []string{"X-Injected"}, Unreflected: []string{"injected"}}
	}
	return of("V1",
		Case{
			ID: "outer", Setup: Setup{Policies: []core.Policy{policyTwo()}, OuterVary: "Accept-Encoding"},
			Reason: "Values that an outer middleware adds to Vary must survive.",
			Steps: []Step{
				{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Answer: both()},
				{Send: send("GET", "/any", "Origin", OriginEvil), Answer: both()},
				{Send: preflight(OriginA, "PUT", "/any"), Answer: both()},
				{Send: send("GET", "/any"), Answer: both()},
			},
		},
		Case{
			ID: "handler", Setup: two(),
			Reason: "If a handler adds to Vary, both values must be present.",
			Steps:  []Step{{Fetch: fetch("GET", OriginA, "/encoded"), Verdict: Allowed, Answer: both()}},
		},
		Case{
			ID: "request", Setup: two(),
			Reason: "Vary has no meaning in a request and must not be copied to the response.",
			Steps: []Step{
				{Send: send("GET", "/any", "Origin", OriginA, "Vary", "X-Injected"), Answer: notCopied()},
				{Send: preflight(OriginA, "PUT", "/any", "Vary", "X-Injected"), Answer: notCopied()},
			},
		},
	)
}

func varyOrigin() []Case {
	varies := func(id string, request *browsermodel.Request) Case {
		return Case{ID: id, Setup: two(),
			Reason: "The response depends on Origin, so Vary must say so, even if Origin is absent or malformed.",
			Steps:  []Step{{Send: request, Answer: &Answer{Vary: []string{"Origin"}}}}}
	}
	return of("V2",
		varies("allowed", send("GET", "/any", "Origin", OriginA)),
		varies("refused", send("GET", "/any", "Origin", OriginEvil)),
		varies("malformed", send("GET", "/any", "Origin", "a.example/x y")),
		varies("null", send("GET", "/any", "Origin", "null")),
		varies("absent", send("GET", "/any")),
		varies("two-lines", send("GET", "/any", "Origin", OriginA, "Origin", OriginEvil)),
		varies("post", send("POST", "/any", "Origin", OriginEvil)),
		varies("put", send("PUT", "/any", "Origin", OriginEvil)),
		varies("options", send("OPTIONS", "/any", "Origin", OriginEvil)),
		varies("options-absent", send("OPTIONS", "/any")),
		varies("preflight-allowed", preflight(OriginA, "PUT", "/any")),
		varies("preflight-refused", preflight(OriginEvil, "PUT", "/any")),
		varies("not-found", send("GET", "/no-such-path", "Origin", OriginEvil)),
	)
}

// varyOfPreflights sends preflights that differ in one or more headers.
func varyOfPreflights() []Case {
	differing := func(id string, p core.Policy) Case {
		c := Case{
			ID: id, Setup: setup(p), VaryCovers: true,
			Reason: "If the answers to two preflights differ, Vary must name a header in which the preflights differ.",
		}
		for _, request := range []*browsermodel.Request{
			preflight(OriginA, "PUT", "/any"),
			preflight(OriginA, "DELETE", "/any"),
			preflight(OriginA, "PATCH", "/any"),
			preflight(OriginA, "PUT", "/any", acrh, "x-a"),
			preflight(OriginA, "PUT", "/any", acrh, "x-b"),
			preflight(OriginA, "PUT", "/any", acrh, "x-z"),
			preflight(OriginA, "PUT", "/any", arpn, "true"),
			preflight(OriginB, "PUT", "/any"),
			preflight(OriginEvil, "PUT", "/any"),
			preflight(OriginEvil, "PUT", "/any", acrh, "x-a"),
		} {
			c.Steps = append(c.Steps, Step{Send: request})
		}
		return c
	}
	return of("V3",
		differing("lists", policyTwo()),
		differing("credentials", policyCred()),
		differing("star", allHeaders(false)),
		differing("echo", allHeaders(true)),
		differing("echo-methods", everything(true)),
		differing("private-network", with(policyTwo(), func(p *core.Policy) { p.AllowPrivateNetwork = true })),
	)
}

// cachedImage is an image of an origin that is not allowed.
func cachedImage() Step {
	return Step{Fetch: &browsermodel.Fetch{Origin: OriginEvil, URL: "/cacheable", Mode: browsermodel.ModeNoCORS}, Verdict: Opaque}
}

func sharedCaches() []Case {
	get := func(origin string) *browsermodel.Fetch { return fetch("GET", origin, "/cacheable") }
	credGet := func(origin string) *browsermodel.Fetch { return withCredentials(get(origin)) }
	cached := func(id string, p core.Policy, steps ...Step) Case {
		return Case{ID: id, Setup: setup(p), Steps: steps, AnyOrder: true, SharedCache: true,
			Reason: "The first request must not decide, through a shared cache, what the others get."}
	}
	return of("V4",
		cached("two", policyTwo(), reads(get(OriginA)), reads(get(OriginB)), refuses(get(OriginEvil)), cachedImage()),
		cached("one", policyOne(), reads(get(OriginA)), refuses(get(OriginB)), cachedImage()),
		cached("credentials", policyCred(),
			reads(credGet(OriginA)), reads(credGet(OriginB)), refuses(credGet(OriginEvil)), cachedImage()),
		cached("any", policyAny(), reads(get(OriginA)), reads(get(OriginEvil)), cachedImage(), refuses(credGet(OriginA))),
		cached("subdomain", policySub(),
			reads(credGet("https://x.a.example")), reads(get("https://y.a.example")), refuses(get(OriginA)), cachedImage()),
	)
}

func oddVary() []Case {
	noStar := func() *Answer { return &Answer{NotVary: []string{"*"}} }
	return slices.Concat(of("V5", Case{
		Setup:  setup(allHeaders(true)),
		Reason: "No cache can reuse a response with Vary: *.",
		Steps: []Step{
			{Send: send("GET", "/any", "Origin", OriginA), Answer: noStar()},
			{Send: send("GET", "/any", "Origin", OriginEvil), Answer: noStar()},
			{Send: preflight(OriginA, "PUT", "/any", acrh, "x-a"), Answer: noStar()},
			{Send: preflight(OriginEvil, "PUT", "/any"), Answer: noStar()},
			{Send: send("GET", "/any"), Answer: noStar()},
		},
	}), of("V6", Case{
		AnyOrder: true, SharedCache: true,
		Setup:  Setup{Policies: []core.Policy{policyTwo()}, OuterVary: "origin, Origin"},
		Reason: "A name that is in Vary twice, in any case, means the same as once.",
		Steps: []Step{
			{Fetch: fetch("GET", OriginA, "/cacheable"), Verdict: Allowed, Answer: &Answer{Vary: []string{"Origin"}}},
			refuses(fetch("GET", OriginEvil, "/cacheable")),
			cachedImage(),
		},
	}))
}
