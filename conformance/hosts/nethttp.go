package hosts

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/conformance"
)

// NetHTTP is net/http: a ServeMux for the application and for each group.
func NetHTTP() Host {
	return Host{
		Name: "nethttp", Title: "net/http", Adapter: "corshttp", build: buildNetHTTP,
		Routers: append([]Variant{{Name: "net/http"}}, httpRouters()...),
	}
}

type wrapper = func(http.Handler) http.Handler

func corsHTTP(m Middleware) wrapper {
	return corshttp.Middleware(m.Engine, corshttp.Options{KeepVary: m.KeepVary, Enforce: m.Enforce})
}

func buildNetHTTP(app App) *Application {
	var h http.Handler
	switch {
	case app.Options.Unrouted:
		h = wrapHTTP(httpRoute(app, "", app.Routes[0]), buildAll(app.CORS, corsHTTP)...)
	case app.Options.Router != "":
		h = routers[app.Options.Router](app)
	default:
		h = wrapHTTP(httpMux(app, "", app.Routes, app.Groups), buildAll(app.CORS, corsHTTP)...)
	}
	if app.OuterVary != "" {
		h = httpVary(app.OuterVary)(h)
	}
	return &Application{Handler: wrapHTTP(h, httpLayers(app.Outside)...)}
}

// wrapHTTP wraps a handler, the first middleware outermost.
func wrapHTTP(h http.Handler, middleware ...wrapper) http.Handler {
	for _, m := range slices.Backward(middleware) {
		h = m(h)
	}
	return h
}

// httpMux builds the part of the application below a prefix.
func httpMux(app App, prefix string, routes []Route, groups []Group) *http.ServeMux {
	mux := http.NewServeMux()
	if app.NotFound != 0 {
		mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "custom", app.NotFound) })
	}
	preflights := make(map[string]bool)
	for _, r := range routes {
		path := httpPath(prefix, r)
		h := httpRoute(app, prefix, r)
		if len(r.Methods) == 0 {
			mux.Handle(path, h)
		}
		for _, method := range r.Methods {
			mux.Handle(method+" "+path, h)
		}
		if len(r.CORS) > 0 && !r.takesOptions() && !preflights[path] {
			preflights[path] = true
			mux.Handle("OPTIONS "+path, wrapHTTP(http.NotFoundHandler(), buildAll(r.CORS, corsHTTP)...))
		}
	}
	for _, g := range groups {
		full := prefix + strings.TrimSuffix(g.Path, "/")
		mux.Handle(full+"/", wrapHTTP(httpMux(app, full, g.Routes, g.Groups), buildAll(g.CORS, corsHTTP)...))
	}
	return mux
}

// httpPath returns the path of a route as ServeMux spells it.
func httpPath(prefix string, r Route) string {
	segments := strings.Split(prefix+strings.TrimSuffix(r.Path, "*"), "/")
	for i, s := range segments {
		if name, ok := strings.CutPrefix(s, ":"); ok {
			segments[i] = "{" + name + "}"
		}
	}
	path := strings.Join(segments, "/")
	if r.Behaviour == Directory {
		path += "/"
	}
	return path
}

// httpRoute builds a route's handler with the middleware of the route.
func httpRoute(app App, prefix string, r Route) http.Handler {
	h := wrapHTTP(httpHandler(app, prefix, r), httpLayers(app.Inside, r.Inside)...)
	return wrapHTTP(h, buildAll(r.CORS, corsHTTP)...)
}

func httpLayers(lists ...[]Layer) []wrapper {
	var all []wrapper
	for _, l := range slices.Concat(lists...) {
		all = append(all, httpLayer(l))
	}
	return all
}

func httpLayer(l Layer) wrapper {
	switch l {
	case Recover:
		return httpRecover
	case Compress:
		return httpCompress
	case Secure:
		return httpSecure
	case BasicAuth, TokenAuth:
		return httpAuth(l)
	}
	panic("hosts: unknown layer " + l)
}

func httpVary(names string) wrapper {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Vary", names)
			next.ServeHTTP(w, r)
		})
	}
}

func httpRecover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func httpCompress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			w = gzipWriter{w, z}
		}
		next.ServeHTTP(w, r)
	})
}

type gzipWriter struct {
	http.ResponseWriter
	z *gzip.Writer
}

func (w gzipWriter) Write(b []byte) (int, error) { return w.z.Write(b) }

func httpSecure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

func httpAuth(l Layer) wrapper {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != l.Credentials() {
				http.Error(w, "who are you?", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// httpHandler returns the handler of a route. Frameworks that accept an http.Handler
// use it for behaviours that they have no API for.
func httpHandler(app App, prefix string, r Route) http.Handler {
	file := filepath.Join(app.Files, r.Body)
	switch r.Behaviour {
	case Text:
		if r.Body == "" {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
		}
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, r.Body) })
	case UnknownError:
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "unknown", http.StatusInternalServerError)
		})
	case LateError:
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "late")
			http.Error(w, "teapot", http.StatusTeapot)
		})
	case LatePanic:
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "late")
			panic("on purpose")
		})
	case ReadBody:
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, int64(app.BodyLimit))); err != nil {
				http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			}
		})
	case Slow:
		wait := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		return http.TimeoutHandler(wait, app.Timeout, "timeout")
	case Chunks:
		return http.HandlerFunc(httpChunks)
	case Directory:
		return http.StripPrefix(prefix+r.Path, http.FileServer(http.Dir(app.Files)))
	case File:
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	case Attachment:
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Disposition", "attachment; filename=b.txt")
			http.ServeFile(w, r, file)
		})
	}
	described := conformance.App{Probe: app.Probe}
	if app.StripUpstream {
		described.ModifyResponse = corshttp.StripUpstream
	}
	return conformance.EndpointHandler(described, r.endpoint())
}

func httpChunks(w http.ResponseWriter, _ *http.Request) {
	for i := range 3 {
		_, _ = fmt.Fprintf(w, "chunk %d\n", i)
		_ = http.NewResponseController(w).Flush()
	}
}
