package conformance

import (
	"slices"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// credentialsAndWildcards returns the cases of policies that allow credentials.
func credentialsAndWildcards() []Case {
	return slices.Concat(everyOriginWithCredentials(), wildcardsWithCredentials(), insecureOrigins(), publicSuffixes(),
		nullWithCredentials())
}

const stranger = "Anyone's page could act with the user's credentials."

// optedIn is the reason of cases in which a flag of the policy permits what is otherwise
// an error.
const optedIn = "An explicit opt-in permits it."

// credentials is the setup of a policy with credentials, changed by the functions.
func credentials(patterns []string, changes ...func(*core.Policy)) Setup {
	p := core.Policy{AllowOrigins: patterns, AllowCredentials: true}
	for _, change := range changes {
		change(&p)
	}
	return setup(p)
}

func credentialed(method, origin string, header ...string) *browsermodel.Fetch {
	return withCredentials(fetch(method, origin, "/any", header...))
}

func everyOriginWithCredentials() []Case {
	return slices.Concat(of("C1",
		refused("error", stranger, credentials([]string{"*"})),
		refused("listed", stranger, credentials([]string{OriginA, "*"})),
		Case{
			ID: "behaviour", Setup: credentials([]string{"*"}), Refusal: MayRefuse,
			Reason: "Even if a library accepts * with credentials, it must not give a stranger the user's data.",
			Steps:  []Step{refuses(credentialed("GET", OriginEvil)), refuses(credentialed("PUT", "null"))},
		},
	), of("C3",
		refused("", "With credentials, * exposes only a header with that name.",
			setup(with(policyCred(), func(p *core.Policy) { p.ExposeHeaders = []string{"*"} }))),
	))
}

func wildcardsWithCredentials() []Case {
	const reason = "With credentials, * is not a wildcard in any header."
	noWildcard := func(requests ...*browsermodel.Request) []Step {
		var steps []Step
		for _, r := range requests {
			steps = append(steps, Step{Send: r, Answer: &Answer{NoWildcard: true}})
		}
		return steps
	}
	andAuthorization := with(allHeaders(true), func(p *core.Policy) { p.AllowHeaders = []string{"*", "authorization"} })
	return of("C2",
		Case{ID: "lists", Setup: setup(policyCred()), Reason: reason, Steps: noWildcard(
			send("GET", "/any", "Origin", OriginA),
			send("GET", "/any", "Origin", OriginEvil),
			send("GET", "/any"),
			preflight(OriginA, "PUT", "/any", acrh, "x-a"),
			preflight(OriginA, "*", "/any", acrh, "*"),
			send("GET", "/any", "Origin", "*"),
		)},
		Case{ID: "all-headers", Setup: setup(allHeaders(true)), Reason: reason, Steps: noWildcard(
			preflight(OriginA, "PUT", "/any", acrh, "x-a"),
			preflight(OriginA, "PUT", "/any"),
			send("GET", "/any", "Origin", OriginA),
		)},
		Case{
			ID: "authorization-beside-all", Setup: setup(andAuthorization),
			Reason: "With credentials, * is not a wildcard in any header, even if names are listed together with it.",
			Steps: append(noWildcard(preflight(OriginA, "PUT", "/any", acrh, "authorization,x-a")),
				reads(credentialed("PUT", OriginA, "Authorization", "Bearer t", "x-a", "1"))),
		},
		Case{ID: "all-methods", Setup: setup(everything(true)), Reason: reason, Steps: noWildcard(
			preflight(OriginA, "PUT", "/any", acrh, "x-a"),
			preflight(OriginA, "CHICKEN", "/any"),
		)},
		Case{
			ID: "verdict", Setup: setup(policyCred()),
			Reason: "What a policy lists works with and without credentials.",
			Steps: []Step{
				reads(credentialed("GET", OriginA)),
				reads(fetch("GET", OriginA, "/any")),
				reads(credentialed("DELETE", OriginB, "x-a", "1")),
				refuses(credentialed("GET", OriginEvil)),
			},
		},
	)
}

func insecureOrigins() []Case {
	const onPath = "Anyone on the network between browser and page can use the credentials."
	insecure := func(p *core.Policy) { p.DangerouslyAllowInsecureOrigins = true }
	loopback := []string{"http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000"}
	return of("C4",
		refused("host", onPath, credentials([]string{"http://a.example"})),
		refused("subdomain", onPath, credentials([]string{"http://*.a.example"})),
		refused("look-alike", "localhost is loopback; localhost.evil.test is not.", credentials([]string{"http://localhost.evil.test"})),
		Case{
			ID: "loopback", Source: "Secure Contexts, potentially trustworthy origin", Setup: credentials(loopback),
			Reason: "Loopback traffic never crosses a network.",
			Steps: []Step{
				reads(credentialed("GET", "http://localhost:3000")),
				reads(credentialed("GET", "http://127.0.0.1:3000")),
				reads(credentialed("GET", "http://[::1]:3000")),
			},
		},
		Case{
			ID: "flagged", Source: srcCore, Choice: true, Setup: credentials([]string{"http://a.example"}, insecure),
			Reason: optedIn,
			Steps:  []Step{reads(credentialed("GET", "http://a.example")), refuses(credentialed("GET", OriginA))},
		},
		Case{
			ID: "without-credentials", Source: srcCheck, Setup: setup(origins("http://a.example")),
			Reason: "Without credentials, an http:// origin is an origin like any other.",
			Steps:  []Step{reads(fetch("GET", "http://a.example", "/any"))},
		},
	)
}

func publicSuffixes() []Case {
	suffixes := func(p *core.Policy) { p.DangerouslyAllowPublicSuffixes = true }
	return of("C5",
		refused("com", stranger, credentials([]string{"https://*.com"})),
		refused("github.io", stranger, credentials([]string{"https://*.github.io"})),
		refused("co.uk", stranger, credentials([]string{"https://*.co.uk"})),
		Case{
			ID: "flagged", Source: srcCore, Choice: true, Setup: credentials([]string{"https://*.github.io"}, suffixes),
			Reason: optedIn,
			Steps:  []Step{reads(credentialed("GET", "https://a.github.io")), refuses(credentialed("GET", "https://github.io"))},
		},
	)
}

func nullWithCredentials() []Case {
	null := func(p *core.Policy) { p.DangerouslyAllowNullOrigin = true }
	return of("C6",
		refused("null", stranger, credentials([]string{"null"})),
		refused("flagged", stranger, credentials([]string{"null"}, null)),
	)
}
