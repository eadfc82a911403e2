// Package exhaustive proves the engine right over a bounded world: every policy
// that can be written with a small alphabet of origins, methods, header names
// and flags, alone, in pairs and behind routes, against every fetch that a page
// can make with that alphabet.
//
// For each of these pairs, some forty-five million, the test asks [core.Engine] for
// its decisions, hands their headers to the browser of package conformance, and
// compares what the script gets to see, and whether the handler ran, with what
// the policy says. What the policy says is read from a specification of a few
// lines, in specification_test.go, that shares no code with either.
//
// There is nothing here to import. To run it and see the number of pairs:
//
//	go test -v ./conformance/exhaustive
//
// With -short, or under the race detector, an eleventh of the policies is tried.
package exhaustive
