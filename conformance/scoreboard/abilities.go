package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core"
)

// ability is something that a policy may need and a library may lack.
type ability string

// The abilities.
const (
	noOrigins  ability = "a policy without origins"
	anyOrigin  ability = `the origin "*"`
	nullOrigin ability = `the origin "null"`
	subdomains ability = "patterns for subdomains"
	partLabels ability = "wildcards within a label"
	anyPorts   ability = "patterns for ports"
	portRanges ability = "patterns for ranges of ports"
	regexps    ability = "regular expressions for origins"
	loopback   ability = "a pattern for loopback origins"
	schemes    ability = "schemes other than http and https"
	originFunc ability = "a function for origins as well as a list"
	starMeths  ability = "all methods, without credentials"
	anyMethods ability = "all methods, with credentials"
	starHeads  ability = "all headers, without credentials"
	anyHeaders ability = "all headers, with credentials"
	noCache    ability = "Access-Control-Max-Age: 0"
	private    ability = "private network access"
	reject     ability = "rejecting requests of disallowed origins"
	keepVary   ability = "restoring a Vary that a handler has overwritten"
	perRoute   ability = "policies per route in one middleware"
	several    ability = "several policies, chosen by the origin"
)

// policyFor returns the policy of a setup, or an error if a library with these
// abilities cannot express the setup.
func policyFor(s conformance.Setup, abilities []ability) (core.Policy, error) {
	for _, a := range asks(s) {
		if !slices.Contains(abilities, a) {
			return core.Policy{}, fmt.Errorf("%w: it has no way to express %s", conformance.ErrUnsupported, a)
		}
	}
	return s.Policies[0], nil
}

// asks returns the abilities that a setup needs, apart from lists of exact values.
func asks(s conformance.Setup) []ability {
	var all []ability
	add := func(a ability, asked bool) {
		if asked {
			all = append(all, a)
		}
	}
	add(perRoute, len(s.Routes) > 0)
	add(several, len(s.Policies) > 1)
	add(keepVary, s.KeepVary)
	if len(all) > 0 {
		return all
	}
	p := s.Policies[0]
	for _, o := range p.AllowOrigins {
		scheme, rest, _ := strings.Cut(o, "://")
		isRegexp := strings.HasPrefix(o, "regexp:")
		host, port, _ := strings.Cut(rest, ":")
		add(anyOrigin, o == "*")
		add(nullOrigin, o == "null")
		add(loopback, o == "@loopback")
		add(regexps, isRegexp)
		if isRegexp || rest == "" {
			continue
		}
		add(schemes, scheme != "http" && scheme != "https")
		add(anyPorts, port == "*")
		add(portRanges, strings.Contains(port, "-"))
		add(subdomains, strings.HasPrefix(host, "*."))
		add(partLabels, strings.Contains(strings.TrimPrefix(host, "*."), "*"))
	}
	add(noOrigins, len(p.AllowOrigins) == 0)
	add(originFunc, p.AllowOriginFunc != nil)
	add(starMeths, slices.Contains(p.AllowMethods, "*") && !p.AllowCredentials)
	add(anyMethods, slices.Contains(p.AllowMethods, "*") && p.AllowCredentials)
	add(starHeads, slices.Contains(p.AllowHeaders, "*") && !p.AllowCredentials)
	add(anyHeaders, slices.Contains(p.AllowHeaders, "*") && p.AllowCredentials)
	add(noCache, p.MaxAge == core.NoPreflightCache)
	add(private, p.AllowPrivateNetwork)
	add(reject, p.RejectDisallowed)
	return all
}

// build calls a library's constructor, and treats a panic as a refusal of the policy.
// If the library refuses a policy that corskit accepts, that is not a fault: the
// library cannot express the case.
func build[T any](s conformance.Setup, construct func() (T, error)) (built T, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("it panics: %v", reason)
		}
		if err == nil {
			return
		}
		if _, illegal := s.Engine(); illegal == nil {
			err = fmt.Errorf("%w: it refuses the policy", conformance.ErrUnsupported)
		}
	}()
	return construct()
}
