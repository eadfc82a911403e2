// Package peers configures the CORS middleware of other libraries, for the
// scoreboard and the benchmarks, as each library documents it.
package peers

import (
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/core"
)

// Peer is one library.
type Peer struct {
	Name   string
	Module string
	Host   hosts.Host

	// New returns the library's middleware for a policy, or the library's error.
	// Some libraries panic instead. If match is not nil, libraries that accept a
	// function use it in place of the policy's origins.
	New func(p core.Policy, match func(origin string) bool) (Middleware, error)
}

// Middleware is the middleware of a peer.
type Middleware struct {
	hosts.Middleware
	// Reload replaces the policy. It is nil if the library cannot do that.
	Reload func(core.Policy) error
}

func native[M any](m M) Middleware { return Middleware{Middleware: hosts.Middleware{Native: m}} }

// withSafelisted adds the methods that CORS always allows, for libraries that
// require them in the list.
func withSafelisted(methods []string) []string {
	return append([]string{"GET", "HEAD", "POST"}, methods...)
}

// seconds returns a max-age in seconds, or -1 for [core.NoPreflightCache], as most
// libraries expect.
func seconds(d time.Duration) int {
	if d == core.NoPreflightCache {
		return -1
	}
	return int(d / time.Second)
}

// headersUnlessEchoed returns the request headers for libraries that echo the
// requested headers if the list is empty. It returns an empty list if the policy
// allows every header, with credentials.
func headersUnlessEchoed(p core.Policy) []string {
	if p.AllowCredentials && slices.Contains(p.AllowHeaders, "*") {
		return nil
	}
	return p.AllowHeaders
}

// customSchemes returns the schemes of origins other than http and https, as
// gin-contrib/cors expects them.
func customSchemes(origins []string) []string {
	var schemes []string
	for _, o := range origins {
		if scheme, _, ok := strings.Cut(o, "://"); ok && scheme != "http" && scheme != "https" {
			schemes = append(schemes, scheme+"://")
		}
	}
	return schemes
}
