// Package benchmarks measures what CORS middleware costs: corskit's adapters
// and the middleware of every other library, in one table and one run.
//
// A [Setup] is what a server is configured with, in terms of no library, and
// the requests that are timed. A [Subject] builds a server from a setup, or
// says with [ErrUnsupported] why its library cannot. Every subject but the bare
// ones, which have no middleware, is asked with a model of a browser whether it
// gives the verdicts that the setup calls for before it is timed ([Check]).
//
// The cost of a middleware is its row less the row of the bare handler of the
// same framework, setup and request. Handlers do nothing; net/http, gin and
// echo write into a header map that is cleared and used again, fiber into a
// response that is reset, so that next to nothing but middleware and routing is
// timed. Requests are built once and are as short as a browser's can be, but
// for those that say otherwise.
//
// The benchmarks are
//
//	BenchmarkMiddleware/framework=F/setup=S/subject=L/request=R
//	BenchmarkPublic/...    the set that jub0bs/cors-benchmarks publishes
//	BenchmarkServer/...    whole servers over loopback, the client in a process of its own
//	BenchmarkLookup/...    one origin among many, beside a Go map
//	BenchmarkCompile/...   time and memory of building, beside a Go map
//	BenchmarkCollect/...   a cycle of the garbage collector with a million origins loaded
//
// The command cmd/report runs them all, several times over, and writes
// docs/performance.md.
package benchmarks
