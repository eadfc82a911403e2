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
	ReasonEmpty           Reason = "empty"            // an empty entry, or an empty list that must not be empty
	ReasonMissingScheme   Reason = "missing-scheme"   // example.com without https://
	ReasonMissingHost     Reason = "missing-host"     // a scheme without a host
	ReasonSyntax          Reason = "syntax"           // not an origin, pattern, token or path at all
	ReasonWhiteSpace      Reason = "white-space"      // white space in or around an entry
	ReasonUpperCase       Reason = "upper-case"       // browsers send origins in lower case
	ReasonNonASCII        Reason = "non-ascii"        // browsers send hosts in their ASCII form (punycode)
	ReasonTrailingSlash   Reason = "trailing-slash"   // an origin has no path, not even "/"
	ReasonPath            Reason = "path"             // an origin has no path, query or fragment
	ReasonUserinfo        Reason = "userinfo"         // an origin has no user name or password
	ReasonTrailingDot     Reason = "trailing-dot"     // a host that ends in a dot; a warning for an exact origin
	ReasonHost            Reason = "host"             // not a valid host, or not in canonical form
	ReasonIPv4            Reason = "ipv4"             // an IPv4 address that is not in canonical form
	ReasonIPv6            Reason = "ipv6"             // an IPv6 address that is not in canonical form
	ReasonPort            Reason = "port"             // not a valid port or port range
	ReasonDefaultPort     Reason = "default-port"     // browsers omit a scheme's default port
	ReasonWildcard        Reason = "wildcard"         // a * where it is not allowed
	ReasonRegexp          Reason = "regexp"           // an expression that RE2 does not compile
	ReasonMatchesNothing  Reason = "matches-nothing"  // an expression that matches no origin
	ReasonUndecided       Reason = "undecided"        // too complex to tell what it matches; a fault with credentials
	ReasonList            Reason = "list"             // several values in one entry
	ReasonTooLong         Reason = "too-long"         // longer than any origin or name can be
	ReasonTooMany         Reason = "too-many"         // more than the engine can index
	ReasonNull            Reason = "null-origin"      // "null" without its flag, or with credentials
	ReasonAnyCredentials  Reason = "any-credentials"  // "*", or an equivalent, with credentials
	ReasonInsecureOrigin  Reason = "insecure-origin"  // http:// other than loopback; a fault with credentials
	ReasonPublicSuffix    Reason = "public-suffix"    // a wildcard over hosts that strangers share; a fault with credentials
	ReasonForbiddenMethod Reason = "forbidden-method" // CONNECT, TRACE, TRACK (Fetch, forbidden method)
	ReasonForbiddenHeader Reason = "forbidden-header" // a name that scripts may not set (a warning) or read
	ReasonMethodCase      Reason = "method-case"      // patch instead of PATCH
	ReasonMaxAge          Reason = "max-age"          // negative, fractional or over a day; a warning if over two hours
	ReasonNoPolicy        Reason = "no-policy"        // an engine or route without a policy
	ReasonUnknownPreset   Reason = "unknown-preset"   // a name such as @connect that is not a preset of the list
)

// Reasons of the errors of [Policy.CheckOriginFunc]. Its errors have some of the reasons
// above too.
const (
	ReasonBroadFunc Reason = "broad-func" // the function allows origins of strangers
	ReasonFuncPanic Reason = "func-panic" // the function panics
)

// Reasons of a [Warning]. ReasonInsecureOrigin, ReasonPublicSuffix, ReasonUndecided,
// ReasonForbiddenHeader, ReasonTrailingDot and ReasonMaxAge may be reasons of warnings
// too.
const (
	ReasonNoOrigins          Reason = "no-origins"          // the policy allows no origin
	ReasonUnmanagedSuffix    Reason = "unmanaged-suffix"    // a wildcard over an unknown top-level domain, with credentials
	ReasonBroadRegexp        Reason = "broad-regexp"        // an expression that matches strangers' origins
	ReasonUnreachablePattern Reason = "unreachable-pattern" // another pattern matches the same origins
	ReasonUnreachablePolicy  Reason = "unreachable-policy"  // an earlier policy allows every origin
	ReasonUnreachableRoute   Reason = "unreachable-route"   // an earlier route covers it
	ReasonExactPath          Reason = "exact-path"          // /api does not cover /api/items; /api/ does
	ReasonSafelisted         Reason = "safelisted"          // has no effect, because it is always allowed
	ReasonDuplicate          Reason = "duplicate"           // listed twice
	ReasonBesideWildcard     Reason = "beside-wildcard"     // listed together with "*", which covers it
	ReasonResponseHeader     Reason = "response-header"     // a response header among the request headers
	ReasonPrivateNetwork     Reason = "private-network"     // private network access for any origin
	ReasonUnused             Reason = "unused"              // a setting without effect
	ReasonPlaceholder        Reason = "placeholder"         // an origin such as https://your-app.com
	ReasonMisspelled         Reason = "misspelled"          // almost the name of a known method or header
)

// PolicyError is one fault in a policy or a route. [New], [NewRouted],
// [Engine.Reload] and [Engine.ReloadRouted] return all faults that they find; see
// [PolicyErrors].
type PolicyError struct {
	Policy     string // the policy's name; empty if the fault is not in a policy
	Field      string // the Go name of the field, such as "AllowOrigins"; "Routes" or "Policies" for an argument
	Index      int    // the index of the entry in a list; -1 if the fault is not in one entry
	Value      string // the entry as given; [PolicyError.Error] shortens long ones
	Reason     Reason
	Detail     string // what is wrong, in English
	Suggestion string // how to fix it, in English; text to write is quoted

	detail, suggestion text
}

// Spell returns a copy of e in which Field, Detail and Suggestion call the fields
// of policies and routes by other names. For example, the loader of a configuration
// file replaces "AllowOrigins" with "allow_origins". Spell calls name with each Go
// name, which is a value of Field, such as "AllowOrigins", or
// "core.NoPreflightCache". It uses the name that the function returns.
func (e PolicyError) Spell(name func(string) string) PolicyError {
	e.Field = name(e.Field)
	if e.detail != "" {
		e.Detail, e.Suggestion = e.detail.spell(name), e.suggestion.spell(name)
	}
	return e
}

// Error returns one line with the policy, the field, the entry, the fault and the
// fix.
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

// maxQuoted is the maximum number of bytes of a value that an error or explanation
// quotes.
const maxQuoted = 120

// appendQuoted appends s, quoted and shortened, to b.
func appendQuoted(b []byte, s string) []byte {
	if len(s) <= maxQuoted {
		return strconv.AppendQuote(b, s)
	}
	b = strconv.AppendQuote(b, s[:maxQuoted])
	return fmt.Appendf(b, "... (%d bytes)", len(s))
}

// refusal is the error of a list of policies or routes. It joins the faults and keeps
// the warnings.
type refusal struct {
	faults   []error
	warnings []Warning
}

func (r *refusal) Error() string { return errors.Join(r.faults...).Error() }

func (r *refusal) Unwrap() []error { return r.faults }

// ErrorWarnings returns the warnings about policies and routes that [New],
// [NewRouted], [Engine.Reload] or [Engine.ReloadRouted] refused with err. They are
// those that [Engine.Warnings] would return, except for warnings about patterns that
// others cover: the engine only looks for these in policies without faults. The
// caller owns the slice, which is nil if there are none or if err is nil or another
// error.
func ErrorWarnings(err error) []Warning {
	var r *refusal
	if !errors.As(err, &r) {
		return nil
	}
	return append([]Warning(nil), r.warnings...)
}

// PolicyErrors iterates over the policy errors that err wraps or joins, in the
// order in which they were found. It yields nothing if err is nil or contains none.
func PolicyErrors(err error) iter.Seq[*PolicyError] {
	return func(yield func(*PolicyError) bool) { walk(err, yield) }
}

// walk calls yield with each PolicyError in err. It returns false if yield did.
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
