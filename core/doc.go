// Package core decides CORS. It compiles [Policy] values into an [Engine], which
// answers each [Request] with a [Decision]. It knows no framework, not even
// net/http: an adapter hands a framework's request to [Engine.Resolve] as a
// [Source] and writes the headers of the [Outcome].
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
//	https://app.example.com     that origin, byte for byte; any scheme, including
//	                            capacitor://localhost and chrome-extension://id
//	https://*.example.com       one or more labels before .example.com, never the apex
//	https://pr-*.example.com    inside a label, * is one or more of a-z 0-9 - _
//	http://localhost:*          any port, or none
//	http://localhost:3000-3999  a port in the range; no port means the default port
//	regexp:https://[a-z]+\.a\.b RE2, matched against the whole origin
//	@loopback                   http and https on localhost, 127.0.0.1 and [::1], any port
//	*                           every origin; an error together with credentials
//	null                        only with DangerouslyAllowNullOrigin, never with credentials
//
// Wildcards and ranges are for http and https only. An Origin that is not spelled
// as browsers spell it matches no pattern. With credentials, a regular expression
// matches http:// origins other than loopback only if
// DangerouslyAllowInsecureOrigins is set.
//
// # Answers
//
// A preflight is an OPTIONS request with Origin and Access-Control-Request-Method.
// Every other request reaches the handler. The preflight of an allowed origin is
// answered with 204 and the full lists of methods and headers, whatever it asks
// for. The browser compares the lists, caches them for all methods and headers of
// the URL, and names the one that is missing. Only "*" with credentials makes the
// engine echo what a preflight asks for: validated tokens, within fixed bounds. The
// preflight of a disallowed origin is answered with 403 and no CORS header.
//
// An actual request from a disallowed origin passes through without CORS headers,
// and the browser hides the response from the script. RejectDisallowed answers it
// with 403 instead. If the first policy allows every origin, all responses have the
// literal "*", with or without an Origin, and caches may share them. Otherwise all
// responses have "Vary: Origin".
//
// # Several policies
//
// The first policy whose origins match governs, with its own methods, headers and
// credentials. [NewRouted] chooses policies by host and path.
//
// # Errors
//
// [New] returns all faults of all policies at once, joined, each a [*PolicyError].
// [PolicyErrors] iterates over them. Nothing falls back to a looser policy, and only
// [MustNew] panics. [Engine.Warnings] lists what is legal but probably not intended,
// and [Engine.Explain] says why a request was decided as it was.
package core
