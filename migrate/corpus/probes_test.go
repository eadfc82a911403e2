package corpus_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/migrate"
)

// probe is a request that the test sends to both sides.
type probe struct {
	migrate.Probe
	path    string
	header  browsermodel.Fields // of a raw request
	first   browsermodel.Fields // of an earlier request through a shared cache; nil: no cache
	upload  bool
	gateway string // how a gateway rewrites the list of headers
}

func (p probe) String() string {
	name := fmt.Sprintf("%s %s from %q", p.Method, p.path, p.Origin)
	if len(p.Headers) > 0 {
		name += " with " + strings.Join(p.Headers, ", ")
	}
	if p.Credentials {
		name += ", with credentials"
	}
	if p.first != nil {
		name += fmt.Sprintf(", after %v in a shared cache", p.first)
	}
	if p.header != nil {
		name += fmt.Sprintf(", raw %v", p.header)
	}
	if p.gateway != "" {
		name += ", through a gateway that " + p.gateway + " the list"
	}
	return p.Kind + " " + name
}

// outcome is the part of an answer that a script or the application notices.
type outcome struct {
	reads   bool
	status  int
	exposed string // response headers of the site that the script sees
	runs    bool   // whether the handler runs
	twice   bool   // whether it also runs for the preflight
	maxAge  int    // -1: no preflight, or a refused one
	granted bool   // access to a private network
}

func fetches(origins, names []string) (list []probe) {
	add := func(origin, method string, credentials bool, headers ...string) {
		list = append(list, probe{path: "/item", Probe: migrate.Probe{
			Kind: migrate.Actual, Origin: origin, Method: method, Headers: headers, Credentials: credentials,
		}})
	}
	for _, origin := range origins {
		add(origin, "GET", false)
		add(origin, "GET", true)
		add(origin, "PUT", true, "content-type")
	}
	for _, origin := range origins[:min(3, len(origins))] {
		for _, credentials := range []bool{false, true} {
			for _, method := range append([]string{"patch"}, methods...) {
				add(origin, method, credentials)
			}
			for _, name := range names {
				add(origin, "GET", credentials, name)
			}
			add(origin, "POST", credentials, "content-type")
		}
	}
	return list
}

// special returns requests that are not fetches by a script, or that pass a cache or a gateway.
func special(origins []string) (list []probe) {
	raw := func(kind, method, origin string, header ...string) {
		if origin != "" {
			header = append(header, "Origin", origin)
		}
		list = append(list, probe{path: "/item", header: browsermodel.Header(append(header, "X-Raw", "1")...),
			Probe: migrate.Probe{Kind: kind, Origin: origin, Method: method}})
	}
	raw(migrate.Options, "OPTIONS", "")
	raw(migrate.Options, "OPTIONS", "", "Access-Control-Request-Method", "PUT")
	cached := func(origin string, first ...string) {
		list = append(list, probe{path: "/item", first: browsermodel.Header(append(first, "X-First", "1")...),
			Probe: migrate.Probe{Kind: migrate.Cached, Origin: origin, Method: "GET"}})
	}
	for i, origin := range origins[:min(3, len(origins))] {
		raw(migrate.Options, "OPTIONS", origin)
		raw(migrate.Preflight, "OPTIONS", origin,
			"Access-Control-Request-Method", "GET", "Access-Control-Request-Private-Network", "true")
		cached(origin)
		if i > 0 {
			cached(origins[0], "Origin", origin)
			cached(origin, "Origin", origins[0])
		}
		list = append(list,
			probe{path: "/item", upload: true, Probe: migrate.Probe{Kind: migrate.Actual, Origin: origin, Method: "POST"}},
			probe{path: "/create", Probe: migrate.Probe{Kind: migrate.Actual, Origin: origin, Method: "POST",
				Headers: []string{"content-type"}}},
			probe{path: "/missing", Probe: migrate.Probe{Kind: migrate.Actual, Origin: origin, Method: "GET"}},
			probe{path: "/create", Probe: migrate.Probe{Kind: migrate.Actual, Origin: origin, Method: "PUT"}})
		for _, gateway := range []string{"pads", "reverses", "splits"} {
			for _, names := range [][]string{{"content-type", "x-token"}, {"content-type", "x-requested-with"}, {"authorization",
				"content-type"}} {
				list = append(list, probe{path: "/item", gateway: gateway, Probe: migrate.Probe{
					Kind: migrate.Gateway, Origin: origin, Method: "GET", Headers: names}})
			}
		}
	}
	return append(list, probe{path: "/item", Probe: migrate.Probe{Kind: migrate.Actual, Origin: "self", Method: "POST"}})
}

const limit = 20 * time.Second

// longest is the longest time for which any browser caches a preflight, in seconds.
const longest = 24 * 60 * 60

func (s *served) send(t *testing.T, p probe) outcome {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	transport, before := conformance.RoundTripper(s.transport), s.runs.Load()
	if p.header != nil {
		return s.raw(ctx, t, p)
	}
	if p.gateway != "" {
		transport = rewriting(p.gateway, transport)
	}
	if p.first != nil {
		transport = browsermodel.SharedCache(transport)
		if _, err := transport(ctx, browsermodel.Request{Method: "GET", URL: s.url + p.path, Header: p.first}); err != nil {
			t.Fatalf("%s: %v", p, err)
		}
	}
	f := browsermodel.Fetch{
		Origin: p.Origin, URL: s.url + p.path, Method: p.Method, Credentials: p.Credentials, UploadListeners: p.upload,
	}
	if p.Origin == "self" {
		f.Origin = browsermodel.OriginOf(s.url)
	}
	for _, name := range p.Headers {
		value := "x"
		if name == "content-type" {
			value = "application/json"
		}
		f.Header = append(f.Header, browsermodel.Field{Name: name, Value: value})
	}
	v := (&browsermodel.Browser{Transport: transport}).Fetch(ctx, f)
	if v.Code == browsermodel.CodeNetwork {
		t.Fatalf("%s: %s", p, v.Text)
	}
	return s.judge(f, v, s.runs.Load()-before, p)
}

func (s *served) judge(f browsermodel.Fetch, v browsermodel.Verdict, runs int64, p probe) outcome {
	o := outcome{reads: v.Allowed, runs: runs > 0, maxAge: -1}
	if p.first != nil {
		o.runs = false // the cache may answer or not: both are correct
	}
	if o.reads {
		o.status = v.Status
		for _, name := range []string{"Etag", "X-Total"} {
			if v.Header.Has(name) {
				o.exposed += name + " "
			}
		}
	}
	if len(v.Exchanges) == 0 || !v.Exchanges[0].Preflight {
		return o
	}
	o.twice = runs > 1 || v.AtPreflight && runs > 0
	if grant, finding := browsermodel.CheckPreflight(browsermodel.Profile{}, f, v.Exchanges[0].Response); finding.OK {
		o.maxAge = min(int(grant.MaxAge.Seconds()), longest)
	}
	return o
}

func (s *served) raw(ctx context.Context, t *testing.T, p probe) outcome {
	before := s.runs.Load()
	request := browsermodel.Request{Method: p.Method, URL: s.url + p.path, Header: p.header}
	response, err := conformance.RoundTripper(s.transport)(ctx, request)
	if err != nil {
		t.Fatalf("%s: %v", p, err)
	}
	if p.Kind == migrate.Preflight {
		granted, _ := response.Header.Get("Access-Control-Allow-Private-Network")
		return outcome{granted: granted == "true" && browsermodel.CheckCORS(browsermodel.Fetch{Origin: p.Origin}, response).OK}
	}
	o := outcome{runs: s.runs.Load() > before}
	if !o.runs {
		o.status = response.Status
	}
	return o
}

// rewriting returns a gateway that rewrites the list of headers in preflights.
func rewriting(how string, next browsermodel.Transport) browsermodel.Transport {
	return func(ctx context.Context, r browsermodel.Request) (browsermodel.Response, error) {
		var header browsermodel.Fields
		for _, line := range r.Header {
			names := strings.Split(line.Value, ",")
			switch {
			case line.Name != "Access-Control-Request-Headers":
				names = []string{line.Value}
			case how == "reverses":
				slices.Reverse(names)
				names = []string{strings.Join(names, ",")}
			case how == "pads":
				names = []string{strings.Join(names, ",  ")}
			}
			for _, value := range names {
				header = append(header, browsermodel.Field{Name: line.Name, Value: value})
			}
		}
		r.Header = header
		return next(ctx, r)
	}
}

// difference is a probe with two outcomes. wider and narrower say whether the new side allows more
// or less; if both are false, the outcomes are merely different.
type difference struct {
	probe
	old, ours outcome
	kind      string
	maxAge    bool
	wider     bool
	narrower  bool
}

func (d difference) String() string {
	return fmt.Sprintf("%s\n\told  %+v\n\tours %+v", d.probe, d.old, d.ours)
}

// compare returns the differences in what a script reads, how long a preflight is cached, and
// whether a handler runs.
func compare(p probe, old, ours outcome) (list []difference) {
	add := func(kind string, wider, narrower, maxAge bool) {
		list = append(list, difference{p, old, ours, kind, maxAge, wider, narrower})
	}
	switch {
	case old.granted != ours.granted:
		add(migrate.Preflight, ours.granted, old.granted, false)
	case p.Kind == migrate.Options && old != ours:
		add(migrate.Options, false, false, false)
	case old.reads != ours.reads:
		add(p.Kind, ours.reads, old.reads, false)
	case old.exposed != ours.exposed && old.status == ours.status:
		add(p.Kind, len(ours.exposed) > len(old.exposed), len(ours.exposed) < len(old.exposed), false)
	case old.reads && old.status != ours.status, old.runs != ours.runs, old.twice != ours.twice:
		add(migrate.Handler, false, false, false)
	}
	if old.maxAge != ours.maxAge && old.maxAge >= 0 && ours.maxAge >= 0 {
		add(migrate.Preflight, false, false, true)
	}
	return list
}

// announced reports whether a note explains a difference.
func announced(n *migrate.Note, d difference) bool {
	if n.Change == migrate.Same || n.Scope.MaxAge != d.maxAge && (n.Scope.MaxAge || len(n.Scope.Kinds) == 0) {
		return false
	}
	p := d.Probe
	p.Kind = d.kind
	if p.Origin == "self" {
		p.Origin = ""
	}
	if !n.Covers(p) {
		return false
	}
	return !d.wider && !d.narrower || n.Change == migrate.Fixed ||
		d.wider && n.Change == migrate.Wider || d.narrower && n.Change == migrate.Narrower
}
