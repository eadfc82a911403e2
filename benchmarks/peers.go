package benchmarks

import (
	"strings"

	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/conformance/hosts/peers"
)

// peer is another library, or one way of using it.
type peer struct {
	name string
	peers.Peer

	// function reports whether the library gets a function instead of the policy's list
	// of origins. A nil function means that it never does.
	function func(Policy) bool
	// lacks returns why the library cannot express the policy, or "". It may be nil.
	lacks func(Policy) string
}

var others = []peer{
	{name: "rs-cors", Peer: peers.RS()},
	{name: "rs-cors-func", Peer: peers.RS(), function: func(Policy) bool { return true }, lacks: func(p Policy) string {
		return reason(p.Any(), "a function cannot make it answer *")
	}},
	{name: "jub0bs-cors", Peer: peers.Jub0bs()},
	{name: "go-chi-cors", Peer: peers.Chi()},
	{name: "gorilla-handlers", Peer: peers.Gorilla(), function: hasWildcard, lacks: func(p Policy) string {
		return reason(p.AnyHeader(), "headers must be listed")
	}},
	{name: "gin-contrib-cors", Peer: peers.Gin(), lacks: func(p Policy) string {
		return reason(p.AnyHeader() && p.Credentials, "answers * together with credentials, which browsers refuse")
	}},
	{name: "echo-middleware", Peer: peers.Echo(), lacks: func(p Policy) string {
		// Regular expressions for a million origins take some gigabytes.
		return reason(len(p.Origins) > 100_000, "compiles a regular expression for each origin")
	}},
	{name: "echo-middleware", Peer: peers.EchoV5(), function: hasWildcard},
	{name: "fiber-middleware", Peer: peers.Fiber()},
	{name: "fiber-middleware", Peer: peers.FiberV3()},
}

func reason(lacks bool, why string) string {
	if lacks {
		return why
	}
	return ""
}

// subject returns the peer's row. The middleware has one policy, so each route gets
// its own middleware.
func (p peer) subject() Subject {
	return Subject{p.name, Framework(p.Host.Name), func(s Setup) (*Server, error) {
		if s.Routes != nil {
			var mounted [][]hosts.Middleware
			for _, r := range s.Routes() {
				m, err := p.middleware(r.Policy)
				if err != nil {
					return nil, err
				}
				mounted = append(mounted, []hosts.Middleware{m.Middleware})
			}
			return build(p.Host, s, nil, mounted), nil
		}
		policies := s.Policies()
		if len(policies) > 1 {
			return nil, unsupported("one policy for all origins")
		}
		m, err := p.middleware(policies[0])
		if err != nil {
			return nil, err
		}
		if s.Reload && m.Reload == nil {
			return nil, unsupported("the policy cannot be replaced")
		}
		server := build(p.Host, s, []hosts.Middleware{m.Middleware}, nil)
		if m.Reload != nil {
			server.reload = func() error { return m.Reload(s.Policies()[0].Core()) }
		}
		return server, nil
	}}
}

func (p peer) middleware(policy Policy) (peers.Middleware, error) {
	if p.lacks != nil {
		if why := p.lacks(policy); why != "" {
			return peers.Middleware{}, unsupported(why)
		}
	}
	var match func(string) bool
	if p.function != nil && p.function(policy) {
		match = matchFunc(policy.Origins)
	}
	return p.New(policy.Core(), match)
}

// matchFunc returns the function that a user would write for a library that accepts
// one: a map for the exact origins, and a loop over the others.
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
