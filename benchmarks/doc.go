// Package benchmarks measures what CORS middleware costs: corskit's adapters
// and the middleware of other libraries, in one table and one run.
//
// A [Setup] is the configuration of a server, in terms of no library, and the
// requests that are timed. A [Subject] builds a server from a setup, or says with
// [ErrUnsupported] why its library cannot. Before a subject is timed, a model of
// a browser checks that its verdicts are those that the setup calls for
// ([Check]). Only the bare subjects, which have no middleware, are not checked.
//
// The cost of middleware is its row minus the row of the bare handler of the
// same framework, setup and request. Handlers do nothing. On net/http, gin and
// echo they write into a header map that is cleared and reused, on fiber into a
// response that is reset, so that the time is almost only that of middleware and
// routing. Requests are built once. Except where they say otherwise, they are as
// short as a browser's can be.
//
// The benchmarks are
//
//	BenchmarkMiddleware/framework=F/setup=S/subject=L/request=R
//	BenchmarkPublic/...    the set that jub0bs/cors-benchmarks publishes
//	BenchmarkServer/...    whole servers over loopback, the client in a process of its own
//	BenchmarkLookup/...    one origin among many, next to a Go map
//	BenchmarkCompile/...   time and memory of building, next to a Go map
//	BenchmarkCollect/...   a cycle of the garbage collector with a million origins loaded
//
// The command cmd/report runs them all several times and writes
// docs/performance.md.
package benchmarks
