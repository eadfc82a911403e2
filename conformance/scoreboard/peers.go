package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core"
)

// peer is one library under test.
type peer struct {
	name   string // in the table
	module string // whose version go.mod has
	note   string // how it is configured, where that is not obvious
	mount  conformance.Mount
	// framework maps cases that the framework's router decides, whatever the
	// middleware, to the reason. They are left out.
	framework map[string]string
}

func (p peer) concerns(c conformance.Case) bool { return p.framework[c.ID] == "" }

// fiberRouter is what fiber's router does.
var fiberRouter = map[string]string{
	"N4/lower-case": "fiber answers 405 to methods in lower case, also to those it is told of",
	"A14/patch":     "fiber answers 405 to methods in lower case, also to those it is told of",
}

// peers are in the order of the table's columns.
var peers = []peer{
	{"corskit", "", "package corshttp", mountCorskit, nil},
	{"rs/cors", "github.com/rs/cors", "GET, HEAD and POST are listed in AllowedMethods, as it asks for; wildcards as documented, one in an origin", mountRS, nil},
	{"jub0bs/cors", "github.com/jub0bs/cors", "its own patterns; the Dangerously settings follow the policy's", mountJub0bs, nil},
	{"go-chi/cors", "github.com/go-chi/cors", "as rs/cors, from which it is forked", mountChi, nil},
	{"gorilla/handlers", "github.com/gorilla/handlers", "handlers.CORS; GET, HEAD and POST are listed in AllowedMethods, as it asks for", mountGorilla, nil},
	{"gin-contrib/cors", "github.com/gin-contrib/cors", "router.Use; AllowWildcard for patterns, CustomSchemas for schemes", mountGin, nil},
	{"echo v4", "github.com/labstack/echo/v4", "middleware.CORSWithConfig with e.Use; all headers by leaving AllowHeaders empty, as documented", mountEcho, nil},
	{"echo v5", "github.com/labstack/echo/v5", "middleware.CORSWithConfig with e.Use; all headers by leaving AllowHeaders empty, as documented", mountEchoV5, nil},
	{"fiber v2", "github.com/gofiber/fiber/v2", "middleware/cors with app.Use; all headers by leaving AllowHeaders empty, as documented", mountFiber, fiberRouter},
	{"fiber v3", "github.com/gofiber/fiber/v3", "middleware/cors with app.Use; all headers by leaving AllowHeaders empty, as documented", mountFiberV3, fiberRouter},
}

// result is a peer and how it did.
type result struct {
	peer
	report conformance.Report
}

func run(ctx context.Context, peers []peer) []result {
	results := make([]result, len(peers))
	for i, p := range peers {
		results[i] = result{p, conformance.Check(ctx, p.mount, conformance.Options{Cases: fairCases(), Filter: p.concerns})}
	}
	return results
}

// ability is something that a policy may ask for and a library may lack.
type ability string

// The abilities.
const (
	noOrigins  ability = "a policy without origins"
	anyOrigin  ability = `the origin "*"`
	nullOrigin ability = `the origin "null"`
	subdomains ability = "patterns for subdomains"
	partLabels ability = "wildcards within a label"
	anyPorts   ability = "patterns for ports"
	portRanges ability = "patterns for ranges of ports"
	regexps    ability = "regular expressions for origins"
	loopback   ability = "a pattern for loopback origins"
	schemes    ability = "schemes other than http and https"
	originFunc ability = "a function for origins beside a list"
	starMeths  ability = "all methods, without credentials"
	anyMethods ability = "all methods, with credentials"
	starHeads  ability = "all headers, without credentials"
	anyHeaders ability = "all headers, with credentials"
	noCache    ability = "Access-Control-Max-Age: 0"
	private    ability = "private network access"
	reject     ability = "rejecting requests of disallowed origins"
	keepVary   ability = "restoring a Vary that a handler has overwritten"
	perRoute   ability = "policies per route in one middleware"
	several    ability = "several policies, of which the origin chooses"
)

// policyFor returns the one policy of a setup if a library with these abilities
// can express it, and the library has no others.
func policyFor(s conformance.Setup, abilities ...ability) (core.Policy, error) {
	for _, a := range asks(s) {
		if !slices.Contains(abilities, a) {
			return core.Policy{}, fmt.Errorf("%w: it has no way to express %s", conformance.ErrUnsupported, a)
		}
	}
	return s.Policies[0], nil
}

// asks returns what a setup asks for beyond lists of exact values.
func asks(s conformance.Setup) []ability {
	var all []ability
	add := func(a ability, asked bool) {
		if asked {
			all = append(all, a)
		}
	}
	add(perRoute, len(s.Routes) > 0)
	add(several, len(s.Policies) > 1)
	add(keepVary, s.KeepVary)
	if len(all) > 0 || len(s.Policies) == 0 {
		return append(all, perRoute)
	}
	p := s.Policies[0]
	for _, o := range p.AllowOrigins {
		scheme, rest, _ := strings.Cut(o, "://")
		isRegexp := strings.HasPrefix(o, "regexp:")
		_, ports, _ := strings.Cut(rest, ":")
		hosts, _, _ := strings.Cut(rest, ":")
		add(anyOrigin, o == "*")
		add(nullOrigin, o == "null")
		add(loopback, o == "@loopback")
		add(regexps, isRegexp)
		if isRegexp || rest == "" {
			continue
		}
		add(schemes, scheme != "http" && scheme != "https")
		add(anyPorts, ports == "*")
		add(portRanges, strings.Contains(ports, "-"))
		add(subdomains, strings.HasPrefix(hosts, "*."))
		add(partLabels, strings.Contains(strings.TrimPrefix(hosts, "*."), "*"))
	}
	add(noOrigins, len(p.AllowOrigins) == 0)
	add(originFunc, p.AllowOriginFunc != nil)
	add(starMeths, slices.Contains(p.AllowMethods, "*") && !p.AllowCredentials)
	add(anyMethods, slices.Contains(p.AllowMethods, "*") && p.AllowCredentials)
	add(starHeads, slices.Contains(p.AllowHeaders, "*") && !p.AllowCredentials)
	add(anyHeaders, slices.Contains(p.AllowHeaders, "*") && p.AllowCredentials)
	add(noCache, p.MaxAge == core.NoPreflightCache)
	add(private, p.AllowPrivateNetwork)
	add(reject, p.RejectDisallowed)
	return all
}

// withSafelisted adds the methods that CORS always allows, for libraries that
// want them listed.
func withSafelisted(methods []string) []string {
	return append([]string{"GET", "HEAD", "POST"}, methods...)
}

// seconds is a max-age, with -1 for none, where that is the library's way.
func seconds(d time.Duration) int {
	if d == core.NoPreflightCache {
		return -1
	}
	return int(d / time.Second)
}

// build calls a library's constructor and turns its panic into the refusal that
// it is. A library may refuse what other libraries do not: that is no fault of
// it, the case is one that it cannot express.
func build[T any](s conformance.Setup, construct func() (T, error)) (built T, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("it panics: %v", reason)
		}
		if err == nil {
			return
		}
		if _, illegal := s.Engine(); illegal == nil {
			err = fmt.Errorf("%w: it refuses the policy", conformance.ErrUnsupported)
		}
	}()
	return construct()
}

// fiberCannot says why fiber's server cannot do what a setup asks for.
func fiberCannot(s conformance.Setup) error {
	switch {
	case s.Protocol != conformance.HTTP1:
		return fmt.Errorf("%w: its server speaks HTTP/1.1 only", conformance.ErrUnsupported)
	case s.AsteriskTarget:
		return fmt.Errorf("%w: the rule is about net/http's server", conformance.ErrUnsupported)
	}
	return nil
}

// fiberUnsupported are the behaviours that are net/http's.
func fiberUnsupported() map[conformance.Behaviour]string {
	reasons := noUpstream()
	for _, b := range []conformance.Behaviour{
		conformance.Events, conformance.Upgrade, conformance.TimeoutVary, conformance.MutateHeader,
	} {
		reasons[b] = "the scoreboard's handler for it is one of net/http"
	}
	return reasons
}

// fiberExtensions are the extension methods that fiber does not know by itself.
func fiberExtensions(known []string) []string {
	return slices.DeleteFunc(slices.Clone(conformance.ExtensionMethods), func(m string) bool {
		return slices.Contains(known, m)
	})
}
