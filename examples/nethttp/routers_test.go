package main

import (
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"
	"github.com/julienschmidt/httprouter"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/conformance"
)

// methods are the methods to register for an endpoint that accepts any method.
var methods = append([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, conformance.ExtensionMethods()...)

// A router builds the suite's application with a router library, and mounts the
// middleware where users of that library do. If group is not empty, the middleware
// covers only that prefix.
type router func(app conformance.App, use []func(http.Handler) http.Handler, group string) http.Handler

// chiMethods registers more methods with chi, which keeps them in package variables.
var chiMethods = sync.OnceFunc(func() {
	for _, m := range conformance.ExtensionMethods() {
		chi.RegisterMethod(m)
	}
})

func chiRouter(app conformance.App, use []func(http.Handler) http.Handler, group string) http.Handler {
	chiMethods()
	// chi runs middleware before its router looks at the method. Middleware of a
	// group would see no OPTIONS without a route, so the group is a mounted router.
	r := chi.NewRouter()
	root := chi.Router(r)
	if group != "" {
		root = chi.NewRouter()
	}
	for _, m := range use {
		root.Use(m)
	}
	for _, e := range app.Endpoints {
		h, path := conformance.EndpointHandler(app, e), e.Path[len(group):]
		switch e.Method {
		case "":
			root.Handle(path, h)
		case "GET":
			root.Method("HEAD", path, h)
			fallthrough
		default:
			root.Method(e.Method, path, h)
		}
	}
	if group != "" {
		r.Mount(group, root)
	}
	return r
}

// muxRouter wraps the router, or the handler of a prefix, in the middleware, because
// gorilla/mux runs the middleware of a router only for matched routes.
func muxRouter(app conformance.App, use []func(http.Handler) http.Handler, group string) http.Handler {
	r := mux.NewRouter()
	for _, e := range app.Endpoints {
		route := r.Handle(e.Path, conformance.EndpointHandler(app, e))
		switch e.Method {
		case "":
		case "GET":
			route.Methods("GET", "HEAD")
		default:
			route.Methods(e.Method)
		}
	}
	if group == "" {
		return around(r, use)
	}
	outer := mux.NewRouter()
	outer.PathPrefix(group + "/").Handler(around(r, use))
	return outer
}

func httpRouter(app conformance.App, use []func(http.Handler) http.Handler, group string) http.Handler {
	r := httprouter.New()
	r.HandleOPTIONS = false // corskit answers preflights, and handlers answer other OPTIONS requests
	for _, e := range app.Endpoints {
		h := conformance.EndpointHandler(app, e)
		switch e.Method {
		case "":
			for _, m := range methods {
				r.Handler(m, e.Path, h)
			}
		case "GET":
			r.Handler("HEAD", e.Path, h)
			fallthrough
		default:
			r.Handler(e.Method, e.Path, h)
		}
	}
	if group == "" {
		return around(r, use)
	}
	outer := http.NewServeMux()
	outer.Handle(group+"/", around(r, use))
	return outer
}

func around(h http.Handler, use []func(http.Handler) http.Handler) http.Handler {
	for _, m := range slices.Backward(use) {
		h = m(h)
	}
	return h
}

// TestRouters runs the whole suite against routers that are http.Handlers.
func TestRouters(t *testing.T) {
	const upper = "chi converts registered methods to upper case, and answers 405 to all others"
	for name, build := range map[string]router{"chi": chiRouter, "gorilla": muxRouter, "httprouter": httpRouter} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "chi" {
				t.Skip("-short: only chi, because the suite takes seconds for each router")
			}
			known := conformance.Options{Choices: true}
			if !testing.Short() {
				known.Thin = 8 // the suite repeats all its cases behind each adapter
			}
			if name == "chi" {
				known.KnownFailures = map[string]string{"A14/patch": upper, "N4/lower-case": upper}
			}
			conformance.Run(t, func(s conformance.Setup) (*conformance.Server, error) {
				engine, err := s.Engine()
				if err != nil {
					return nil, err
				}
				s.App.ModifyResponse = corshttp.StripUpstream
				middleware := corshttp.Middleware(engine, corshttp.Options{KeepVary: s.KeepVary})
				use := []func(http.Handler) http.Handler{middleware}
				if s.Twice {
					use = append(use, middleware)
				}
				return conformance.Serve(build(s.App, use, s.Group), s)
			}, known)
		})
	}
}
