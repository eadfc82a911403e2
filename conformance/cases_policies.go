package conformance

import (
	"slices"
	"time"

	"github.com/corskit/corskit/core"
)

// policiesAndRoutes returns the cases of several policies, of routes, and of
// patterns that other cases do not have. Many libraries cannot express them.
func policiesAndRoutes() []Case {
	return slices.Concat(severalPolicies(), routesByPath(), readingsOfPaths(), routesByHost(), furtherPatterns())
}

func partnerPolicy() core.Policy {
	return core.Policy{Name: "partner", AllowOrigins: []string{OriginB}, ExposeHeaders: []string{"x-e"}}
}

func ownPolicy() core.Policy {
	return core.Policy{
		Name: "own", AllowOrigins: []string{OriginA, OriginB}, AllowMethods: []string{"PUT"},
		AllowCredentials: true, MaxAge: time.Minute,
	}
}

func publicPolicy() core.Policy { return core.Policy{Name: "public", AllowOrigins: []string{"*"}} }

func routed() Setup {
	return Setup{Routes: []core.Route{
		{Path: "/public/", Policies: []core.Policy{publicPolicy()}},
		{Path: "/team/", Policies: []core.Policy{partnerPolicy(), ownPolicy()}},
		{Path: "/", Policies: []core.Policy{ownPolicy()}},
	}}
}

func severalPolicies() []Case {
	return of("R1",
		Case{
			ID: "first-match", Choice: true, Setup: setup(partnerPolicy(), ownPolicy()),
			Reason: "Only the first policy that matches the origin governs; a later one adds nothing.",
			Steps: []Step{
				{Fetch: fetch("GET", OriginB, "/any"), Verdict: Allowed, Readable: []string{"X-E"}},
				refuses(withCredentials(fetch("GET", OriginB, "/any"))),
				refuses(fetch("PUT", OriginB, "/any")),
				{Fetch: withCredentials(fetch("GET", OriginA, "/any")), Verdict: Allowed, Hidden: []string{"X-E"}},
				reads(withCredentials(fetch("PUT", OriginA, "/any"))),
				refuses(fetch("GET", OriginEvil, "/any")),
			},
		},
		Case{
			ID: "any-last", Choice: true, Setup: setup(ownPolicy(), publicPolicy()),
			Reason: "If an earlier policy names origins, even the answer of a later * depends on Origin.",
			Steps: []Step{
				{Fetch: withCredentials(fetch("GET", OriginA, "/any")), Verdict: Allowed, Answer: &Answer{Vary: []string{"Origin"}}},
				{Fetch: fetch("GET", OriginEvil, "/any"), Verdict: Allowed, Answer: &Answer{Vary: []string{"Origin"}}},
				refuses(withCredentials(fetch("GET", OriginEvil, "/any"))),
				refuses(fetch("PUT", OriginEvil, "/any")),
			},
		},
		Case{
			ID: "cache", Choice: true, Setup: setup(ownPolicy(), publicPolicy()), AnyOrder: true, SharedCache: true,
			Reason: "Which policy governs must not depend on whose request reaches a shared cache first.",
			Steps: []Step{
				reads(withCredentials(fetch("GET", OriginA, "/cacheable"))),
				reads(fetch("GET", OriginEvil, "/cacheable")),
				refuses(withCredentials(fetch("GET", OriginEvil, "/cacheable"))),
			},
		},
	)
}

func routesByPath() []Case {
	return of("R2", Case{
		ID: "paths", Choice: true, Setup: routed(),
		Reason: "The first route that matches the path selects the policies.",
		Steps: []Step{
			reads(fetch("GET", OriginEvil, "/public/any")),
			refuses(fetch("GET", OriginEvil, "/any")),
			refuses(withCredentials(fetch("GET", OriginA, "/public/any"))),
			reads(withCredentials(fetch("GET", OriginA, "/any"))),
			refuses(fetch("PUT", OriginB, "/team/any")),
			reads(fetch("PUT", OriginB, "/any")),
			reads(fetch("PUT", OriginA, "/team/any")),
		},
	})
}

// readingsOfPaths are paths that belong to one route as sent, and to another once
// they are decoded or cleaned.
func readingsOfPaths() []Case {
	exact := Setup{Routes: []core.Route{
		{Path: "/any", Policies: []core.Policy{ownPolicy()}}, {Path: "/", Policies: []core.Policy{publicPolicy()}},
	}}
	partners := core.Policy{Name: "public", AllowOrigins: []string{OriginB}, RejectDisallowed: true}
	owners := with(ownPolicy(), func(p *core.Policy) { p.RejectDisallowed = true })
	strict := Setup{Routes: []core.Route{
		{Path: "/public/", Policies: []core.Policy{partners}}, {Path: "/", Policies: []core.Policy{owners}},
	}}
	rejected := func() *Answer { return &Answer{Status: []int{403}, Runs: RunsNever} }
	return of("R2",
		Case{
			ID: "readings", Source: "CVE-2024-6839, CVE-2024-6844", Choice: true, Setup: routed(),
			Reason: "If a decoded path belongs to another route than the path as sent, neither route's policies apply.",
			Steps: []Step{
				refuses(fetch("GET", OriginEvil, "/public/..%2Fany")),
				refuses(withCredentials(fetch("GET", OriginA, "/public/..%2Fany"))),
				refuses(fetch("PUT", OriginB, "/team%2Fany")),
				refuses(fetch("GET", OriginEvil, "/public%2F..%2Fany")),
				reads(fetch("GET", OriginEvil, "/public/any")),
				reads(fetch("PUT", OriginB, "/any")),
			},
		},
		Case{
			ID: "readings-exact", Source: "CVE-2024-6839", Choice: true, Setup: exact,
			Reason: "Cleaning a path may also remove the slash at its end, and then lead to another route.",
			Steps: []Step{
				refuses(fetch("GET", OriginEvil, "/any")),
				refuses(fetch("GET", OriginEvil, "/any/x%2F..")),
				refuses(fetch("GET", OriginEvil, "/x/..%2Fany%2F.")),
				{Send: send("GET", "/.//any/", "Origin", OriginEvil), Answer: &Answer{Absent: []string{acao}}},
				{Send: send("GET", "/any/./", "Origin", OriginEvil), Answer: &Answer{Absent: []string{acao}}},
				reads(fetch("GET", OriginEvil, "/public/any")),
			},
		},
		Case{
			ID: "readings-reject", Source: "CVE-2024-6839", Choice: true, Setup: strict,
			Reason: "No spelling of a path bypasses routes that reject.",
			Steps: []Step{
				{Send: send("GET", "/any", "Origin", OriginEvil), Answer: rejected()},
				{Send: send("GET", "/public/..%2Fany", "Origin", OriginEvil), Answer: rejected()},
				{Send: send("GET", "/public/..%2Fany", "Origin", OriginA), Answer: rejected()},
			},
		},
		Case{
			// Not as fetches: WebKit undoes such escapes before it sends them.
			ID: "readings-unreserved", Source: "CVE-2024-6844", Choice: true, Setup: routed(),
			Reason: "A letter that is escaped needlessly must not lead to a looser route.",
			Steps: []Step{
				{Send: send("GET", "/%70ublic/any", "Origin", OriginEvil), Answer: &Answer{Absent: []string{acao}}},
				{Send: send("GET", "/%70ublic/any", "Origin", OriginA), Answer: &Answer{Absent: []string{acao, acac}}},
				{Send: preflight(OriginB, "PUT", "/%74eam/any"), Answer: &Answer{Absent: []string{acao}}},
			},
		},
	)
}

func routesByHost() []Case {
	get := func(host, origin string, want *Answer) Step {
		return Step{Send: send("GET", "/any", "Host", host, "Origin", origin), Answer: want}
	}
	refused := func() *Answer { return &Answer{Absent: []string{acao}} }
	return of("R2", Case{
		ID: "host", Choice: true,
		Setup: Setup{Routes: []core.Route{
			{Host: "api.example.com", Policies: []core.Policy{ownPolicy()}}, {Policies: []core.Policy{publicPolicy()}},
		}},
		Reason: "A route with a host applies to that host on every port, in any case and with a trailing dot, and to no other host.",
		Steps: []Step{
			get("api.example.com", OriginEvil, refused()),
			get("api.example.com:8443", OriginEvil, refused()),
			get("API.example.com.:8443", OriginEvil, refused()),
			get("api.example.com:8443", OriginA, &Answer{Exact: header(acao, OriginA, acac, "true")}),
			get("other.example.com:8443", OriginEvil, &Answer{Exact: header(acao, "*")}),
		},
	})
}

func furtherPatterns() []Case {
	matches := func(id, reason, pattern string, allowed, refused []string) Case {
		c := Case{ID: id, Choice: true, Reason: reason, Setup: setup(origins(pattern))}
		for _, origin := range allowed {
			c.Steps = append(c.Steps, reads(fetch("GET", origin, "/any")))
		}
		for _, origin := range refused {
			c.Steps = append(c.Steps, hostile(origin))
		}
		return c
	}
	const inLabel = "A wildcard inside a label never crosses a dot."
	return of("R3",
		matches("in-label", inLabel, "https://pr-*.a.example",
			[]string{"https://pr-1.a.example", "https://pr-feature_x-2.a.example"},
			[]string{"https://pr-.a.example", "https://pr.a.example", "https://pr-1.x.a.example", "https://pr-1.evil.test/.a.example",
				"https://pr-1.evil.test", "https://x.pr-1.a.example", "https://pr-A.a.example"}),
		matches("in-label-end", inLabel, "https://*-team.a.example",
			[]string{"https://x-team.a.example", "https://x-1-team.a.example"},
			[]string{"https://-team.a.example", "https://team.a.example", "https://x.y-team.a.example",
				"https://x-team.a.example.evil.test", "https://x-teamx.a.example"}),
		matches("ports", "A range of ports includes both ends and nothing beyond them.", "http://localhost:3000-3999",
			[]string{"http://localhost:3000", "http://localhost:3500", "http://localhost:3999"},
			[]string{"http://localhost", "http://localhost:2999", "http://localhost:4000", "http://localhost:03000",
				"http://localhost:30000", "http://localhost:3000-3999", "https://localhost:3000"}),
		matches("loopback", "@loopback matches this machine under each of its names, and no other.", "@loopback",
			[]string{"http://localhost", "https://localhost:8443", "http://127.0.0.1:3000", "http://[::1]:3000", "https://[::1]"},
			[]string{"http://127.0.0.2", "http://localhost.evil.test", "http://127.0.0.1.evil.test", "http://x.localhost", "http://[::2]",
				"ftp://localhost", "http://[::1].evil.test", "http://[::1]evil.test", "http://[::1]@evil.test",
				"http://[::1]:80.evil.test"}),
	)
}
