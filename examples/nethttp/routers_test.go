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

// methods are those a router is told to route to an endpoint that takes all.
var methods = append([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, conformance.ExtensionMethods...)

// router builds the suite's application with one router and puts the middleware
// where that router's users put it.
type router func(app conformance.App, use []func(http.Handler) http.Handler, group string) http.Handler

// chi keeps the methods that it knows in variables of its own.
var chiMethods = sync.OnceFunc(func() {
	for _, m := range conformance.ExtensionMethods {
		chi.RegisterMethod(m)
	}
})

func chiRouter(app conformance.App, use []func(http.Handler) http.Handler, group string) http.Handler {
	chiMethods()
	// A middleware of chi's runs before its router looks at the method. One
	// that wraps a group's routes alone would not see OPTIONS, so a group is a
	// sub-router, mounted.
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

// gorilla/mux runs a router's middleware for matched routes only, so it goes
// around the router, or around the handler of a prefix.
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
	r.HandleOPTIONS = false // corskit answers preflights, handlers the other OPTIONS requests
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

// The routers that share net/http's shape pass the whole suite.
func TestRouters(t *testing.T) {
	const upper = "chi upper-cases the names of methods that it is told of, and answers 405 to others"
	for name, build := range map[string]router{"chi": chiRouter, "gorilla": muxRouter, "httprouter": httpRouter} {
		t.Run(name, func(t *testing.T) {
			known := conformance.Options{}
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
