package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// place is where requests go: a path of the server and, if the server is this machine, a host
// of the file.
type place struct {
	name     string
	url      string
	host     string // the Host to send, or "" for that of the URL
	policies []core.Policy
	edge     bool // a path that only looks like that of a route: few origins are enough
}

// question is one request, and why it is sent.
type question struct {
	place     *place
	visitor   visitor // if its origin is empty, the request has no Origin
	fetch     browsermodel.Fetch
	preflight bool
	browser   string // whose headers the request has; bare adds none
	private   bool   // whether the preflight asks for a private network
	varied    bool   // whether the same is sent as every browser
	part      stage
}

// stage says when a question need not be sent.
type stage int

const (
	whenever stage = iota
	detail         // if the server refuses the origin
	likeness       // if the server allows every origin
	sending        // if the preflight was refused
)

// bare stands for no browser: its requests have only the headers that CORS needs, as curl sends
// them.
const bare = "none"

// agents are the browsers whose requests are compared. Most requests are those of the first.
var agents = []string{"chromium", "firefox", "webkit", bare}

// inquiry derives the questions from a configuration.
type inquiry struct {
	ctx      context.Context
	config   *config.Config
	base     *url.URL
	host     string   // the server's host in the file, if it is not that of the URL
	paths    []string // from the command line
	send     []string // methods that may be sent
	visitors []visitor
	outsider string // an origin that no entry names
	places   []*place
	notes    []string
	compared map[string]bool // the policies that are asked about as every browser
}

// cover returns the index of the route that covers a place, or -1.
func (p *inquiry) cover(host, path string) int {
	u, err := url.Parse("http://x" + path)
	if err != nil {
		return -1
	}
	facts := core.Request{Method: "GET", Host: host, Path: u.Path, RawPath: u.RawPath, Origin: []string{stranger}}
	return p.config.Engine().Explain(p.ctx, facts).Route
}

// add adds a path of a host, unless p.places has it already.
func (p *inquiry) add(host, path string, edge bool) {
	to := *p.base
	to.Path, to.RawPath, to.RawQuery = "", "", ""
	at := &place{name: path, url: to.String() + path, policies: p.config.Policies, edge: edge}
	if i := p.cover(host, path); i >= 0 {
		at.name = fmt.Sprintf("%s (route %d)", path, i)
		at.policies = p.config.Routes[i].Policies
	} else if len(p.config.Routes) > 0 {
		at.name, at.policies = path+" (no route)", nil
	}
	if host != p.base.Hostname() {
		at.name, at.host = host+at.name, host
		if port := p.base.Port(); port != "" {
			at.host += ":" + port // as browsers do
		}
	}
	if !slices.ContainsFunc(p.places, func(have *place) bool { return have.url == at.url && have.host == at.host }) {
		p.places = append(p.places, at)
	}
}

// find fills p.places: with each path of the command line, and with a path of each route that
// they do not cover.
func (p *inquiry) find() {
	base := cmp.Or(p.host, p.base.Hostname())
	covered := make(map[int]bool)
	for _, path := range p.paths {
		covered[p.cover(base, path)] = true
		p.add(base, path, false)
	}
	if len(p.config.Routes) == 0 {
		if len(p.paths) == 0 {
			p.add(base, "/", false)
		}
		return
	}
	var others []string
	for i, r := range p.config.Routes {
		host, path := cmp.Or(r.Host, base), samplePath(r.Path)
		switch {
		case host != base && (p.host != "" || !isLoopback(p.base.Hostname())):
			others = append(others, r.Host)
			continue
		case p.cover(host, path) != i:
			continue // an earlier route covers the request
		case !covered[i]:
			p.add(host, path, false)
		}
		if len(p.paths) > 0 {
			continue // the others may not exist
		}
		for _, path := range edges(r.Path) {
			p.add(host, path, true)
		}
	}
	if path := samplePath("/"); !covered[-1] && p.cover(base, path) < 0 {
		p.add(base, path, false)
	}
	if len(others) > 0 {
		slices.Sort(others)
		p.notes = append(p.notes, "routes of other hosts are left out: "+safe(strings.Join(slices.Compact(others), ", "))+
			"; if this server answers for one of them, name it with --host")
	}
}

// samplePath returns a path that a route covers.
func samplePath(path string) string {
	if strings.HasSuffix(path, "/") || path == "" {
		return cmp.Or(path, "/") + sampleLabel
	}
	return path
}

// edges returns paths that a careless comparison wrongly counts as paths of a route, or wrongly
// does not.
func edges(path string) (list []string) {
	below := strings.HasSuffix(path, "/")
	if below {
		list = append(list, path)
	}
	if path == "/" || path == "" {
		return list
	}
	bare := strings.TrimSuffix(path, "/")
	list = append(list, bare+sampleLabel, "/"+sampleLabel+path)
	if !below {
		list = append(list, path+"/"+sampleLabel)
	}
	return list
}

// questions returns the questions for a place, the most important first.
func (p *inquiry) questions(at *place) (list []question) {
	base := question{place: at, browser: agents[0], fetch: browsermodel.Fetch{URL: at.url, Method: "GET"}}
	without := base
	list = append(list, without)
	var first, members, later []question
	strangers := []visitor{{origin: p.outsider, flaw: reflectsAny}, {origin: "null", flaw: allowsNull}}
	represented := make(map[string]bool) // policies
	entries := make(map[string]bool)     // entries with a question about one of their origins
	here := make(map[string]bool)        // the entries of the place
	for _, policy := range at.policies {
		for _, e := range policy.AllowOrigins {
			here[e] = true
		}
	}
	for i, v := range append(strangers, p.visitors...) {
		if v.origin == browsermodel.OriginOf(at.url) {
			continue // a page of the server itself
		}
		policy := p.governing(at, v.origin)
		v, near := v.at(here)
		switch {
		case policy != nil && !represented[policy.Name]:
			represented[policy.Name], entries[v.entry] = true, true
			first = append(first, p.varied(base, v, policy)...)
			members = append(members, p.details(base, v, policy)...)
		case policy != nil && v.member && !entries[v.entry]:
			entries[v.entry] = true
			members = append(p.pair(base, v, policy, whenever), members...)
		case i == 0:
			first = append(first, p.varied(base, v, nil)...)
		case i < len(strangers):
			first = append(first, p.pair(base, v, policy, likeness)...)
		case at.edge && (!v.member || entries[v.entry]): // few origins are enough
		case policy != nil && v.member:
			later = append(later, p.pair(base, v, policy, whenever)...)
		case near:
			later = append(later, p.pair(base, v, policy, likeness)...)
		case v.member && !entries[v.entry]: // of another route
			entries[v.entry] = true
			v.flaw, v.member = otherRoute, false
			later = append(later, p.pair(base, v, policy, likeness)...)
		}
	}
	if at.edge {
		members = nil
	}
	return slices.Concat(list, first, members, later)
}

// at returns v with the entry of this place that it belongs to, or looks like, and reports
// whether there is one.
func (v visitor) at(here map[string]bool) (visitor, bool) {
	if v.entry == "" || v.member && here[v.entry] {
		return v, v.entry != ""
	}
	for entry, f := range v.likes {
		if here[entry] && (!here[v.entry] || entry < v.entry) {
			v.entry, v.flaw, v.member = entry, f, false
		}
	}
	return v, here[v.entry]
}

// governing returns the policy that allows an origin at a place, or nil.
func (p *inquiry) governing(at *place, origin string) *core.Policy {
	d := p.config.Engine().Decide(p.ctx, at.facts(browsermodel.Request{
		Method: "GET", URL: at.url, Header: browsermodel.Header("Origin", origin),
	}))
	if !d.Allowed {
		return nil
	}
	for i, policy := range at.policies {
		if policy.Name == d.Policy {
			return &at.policies[i]
		}
	}
	return nil
}

// pair returns a request and a preflight from a visitor. The preflight asks for what the policy
// lists or, if there is none, for a method that the place lists.
func (p *inquiry) pair(base question, v visitor, policy *core.Policy, why stage) []question {
	base.visitor, base.part = v, why
	base.fetch.Origin = v.origin
	asks := base
	asks.preflight = true
	asks.fetch.Method = "PUT"
	from := base.place.policies
	if policy != nil {
		from = []core.Policy{*policy}
		asks.fetch.Header = headersOf(policy)
	}
	for _, each := range from {
		if methods := methodsOf(&each); len(methods) > 0 {
			asks.fetch.Method = methods[0]
			break
		}
		if policy != nil && len(asks.fetch.Header) > 0 {
			asks.fetch.Method = "GET"
		}
	}
	return []question{base, asks}
}

// varied returns the pair of a visitor. The first time for a policy, it returns the pair of
// every browser.
func (p *inquiry) varied(base question, v visitor, policy *core.Policy) (list []question) {
	name := ""
	if policy != nil {
		name = policy.Name
	}
	if p.compared[name] || base.place.edge {
		return p.pair(base, v, policy, whenever)
	}
	p.compared[name], base.varied = true, true
	for _, name := range agents {
		base.browser = name
		list = append(list, p.pair(base, v, policy, whenever)...)
	}
	return list
}

// methodsOf returns the methods of a policy that need a preflight, with a method that no file
// lists in place of "*".
func methodsOf(policy *core.Policy) (methods []string) {
	for _, m := range policy.AllowMethods {
		if m == "*" {
			m = sampleMethod
		}
		m = browsermodel.NormalizeMethod(m)
		if !slices.Contains([]string{"GET", "HEAD", "POST"}, m) && !slices.Contains(methods, m) {
			methods = append(methods, m)
		}
	}
	return methods
}

// headersOf returns the headers of a policy that scripts can set, with a header that no file
// lists in place of "*".
func headersOf(policy *core.Policy) (fields browsermodel.Fields) {
	for _, name := range policy.AllowHeaders {
		if name == "*" {
			name = sampleLabel
		}
		name = strings.ToLower(name)
		if f := unsafeField(name); !fields.Has(name) && !browsermodel.IsForbiddenRequestHeader(name, f.Value) {
			fields = append(fields, f)
		}
	}
	return fields
}

// unsafeField returns a header whose value needs a preflight.
func unsafeField(name string) browsermodel.Field {
	f := browsermodel.Field{Name: name, Value: exampleValue(name)}
	if browsermodel.IsSafelistedRequestHeader(f.Name, f.Value) {
		f.Value = `"x"`
	}
	return f
}

// Names that preflights ask for even if the file does not list them, because servers often
// allow them.
var (
	triedMethods = []string{"PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "PURGE", "patch", sampleMethod}
	triedHeaders = []string{"authorization", "content-type", "x-requested-with", "x-csrf-token", sampleLabel}
)

// maxNames is the most methods, and the most headers, of a policy that get a preflight of their
// own.
const maxNames = 60

// details returns the questions about the methods and headers that a policy lists, and about
// some that it does not.
func (p *inquiry) details(base question, v visitor, policy *core.Policy) (list []question) {
	base.visitor, base.part = v, detail
	base.fetch.Origin = v.origin
	head := base
	head.fetch.Method = "HEAD"
	list = append(list, head)

	asks := base
	asks.preflight = true
	add := func(method string, fields ...browsermodel.Field) {
		q := asks
		q.fetch.Method, q.fetch.Header = method, fields
		list = append(list, q)
	}
	methods, fields := methodsOf(policy), headersOf(policy)
	for _, m := range methods[:min(len(methods), maxNames)] {
		add(m)
	}
	for _, f := range fields[:min(len(fields), maxNames)] {
		add("GET", f)
	}
	for _, m := range triedMethods {
		if !slices.Contains(methods, m) {
			add(m)
		}
	}
	for _, name := range triedHeaders {
		if !fields.Has(name) {
			add("GET", unsafeField(name))
		}
	}
	add("POST", append(fields, unsafeField(sampleLabel))[0])
	private := asks
	private.private, private.fetch.Method = true, cmp.Or(append(methods, "PUT")[0])
	list = append(list, private)
	for _, m := range p.send {
		if allowed := slices.Contains(methods, m) || slices.Contains(methods, sampleMethod); !allowed && m != "POST" {
			continue
		}
		q := base
		q.fetch.Method, q.part = m, sending
		list = append(list, q)
	}
	if slices.Contains(methods, "OPTIONS") && !slices.Contains(p.send, "OPTIONS") {
		q := base
		q.fetch.Method, q.part = "OPTIONS", sending
		list = append(list, q)
	}
	return list
}

// request returns the request of a question as its browser sends it.
func (q question) request() browsermodel.Request {
	f := q.fetch
	r := browsermodel.Request{Method: f.Method, URL: f.URL, Header: append(browsermodel.Header("Accept", "*/*"), f.Header...)}
	if f.Origin != "" {
		r.Header = append(browsermodel.Header("Origin", f.Origin), r.Header...)
	}
	if q.preflight {
		r = f.Preflight()
		if q.private {
			r.Header = append(r.Header, browsermodel.Field{Name: "Access-Control-Request-Private-Network", Value: "true"})
		}
	}
	if f.Origin != "" && q.browser != bare {
		r = profiles[q.browser].Agent.Dress(f, r)
	}
	if q.place.host != "" {
		r.Header = append(r.Header, browsermodel.Field{Name: "Host", Value: q.place.host})
	}
	return r
}

// facts returns what an adapter tells the engine about a request to the place.
func (at *place) facts(r browsermodel.Request) core.Request {
	facts := factsOf(r)
	if at.host != "" {
		facts.Host = at.host
	}
	return facts
}

// String describes the question.
func (q question) String() string {
	what := q.fetch.Method
	if q.preflight {
		what = "preflight for " + what
		for i, f := range q.fetch.Header {
			if i == 3 {
				what += fmt.Sprintf(" and %d more", len(q.fetch.Header)-i)
				break
			}
			what += " " + f.Name
		}
		if q.private {
			what += " in a private network"
		}
	}
	if q.fetch.Origin == "" {
		return what + " without Origin"
	}
	what += " from " + q.fetch.Origin
	if q.browser != agents[0] && q.browser != bare {
		what += " (" + q.browser + ")"
	} else if q.browser == bare {
		what += " (no browser)"
	}
	return what
}
