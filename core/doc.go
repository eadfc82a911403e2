// Package core decides CORS: it compiles a [Policy] into an [Engine] and answers
// each [Request] with a [Decision]. It knows no framework and no net/http;
// adapters turn requests into facts and decisions into headers.
//
//	engine, err := core.New(core.Policy{
//		AllowOrigins:     []string{"https://app.example.com", "https://*.pr.example.com"},
//		AllowMethods:     []string{"PUT", "DELETE"},
//		AllowHeaders:     []string{"authorization", "content-type"},
//		AllowCredentials: true,
//		MaxAge:           10 * time.Minute,
//	})
//
// # Origin patterns
//
// AllowOrigins lists patterns, which are compiled once:
//
//	https://app.example.com     that origin, byte for byte; any scheme, so
//	                            capacitor://localhost and chrome-extension://id too
//	https://*.example.com       one or more labels before .example.com, never the apex
//	https://pr-*.example.com    elsewhere, * is one or more of a-z 0-9 - _ within its label
//	http://localhost:*          any port, or none
//	http://localhost:3000-3999  a port in the range; the scheme's default port is none
//	regexp:https://[a-z]+\.a\.b RE2, matched against the whole origin
//	@loopback                   http and https on localhost, 127.0.0.1 and [::1], any port
//	*                           every origin; an error together with credentials
//	null                        only with DangerouslyAllowNullOrigin, never with credentials
//
// Wildcards and ranges are for http and https. An Origin that is not spelt as
// browsers spell origins matches no pattern. With credentials, a regular
// expression matches no http:// origin beyond loopback unless
// DangerouslyAllowInsecureOrigins is set.
//
// # What is answered
//
// A preflight is an OPTIONS request with Origin and
// Access-Control-Request-Method; anything else is left to the handler. The
// preflight of an allowed origin is answered with 204 and the full lists of
// methods and headers, whatever was asked for: the browser compares them, caches
// them for all methods and headers of the URL, and names the one that is
// missing. Only "*" together with credentials has to echo what was asked for,
// and does so with validated tokens within fixed bounds. The preflight of a
// disallowed origin is answered with 403 and no CORS header.
//
// An actual request of a disallowed origin passes through without CORS headers,
// and the browser keeps the response from the script; RejectDisallowed answers
// it with 403. If the first policy allows every origin, all responses carry the
// literal "*", with or without an Origin, and caches may share them. Otherwise
// all responses have "Vary: Origin".
//
// # Several policies
//
// The first policy whose origins match governs, with its own methods, headers
// and credentials. [NewRouted] chooses policies by host and path.
//
// # Errors
//
// The error of [New] joins a [*PolicyError] for every fault of every policy;
// [PolicyErrors] iterates over them. Nothing falls back to a looser policy, and
// nothing but [MustNew] panics. [Engine.Warnings] lists what is legal but
// probably not meant, and [Engine.Explain] says why a request was decided as it
// was.
package core
