package hosts

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// App describes an application independently of any framework.
type App struct {
	Options Options

	// Outside is the framework's own middleware outside the CORS middleware,
	// outermost first.
	Outside []Layer
	// OuterVary, if set, is added to Vary by another middleware outside the
	// CORS middleware.
	OuterVary string
	// CORS is mounted on the application, outermost first.
	CORS []Middleware
	// Inside is the framework's own middleware on each route, inside the CORS
	// middleware.
	Inside []Layer

	Routes []Route
	Groups []Group

	// NotFound, if not zero, is the status with which a handler of the
	// application answers requests that match no route.
	NotFound int
	// ErrorHandler gives the application a custom error handler, in frameworks
	// whose handlers return errors.
	ErrorHandler bool
	// ErrorPolicy is the engine of the adapter's error handler, for requests that
	// fiber v2 fails to read. If nil, the adapter's error handler is not used.
	ErrorPolicy *core.Engine

	Files     string        // the directory that routes with files serve from
	BodyLimit int           // in bytes, for [ReadBody]; in fiber for every route
	Timeout   time.Duration // for [Slow]

	// StripUpstream removes the CORS headers of the upstream server, with the
	// adapter's helper, from the answers of [conformance.Upstream].
	StripUpstream bool
	// Probe, if not nil, counts the requests that reach a handler.
	Probe *conformance.Probe
	// MaxHeaderBytes raises the limit of frameworks that have their own server.
	MaxHeaderBytes int
	// Log receives the framework's log. If nil, the framework does not log.
	Log io.Writer
}

// Group is a group of routes. Its CORS middleware also answers the preflights
// of the group's routes, using the adapter's Group where the framework needs it.
type Group struct {
	Path   string // below that of the group around it
	CORS   []Middleware
	Routes []Route
	Groups []Group
	// Mounted makes the group a separate application, mounted on the first. Only
	// frameworks with [Host].MountsApps support it.
	Mounted bool
}

// Route is a route and what its handler does.
type Route struct {
	// Methods are the methods that the route accepts. If empty, it accepts any,
	// including [conformance.ExtensionMethods].
	Methods []string
	// Path is below that of the group. A segment ":name" is a parameter; "*" at
	// the end matches the rest of the path.
	Path string
	// CORS is mounted on this route only, and on a route for OPTIONS with the
	// same path, which is added unless Methods has OPTIONS.
	CORS []Middleware
	// Inside is the framework's own middleware on this route, inside [App].Inside.
	Inside []Layer

	// Behaviour is what the handler does. Status, Header and Body mean what they
	// do in [conformance.Endpoint] unless the behaviour says otherwise.
	Behaviour conformance.Behaviour
	Status    int
	Header    browsermodel.Fields
	Body      string
}

// Behaviours of handlers, in addition to those of package conformance.
const (
	// Text answers 200 with Body, using the framework's simplest helper. If Body is
	// empty, the handler does nothing.
	Text conformance.Behaviour = "text"
	// UnknownError returns an error that has no status: the framework answers 500.
	UnknownError conformance.Behaviour = "unknown-error"
	// LateError answers, then returns an error with status 418.
	LateError conformance.Behaviour = "late-error"
	// LatePanic answers, then panics.
	LatePanic conformance.Behaviour = "late-panic"
	// ReadBody reads the request's body, up to [App].BodyLimit.
	ReadBody conformance.Behaviour = "read-body"
	// Slow does not answer before [App].Timeout, which the framework enforces.
	Slow conformance.Behaviour = "slow"
	// Chunks writes and flushes three times.
	Chunks conformance.Behaviour = "chunks"
	// Directory serves [App].Files. Its path has no "*".
	Directory conformance.Behaviour = "directory"
	// File serves the file of [App].Files that Body names.
	File conformance.Behaviour = "file"
	// Attachment is like File, as a download with the name b.txt.
	Attachment conformance.Behaviour = "attachment"
)

// Layer is a kind of middleware that every framework has or can use.
type Layer string

// The layers.
const (
	Recover   Layer = "recover"    // answers 500 to a panic
	Compress  Layer = "compress"   // gzip
	Secure    Layer = "secure"     // headers such as X-Content-Type-Options
	BasicAuth Layer = "basic-auth" // see [Layer.Credentials]
	TokenAuth Layer = "token-auth" // see [Layer.Credentials]
)

const (
	user     = "user"
	password = "password"
	token    = "token"
)

// Credentials returns the Authorization that the layer accepts.
func (l Layer) Credentials() string {
	switch l {
	case BasicAuth:
		return "Basic dXNlcjpwYXNzd29yZA=="
	case TokenAuth:
		return "Bearer " + token
	}
	return ""
}

// Options are settings of frameworks, with the names that the frameworks use. A name that
// begins with No turns off a setting that is on by default. A framework ignores the
// settings of other frameworks.
type Options struct {
	// For net/http. Unrouted serves the only route without a router, for every path.
	// Router serves the routes, not the groups, with "chi", "gorilla/mux" or
	// "httprouter".
	Unrouted bool
	Router   string

	// For chi: middleware that rewrites paths, before the CORS middleware, which has
	// the option RoutedPath. RedirectSlashes redirects.
	CleanPath, StripSlashes, URLFormat, RedirectSlashes bool

	// For gorilla/mux.
	UseEncodedPath, SkipClean, StrictSlash bool

	// For gin. HandleContext serves paths below /old/ again as paths below /private/.
	HandleMethodNotAllowed, RedirectFixedPath     bool
	UseRawPath, UseEscapedPath, RemoveExtraSlash  bool
	NoRedirectTrailingSlash, NoUnescapePathValues bool // NoRedirectTrailingSlash also for httprouter
	HandleContext                                 bool

	// For echo and fiber. Rewrite, in echo with Pre, rewrites paths below /old/ to paths
	// below /private/. The rest is for echo.
	// RemoveTrailingSlash, with Pre, redirects; the application's CORS middleware
	// then also runs with Pre. CatchAll adds a route for every path, after all others.
	Rewrite, RemoveTrailingSlash, CatchAll bool
	UseEscapedPathForMatching              bool // v5

	// For fiber. Reset makes handlers answer 304 and plain errors with fasthttp's own
	// functions, which clear the response first.
	CaseSensitive, StrictRouting, UnescapePath bool
	Immutable, DisableHeaderNormalizing, Reset bool
	StreamRequestBody                          bool
}

// log returns a writer that is not nil.
func (a App) log() io.Writer {
	if a.Log == nil {
		return io.Discard
	}
	return a.Log
}

// endpoint returns the route as package conformance describes it.
func (r Route) endpoint() conformance.Endpoint {
	return conformance.Endpoint{Path: r.Path, Behaviour: r.Behaviour, Status: r.Status, Header: r.Header, Body: r.Body}
}

// takesOptions reports whether the route accepts OPTIONS.
func (r Route) takesOptions() bool {
	return len(r.Methods) == 0 || slices.Contains(r.Methods, "OPTIONS")
}

// methods returns the route's methods, for routers that register each separately.
func (r Route) methods() []string {
	if len(r.Methods) > 0 {
		return r.Methods
	}
	return append([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, conformance.ExtensionMethods()...)
}

// paths returns the full paths of routes with one of the behaviours.
func (a App) paths(behaviours ...conformance.Behaviour) []string {
	var paths []string
	var walk func(prefix string, routes []Route, groups []Group)
	walk = func(prefix string, routes []Route, groups []Group) {
		for _, r := range routes {
			if slices.Contains(behaviours, r.Behaviour) {
				paths = append(paths, prefix+r.Path)
			}
		}
		for _, g := range groups {
			walk(prefix+g.Path, g.Routes, g.Groups)
		}
	}
	walk("", a.Routes, a.Groups)
	return paths
}

// takesAny reports whether at least one route accepts every method.
func takesAny(routes []Route, groups []Group) bool {
	return slices.ContainsFunc(routes, func(r Route) bool { return len(r.Methods) == 0 }) ||
		slices.ContainsFunc(groups, func(g Group) bool { return takesAny(g.Routes, g.Groups) })
}

// hasWildcard reports whether a path has a parameter or a wildcard.
func hasWildcard(path string) bool { return strings.ContainsAny(path, "*:") }
