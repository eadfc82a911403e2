package core

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
)

// Reason classifies a fault or a [Warning] of a [Policy] or a [Route]. The values
// are stable.
type Reason string

// Reasons of a [PolicyError].
const (
	ReasonEmpty           Reason = "empty"            // an empty entry, or an empty list that must not be
	ReasonMissingScheme   Reason = "missing-scheme"   // example.com without https://
	ReasonMissingHost     Reason = "missing-host"     // a scheme without a host
	ReasonSyntax          Reason = "syntax"           // not an origin, pattern, token or path at all
	ReasonWhiteSpace      Reason = "white-space"      // white space in or around an entry
	ReasonUpperCase       Reason = "upper-case"       // browsers send origins in lower case
	ReasonNonASCII        Reason = "non-ascii"        // browsers send hosts in their ASCII form (punycode)
	ReasonTrailingSlash   Reason = "trailing-slash"   // an origin has no path, not even "/"
	ReasonPath            Reason = "path"             // an origin has no path, query or fragment
	ReasonUserinfo        Reason = "userinfo"         // an origin has no user name or password
	ReasonTrailingDot     Reason = "trailing-dot"     // a host that ends in a dot
	ReasonHost            Reason = "host"             // not a valid host, or not in canonical form
	ReasonIPv4            Reason = "ipv4"             // an IPv4 address that is not in canonical form
	ReasonIPv6            Reason = "ipv6"             // an IPv6 address that is not in canonical form
	ReasonPort            Reason = "port"             // not a valid port or port range
	ReasonDefaultPort     Reason = "default-port"     // browsers omit a scheme's default port
	ReasonWildcard        Reason = "wildcard"         // a * where it is not allowed
	ReasonRegexp          Reason = "regexp"           // an expression that RE2 does not compile
	ReasonList            Reason = "list"             // several values in one entry
	ReasonTooLong         Reason = "too-long"         // longer than any origin or name can be
	ReasonTooMany         Reason = "too-many"         // more than the engine can index
	ReasonNull            Reason = "null-origin"      // "null" without its flag, or with credentials
	ReasonAnyCredentials  Reason = "any-credentials"  // "*", or an equivalent, with credentials
	ReasonInsecureOrigin  Reason = "insecure-origin"  // http:// other than loopback; a fault with credentials
	ReasonPublicSuffix    Reason = "public-suffix"    // a wildcard over a public suffix; a fault with credentials
	ReasonForbiddenMethod Reason = "forbidden-method" // CONNECT, TRACE, TRACK (Fetch, forbidden method)
	ReasonForbiddenHeader Reason = "forbidden-header" // a name that scripts may not set or read
	ReasonMethodCase      Reason = "method-case"      // patch instead of PATCH
	ReasonMaxAge          Reason = "max-age"          // negative, fractional or over a day; a warning if over two hours
	ReasonNoPolicy        Reason = "no-policy"        // an engine or route without a policy
)

// Reasons of a [Warning]. ReasonInsecureOrigin, ReasonPublicSuffix and
// ReasonMaxAge may be reasons of warnings too.
const (
	ReasonNoOrigins          Reason = "no-origins"          // the policy allows no origin
	ReasonUnmanagedSuffix    Reason = "unmanaged-suffix"    // a wildcard over an unknown top-level domain, with credentials
	ReasonBroadRegexp        Reason = "broad-regexp"        // an expression that matches strangers' origins
	ReasonUnreachablePattern Reason = "unreachable-pattern" // an earlier pattern decides for it
	ReasonUnreachablePolicy  Reason = "unreachable-policy"  // an earlier policy allows every origin
	ReasonUnreachableRoute   Reason = "unreachable-route"   // an earlier route covers it
	ReasonSafelisted         Reason = "safelisted"          // has no effect, because it is always allowed
	ReasonDuplicate          Reason = "duplicate"           // listed twice
	ReasonBesideWildcard     Reason = "beside-wildcard"     // listed together with "*", which covers it
	ReasonResponseHeader     Reason = "response-header"     // a response header among the request headers
	ReasonPrivateNetwork     Reason = "private-network"     // private network access for any origin
	ReasonUnused             Reason = "unused"              // a setting without effect
)

// PolicyError is one fault of a policy or a route. [New] and the like join one
// for each fault that they find: see [PolicyErrors].
type PolicyError struct {
	Policy     string // the policy's name; empty if the fault is not in a policy
	Field      string // the Go name of the field, such as "AllowOrigins"
	Index      int    // the index of the entry in a list; -1 if the field is not a list
	Value      string // the entry as given; [PolicyError.Error] shortens long ones
	Reason     Reason
	Detail     string // what is wrong, for people
	Suggestion string // how to fix it, for people; spellings are quoted

	detail, suggestion text
}

// Spell returns the error with other names for fields, in Field and in the texts.
// A loader of files thus writes "allow_origins" for AllowOrigins. The function
// name gets the name of a field of [Policy] or [Route], or "core.NoPreflightCache",
// and returns the name to use.
func (e PolicyError) Spell(name func(string) string) PolicyError {
	e.Field = name(e.Field)
	if e.detail != "" {
		e.Detail, e.Suggestion = e.detail.spell(name), e.suggestion.spell(name)
	}
	return e
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

// maxQuoted is the number of bytes of an entry that an error or explanation
// repeats at most.
const maxQuoted = 120

func appendQuoted(b []byte, s string) []byte {
	if len(s) <= maxQuoted {
		return strconv.AppendQuote(b, s)
	}
	b = strconv.AppendQuote(b, s[:maxQuoted])
	return fmt.Appendf(b, "... (%d bytes)", len(s))
}

// PolicyErrors iterates over the policy errors in err, in the order in which they
// were found. It yields nothing for nil and for other errors.
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
