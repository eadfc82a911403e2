package benchmarks

import (
	"errors"
	"fmt"

	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/core"
)

// ErrUnsupported means that a library cannot express a setup.
var ErrUnsupported = errors.New("benchmarks: unsupported")

func unsupported(reason string) error { return fmt.Errorf("%w: %s", ErrUnsupported, reason) }

// Framework is the name of a framework, as in [hosts.Host].
type Framework string

// NetHTTP is the framework that has a floor, several peers and the published set.
const NetHTTP Framework = "nethttp"

// Names of subjects with a special role.
const (
	Bare  = "bare"    // no middleware
	Ours  = "corskit" // the adapter of this repository
	Floor = "floor"   // a lower bound: see floor
)

// Subject is one row for each request of each setup.
type Subject struct {
	Name      string
	Framework Framework
	// Build returns a server that is configured as the setup says, or an error
	// that wraps [ErrUnsupported].
	Build func(Setup) (*Server, error)
}

// Subjects returns all subjects by framework, the bare one first.
func Subjects() []Subject {
	var all []Subject
	for _, h := range hosts.All() {
		all = append(all, bare(h), ours(h))
		for _, p := range others {
			if p.Host.Name == h.Name {
				all = append(all, p.subject())
			}
		}
		if h.Name == string(NetHTTP) {
			all = append(all, Subject{Floor, NetHTTP, floor})
		}
	}
	return all
}

// bare is the application without middleware.
func bare(h hosts.Host) Subject {
	return Subject{Bare, Framework(h.Name), func(s Setup) (*Server, error) {
		return build(h, s, nil, nil), nil
	}}
}

// ours is the adapter of this repository, always around the whole application.
func ours(h hosts.Host) Subject {
	return Subject{Ours, Framework(h.Name), func(s Setup) (*Server, error) {
		engine, err := engineOf(s)
		if err != nil {
			return nil, err
		}
		server := build(h, s, hosts.Adapter(engine), nil)
		server.reload = func() error { return engine.Reload(policiesOf(s)...) }
		return server, nil
	}}
}

func engineOf(s Setup) (*core.Engine, error) {
	if s.Routes == nil {
		return core.New(policiesOf(s)...)
	}
	var routes []core.Route
	for _, r := range s.Routes() {
		routes = append(routes, core.Route{Path: r.Prefix, Policies: []core.Policy{r.Policy.Core()}})
	}
	return core.NewRouted(routes...)
}

func policiesOf(s Setup) []core.Policy {
	var policies []core.Policy
	for i, p := range s.Policies() {
		policy := p.Core()
		policy.Name = fmt.Sprint("p", i)
		policies = append(policies, policy)
	}
	return policies
}

// build builds an application with middleware around all of it, and around each
// of the setup's routes, if there is any. Each route has one endpoint, "items",
// whose handler writes the setup's body. On net/http an application without routes
// is just the handler.
func build(h hosts.Host, s Setup, cors []hosts.Middleware, perRoute [][]hosts.Middleware) *Server {
	app := hosts.App{CORS: cors, Options: hosts.Options{Unrouted: s.Routes == nil}}
	for i, prefix := range s.prefixes() {
		r := hosts.Route{Methods: []string{"GET", "PUT", "OPTIONS"}, Path: prefix + "items", Behaviour: hosts.Text, Body: s.Body}
		if perRoute != nil {
			r.CORS = perRoute[i]
		}
		app.Routes = append(app.Routes, r)
	}
	return &Server{h.Build(app), nil}
}
