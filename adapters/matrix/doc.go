// Package matrix holds all adapters to the same tests over real sockets: the
// conformance suite, mounted in each framework with that framework's own means,
// and a table of mount positions and of ways in which a framework comes to
// answer a request. It is not released.
package matrix
