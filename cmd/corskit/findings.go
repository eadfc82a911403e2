package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// finding is a misconfiguration of a server.
type finding struct {
	Severity string `json:"severity"` // error, or warning
	Code     string `json:"code"`
	Origin   string `json:"origin,omitempty"` // the origin whose request shows it
	Text     string `json:"text"`
	Fix      string `json:"fix"`
}

func serious(list []finding) bool {
	return slices.ContainsFunc(list, func(f finding) bool { return f.Severity == "error" })
}

// suspect is a server under examination.
type suspect struct {
	ctx   context.Context
	send  browsermodel.Transport
	fetch browsermodel.Fetch

	sent     int
	silent   int   // how many of the requests sent got no answer
	failure  error // why the first of these got none
	findings []finding
}

// examine looks for misconfigurations in the answers to the fetch and to
// further requests.
func (s *suspect) examine(v browsermodel.Verdict) {
	s.findings = []finding{}
	for _, e := range v.Exchanges {
		s.checkHeaders(e.Response.Header, v)
	}
	own := s.ask(s.fetch.Origin)
	for _, r := range []*browsermodel.Response{own.preflight, own.actual} {
		if r != nil {
			s.checkHeaders(r.Header, v) // after a refused preflight, the fetch has not shown these
		}
	}
	answers := []answer{own, s.ask("")}
	for _, l := range lookAlikes(s.fetch.Origin) {
		if l.origin == s.fetch.Origin || s.foundError(l.flaw) {
			continue
		}
		a := s.ask(l.origin)
		answers = append(answers, a)
		if s.judgeLookAlike(l, a) && l.code == reflectsAny.code {
			// The server would allow every other look-alike too.
			break
		}
	}
	s.checkVary(answers)
}

// add adds a finding, unless the same code has been found with the same origin.
func (s *suspect) add(f finding) {
	if !slices.ContainsFunc(s.findings, func(have finding) bool { return have.Code == f.Code && have.Origin == f.Origin }) {
		s.findings = append(s.findings, f)
	}
}

// unjudged says how many requests of the checks got no answer, and why the first
// got none. It returns "" if all were answered.
func (s *suspect) unjudged() string {
	if s.silent == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %s got no answer, so their checks were skipped; the first error: %s",
		s.silent, plural(s.sent, "further request"), safe(s.failure.Error()))
}

// answer holds a server's answers to one origin.
type answer struct {
	origin    string // empty: the request had no Origin
	actual    *browsermodel.Response
	preflight *browsermodel.Response
}

// ask sends a preflight and a request that changes nothing.
func (s *suspect) ask(origin string) answer {
	f := s.fetch
	f.Origin = origin
	a := answer{origin: origin}
	if origin != "" {
		a.preflight = s.request(f.Preflight())
	}
	method := f.Method
	if method != "HEAD" {
		method = "GET"
	}
	r := browsermodel.Request{Method: method, URL: f.URL}
	for _, h := range f.Header {
		if !browsermodel.IsForbiddenRequestHeader(h.Name, h.Value) && !strings.EqualFold(h.Name, "Content-Type") {
			r.Header = append(r.Header, h)
		}
	}
	if origin != "" {
		r.Header = append(r.Header, browsermodel.Field{Name: "Origin", Value: origin})
	}
	a.actual = s.request(r)
	return a
}

// request returns the answer to one request, or nil if there is none.
func (s *suspect) request(r browsermodel.Request) *browsermodel.Response {
	s.sent++
	response, err := s.send(s.ctx, r)
	if err != nil {
		if s.silent++; s.failure == nil {
			s.failure = err
		}
		return nil
	}
	return &response
}

// checkVary compares the answers: if they differ by origin, each must have
// Vary: Origin (Fetch, CORS protocol and HTTP caches).
func (s *suspect) checkVary(answers []answer) {
	answers = slices.DeleteFunc(answers, func(a answer) bool { return a.actual == nil })
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
		Severity: "error", Code: "missing-vary",
		Text: "Access-Control-Allow-Origin depends on Origin, but the response to a request " + which +
			" has no Vary: Origin: a cache may give it to another origin",
		Fix: "send Vary: Origin with every response, even if the origin is refused or absent",
	})
}
