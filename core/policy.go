package core

import (
	"context"
	"time"
)

// NoPreflightCache is the MaxAge of a [Policy] that tells browsers not to cache
// preflights: they are answered with "Access-Control-Max-Age: 0". If MaxAge is
// zero, the header is omitted, and browsers cache a preflight for five seconds
// (Fetch, CORS-preflight fetch).
const NoPreflightCache time.Duration = -1

// Policy says which origins may read responses, and which requests they may send.
//
// The zero Policy refuses every origin. [New], [NewRouted] and the reloads read a
// Policy once and keep none of its slices: changing it afterwards has no effect.
type Policy struct {
	// Name shows in errors, warnings, decisions and explanations.
	// Empty means "default".
	Name string

	// AllowOrigins lists origin patterns (see the package documentation for their
	// syntax). If it is nil or empty, only AllowOriginFunc can allow an origin.
	AllowOrigins []string

	// AllowOriginFunc reports whether to allow an origin that AllowOrigins does not
	// match; [Request.OriginValue] returns that origin. It is never called for a
	// malformed origin; for "null", unless DangerouslyAllowNullOrigin is set; or,
	// with AllowCredentials, for an http:// origin other than loopback, unless
	// DangerouslyAllowInsecureOrigins is set. It runs on the request's goroutine and
	// may be called concurrently. If it is nil, only AllowOrigins counts.
	AllowOriginFunc func(context.Context, Request) bool

	// AllowMethods lists the methods that a preflight may ask for. GET, HEAD and
	// POST never need permission. "*" stands for all methods. If the list is nil or
	// empty, only those three are allowed. Methods are case-sensitive, except that
	// browsers send DELETE, GET, HEAD, OPTIONS, POST and PUT in upper case however a
	// script writes them (Fetch, "normalize a method").
	AllowMethods []string

	// AllowHeaders lists the names of request headers that a preflight may ask for.
	// ASCII case does not matter. "*" stands for all names; without credentials it
	// does not cover Authorization, which can be listed together with it (Fetch,
	// "CORS non-wildcard request-header name").
	AllowHeaders []string

	// ExposeHeaders lists the names of response headers that scripts may read, in
	// addition to the seven that Fetch safelists. "*" stands for all names and is an
	// error with AllowCredentials.
	ExposeHeaders []string

	// AllowCredentials lets browsers send cookies, client certificates and HTTP
	// authentication, and lets scripts read the responses.
	AllowCredentials bool

	// MaxAge is how long browsers may cache a preflight: whole seconds, at most 24
	// hours. If it is zero, the header is omitted; [NoPreflightCache] sends 0.
	MaxAge time.Duration

	// AllowPrivateNetwork answers the legacy Private Network Access preflight
	// (Access-Control-Request-Private-Network) from an allowed origin.
	AllowPrivateNetwork bool

	// RejectDisallowed answers actual requests from disallowed origins with 403
	// instead of running the handler. Same-origin requests are never rejected (see
	// [Request.SameOrigin]). If several policies apply, one that sets this is enough.
	RejectDisallowed bool

	// DangerouslyAllowNullOrigin permits the pattern "null" if AllowCredentials is
	// not set. "null" is the origin of sandboxed frames, data: documents and
	// redirected requests, so any site can send it.
	DangerouslyAllowNullOrigin bool

	// DangerouslyAllowInsecureOrigins permits http:// origins other than loopback
	// together with AllowCredentials. Anyone on the network between such a page and
	// its reader can then use the reader's credentials.
	DangerouslyAllowInsecureOrigins bool

	// DangerouslyAllowPublicSuffixes permits wildcards over a public suffix, such as
	// https://*.com or https://*.github.io, together with AllowCredentials. Anyone
	// can register such an origin.
	DangerouslyAllowPublicSuffixes bool
}
