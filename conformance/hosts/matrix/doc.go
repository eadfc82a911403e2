// Package matrix runs the same tests against every adapter, over real sockets:
// the conformance suite, and a table of every place where middleware can be mounted
// and every way in which a framework can answer a request. Package hosts builds the
// applications. Package matrix is not released.
package matrix
