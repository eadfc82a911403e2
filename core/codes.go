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
// browser does not send the request that the preflight asked for. Steps of an
// [Explanation] use them too.
const (
	CodeMethodNotAllowed Code = "method-not-allowed" // the policy does not list the requested method
	CodeHeaderNotAllowed Code = "header-not-allowed" // the policy does not list a requested header name
)

// Codes of the steps of an [Explanation]. Steps also use the codes of decisions.
const (
	stepRoute            Code = "route"                   // which route covers the request
	stepNotCORS          Code = "kind-not-cors"           // no Origin: not a CORS request
	stepActual           Code = "kind-actual"             // a request with Origin that is not a preflight
	stepPreflight        Code = "kind-preflight"          // OPTIONS with Origin and Access-Control-Request-Method
	stepOriginMalformed  Code = "origin-malformed"        // not an origin as browsers send it
	stepOriginNull       Code = "origin-null"             // "null": a sandboxed frame, data: or file:, or a redirect between origins
	stepMethodSafelisted Code = "method-safelisted"       // GET, HEAD and POST need no permission
	stepMethodAllowed    Code = "method-allowed"          // the policy lists the method
	stepMethodCase       Code = "method-case"             // the policy lists the method in another case
	stepHeaderAllowed    Code = "header-allowed"          // the policy lists the header
	stepCredentials      Code = "credentials-allowed"     // the policy allows credentials
	stepNoCredentials    Code = "credentials-not-allowed" // a request with cookies fails
	stepPrivateNetwork   Code = "private-network-allowed" // the answer allows legacy private network access
	stepRejected         Code = "rejected"                // RejectDisallowed answers with 403
	stepHandler          Code = "handler-runs"            // the handler runs
	stepAnswered         Code = "answered"                // the middleware answers, the handler does not run
)

// Codes of a [BrowserVerdict].
const (
	browserReads        Code = "browser-reads"         // the script may read the response
	browserHides        Code = "browser-hides"         // the browser hides the response from the script
	browserSends        Code = "browser-sends"         // the preflight succeeds and the browser sends the request
	browserRefuses      Code = "browser-refuses"       // the preflight fails and the browser never sends the request
	browserNotConcerned Code = "browser-not-concerned" // same-origin, or not from a browser
)
