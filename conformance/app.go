package conformance

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// App describes the application that a [Mount] puts behind the middleware
// under test. It is data, so that every framework can build it in its own way;
// [Handler] is what it means.
type App struct {
	Endpoints []Endpoint

	// Probe is where handlers report that they run. Never nil in an App that
	// the suite hands to a Mount.
	Probe *Probe

	// ModifyResponse is given to the reverse proxy of [Handler] for endpoints
	// that behave as [Upstream]. A Mount sets it to the helper, if any, by
	// which the library under test removes the upstream's own CORS headers.
	ModifyResponse func(*http.Response) error
}

// Endpoint is one route of an [App].
type Endpoint struct {
	// Method is the method the route is registered for: GET stands for HEAD
	// too, and a route with a method has no route for OPTIONS. Empty means
	// every method, OPTIONS and those of [ExtensionMethods] included.
	Method string
	// Path is matched exactly. It has no parameters.
	Path      string
	Behaviour Behaviour

	// What the behaviours below make use of.
	Status int
	Header browsermodel.Fields // to be added, one line each
	Body   string
}

// ExtensionMethods are methods outside of net/http's constants that reach
// endpoints without a method. A framework that has to be told which methods
// exist is told these.
var ExtensionMethods = []string{"QUERY", "CHICKEN", "patch"}

// Behaviour is what an [Endpoint]'s handler does. Whatever it does, it first
// reports to [Probe.Ran].
type Behaviour string

// The behaviours.
const (
	// Respond answers with Status, Header and Body.
	Respond Behaviour = "respond"
	// Echo answers 200 with an [Echoed] as JSON: the request as the handler saw
	// it, which must be as it was sent.
	Echo Behaviour = "echo"
	// NotModified answers 304 if If-None-Match equals the ETag among Header,
	// else 200 with Body; with Header either way.
	NotModified Behaviour = "not-modified"
	// RedirectTo answers Status with the Location among Header, through the
	// framework's own redirect function.
	RedirectTo Behaviour = "redirect"
	// ReturnError makes the framework answer Status in its own way: an error
	// returned by the handler where handlers return errors.
	ReturnError Behaviour = "return-error"
	// PlainError answers Status and Body in the framework's simplest way of
	// answering an error: http.Error in net/http.
	PlainError Behaviour = "plain-error"
	// Panic panics. See [Setup].RecoverOutside.
	Panic Behaviour = "panic"
	// Events answers 200 text/event-stream, flushes the event "data: 1\n\n",
	// calls [Probe.Pause], and sends "data: 2\n\n".
	Events Behaviour = "events"
	// Upgrade takes over the connection: it answers 101 with the fields
	// "Upgrade: websocket", "Connection: Upgrade" and Sec-WebSocket-Accept (see
	// [WebSocketAccept]), reads one line and writes it back.
	Upgrade Behaviour = "upgrade"
	// SetVary replaces Vary by the one among Header, as careless handlers do,
	// and answers 200 with Body. See [Setup].KeepVary.
	SetVary Behaviour = "set-vary"
	// TimeoutVary does so behind http.TimeoutHandler, which replaces every
	// header that its inner handler has set.
	TimeoutVary Behaviour = "timeout-vary"
	// MutateHeader overwrites, in place, every value of every response header
	// that the middleware has set, w.Header()[name][i] = "mutated", adds one to
	// each, deletes the headers, and answers 200 with Body. It gives
	// [Probe.Undo] what it takes to write the old value back. Frameworks whose
	// handlers cannot reach such slices list it in [Server].Unsupported.
	MutateHeader Behaviour = "mutate-header"
	// Authenticate answers 401 to requests without Authorization, and 200 to
	// others.
	Authenticate Behaviour = "authenticate"
	// Upstream proxies to the server whose base URL is Body, which sets CORS
	// headers of its own.
	Upstream Behaviour = "upstream"
)

// Echoed is the answer of an endpoint that behaves as [Echo].
type Echoed struct {
	Method string              `json:"method"`
	Target string              `json:"target"` // the request target, path and query
	Host   string              `json:"host"`
	Header browsermodel.Fields `json:"header"` // one element a line; names in any case, order among names does not matter
	Body   string              `json:"body"`
}

// JSON returns the answer's body.
func (e Echoed) JSON() []byte {
	// Strings of any bytes encode; those outside of UTF-8 are replaced.
	b, err := json.Marshal(e)
	if err != nil {
		return []byte(err.Error())
	}
	return b
}

// WebSocketAccept returns the Sec-WebSocket-Accept for a Sec-WebSocket-Key
// (RFC 6455, section 4.2.2).
func WebSocketAccept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Get returns the value of the first line of Header with that name, or "".
func (e Endpoint) Get(name string) string {
	if values := e.Header.Values(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// under returns the endpoints with their paths below a prefix.
func (a App) under(prefix string) App {
	endpoints := make([]Endpoint, len(a.Endpoints))
	for i, e := range a.Endpoints {
		e.Path = prefix + e.Path
		endpoints[i] = e
	}
	a.Endpoints = endpoints
	return a
}

// StandardApp is the application of almost every case.
func StandardApp() App {
	exposed := browsermodel.Header("X-E", "e", "X-Hidden", "h")
	ok := func(method, path string, header browsermodel.Fields) Endpoint {
		return Endpoint{Method: method, Path: path, Behaviour: Respond, Status: 200, Header: header, Body: "hello from " + path}
	}
	return App{Endpoints: []Endpoint{
		ok("", "/any", exposed),
		ok("", "/public/any", exposed),
		ok("", "/team/any", exposed),
		{Path: "/echo", Behaviour: Echo},
		ok("GET", "/get", exposed),
		ok("PUT", "/put", exposed),
		ok("POST", "/post", exposed),
		ok("GET", "/cacheable", browsermodel.Header("Cache-Control", "public, max-age=3600", "X-E", "e")),
		ok("GET", "/encoded", browsermodel.Header("Vary", "Accept-Encoding", "X-E", "e")),
		{Path: "/gone", Behaviour: Respond, Status: 404, Header: exposed, Body: "gone"},
		{Path: "/broken", Behaviour: Respond, Status: 500, Header: exposed, Body: "broken"},
		{Path: "/error", Behaviour: ReturnError, Status: 503},
		{Path: "/plain-error", Behaviour: PlainError, Status: 500, Body: "plain"},
		{Path: "/panic", Behaviour: Panic},
		{Method: "GET", Path: "/etag", Behaviour: NotModified, Header: browsermodel.Header("ETag", `"1"`, "X-E", "e"), Body: "tagged"},
		{Method: "GET", Path: "/moved", Behaviour: RedirectTo, Status: 302, Header: browsermodel.Header("Location", "/any")},
		{Method: "PUT", Path: "/moved-put", Behaviour: RedirectTo, Status: 307, Header: browsermodel.Header("Location", "/any")},
		{Method: "GET", Path: "/loop", Behaviour: RedirectTo, Status: 302, Header: browsermodel.Header("Location", "/loop")},
		{Method: "GET", Path: "/events", Behaviour: Events},
		{Method: "GET", Path: "/upgrade", Behaviour: Upgrade},
		{Method: "GET", Path: "/set-vary", Behaviour: SetVary, Header: browsermodel.Header("Vary", "Accept-Language"), Body: "careless"},
		{Method: "GET", Path: "/timeout-vary", Behaviour: TimeoutVary, Header: browsermodel.Header("Vary", "Accept-Language"), Body: "careless"},
		{Method: "GET", Path: "/mutate", Behaviour: MutateHeader, Body: "mutated"},
		{Path: "/private", Behaviour: Authenticate, Body: "secret"},
		{Method: "GET", Path: "/proxied", Behaviour: Upstream, Body: PlaceholderUpstream},
	}}
}

// Probe learns from handlers that they run, and holds them up where the suite
// has to see one thing before the next happens. It is safe for concurrent use,
// and a nil Probe does nothing.
type Probe struct {
	mu    sync.Mutex
	runs  map[string]int
	gates map[string]*gate
	undo  []func()
}

// Undo takes a function that reverts what a handler did on purpose to memory
// that a faulty library may share between responses. It is called when the
// case is over.
func (p *Probe) Undo(revert func()) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.undo = append(p.undo, revert)
}

// revert undoes everything, the last thing first.
func (p *Probe) revert() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, revert := range slices.Backward(p.undo) {
		revert()
	}
	p.undo = nil
}

// gate holds up one handler.
type gate struct {
	opened chan struct{}
	once   sync.Once
	late   bool // the handler went on by itself
}

// tokenParameter is the query parameter by which the suite tells requests
// apart: it is the one part of a request that has no bearing on CORS.
const tokenParameter = "run"

func token(rawQuery string) string {
	rawQuery = strings.TrimPrefix(rawQuery, "?")
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return ""
	}
	return query.Get(tokenParameter)
}

// Ran reports that a handler runs, once for each request, with the request's
// raw query.
func (p *Probe) Ran(rawQuery string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs == nil {
		p.runs = make(map[string]int)
	}
	p.runs[token(rawQuery)]++
}

// pauseLimit is how long a handler waits for a client that never goes on.
const pauseLimit = 5 * time.Second

// Pause returns once the client has what was flushed so far, or after five
// seconds, which fails the case. It is given the request's raw query.
func (p *Probe) Pause(rawQuery string) {
	if p == nil {
		return
	}
	g := p.gate(token(rawQuery))
	limit := time.NewTimer(pauseLimit)
	defer limit.Stop()
	select {
	case <-g.opened:
	case <-limit.C:
		p.mu.Lock()
		g.late = true
		p.mu.Unlock()
	}
}

func (p *Probe) gate(token string) *gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gates == nil {
		p.gates = make(map[string]*gate)
	}
	g := p.gates[token]
	if g == nil {
		g = &gate{opened: make(chan struct{})}
		p.gates[token] = g
	}
	return g
}

// resume lets a paused handler go on, and reports whether it still waited.
func (p *Probe) resume(token string) bool {
	g := p.gate(token)
	g.once.Do(func() { close(g.opened) })
	p.mu.Lock()
	defer p.mu.Unlock()
	return !g.late
}

// count returns how often handlers ran for a token, and forgets it.
func (p *Probe) count(token string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.runs[token]
	delete(p.runs, token)
	delete(p.gates, token)
	return n
}
