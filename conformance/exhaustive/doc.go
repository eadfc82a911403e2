// Package exhaustive proves the engine correct in a bounded world: every policy
// over a small alphabet of origins, methods, header names and flags, alone, in
// pairs and behind routes, with every fetch of that alphabet that a page can
// make.
//
// For each of these 47 million pairs, the test asks [core.Engine] for its
// decisions, passes their headers to the model of a browser, and compares what
// the script can read, and whether the handler runs, with what the policy says.
// What the policy says comes from a specification of a few lines, in
// specification_test.go, that shares no code with engine or model.
//
// The package exports nothing. There are three worlds, and each test logs which
// one it tries:
//
//	CORSKIT_PROOF=whole go test -v ./conformance/exhaustive  # every server, about three minutes
//	go test -v ./conformance/exhaustive                      # every 11th server, about 15 seconds
//	go test -v -short ./conformance/exhaustive               # every 61st server, about 3 seconds
//
// The race detector selects the smallest world, too. All worlds try every fetch,
// and the choice of servers is always the same. Nested loops make the lists of
// servers. Since 11 and 61 are primes that divide none of their lengths, every
// value of every loop is tried: every pattern, method, header name, flag, host
// and path.
package exhaustive
