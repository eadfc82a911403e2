package peers

import (
	chi "github.com/go-chi/cors"
	gorilla "github.com/gorilla/handlers"
	jub0bs "github.com/jub0bs/cors"
	rs "github.com/rs/cors"

	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/core"
)

// RS is rs/cors.
func RS() Peer {
	return Peer{"rs/cors", "github.com/rs/cors", hosts.NetHTTP(), func(p core.Policy, match func(string) bool) (Middleware, error) {
		options := rs.Options{
			AllowedOrigins:      p.AllowOrigins,
			AllowedMethods:      withSafelisted(p.AllowMethods),
			AllowedHeaders:      p.AllowHeaders,
			ExposedHeaders:      p.ExposeHeaders,
			AllowCredentials:    p.AllowCredentials,
			AllowPrivateNetwork: p.AllowPrivateNetwork,
			MaxAge:              seconds(p.MaxAge),
		}
		if match != nil {
			options.AllowOriginFunc, options.AllowedOrigins = match, nil
		}
		return native(rs.New(options).Handler), nil
	}}
}

// Jub0bs is jub0bs/cors.
func Jub0bs() Peer {
	config := func(p core.Policy) jub0bs.Config {
		return jub0bs.Config{
			Origins:                            p.AllowOrigins,
			Methods:                            p.AllowMethods,
			RequestHeaders:                     p.AllowHeaders,
			ResponseHeaders:                    p.ExposeHeaders,
			Credentialed:                       p.AllowCredentials,
			MaxAgeInSeconds:                    seconds(p.MaxAge),
			DangerouslyTolerateInsecureOrigins: p.DangerouslyAllowInsecureOrigins,
			DangerouslyTolerateSubdomainsOfPublicSuffixes: p.DangerouslyAllowPublicSuffixes,
		}
	}
	return Peer{"jub0bs/cors", "github.com/jub0bs/cors", hosts.NetHTTP(), func(p core.Policy, _ func(string) bool) (Middleware, error) {
		m, err := jub0bs.NewMiddleware(config(p))
		if err != nil {
			return Middleware{}, err
		}
		middleware := native(m.Wrap)
		middleware.Reload = func(p core.Policy) error {
			c := config(p)
			return m.Reconfigure(&c)
		}
		return middleware, nil
	}}
}

// Chi is go-chi/cors.
func Chi() Peer {
	return Peer{"go-chi/cors", "github.com/go-chi/cors", hosts.NetHTTP(), func(p core.Policy, _ func(string) bool) (Middleware, error) {
		return native(chi.Handler(chi.Options{
			AllowedOrigins:   p.AllowOrigins,
			AllowedMethods:   withSafelisted(p.AllowMethods),
			AllowedHeaders:   p.AllowHeaders,
			ExposedHeaders:   p.ExposeHeaders,
			AllowCredentials: p.AllowCredentials,
			MaxAge:           seconds(p.MaxAge),
		})), nil
	}}
}

// Gorilla is gorilla/handlers.
func Gorilla() Peer {
	build := func(p core.Policy, match func(string) bool) (Middleware, error) {
		options := []gorilla.CORSOption{
			gorilla.AllowedMethods(withSafelisted(p.AllowMethods)),
			gorilla.AllowedHeaders(p.AllowHeaders),
			gorilla.ExposedHeaders(p.ExposeHeaders),
			gorilla.MaxAge(seconds(p.MaxAge)),
		}
		if p.AllowCredentials {
			options = append(options, gorilla.AllowCredentials())
		}
		if match != nil {
			options = append(options, gorilla.AllowedOriginValidator(match))
		} else {
			options = append(options, gorilla.AllowedOrigins(p.AllowOrigins))
		}
		return native(gorilla.CORS(options...)), nil
	}
	return Peer{"gorilla/handlers", "github.com/gorilla/handlers", hosts.NetHTTP(), build}
}
