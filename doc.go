// Package corskit is the root of a CORS middleware for net/http, gin, echo and
// fiber. It contains only documentation. The other packages of this module are:
//
//   - [github.com/corskit/corskit/core]: the policy, the engine, its decisions and
//     their explanations. It does not depend on any framework.
//   - [github.com/corskit/corskit/reason]: the codes that say why a policy or a file is
//     refused, or what a warning is about.
//   - [github.com/corskit/corskit/adapters/corshttp]: the middleware for net/http,
//     chi, gorilla/mux, httprouter and every other router that is an http.Handler.
//   - [github.com/corskit/corskit/observe]: counters of decisions, a log of refusals, and
//     the inspector, a page that explains them.
//   - [github.com/corskit/corskit/conformance]: a test suite for any CORS
//     middleware.
//   - [github.com/corskit/corskit/conformance/browsermodel]: a model of the
//     browser's side of CORS, with which the suite judges responses.
//   - [github.com/corskit/corskit/conformance/realbrowser]: runs the suite in
//     Chromium, Firefox and WebKit.
//
// The adapters for gin, echo and fiber, the loader of configuration files
// (config), the metrics for Prometheus and OpenTelemetry (observe/corsprom and
// observe/corsotel) and the command line (cmd/corskit) are separate modules, so that
// none of them raises the versions of another's dependencies. The README lists them.
package corskit
