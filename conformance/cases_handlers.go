package conformance

import (
	"github.com/corskit/corskit/core"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// casesX are about handlers, other middleware and protocols.
func casesX() []Case {
	policies := []core.Policy{policyTwo()}
	kept := &Answer{Exact: browsermodel.Header(acao, OriginA), Vary: []string{"Origin"}}
	status := func(status int, runs Runs) *Answer {
		return &Answer{Status: []int{status}, Runs: runs, Exact: browsermodel.Header(acao, OriginA), Vary: []string{"Origin"}}
	}
	handshake := func(origin string) *browsermodel.Request {
		return send("GET", "/upgrade", "Origin", origin, "Connection", "Upgrade", "Upgrade", "websocket",
			"Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	}
	upgraded := func(origin string) Step {
		return Step{Send: handshake(origin), Stream: StreamUpgrade,
			Answer: &Answer{Status: []int{101}, Runs: RunsOnce, Body: "ping\n", Exact: browsermodel.Header("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")}}
	}
	streamed := Step{Send: send("GET", "/events", "Origin", OriginA), Fetch: fetch("GET", OriginA, "/events"), Verdict: Allowed, Stream: StreamEvents,
		Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Body: "data: 1\n\ndata: 2\n\n", Exact: browsermodel.Header(acao, OriginA), Vary: []string{"Origin"}}}
	keepVary := Setup{Policies: policies, KeepVary: true}
	cases := []Case{
		{
			ID: "X1", Source: srcCheck, Setup: Setup{Policies: policies, RecoverOutside: true},
			Reason: "Where the recovery is outside of the middleware, its 500 has the headers all the same.",
			Steps: []Step{
				{Send: send("GET", "/panic", "Origin", OriginA), Fetch: fetch("GET", OriginA, "/panic"), Verdict: Allowed, Answer: status(500, RunsOnce)},
				{Send: send("GET", "/panic", "Origin", OriginEvil), Answer: &Answer{Status: []int{500}, Absent: []string{acao}, Vary: []string{"Origin"}}},
				{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Answer: kept},
			},
		}, {
			ID: "X2", Source: srcCheck, Setup: two(),
			Reason: "The helpers by which handlers answer errors keep the headers.",
			Steps: []Step{
				{Send: send("GET", "/plain-error", "Origin", OriginA), Fetch: fetch("GET", OriginA, "/plain-error"), Verdict: Allowed, Answer: status(500, RunsOnce)},
				{Send: send("GET", "/plain-error", "Origin", OriginEvil), Answer: &Answer{Status: []int{500}, Absent: []string{acao}, Vary: []string{"Origin"}}},
			},
		}, {
			ID: "X3/same", Source: srcCheck, Setup: Setup{Policies: []core.Policy{policyCred()}, Twice: true},
			Reason: "Applied twice by mistake the middleware works as applied once: two lines would match nothing.",
			Steps: []Step{
				{Fetch: withCredentials(fetch("GET", OriginA, "/any")), Verdict: Allowed, Answer: &Answer{Runs: RunsOnce, Exact: browsermodel.Header(acao, OriginA, acac, "true"), Vary: []string{"Origin"}}},
				{Fetch: withCredentials(fetch("PUT", OriginA, "/any", "x-a", "1")), Verdict: Allowed, Preflights: count(1), Preflight: &Answer{Runs: RunsNever, Exact: browsermodel.Header(acao, OriginA, acac, "true")}, Answer: &Answer{Runs: RunsOnce}},
				{Fetch: fetch("GET", OriginEvil, "/any"), Verdict: Refused, Answer: &Answer{Runs: RunsOnce, NoCORS: true}},
			},
		}, {
			ID: "X3/any", Source: srcCheck, Setup: Setup{Policies: []core.Policy{policyAny()}, Twice: true},
			Reason: "Applied twice by mistake the middleware works as applied once: two lines would match nothing.",
			Steps:  []Step{{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Answer: &Answer{Runs: RunsOnce, Exact: browsermodel.Header(acao, "*")}}},
		}, {
			ID: "X4", Source: "net/http/httputil.ReverseProxy", Choice: true, Setup: setup(policyCred()),
			Reason: "A proxy adds its upstream's headers to its own: the library helps to leave out those that are CORS's.",
			Steps: []Step{
				{Fetch: withCredentials(fetch("GET", OriginA, "/proxied")), Verdict: Allowed, Readable: []string{"X-E"}, Hidden: []string{"X-Upstream"},
					Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Exact: browsermodel.Header(acao, OriginA, acac, "true"), Vary: []string{"Origin", "Accept-Encoding"}}},
				{Fetch: withCredentials(fetch("GET", OriginEvil, "/proxied")), Verdict: Refused, Answer: &Answer{NoCORS: true}},
			},
		}, {
			ID: "X5/set", Source: "RFC 9110, section 12.5.5", Choice: true, Setup: keepVary,
			Reason: "An opt-in keeps Origin in Vary when a handler overwrites it.",
			Steps: []Step{
				{Fetch: fetch("GET", OriginA, "/set-vary"), Verdict: Allowed, Answer: &Answer{Runs: RunsOnce, Exact: browsermodel.Header(acao, OriginA), Vary: []string{"Origin", "Accept-Language"}}},
				{Send: send("GET", "/set-vary", "Origin", OriginEvil), Answer: &Answer{Vary: []string{"Origin", "Accept-Language"}}},
				{Send: send("GET", "/set-vary"), Answer: &Answer{Vary: []string{"Origin", "Accept-Language"}}},
			},
		}, {
			ID: "X5/timeout", Source: "net/http.TimeoutHandler", Choice: true, Setup: keepVary,
			Reason: "http.TimeoutHandler replaces headers by those of its handler; the opt-in keeps Origin in Vary.",
			Steps:  []Step{{Fetch: fetch("GET", OriginA, "/timeout-vary"), Verdict: Allowed, Answer: &Answer{Runs: RunsOnce, Exact: browsermodel.Header(acao, OriginA), Vary: []string{"Origin", "Accept-Language"}}}},
		}, {
			ID: "X5/flush", Source: "net/http.Flusher", Choice: true, Setup: keepVary,
			Reason: "The writer that keeps Vary can still flush.",
			Steps:  []Step{streamed},
		}, {
			ID: "X5/hijack", Source: "net/http.Hijacker", Choice: true, Setup: keepVary,
			Reason: "The writer that keeps Vary can still give the connection away.",
			Steps:  []Step{upgraded(OriginA)},
		}, {
			ID: "X6", Source: "net/http.ServeMux", Setup: two(),
			Reason: "Around a router whose routes name methods the middleware answers preflights that the router would refuse.",
			Steps: []Step{
				{Fetch: fetch("PUT", OriginA, "/put"), Verdict: Allowed, Preflight: &Answer{Status: []int{2}, Runs: RunsNever}, Answer: &Answer{Status: []int{200}, Runs: RunsOnce}},
				{Fetch: fetch("GET", OriginA, "/get", "x-a", "1"), Verdict: Allowed, Preflight: &Answer{Status: []int{2}, Runs: RunsNever}, Answer: &Answer{Status: []int{200}, Runs: RunsOnce}},
				{Fetch: fetch("POST", OriginA, "/post", "x-a", "1"), Verdict: Allowed, Preflight: &Answer{Status: []int{2}, Runs: RunsNever}, Answer: &Answer{Status: []int{200}, Runs: RunsOnce}},
			},
		}, {
			ID: "X7", Source: srcPreflight, Setup: Setup{Policies: policies, Group: "/api"},
			Reason: "A group of routes none of which is for OPTIONS answers preflights.",
			Steps: []Step{
				{Fetch: fetch("PUT", OriginA, "/api/put"), Verdict: Allowed, Preflight: &Answer{Status: []int{2}, Runs: RunsNever, Exact: browsermodel.Header(acao, OriginA)}, Answer: status(200, RunsOnce)},
				{Fetch: fetch("GET", OriginA, "/api/get", "x-a", "1"), Verdict: Allowed, Preflight: &Answer{Status: []int{2}, Runs: RunsNever}, Answer: status(200, RunsOnce)},
				refuses(fetch("PUT", OriginEvil, "/api/put")),
			},
		}, {
			ID: "X8", Source: "RFC 6455, section 10.2", Setup: two(),
			Reason: "CORS does not govern WebSockets: the handshake passes, and the handler takes over the connection.",
			Steps:  []Step{upgraded(OriginEvil), upgraded(OriginA)},
		}, {
			ID: "X9", Source: "HTML, server-sent events", Setup: two(),
			Reason: "Events reach the script as they are sent, and it may read them from the first on.",
			Steps:  []Step{streamed},
		}, {
			ID: "X11", Source: "RFC 9110, section 9.3.7", Setup: Setup{Policies: policies, AsteriskTarget: true},
			Reason: "OPTIONS * asks about the server and not about a resource: net/http answers it.",
			Steps: []Step{
				{Send: send("OPTIONS", "*"), Answer: &Answer{Status: []int{200}, Runs: RunsNever, NoCORS: true}},
				{Send: send("OPTIONS", "*", "Origin", OriginA, acrm, "PUT"), Answer: &Answer{Status: []int{200}, Runs: RunsNever, NoCORS: true}},
			},
		},
	}
	for name, protocol := range map[string]Protocol{"http1": HTTP1, "h2c": H2C, "h2": H2} {
		agree := func(what string, p core.Policy, steps ...Step) {
			cases = append(cases, Case{
				ID: "X10/" + name + "-" + what, Source: "RFC 9113, section 8", Setup: Setup{Policies: []core.Policy{p}, Protocol: protocol}, Steps: steps,
				Reason: "CORS is about fields and not about how they travel: every version of HTTP gives the same verdicts.",
			})
		}
		agree("two", policyTwo(),
			Step{Fetch: fetch("GET", OriginA, "/any"), Verdict: Allowed, Readable: []string{"X-E"}, Answer: &Answer{Runs: RunsOnce, Exact: browsermodel.Header(acao, OriginA), Vary: []string{"Origin"}}},
			Step{Fetch: fetch("GET", OriginEvil, "/any"), Verdict: Refused, Answer: &Answer{Runs: RunsOnce, NoCORS: true, Vary: []string{"Origin"}}},
			Step{Fetch: fetch("PUT", OriginA, "/any", "x-a", "1"), Verdict: Allowed, Preflight: &Answer{Status: []int{2}, Runs: RunsNever, Empty: true, Exact: browsermodel.Header(acao, OriginA, acma, "600")}, Answer: &Answer{Runs: RunsOnce}},
			refuses(fetch("PATCH", OriginB, "/any")), refuses(fetch("PUT", OriginB, "/any", "x-z", "1")), refuses(fetch("PUT", OriginEvil, "/any")),
			Step{Send: send("GET", "/any"), Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Absent: []string{acao}, Vary: []string{"Origin"}}},
			Step{Send: send("OPTIONS", "/echo", "Origin", OriginA), Answer: &Answer{Status: []int{200}, Runs: RunsOnce, Exact: browsermodel.Header(acao, OriginA)}},
			Step{Send: send("GET", "/gone", "Origin", OriginA), Answer: status(404, RunsOnce)},
			Step{Send: preflight(OriginA, "PUT", "/any", acrh, "x-a", acrh, "x-b"), Fetch: fetch("PUT", OriginA, "/any", "x-a", "1", "x-b", "1"), Verdict: Allowed},
		)
		agree("any", policyAny(),
			Step{Fetch: fetch("GET", OriginEvil, "/any"), Verdict: Allowed},
			Step{Send: send("GET", "/any"), Answer: &Answer{Runs: RunsOnce}},
		)
		agree("credentials", allHeaders(true),
			reads(withCredentials(fetch("PUT", OriginA, "/any", "anything", "1"))),
			refuses(withCredentials(fetch("GET", OriginEvil, "/any"))),
		)
		if protocol != HTTP1 {
			agree("events", policyTwo(), streamed)
		}
	}
	return cases
}
