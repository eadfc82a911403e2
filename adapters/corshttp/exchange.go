package corshttp

import (
	"net/http"
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
)

// Exchange is one request and its response. It is for adapters of frameworks built on
// net/http that offer [Options].Enforce. Such an adapter calls [Begin], and then
// [Exchange.Wrap]. If the framework has a ResponseWriter of its own, the adapter instead
// embeds the Exchange in one that calls [Exchange.Keep].
type Exchange struct {
	outcome  core.Outcome
	vary     string // the Vary of this middleware's own outcome, if a nested one has decided
	enforce  bool
	informed bool // an informational response has been sent
}

// Begin decides a request and writes the headers of the decision into those of its
// response. Of the options, it uses RoutedPath and Enforce. w is the response writer of the
// framework, or net/http's. The innermost engine decides: if w is, or unwraps to, the writer
// of an outer Exchange, that Exchange enforces this decision instead of its own. A nil
// engine denies every origin.
func Begin(engine *core.Engine, w http.ResponseWriter, r *http.Request, o Options) Exchange {
	x := Exchange{enforce: o.Enforce}
	begin(engine, w, r, o.RoutedPath, &x.outcome)
	return x
}

func begin(engine *core.Engine, w http.ResponseWriter, r *http.Request, path func(*http.Request) string, o *core.Outcome) {
	if path == nil {
		engine.Resolve(source{r}, o)
	} else {
		resolveRouted(engine, r, path, o)
	}
	if write(w.Header(), o) {
		tellWriters(w, o)
	}
	if r.Body != http.NoBody {
		tellOuter(r, o)
	}
}

// Status returns 0 if the handler must run. Otherwise the adapter must answer with
// the returned status and an empty body instead.
func (x *Exchange) Status() int { return x.outcome.Status() }

// Keep corrects headers that are about to be sent. It restores the names of the decision in
// Vary. With [Options].Enforce, it gives the CORS headers the decided values, one line each,
// and removes those that were not decided. It does not restore missing CORS headers, unless
// they were cleared after an informational response.
func (x *Exchange) Keep(h http.Header) {
	if x.informed && h[allowOrigin] == nil {
		write(h, &x.outcome)
	}
	for _, names := range []string{x.vary, x.outcome.Vary()} {
		if names != "" {
			AddVary(h, names)
		}
	}
	if x.enforce && decides(&x.outcome) {
		reduce(h, &x.outcome)
	}
}

// Wrap returns w as a writer that calls [Exchange.Keep] just before headers are sent.
// The writer implements http.Flusher, http.Hijacker and http.Pusher if w does. The caller
// must not use the Exchange after Wrap, and must call finish once the handler has returned
// or panicked.
func (x *Exchange) Wrap(w http.ResponseWriter, r *http.Request) (wrapped http.ResponseWriter, finish func()) {
	wrapped, kept := x.wrap(w, r)
	return wrapped, kept.finish
}

// exchange makes writers that embed an Exchange recognizable, even in other modules.
func (x *Exchange) exchange() *Exchange { return x }

// follow makes x enforce the outcome of a nested middleware.
func (x *Exchange) follow(inner *core.Outcome) {
	if x.vary == "" {
		x.vary = x.outcome.Vary()
	}
	x.outcome = *inner
}

// maxUnwrap bounds the number of writers that are unwrapped, in case they are wrapped
// in a circle.
const maxUnwrap = 100

// tellWriters makes every exchange follow an outcome if w is, or unwraps to, its writer.
func tellWriters(w http.ResponseWriter, o *core.Outcome) {
	for range maxUnwrap {
		if outer, ok := w.(interface{ exchange() *Exchange }); ok {
			outer.exchange().follow(o)
		}
		wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return
		}
		w = wrapper.Unwrap()
	}
}

// decides reports whether an engine has decided. An engine that has no route for the
// request has not.
func decides(o *core.Outcome) bool { return o.Len() > 0 || o.Vary() != "" }

// reduce removes all CORS headers that an outcome does not have, in any spelling. It gives
// the others the outcome's values, and removes repeated lines of Vary. It writes new slices,
// since a cache shares its slices between responses.
func reduce(h http.Header, o *core.Outcome) {
	for key := range h {
		if value, decided := decidedValue(o, key); decided {
			if lines := h[key]; len(lines) != 1 || lines[0] != value {
				h[key] = []string{value}
			}
		} else if isCORS(key) {
			delete(h, key)
		}
	}
	if h[allowOrigin] == nil {
		dropCORS(h) // without this header, the others have no effect
	}
	if lines := h[varyName]; len(lines) > 1 {
		unique := make([]string, 0, len(lines))
		for _, line := range lines {
			if !slices.Contains(unique, line) { // a cache adds the lines that it has stored
				unique = append(unique, line)
			}
		}
		h[varyName] = unique
	}
}

// decidedValue returns the value that an outcome has for a header.
func decidedValue(o *core.Outcome, key string) (value string, ok bool) {
	for i := range o.Len() {
		if name, value := o.Header(i); name == key {
			return value, true
		}
	}
	return "", false
}

// isCORS reports whether key is the name of a header that an outcome may have, in any
// spelling.
func isCORS(key string) bool {
	for name := range core.ResponseHeaders() {
		if strings.EqualFold(key, name) {
			return true
		}
	}
	return false
}

// Outer is the middleware of another server around a net/http handler, such as that of the
// fiber adapters around an http.Handler. It puts itself into the request's context under an
// [OuterKey]. The middleware of this package then calls Decided, because the innermost
// engine decides, and the headers of a response do not show that it has denied an origin.
type Outer interface {
	// Decided is called before the handler runs, with the decision of the middleware of this
	// package. The strings of the outcome are valid as long as those of the request.
	Decided(core.Outcome)
}

// OuterKey is the type of the key of an [Outer] in the context of a request.
type OuterKey struct{}

// tellOuter tells an Outer of the request what was decided. Looking it up in the context
// takes a tenth to a fifth of the time of a decision. So callers skip requests whose body is
// http.NoBody: net/http's own server sets it, and fasthttp's adaptor does not.
func tellOuter(r *http.Request, o *core.Outcome) {
	if outer, ok := r.Context().Value(OuterKey{}).(Outer); ok {
		outer.Decided(*o)
	}
}

// Apply decides a request and writes the headers of the decision into those of
// its response. It is for adapters of frameworks built on net/http. If status is
// not 0, the adapter must answer with that status and an empty body; otherwise
// the handler must run. vary lists the names that Vary must contain when the headers
// are sent: see [AddVary]. An adapter that offers KeepVary or Enforce should use
// [Begin] or [Middleware] instead.
//
// Apply allocates at most once. No two responses share a slice.
func Apply(engine *core.Engine, h http.Header, r *http.Request) (status int, vary string) {
	var o core.Outcome
	engine.Resolve(source{r}, &o)
	write(h, &o)
	if r.Body != http.NoBody {
		tellOuter(r, &o)
	}
	return o.Status(), o.Vary()
}
