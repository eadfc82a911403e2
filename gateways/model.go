package gateways

import (
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// Model is what a gateway answers according to a file. Behind it is an application that knows
// nothing of CORS.
type Model interface {
	// Answer returns the answer to a request.
	Answer(core.Request) Answer
	// Facts returns on what the answers depend.
	Facts() Facts
}

// Answer is the answer of a gateway to one request.
type Answer struct {
	// Reached reports whether the application gets the request. Then Status is that of the
	// application, and the field here is not used.
	Reached bool
	Status  int
	// Header holds the fields that the gateway sends. If the application is reached, they are
	// added to its response.
	Header browsermodel.Fields
	// OnlySuccess means that responses of the application with an error status do not get Header.
	OnlySuccess bool
}

// Facts are what the answers of a model depend on. If two origins match the same of Origins,
// the model gives them the same answers, apart from their own names in the answers.
type Facts struct {
	// Origins are patterns in the syntax of core. An expression E that the gateway does not
	// anchor is "regexp:.*(?:E).*".
	Origins []string
	Methods []string // that the model lists
	Headers []string // request headers that the model lists
	Exposed []string // response headers that the model lists
	// Places are the hosts and paths that the model tells apart, in the syntax of
	// core.Route: a path that ends in a slash includes those below it. Empty means any.
	Places []RoutePlace
}

// RoutePlace is a host and a path, as in [core.Route].
type RoutePlace struct{ Host, Path string }
