package conformance

import (
	"slices"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// handlersAndProtocols returns the cases of handlers, other middleware and
// versions of HTTP.
func handlersAndProtocols() []Case {
	return slices.Concat(
		handlerErrors(), appliedTwice(), upstreams(), keptVary(), routers(), webSockets(), serverSentEvents(),
		httpVersions(), asterisk(),
	)
}

// allowedWith is the answer to an allowed origin.
func allowedWith(status int) *Answer {
	return &Answer{Status: []int{status}, Runs: RunsOnce, Exact: header(acao, OriginA), Vary: []string{"Origin"}}
}

func handlerErrors() []Case {
	refusedWith500 := func() *Answer {
		return &Answer{Status: []int{500}, Absent: []string{acao}, Vary: []string{"Origin"}}
	}
	return slices.Concat(of("X1", Case{
		Setup:  Setup{Policies: []core.Policy{policyTwo()}, RecoverOutside: true},
		Reason: "Scripts must be able to read the 500 that a recovery outside the middleware sends after a panic.",
		Steps: []Step{
			{Send: send("GET", "/panic", "Origin", OriginA), Fetch: fetch("GET", OriginA, "/panic"), Verdict: Allowed,
				Answer: allowedWith(500)},
			{Send: send("GET", "/panic", "Origin", OriginEvil), Answer: refusedWith500()},
			{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed,
				Answer: &Answer{Exact: header(acao, OriginA), Vary: []string{"Origin"}}},
		},
	}), of("X2", Case{
		Setup:  two(),
		Reason: "Handlers use these helpers to report errors, and scripts must be able to read the response.",
		Steps: []Step{
			{Send: send("GET", "/plain-error", "Origin", OriginA), Fetch: fetch("GET", OriginA, "/plain-error"), Verdict: Allowed,
				Answer: allowedWith(500)},
			{Send: send("GET", "/plain-error", "Origin", OriginEvil), Answer: refusedWith500()},
		},
	}))
}

func appliedTwice() []Case {
	const reason = "A middleware that is applied twice by mistake must work as if applied once: browsers reject two lines."
	granted := func() browsermodel.Fields { return header(acao, OriginA, acac, "true") }
	return of("X3",
		Case{
			ID: "same", Setup: Setup{Policies: []core.Policy{policyCred()}, Twice: true}, Reason: reason,
			Steps: []Step{
				{Fetch: withCredentials(fetch("GET", OriginA, "/any")), Verdict: Allowed,
					Answer: &Answer{Runs: RunsOnce, Exact: granted(), Vary: []string{"Origin"}}},
				{Fetch: withCredentials(fetch("PUT", OriginA, "/any", "x-a", "1")), Verdict: Allowed, Preflights: count(1),
					Preflight: &Answer{Runs: RunsNever, Exact: granted()}, Answer: &Answer{Runs: RunsOnce}},
				{Fetch: fetch("GET", OriginEvil, "/any"), Verdict: Refused, Answer: &Answer{Runs: RunsOnce, NoCORS: true}},
			},
		},
		Case{
			ID: "any", Setup: Setup{Policies: []core.Policy{policyAny()}, Twice: true}, Reason: reason,
			Steps: []Step{{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed,
				Answer: &Answer{Runs: RunsOnce, Exact: header(acao, "*")}}},
		},
	)
}

func upstreams() []Case {
	return of("X4", Case{
		Choice: true, Setup: setup(policyCred()),
		Reason: "A proxy adds the headers of its upstream to its own; a helper of the library removes those of CORS.",
		Steps: []Step{
			{Fetch: withCredentials(fetch("GET", OriginA, "/proxied")), Verdict: Allowed,
				Readable: []string{"X-E"}, Hidden: []string{"X-Upstream"},
				Answer: &Answer{Status: []int{200}, Runs: RunsOnce,
					Exact: header(acao, OriginA, acac, "true"), Vary: []string{"Origin", "Accept-Encoding"}}},
			{Fetch: withCredentials(fetch("GET", OriginEvil, "/proxied")), Verdict: Refused, Answer: &Answer{NoCORS: true}},
		},
	})
}

func keptVary() []Case {
	keepVary := Setup{Policies: []core.Policy{policyTwo()}, KeepVary: true}
	both := []string{"Origin", "Accept-Language"}
	return of("X5",
		Case{
			ID: "set", Choice: true, Setup: keepVary,
			Reason: "An option keeps Origin in Vary if a handler overwrites Vary.",
			Steps: []Step{
				{Fetch: fetch("GET", OriginA, "/set-vary"), Verdict: Allowed,
					Answer: &Answer{Runs: RunsOnce, Exact: header(acao, OriginA), Vary: both}},
				{Send: send("GET", "/set-vary", "Origin", OriginEvil), Answer: &Answer{Vary: both}},
				{Send: send("GET", "/set-vary"), Answer: &Answer{Vary: both}},
			},
		},
		Case{
			ID: "timeout", Source: "net/http.TimeoutHandler", Choice: true, Setup: keepVary,
			Reason: "http.TimeoutHandler replaces the headers with those of its handler; the option keeps Origin in Vary.",
			Steps: []Step{{Fetch: fetch("GET", OriginA, "/timeout-vary"), Verdict: Allowed,
				Answer: &Answer{Runs: RunsOnce, Exact: header(acao, OriginA), Vary: both}}},
		},
		Case{
			ID: "flush", Source: "net/http.Flusher", Choice: true, Setup: keepVary,
			Reason: "The writer that keeps Vary must still be able to flush.",
			Steps:  []Step{streamed()},
		},
		Case{
			ID: "hijack", Source: "net/http.Hijacker", Choice: true, Setup: keepVary,
			Reason: "The writer that keeps Vary must still be able to hand over the connection.",
			Steps:  []Step{upgraded(OriginA)},
		},
	)
}

func routers() []Case {
	answered := func() *Answer { return &Answer{Status: []int{2}, Runs: RunsNever} }
	ran := func() *Answer { return &Answer{Status: []int{200}, Runs: RunsOnce} }
	allowed := answered()
	allowed.Exact = header(acao, OriginA)
	return slices.Concat(of("X6", Case{
		Setup:  two(),
		Reason: "The router would refuse OPTIONS, so the middleware around it must answer preflights.",
		Steps: []Step{
			{Fetch: fetch("PUT", OriginA, "/put"), Verdict: Allowed, Preflight: answered(), Answer: ran()},
			{Fetch: fetch("GET", OriginA, "/get", "x-a", "1"), Verdict: Allowed, Preflight: answered(), Answer: ran()},
			{Fetch: fetch("POST", OriginA, "/post", "x-a", "1"), Verdict: Allowed, Preflight: answered(), Answer: ran()},
		},
	}), of("X7", Case{
		Setup:  Setup{Policies: []core.Policy{policyTwo()}, Group: "/api"},
		Reason: "The group has no OPTIONS routes, so only the middleware can answer preflights.",
		Steps: []Step{
			{Fetch: fetch("PUT", OriginA, "/api/put"), Verdict: Allowed, Preflight: allowed, Answer: allowedWith(200)},
			{Fetch: fetch("GET", OriginA, "/api/get", "x-a", "1"), Verdict: Allowed, Preflight: answered(), Answer: allowedWith(200)},
			refuses(fetch("PUT", OriginEvil, "/api/put")),
		},
	}))
}

func webSockets() []Case {
	return of("X8", Case{
		Setup:  two(),
		Reason: "CORS does not apply to WebSockets: the handshake passes, and the handler takes over the connection.",
		Steps:  []Step{upgraded(OriginEvil), upgraded(OriginA)},
	})
}

// upgraded is a WebSocket handshake.
func upgraded(origin string) Step {
	return Step{
		Send: send("GET", "/upgrade", "Origin", origin, "Connection", "Upgrade", "Upgrade", "websocket",
			"Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
		Stream: StreamUpgrade,
		Answer: &Answer{Status: []int{101}, Runs: RunsOnce, Body: "ping\n",
			Exact: header("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")},
	}
}

func serverSentEvents() []Case {
	return of("X9", Case{
		Setup:  two(),
		Reason: "Scripts receive events as they are sent, and may read them from the first one on.",
		Steps:  []Step{streamed()},
	})
}

// streamed waits for one event before the handler sends the next.
func streamed() Step {
	return Step{
		Send: send("GET", "/events", "Origin", OriginA), Fetch: fetch("GET", OriginA, "/events"), Verdict: Allowed, Stream: StreamEvents,
		Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Body: "data: 1\n\ndata: 2\n\n",
			Exact: header(acao, OriginA), Vary: []string{"Origin"}},
	}
}

func httpVersions() []Case {
	var cases []Case
	for name, protocol := range map[string]Protocol{"http1": HTTP1, "h2c": H2C, "h2": H2} {
		agree := func(what string, p core.Policy, steps ...Step) {
			cases = append(cases, Case{
				ID: name + "-" + what, Setup: Setup{Policies: []core.Policy{p}, Protocol: protocol}, Steps: steps,
				Reason: "CORS depends on header fields, not on how they travel.",
			})
		}
		agree("two", policyTwo(), sampleOfEverything()...)
		agree("any", policyAny(),
			reads(fetch("GET", OriginEvil, "/any")),
			Step{Send: send("GET", "/any"), Answer: &Answer{Runs: RunsOnce}},
		)
		agree("credentials", allHeaders(true),
			reads(withCredentials(fetch("PUT", OriginA, "/any", "anything", "1"))),
			refuses(withCredentials(fetch("GET", OriginEvil, "/any"))),
		)
		if protocol != HTTP1 {
			agree("events", policyTwo(), streamed())
		}
	}
	return of("X10", cases...)
}

// sampleOfEverything returns a step of each kind, for policyTwo.
func sampleOfEverything() []Step {
	return []Step{
		{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Readable: []string{"X-E"},
			Answer: &Answer{Runs: RunsOnce, Exact: header(acao, OriginA), Vary: []string{"Origin"}}},
		{Fetch: fetch("GET", OriginEvil, "/any"), Verdict: Refused,
			Answer: &Answer{Runs: RunsOnce, NoCORS: true, Vary: []string{"Origin"}}},
		{Fetch: fetch("PUT", OriginA, "/any", "x-a", "1"), Verdict: Allowed,
			Preflight: &Answer{Status: []int{2}, Runs: RunsNever, Empty: true, Exact: header(acao, OriginA, acma, "600")},
			Answer:    &Answer{Runs: RunsOnce}},
		refuses(fetch("PATCH", OriginB, "/any")),
		refuses(fetch("PUT", OriginB, "/any", "x-z", "1")),
		refuses(fetch("PUT", OriginEvil, "/any")),
		{Send: send("GET", "/any"),
			Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Absent: []string{acao}, Vary: []string{"Origin"}}},
		{Send: send("OPTIONS", "/echo", "Origin", OriginA),
			Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Exact: header(acao, OriginA)}},
		{Send: send("GET", "/gone", "Origin", OriginA), Answer: allowedWith(404)},
		{Send: preflight(OriginA, "PUT", "/any", acrh, "x-a", acrh, "x-b"),
			Fetch: fetch("PUT", OriginA, "/any", "x-a", "1", "x-b", "1"), Verdict: Allowed},
	}
}

func asterisk() []Case {
	server := func() *Answer { return &Answer{Status: []int{200}, Runs: RunsNever, NoCORS: true} }
	return of("X11", Case{
		Setup:  Setup{Policies: []core.Policy{policyTwo()}, AsteriskTarget: true},
		Reason: "OPTIONS * asks about the server, not about a resource.",
		Steps: []Step{
			{Send: send("OPTIONS", "*"), Answer: server()},
			{Send: send("OPTIONS", "*", "Origin", OriginA, acrm, "PUT"), Answer: server()},
		},
	})
}
