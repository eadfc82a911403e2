package benchmarks

import (
	"io"
	"net/http"
	"slices"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
	chi "github.com/go-chi/cors"
	gorilla "github.com/gorilla/handlers"
	jub0bs "github.com/jub0bs/cors"
	rs "github.com/rs/cors"
)

type wrap = func(http.Handler) http.Handler

var netHTTPSubjects = []Subject{
	bare(NetHTTP, netHTTPApp),
	ours(NetHTTP, netHTTPApp, func(e *core.Engine) wrap { return corshttp.Middleware(e) }),
	peer("rs-cors", NetHTTP, netHTTPApp, func(p Policy) (wrap, error) { return rs.New(rsOptions(p)).Handler, nil }),
	peer("rs-cors-func", NetHTTP, netHTTPApp, func(p Policy) (wrap, error) {
		if p.Any() {
			return nil, unsupported("a function makes no * of any origin")
		}
		o := rsOptions(p)
		o.AllowOriginFunc, o.AllowedOrigins = matchFunc(p.Origins), nil
		return rs.New(o).Handler, nil
	}),
	reloadable("jub0bs-cors", NetHTTP, netHTTPApp, func(p Policy) (wrap, func(Policy) error, error) {
		config := jub0bsConfig(p)
		m, err := jub0bs.NewMiddleware(config)
		if err != nil {
			return nil, nil, err
		}
		return m.Wrap, func(p Policy) error {
			config := jub0bsConfig(p)
			return m.Reconfigure(&config)
		}, nil
	}),
	peer("go-chi-cors", NetHTTP, netHTTPApp, func(p Policy) (wrap, error) {
		return chi.New(chi.Options{
			AllowedOrigins: p.Origins, AllowedMethods: withSimple(p.Methods), AllowedHeaders: p.Headers, ExposedHeaders: p.Expose,
			AllowCredentials: p.Credentials, MaxAge: p.Seconds(),
		}).Handler, nil
	}),
	peer("gorilla-handlers", NetHTTP, netHTTPApp, func(p Policy) (wrap, error) {
		if p.AnyHeader() {
			return nil, unsupported("headers have to be listed")
		}
		options := []gorilla.CORSOption{gorilla.AllowedMethods(withSimple(p.Methods)), gorilla.AllowedHeaders(p.Headers), gorilla.ExposedHeaders(p.Expose), gorilla.MaxAge(p.Seconds())}
		if p.Credentials {
			options = append(options, gorilla.AllowCredentials())
		}
		if hasWildcard(p) {
			options = append(options, gorilla.AllowedOriginValidator(matchFunc(p.Origins)))
		} else {
			options = append(options, gorilla.AllowedOrigins(p.Origins))
		}
		return gorilla.CORS(options...), nil
	}),
	{Floor, NetHTTP, floor},
}

func rsOptions(p Policy) rs.Options {
	return rs.Options{
		AllowedOrigins: p.Origins, AllowedMethods: withSimple(p.Methods), AllowedHeaders: p.Headers, ExposedHeaders: p.Expose,
		AllowCredentials: p.Credentials, MaxAge: p.Seconds(),
	}
}

func jub0bsConfig(p Policy) jub0bs.Config {
	return jub0bs.Config{
		Origins: p.Origins, Credentialed: p.Credentials, Methods: p.Methods, RequestHeaders: p.Headers,
		MaxAgeInSeconds: p.Seconds(), ResponseHeaders: p.Expose,
	}
}

// withSimple adds the methods that CORS never asks permission for, which some
// libraries want listed.
func withSimple(methods []string) []string {
	return append([]string{"GET", "HEAD", "POST"}, methods...)
}

// netHTTPApp is a handler, or a ServeMux if it has several parts.
func netHTTPApp(outer []wrap, parts []mounted[wrap], body string) *Server {
	var handler http.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	if body != "" {
		handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })
	}
	if len(parts) > 1 {
		mux, endpoint := http.NewServeMux(), handler
		for _, p := range parts {
			mux.Handle(p.prefix, around(p.middleware, endpoint))
		}
		handler = mux
	}
	return &Server{handler: around(outer, handler)}
}

func around(middleware []wrap, h http.Handler) http.Handler {
	for _, m := range slices.Backward(middleware) {
		h = m(h)
	}
	return h
}
