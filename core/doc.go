// Package core makes CORS decisions. [New] compiles [Policy] values into an
// [Engine], which answers each [Request] with a [Decision]. The package does not
// depend on any framework, not even on net/http: an adapter passes a framework's
// request to [Engine.Resolve] as a [Source] and writes the headers of the
// [Outcome].
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
// AllowOrigins is a list of patterns:
//
//	https://app.example.com     that origin, byte for byte; any scheme, including
//	                            capacitor://localhost, app://. and file://
//	https://*.example.com       one or more labels before .example.com, but not example.com
//	https://pr-*.example.com    within a label, * matches one or more of a-z 0-9 - _
//	http://localhost:*          any port, or none
//	http://localhost:3000-3999  a port in the range; no port means the default port
//	regexp:https://[a-z]+\.a\.b RE2, matched against the whole origin
//	@loopback                   http and https on localhost, 127.0.0.1 and [::1], any port
//	*                           every origin; an error with credentials
//	null                        only with DangerouslyAllowNullOrigin, never with credentials
//
// An Origin value that no browser sends, such as one with a trailing slash, matches no
// pattern. Origins without a host name, such as app://. and file://, and hosts with a dot
// at the end match only if they are listed. With credentials, a regular expression
// matches http:// origins other than loopback only if DangerouslyAllowInsecureOrigins is
// set.
//
// # Presets
//
// AllowMethods, AllowHeaders and ExposeHeaders may contain presets. A preset is named
// after a protocol and adds the methods or headers that the protocol uses:
//
//	@connect   Connect, and gRPC-Web as Connect servers speak it (connectrpc.com/cors v0.1.0)
//	@grpc-web  gRPC-Web (the same package, without the names that only Connect uses)
//	@mcp       Model Context Protocol, Streamable HTTP, revisions 2025-03-26 to 2026-07-28
//
// Presets do not contain headers that depend on the application, such as authorization.
//
// # Answers
//
// A preflight is an OPTIONS request with Origin and Access-Control-Request-Method.
// The engine answers it; all other requests reach the handler unless
// RejectDisallowed rejects them.
//
// A preflight from an allowed origin gets a 204 with the full lists of allowed
// methods and headers, no matter what it asks for. The browser compares its request with
// the lists, caches them for the URL, and names a missing method or header in its
// error message. There is one exception: if AllowMethods or AllowHeaders contains
// "*" and AllowCredentials is set, the engine echoes the method or header names
// that the preflight asks for, provided that they are valid tokens within fixed
// limits. A preflight from a disallowed origin gets a 403 without CORS headers.
//
// An actual request from a disallowed origin reaches the handler, but the response
// gets no CORS headers, so the browser hides it from the script. With
// RejectDisallowed, the engine answers with 403 instead, unless the page is the server's
// own (see [Request.SameOrigin]). If the first policy allows
// every origin, all responses have "Access-Control-Allow-Origin: *", even if the
// request has no Origin. Caches may then share them. Otherwise all responses have
// "Vary: Origin".
//
// # Several policies
//
// The first policy whose origins match governs the request: its methods, headers
// and credentials apply. [NewRouted] chooses policies by host and path.
//
// # Errors
//
// [New] reports all faults in all policies at once: its error joins a
// [*PolicyError] for each, and [PolicyErrors] iterates over them. New never ignores
// a faulty part of a policy, and only [MustNew] panics. [Engine.Warnings] lists
// settings that are legal but probably not intended. [Engine.Explain] explains a
// decision.
package core
