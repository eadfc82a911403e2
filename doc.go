// Package corskit is the landing page of a CORS suite for Go: one policy,
// compiled into one engine, behind thin adapters for every framework.
//
// It holds no code. The packages are:
//
//   - [github.com/corskit/corskit/core]: the policy, the engine, its decisions and
//     their explanations. It knows no framework.
//   - [github.com/corskit/corskit/adapters/corshttp]: the middleware for net/http,
//     chi, gorilla/mux, httprouter and every other router of http.Handlers.
//   - [github.com/corskit/corskit/conformance]: a suite of cases for any CORS
//     middleware, judged by a model of the browser.
//
// The adapters for gin, echo and fiber, the loader of configuration files and the
// command line are separate modules, so that none of them raises the versions of
// another's dependencies. The README lists them.
package corskit
