package core

import (
	"context"
	"time"
)

// NoPreflightCache, as a [Policy]'s MaxAge, answers preflights with
// "Access-Control-Max-Age: 0", which tells browsers not to cache them.
// A MaxAge of zero leaves the header out, and browsers then cache a preflight
// for five seconds (Fetch, CORS-preflight fetch).
const NoPreflightCache time.Duration = -1

// Policy says which origins may read which responses, and with what.
//
// The zero Policy allows nothing: every origin is refused. A Policy is read
// once, by [New], [NewRouted] or a reload; changing it afterwards changes
// nothing, and the engine keeps none of its slices.
type Policy struct {
	// Name shows in errors, warnings, decisions and explanations.
	// Empty means "default".
	Name string

	// AllowOrigins lists origin patterns (see the package documentation for
	// the grammar). Nil and empty mean that no origin is allowed, unless
	// AllowOriginFunc allows it.
	AllowOrigins []string

	// AllowOriginFunc is asked for an origin that AllowOrigins does not match.
	// It is never asked about a malformed origin, about "null" unless
	// DangerouslyAllowNullOrigin allows it, or, with AllowCredentials, about an
	// http:// origin other than loopback unless DangerouslyAllowInsecureOrigins
	// allows it. It runs on the request's goroutine, may be called
	// concurrently, and must not keep the strings of the [Request] it is given.
	// Nil means that AllowOrigins alone decides.
	AllowOriginFunc func(context.Context, Request) bool

	// AllowMethods lists the methods a preflight may ask for, beyond GET, HEAD
	// and POST, which CORS never asks permission for. "*" stands for all; nil and
	// empty mean those three.
	// Names compare byte for byte, but for DELETE, GET, HEAD, OPTIONS, POST and
	// PUT, which browsers upper-case (Fetch, "normalize a method").
	AllowMethods []string

	// AllowHeaders lists the request-header names a preflight may ask for,
	// compared without regard to ASCII case. "*" stands for all; without
	// credentials it does not cover Authorization, which can be listed beside
	// it (Fetch, "CORS non-wildcard request-header name").
	AllowHeaders []string

	// ExposeHeaders lists the response-header names that scripts may read
	// beyond the seven that Fetch safelists. "*" stands for all, and is an
	// error with AllowCredentials.
	ExposeHeaders []string

	// AllowCredentials lets browsers send cookies, client certificates and
	// HTTP authentication, and lets scripts read the answers.
	AllowCredentials bool

	// MaxAge is how long a browser may cache a preflight: whole seconds, at
	// most 24 hours. Zero leaves the header out; [NoPreflightCache] sends 0.
	MaxAge time.Duration

	// AllowPrivateNetwork answers the legacy Private Network Access preflight
	// (Access-Control-Request-Private-Network) of an allowed origin.
	AllowPrivateNetwork bool

	// RejectDisallowed answers 403 to actual requests of disallowed origins
	// instead of running the handler. Same-origin requests are never rejected.
	// Where several policies apply, one that sets it is enough.
	RejectDisallowed bool

	// DangerouslyAllowNullOrigin permits the pattern "null", the origin of
	// sandboxed frames, data: documents and redirected requests of anybody.
	// It does so without credentials only.
	DangerouslyAllowNullOrigin bool

	// DangerouslyAllowInsecureOrigins permits http:// origins other than
	// loopback together with AllowCredentials. Whoever sits on the network
	// between such a page and its reader can then use the credentials.
	DangerouslyAllowInsecureOrigins bool

	// DangerouslyAllowPublicSuffixes permits wildcards over a public suffix,
	// such as https://*.com or https://*.github.io, together with
	// AllowCredentials. Anybody can register such an origin.
	DangerouslyAllowPublicSuffixes bool
}
