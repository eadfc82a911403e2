// Package hosts builds applications with every framework that corskit has an
// adapter for. The package is not released.
//
// An [App] describes an application: its routes and what their handlers do, its
// groups of routes, where CORS middleware is mounted, the middleware around it, and
// the framework settings that tests need. A [Host] builds an App with one framework.
// Tests, the scoreboard and the benchmarks describe an application once and build it
// with each Host of [All].
//
// The CORS middleware is an adapter of this repository, or any middleware of the
// framework's own type, so the same applications can test other libraries.
//
// To add a framework, write a file like gin.go and add a line to [All].
// CONTRIBUTING.md lists the other files.
package hosts
