package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// isOurs reports whether an answer to a preflight looks like corskit's. Its Vary names
// Origin and Access-Control-Request-Method, in this order, and omits
// Access-Control-Request-Headers, because the answer lists all headers. Other
// libraries name all three, or none. A policy that echoes headers is not recognized.
func isOurs(preflight *browsermodel.Response) bool {
	if preflight == nil {
		return false
	}
	var names []string
	for _, line := range preflight.Header.Values("Vary") {
		for name := range strings.SplitSeq(line, ",") {
			name = strings.TrimSpace(name)
			if name == "Origin" || strings.HasPrefix(name, "Access-Control-Request-") {
				names = append(names, name)
			}
		}
	}
	const method, private = "Access-Control-Request-Method", "Access-Control-Request-Private-Network"
	names = slices.DeleteFunc(names, func(name string) bool { return name == private })
	return slices.Equal(names, []string{"Origin", method}) || slices.Equal(names, []string{method}) // any origin
}

// field names a field of a policy, and its key in a file.
func field(name string) string { return name + " (" + config.KeyOf(name) + " in a file)" }

// policyRemedy returns a fix for a server that uses corskit and refused a fetch. It
// returns "" if a policy is not the cause. preflight is the answer to a preflight of
// the same origin.
func policyRemedy(v browsermodel.Verdict, f browsermodel.Fetch, preflight *browsermodel.Response) string {
	last := v.Exchanges[len(v.Exchanges)-1]
	origin, _ := last.Request.Header.Get("Origin")
	switch v.Code {
	case browsermodel.CodeAllowOriginMissing:
		granted := f
		granted.Credentials = false
		if !v.AtPreflight && browsermodel.CheckCORS(granted, *preflight).OK {
			return "the policy allows the origin: the response with status " + statusText(last.Response.Status) +
				" comes from outside the middleware, or a handler removes its headers"
		}
		return addOrigin(origin, f.Credentials)
	case browsermodel.CodeAllowOriginWildcard:
		return "fetch without credentials, or add a policy that lists the origin in " + field("AllowOrigins") + " and sets " +
			field("AllowCredentials")
	case browsermodel.CodeAllowCredentials:
		return "set " + field("AllowCredentials") + ", or fetch without credentials"
	case browsermodel.CodeMethodNotAllowed:
		return "add " + quotedList(requestedMethod(last)) + " to " + field("AllowMethods")
	case browsermodel.CodeAuthorizationListed:
		return `add "authorization", next to "*", to ` + field("AllowHeaders")
	case browsermodel.CodeHeaderNotAllowed:
		return "add " + quotedList(refusedNames(last, f.Credentials)...) + " to " + field("AllowHeaders")
	}
	return ""
}

// addOrigin says how to list an origin, in a way that core accepts.
func addOrigin(origin string, credentials bool) string {
	refusal := func(credentials bool) *core.PolicyError {
		var fault *core.PolicyError
		_, err := core.New(core.Policy{AllowOrigins: []string{origin}, AllowCredentials: credentials})
		_ = errors.As(err, &fault)
		return fault
	}
	add := "add " + quotedList(safe(origin)) + " to " + field("AllowOrigins")
	if fault := refusal(credentials); fault != nil {
		return "a policy refuses this origin: " + fault.Suggestion
	} else if !credentials && refusal(true) != nil {
		add += " of a policy without " + field("AllowCredentials")
	}
	return add
}

func quotedList(values ...string) string { return `"` + strings.Join(values, `", "`) + `"` }
