package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

// traffic says what was read from a log or an inspector.
type traffic struct {
	Refusals    uint64 `json:"refusals"` // requests
	Records     int    `json:"records"`  // lines of the log, or elements of refusals.json
	Broken      int    `json:"broken"`   // lines that are not decisions
	FirstBroken string `json:"firstBroken,omitempty"`
	Forgotten   uint64 `json:"forgotten"` // requests of rare kinds, which were dropped to bound memory
}

// readTraffic calls use for each refusal of a log or an inspector, with the number of requests
// that it adds to earlier ones. from is a file, "-" for standard input, or a URL.
func readTraffic(cmd *cobra.Command, from string, use func(r core.Request, n uint64)) (t traffic, err error) {
	in, err := openTraffic(cmd, from)
	if err != nil {
		return t, err
	}
	defer in.Close()
	refusals := observe.ReadLog(in)
	if isURL(from) {
		refusals = readInspector(in)
	}
	progress := progress{terminal: newTerminal(cmd.ErrOrStderr(), "never")}
	defer progress.clear()
	counted := growth{seed: maphash.MakeSeed()}
	for r, err := range refusals {
		var broken *observe.LineError
		switch {
		case errors.As(err, &broken):
			if t.Broken++; t.Broken == 1 {
				t.FirstBroken = safe(broken.Error())
			}
			continue
		case err != nil:
			return t, fmt.Errorf("%s cannot be read: %w", nameOf(from), err)
		}
		n := counted.by(r)
		t.Records++
		t.Refusals += n
		use(r.Request, n)
		if t.Records%4096 == 0 {
			progress.show(config.Progress{Phase: fmt.Sprintf("reading line %d of", t.Records+t.Broken), File: from, Done: t.Records})
		}
	}
	if t.Records == 0 && t.Broken > 0 {
		return t, fmt.Errorf("%s has no lines of observe.Log in JSON: %s", nameOf(from), t.FirstBroken)
	}
	return t, nil
}

// notes says what was left out.
func (t traffic) notes() (notes []string) {
	if t.Broken > 0 {
		notes = append(notes, fmt.Sprintf("skipped %s that cannot be read; the first is %s", plural(t.Broken, "line"), t.FirstBroken))
	}
	if t.Forgotten > 0 {
		notes = append(notes, fmt.Sprintf("left out %s of rare kinds: there are too many kinds of requests to keep them all",
			counted(t.Forgotten, "request")))
	}
	return notes
}

// nameOf returns what messages call the source of traffic.
func nameOf(from string) string {
	if from == standardInput {
		return "standard input"
	}
	return safe(from)
}

func isURL(s string) bool { return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") }

// openTraffic opens what readTraffic reads.
func openTraffic(cmd *cobra.Command, from string) (io.ReadCloser, error) {
	switch {
	case isURL(from):
		return openInspector(cmd.Context(), from)
	case from == standardInput:
		return io.NopCloser(cmd.InOrStdin()), nil
	}
	if err := checkName(from); err != nil {
		return nil, &usageError{err}
	}
	return os.Open(from)
}

// growth tells how many requests a refusal adds to earlier ones with the same identity. To
// bound memory, it forgets identities that it has not seen for long.
type growth struct {
	seed        maphash.Seed
	now, before map[uint64]uint64
}

// maxIdentities is the number of identities after which growth begins to forget.
const maxIdentities = 1 << 17

// identity is what the lines of one continued refusal have in common: see [observe.ReadLog].
type identity struct {
	origin, refused, policy string
	kind                    core.Kind
	code                    core.Code
	route                   int
	first                   int64
}

func (g *growth) by(r observe.Refusal) uint64 {
	id := maphash.Comparable(g.seed, identity{r.Origin, r.Refused, r.Policy, r.Kind, r.Code, r.Route, r.First.UnixNano()})
	if len(g.now) == maxIdentities || g.now == nil {
		g.now, g.before = make(map[uint64]uint64), g.now
	}
	seen := max(g.now[id], g.before[id])
	g.now[id] = max(seen, r.Count)
	return g.now[id] - seen
}

// How much of an inspector's answer is read, and how long it may take.
const (
	maxInspected     = 16 << 20
	inspectorTimeout = 30 * time.Second
)

// openInspector asks an inspector for its refusals. The URL may be that of the page or of
// refusals.json.
func openInspector(ctx context.Context, page string) (io.ReadCloser, error) {
	u, err := url.Parse(page)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, usagef("%s is not the URL of an inspector", safe(page))
	}
	if !strings.HasSuffix(u.Path, "/refusals.json") {
		u = u.JoinPath("refusals.json")
	}
	client := &http.Client{
		Timeout:       inspectorTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the inspector does not answer: %s", safe(err.Error()))
	}
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, maxShown)) // the status says enough
		_ = response.Body.Close()
		return nil, fmt.Errorf("%s answers with status %s: %s",
			u.Redacted(), statusText(response.StatusCode), safe(strings.TrimSpace(string(text))))
	}
	return response.Body, nil
}

// inspected is an element of refusals.json.
type inspected struct {
	Origin   string    `json:"origin"`
	Kind     string    `json:"kind"`
	Code     core.Code `json:"code"`
	Refused  string    `json:"refused"`
	Policy   string    `json:"policy"`
	Route    int       `json:"route"`
	Count    uint64    `json:"count"`
	MaxError uint64    `json:"maxError"`
	First    time.Time `json:"first"`

	Request *inspectedRequest `json:"request"`

	// For people: quoted or cut if the request has unusual or many bytes.
	Method  string   `json:"method"`
	Host    string   `json:"host"`
	Path    string   `json:"path"`
	Headers []string `json:"headers"`
}

// inspectedRequest is a request as it was sent.
type inspectedRequest struct {
	Method         string   `json:"method"`
	Host           string   `json:"host"`
	Path           string   `json:"path"`
	RawPath        string   `json:"rawPath"`
	FoldPath       bool     `json:"foldPath"`
	Origin         []string `json:"origin"`
	RequestMethod  []string `json:"requestMethod"`
	RequestHeaders []string `json:"requestHeaders"`
	PrivateNetwork []string `json:"privateNetwork"`
	FetchSite      []string `json:"fetchSite"`
}

// readInspector reads refusals.json.
func readInspector(in io.Reader) func(yield func(observe.Refusal, error) bool) {
	return func(yield func(observe.Refusal, error) bool) {
		var list []inspected
		if err := json.NewDecoder(io.LimitReader(in, maxInspected)).Decode(&list); err != nil {
			yield(observe.Refusal{}, errors.New("not the refusals of an inspector: "+safe(err.Error())))
			return
		}
		for _, r := range list {
			if !yield(r.refusal(), nil) {
				return
			}
		}
	}
}

// refusal returns what the inspector keeps. Of the count, MaxError may belong to refusals
// that the inspector has forgotten.
func (i inspected) refusal() observe.Refusal {
	r := observe.Refusal{
		Origin: i.Origin, Kind: core.Actual, Code: i.Code, Refused: i.Refused, Policy: i.Policy, Route: i.Route,
		Count: i.Count - min(i.MaxError, i.Count), First: i.First, Request: i.request(),
	}
	if i.Kind == core.Preflight.String() {
		r.Kind = core.Preflight
	}
	return r
}

// request returns the last request. If the inspector does not have all of it, request assumes
// another site: pages of the server's own origin are not refused.
func (i inspected) request() core.Request {
	if q := i.Request; q != nil && len(q.Origin) > 0 {
		return core.Request{
			Method: q.Method, Host: q.Host, Path: q.Path, RawPath: q.RawPath, FoldPath: q.FoldPath, Origin: q.Origin,
			AccessControlRequestMethod: q.RequestMethod, AccessControlRequestHeaders: q.RequestHeaders,
			AccessControlRequestPrivateNetwork: q.PrivateNetwork, SecFetchSite: q.FetchSite,
		}
	}
	r := core.Request{Method: i.Method, Host: i.Host, Path: i.Path, Origin: []string{i.Origin}, SecFetchSite: []string{"cross-site"}}
	if i.Code == core.CodeOriginRepeated {
		r.Origin = append(r.Origin, i.Origin)
	}
	if i.Kind == core.Preflight.String() {
		r.Method = http.MethodOptions
		r.AccessControlRequestMethod, r.AccessControlRequestHeaders = []string{i.Method}, i.Headers
	}
	return r
}

// tally counts requests by kind, in bounded memory: if there are too many kinds, it forgets
// the rarer half.
type tally[K comparable, V any] struct {
	max       int
	rows      map[K]*row[V]
	added     int    // how many rows there have been
	forgotten uint64 // the requests of kinds that were forgotten
}

// row is what is known about a kind of requests.
type row[V any] struct {
	value V // of the first request
	count uint64
	order int
}

func (t *tally[K, V]) add(key K, n uint64, value func() V) {
	r := t.rows[key]
	if r == nil {
		if len(t.rows) >= t.max {
			t.halve()
		}
		if t.rows == nil {
			t.rows = make(map[K]*row[V])
		}
		t.added++
		r = &row[V]{value: value(), order: t.added}
		t.rows[key] = r
	}
	r.count += n
}

func (t *tally[K, V]) halve() {
	counts := make([]uint64, 0, len(t.rows))
	for _, r := range t.rows {
		counts = append(counts, r.count)
	}
	slices.Sort(counts)
	median, left := counts[len(counts)/2], len(counts)/2
	for key, r := range t.rows {
		if r.count <= median && left > 0 {
			left--
			t.forgotten += r.count
			delete(t.rows, key)
		}
	}
}

// sorted returns the rows, the most frequent first.
func (t *tally[K, V]) sorted() []*row[V] {
	return slices.SortedFunc(maps.Values(t.rows), func(a, b *row[V]) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.order, b.order))
	})
}

// judge says how an engine decides requests.
type judge struct {
	engine      *core.Engine
	class       core.Class
	refused     string
	credentials bool
	private     bool
	headers     string
}

func newJudge(e *core.Engine) *judge {
	j := &judge{engine: e}
	e.Observe(j)
	return j
}

// Observe implements [core.Observer].
func (j *judge) Observe(_ context.Context, o *core.Observation) {
	j.class, j.refused = *o.Class, strings.Clone(o.Refused)
	j.credentials, j.private = o.Decision.AllowCredentials != "", o.Decision.AllowPrivateNetwork != ""
	j.headers = strings.Join(otherHeaders(o.Decision.AllowOrigin, o.Decision.Headers()), ", ")
}

// ask returns the class of the decision on a request, and the method or header name that is
// not allowed.
func (j *judge) ask(ctx context.Context, r core.Request) (core.Class, string) {
	j.engine.Decide(ctx, r)
	return j.class, j.refused
}

// ruling returns how the engine decides a request.
func (j *judge) ruling(ctx context.Context, r core.Request) ruling {
	class, refused := j.ask(ctx, r)
	if !passes(class) {
		return ruling{Result: class.Result, Code: class.Code, Refused: refused}
	}
	return ruling{class.Result, class.Code, refused, j.credentials, j.private, j.headers}
}

// passes reports whether the browser lets the script do what it asked for.
func passes(c core.Class) bool {
	return c.Result == core.ResultAllowed || c.Result == core.ResultNotCORS
}

// asked returns the method that a script wants to use, and the names of the headers that
// need permission.
func asked(r core.Request) (method, names string) {
	if len(r.AccessControlRequestMethod) > 0 && r.Method == http.MethodOptions {
		return r.AccessControlRequestMethod[0], strings.Join(r.AccessControlRequestHeaders, ",")
	}
	return r.Method, ""
}
