// Package conformance tests whether CORS middleware for servers is correct.
//
// A [Case] is data: a [Setup] (policies and an application behind them), what
// is sent, and what must come back. Each case tests one [Rule] and states why a
// server must pass it. [Rules] lists the rules; docs/rules.md has them as a
// table. To run the cases against a middleware, say how to mount it:
//
//	func TestConformance(t *testing.T) {
//		mount := conformance.NetHTTP(func(s conformance.Setup) (func(http.Handler) http.Handler, error) {
//			if len(s.Policies) != 1 || len(s.Routes) > 0 {
//				return nil, fmt.Errorf("%w: not exactly one policy", conformance.ErrUnsupported)
//			}
//			p := s.Policies[0]
//			return mycors.New(mycors.Config{Origins: p.AllowOrigins, Methods: p.AllowMethods})
//		})
//		conformance.Run(t, mount)
//	}
//
// [NetHTTP] is for middleware that takes and returns an [net/http.Handler]. For
// other frameworks, write a [Mount]: start a server on loopback, build the
// endpoints of the setup's [App] by the framework's own means, and return the
// address. Each [Behaviour] takes a few lines; [Handler] is the reference
// implementation. If the framework's engine is an http.Handler, [Serve] can
// serve it.
//
// A mount returns [ErrUnsupported] if the library cannot express a setup, and
// lists single behaviours in [Server].Unsupported. Such cases are reported
// separately. [Options].KnownFailures lists what the library is known to get
// wrong, with reasons. These cases run nevertheless, and it is an error if one
// passes, so the list stays up to date. [Check] runs the suite without a
// *testing.T and returns a [Report] that marshals to JSON.
//
// # What is judged
//
// Where the standard leaves servers a choice, the suite judges verdicts of a
// browser, not headers: a preflight may list all methods or only the requested
// one. The browser is a model, in package
// [github.com/corskit/corskit/conformance/browsermodel]. Where a rule is about
// bytes, so is the case: requests go over the connection exactly as written,
// with repeated lines, unusual white space and bytes outside ASCII. A case with
// Choice set tests a choice of this project, or sends what no browser can send.
// A fair comparison of libraries leaves such cases out.
//
// Every request has a number in its query, by which [Probe] counts how often
// handlers run: some cases expect that a handler runs once, others that it never
// runs. A few cases send requests of a mebibyte. A run takes about a second.
//
// A failure message contains what was wrong, what was sent, what came back, the
// text of the rule and the policies.
package conformance
