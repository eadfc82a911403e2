package core

// Code is a stable, machine-readable name for the cause of a decision or for a step
// of an explanation.
type Code string

// Codes of a [Decision].
const (
	CodeNoRoute          Code = "no-route"           // no route covers the request's host and path
	CodePathAmbiguous    Code = "path-ambiguous"     // routers may read the path in ways that lead to different routes
	CodeNoOrigin         Code = "no-origin"          // not a CORS request
	CodeAnyOrigin        Code = "any-origin"         // the first policy allows "*"
	CodeOriginAllowed    Code = "origin-allowed"     // a pattern of AllowOrigins matches
	CodeOriginFunc       Code = "origin-func"        // AllowOriginFunc returned true
	CodeOriginNotAllowed Code = "origin-not-allowed" // no policy allows the origin
	CodeOriginRepeated   Code = "origin-repeated"    // several Origin field lines
	CodeSameOrigin       Code = "same-origin"        // not allowed, but not rejected: the page has the server's own origin
	CodeMethodNotEchoed  Code = "method-not-echoed"  // the requested method must not be echoed
	CodeHeadersNotEchoed Code = "headers-not-echoed" // the requested header names must not be echoed
)

// Codes of a [Class], in addition to those of a Decision: the origin is allowed, but the
// browser does not send the request that the preflight asked for. Steps of an [Explanation]
// have them too.
const (
	CodeMethodNotAllowed Code = "method-not-allowed" // the policy does not list the requested method
	CodeHeaderNotAllowed Code = "header-not-allowed" // the policy does not list a requested header name
)

// Codes of the steps of an [Explanation]. A step may also have a Code of a
// decision.
const (
	stepRoute            Code = "route"
	stepNotCORS          Code = "kind-not-cors"
	stepActual           Code = "kind-actual"
	stepPreflight        Code = "kind-preflight"
	stepOriginMalformed  Code = "origin-malformed"
	stepOriginNull       Code = "origin-null"
	stepMethodSafelisted Code = "method-safelisted"
	stepMethodAllowed    Code = "method-allowed"
	stepMethodCase       Code = "method-case"
	stepHeaderAllowed    Code = "header-allowed"
	stepCredentials      Code = "credentials-allowed"
	stepNoCredentials    Code = "credentials-not-allowed"
	stepPrivateNetwork   Code = "private-network-allowed"
	stepRejected         Code = "rejected"
	stepHandler          Code = "handler-runs"
	stepAnswered         Code = "answered"
)

// Codes of a [BrowserVerdict].
const (
	browserReads        Code = "browser-reads"         // the script may read the response
	browserHides        Code = "browser-hides"         // the browser hides the response from the script
	browserSends        Code = "browser-sends"         // the preflight succeeds and the browser sends the request
	browserRefuses      Code = "browser-refuses"       // the preflight fails and the browser never sends the request
	browserNotConcerned Code = "browser-not-concerned" // same-origin, or not from a browser
)
