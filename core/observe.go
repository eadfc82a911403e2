package core

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
)

// Observer receives the decisions of an engine, for metrics and logs. See
// [Engine.Observe].
type Observer interface {
	// Observe is called once for each decision, before the response is written, on the
	// goroutine that serves the request. So it must be fast, and is called concurrently.
	// ctx is the context of the request. o and the strings that it takes from the request
	// are valid only during the call; o.Class may be kept. An observer that rarely needs
	// more than the class should implement [ClassObserver] too, which is cheaper, and one
	// that only counts should implement [ClassCounter].
	//
	// If Observe panics, the engine recovers, and logs the first panic of each Observer
	// with [log/slog.Default].
	Observe(ctx context.Context, o *Observation)
}

// ClassObserver is an [Observer] that rarely needs more than the class of a decision, such as
// one that counts. For the other decisions, the engine then spends no time on the rest of the
// [Observation].
type ClassObserver interface {
	Observer
	// ObserveClass is called before Observe, under the same conditions. It reports
	// whether the engine must call Observe too. The observer may keep c.
	ObserveClass(c *Class) (whole bool)
}

// ClassCounter is an [Observer] that only counts decisions by class. The engine counts for
// it, which costs one atomic addition for each decision.
type ClassCounter interface {
	Observer
	// CounterOf returns the counter to which the engine adds 1 for each decision of class c,
	// instead of calling Observe. If it is nil, the class is not counted. The engine keeps
	// the counter with the class, so it rarely calls CounterOf, but it may ask again about the
	// same class, and concurrently. The observer may keep c.
	CounterOf(c *Class) *atomic.Uint64
}

// Result says in one word what happens to a request.
type Result string

// The results.
const (
	ResultNotCORS  Result = "not-cors" // no Origin, or a page of the server's own origin that no policy allows
	ResultAllowed  Result = "allowed"  // the browser lets the script read the response, or sends the request after this preflight
	ResultRefused  Result = "refused"  // the browser hides the response, or does not send the request
	ResultRejected Result = "rejected" // refused, and the handler did not run (RejectDisallowed)
)

// Class is a category of decisions, as metrics count them. Equal classes usually have
// equal pointers, so that they are cheap to count. The same pointer always means an equal
// class, and a pointer stays in use until the policies are replaced. The fields must not
// be changed.
type Class struct {
	Kind   Kind
	Result Result
	// Code is the cause of the result: that of the [Decision], or why the browser does
	// not send the request although the origin is allowed (CodeMethodNotAllowed and
	// CodeHeaderNotAllowed), or CodeSameOrigin.
	Code   Code
	Policy string // the name of the policy that governs; empty if none does
	Route  int    // the index of the route that covers the request; -1 if none does, or if there are no routes
	// Shadow says how the shadow policies differ for this request. It is empty if there
	// are no shadow policies.
	Shadow Difference
}

// Observation is one decision, as an [Observer] sees it.
type Observation struct {
	*Class
	Decision Decision // what the server answers
	// Refused is the first requested method or header name that the policy does not
	// allow, if Code is CodeMethodNotAllowed or CodeHeaderNotAllowed.
	Refused   string
	Handshake bool // whether the decision is about a WebSocket handshake, see [Engine.AllowsHandshake]

	// The following fields say what the shadow policies would have decided. ShadowClass
	// is the Class under the shadow policies, or nil if there are none; Class.Shadow says
	// how the two differ.
	ShadowClass    *Class
	ShadowDecision Decision
	ShadowRefused  string

	source Source
	copied requestSource // the value of source, if the request was passed to Decide
}

// Source returns the request. [NewRequest] makes a copy that can be kept. The values are
// those that the client sent: quote them before printing; they can be of any length.
func (o *Observation) Source() Source { return o.source }

// requestSource is a Request as a Source.
type requestSource struct{ facts }

func (r *requestSource) Context() context.Context   { return r.ctx }
func (r *requestSource) Method() string             { return r.Request.Method }
func (r *requestSource) Target() Target             { return target(nil, &r.facts) }
func (r *requestSource) Lines(name string) []string { return lines(nil, &r.facts, name) }
func (r *requestSource) Transient() bool            { return false }

// Observe registers an observer of every decision that [Engine.Decide], a middleware or
// CheckOrigin makes. Observers are called in the order of registration; one registered
// twice is called twice. stop removes it and may be called more than once; calls in
// progress may outlive it.
//
// Observe and stop are safe for concurrent use. [Engine.Explain] and
// [Engine.AllowsOrigin] are not observed. If observer or e is nil, Observe does nothing.
func (e *Engine) Observe(observer Observer) (stop func()) {
	if e == nil || observer == nil {
		return func() {}
	}
	r := &registration{observer: observer}
	if r.counter, _ = observer.(ClassCounter); r.counter == nil {
		r.class, _ = observer.(ClassObserver)
	}
	e.changeWatch(func(all []*registration) []*registration { return append(all, r) })
	return func() {
		e.changeWatch(func(all []*registration) []*registration {
			return slices.DeleteFunc(all, func(o *registration) bool { return o == r })
		})
	}
}

// registration is one call of Observe.
type registration struct {
	observer Observer
	counter  ClassCounter  // nil if the observer does not only count
	class    ClassObserver // nil if the observer only counts, or needs the whole Observation every time
	panicked atomic.Bool
}

// watch holds the observers of an engine. It is immutable: a change replaces it.
type watch struct {
	all       []*registration // not empty, in order
	counters  []*registration
	observers []*registration // those that do not only count
}

func newWatch(all []*registration) *watch {
	w := &watch{all: all}
	for _, r := range all {
		if r.counter != nil {
			w.counters = append(w.counters, r)
		} else {
			w.observers = append(w.observers, r)
		}
	}
	return w
}

// changeWatch replaces the observers of an engine with the result of change, which gets a
// copy of the current list.
func (e *Engine) changeWatch(change func([]*registration) []*registration) {
	e.changing.Lock()
	defer e.changing.Unlock()
	var observers []*registration
	if old := e.watch.Load(); old != nil {
		observers = slices.Clone(old.all)
	}
	if observers = change(observers); len(observers) == 0 {
		e.watch.Store(nil)
		return
	}
	e.watch.Store(newWatch(observers))
}

// see tells the observers about an outcome. It reads the request from src or, if src is
// nil, from r. h is nil if there are no shadow policies.
func (w *watch) see(h *shadow, src Source, r *facts, o *Outcome, handshake bool) {
	if h != nil {
		w.seeBoth(h, src, r, o, handshake)
		return
	}
	var j judgement
	var refused string
	if o.verdict.judged {
		j, refused = o.judge(src, r, !o.verdict.Allowed && o.fromOwnPage(src, r))
	}
	class := w.count(o, o.key(j))
	for i, each := range w.observers {
		if each.class == nil || each.observeClass(class) {
			w.tell(i, src, r, o, nil, &sight{class: class, refused: refused, handshake: handshake})
			return
		}
	}
}

// count counts an outcome, and returns its class.
func (w *watch) count(o *Outcome, key classKey) *Class {
	class := o.verdict.first.Load()
	if class == nil || class.key != key {
		class = o.findClass(key)
	}
	known := class.counters.Load()
	if known == nil || known.of != w {
		known = w.findCounters(class)
	}
	for _, n := range known.all {
		n.Add(1)
	}
	return &class.Class
}

// counters are the counters of one class that one watch has.
type counters struct {
	of  *watch
	all []*atomic.Uint64
	// next has the counters of another watch: engines with the same policies may share
	// classes.
	next *counters
}

// maxWatches is the maximum number of watches for which a class keeps counters. Counters
// of watches that are no longer in use are dropped eventually.
const maxWatches = 8

// findCounters finds counters that are not the first of their class. It allocates only for
// the first decision of the class.
func (w *watch) findCounters(c *knownClass) *counters {
	first := c.counters.Load()
	n := 0
	for known := first; known != nil; known = known.next {
		if known.of == w {
			return known
		}
		n++
	}
	found := &counters{of: w}
	if n < maxWatches {
		found.next = first
	}
	for _, r := range w.counters {
		if counter := r.counterOf(&c.Class); counter != nil {
			found.all = append(found.all, counter)
		}
	}
	c.counters.CompareAndSwap(first, found) // if it fails, a later decision keeps them
	return found
}

// seeBoth is like see, for an engine with shadow policies.
func (w *watch) seeBoth(h *shadow, src Source, r *facts, o *Outcome, handshake bool) {
	var shadowed Outcome
	if !h.decide(src, r, &shadowed) {
		w.see(nil, src, r, o, handshake)
		return
	}
	// Whether a page of the server's own origin sent the request matters only if one of
	// the two refuses the origin, or if they differ.
	refuses := !o.verdict.Allowed || !shadowed.verdict.Allowed
	own := refuses && o.fromOwnPage(src, r)
	found, refused := o.judge(src, r, own)
	j, shadowRefused := shadowed.judge(src, r, own)
	now := sight{refused: refused, shadowRefused: shadowRefused, handshake: handshake}
	difference := ShadowSame
	switch {
	case own: // browsers do not apply CORS to the server's own pages
	case handshake: // nothing but the origin matters
		difference = effects{plain: o.verdict.Allowed}.difference(effects{plain: shadowed.verdict.Allowed})
	default:
		difference = o.effects(found).difference(shadowed.effects(j))
		if difference != ShadowSame && !refuses && o.fromOwnPage(src, r) {
			difference = ShadowSame
		}
	}
	differing := classKey(difference.index())
	now.class, now.shadowed = w.count(o, o.key(found)|differing), shadowed.class(shadowed.key(j)|differing)
	w.tellAll(src, r, o, &shadowed, &now)
}

// sight is what observers see in addition to outcomes. It has no pointer to an outcome,
// because that would make outcomes escape to the heap.
type sight struct {
	class, shadowed        *Class
	refused, shadowRefused string
	handshake              bool
}

// tellAll calls the observers. shadow is nil if there are no shadow policies.
func (w *watch) tellAll(src Source, r *facts, o, shadow *Outcome, seen *sight) {
	for i, each := range w.observers {
		if each.class == nil || each.observeClass(seen.class) {
			w.tell(i, src, r, o, shadow, seen)
			return
		}
	}
}

// tell calls the observers from index first on. The one with that index needs the whole
// observation.
func (w *watch) tell(first int, src Source, r *facts, o, shadow *Outcome, seen *sight) {
	whole := observation(src, r, seen)
	whole.Decision = o.Decision()
	if shadow != nil {
		whole.ShadowDecision = shadow.Decision()
	}
	for i, each := range w.observers[first:] {
		if i == 0 || each.class == nil || each.observeClass(seen.class) {
			each.observe(whole.source.Context(), whole)
		}
	}
	whole.release()
}

// observation returns an observation that the caller must release.
func observation(src Source, r *facts, seen *sight) *Observation {
	o := observations.Get().(*Observation)
	o.Class, o.Refused, o.Handshake = seen.class, seen.refused, seen.handshake
	o.ShadowClass, o.ShadowRefused = seen.shadowed, seen.shadowRefused
	if o.source = src; src == nil {
		o.copied.facts = *r
		o.source = &o.copied
	}
	return o
}

// release returns an observation to the pool. It clears only the fields that not every
// observation sets: clearing the others would take as long as setting them.
func (o *Observation) release() {
	if o.ShadowClass != nil {
		o.ShadowClass, o.ShadowDecision, o.ShadowRefused = nil, Decision{}, ""
	}
	if o.source == &o.copied {
		o.copied = requestSource{}
	}
	o.source = nil
	observations.Put(o)
}

// observations is the pool of Observations that are not in use.
var observations = sync.Pool{New: func() any { return new(Observation) }}

func (r *registration) observeClass(c *Class) (whole bool) {
	defer r.recover()
	return r.class.ObserveClass(c)
}

func (r *registration) counterOf(c *Class) *atomic.Uint64 {
	defer r.recover()
	return r.counter.CounterOf(c)
}

func (r *registration) observe(ctx context.Context, o *Observation) {
	defer r.recover()
	r.observer.Observe(ctx, o)
}

func (r *registration) recover() {
	if v := recover(); v != nil {
		report(&r.panicked, fmt.Sprintf("an observer of type %T", r.observer), v)
	}
}

// report logs a panic of user code that must not affect requests, unless one was logged
// before.
func report(panicked *atomic.Bool, who string, value any) {
	defer func() { _ = recover() }() // the log may be what panics
	if !panicked.Swap(true) {
		slog.Default().Error("cors: "+who+" panicked; further panics are not logged",
			"panic", quoted(fmt.Sprint(value)), "stack", string(debug.Stack()))
	}
}

// class returns the class of an outcome. It allocates only for the first decision of a
// class.
func (o *Outcome) class(key classKey) *Class {
	if c := o.verdict.first.Load(); c != nil && c.key == key {
		return &c.Class
	}
	return &o.findClass(key).Class
}

// findClass returns a class that is not the first of its verdict, and adds it if
// necessary.
func (o *Outcome) findClass(key classKey) *knownClass {
	head := &o.verdict.classesOf(o.route).latest
	for {
		first := head.Load()
		for c := first; c != nil; c = c.next {
			if c.key == key {
				return c
			}
		}
		c := &knownClass{key: key, next: first}
		c.Kind, c.Policy, c.Route, c.Shadow = o.verdict.Kind, o.verdict.Policy, int(o.route)-1, key.difference()
		c.Result, c.Code = o.result(key.judgement())
		if head.CompareAndSwap(first, c) {
			o.verdict.first.CompareAndSwap(nil, c)
			return c
		}
	}
}

// classesOf returns the classes of a verdict for a route. route is the index of the route
// plus 1, or 0 if there is none. classesOf allocates only for the first decision of a
// route.
func (v *verdict) classesOf(route int32) *classes {
	for {
		known := v.classes.Load()
		var all []*classes
		if known != nil {
			all = *known
		}
		if int(route) < len(all) && all[route] != nil {
			return all[route]
		}
		longer := make([]*classes, max(int(route)+1, len(all)))
		copy(longer, all)
		longer[route] = new(classes)
		if v.classes.CompareAndSwap(known, &longer) {
			return longer[route]
		}
	}
}

// classes are the classes that a verdict has had for one route. There are few.
type classes struct {
	latest atomic.Pointer[knownClass]
}

// classKey identifies a class of one verdict. It combines the index of the route plus 1,
// the mark, the judgement and, in the lowest byte, the index of the difference.
type classKey uint64

// key returns the key of the class of an outcome without shadow policies.
func (o *Outcome) key(j judgement) classKey {
	return classKey(o.route)<<24 | classKey(o.mark)<<16 | classKey(j)<<8
}

// difference returns the difference whose index is in the key.
func (k classKey) difference() Difference {
	return [...]Difference{"", ShadowSame, ShadowStricter, ShadowLooser}[uint8(k)]
}

func (k classKey) judgement() judgement { return judgement(k >> 8) }

// knownClass is an element of the list of classes.
type knownClass struct {
	key      classKey
	counters atomic.Pointer[counters] // a list with one element for each watch
	Class
	next *knownClass
}
