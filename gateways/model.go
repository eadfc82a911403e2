package gateways

import (
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// Model answers requests as a gateway with a given configuration file does. The application behind
// the gateway does not handle CORS.
type Model interface {
	// Answer returns the answer to a request.
	Answer(core.Request) Answer
	// Facts returns what the answers depend on.
	Facts() Facts
}

// Answer is the answer of a gateway to one request.
type Answer struct {
	// Reached reports whether the application gets the request. If it does, the status is the
	// application's, and Status is not used.
	Reached bool
	Status  int
	// Header holds the header fields that the gateway sends. If the application gets the request,
	// the gateway adds them to the application's response.
	Header browsermodel.Fields
	// OnlySuccess means that the gateway does not add Header to error responses of the application.
	OnlySuccess bool
}

// Facts are what the answers of a model depend on. If the same patterns in Origins match two
// origins, both get the same answers, apart from their own names.
type Facts struct {
	// Origins are patterns in the syntax of core. An expression E that the gateway does not
	// anchor is "regexp:.*(?:E).*".
	Origins []string
	Methods []string // that the model lists
	Headers []string // request headers that the model lists
	Exposed []string // response headers that the model lists
	// Places are the hosts and paths that the model distinguishes, in the syntax of core.Route: a
	// path that ends in a slash includes the paths below it. An empty host or path means any.
	Places []RoutePlace
}

// RoutePlace is a host and a path, as in [core.Route].
type RoutePlace struct{ Host, Path string }
