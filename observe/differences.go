package observe

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/corskit/corskit/core"
)

// maxDifferences is the maximum number of differences that are kept.
const maxDifferences = 50

// differences keeps the latest differences between an engine's policies and its shadow
// policies.
type differences struct {
	engine *core.Engine

	mu   sync.Mutex
	of   *core.Outline // the shadow policies
	seen map[differenceKey]*occurrences
}

type differenceKey struct {
	kind            core.Kind
	origin, refused string
	method          string // the method that a preflight asks for; empty for other requests, whose method does not matter
	difference      core.Difference
	now, then       outcome
}

// outcome has the parts of a decision that can differ.
type outcome struct {
	result               core.Result
	code                 core.Code
	credentials, private bool
	headers              string // the names of other headers
}

func outcomeOf(c *core.Class, d *core.Decision) outcome {
	return outcome{c.Result, c.Code, d.AllowCredentials != "", d.AllowPrivateNetwork != "", otherHeaders(d.Headers())}
}

// namedHeaders are the response headers for which inWords has words, and those that do not
// count as a difference.
var namedHeaders = []string{
	"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Access-Control-Allow-Methods",
	"Access-Control-Allow-Headers", "Access-Control-Max-Age", "Access-Control-Allow-Private-Network", "Vary",
}

// otherHeaders returns the names of the other headers, so that inWords also names one that
// core gets later.
func otherHeaders(headers iter.Seq2[string, string]) string {
	var names []string
	for name := range headers {
		if !slices.Contains(namedHeaders, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// inWords returns the outcome in words. other is the one that it is compared with.
func (o outcome) inWords(other outcome, refused string) string {
	words := string(o.result)
	switch o.result {
	case core.ResultNotCORS:
		return inWords(o.code, refused)
	case core.ResultRejected:
		words = "rejected with 403"
	case core.ResultRefused:
		if other.result == core.ResultRejected {
			words += ", but the handler runs"
		}
	case core.ResultAllowed:
		if o.credentials != other.credentials && other.result == core.ResultAllowed {
			words += map[bool]string{true: " with credentials", false: " only without credentials"}[o.credentials]
		}
		if o.private != other.private && other.result == core.ResultAllowed {
			words += map[bool]string{true: " into the private network", false: " but not into the private network"}[o.private]
		}
		if o.headers != other.headers && other.result == core.ResultAllowed {
			words += " with " + cmp.Or(o.headers, "no "+other.headers)
		}
	}
	return words + ": " + inWords(o.code, refused)
}

type occurrences struct {
	count              uint64
	method, host, path string // of the last request
	last               time.Time
}

// ObserveClass implements [core.ClassObserver].
func (d *differences) ObserveClass(c *core.Class) (whole bool) {
	return c.Shadow == core.ShadowStricter || c.Shadow == core.ShadowLooser
}

// Observe implements [core.Observer].
func (d *differences) Observe(_ context.Context, o *core.Observation) {
	if o.ShadowClass == nil || o.Shadow == core.ShadowSame {
		return
	}
	r := o.Source()
	target, method := r.Target(), r.Method()
	if asked := r.Lines("Access-Control-Request-Method"); o.Kind == core.Preflight && len(asked) > 0 {
		method = asked[0]
	}
	key := differenceKey{
		method: kept(method, maxName), refused: kept(cmp.Or(o.ShadowRefused, o.Refused), maxName),
		difference: o.Shadow, now: outcomeOf(o.Class, &o.Decision), then: outcomeOf(o.ShadowClass, &o.ShadowDecision),
	}
	if lines := r.Lines("Origin"); len(lines) > 0 {
		key.origin = kept(lines[0], maxOrigin)
	}
	key.kind, method = o.Kind, key.method
	if o.Kind != core.Preflight {
		key.method = ""
	}
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.follow()
	seen := d.seen[key]
	if seen == nil {
		d.forget()
		seen = new(occurrences)
		d.seen[key] = seen
	}
	seen.count++
	seen.method = method
	seen.host, seen.path, seen.last = kept(target.Host, maxHost), kept(withoutQuery(target.Path), maxPath), now
}

// follow forgets the differences of shadow policies that were replaced or removed.
func (d *differences) follow() {
	if now := d.engine.ShadowOutline(); now != d.of || d.seen == nil {
		d.of, d.seen = now, make(map[differenceKey]*occurrences)
	}
}

// forget makes room for one difference: it drops the one that has not occurred for the
// longest time.
func (d *differences) forget() {
	if len(d.seen) < maxDifferences {
		return
	}
	var oldest differenceKey
	var last time.Time
	for key, seen := range d.seen {
		if last.IsZero() || seen.last.Before(last) {
			oldest, last = key, seen.last
		}
	}
	delete(d.seen, oldest)
}

// kept returns a copy of s with at most n bytes.
func kept(s string, n int) string { return strings.Clone(clipped(s, n)) }

// differenceView is a difference, as JSON.
type differenceView struct {
	Origin     string    `json:"origin"`
	Kind       string    `json:"kind"`
	Method     string    `json:"method"`
	Host       string    `json:"host"`
	Path       string    `json:"path"`
	Difference string    `json:"difference"`
	Now        string    `json:"now"`  // what the policies in force decide, in words
	Then       string    `json:"then"` // what the shadow policies would decide, in words
	Count      uint64    `json:"count"`
	Last       time.Time `json:"last"`
}

// view returns the differences, the most frequent first.
func (d *differences) view() []differenceView {
	d.mu.Lock()
	d.follow()
	all := make([]differenceView, 0, len(d.seen))
	for key, seen := range d.seen {
		all = append(all, differenceView{
			Origin: shown(key.origin), Kind: key.kind.String(), Method: shown(seen.method), Host: shown(seen.host), Path: shown(seen.path),
			Difference: string(key.difference), Now: key.now.inWords(key.then, key.refused), Then: key.then.inWords(key.now, key.refused),
			Count: seen.count, Last: seen.last,
		})
	}
	d.mu.Unlock()
	slices.SortFunc(all, func(a, b differenceView) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), b.Last.Compare(a.Last), cmp.Compare(a.Origin, b.Origin),
			cmp.Compare(a.Method, b.Method))
	})
	return all
}
