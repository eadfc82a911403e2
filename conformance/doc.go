// Package conformance tests whether a server's CORS middleware is correct. It
// judges answers with the model of a browser in package
// [github.com/corskit/corskit/conformance/browsermodel].
//
// # The suite
//
// A [Case] is data: a [Setup], that is, policies and an application behind
// them, what is sent, and what has to come back, with a reason and a source.
// To run the cases against a middleware, say how it is mounted:
//
//	func TestConformance(t *testing.T) {
//		mount := conformance.NetHTTP(func(s conformance.Setup) (func(http.Handler) http.Handler, error) {
//			p := s.Policies[0]
//			if len(s.Policies) > 1 || len(s.Routes) > 0 {
//				return nil, fmt.Errorf("%w: one policy only", conformance.ErrUnsupported)
//			}
//			return mycors.New(mycors.Config{Origins: p.AllowOrigins, Methods: p.AllowMethods})
//		})
//		conformance.Run(t, mount)
//	}
//
// [NetHTTP] serves all that takes and returns an [net/http.Handler]. For other
// frameworks write a [Mount]: start a server on loopback, build the endpoints
// of the setup's [App] with the framework's own means, and return the address.
// Each [Behaviour] is a few lines; [Handler] does them with net/http and is the
// reference. A framework whose engine is an http.Handler is served by [Serve].
//
// What a library cannot express it says with [ErrUnsupported], or in
// [Server].Unsupported for a single behaviour: such cases are reported apart.
// What it is known to get wrong stands in [Options].KnownFailures, with the
// reason: these cases run all the same, and one that passes is an error, so
// that the list never says worse than is true. [Check] runs the suite without a
// *testing.T and returns a [Report] that marshals to JSON.
//
// # What is judged
//
// Wherever the standard leaves a server the choice, the verdict is the
// browser's and not the look of the headers: a preflight may list all methods
// or the one that was asked for. Where a rule speaks of bytes, the case does:
// requests are written to the connection as they stand in the case, with
// repeated lines, odd white space and bytes beyond ASCII. Cases whose Choice is
// set hold a server to this project's choice among several good answers, or send
// what no browser can send; a fair comparison of libraries leaves them out.
//
// Every request carries a number in its query, by which the handlers' runs are
// counted through [Probe]: that a handler runs once, or never, is a part of
// what the cases expect. Cases send a few requests of a mebibyte; nothing else
// about them is slow, and a run takes about a second.
//
// Case IDs are those of the project's rules. Rules R1, the first policy whose
// origins match governs, R2, the first route that matches brings the policies,
// and R3, origin patterns beyond subdomains, are additions of the suite.
package conformance
