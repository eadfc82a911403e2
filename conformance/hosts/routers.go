package hosts

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/mux"
	"github.com/julienschmidt/httprouter"

	"github.com/corskit/corskit/adapters/corshttp"
)

// routers build applications with routers that are handlers of net/http.
var routers = map[string]func(App) http.Handler{"chi": buildChi, "gorilla/mux": buildMux, "httprouter": buildHTTPRouter}

func httpRouters() []Variant {
	return []Variant{
		{Name: "chi", Options: Options{Router: "chi"}},
		{Name: "chi CleanPath", Options: Options{Router: "chi", CleanPath: true}},
		{Name: "chi StripSlashes", Options: Options{Router: "chi", StripSlashes: true}},
		{Name: "chi URLFormat", Options: Options{Router: "chi", URLFormat: true}},
		{Name: "chi RedirectSlashes", Options: Options{Router: "chi", RedirectSlashes: true}},
		{Name: "chi all", Options: Options{Router: "chi", CleanPath: true, StripSlashes: true, URLFormat: true}},
		{Name: "gorilla/mux", Options: Options{Router: "gorilla/mux"}},
		{Name: "gorilla/mux UseEncodedPath", Options: Options{Router: "gorilla/mux", UseEncodedPath: true}},
		{Name: "gorilla/mux SkipClean", Options: Options{Router: "gorilla/mux", SkipClean: true}},
		{Name: "gorilla/mux StrictSlash", Options: Options{Router: "gorilla/mux", StrictSlash: true}},
		{
			Name:    "gorilla/mux UseEncodedPath SkipClean StrictSlash",
			Options: Options{Router: "gorilla/mux", UseEncodedPath: true, SkipClean: true, StrictSlash: true},
		},
		{Name: "httprouter", Options: Options{Router: "httprouter"}},
		{Name: "httprouter, no redirects", Options: Options{Router: "httprouter", NoRedirectTrailingSlash: true}},
	}
}

// ChiPath is the path that chi compares, for [corshttp.Options].RoutedPath. In a router
// that is mounted in another one, chi keeps the part below the mount.
func ChiPath(r *http.Request) string {
	c := chi.RouteContext(r.Context())
	if c == nil || c.RoutePath == "" {
		return ""
	}
	return strings.TrimSuffix(c.RoutePattern(), "/*") + c.RoutePath
}

func buildChi(app App) http.Handler {
	r, o := chi.NewRouter(), app.Options
	for _, m := range []struct {
		on  bool
		use wrapper
	}{
		{o.CleanPath, middleware.CleanPath}, {o.StripSlashes, middleware.StripSlashes},
		{o.URLFormat, middleware.URLFormat}, {o.RedirectSlashes, middleware.RedirectSlashes},
	} {
		if m.on {
			r.Use(m.use)
		}
	}
	r.Use(buildAll(app.CORS, func(m Middleware) wrapper {
		return corshttp.Middleware(m.Engine, corshttp.Options{KeepVary: m.KeepVary, Enforce: m.Enforce, RoutedPath: ChiPath})
	})...)
	for _, route := range app.Routes {
		r.Handle(route.Path, httpRoute(app, "", route))
	}
	return r
}

func buildMux(app App) http.Handler {
	r, o := mux.NewRouter(), app.Options
	if o.UseEncodedPath {
		r.UseEncodedPath()
	}
	r.SkipClean(o.SkipClean).StrictSlash(o.StrictSlash)
	for _, route := range app.Routes {
		h := httpRoute(app, "", route)
		if below, ok := strings.CutSuffix(route.Path, "*"); ok {
			r.PathPrefix(below).Handler(h)
		} else {
			r.Handle(route.Path, h)
		}
	}
	return wrapHTTP(r, buildAll(app.CORS, corsHTTP)...)
}

func buildHTTPRouter(app App) http.Handler {
	r := httprouter.New()
	r.HandleOPTIONS = false
	r.RedirectTrailingSlash = !app.Options.NoRedirectTrailingSlash
	r.RedirectFixedPath = r.RedirectTrailingSlash
	for _, route := range app.Routes {
		h := httpRoute(app, "", route)
		if route.Path == "/*" { // httprouter rejects such a route next to others
			r.NotFound = h
			continue
		}
		path := route.Path
		if strings.HasSuffix(path, "*") {
			path += "rest" // it needs a name
		}
		for _, method := range route.methods() {
			r.Handler(method, path, h)
		}
	}
	return wrapHTTP(r, buildAll(app.CORS, corsHTTP)...)
}
