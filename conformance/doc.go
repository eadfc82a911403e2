// Package conformance tests whether CORS middleware for servers is correct.
//
// A [Case] consists of a [Setup] (policies and an application behind them), the
// requests to send, and the expected responses. Each case tests one [Rule] and
// states why a server must pass it. [Rules] lists the rules; docs/rules.md has
// them as a table. To run the cases against a middleware, write a function that
// builds it:
//
//	func TestConformance(t *testing.T) {
//		conformance.Run(t, conformance.NetHTTP(func(s conformance.Setup) (func(http.Handler) http.Handler, error) {
//			if len(s.Routes) > 0 || len(s.Policies) != 1 || s.KeepVary {
//				return nil, fmt.Errorf("%w: routes, several policies and KeepVary", conformance.ErrUnsupported)
//			}
//			p := s.Policies[0]
//			if p.AllowOriginFunc != nil || p.AllowPrivateNetwork || p.RejectDisallowed {
//				return nil, fmt.Errorf("%w: this field of a policy", conformance.ErrUnsupported)
//			}
//			return mycors.New(mycors.Config{
//				Origins: p.AllowOrigins, Methods: p.AllowMethods, Headers: p.AllowHeaders, Expose: p.ExposeHeaders,
//				Credentials: p.AllowCredentials, MaxAge: p.MaxAge,
//			})
//		}))
//	}
//
// A setup has either policies or routes, so check which before you read one. Pass every
// field of the policy to the library: a case fails if one is ignored. If the library
// cannot express the setup, return [ErrUnsupported]; any other error says that the
// library refuses the policy. A complete example is in example_test.go, in the folder of
// this package
// (https://github.com/corskit/corskit/blob/main/conformance/example_test.go).
//
// # A first run
//
// A first run may show hundreds of failures for a handful of causes. Read the output from
// the end:
//
//	go test . 2>&1 | tail -30
//
// The last lines are a summary: the causes, those about security first, and what to change for
// the most frequent one. If any Origin is reflected with credentials, that comes first.
// Above the summary, the output has, for each cause, what to change, the IDs of its cases
// and one case in full; [Report.Err] returns the same text. Above all of it, the go
// command prints a line "--- FAIL" for each failed case.
//
// Fix the causes about security first, even if they have few cases, and run again. Fewer
// failures do not mean a safer server: one that reflects every origin fails fewer cases than
// one that always sends "*". To see one case in full, run
//
//	go test -v -run 'TestConformance/^A1$/^one$'
//
// docs/rules.md (https://github.com/corskit/corskit/blob/main/docs/rules.md) has
// the text and the source of each rule that a failure names.
//
// Cases with [Case].Choice test a choice of this project, or send what no browser can
// send. They are left out unless [Options].Choices is set. Cases that the mount cannot
// express are counted as unsupported. If more than half are, the run fails, because it
// shows little.
//
// # A middleware without options
//
// A middleware with hard-coded lists ignores the policies of the cases, so many cases
// fail without showing a fault. Turn at least its origins and credentials into
// parameters, and pass those of the policy, because mistakes there are dangerous. Return
// [ErrUnsupported] for patterns that the middleware does not have, but not for hard-coded
// lists: a run fails if most cases are skipped.
//
// Hard-coded methods, headers and maximum ages cause the groups "listed methods or
// headers are refused", "preflights allow more than the policy lists", "scripts cannot
// read exactly the exposed headers" and "Access-Control-Max-Age is not the policy's". To
// leave out nearly all cases that depend on these lists, run
//
//	conformance.Run(t, mount, conformance.Options{Filter: func(c conformance.Case) bool {
//		return strings.Contains("NACOPV", c.Rule[:1]) &&
//			!slices.Contains(strings.Fields("A5 A8 A12 C2 P6 P7 P9 P13"), c.Rule)
//	}})
//
// # Other frameworks
//
// [NetHTTP] is for middleware that takes and returns an [net/http.Handler]. For
// other frameworks, write a [Mount]: build the endpoints of the setup's [App] with
// the framework's own API, start a server on loopback, and return its address.
// Each [Behaviour] takes a few lines; [Handler] is the reference implementation.
// If the framework's engine is an http.Handler, [Serve] can serve it.
//
// A mount returns [ErrUnsupported] if the library cannot express a setup, and
// lists single behaviours in [Server].Unsupported. [Options].KnownFailures lists what
// the library is known to get wrong, with reasons. These cases still run, and it is an
// error if one passes, so the list stays up to date. [Check] runs the suite without a
// *testing.T and returns a [Report] that marshals to JSON.
//
// # What is judged
//
// Where the standard leaves servers a choice, the suite judges verdicts of a
// browser, not headers: a preflight may list all methods or only the requested
// one. The browser is a model, in package
// [github.com/corskit/corskit/conformance/browsermodel]. If a rule is about bytes,
// its cases send requests exactly as written, with repeated lines, unusual white
// space and bytes outside ASCII.
//
// Every request has a number in its query. [Probe] uses it to count how often the
// handler runs for the request: some cases expect once, others never. The case also fails
// if a handler runs after the answer. A few cases send requests of a mebibyte.
//
// # Variations
//
// The cases of rules I1 and I2 have no requests of their own. Each has a [Variation], and
// repeats the requests of the other cases with it: with a cookie, with a body, over HTTP/1.0,
// with all the fields of a browser, in another order. The answer must stay the same,
// because CORS depends on none of this. A caller's own cases are repeated as well, if
// [Options].Cases contains them together with those of [Cases].
//
// A run takes from five seconds to half a minute, depending on the machine. With -short it
// takes a fifth of that, because each variation then repeats only a part of the cases, the
// same in every run; see [Options].Thin.
//
// A failure message contains what was wrong, what was sent, what came back, the
// text of the rule and the policies.
package conformance
