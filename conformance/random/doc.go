// Package random looks beyond the alphabet of package exhaustive: policies and
// requests are drawn at random, over far more origins, methods and names, and
// held to laws that need no specification of their own: how the answers to two
// requests, or by two engines, have to hang together.
//
// There is nothing here to import. It is a module of its own because
// pgregory.net/rapid has no place in the root module:
//
//	go test -rapid.checks=100000 ./conformance/random
package random
