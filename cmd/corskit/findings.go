package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// finding is a misconfiguration of a server.
type finding struct {
	Severity string `json:"severity"` // error, or warning
	Code     string `json:"code"`
	Origin   string `json:"origin,omitempty"` // the origin whose request shows it
	URL      string `json:"url"`              // the URL whose response shows it, after redirects
	Text     string `json:"text"`
	Fix      string `json:"fix"`
}

func serious(list []finding) bool {
	return slices.ContainsFunc(list, func(f finding) bool { return f.Severity == "error" })
}

// suspect is a server under examination.
type suspect struct {
	ctx    context.Context
	send   browsermodel.Transport
	fetch  browsermodel.Fetch // the fetch of the URL after redirects
	repeat bool               // whether the checks may send the method of fetch, even if it is not safe
	advice string             // what to do if the server is busy

	requested string // the URL before redirects
	own       answer // the answers to the origin of the fetch
	sent      int
	silent    int    // how many of the requests sent got no answer
	failure   string // why the first of these got none
	busy      bool   // whether the server is busy: then no more requests are sent
	opaque    string // says that a page does not see the status of the busy server, or is empty
	redirect  string // where the last response redirects to, if the browser does not follow
	hidden    string // the method, if no request shows how the server answers strangers who use it; or ""
	skipped   []string
	findings  []finding
}

// examine looks for misconfigurations in the answers to the fetch and to
// further requests.
func (s *suspect) examine(v browsermodel.Verdict) {
	s.findings = []finding{}
	for _, e := range v.Exchanges {
		s.checkHeaders(e.Request, e.Response.Header, v)
	}
	own := s.ask(s.fetch.Origin, s.fetch.Method)
	s.own = own
	for _, r := range []*browsermodel.Response{own.preflight, own.actual} {
		if r != nil { // if the preflight was refused, the fetch has not shown these headers
			s.checkHeaders(browsermodel.Request{URL: s.fetch.URL, Header: browsermodel.Header("Origin", s.fetch.Origin)}, r.Header, v)
		}
	}
	answers := []answer{own, s.ask("", s.fetch.Method)}
	for _, l := range lookAlikes(s.fetch.Origin) {
		if l.origin == s.fetch.Origin || s.foundError(l.code) {
			continue
		}
		a := s.ask(l.origin, strangersMethod(s.fetch.Method))
		answers = append(answers, a)
		granted := s.judgeLookAlike(l, a)
		if !a.complete() {
			s.skip(l.code)
		}
		if granted && l.code == reflectsAny.code {
			// The server would allow every other look-alike too.
			break
		}
	}
	s.checkVary(answers)
	s.redirect = redirectTarget(v.Exchanges[len(v.Exchanges)-1])
	if v.Allowed && !s.busy && own.complete() && !s.represents(own) {
		s.hidden = s.fetch.Method
	}
	s.skipped = slices.DeleteFunc(s.skipped, s.foundError)
}

// strangersMethod returns the method that preflights of look-alikes ask for: that of
// the fetch, or one that changes something.
func strangersMethod(method string) string {
	if method == "GET" || method == "HEAD" {
		return "PUT"
	}
	return method
}

// represents reports whether the answers to the checks show what the server does
// with the method of the fetch. If a route answers only POST, for example, the 405 for a GET
// and the answer to the preflight may both have no CORS headers.
func (s *suspect) represents(own answer) bool {
	if s.repeat || isHarmless(s.fetch.Method) {
		return true
	}
	for _, r := range []*browsermodel.Response{own.preflight, own.actual} {
		if r != nil && r.Header.Has("Access-Control-Allow-Origin") {
			return true
		}
	}
	return false
}

// add adds a finding, unless there is one with the same code, origin and URL. If the URL of the
// finding is empty, add sets it to that of the fetch. If it is not the URL of the command line,
// add appends it to the text.
func (s *suspect) add(f finding) {
	if f.URL == "" {
		f.URL = s.fetch.URL
	}
	if f.URL != s.requested {
		f.Text += " (at " + safe(f.URL) + ")"
	}
	if !slices.ContainsFunc(s.findings, func(have finding) bool {
		return have.Code == f.Code && have.Origin == f.Origin && have.URL == f.URL
	}) {
		s.findings = append(s.findings, f)
	}
}

// skip records that probe could not look for a finding.
func (s *suspect) skip(code string) {
	if !slices.Contains(s.skipped, code) {
		s.skipped = append(s.skipped, code)
	}
}

// unjudged says what the checks could not judge, and why. It returns "" if they
// judged everything.
func (s *suspect) unjudged() string {
	var reasons []string
	if s.silent > 0 {
		reason := fmt.Sprintf("%d of %s got no answer (the first: %s)", s.silent, plural(s.sent, "further request"), s.failure)
		if s.busy {
			reason += ", and no more were sent"
		}
		if len(s.skipped) > 0 {
			reason += "; not judged: " + strings.Join(s.skipped, ", ")
		}
		if s.busy {
			reason += "; " + s.advice
		}
		reasons = append(reasons, reason)
	}
	if s.redirect != "" {
		reasons = append(reasons, "the checks saw only the redirect, not "+safe(s.redirect))
	}
	if s.hidden != "" {
		reasons = append(reasons, fmt.Sprintf(
			"the answers to GET and OPTIONS have no CORS headers, so they do not show which origins may use %s; "+
				"if it does no harm to send %[1]s several times, add --repeat", s.hidden))
	}
	return strings.Join(reasons, "; ")
}

// answer holds a server's answers to one origin.
type answer struct {
	origin    string             // empty: the request had no Origin
	asks      browsermodel.Fetch // what the preflight asks for
	actual    *browsermodel.Response
	preflight *browsermodel.Response
}

// complete reports whether the server answered all requests.
func (a answer) complete() bool {
	return a.preflight != nil && settled(a.preflight) && settled(a.actual)
}

// settled reports whether there is a response and it comes from the application.
func settled(r *browsermodel.Response) bool { return r != nil && noAnswer(*r) == "" }

// ask sends a preflight for the method, and a request that changes nothing.
func (s *suspect) ask(origin, method string) answer {
	f := s.fetch
	f.Origin = origin
	a := answer{origin: origin, asks: f}
	a.asks.Method = method
	if origin != "" {
		a.preflight = s.request(a.asks.Preflight())
	}
	if !s.repeat && f.Method != "HEAD" {
		f.Method = "GET"
	}
	r := browsermodel.Request{Method: browsermodel.NormalizeMethod(f.Method), URL: f.URL}
	for _, h := range f.Header {
		if !browsermodel.IsForbiddenRequestHeader(h.Name, h.Value) && (s.repeat || !strings.EqualFold(h.Name, "Content-Type")) {
			r.Header = append(r.Header, h)
		}
	}
	if origin != "" {
		r.Header = append(r.Header, browsermodel.Field{Name: "Origin", Value: origin})
	}
	a.actual = s.request(r)
	return a
}

// request returns the answer to one request, or nil if there is none. It returns the answer
// of a busy server too, because its headers may show that something is wrong, but does not
// count it as an answer.
func (s *suspect) request(r browsermodel.Request) *browsermodel.Response {
	if s.busy {
		return nil
	}
	s.sent++
	response, err := s.send(s.ctx, r)
	switch {
	case err != nil:
		s.silence(safe(err.Error()))
		return nil
	case noAnswer(response) != "":
		s.busy = true
		if origin, _ := r.Header.Get("Origin"); origin == s.fetch.Origin {
			s.opaque = opaque(response)
		}
		s.silence(noAnswer(response))
	}
	return &response
}

// noAnswer says why a response does not come from the application. It returns "" if
// it does.
func noAnswer(r browsermodel.Response) string {
	if isBusy(r.Status) {
		return "status " + statusText(r.Status)
	}
	for _, name := range challengeHeaders {
		if r.Header.Has(name) {
			return "status " + statusText(r.Status) + ", a challenge of a firewall"
		}
	}
	return ""
}

// opaque says that scripts do not see the status of a response to their own origin. It returns
// "" if they do.
func opaque(r browsermodel.Response) string {
	if r.Header.Has("Access-Control-Allow-Origin") {
		return ""
	}
	return "the response with status " + statusText(r.Status) + " has no Access-Control-Allow-Origin: scripts see a CORS error, " +
		"not the status; put the CORS middleware in front of what sends it"
}

// challengeHeaders mark responses in which the firewalls of Cloudflare and AWS ask the client
// to prove that it is a browser.
var challengeHeaders = []string{"Cf-Mitigated", "X-Amzn-Waf-Action"}

// silence records that a request got no answer.
func (s *suspect) silence(reason string) {
	if s.silent++; s.failure == "" {
		s.failure = reason
	}
}

// statusText returns a status and its name.
func statusText(status int) string {
	text := strconv.Itoa(status)
	if name := http.StatusText(status); name != "" {
		text += " (" + name + ")"
	}
	return text
}

const missingVary = "missing-vary"

// checkVary compares the answers: if they differ by origin, each must have
// Vary: Origin (Fetch, CORS protocol and HTTP caches).
func (s *suspect) checkVary(answers []answer) {
	all := len(answers)
	answers = slices.DeleteFunc(answers, func(a answer) bool { return !settled(a.actual) })
	if len(answers) < all {
		s.skip(missingVary)
	}
	differ := slices.ContainsFunc(answers, func(a answer) bool {
		const name = "Access-Control-Allow-Origin"
		return !slices.Equal(a.actual.Header.Values(name), answers[0].actual.Header.Values(name))
	})
	if !differ {
		return
	}
	i := slices.IndexFunc(answers, func(a answer) bool { return !varies(a.actual.Header) })
	if i < 0 {
		return
	}
	which := "without Origin"
	if answers[i].origin != "" {
		which = "with Origin " + safe(answers[i].origin)
	}
	s.add(finding{
		Severity: "error", Code: missingVary,
		Text: "Access-Control-Allow-Origin depends on Origin, but the response to a request " + which +
			" has no Vary: Origin: a cache may give it to another origin",
		Fix: "send Vary: Origin with every response, even if the origin is refused or absent",
	})
}
