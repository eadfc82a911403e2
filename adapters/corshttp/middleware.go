package corshttp

import (
	"context"
	"net/http"

	"github.com/corskit/corskit/core"
)

// Options configures the middleware. The zero Options is the default.
type Options struct {
	// Skip reports whether to pass a request to the handler as if there were no
	// middleware. Nil skips no request. Skip is called concurrently.
	Skip func(*http.Request) bool

	// KeepVary restores "Origin" in Vary if a handler, or [http.TimeoutHandler],
	// overwrites it. It also restores all of the middleware's headers if they are
	// cleared after an informational response, as
	// [net/http/httputil.ReverseProxy] does after an upstream's 103. The handler
	// then gets a wrapped ResponseWriter, which implements http.Flusher,
	// http.Hijacker and http.Pusher if the original does. The wrapper takes two more
	// allocations per response.
	KeepVary bool
}

// Middleware returns a middleware that answers preflights and adds CORS headers
// to other responses, as the engine decides. If several Options are given, they
// are merged. A nil engine denies every origin. The middleware is safe for
// concurrent use.
//
// It allocates at most once per response, and no two responses share a header
// slice.
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
			engine.Resolve(source{r}, &o)
			write(w.Header(), &o)
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
// its response. It is for adapters of frameworks built on net/http. If status is
// not 0, the adapter must answer with that status and an empty body; otherwise
// the handler must run. vary lists the names that Vary must contain when the headers
// are sent: see [AddVary]. An adapter that has only a plain http.ResponseWriter and
// offers KeepVary should use [Middleware] instead.
//
// Apply allocates at most once. No two responses share a slice.
func Apply(engine *core.Engine, h http.Header, r *http.Request) (status int, vary string) {
	var o core.Outcome
	engine.Resolve(source{r}, &o)
	write(h, &o)
	return o.Status(), o.Vary()
}

// Request returns all facts that the engine may look at, for
// [core.Engine.Explain].
func Request(r *http.Request) core.Request { return core.NewRequest(source{r}) }

// source is an HTTP request as the engine sees it.
type source struct{ r *http.Request }

func (s source) Context() context.Context { return s.r.Context() }
func (s source) Method() string           { return s.r.Method }
func (s source) Transient() bool          { return false }

// Lines returns the lines of a field, whose name net/http has made canonical.
func (s source) Lines(name string) []string { return s.r.Header[name] }

func (s source) Target() core.Target {
	t := core.Target{Host: s.r.Host}
	if u := s.r.URL; u != nil {
		t.Path, t.RawPath = u.Path, u.RawPath
	}
	return t
}

// CheckOrigin returns a function for WebSocket upgraders, such as
// gorilla/websocket's Upgrader.CheckOrigin. Browsers do not apply CORS to
// WebSocket handshakes and always send cookies with them, so the server must
// check the origin. The function reports what [core.Engine.AllowsHandshake] does.
func CheckOrigin(engine *core.Engine) func(*http.Request) bool {
	return func(r *http.Request) bool { return engine.AllowsHandshake(source{r}) }
}

// StripUpstream removes the CORS headers from an upstream's response. Use it as,
// or call it from, the ModifyResponse of a [net/http/httputil.ReverseProxy] behind
// the middleware. Otherwise the proxy adds the upstream's headers to the
// middleware's, and browsers refuse a response with two
// Access-Control-Allow-Origin. The upstream's Vary stays. StripUpstream always
// returns nil.
//
// If the upstream sends informational responses, such as 103 Early Hints, the
// proxy clears the middleware's headers with each of them: see [Options].
func StripUpstream(r *http.Response) error {
	dropCORS(r.Header)
	return nil
}
