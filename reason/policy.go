// Package reason has the codes that say why corskit refuses a policy, a file or a head of
// a fleet, and why it warns about one. They are the values of the field Reason in the
// errors and warnings of packages core, config and fleet:
//
//	for e := range core.PolicyErrors(err) {
//		if e.Reason == reason.PublicSuffix {
//			// ...
//		}
//	}
//
// The values are stable. https://github.com/corskit/corskit/blob/main/docs/codes.md lists
// them with all other codes.
package reason

// Reason is the code of a fault or a warning, such as "trailing-slash".
type Reason string

// Reasons why core refuses a policy or a route.
const (
	Empty           Reason = "empty"            // an empty entry, or an empty list that must not be empty
	MissingScheme   Reason = "missing-scheme"   // example.com without https://
	MissingHost     Reason = "missing-host"     // a scheme without a host
	Syntax          Reason = "syntax"           // not an origin, pattern, token or path at all
	WhiteSpace      Reason = "white-space"      // white space in or around an entry
	UpperCase       Reason = "upper-case"       // browsers send origins in lower case
	NonASCII        Reason = "non-ascii"        // browsers send hosts in their ASCII form (punycode)
	TrailingSlash   Reason = "trailing-slash"   // an origin has no path, not even "/"
	Path            Reason = "path"             // an origin has no path, query or fragment
	Userinfo        Reason = "userinfo"         // an origin has no user name or password
	TrailingDot     Reason = "trailing-dot"     // a host that ends in a dot; a warning for an exact origin
	Host            Reason = "host"             // not a valid host, or not in canonical form
	IPv4            Reason = "ipv4"             // an IPv4 address that is not in canonical form
	IPv6            Reason = "ipv6"             // an IPv6 address that is not in canonical form
	Port            Reason = "port"             // not a valid port or port range
	DefaultPort     Reason = "default-port"     // browsers omit a scheme's default port
	Wildcard        Reason = "wildcard"         // a * where it is not allowed
	Regexp          Reason = "regexp"           // an expression that RE2 does not compile
	MatchesNothing  Reason = "matches-nothing"  // an expression that matches no origin
	Undecided       Reason = "undecided"        // too complex to tell what it matches; a fault with credentials
	List            Reason = "list"             // several values in one entry
	TooLong         Reason = "too-long"         // longer than any origin or name can be
	TooMany         Reason = "too-many"         // more than the engine can index
	NullOrigin      Reason = "null-origin"      // "null" without its flag, or with credentials
	AnyCredentials  Reason = "any-credentials"  // "*", or an equivalent, with credentials
	InsecureOrigin  Reason = "insecure-origin"  // http:// other than loopback; a fault with credentials
	PublicSuffix    Reason = "public-suffix"    // a wildcard over hosts that strangers share; a fault with credentials
	ForbiddenMethod Reason = "forbidden-method" // CONNECT, TRACE, TRACK (Fetch, forbidden method)
	ForbiddenHeader Reason = "forbidden-header" // a name that scripts may not set (a warning) or read
	MethodCase      Reason = "method-case"      // patch instead of PATCH
	MaxAge          Reason = "max-age"          // negative, fractional or over a day; a warning if over two hours
	NoPolicy        Reason = "no-policy"        // an engine or route without a policy
	UnknownPreset   Reason = "unknown-preset"   // a name such as @connect that is not a preset of the list
)

// Reasons of the errors of core.Policy.CheckOriginFunc. It also uses some of the reasons
// above.
const (
	BroadFunc Reason = "broad-func" // the function allows origins of strangers
	FuncPanic Reason = "func-panic" // the function panics
)

// Reasons of warnings of core. InsecureOrigin, PublicSuffix, Undecided, ForbiddenHeader,
// TrailingDot and MaxAge are reasons of warnings too.
const (
	NoOrigins          Reason = "no-origins"          // the policy allows no origin
	UnmanagedSuffix    Reason = "unmanaged-suffix"    // a wildcard over an unknown top-level domain, with credentials
	BroadRegexp        Reason = "broad-regexp"        // an expression that matches strangers' origins
	UnreachablePattern Reason = "unreachable-pattern" // another pattern matches the same origins
	UnreachablePolicy  Reason = "unreachable-policy"  // an earlier policy allows every origin
	UnreachableRoute   Reason = "unreachable-route"   // an earlier route covers it
	ExactPath          Reason = "exact-path"          // /api does not cover /api/items; /api/ does
	Safelisted         Reason = "safelisted"          // has no effect, because it is always allowed
	Duplicate          Reason = "duplicate"           // listed twice
	CoveredByWildcard  Reason = "covered-by-wildcard" // listed together with "*", which covers it
	ResponseHeader     Reason = "response-header"     // a response header among the request headers
	PrivateNetwork     Reason = "private-network"     // private network access for any origin
	Unused             Reason = "unused"              // a setting without effect
	Placeholder        Reason = "placeholder"         // an origin such as https://your-app.com
	Misspelled         Reason = "misspelled"          // almost the name of a known method or header
)
