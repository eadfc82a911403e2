package corshttp

import (
	"net/http"

	"github.com/corskit/corskit/core"
)

// Options configures the middleware. The zero Options is the default.
type Options struct {
	// Skip reports whether to pass a request to the handler as if there were no
	// middleware. Nil skips no request. Skip is called concurrently.
	Skip func(*http.Request) bool

	// RoutedPath returns the path that the router will compare with its routes, if
	// that is not the path of the URL. "" means the path of the URL. An engine of
	// [core.NewRouted] uses the returned path without decoding it. Nil means the path of
	// the URL for every request. RoutedPath is called concurrently.
	//
	// It is for routers whose path differs from that of the URL: chi's middlewares
	// StripSlashes, CleanPath and URLFormat change only the path that chi routes.
	// docs/frameworks.md has the function for chi.
	RoutedPath func(*http.Request) string

	// Enforce corrects the CORS headers when they are sent: the response has those that the
	// engine has decided, one line each, and no others. It is for handlers, caches and
	// proxies that write the CORS headers of another response. It does not restore a CORS
	// header that a handler has deleted. It includes KeepVary, and its wrapper takes the
	// same two allocations.
	Enforce bool

	// KeepVary restores "Origin" in Vary if a handler, or [http.TimeoutHandler],
	// overwrites it. It also restores all of the middleware's headers if they are
	// cleared after an informational response, as
	// [net/http/httputil.ReverseProxy] does after an upstream's 103. The handler
	// then gets a wrapped ResponseWriter, which implements http.Flusher,
	// http.Hijacker and http.Pusher if the original does. The wrapper takes two more
	// allocations per response.
	//
	// If a request body exceeds the limit of [http.MaxBytesReader], the wrapper makes the
	// server close the connection, as net/http does without the wrapper. The wrapper
	// recognizes such a reader by its reads. So a handler that reads in the same way and
	// leaves the rest of a body unread also closes the connection.
	KeepVary bool
}

// Middleware returns a middleware that answers preflights and adds CORS headers
// to other responses, as the engine decides. If several Options are given, they
// are merged; if several have RoutedPath, the last one is used. A nil engine denies
// every origin. The middleware is safe for concurrent use.
//
// Without Enforce and KeepVary, it allocates at most once per response. No two responses
// share a header slice.
func Middleware(engine *core.Engine, opts ...Options) func(http.Handler) http.Handler {
	options, skips := merge(opts)
	kept := options.Enforce || options.KeepVary
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, skip := range skips {
				if skip(r) {
					next.ServeHTTP(w, r)
					return
				}
			}
			var o core.Outcome
			begin(engine, w, r, options.RoutedPath, &o)
			switch {
			case o.Status() != 0:
				w.WriteHeader(o.Status())
			case kept:
				serveKept(w, r, next, Exchange{outcome: o, enforce: options.Enforce})
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
}

// serveKept serves a request through a writer that enforces the decision.
func serveKept(w http.ResponseWriter, r *http.Request, next http.Handler, x Exchange) {
	wrapped, kept := x.wrap(w, r)
	defer kept.finish() // also if the handler panics and an outer middleware responds
	next.ServeHTTP(wrapped, r)
}

// merge returns the merged options, and all their Skip functions.
func merge(opts []Options) (merged Options, skips []func(*http.Request) bool) {
	for _, o := range opts {
		if o.Skip != nil {
			skips = append(skips, o.Skip)
		}
		if o.RoutedPath != nil {
			merged.RoutedPath = o.RoutedPath
		}
		merged.Enforce = merged.Enforce || o.Enforce
		merged.KeepVary = merged.KeepVary || o.KeepVary
	}
	return merged, skips
}

// CheckOrigin returns a function for WebSocket upgraders, such as
// gorilla/websocket's Upgrader.CheckOrigin. Browsers do not apply CORS to
// WebSocket handshakes and always send cookies with them, so the server must
// check the origin. The function returns the result of [core.Engine.AllowsHandshake]. Of
// the options, it uses RoutedPath.
//
// Pages of the server's own origin need not be listed, unless a proxy in front of the
// server changes Host. In that case, let the proxy pass on Host, or list the origin in
// AllowOrigins.
func CheckOrigin(engine *core.Engine, opts ...Options) func(*http.Request) bool {
	options, _ := merge(opts)
	return func(r *http.Request) bool {
		if options.RoutedPath == nil {
			return engine.AllowsHandshake(source{r})
		}
		src := newSource(r, options.RoutedPath)
		defer src.free()
		return engine.AllowsHandshake(src)
	}
}

// StripUpstream removes the CORS headers from an upstream's response. Use it as,
// or call it from, the ModifyResponse of a [net/http/httputil.ReverseProxy] behind
// the middleware. Otherwise the proxy adds the upstream's headers to the
// middleware's: browsers refuse a response with two Access-Control-Allow-Origin, and
// obey an Access-Control-Allow-Credentials that the policy does not have. The
// upstream's Vary stays. StripUpstream always returns nil. [Options].Enforce does the
// same for every handler behind the middleware.
//
// If the upstream sends informational responses, such as 103 Early Hints, the
// proxy clears the middleware's headers with each of them: see [Options].
func StripUpstream(r *http.Response) error {
	dropCORS(r.Header)
	return nil
}
