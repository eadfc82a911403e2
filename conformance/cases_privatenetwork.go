package conformance

import (
	"slices"

	"github.com/corskit/corskit/core"
)

// privateNetworks returns the cases of Private Network Access, a legacy draft.
func privateNetworks() []Case {
	optIn := setup(with(policyTwo(), func(p *core.Policy) { p.AllowPrivateNetwork = true }))
	absent := func() *Answer { return &Answer{Absent: []string{acpn}} }
	return slices.Concat(of("L1", Case{
		Setup:  two(),
		Reason: "By default, access to private networks is not allowed.",
		Steps: []Step{
			{Send: preflight(OriginA, "PUT", "/any"), Fetch: fetch("PUT", OriginA, "/any"), Verdict: Allowed, Answer: absent()},
			{Send: preflight(OriginA, "PUT", "/any", arpn, "true"), Fetch: fetch("PUT", OriginA, "/any"), Verdict: Allowed,
				Answer: absent()},
		},
	}), of("L2", Case{
		Choice: true, Setup: optIn,
		Reason: "A policy may allow it to its origins.",
		Steps: []Step{{Send: preflight(OriginA, "PUT", "/any", arpn, "true"), Fetch: fetch("PUT", OriginA, "/any"), Verdict: Allowed,
			Answer: &Answer{Exact: header(acpn, "true"), Vary: []string{arpn}}}},
	}), of("L3", Case{
		Choice: true, Setup: optIn,
		Reason: "It is allowed only if the request asks for it, and only on preflights.",
		Steps: []Step{
			{Send: preflight(OriginA, "PUT", "/any"), Answer: absent()},
			{Send: preflight(OriginA, "PUT", "/any", arpn, "false"), Answer: absent()},
			{Send: preflight(OriginA, "PUT", "/any", arpn, "TRUE"), Answer: absent()},
			{Send: preflight(OriginA, "PUT", "/any", arpn, ""), Answer: absent()},
			{Send: send("GET", "/any", "Origin", OriginA, arpn, "true"), Answer: absent()},
		},
	}), of("L4", Case{
		Choice: true, Setup: optIn,
		Reason: "An origin that is not allowed must not get it.",
		Steps:  []Step{{Send: preflight(OriginEvil, "PUT", "/any", arpn, "true"), Answer: &Answer{NoCORS: true}}},
	}))
}
