package observe

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/corskit/corskit/core"
)

// HandlerOptions configures [Handler]. The zero value is valid.
type HandlerOptions struct {
	// Counters and Refusals provide the numbers that the page shows. Handler does not
	// register them: call engine.Observe yourself. If one is not registered, its part of
	// the page stays empty. If one is nil, Handler makes one and registers it.
	Counters *Counters
	Refusals *Refusals

	// Hosts lists the host names that the page may be opened at, without ports, in
	// addition to localhost and loopback addresses. They are compared exactly, except
	// for case. Every other name is refused, because strangers can make a name of their
	// own resolve to this server (DNS rebinding).
	Hosts []string

	// Config returns the state of the configuration that the policies come from, such as
	// the method ConfigStatus of a config.Watcher. It is called often, and concurrently. If
	// it is nil, the page shows the policies and the warnings of the engine.
	Config func() ConfigStatus

	// Spell returns the key in a file for a field of [core.Policy] or [core.Route], as
	// config.KeyOf does. If nil, texts use the Go field names, and the YAML lines to copy
	// use the keys of package config.
	Spell func(field string) string
}

// Handler returns the inspector: a page that shows the policies in force, verdicts over
// time, which origins are refused and how to allow them, and what shadow policies would
// change. It also serves state.json, refusals.json, explain and events, which the page
// uses.
//
// Mount it on a listener that only operators can reach, at a path that ends in a slash:
//
//	go http.ListenAndServe("127.0.0.1:6060", observe.Handler(engine, observe.HandlerOptions{}))
//
// The inspector changes nothing. It answers only GET and HEAD, only at loopback addresses
// and the hosts in HandlerOptions.Hosts, and refuses pages of other origins, which it
// recognizes by Sec-Fetch-Site and Origin. It does not authenticate: everyone who reaches
// it sees the origins and paths of refused requests. A proxy in front of it must
// authenticate users, and pass on Host.
//
// The streams of events end when the context of their request does. [http.Server.Shutdown]
// waits for them, unless the server's BaseContext is canceled.
//
// Handler registers observers with the engine, so call it once for each engine. It keeps a
// bounded amount of memory. If engine is nil, the page shows an engine that refuses every
// origin.
func Handler(engine *core.Engine, opts HandlerOptions) http.Handler {
	in := &inspector{
		engine: engine, counters: opts.Counters, refusals: opts.Refusals, config: opts.Config, spell: opts.Spell,
		guard: newGuard(opts.Hosts), since: time.Now(), listeners: make(chan struct{}, maxListeners),
		advising: limit{perMinute: advicePerMinute},
	}
	in.differences.engine = engine
	if in.counters == nil {
		in.counters = NewCounters()
		engine.Observe(in.counters)
	}
	if in.refusals == nil {
		in.refusals = NewRefusals(0)
		engine.Observe(in.refusals)
	}
	for _, o := range []core.ClassObserver{&in.timeline, &in.differences} {
		engine.Observe(o)
	}
	return in
}

// inspector implements Handler.
type inspector struct {
	engine      *core.Engine
	counters    *Counters
	refusals    *Refusals
	timeline    timeline
	differences differences
	config      func() ConfigStatus
	spell       func(string) string
	guard       guard
	since       time.Time
	listeners   chan struct{} // has an element for each stream of events

	mu       sync.Mutex // held while the views are made
	last     views
	advice   map[refusalKey]advice
	advising limit

	inForce, inShadow outlined // the policies
}

//go:embed page
var page embed.FS

// files are the parts of the page: their names in the folder page and their types.
var files = map[string]struct{ name, mediaType string }{
	"":             {"index.html", "text/html; charset=utf-8"},
	"style.css":    {"style.css", "text/css; charset=utf-8"},
	"parts.js":     {"parts.js", "text/javascript; charset=utf-8"},
	"inspector.js": {"inspector.js", "text/javascript; charset=utf-8"},
}

// ServeHTTP implements [http.Handler].
func (in *inspector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protect(w.Header())
	if status, reason := in.guard.refuse(r); status != 0 {
		if status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", "GET, HEAD")
		}
		http.Error(w, reason, status)
		return
	}
	name := path.Base(r.URL.Path)
	if r.URL.Path == "" || strings.HasSuffix(r.URL.Path, "/") {
		name = ""
	}
	switch file, ok := files[name]; {
	case ok:
		content, err := page.ReadFile("page/" + file.name)
		if err != nil {
			http.Error(w, "the page is incomplete", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", file.mediaType)
		_, _ = w.Write(content) // if that fails, the client has disconnected
	case name == "state.json":
		answer(w, http.StatusOK, in.views().state)
	case name == "refusals.json":
		answer(w, http.StatusOK, in.views().refusals)
	case name == "explain":
		in.serveExplain(w, r)
	case name == "events":
		in.serveEvents(w, r)
	default:
		http.Error(w, "no such page", http.StatusNotFound)
	}
}

// answer answers with JSON.
func answer(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // if that fails, the client has disconnected
}

// encode returns v as JSON in one line of printable ASCII, which a terminal shows
// unchanged.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the types of the views have no value that JSON lacks
	}
	escaped := make([]byte, 0, len(b))
	for _, r := range string(b) {
		switch {
		case r >= 0x10000:
			high, low := utf16.EncodeRune(r)
			escaped = fmt.Appendf(escaped, `\u%04x\u%04x`, high, low)
		case r >= utf8.RuneSelf-1:
			escaped = fmt.Appendf(escaped, `\u%04x`, r)
		default:
			escaped = append(escaped, byte(r))
		}
	}
	return escaped
}

// explainSafely explains a request. If an AllowOriginFunc panics, ok is false.
func explainSafely(ctx context.Context, r core.Request, explain func(context.Context, core.Request) core.Explanation) (
	x core.Explanation, ok bool,
) {
	defer func() { ok = recover() == nil }()
	return explain(ctx, r), true
}
