package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// costlyRequests returns the cases of requests that are meant to be expensive, or to
// affect other responses or the log.
func costlyRequests() []Case {
	return slices.Concat(attacks(), longOrigins(), answerSize(), manyOrigins(10_000), sharedMemory(), logs())
}

const mebibyte = 1 << 20

// large is a setup whose server accepts large header sections.
func large(p core.Policy) Setup {
	return Setup{Policies: []core.Policy{p}, MaxHeaderBytes: 8 * mebibyte}
}

// attackedPolicies are policies for each way of answering with header names.
func attackedPolicies() map[string]core.Policy {
	return map[string]core.Policy{"lists": policyTwo(), "star": allHeaders(false), "echo": allHeaders(true)}
}

// attacks sends large preflights between two honest ones.
func attacks() []Case {
	lines := func(value string) *browsermodel.Request {
		return preflight(OriginA, "PUT", "/any", slices.Repeat([]string{acrh, value}, 10_000)...)
	}
	commas := strings.Repeat(",", mebibyte)
	var cases []Case
	for name, p := range attackedPolicies() {
		f := fetch("PUT", OriginA, "/any", "x-a", "1")
		f.Credentials = p.AllowCredentials
		honest := Step{Send: preflight(OriginA, "PUT", "/any", acrh, "x-a"), Fetch: f, Verdict: Allowed}
		attack := func(rule, what string, requests ...*browsermodel.Request) {
			c := Case{
				ID: name, Setup: large(p), Steps: []Step{honest},
				Reason: what + " must cost no more than an honest preflight, and no part of it may come back.",
			}
			for _, request := range requests {
				c.Steps = append(c.Steps, Step{Send: request, Answer: &Answer{Runs: RunsNever, MaxGrowth: growthBound, MayDrop: true}})
			}
			c.Steps = append(c.Steps, honest)
			cases = append(cases, of(rule, c)...)
		}
		attack("D1", "A mebibyte of commas",
			preflight(OriginA, "PUT", "/any", acrh, commas), preflight(OriginA, "PUT", "/any", acrh, "x-a"+commas))
		attack("D2", "A preflight with ten thousand lines", lines("x-a"), lines(""))
		attack("D3", "A token of a mebibyte",
			preflight(OriginA, "PUT", "/any", acrh, strings.Repeat("a", mebibyte)),
			preflight(OriginA, strings.Repeat("A", mebibyte), "/any"))
	}
	return cases
}

func longOrigins() []Case {
	p := with(policyCred(), func(p *core.Policy) { p.AllowOrigins = append(p.AllowOrigins, "https://*.a.example") })
	refusedOrDropped := func(request *browsermodel.Request) Step {
		return Step{Send: request, Answer: &Answer{Absent: []string{acao, acac}, MaxGrowth: growthBound, MayDrop: true}}
	}
	var cases []Case
	for name, origin := range map[string]string{
		"host":   "https://" + strings.Repeat("a", mebibyte),
		"labels": "https://" + strings.Repeat("a.", mebibyte/2) + "a.example",
		"dots":   "https://" + strings.Repeat(".", mebibyte),
		"scheme": strings.Repeat("a", mebibyte) + "://a.example",
		"port":   "https://a.example:" + strings.Repeat("1", mebibyte),
	} {
		cases = append(cases, Case{
			ID: name, Setup: large(p),
			Reason: "No origin is a mebibyte long, so no policy need be searched for it.",
			Steps: []Step{
				reads(fetch("GET", OriginA, "/any")),
				refusedOrDropped(send("GET", "/any", "Origin", origin)),
				refusedOrDropped(preflight(origin, "PUT", "/any")),
				reads(fetch("GET", OriginA, "/any")),
			},
		})
	}
	return of("D4", cases...)
}

func answerSize() []Case {
	bounded := func(request *browsermodel.Request) Step {
		return Step{Send: request, Answer: &Answer{MaxGrowth: growthBound, MayDrop: true}}
	}
	var cases []Case
	for name, p := range attackedPolicies() {
		cases = append(cases, Case{
			ID: name, Setup: large(p),
			Reason: "If the answer grows with the request, the server sends a byte for every byte of an attacker.",
			Steps: []Step{
				{Send: preflight(OriginA, "PUT", "/any")},
				bounded(preflight(OriginA, "PUT", "/any", acrh, manyNames(50_000))),
				bounded(preflight(OriginA, "PUT", "/any", acrh, strings.Repeat("x", 100_000))),
				bounded(preflight(OriginA, strings.Repeat("X", 100_000), "/any")),
				bounded(preflight(OriginEvil+strings.Repeat("x", 100_000), "PUT", "/any")),
			},
		})
	}
	return of("D5", cases...)
}

// manyOrigins has a policy with n origins.
func manyOrigins(n int) []Case {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("https://tenant-%05d.example", i)
	}
	var steps []Step
	for _, i := range []int{0, 1, n/2 - 1, n / 2, n - 2, n - 1} {
		steps = append(steps, reads(fetch("GET", list[i], "/any")),
			hostile(list[i]+"0"), hostile(strings.TrimSuffix(list[i], "example")+"evil.test"))
	}
	steps = append(steps, hostile(fmt.Sprintf("https://tenant-%05d.example", n)),
		hostile("https://tenant-.example"), hostile("https://tenant-00000"))
	return of("D6", Case{
		Setup: setup(origins(list...)), Steps: steps,
		Reason: "Among thousands of origins, each is found and its neighbors are not.",
	})
}

// sharedMemory alternates between a handler that spoils its response headers
// and honest requests.
func sharedMemory() []Case {
	allowed := header(acao, OriginA, acac, "true", aceh, "x-e", "Vary", "Origin")
	unspoiled := []string{"mutated"}
	var steps []Step
	for range 8 {
		steps = append(steps,
			Step{Send: send("GET", "/mutate", "Origin", OriginA), Answer: &Answer{Runs: RunsOnce}},
			Step{Send: send("GET", "/any", "Origin", OriginA), Answer: &Answer{Exact: allowed, Unreflected: unspoiled}},
			Step{Send: send("GET", "/mutate", "Origin", OriginEvil)},
			Step{Send: send("GET", "/any", "Origin", OriginEvil),
				Answer: &Answer{NoCORS: true, Vary: []string{"Origin"}, Unreflected: unspoiled}},
			Step{Send: send("GET", "/mutate")},
			Step{Send: preflight(OriginB, "PUT", "/any"), Fetch: withCredentials(fetch("PUT", OriginB, "/any", "x-a", "1")),
				Verdict: Allowed, Answer: &Answer{Unreflected: unspoiled}},
		)
	}
	return of("D7", Case{
		Setup: setup(policyCred()), Copies: 4, Exclusive: true, Steps: steps,
		Reason: "What a handler does to the headers of one response must never show in another.",
	})
}

func logs() []Case {
	const marker = "corskit-conformance-marker"
	return of("D8", Case{
		Setup: two(), NotLogged: []string{marker},
		Reason: "By default, what strangers send must not be logged: it could forge entries.",
		Steps: []Step{
			{Send: send("GET", "/any", "Origin", "https://"+marker+".test")},
			{Send: send("GET", "/any", "Origin", marker+" %0a%0d\xff")},
			{Send: preflight("https://"+marker+".test", "PUT", "/any")},
			{Send: preflight(OriginA, marker, "/any", acrh, marker)},
			{Send: preflight(OriginA, "PUT "+marker, "/any", acrh, "x-"+marker+", \""+marker)},
			{Send: send("GET", "/any", "Origin", OriginA, "Origin", marker)},
		},
	})
}
