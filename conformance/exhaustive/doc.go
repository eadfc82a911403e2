// Package exhaustive proves the engine correct in a bounded world. It builds
// servers from every policy over a small alphabet of origins, methods, header names
// and flags: single policies, pairs of policies, and policies behind routes. To each
// server it sends every fetch of that alphabet that a page can make.
//
// For each of these 47 million pairs of a server and a fetch, the test asks
// [core.Engine] for its decisions, passes their headers to the model of a browser,
// and compares what the script can read, and whether the handler runs, with a
// specification. The specification is a few lines in specification_test.go, and
// shares no code with the engine or the model.
//
// The package exports nothing. There are three worlds, and each test logs which
// one it uses:
//
//	CORSKIT_PROOF=whole go test -v ./conformance/exhaustive  # every server, about three minutes
//	go test -v ./conformance/exhaustive                      # every 11th server, about 15 seconds
//	go test -v -short ./conformance/exhaustive               # every 211th server, about 1 second
//
// The race detector also selects the smallest world. All worlds try every fetch,
// and the choice of servers is always the same. Nested loops generate the lists of
// servers. The lengths of the loops are not multiples of the primes 11 and 211, so
// every value of every loop is tried: every pattern, method, header name, flag,
// host and path.
package exhaustive
