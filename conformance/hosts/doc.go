// Package hosts builds applications with every framework that corskit has an
// adapter for. It is not released.
//
// An [App] describes what is to be served: routes and what their handlers do,
// groups of routes, where CORS middleware is mounted, what surrounds it, and
// the settings of frameworks that tests need. A [Host] knows how one framework
// does that. Tests, the scoreboard and the benchmarks describe an application
// once and build it with each Host of [All].
//
// The middleware is an adapter of this repository, or any middleware of the
// framework's own type, so that other libraries are served by the same
// applications.
//
// To add a framework, write its file here, as gin.go is for gin, and add a line
// to [All].
package hosts
