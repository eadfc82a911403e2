// Package benchmarks measures what CORS middleware costs: corskit's adapters
// and the middleware of other libraries, in one table and one run.
//
// A [Setup] is the configuration of a server, independent of any library, and the
// requests that are timed. A [Subject] builds a server from a setup, or returns an
// error that wraps [ErrUnsupported] and says why its library cannot. Before a
// subject is timed, [Check] asks a model of a browser whether the server gives the
// verdicts that the setup calls for. Only the bare subjects, which have no
// middleware, are not checked.
//
// The cost of middleware is the time of its row minus that of the bare handler with
// the same framework, setup and request. Handlers do nothing. On net/http, gin and
// echo the header map is cleared and reused, and on fiber the response is reset, so
// the times include little apart from middleware and routing. Requests are built
// once, and are as short as a browser's can be unless their titles say otherwise.
//
// The benchmarks are
//
//	BenchmarkMiddleware/framework=F/setup=S/subject=L/request=R
//	BenchmarkPublic/...    the set that jub0bs/cors-benchmarks publishes
//	BenchmarkServer/...    whole servers over loopback, with the client in another process
//	BenchmarkLookup/...    look-ups of an origin among many, compared with a Go map
//	BenchmarkCompile/...   time and memory to build an engine, compared with a Go map
//	BenchmarkCollect/...   a cycle of the garbage collector with a million origins loaded
//	BenchmarkHeaders/...   no time: which headers each subject writes, compared with corskit
//
// The command cmd/report runs BenchmarkHeaders once and the others several times, and
// writes docs/performance.md and docs/performance/contributors.md.
package benchmarks
