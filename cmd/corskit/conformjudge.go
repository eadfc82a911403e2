package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// The sections of a report, in order.
const (
	sectionBeyond  = "beyond"  // the server allows what the file does not
	sectionRefused = "refused" // the server refuses what the file allows
	sectionCaching = "caching" // headers that mislead caches, and headers without effect
)

// deviation is one difference between a server and a file, or several with the same cause.
type deviation struct {
	Severity string    `json:"severity"` // error, or warning
	Section  string    `json:"section"`
	Code     string    `json:"code"`
	Text     string    `json:"text"`
	Fix      string    `json:"fix"`
	Names    []string  `json:"names,omitempty"`    // methods or headers
	Origins  []string  `json:"origins,omitempty"`  // at most maxExamples
	Places   []string  `json:"places"`             // paths, with the index of the route
	Browsers []string  `json:"browsers,omitempty"` // if only requests of these browsers show it
	Requests int       `json:"requests"`           // how many show it
	Examples []witness `json:"examples"`

	all       map[string]bool // origins
	asked     bool            // whether the request of the first example asks for the name
	onlyWith  bool            // whether only requests with credentials show it
	variation map[string]bool // of the requests that were sent as every browser: the browsers whose request shows it
}

// witness is a request that shows a difference.
type witness struct {
	Curl        string               `json:"curl"`
	Credentials bool                 `json:"credentials,omitempty"`
	Request     browsermodel.Request `json:"-"`
	Status      int                  `json:"status"`
	Header      browsermodel.Fields  `json:"header"`           // what matters to CORS
	Says        string               `json:"browser"`          // the browser's message about the server's answer, or what it does
	Wanted      string               `json:"wanted,omitempty"` // its message about the answer that the file asks for
}

// maxExamples is the most examples and origins that a difference keeps.
const maxExamples = 3

// observation is what one answer shows.
type observation struct {
	section, code, text, fix string
	warning                  bool
	name                     string // a method or header, or ""
	key                      string // names the cause; if empty, the code does
	credentials              bool
	asked                    bool   // whether the request asks for the name
	says, wanted             string // as in witness
}

// comparer compares the answers of a server with those that the file asks for.
type comparer struct {
	ctx    context.Context
	engine *core.Engine

	differences  []*deviation
	byKey        map[string]*deviation
	refused      map[string]string   // the key of the difference, by place, origin and credentials
	reflects     map[*place]bool     // whether the server allows every origin
	reflectsWith map[*place]bool     // the same, with credentials
	baseline     map[*place]int      // the status without Origin
	outsiders    map[*place]answered // the answer to the origin that no entry names
	misplaced    map[string]bool     // whether an origin gets another policy, by place and origin
	answersAt    map[*place]*placeAnswers
}

func newComparer(ctx context.Context, engine *core.Engine) *comparer {
	return &comparer{
		ctx: ctx, engine: engine, byKey: make(map[string]*deviation), refused: make(map[string]string),
		reflects: make(map[*place]bool), reflectsWith: make(map[*place]bool), baseline: make(map[*place]int),
		outsiders: make(map[*place]answered), misplaced: make(map[string]bool),
		answersAt: make(map[*place]*placeAnswers),
	}
}

// answered is a question with its answer, and the answer that the file asks for.
type answered struct {
	question
	request      browsermodel.Request
	server, file browsermodel.Response
	errors       []string // the codes of the errors that it shows
}

// byFile returns the answer to a request that the file asks for.
func (j *comparer) byFile(at *place, r browsermodel.Request) browsermodel.Response {
	return answerOf(j.engine.Explain(j.ctx, at.facts(r)).Spell(config.KeyOf))
}

// pointless reports whether earlier answers imply the answer to q.
func (j *comparer) pointless(q question) bool {
	switch q.part {
	case likeness:
		return j.reflects[q.place]
	case detail, sending:
		return j.refused[causeKey(q, false)] != "" || j.misplaced[causeKey(q, false)]
	}
	return false
}

func causeKey(q question, credentials bool) string {
	return fmt.Sprintf("%p %t %s", q.place, credentials, q.fetch.Origin)
}

// answer judges an answer.
func (j *comparer) answer(q question, r browsermodel.Request, server browsermodel.Response) answered {
	a := answered{question: q, request: r, server: server, file: j.byFile(q.place, r)}
	switch {
	case q.fetch.Origin == "":
		j.baseline[q.place] = server.Status
	case q.preflight:
		j.preflight(&a)
	default:
		j.actual(&a)
	}
	j.headers(&a)
	j.missing(&a)
	j.remember(&a)
	return a
}

// with returns f with or without credentials.
func with(f browsermodel.Fetch, credentials bool) browsermodel.Fetch {
	f.Credentials = credentials
	return f
}

// actual judges the answer to a request.
func (j *comparer) actual(a *answered) {
	if j.otherPolicy(a) {
		return
	}
	refused := false
	for _, credentials := range []bool{false, true} {
		f := with(a.fetch, credentials)
		server, file := browsermodel.CheckCORS(f, a.server), browsermodel.CheckCORS(f, a.file)
		switch {
		case server.OK && !file.OK:
			j.beyondOrigin(a, f, file, "")
		case !server.OK && file.OK && !refused:
			j.refusedOrigin(a, f, server)
			refused = true
		case server.OK && file.OK:
			j.exposed(a, f)
		}
	}
	j.rejection(a)
}

// otherPolicy reports whether the server applies another origin's policy, at a place where
// every origin is allowed something. It reports one difference, however much the policies
// differ.
func (j *comparer) otherPolicy(a *answered) bool {
	if a.fetch.Method != "GET" || a.browser != agents[0] {
		return j.misplaced[causeKey(a.question, false)]
	}
	outsider, asked := j.outsiders[a.place]
	if !asked {
		j.outsiders[a.place] = *a // it is the first with an origin
		return false
	}
	file, server := sameAnswer(a.file, outsider.file), sameAnswer(a.server, outsider.server)
	if file == server || !sameAnswer(outsider.file, outsider.server) || !browsermodel.CheckCORS(outsider.fetch, outsider.file).OK {
		return false
	}
	o := observation{section: sectionBeyond, code: a.visitor.code, text: a.visitor.text, fix: a.visitor.fix}
	if server {
		o = observation{
			section: sectionRefused, code: "unrecognized", text: "origins of the file get the policy for every other origin",
			fix: "try the policies in the order of the file, and compare the origin with each entry",
		}
	} else if o.code == "" {
		return false
	}
	j.misplaced[causeKey(a.question, false)] = true
	o.says = "it does what another policy permits"
	j.observe(a, o)
	return true
}

// sameAnswer reports whether the CORS headers of two answers are the same for every origin.
func sameAnswer(a, b browsermodel.Response) bool {
	for _, name := range []string{"Allow-Origin", "Allow-Credentials", "Expose-Headers"} {
		one, _ := a.Header.Get("Access-Control-" + name)
		other, _ := b.Header.Get("Access-Control-" + name)
		if one != other && (name != "Allow-Origin" || one == "" || other == "" || one == "*" || other == "*") {
			return false
		}
	}
	return true
}

// unanswered reports whether the answer to a preflight permits nothing, as if the handler had
// written it, and records the difference.
func (j *comparer) unanswered(a *answered) bool {
	has := func(r browsermodel.Response, name string) bool { return r.Header.Has("Access-Control-" + name) }
	_, server := browsermodel.CheckPreflight(browsermodel.Spec(), with(want{name: "GET"}.fetch(a), false), a.server)
	if !server.OK || has(a.server, "Allow-Methods") || has(a.server, "Allow-Headers") || has(a.server, "Max-Age") {
		return false
	}
	const code = "preflight-passed-on"
	whole := has(a.file, "Allow-Methods") && has(a.file, "Allow-Headers")
	if !whole && (j.byKey[sectionRefused+code] == nil || !has(a.file, "Allow-Methods") && !has(a.file, "Allow-Headers")) {
		return false
	}
	j.observe(a, observation{
		section: sectionRefused, code: code, text: "the answers to preflights permit nothing: they have no Access-Control-Allow-Methods, " +
			"-Allow-Headers and -Max-Age", fix: "answer preflights in the CORS middleware, in front of the handler",
		says: "it does not send the request, which the preflight does not permit",
	})
	return true
}

// beyondOrigin records that the server allows an origin, or its credentials, and the file does
// not.
func (j *comparer) beyondOrigin(a *answered, f browsermodel.Fetch, file browsermodel.Finding, how string) {
	o := observation{section: sectionBeyond, credentials: f.Credentials, wanted: words(f, file, a.preflight)}
	allowed := browsermodel.CheckCORS(with(f, false), a.file).OK
	switch {
	case allowed && j.reflects[a.place] && f.Credentials && j.reflectsWith[a.place]: // as for every origin
		o.code, o.text, o.fix = reflectsAny.code, reflectsAny.text, reflectsAny.fix
	case allowed:
		o.code, o.text = "credentials", "requests with credentials are allowed"
		o.fix = "send Access-Control-Allow-Credentials: true only if the policy has allow_credentials"
	case a.visitor.code == "": // an entry of another policy or route matches it
		o.code, o.text, o.fix = otherRoute.code, otherRoute.text, otherRoute.fix
	default:
		o.code, o.text, o.fix = a.visitor.code, a.visitor.text, a.visitor.fix
	}
	if o.code == reflectsAny.code {
		j.reflects[a.place] = true
		j.reflectsWith[a.place] = j.reflectsWith[a.place] || f.Credentials
		if value, _ := a.server.Header.Get("Access-Control-Allow-Origin"); value == "*" {
			o.code, o.text, o.fix = "allows-everyone", "every origin is allowed, with *", "list the origins"
		}
	}
	if how != "" {
		o.says = how
	}
	j.observe(a, o)
}

// refusedOrigin records that the server refuses an origin, or its credentials, and the file
// does not.
func (j *comparer) refusedOrigin(a *answered, f browsermodel.Fetch, server browsermodel.Finding) {
	key := causeKey(a.question, f.Credentials)
	o := observation{
		section: sectionRefused, code: string(server.Code), credentials: f.Credentials, says: words(f, server, a.preflight),
		key: j.refused[key],
	}
	o.text = "origins that the file allows are refused: " + general(server, a)
	if f.Credentials {
		o.text = "requests with credentials are refused: " + general(server, a)
	}
	if o.key == "" {
		o.key = fmt.Sprintf("%s %t %t ", o.code, f.Credentials, a.preflight)
		if f.Method != "GET" && !a.preflight {
			o.key += f.Method
		}
		if a.preflight || server.Code == browsermodel.CodeAllowOriginMissing {
			o.key += fmt.Sprint(a.server.Status)
		}
		if a.browser == agents[0] && f.Method != "HEAD" {
			j.refused[key] = o.key
		}
	}
	o.fix = fixOf(a, server, f.Credentials)
	for _, c := range headerChecks {
		args := c.find(answerHeaders{a.server.Header, f.Origin, server.Code})
		if args != nil && c.severity == "error" && strings.HasPrefix(string(server.Code), "allow-origin-m") {
			o.code, o.key, o.text, o.fix = c.code, c.code, fmt.Sprintf(c.text, args...), c.fix
			break
		}
	}
	j.observe(a, o)
}

// general returns the text of a finding without the values of one request.
func general(server browsermodel.Finding, a *answered) string {
	text := server.Text
	if server.Code == browsermodel.CodeAllowOriginMismatch {
		text = "Access-Control-Allow-Origin is not the origin"
	}
	what := "the response"
	if a.preflight {
		what = "the answer to the preflight"
	} else if a.fetch.Method != "GET" {
		what += " to " + a.fetch.Method
	}
	if rest, ok := strings.CutPrefix(text, "the response "); ok {
		text = what + " " + rest
	}
	if server.Code != browsermodel.CodePreflightStatus {
		text += " (status " + statusText(a.server.Status) + ")"
	}
	return text
}

func fixOf(a *answered, server browsermodel.Finding, credentials bool) string {
	e := browsermodel.Exchange{Request: a.request, Response: a.server, Preflight: a.preflight}
	if server.Code == browsermodel.CodeAllowOriginWildcard || server.Code == browsermodel.CodeAllowCredentials {
		return "send the origin instead of *, and Access-Control-Allow-Credentials: true, if the origin is listed"
	}
	if fix := remedy(browsermodel.Verdict{Code: server.Code, Exchanges: []browsermodel.Exchange{e}}, credentials); fix != "" {
		return fix
	}
	return "separate the names with commas"
}

// exposed compares which response headers scripts can read.
func (j *comparer) exposed(a *answered, f browsermodel.Fetch) {
	names := append(members(a.server, "Access-Control-Expose-Headers"), members(a.file, "Access-Control-Expose-Headers")...)
	for _, name := range lowered(names) {
		if name == "*" {
			name = sampleLabel
		}
		readable := func(r browsermodel.Response) bool {
			one := append(slices.Clone(r.Header.Without(name)), browsermodel.Field{Name: name, Value: "x"})
			return browsermodel.Readable(one, f.Credentials).Has(name)
		}
		server, file := readable(a.server), readable(a.file)
		o := observation{section: sectionBeyond, code: "exposed-headers", name: name, credentials: f.Credentials}
		switch {
		case server && !file:
			o.text = "scripts can read response headers"
			o.fix = "list in Access-Control-Expose-Headers only what the policy has in expose_headers"
		case file && !server:
			o.section, o.code, o.text = sectionRefused, "not-exposed", "scripts cannot read response headers"
			o.fix = "list them in Access-Control-Expose-Headers"
		default:
			continue
		}
		o.says = "it lets the script read the response, with the headers that are exposed"
		j.observe(a, o)
	}
}

// rejection compares whether requests of origins that are not allowed reach the handler.
func (j *comparer) rejection(a *answered) {
	if browsermodel.CheckCORS(a.fetch, a.server).OK {
		return // actual has reported that, if the file does not allow the origin
	}
	usual := j.baseline[a.place]
	rejected := a.server.Status == 403 || a.server.Status != usual && a.server.Status >= 400 && a.server.Status < 500
	switch {
	case a.file.Status == 403 && !rejected:
		j.observe(a, observation{
			section: sectionBeyond, code: "not-rejected", text: "requests of origins that are not allowed reach the handler, " +
				"although the file has reject_disallowed", fix: "answer 403 to them",
			says: "it hides the response from the script, but the handler has run",
		})
	case a.file.Status == 403, browsermodel.CheckCORS(a.fetch, a.file).OK:
	case rejected && usual != a.server.Status && usual > 0:
		j.observe(a, observation{
			section: sectionRefused, code: "rejected", warning: true, text: fmt.Sprintf("requests of origins that are not allowed are "+
				"rejected with status %d, although the file lets them reach the handler, and the browser hides the response",
				a.server.Status),
			fix:  "pass them on, or set reject_disallowed in the file",
			says: "it hides the response from the script",
		})
	}
}

// observe adds an observation to the difference that has the same cause.
func (j *comparer) observe(a *answered, o observation) {
	if o.key == "" {
		o.key = o.code
	}
	d := j.byKey[o.section+o.key]
	if d == nil {
		d = &deviation{
			Severity: "error", Section: o.section, Code: o.code, Text: o.text, Fix: o.fix,
			all: make(map[string]bool), onlyWith: true, variation: make(map[string]bool),
		}
		if o.warning {
			d.Severity = "warning"
		}
		j.byKey[o.section+o.key] = d
		j.differences = append(j.differences, d)
	}
	if d.Severity == "error" && !slices.Contains(a.errors, d.Code) {
		a.errors = append(a.errors, d.Code)
	}
	d.add(a, o)
}

func (d *deviation) add(a *answered, o observation) {
	d.onlyWith = d.onlyWith && o.credentials
	if a.varied {
		d.variation[a.browser] = true
	}
	if o.name != "" && len(d.Names) < maxNames && !slices.Contains(d.Names, o.name) {
		d.Names = append(d.Names, o.name)
	}
	if !slices.Contains(d.Places, a.place.name) {
		d.Places = append(d.Places, a.place.name)
	}
	if n := len(d.Examples); n > 0 {
		if last := d.Examples[n-1]; fmt.Sprint(last.Request) == fmt.Sprint(a.request) {
			return // the same answer, with credentials or for another name
		}
	}
	d.Requests++
	if a.fetch.Origin != "" && !d.all[a.fetch.Origin] {
		d.all[a.fetch.Origin] = true
		if len(d.Origins) < maxExamples {
			d.Origins = append(d.Origins, a.fetch.Origin)
		}
	}
	command, better := curl(a.request), o.asked && !d.asked // a request for the name itself is the better example
	known := slices.ContainsFunc(d.Examples, func(x witness) bool { return x.Curl == command })
	if !better && (known || len(d.Examples) == maxExamples) {
		return
	}
	x := witness{
		Curl: command, Credentials: o.credentials, Request: a.request, Status: a.server.Status, Says: o.says, Wanted: o.wanted,
		Header: browsermodel.Fields{},
	}
	if x.Says == "" {
		x.Says = "it lets the script read the response"
	}
	for _, f := range a.server.Header {
		if relevant(f.Name) && len(x.Header) < maxFields {
			x.Header = append(x.Header, f)
		}
	}
	if better {
		d.asked = true
		d.Examples = append([]witness{x}, d.Examples[:min(len(d.Examples), maxExamples-1)]...)
		return
	}
	d.Examples = append(d.Examples, x)
}

// members returns the members of a list in a response header.
func members(r browsermodel.Response, name string) (list []string) {
	for _, line := range r.Header.Values(name) {
		for member := range strings.SplitSeq(line, ",") {
			if member = strings.Trim(member, " \t"); member != "" {
				list = append(list, member)
			}
		}
	}
	return list
}

// lowered returns the names in lower case, each once.
func lowered(names []string) []string {
	for i, name := range names {
		names[i] = strings.ToLower(name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
