package core

// Code is a stable, machine-readable name for why something was decided,
// warned of or explained.
type Code string

// Codes of a [Decision].
const (
	CodeNoRoute          Code = "no-route"           // no route covers the request's host and path
	CodePathAmbiguous    Code = "path-ambiguous"     // the path's readings lead to different routes
	CodeNoOrigin         Code = "no-origin"          // not a CORS request
	CodeAnyOrigin        Code = "any-origin"         // the policy allows "*", the same for all
	CodeOriginAllowed    Code = "origin-allowed"     // a pattern of AllowOrigins matches
	CodeOriginFunc       Code = "origin-func"        // AllowOriginFunc said yes
	CodeOriginNotAllowed Code = "origin-not-allowed" // no policy allows the origin
	CodeOriginRepeated   Code = "origin-repeated"    // several Origin field lines
	CodeSameOrigin       Code = "same-origin"        // not allowed, but spared by RejectDisallowed
	CodeMethodNotEchoed  Code = "method-not-echoed"  // the method asked for is not fit to be repeated
	CodeHeadersNotEchoed Code = "headers-not-echoed" // the names asked for are not fit to be repeated
)

// Codes of the steps of an [Explanation], beside those of decisions.
const (
	StepRoute            Code = "route"
	StepNotCORS          Code = "kind-not-cors"
	StepActual           Code = "kind-actual"
	StepPreflight        Code = "kind-preflight"
	StepOriginMalformed  Code = "origin-malformed"
	StepOriginNull       Code = "origin-null"
	StepMethodSafelisted Code = "method-safelisted"
	StepMethodAllowed    Code = "method-allowed"
	StepMethodNotAllowed Code = "method-not-allowed"
	StepMethodCase       Code = "method-case"
	StepHeaderAllowed    Code = "header-allowed"
	StepHeaderNotAllowed Code = "header-not-allowed"
	StepCredentials      Code = "credentials-allowed"
	StepNoCredentials    Code = "credentials-not-allowed"
	StepPrivateNetwork   Code = "private-network-allowed"
	StepRejected         Code = "rejected"
	StepHandler          Code = "handler-runs"
	StepAnswered         Code = "answered"
	BrowserReads         Code = "browser-reads"         // the script may read the response
	BrowserHides         Code = "browser-hides"         // the response is kept from the script
	BrowserSends         Code = "browser-sends"         // the preflight succeeds; the request follows
	BrowserRefuses       Code = "browser-refuses"       // the preflight fails; the request is never sent
	BrowserNotConcerned  Code = "browser-not-concerned" // same-origin or no browser
)

// Codes of a [Warning].
const (
	WarnNoOrigins          Code = "no-origins"          // the policy allows no origin
	WarnInsecureOrigin     Code = "insecure-origin"     // http:// beyond loopback
	WarnPublicSuffix       Code = "public-suffix"       // a wildcard over a public suffix
	WarnUnmanagedSuffix    Code = "unmanaged-suffix"    // a wildcard over an unknown top-level domain, with credentials
	WarnBroadRegexp        Code = "broad-regexp"        // an expression that matches strangers' origins
	WarnUnreachablePattern Code = "unreachable-pattern" // an earlier pattern decides for it
	WarnUnreachablePolicy  Code = "unreachable-policy"  // an earlier policy allows every origin
	WarnUnreachableRoute   Code = "unreachable-route"   // an earlier route covers it
	WarnMaxAge             Code = "max-age"             // more than some browsers honour
	WarnSafelisted         Code = "safelisted"          // listed for nothing
	WarnDuplicate          Code = "duplicate"           // listed twice
	WarnBesideWildcard     Code = "beside-wildcard"     // listed beside "*", which covers it
	WarnResponseHeader     Code = "response-header"     // a response header among the request headers
	WarnPrivateNetwork     Code = "private-network"     // private network access for any origin
	WarnUnused             Code = "unused"              // a setting without effect
)
