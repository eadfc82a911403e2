package core

import (
	"context"
	"time"
)

// NoPreflightCache is a value for [Policy].MaxAge that tells browsers not to cache
// preflights. The header is then "Access-Control-Max-Age: 0". If MaxAge is zero,
// the header is omitted, and browsers cache a preflight for five seconds (Fetch,
// CORS-preflight fetch).
const NoPreflightCache time.Duration = -1

// Policy specifies which origins may read responses and which requests they may
// send.
//
// The zero Policy refuses every origin. Changing a Policy after it was passed to
// [New], [NewRouted], [Engine.Reload] or [Engine.ReloadRouted] has no effect on the
// Engine.
type Policy struct {
	// Name identifies the policy in errors, warnings, decisions and explanations.
	// It need not be unique. If it is empty, "default" is used.
	Name string

	// AllowOrigins lists origin patterns (see the package documentation for their
	// syntax). If it is nil or empty, only AllowOriginFunc can allow an origin.
	AllowOrigins []string

	// AllowOriginFunc, if not nil, reports whether to allow an origin that neither
	// AllowOrigins nor an earlier policy allows. [Request.OriginValue] returns the
	// origin. The function runs on the request's goroutine and must be safe for
	// concurrent use.
	//
	// It is never called for a malformed origin, nor for an origin that must be listed,
	// such as file://. It is called for "null" only if DangerouslyAllowNullOrigin is set
	// and AllowCredentials is not. If AllowCredentials is set, it is called for http://
	// origins other than loopback only if DangerouslyAllowInsecureOrigins is set.
	// [Policy.CheckOriginFunc] finds common mistakes in such functions.
	AllowOriginFunc func(context.Context, Request) bool

	// AllowMethods lists the methods that scripts may use in addition to GET, HEAD and
	// POST, which are always allowed. If it is nil or empty, only these three are. "*"
	// allows all methods. Methods are case-sensitive, but browsers convert DELETE, GET,
	// HEAD, OPTIONS, POST and PUT to upper case (Fetch, "normalize a method"), and so
	// does the engine. A preset lists the methods of a protocol (see the package
	// documentation).
	AllowMethods []string

	// AllowHeaders lists the request headers that scripts may set. Case is ignored. If it
	// is nil or empty, scripts may set only safelisted headers (Fetch, "CORS-safelisted
	// request-header"). "*" allows all headers. Without AllowCredentials, it does not
	// cover Authorization, which must be listed too (Fetch, "CORS non-wildcard
	// request-header name"). A name that no script can set, such as Origin, Cookie or
	// Content-Length (Fetch, "forbidden request-header"), is a [Warning] and is never
	// sent in Access-Control-Allow-Headers. A preset, such as "@connect", lists the
	// headers of a protocol.
	AllowHeaders []string

	// ExposeHeaders lists the response headers that scripts may read, in addition
	// to the seven that they always may (Fetch, "CORS-safelisted response-header name").
	// If it is nil or empty, they may read only these. Case is ignored. "*" exposes all
	// headers and is an error with AllowCredentials. A preset, such as "@connect", lists
	// the headers of a protocol.
	ExposeHeaders []string

	// AllowCredentials allows requests with cookies, client certificates or HTTP
	// authentication, and lets scripts read the responses to them.
	AllowCredentials bool

	// MaxAge is how long browsers may cache a preflight. It must be a whole number
	// of seconds, at most 24 hours. If it is zero, browsers cache for five seconds;
	// see also [NoPreflightCache].
	MaxAge time.Duration

	// AllowPrivateNetwork lets allowed origins send requests into a private
	// network, by answering legacy Private Network Access preflights
	// (Access-Control-Request-Private-Network).
	AllowPrivateNetwork bool

	// RejectDisallowed answers actual requests from disallowed origins with 403
	// instead of running the handler. Requests of the server's own pages are not
	// rejected, provided that [Request.SameOrigin] recognizes them. Its documentation
	// says when it does not (behind a proxy that changes Host, or with "Origin: null"),
	// and what to do then. If an engine or route has several policies, one that sets
	// RejectDisallowed is enough.
	RejectDisallowed bool

	// DangerouslyAllowNullOrigin permits the origin "null", but never together with
	// AllowCredentials. "null" is the origin of sandboxed frames, data: documents
	// and redirected requests, so any site can send it.
	DangerouslyAllowNullOrigin bool

	// DangerouslyAllowInsecureOrigins permits http:// origins other than loopback
	// together with AllowCredentials. Anyone on the network between such a page and
	// a user can then use the user's credentials.
	DangerouslyAllowInsecureOrigins bool

	// DangerouslyAllowPublicSuffixes permits, together with AllowCredentials,
	// patterns that are too broad: wildcards for names below a host that strangers
	// share, such as https://*.com, https://*.github.io or https://*.on.aws, and
	// regular expressions that also match domains of strangers.
	DangerouslyAllowPublicSuffixes bool
}
