package conformance

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// App describes the application that a [Mount] puts behind the middleware
// under test. Each framework builds it in its own way.
// [Handler] is the reference implementation.
type App struct {
	Endpoints []Endpoint

	// Probe counts the runs of handlers, which report to it. The suite never passes a nil
	// Probe to a Mount.
	Probe *Probe

	// ModifyResponse is used by the reverse proxy of endpoints with behaviour
	// [Upstream]. If the library has a helper that removes the CORS headers of
	// the upstream, a Mount sets ModifyResponse to that helper.
	ModifyResponse func(*http.Response) error
}

// Endpoint is one route of an [App].
type Endpoint struct {
	// Method is the method of the route. GET includes HEAD. If Method is set,
	// there is no route for OPTIONS. If it is empty, the route is for every
	// method, including OPTIONS and [ExtensionMethods].
	Method string
	// Path is matched exactly and has no parameters.
	Path      string
	Behaviour Behaviour

	// Only some behaviours use these fields.
	Status int
	Header browsermodel.Fields // one line each
	Body   string
}

// ExtensionMethods returns methods that must reach endpoints without a method, but
// for which net/http has no constants. In frameworks that need a list of methods, a
// Mount adds these to the list.
func ExtensionMethods() []string { return []string{"QUERY", "CHICKEN", "patch"} }

// Behaviour is what an [Endpoint]'s handler does. Every handler first calls
// [Probe.Ran].
type Behaviour string

// The behaviours.
const (
	// Respond responds with Status, Header and Body.
	Respond Behaviour = "respond"
	// Echo answers 200 with an [Echoed] as JSON: the request as the handler saw
	// it.
	Echo Behaviour = "echo"
	// NotModified answers 304 if If-None-Match equals the ETag in Header, and
	// otherwise 200 with Body. Both have Header.
	NotModified Behaviour = "not-modified"
	// RedirectTo responds with Status and the Location in Header, using the framework's
	// own redirect function.
	RedirectTo Behaviour = "redirect"
	// ReturnError makes the framework respond with Status in its own way: in frameworks
	// whose handlers return errors, the handler returns one.
	ReturnError Behaviour = "return-error"
	// PlainError responds with Status and Body, using the framework's simplest helper for
	// errors, such as http.Error.
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
	// SetVary replaces Vary with the one in Header, as careless handlers do, and responds
	// with 200 and Body. See [Setup].KeepVary.
	SetVary Behaviour = "set-vary"
	// TimeoutVary does the same behind http.TimeoutHandler, which replaces every
	// header that its inner handler set.
	TimeoutVary Behaviour = "timeout-vary"
	// MutateHeader overwrites in place every value of every response header that
	// the middleware set (w.Header()[name][i] = "mutated"), adds a value to each,
	// deletes the headers, and answers 200 with Body. It passes functions that
	// restore the old values to [Probe.Undo]. Frameworks whose handlers cannot
	// reach such slices list the behaviour in [Server].Unsupported.
	MutateHeader Behaviour = "mutate-header"
	// Authenticate answers 401 to requests without Authorization, and 200 with
	// Body to others.
	Authenticate Behaviour = "authenticate"
	// Upstream proxies to the server whose base URL is Body. That server also
	// sets CORS headers.
	Upstream Behaviour = "upstream"
)

// Echoed is the response of an endpoint with behaviour [Echo].
type Echoed struct {
	Method string              `json:"method"`
	Target string              `json:"target"` // the request target: path and query
	Host   string              `json:"host"`
	Header browsermodel.Fields `json:"header"` // one element per line; names in any case and any order
	Body   string              `json:"body"`
}

// JSON returns e as JSON. Bytes that are not UTF-8 are replaced.
func (e Echoed) JSON() []byte {
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

// Get returns the value of the first line of Header with the given name, or "".
func (e Endpoint) Get(name string) string {
	if values := e.Header.Values(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// under returns the app with a prefix added to the path of every endpoint.
func (a App) under(prefix string) App {
	endpoints := make([]Endpoint, len(a.Endpoints))
	for i, e := range a.Endpoints {
		e.Path = prefix + e.Path
		endpoints[i] = e
	}
	a.Endpoints = endpoints
	return a
}

// StandardApp returns the application of almost every case.
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
		{Method: "GET", Path: "/timeout-vary", Behaviour: TimeoutVary, Header: browsermodel.Header("Vary", "Accept-Language"),
			Body: "careless"},
		{Method: "GET", Path: "/mutate", Behaviour: MutateHeader, Body: "mutated"},
		{Path: "/private", Behaviour: Authenticate, Body: "secret"},
		{Method: "GET", Path: "/proxied", Behaviour: Upstream, Body: placeholderUpstream},
	}}
}

// Probe counts how often handlers run, and pauses a handler until the client has
// received what the handler sent. It is safe for concurrent use, and a nil Probe does nothing.
type Probe struct {
	mu    sync.Mutex
	runs  map[string]int
	gates map[string]*gate
	undo  []func()
}

// Undo registers a function that reverts a handler's deliberate changes to memory
// that a faulty library may share between responses. The suite calls the function
// at the end of the case.
func (p *Probe) Undo(revert func()) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.undo = append(p.undo, revert)
}

// revert undoes everything in reverse order.
func (p *Probe) revert() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, revert := range slices.Backward(p.undo) {
		revert()
	}
	p.undo = nil
}

// gate pauses one handler.
type gate struct {
	opened chan struct{}
	once   sync.Once
	late   bool // the handler continued after pauseLimit
}

// tokenParameter is the query parameter that identifies a request to the suite. The query has no effect on CORS.
const tokenParameter = "run"

// token returns the token in a query, which may otherwise be malformed.
func token(rawQuery string) string {
	for parameter := range strings.SplitSeq(strings.TrimPrefix(rawQuery, "?"), "&") {
		if tok, ok := strings.CutPrefix(parameter, tokenParameter+"="); ok {
			return tok
		}
	}
	return ""
}

// Ran records that a handler runs. Handlers call it once per request, with the
// request's raw query.
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

// pauseLimit is how long a paused handler waits for the client.
const pauseLimit = 5 * time.Second

// Pause returns when the client has received what was flushed so far. After five
// seconds it returns anyway, and the case fails. Its argument is the request's raw
// query.
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

// resume lets a paused handler continue. It reports false if the handler has already
// continued after pauseLimit.
func (p *Probe) resume(token string) bool {
	g := p.gate(token)
	g.once.Do(func() { close(g.opened) })
	p.mu.Lock()
	defer p.mu.Unlock()
	return !g.late
}

// count returns how often handlers have run for a token so far.
func (p *Probe) count(token string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.gates, token)
	return p.runs[token]
}
