package main

import (
	"context"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/conformance/hosts/peers"
)

// column is one library in the table.
type column struct {
	name   string
	module string // the module, whose version is in go.mod; empty for corskit itself
	note   string // how the library is configured, if that is not obvious
	mount  conformance.Mount
}

// columns are the columns of the table, in order.
var columns = []column{
	{"corskit", "", "package corshttp", hosts.NetHTTP().Mount(nil)},
	peer(peers.RS(), "GET, HEAD and POST are listed in AllowedMethods, and an origin has at most one wildcard, as documented",
		anyOrigin, nullOrigin, subdomains, partLabels, schemes, starHeads, anyHeaders, noCache, private),
	peer(peers.Jub0bs(), "its own patterns; the Dangerously settings follow the policy's",
		anyOrigin, subdomains, anyPorts, schemes, starMeths, anyMethods, starHeads, anyHeaders, noCache),
	peer(peers.Chi(), "as rs/cors, of which it is a fork",
		anyOrigin, nullOrigin, subdomains, partLabels, schemes, starHeads, anyHeaders),
	peer(peers.Gorilla(), "handlers.CORS; GET, HEAD and POST are listed in AllowedMethods, as documented",
		anyOrigin, nullOrigin, schemes),
	peer(peers.Gin(), "router.Use; AllowWildcard for patterns, CustomSchemas for schemes",
		anyOrigin, subdomains, partLabels, schemes, starMeths, starHeads, private, reject),
	peer(peers.Echo(), "middleware.CORSWithConfig with e.Use; to allow all headers, AllowHeaders is empty, as documented",
		anyOrigin, nullOrigin, subdomains, partLabels, schemes, starMeths, starHeads, anyHeaders, noCache),
	peer(peers.EchoV5(), "middleware.CORSWithConfig with e.Use; to allow all headers, AllowHeaders is empty, as documented",
		anyOrigin, nullOrigin, schemes, starMeths, starHeads, anyHeaders, noCache),
	peer(peers.Fiber(), "middleware/cors with app.Use; to allow all headers, AllowHeaders is empty, as documented",
		anyOrigin, subdomains, schemes, starMeths, starHeads, anyHeaders, noCache),
	peer(peers.FiberV3(), "middleware/cors with app.Use; to allow all headers, AllowHeaders is empty, as documented",
		anyOrigin, subdomains, schemes, starMeths, starHeads, anyHeaders, noCache, private),
}

// peer returns the column of a library that has these abilities.
func peer(p peers.Peer, note string, abilities ...ability) column {
	return column{p.Name, p.Module, note, func(s conformance.Setup) (*conformance.Server, error) {
		if err := p.Host.Serves(s); err != nil {
			return nil, err
		}
		policy, err := policyFor(s, abilities)
		if err != nil {
			return nil, err
		}
		m, err := build(s, func() (peers.Middleware, error) { return p.New(policy, nil) })
		if err != nil {
			return nil, err
		}
		server, err := p.Host.Build(hosts.Describe(s, m.Middleware)).Serve(s)
		if err == nil {
			server.Unsupported = map[conformance.Behaviour]string{
				conformance.Upstream: "it has no helper that removes an upstream's CORS headers",
			}
		}
		return server, err
	}}
}

// result is a column and how its library did.
type result struct {
	column
	report conformance.Report
}

func run(ctx context.Context) []result {
	results := make([]result, len(columns))
	for i, c := range columns {
		// Repeating a part of the other cases finds the same failures as repeating all of
		// them.
		results[i] = result{c, conformance.Check(ctx, c.mount, conformance.Options{Cases: fairCases(), Choices: true, Thin: 8})}
	}
	return results
}
