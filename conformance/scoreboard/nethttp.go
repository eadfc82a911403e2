package main

import (
	"net/http"

	chicors "github.com/go-chi/cors"
	"github.com/gorilla/handlers"
	jubcors "github.com/jub0bs/cors"
	rscors "github.com/rs/cors"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/conformance"
)

// wrapper is a middleware of net/http.
type wrapper = func(http.Handler) http.Handler

func mountCorskit(s conformance.Setup) (*conformance.Server, error) {
	s.App.ModifyResponse = corshttp.StripUpstream
	return conformance.NetHTTP(func(s conformance.Setup) (wrapper, error) {
		engine, err := s.Engine()
		if err != nil {
			return nil, err
		}
		return corshttp.Middleware(engine, corshttp.Options{KeepVary: s.KeepVary}), nil
	})(s)
}

// netHTTP is conformance.NetHTTP for libraries without a helper for what an
// upstream server says of CORS.
func netHTTP(middleware func(conformance.Setup) (wrapper, error)) conformance.Mount {
	mount := conformance.NetHTTP(middleware)
	return func(s conformance.Setup) (*conformance.Server, error) {
		server, err := mount(s)
		if err == nil {
			server.Unsupported = noUpstream()
		}
		return server, err
	}
}

func noUpstream() map[conformance.Behaviour]string {
	return map[conformance.Behaviour]string{
		conformance.Upstream: "it has no helper that removes an upstream's CORS headers",
	}
}

var mountRS = netHTTP(func(s conformance.Setup) (wrapper, error) {
	p, err := policyFor(s, anyOrigin, nullOrigin, subdomains, partLabels, schemes, starHeads, anyHeaders, noCache, private)
	if err != nil {
		return nil, err
	}
	return build(s, func() (wrapper, error) {
		return rscors.New(rscors.Options{
			AllowedOrigins:      p.AllowOrigins,
			AllowedMethods:      withSafelisted(p.AllowMethods),
			AllowedHeaders:      p.AllowHeaders,
			ExposedHeaders:      p.ExposeHeaders,
			AllowCredentials:    p.AllowCredentials,
			AllowPrivateNetwork: p.AllowPrivateNetwork,
			MaxAge:              seconds(p.MaxAge),
		}).Handler, nil
	})
})

var mountJub0bs = netHTTP(func(s conformance.Setup) (wrapper, error) {
	p, err := policyFor(s, anyOrigin, subdomains, anyPorts, schemes, starMeths, anyMethods, starHeads, anyHeaders, noCache)
	if err != nil {
		return nil, err
	}
	return build(s, func() (wrapper, error) {
		m, err := jubcors.NewMiddleware(jubcors.Config{
			Origins:                            p.AllowOrigins,
			Methods:                            p.AllowMethods,
			RequestHeaders:                     p.AllowHeaders,
			ResponseHeaders:                    p.ExposeHeaders,
			Credentialed:                       p.AllowCredentials,
			MaxAgeInSeconds:                    seconds(p.MaxAge),
			DangerouslyTolerateInsecureOrigins: p.DangerouslyAllowInsecureOrigins,
			DangerouslyTolerateSubdomainsOfPublicSuffixes: p.DangerouslyAllowPublicSuffixes,
		})
		if err != nil {
			return nil, err
		}
		return m.Wrap, nil
	})
})

var mountChi = netHTTP(func(s conformance.Setup) (wrapper, error) {
	p, err := policyFor(s, anyOrigin, nullOrigin, subdomains, partLabels, schemes, starHeads, anyHeaders)
	if err != nil {
		return nil, err
	}
	return build(s, func() (wrapper, error) {
		return chicors.Handler(chicors.Options{
			AllowedOrigins:   p.AllowOrigins,
			AllowedMethods:   withSafelisted(p.AllowMethods),
			AllowedHeaders:   p.AllowHeaders,
			ExposedHeaders:   p.ExposeHeaders,
			AllowCredentials: p.AllowCredentials,
			MaxAge:           seconds(p.MaxAge),
		}), nil
	})
})

var mountGorilla = netHTTP(func(s conformance.Setup) (wrapper, error) {
	p, err := policyFor(s, anyOrigin, nullOrigin, schemes)
	if err != nil {
		return nil, err
	}
	options := []handlers.CORSOption{
		handlers.AllowedOrigins(p.AllowOrigins),
		handlers.AllowedMethods(withSafelisted(p.AllowMethods)),
		handlers.AllowedHeaders(p.AllowHeaders),
		handlers.ExposedHeaders(p.ExposeHeaders),
		handlers.MaxAge(seconds(p.MaxAge)),
	}
	if p.AllowCredentials {
		options = append(options, handlers.AllowCredentials())
	}
	return build(s, func() (wrapper, error) { return handlers.CORS(options...), nil })
})
