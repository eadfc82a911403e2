package conformance

import (
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// casesV are about Vary and caches.
func casesV() []Case {
	origin := []string{"Origin"}
	varies := func(name string, request *browsermodel.Request) Case {
		return Case{ID: "V2/" + name, Source: srcCaches, Setup: two(),
			Reason: "What depends on the origin says so, also where there is none or a bad one.",
			Steps:  []Step{{Send: request, Answer: &Answer{Vary: origin}}}}
	}
	image := &browsermodel.Fetch{Origin: OriginEvil, URL: "/cacheable", Mode: browsermodel.ModeNoCORS}
	cached := func(id string, p core.Policy, steps ...Step) Case {
		return Case{ID: id, Source: srcCaches + "; RFC 9111, section 4.1", Setup: setup(p), Steps: steps, AnyOrder: true, SharedCache: true,
			Reason: "Whoever comes first must not decide through a shared cache what the others get."}
	}
	return []Case{
		{
			ID: "V1/outer", Source: "RFC 9110, section 12.5.5", Setup: Setup{Policies: []core.Policy{policyTwo()}, OuterVary: "Accept-Encoding"},
			Reason: "What an outer middleware has put into Vary stays there.",
			Steps: []Step{
				{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Answer: &Answer{Vary: []string{"Accept-Encoding", "Origin"}}},
				{Send: send("GET", "/any", "Origin", OriginEvil), Answer: &Answer{Vary: []string{"Accept-Encoding", "Origin"}}},
				{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{Vary: []string{"Accept-Encoding", "Origin"}}},
				{Send: send("GET", "/any"), Answer: &Answer{Vary: []string{"Accept-Encoding", "Origin"}}},
			},
		}, {
			ID: "V1/handler", Source: "RFC 9110, section 12.5.5", Setup: two(),
			Reason: "A handler that adds to Vary and the middleware get along.",
			Steps:  []Step{{Fetch: fetch("GET", OriginA, "/encoded"), Verdict: Allowed, Answer: &Answer{Vary: []string{"Accept-Encoding", "Origin"}}}},
		}, {
			ID: "V1/request", Source: "RFC 9110, section 12.5.5", Setup: two(),
			Reason: "A request's Vary is nobody's business: it is not copied to the response.",
			Steps: []Step{
				{Send: send("GET", "/any", "Origin", OriginA, "Vary", "X-Injected"), Answer: &Answer{Vary: origin, NotVary: []string{"X-Injected"}, Unreflected: []string{"injected"}}},
				{Send: preflight(OriginA, "PUT", "/any", "Vary", "X-Injected"), Answer: &Answer{Vary: origin, NotVary: []string{"X-Injected"}, Unreflected: []string{"injected"}}},
			},
		},
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
		preflightsVary("V3/lists", policyTwo()),
		preflightsVary("V3/credentials", policyCred()),
		preflightsVary("V3/star", allHeaders(false)),
		preflightsVary("V3/echo", allHeaders(true)),
		preflightsVary("V3/echo-methods", everything(true)),
		preflightsVary("V3/private-network", with(policyTwo(), func(p *core.Policy) { p.AllowPrivateNetwork = true })),
		cached("V4/two", policyTwo(),
			reads(fetch("GET", OriginA, "/cacheable")), reads(fetch("GET", OriginB, "/cacheable")),
			refuses(fetch("GET", OriginEvil, "/cacheable")), Step{Fetch: image, Verdict: Opaque}),
		cached("V4/one", policyOne(),
			reads(fetch("GET", OriginA, "/cacheable")), refuses(fetch("GET", OriginB, "/cacheable")), Step{Fetch: image, Verdict: Opaque}),
		cached("V4/credentials", policyCred(),
			reads(withCredentials(fetch("GET", OriginA, "/cacheable"))), reads(withCredentials(fetch("GET", OriginB, "/cacheable"))),
			refuses(withCredentials(fetch("GET", OriginEvil, "/cacheable"))), Step{Fetch: image, Verdict: Opaque}),
		cached("V4/any", policyAny(),
			reads(fetch("GET", OriginA, "/cacheable")), reads(fetch("GET", OriginEvil, "/cacheable")), Step{Fetch: image, Verdict: Opaque},
			refuses(withCredentials(fetch("GET", OriginA, "/cacheable")))),
		cached("V4/subdomain", policySub(),
			reads(withCredentials(fetch("GET", "https://x.a.example", "/cacheable"))), reads(fetch("GET", "https://y.a.example", "/cacheable")),
			refuses(fetch("GET", OriginA, "/cacheable")), Step{Fetch: image, Verdict: Opaque}),
		{
			ID: "V5", Source: "RFC 9110, section 12.5.5", Setup: setup(allHeaders(true)),
			Reason: "Vary: * makes a response useless to every cache.",
			Steps: []Step{
				{Send: send("GET", "/any", "Origin", OriginA), Answer: &Answer{NotVary: []string{"*"}}},
				{Send: send("GET", "/any", "Origin", OriginEvil), Answer: &Answer{NotVary: []string{"*"}}},
				{Send: preflight(OriginA, "PUT", "/any", acrh, "x-a"), Answer: &Answer{NotVary: []string{"*"}}},
				{Send: preflight(OriginEvil, "PUT", "/any"), Answer: &Answer{NotVary: []string{"*"}}},
				{Send: send("GET", "/any"), Answer: &Answer{NotVary: []string{"*"}}},
			},
		}, {
			ID: "V6", Source: "RFC 9110, section 12.5.5", AnyOrder: true, SharedCache: true,
			Setup:  Setup{Policies: []core.Policy{policyTwo()}, OuterVary: "origin, Origin"},
			Reason: "A name twice in Vary, in whatever case, is a name once.",
			Steps: []Step{
				{Fetch: fetch("GET", OriginA, "/cacheable"), Verdict: Allowed, Answer: &Answer{Vary: origin}},
				refuses(fetch("GET", OriginEvil, "/cacheable")),
				{Fetch: image, Verdict: Opaque},
			},
		},
	}
}

// preflightsVary sends preflights that differ in one header or more.
func preflightsVary(id string, p core.Policy) Case {
	c := Case{
		ID: id, Source: srcCaches, Setup: setup(p), VaryCovers: true,
		Reason: "Where the answers to two preflights differ, Vary says what made the difference.",
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

// casesC are about credentials and wildcards.
func casesC() []Case {
	cred := func(patterns ...string) Setup {
		return setup(core.Policy{AllowOrigins: patterns, AllowCredentials: true})
	}
	flagged := func(change func(*core.Policy), patterns ...string) Setup {
		return setup(with(core.Policy{AllowOrigins: patterns, AllowCredentials: true}, change))
	}
	insecure := func(p *core.Policy) { p.DangerouslyAllowInsecureOrigins = true }
	suffixes := func(p *core.Policy) { p.DangerouslyAllowPublicSuffixes = true }
	null := func(p *core.Policy) { p.DangerouslyAllowNullOrigin = true }
	const stranger = "Anybody's page could act with the user's credentials."
	return []Case{
		refused("C1/error", "CVE-2024-25124", stranger, cred("*")),
		refused("C1/listed", "CVE-2024-25124", stranger, cred(OriginA, "*")),
		{
			ID: "C1/behaviour", Source: "CVE-2024-25124", Setup: cred("*"), Refusal: MayRefuse,
			Reason: "Even where * with credentials is accepted, it must not give a stranger the user's data.",
			Steps:  []Step{refuses(withCredentials(fetch("GET", OriginEvil, "/any"))), refuses(withCredentials(fetch("PUT", "null", "/any")))},
		}, {
			ID: "C2/lists", Source: srcCredentials, Setup: setup(policyCred()),
			Reason: "With credentials * is no wildcard in any header.",
			Steps: []Step{
				{Send: send("GET", "/any", "Origin", OriginA), Answer: &Answer{NoWildcard: true}},
				{Send: send("GET", "/any", "Origin", OriginEvil), Answer: &Answer{NoWildcard: true}},
				{Send: send("GET", "/any"), Answer: &Answer{NoWildcard: true}},
				{Send: preflight(OriginA, "PUT", "/any", acrh, "x-a"), Answer: &Answer{NoWildcard: true}},
				{Send: preflight(OriginA, "*", "/any", acrh, "*"), Answer: &Answer{NoWildcard: true}},
				{Send: send("GET", "/any", "Origin", "*"), Answer: &Answer{NoWildcard: true}},
			},
		}, {
			ID: "C2/all-headers", Source: srcCredentials, Setup: setup(allHeaders(true)),
			Reason: "With credentials * is no wildcard in any header.",
			Steps: []Step{
				{Send: preflight(OriginA, "PUT", "/any", acrh, "x-a"), Answer: &Answer{NoWildcard: true}},
				{Send: preflight(OriginA, "PUT", "/any"), Answer: &Answer{NoWildcard: true}},
				{Send: send("GET", "/any", "Origin", OriginA), Answer: &Answer{NoWildcard: true}},
			},
		}, {
			ID: "C2/authorization-beside-all", Source: srcCredentials,
			Setup:  setup(with(allHeaders(true), func(p *core.Policy) { p.AllowHeaders = []string{"*", "authorization"} })),
			Reason: "With credentials * is no wildcard in any header, whatever is listed beside it.",
			Steps: []Step{
				{Send: preflight(OriginA, "PUT", "/any", acrh, "authorization,x-a"), Answer: &Answer{NoWildcard: true}},
				reads(withCredentials(fetch("PUT", OriginA, "/any", "Authorization", "Bearer t", "x-a", "1"))),
			},
		}, {
			ID: "C2/all-methods", Source: srcCredentials, Setup: setup(everything(true)),
			Reason: "With credentials * is no wildcard in any header.",
			Steps: []Step{
				{Send: preflight(OriginA, "PUT", "/any", acrh, "x-a"), Answer: &Answer{NoWildcard: true}},
				{Send: preflight(OriginA, "CHICKEN", "/any"), Answer: &Answer{NoWildcard: true}},
			},
		}, {
			ID: "C2/verdict", Source: srcCredentials, Setup: setup(policyCred()),
			Reason: "What a policy lists works with credentials, and without.",
			Steps: []Step{
				reads(withCredentials(fetch("GET", OriginA, "/any"))),
				reads(fetch("GET", OriginA, "/any")),
				reads(withCredentials(fetch("DELETE", OriginB, "/any", "x-a", "1"))),
				refuses(withCredentials(fetch("GET", OriginEvil, "/any"))),
			},
		},
		refused("C3", "Fetch, CORS-exposed header-name list", "With credentials * exposes a header of that name and no other.",
			setup(with(policyCred(), func(p *core.Policy) { p.ExposeHeaders = []string{"*"} }))),
		refused("C4/host", "Secure Contexts", "Whoever sits on the network between can use the credentials.", cred("http://a.example")),
		refused("C4/subdomain", "Secure Contexts", "Whoever sits on the network between can use the credentials.", cred("http://*.a.example")),
		refused("C4/look-alike", "Secure Contexts", "localhost is loopback, localhost.evil.test is not.", cred("http://localhost.evil.test")),
		{
			ID: "C4/loopback", Source: "Secure Contexts, potentially trustworthy origin", Setup: cred("http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000"),
			Reason: "Nobody sits between a machine and itself.",
			Steps: []Step{
				reads(withCredentials(fetch("GET", "http://localhost:3000", "/any"))),
				reads(withCredentials(fetch("GET", "http://127.0.0.1:3000", "/any"))),
				reads(withCredentials(fetch("GET", "http://[::1]:3000", "/any"))),
			},
		}, {
			ID: "C4/flagged", Source: srcDesign, Choice: true, Setup: flagged(insecure, "http://a.example"),
			Reason: "Who says that it is meant may have it.",
			Steps:  []Step{reads(withCredentials(fetch("GET", "http://a.example", "/any"))), refuses(withCredentials(fetch("GET", OriginA, "/any")))},
		}, {
			ID: "C4/without-credentials", Source: srcCheck, Setup: setup(origins("http://a.example")),
			Reason: "Without credentials an http:// origin is an origin like any other.",
			Steps:  []Step{reads(fetch("GET", "http://a.example", "/any"))},
		},
		refused("C5/com", "public suffix list", stranger, cred("https://*.com")),
		refused("C5/github.io", "public suffix list", stranger, cred("https://*.github.io")),
		refused("C5/co.uk", "public suffix list", stranger, cred("https://*.co.uk")),
		{
			ID: "C5/flagged", Source: srcDesign, Choice: true, Setup: flagged(suffixes, "https://*.github.io"),
			Reason: "Who says that it is meant may have it.",
			Steps:  []Step{reads(withCredentials(fetch("GET", "https://a.github.io", "/any"))), refuses(withCredentials(fetch("GET", "https://github.io", "/any")))},
		},
		refused("C6/null", "Fetch, Origin header; sandboxed frames", stranger, cred("null")),
		refused("C6/flagged", "Fetch, Origin header; sandboxed frames", stranger, flagged(null, "null")),
	}
}

// casesR are about which policy governs, and about patterns that the other
// rules leave out. These rules are the suite's own addition to the project's
// list: many libraries cannot express them.
func casesR() []Case {
	partner := core.Policy{Name: "partner", AllowOrigins: []string{OriginB}, ExposeHeaders: []string{"x-e"}}
	own := core.Policy{Name: "own", AllowOrigins: []string{OriginA, OriginB}, AllowMethods: []string{"PUT"}, AllowCredentials: true, MaxAge: time.Minute}
	public := core.Policy{Name: "public", AllowOrigins: []string{"*"}}
	routed := Setup{Routes: []core.Route{
		{Path: "/public/", Policies: []core.Policy{public}},
		{Path: "/team/", Policies: []core.Policy{partner, own}},
		{Path: "/", Policies: []core.Policy{own}},
	}}
	const source = "design, section 2"
	patterns := func(name, reason string, s Setup, allowed, hostiles []string) Case {
		c := Case{ID: "R3/" + name, Source: "design, origin patterns", Choice: true, Reason: reason, Setup: s}
		for _, origin := range allowed {
			c.Steps = append(c.Steps, reads(fetch("GET", origin, "/any")))
		}
		for _, origin := range hostiles {
			c.Steps = append(c.Steps, hostile(origin))
		}
		return c
	}
	return []Case{
		patterns("in-label", "Inside a label the wildcard never crosses a dot.", setup(origins("https://pr-*.a.example")),
			[]string{"https://pr-1.a.example", "https://pr-feature_x-2.a.example"},
			[]string{"https://pr-.a.example", "https://pr.a.example", "https://pr-1.x.a.example", "https://pr-1.evil.test/.a.example", "https://pr-1.evil.test", "https://x.pr-1.a.example", "https://pr-A.a.example"}),
		patterns("in-label-end", "Inside a label the wildcard never crosses a dot.", setup(origins("https://*-team.a.example")),
			[]string{"https://x-team.a.example", "https://x-1-team.a.example"},
			[]string{"https://-team.a.example", "https://team.a.example", "https://x.y-team.a.example", "https://x-team.a.example.evil.test", "https://x-teamx.a.example"}),
		patterns("ports", "A range of ports has its ends, and nothing beyond.", setup(origins("http://localhost:3000-3999")),
			[]string{"http://localhost:3000", "http://localhost:3500", "http://localhost:3999"},
			[]string{"http://localhost", "http://localhost:2999", "http://localhost:4000", "http://localhost:03000", "http://localhost:30000", "http://localhost:3000-3999", "https://localhost:3000"}),
		patterns("loopback", "The machine itself, by any of its names.", setup(origins("@loopback")),
			[]string{"http://localhost", "https://localhost:8443", "http://127.0.0.1:3000", "http://[::1]:3000", "https://[::1]"},
			[]string{"http://127.0.0.2", "http://localhost.evil.test", "http://127.0.0.1.evil.test", "http://x.localhost", "http://[::2]", "ftp://localhost",
				"http://[::1].evil.test", "http://[::1]evil.test", "http://[::1]@evil.test", "http://[::1]:80.evil.test"}),
		{
			ID: "R1/first-match", Source: source, Choice: true, Setup: setup(partner, own),
			Reason: "The first policy whose origins match governs, alone: a later one adds nothing.",
			Steps: []Step{
				{Fetch: fetch("GET", OriginB, "/any"), Verdict: Allowed, Readable: []string{"X-E"}},
				refuses(withCredentials(fetch("GET", OriginB, "/any"))),
				refuses(fetch("PUT", OriginB, "/any")),
				{Fetch: withCredentials(fetch("GET", OriginA, "/any")), Verdict: Allowed, Hidden: []string{"X-E"}},
				reads(withCredentials(fetch("PUT", OriginA, "/any"))),
				refuses(fetch("GET", OriginEvil, "/any")),
			},
		}, {
			ID: "R1/any-last", Source: source, Choice: true, Setup: setup(own, public),
			Reason: "Where an earlier policy names origins, a later * varies with the origin.",
			Steps: []Step{
				{Fetch: withCredentials(fetch("GET", OriginA, "/any")), Verdict: Allowed, Answer: &Answer{Vary: []string{"Origin"}}},
				{Fetch: fetch("GET", OriginEvil, "/any"), Verdict: Allowed, Answer: &Answer{Vary: []string{"Origin"}}},
				refuses(withCredentials(fetch("GET", OriginEvil, "/any"))),
				refuses(fetch("PUT", OriginEvil, "/any")),
			},
		}, {
			ID: "R1/cache", Source: source, Choice: true, Setup: setup(own, public), AnyOrder: true, SharedCache: true,
			Reason: "Which policy governs must not depend on who comes first through a cache.",
			Steps: []Step{
				reads(withCredentials(fetch("GET", OriginA, "/cacheable"))),
				reads(fetch("GET", OriginEvil, "/cacheable")),
				refuses(withCredentials(fetch("GET", OriginEvil, "/cacheable"))),
			},
		}, {
			ID: "R2/paths", Source: source, Choice: true, Setup: routed,
			Reason: "The first route that matches the path brings the policies.",
			Steps: []Step{
				reads(fetch("GET", OriginEvil, "/public/any")),
				refuses(fetch("GET", OriginEvil, "/any")),
				refuses(withCredentials(fetch("GET", OriginA, "/public/any"))),
				reads(withCredentials(fetch("GET", OriginA, "/any"))),
				refuses(fetch("PUT", OriginB, "/team/any")),
				reads(fetch("PUT", OriginB, "/any")),
				reads(fetch("PUT", OriginA, "/team/any")),
			},
		}, {
			ID: "R2/readings", Source: "CVE-2024-6839, CVE-2024-6844", Choice: true, Setup: routed,
			Reason: "A path that reads as one route to the middleware and as another to whoever decodes it brings the policies of neither.",
			Steps: []Step{
				refuses(fetch("GET", OriginEvil, "/public/..%2Fany")),
				refuses(withCredentials(fetch("GET", OriginA, "/public/..%2Fany"))),
				refuses(fetch("PUT", OriginB, "/team%2Fany")),
				refuses(fetch("GET", OriginEvil, "/public%2F..%2Fany")),
				reads(fetch("GET", OriginEvil, "/public/any")),
				reads(fetch("PUT", OriginB, "/any")),
			},
		}, {
			ID: "R2/readings-exact", Source: "CVE-2024-6839", Choice: true,
			Setup:  Setup{Routes: []core.Route{{Path: "/any", Policies: []core.Policy{own}}, {Path: "/", Policies: []core.Policy{public}}}},
			Reason: "Who cleans a path may drop the slash at its end as well, and then finds what has a route of its own.",
			Steps: []Step{
				refuses(fetch("GET", OriginEvil, "/any")),
				refuses(fetch("GET", OriginEvil, "/any/x%2F..")),
				refuses(fetch("GET", OriginEvil, "/x/..%2Fany%2F.")),
				{Send: send("GET", "/.//any/", "Origin", OriginEvil), Answer: &Answer{Absent: []string{acao}}},
				{Send: send("GET", "/any/./", "Origin", OriginEvil), Answer: &Answer{Absent: []string{acao}}},
				reads(fetch("GET", OriginEvil, "/public/any")),
			},
		}, {
			ID: "R2/readings-reject", Source: "CVE-2024-6839", Choice: true,
			Setup: Setup{Routes: []core.Route{
				{Path: "/public/", Policies: []core.Policy{with(public, func(p *core.Policy) { p.AllowOrigins, p.RejectDisallowed = []string{OriginB}, true })}},
				{Path: "/", Policies: []core.Policy{with(own, func(p *core.Policy) { p.RejectDisallowed = true })}},
			}},
			Reason: "No spelling of a path escapes routes that reject.",
			Steps: []Step{
				{Send: send("GET", "/any", "Origin", OriginEvil), Answer: &Answer{Status: []int{403}, Runs: RunsNever}},
				{Send: send("GET", "/public/..%2Fany", "Origin", OriginEvil), Answer: &Answer{Status: []int{403}, Runs: RunsNever}},
				{Send: send("GET", "/public/..%2Fany", "Origin", OriginA), Answer: &Answer{Status: []int{403}, Runs: RunsNever}},
			},
		}, {
			ID: "R2/host", Source: source, Choice: true,
			Setup:  Setup{Routes: []core.Route{{Host: "api.example.com", Policies: []core.Policy{own}}, {Policies: []core.Policy{public}}}},
			Reason: "A route of a host governs it on every port, in every case and with a dot at its end, and no other host.",
			Steps: []Step{
				{Send: send("GET", "/any", "Host", "api.example.com", "Origin", OriginEvil), Answer: &Answer{Absent: []string{acao}}},
				{Send: send("GET", "/any", "Host", "api.example.com:8443", "Origin", OriginEvil), Answer: &Answer{Absent: []string{acao}}},
				{Send: send("GET", "/any", "Host", "API.example.com.:8443", "Origin", OriginEvil), Answer: &Answer{Absent: []string{acao}}},
				{Send: send("GET", "/any", "Host", "api.example.com:8443", "Origin", OriginA), Answer: &Answer{Exact: browsermodel.Header(acao, OriginA, acac, "true")}},
				{Send: send("GET", "/any", "Host", "other.example.com:8443", "Origin", OriginEvil), Answer: &Answer{Exact: browsermodel.Header(acao, "*")}},
			},
		}, {
			// Not as fetches: WebKit undoes such escapes before it sends them.
			ID: "R2/readings-unreserved", Source: "CVE-2024-6844", Choice: true, Setup: routed,
			Reason: "A letter that is escaped without need makes no other route of a path, and no looser one.",
			Steps: []Step{
				{Send: send("GET", "/%70ublic/any", "Origin", OriginEvil), Answer: &Answer{Absent: []string{acao}}},
				{Send: send("GET", "/%70ublic/any", "Origin", OriginA), Answer: &Answer{Absent: []string{acao, acac}}},
				{Send: preflight(OriginB, "PUT", "/%74eam/any"), Answer: &Answer{Absent: []string{acao}}},
			},
		},
	}
}
