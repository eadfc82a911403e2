package main

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// lookAlike is an origin that a correctly configured server refuses, unless it allows every
// origin.
type lookAlike struct {
	flaw
	origin string
}

// flaw is the mistake that makes a server allow a look-alike.
type flaw struct {
	code, text, fix string
	// A mild flaw is an error only with credentials, and a warning without.
	mild bool
}

const compareWhole = "compare the whole origin; anchor expressions, and escape their dots"

var (
	reflectsAny = flaw{"reflects-any-origin", "an origin that cannot exist is allowed, so any site can probably read the responses",
		"compare Origin with a list of allowed origins", false}
	allowsNull = flaw{"allows-null", `the origin "null" is allowed, which any site can send from a sandboxed frame`,
		`remove "null" from the list`, true}
	matchesPrefix = flaw{"matches-prefix", "an origin that begins like the allowed one is allowed too", compareWhole, false}
	matchesSuffix = flaw{"matches-suffix", "an origin that ends like the allowed one is allowed too", compareWhole, false}
	unescapedDot  = flaw{"unescaped-dot", "a dot of the allowed origin matches any character", compareWhole, false}
	allowsHTTP    = flaw{"allows-http", "the http:// origin of the same host is allowed: anyone on the network can impersonate it",
		"allow https:// only", true}
)

// strangerHost is a host that cannot exist (RFC 2606). [core.IsProbe] knows it.
const strangerHost = "corskit-probe.invalid"

// lookAlikes returns origins that an attacker could own and that a careless comparison treats
// as the allowed one. It omits other hosts of the same registrable domain, because a wildcard
// may allow them on purpose.
func lookAlikes(origin string) []lookAlike {
	list := []lookAlike{{reflectsAny, "https://" + strangerHost}, {allowsNull, "null"}}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return list
	}
	add := func(f flaw, host string) { list = append(list, lookAlike{f, u.Scheme + "://" + host}) }
	host := u.Hostname()
	port := strings.TrimPrefix(u.Host, bracketed(host))
	_, err = netip.ParseAddr(host)
	isIP := err == nil
	if isIP && strings.Contains(host, ":") {
		return list
	}
	add(matchesPrefix, host+"."+strangerHost)
	if port != "" { // a comparison may ignore the port, or compare it at the end
		add(matchesPrefix, host+"."+strangerHost+port)
	}
	if isIP {
		return list
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		add(matchesSuffix, "corskit-probe"+domain+port)
		if domain != host {
			// Joining two labels makes another registrable domain.
			add(unescapedDot, strings.TrimSuffix(host, "."+domain)+"x"+domain+port)
		}
	}
	if u.Scheme == "https" && !isLoopback(host) && !strings.HasSuffix(host, ".localhost") {
		list = append(list, lookAlike{allowsHTTP, "http://" + u.Host})
	}
	return list
}

func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// judgeLookAlike judges the answer to a look-alike as the browser of its page
// would. It reports whether the server allows the look-alike other than with *.
func (s *suspect) judgeLookAlike(l lookAlike, a answer) bool {
	severity, how := "error", ""
	switch {
	case s.reads(l, a.actual, true):
		how = ", with credentials"
	case s.sends(a, true):
		how = ", with credentials, as the preflight for " + safe(a.asks.Method) + " shows"
	case s.reads(l, a.actual, false):
		if l.mild {
			severity = "warning"
		}
	case s.sends(a, false):
		how = ", as the preflight for " + safe(a.asks.Method) + " shows"
		if l.mild {
			severity = "warning"
		}
	case s.reads(l, a.preflight, false):
		severity, how = "warning", ", but the preflight for "+safe(a.asks.Method)+" does not permit the request"
	default:
		return false
	}
	s.add(finding{Severity: severity, Code: l.code, Origin: l.origin, Text: l.text + how + ": Origin " + safe(l.origin), Fix: l.fix})
	return true
}

// reads reports whether a page of the look-alike may read a response, because the response
// names the look-alike.
func (s *suspect) reads(l lookAlike, r *browsermodel.Response, credentials bool) bool {
	if r == nil {
		return false
	}
	f := browsermodel.Fetch{Origin: l.origin, URL: s.fetch.URL, Credentials: credentials}
	value, _ := r.Header.Get("Access-Control-Allow-Origin")
	return value != "*" && browsermodel.CheckCORS(f, *r).OK
}

// sends reports whether a page of the look-alike may send what its preflight asked
// for, because the answer names the look-alike.
func (s *suspect) sends(a answer, credentials bool) bool {
	if a.preflight == nil {
		return false
	}
	f := a.asks
	f.Credentials = credentials
	value, _ := a.preflight.Header.Get("Access-Control-Allow-Origin")
	_, finding := browsermodel.CheckPreflight(browsermodel.Spec(), f, *a.preflight)
	return value != "*" && finding.OK
}

// foundError reports whether there is a finding with the code that is an error.
func (s *suspect) foundError(code string) bool {
	return slices.ContainsFunc(s.findings, func(have finding) bool { return have.Code == code && have.Severity == "error" })
}
