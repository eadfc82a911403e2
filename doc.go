// Package corskit is the landing page of a CORS suite for Go: one policy,
// compiled into one engine, behind thin adapters for every framework.
//
// It holds no code. The packages are:
//
//   - [github.com/corskit/corskit/core]: Policy, Engine, Decision; what is
//     decided and why. It knows no framework.
//   - [github.com/corskit/corskit/adapters/corshttp]: net/http, and so chi,
//     gorilla/mux, httprouter and whatever else takes an http.Handler.
//   - [github.com/corskit/corskit/conformance]: a model of the browser's side
//     of CORS, and a suite of cases for any middleware.
//
// Adapters for other frameworks and the loader of configuration files are
// modules of their own, so that none raises the versions of another's
// dependencies; the README lists them.
package corskit
