// Package matrix runs the same tests against every adapter, over real sockets:
// the conformance suite, and a table of the places where middleware is mounted
// and of the ways in which a framework comes to answer a request. Package hosts
// builds the applications. It is not released.
package matrix
