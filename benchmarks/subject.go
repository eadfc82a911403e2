package benchmarks

import (
	"errors"
	"fmt"
	"strings"

	"github.com/corskit/corskit/core"
)

// ErrUnsupported says that a library cannot do what a setup asks for.
var ErrUnsupported = errors.New("benchmarks: unsupported")

func unsupported(reason string) error { return fmt.Errorf("%w: %s", ErrUnsupported, reason) }

// Framework is what a middleware plugs into.
type Framework string

// The frameworks.
const (
	NetHTTP Framework = "nethttp"
	Gin     Framework = "gin"
	Echo    Framework = "echo"
	EchoV5  Framework = "echov5"
	Fiber   Framework = "fiber"
	FiberV3 Framework = "fiberv3"
)

// Names of subjects that have a role of their own.
const (
	Bare  = "bare"    // no middleware
	Ours  = "corskit" // the adapter of this repository
	Floor = "floor"   // the answers of a middleware, known beforehand
)

// Subject is one row for each request of each setup.
type Subject struct {
	Name      string
	Framework Framework
	// Build returns a server that is configured as the setup says, or an error
	// that wraps [ErrUnsupported].
	Build func(Setup) (*Server, error)
}

// Subjects returns the table, framework by framework, the bare one first.
func Subjects() []Subject {
	var all []Subject
	for _, of := range [][]Subject{netHTTPSubjects, ginSubjects, echoSubjects, echoV5Subjects, fiberSubjects, fiberV3Subjects} {
		all = append(all, of...)
	}
	return all
}

// mounted is the part of an application below a path prefix, with the
// middleware of that part alone.
type mounted[M any] struct {
	prefix     string
	middleware []M
}

// assemble builds an application: middleware around all of it, and the parts,
// each with one endpoint "items" that takes GET, PUT and OPTIONS and writes body.
type assemble[M any] func(outer []M, parts []mounted[M], body string) *Server

// bare is the application alone.
func bare[M any](f Framework, app assemble[M]) Subject {
	return Subject{Bare, f, func(s Setup) (*Server, error) {
		return app(nil, parts[M](s), s.Body), nil
	}}
}

func parts[M any](s Setup) []mounted[M] {
	var parts []mounted[M]
	for _, prefix := range s.prefixes() {
		parts = append(parts, mounted[M]{prefix: prefix})
	}
	return parts
}

// ours is an adapter of this repository, always around the whole application.
func ours[M any](f Framework, app assemble[M], middleware func(*core.Engine) M) Subject {
	return Subject{Ours, f, func(s Setup) (*Server, error) {
		engine, err := engineOf(s)
		if err != nil {
			return nil, err
		}
		server := app([]M{middleware(engine)}, parts[M](s), s.Body)
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

// peer is another library's middleware, which knows one policy: routes get a
// middleware each, in the way that their framework has for it.
func peer[M any](name string, f Framework, app assemble[M], middleware func(Policy) (M, error)) Subject {
	return reloadable(name, f, app, func(p Policy) (M, func(Policy) error, error) {
		m, err := middleware(p)
		return m, nil, err
	})
}

// reloadable is a peer whose policy can be replaced while it serves.
func reloadable[M any](name string, f Framework, app assemble[M], middleware func(Policy) (M, func(Policy) error, error)) Subject {
	return Subject{name, f, func(s Setup) (*Server, error) {
		if s.Routes != nil {
			var parts []mounted[M]
			for _, r := range s.Routes() {
				m, _, err := middleware(r.Policy)
				if err != nil {
					return nil, err
				}
				parts = append(parts, mounted[M]{r.Prefix, []M{m}})
			}
			return app(nil, parts, s.Body), nil
		}
		policies := s.Policies()
		if len(policies) > 1 {
			return nil, unsupported("one policy for all origins")
		}
		m, reload, err := middleware(policies[0])
		if err != nil {
			return nil, err
		}
		if s.Reload && reload == nil {
			return nil, unsupported("the policy cannot be replaced")
		}
		server := app([]M{m}, parts[M](s), s.Body)
		if reload != nil {
			server.reload = func() error { return reload(s.Policies()[0]) }
		}
		return server, nil
	}}
}

// matchFunc is what a user writes where a library takes a function: a map for
// the exact origins, and a loop over the others.
func matchFunc(origins []string) func(string) bool {
	exact := make(map[string]bool, len(origins))
	var suffixes []string
	for _, o := range origins {
		if host, ok := strings.CutPrefix(o, "https://*"); ok {
			suffixes = append(suffixes, host)
		} else {
			exact[o] = true
		}
	}
	return func(origin string) bool {
		if exact[origin] {
			return true
		}
		host, ok := strings.CutPrefix(origin, "https://")
		if !ok || len(origin) > 300 {
			return false
		}
		for _, suffix := range suffixes {
			if strings.HasSuffix(host, suffix) && len(host) > len(suffix) {
				return true
			}
		}
		return false
	}
}

func hasWildcard(p Policy) bool {
	for _, o := range p.Origins {
		if strings.Contains(o, "*") && o != "*" {
			return true
		}
	}
	return false
}
