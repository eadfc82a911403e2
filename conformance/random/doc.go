// Package random goes beyond the alphabet of package exhaustive: it draws policies
// and requests at random, from many more origins, methods and names. It checks
// properties that need no specification: how the answers to two requests, or of two
// engines, must relate.
//
// The package exports nothing. It is a separate module so that the root module does
// not depend on pgregory.net/rapid. By default each property is checked a hundred
// times, with -short twenty times. To check more often:
//
//	go test -rapid.checks=100000 ./conformance/random
package random
