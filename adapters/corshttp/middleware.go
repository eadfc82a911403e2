package corshttp

import (
	"net/http"

	"github.com/corskit/corskit/core"
)

// Options are what a middleware may be told beyond its engine. The zero Options
// are the default.
type Options struct {
	// Skip, if it returns true, passes a request to the handler as if the
	// middleware were not there. Nil skips none. It is called concurrently.
	Skip func(*http.Request) bool

	// KeepVary puts "Origin" back into Vary when a handler, or
	// [http.TimeoutHandler], has overwritten it, and all of the middleware's headers
	// when they are cleared after an informational response, as by
	// [net/http/httputil.ReverseProxy] after an upstream's 103. The handler then
	// gets another ResponseWriter, which has the http.Flusher, http.Hijacker and
	// http.Pusher that the server's has, and costs two more allocations a response.
	KeepVary bool
}

// Middleware returns a middleware that answers preflights and adds CORS headers
// to other responses, as the engine decides. Several Options add up. A nil
// engine denies every origin. The middleware is safe for concurrent use.
//
// It allocates at most once a response, and shares no header slice between
// responses.
func Middleware(engine *core.Engine, opts ...Options) func(http.Handler) http.Handler {
	var skips []func(*http.Request) bool
	keepVary := false
	for _, o := range opts {
		if o.Skip != nil {
			skips = append(skips, o.Skip)
		}
		keepVary = keepVary || o.KeepVary
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, skip := range skips {
				if skip(r) {
					next.ServeHTTP(w, r)
					return
				}
			}
			var o core.Outcome
			apply(engine, w.Header(), r, &o)
			switch {
			case o.Status() != 0:
				w.WriteHeader(o.Status())
			case keepVary:
				serveKeeping(w, r, next, o)
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
}

// Apply decides a request and writes the headers of the decision into those of
// its response: all that [Middleware] does, for adapters of frameworks built on
// net/http. If status is not 0, the adapter answers with it and an empty body;
// else the handler runs. vary is what was to be in Vary, see [Options].
//
// It allocates at most once. No slice that it writes is shared with another
// response.
func Apply(engine *core.Engine, h http.Header, r *http.Request) (status int, vary string) {
	var o core.Outcome
	apply(engine, h, r, &o)
	return o.Status(), o.Vary()
}

func apply(engine *core.Engine, h http.Header, r *http.Request, o *core.Outcome) {
	s := engine.Snapshot()
	if s.Needs()&core.NeedRoute != 0 {
		path, rawPath := paths(r)
		s = s.At(r.Host, path, rawPath, false)
	}
	origin, method := lines(r)
	if !s.ResolveOrigin(origin, method, o) {
		resolve(s, r, origin, method, o)
	}
	writeHeaders(h, o)
}

// resolve is for policies that need more than Origin.
func resolve(s core.Snapshot, r *http.Request, origin, method []string, o *core.Outcome) {
	f := core.Request{Method: r.Method, Origin: origin, AccessControlRequestMethod: method}
	gather(&f, r, s.Needs())
	s.Resolve(r.Context(), &f, o)
}

// Decide lets the engine decide an HTTP request.
func Decide(engine *core.Engine, r *http.Request) core.Decision {
	var o core.Outcome
	origin, method := lines(r)
	resolve(engine.Snapshot(), r, origin, method, &o)
	return o.Decision()
}

// Request returns the facts that the engine looks at, all of them, for
// [core.Engine.Explain].
func Request(r *http.Request) core.Request {
	origin, method := lines(r)
	f := core.Request{Method: r.Method, Origin: origin, AccessControlRequestMethod: method}
	gather(&f, r, core.NeedAll)
	return f
}

// paths returns the path of a request and, where it matters, as it was sent.
func paths(r *http.Request) (path, rawPath string) {
	if r.URL == nil {
		return "", ""
	}
	return r.URL.Path, r.URL.RawPath
}

// lines returns the field lines that every engine needs: of Origin and, from
// OPTIONS requests with an Origin, of Access-Control-Request-Method.
func lines(r *http.Request) (origin, method []string) {
	origin = r.Header["Origin"]
	if len(origin) > 0 && r.Method == http.MethodOptions {
		method = r.Header["Access-Control-Request-Method"]
	}
	return origin, method
}

// gather sets the facts that are needed beside: header look-ups are what a
// decision costs most.
func gather(f *core.Request, r *http.Request, needs core.Need) {
	h := r.Header
	if needs&core.NeedRoute != 0 {
		f.Host = r.Host
		f.Path, f.RawPath = paths(r)
	}
	if len(f.Origin) == 0 && needs&core.NeedOriginFunc == 0 {
		return
	}
	if needs&core.NeedFetchSite != 0 {
		f.Host, f.SecFetchSite = r.Host, h["Sec-Fetch-Site"]
	}
	if r.Method != http.MethodOptions {
		return
	}
	if len(f.Origin) == 0 {
		f.AccessControlRequestMethod = h["Access-Control-Request-Method"]
	}
	if needs&core.NeedRequestHeaders != 0 {
		f.AccessControlRequestHeaders = h["Access-Control-Request-Headers"]
	}
	if needs&core.NeedPrivateNetwork != 0 {
		f.AccessControlRequestPrivateNetwork = h["Access-Control-Request-Private-Network"]
	}
}

// CheckOrigin returns a function for WebSocket upgraders, such as
// gorilla/websocket's Upgrader.CheckOrigin: browsers do not apply CORS to
// WebSocket handshakes and always send cookies with them, so that the server
// has to look at the origin. It accepts requests without an Origin, which no
// browser made, same-origin ones, and those whose origin the engine allows for
// their host and path.
//
// A policy of "*" accepts handshakes from every site, cookies included.
func CheckOrigin(engine *core.Engine) func(*http.Request) bool {
	return func(r *http.Request) bool {
		facts := Request(r)
		return len(facts.Origin) == 0 || facts.SameOrigin() || engine.Decide(r.Context(), facts).Allowed
	}
}

// StripUpstream removes the CORS headers of an upstream's response. It is meant
// to be, or to be called from, the ModifyResponse of an
// [net/http/httputil.ReverseProxy] behind the middleware: the proxy would add
// the upstream's headers to the middleware's, and browsers refuse a response
// with two Access-Control-Allow-Origin. The upstream's Vary stays. It returns nil.
//
// If the upstream sends informational responses, such as 103 Early Hints, the
// proxy clears the middleware's headers with each: see [Options].
func StripUpstream(r *http.Response) error {
	dropCORS(r.Header)
	return nil
}
