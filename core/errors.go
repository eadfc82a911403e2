package core

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
)

// Reason classifies a fault of a [Policy] or [Route]. Its values are stable.
type Reason string

// Reasons of a [PolicyError].
const (
	ReasonEmpty           Reason = "empty"            // an entry, or a list that must not be, is empty
	ReasonMissingScheme   Reason = "missing-scheme"   // example.com without https://
	ReasonMissingHost     Reason = "missing-host"     // a scheme without a host
	ReasonSyntax          Reason = "syntax"           // not an origin, pattern, token or path at all
	ReasonWhiteSpace      Reason = "white-space"      // blanks in or around an entry
	ReasonUpperCase       Reason = "upper-case"       // browsers send origins in lower case
	ReasonNonASCII        Reason = "non-ascii"        // browsers send hosts in their ASCII form (punycode)
	ReasonTrailingSlash   Reason = "trailing-slash"   // an origin has no path, not even "/"
	ReasonPath            Reason = "path"             // an origin has no path, query or fragment
	ReasonUserinfo        Reason = "userinfo"         // an origin has no user name or password
	ReasonTrailingDot     Reason = "trailing-dot"     // a host spelt with a final dot
	ReasonHost            Reason = "host"             // a host that is none, or is not in its canonical form
	ReasonIPv4            Reason = "ipv4"             // an IPv4 address not in its canonical form
	ReasonIPv6            Reason = "ipv6"             // an IPv6 address not in its canonical form
	ReasonPort            Reason = "port"             // a port or range that is none
	ReasonDefaultPort     Reason = "default-port"     // browsers leave a scheme's default port out
	ReasonWildcard        Reason = "wildcard"         // a * where none may stand
	ReasonRegexp          Reason = "regexp"           // an expression that RE2 does not compile
	ReasonList            Reason = "list"             // several values in one entry
	ReasonTooLong         Reason = "too-long"         // longer than any origin or name can be
	ReasonTooMany         Reason = "too-many"         // more than the engine can index
	ReasonNull            Reason = "null-origin"      // "null" without its flag, or with credentials
	ReasonAnyCredentials  Reason = "any-credentials"  // "*", or what amounts to it, with credentials
	ReasonInsecureOrigin  Reason = "insecure-origin"  // http:// with credentials
	ReasonPublicSuffix    Reason = "public-suffix"    // a wildcard over a public suffix with credentials
	ReasonForbiddenMethod Reason = "forbidden-method" // CONNECT, TRACE, TRACK (Fetch, forbidden method)
	ReasonForbiddenHeader Reason = "forbidden-header" // a name scripts may not set or read
	ReasonMethodCase      Reason = "method-case"      // patch, where PATCH is meant
	ReasonMaxAge          Reason = "max-age"          // negative, fractional or beyond a day
	ReasonNoPolicy        Reason = "no-policy"        // an engine or route without a policy
)

// PolicyError is one fault of a policy or a route. The error of [New] and its
// like joins one for every fault found: see [PolicyErrors].
type PolicyError struct {
	Policy     string // the policy's name; empty where no policy is at fault
	Field      string // the Go name of the field, e.g. "AllowOrigins"
	Index      int    // the entry's index in a list field, else -1
	Value      string // the entry as given; long ones are cut when printed
	Reason     Reason
	Detail     string // what is wrong with the entry, for people
	Suggestion string // how to fix it, for people; a spelling is quoted
}

// Error names the policy, the field, the entry, the fault and the fix.
func (e *PolicyError) Error() string {
	b := make([]byte, 0, 160)
	b = append(b, "cors: "...)
	if e.Policy != "" {
		b = append(b, "policy "...)
		b = appendQuoted(b, e.Policy)
		b = append(b, ": "...)
	}
	b = append(b, e.Field...)
	if e.Index >= 0 {
		b = append(b, '[')
		b = strconv.AppendInt(b, int64(e.Index), 10)
		b = append(b, ']')
	}
	if e.Value != "" {
		b = append(b, ' ')
		b = appendQuoted(b, e.Value)
	}
	b = append(b, ": "...)
	b = append(b, e.Detail...)
	if e.Suggestion != "" {
		b = append(b, "; "...)
		b = append(b, e.Suggestion...)
	}
	return string(b)
}

// maxQuoted bounds how much of an entry an error or explanation repeats.
const maxQuoted = 120

func appendQuoted(b []byte, s string) []byte {
	if len(s) <= maxQuoted {
		return strconv.AppendQuote(b, s)
	}
	b = strconv.AppendQuote(b, s[:maxQuoted])
	return fmt.Appendf(b, "... (%d bytes)", len(s))
}

// PolicyErrors iterates over the policy errors that err holds, in the order in
// which they were found. It yields nothing for nil and for other errors.
func PolicyErrors(err error) iter.Seq[*PolicyError] {
	return func(yield func(*PolicyError) bool) { walk(err, yield) }
}

func walk(err error, yield func(*PolicyError) bool) bool {
	switch e := err.(type) {
	case nil:
		return true
	case *PolicyError:
		return yield(e)
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if !walk(err, yield) {
				return false
			}
		}
		return true
	default:
		return walk(errors.Unwrap(err), yield)
	}
}
