package main

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// finding is a misconfiguration.
type finding struct {
	Severity string `json:"severity"` // error, or warning
	Code     string `json:"code"`
	Origin   string `json:"origin,omitempty"` // that shows it
	Text     string `json:"text"`
	Fix      string `json:"fix"`
}

func serious(list []finding) bool {
	return slices.ContainsFunc(list, func(f finding) bool { return f.Severity == "error" })
}

// suspect is a server that is examined.
type suspect struct {
	ctx   context.Context
	send  browsermodel.Transport
	fetch browsermodel.Fetch

	sent     int
	silent   int   // of those, without an answer
	failure  error // why the first of them has none
	findings []finding
}

// lookAlike is an origin that a sound server refuses, unless it allows everyone.
type lookAlike struct {
	code, origin, text, fix string
}

// strangerHost is a host that nobody has (RFC 2606).
const strangerHost = "corskit-probe.invalid"

// lookAlikes are origins that an attacker could have and that a sloppy
// comparison takes for the allowed one. Those that differ from it in a label
// below the same registrable domain are left out: a wildcard may mean them.
func lookAlikes(origin string) []lookAlike {
	list := []lookAlike{
		{"reflects-any-origin", "https://" + strangerHost, "an origin that nobody has is allowed: any site may read the responses",
			"compare Origin with a list of allowed origins"},
		{"allows-null", "null", `the origin "null" is allowed, which any site can take on with a sandboxed frame`,
			`remove "null" from the list`},
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return list
	}
	add := func(code, host, text string) {
		list = append(list, lookAlike{code, u.Scheme + "://" + host, text, "compare the whole origin; anchor expressions, and escape their dots"})
	}
	host, port := u.Hostname(), strings.TrimPrefix(u.Host, bracketed(u.Hostname()))
	const prefix = "an origin that only begins like the allowed one is allowed"
	add("matches-prefix", bracketed(host)+"."+strangerHost, prefix)
	if port != "" { // which a comparison may take for the end of the origin, or leave out
		add("matches-prefix", bracketed(host)+"."+strangerHost+port, prefix)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		list = slices.DeleteFunc(list, func(l lookAlike) bool { return l.code == "matches-prefix" && strings.Contains(host, ":") })
		return list
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		add("matches-suffix", "corskit-probe"+domain+port, "an origin that only ends like the allowed one is allowed")
		if domain != host {
			// Two labels become one: a registrable domain of its own.
			sub := strings.TrimSuffix(host, "."+domain)
			add("unescaped-dot", sub+"x"+domain+port, "a dot of the allowed origin matches any character")
		}
	}
	if u.Scheme == "https" {
		list = append(list, lookAlike{"allows-http", "http://" + u.Host,
			"the same host by http:// is allowed: whoever sits on the network can be that page", "allow https:// only"})
	}
	return list
}

func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// examine looks for misconfigurations, in the answers to the fetch and to more
// requests.
func (s *suspect) examine(v browsermodel.Verdict) {
	s.findings = []finding{}
	for _, e := range v.Exchanges {
		s.headers(e.Response.Header, v)
	}
	own := s.ask(s.fetch.Origin)
	for _, r := range []*browsermodel.Response{own.preflight, own.actual} {
		if r != nil {
			s.headers(r.Header, v) // a refused preflight has kept the browser from the request
		}
	}
	answers := []answer{own, s.ask("")}
	for _, l := range lookAlikes(s.fetch.Origin) {
		if l.origin == s.fetch.Origin || s.found(l.code) {
			continue
		}
		a := s.ask(l.origin)
		answers = append(answers, a)
		anyone := s.lookAlike(l, a)
		if anyone && l.code == "reflects-any-origin" {
			// Every other look-alike would be allowed as well.
			break
		}
	}
	s.vary(answers)
}

// found reports whether an error has been found already, with another look-alike.
func (s *suspect) found(code string) bool {
	return slices.ContainsFunc(s.findings, func(f finding) bool { return f.Code == code && f.Severity == "error" })
}

// unjudged says what could not be looked at, or is empty.
func (s *suspect) unjudged() string {
	if s.silent == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %s got no answer, and what they are for is not judged: %s", s.silent, plural(s.sent, "more request"), safe(s.failure.Error()))
}

// answer is the server's answers to one origin.
type answer struct {
	origin    string // empty: no Origin at all
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

func (s *suspect) find(severity, code, origin, fix, format string, args ...any) {
	f := finding{severity, code, origin, fmt.Sprintf(format, args...), fix}
	if !slices.ContainsFunc(s.findings, func(have finding) bool { return have.Code == f.Code && have.Origin == f.Origin }) {
		s.findings = append(s.findings, f)
	}
}

// headers looks at the headers of one answer by themselves.
func (s *suspect) headers(h browsermodel.Fields, v browsermodel.Verdict) {
	for _, name := range []string{
		"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Max-Age",
	} {
		values := h.Values(name)
		if len(values) > 1 || len(values) == 1 && strings.Contains(values[0], ",") {
			s.find("error", "doubled-header", "", "set it in one place: a proxy, a framework and a handler often each add one",
				"%s has several values, %s: browsers refuse or ignore it", name, safe(strings.Join(values, ", ")))
		}
	}
	origin, _ := h.Get("Access-Control-Allow-Origin")
	credentials, given := h.Get("Access-Control-Allow-Credentials")
	if origin == "*" && strings.EqualFold(credentials, "true") {
		s.find("error", "credentials-with-wildcard", "", "list the origins that may use credentials, or leave credentials out",
			"Access-Control-Allow-Origin is * and Access-Control-Allow-Credentials is %s: browsers refuse requests with credentials", safe(credentials))
	} else if credentials == "true" {
		for _, name := range []string{"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Expose-Headers"} {
			if value, _ := h.Get(name); slices.ContainsFunc(strings.Split(value, ","), func(m string) bool { return strings.TrimSpace(m) == "*" }) {
				s.find("warning", "wildcard-not-special", "", "list the names", "%s has *, which with credentials stands for itself alone", name)
			}
		}
	}
	if given && credentials != "true" && len(h.Values("Access-Control-Allow-Credentials")) == 1 && !strings.Contains(credentials, ",") {
		s.find("warning", "credentials-value", "", `send exactly "true", or leave the header out`,
			`Access-Control-Allow-Credentials is %s, where only "true" means something`, safe(credentials))
	}
	if age, ok := h.Get("Access-Control-Max-Age"); ok && !strings.Contains(age, ",") {
		if _, err := strconv.ParseUint(age, 10, 32); err != nil {
			s.find("warning", "max-age-value", "", "send whole seconds, without a unit", "Access-Control-Max-Age is %s, which is no number of seconds", safe(age))
		}
	}
	if v.Code == browsermodel.CodeAllowOriginMismatch && origin != "" && browsermodel.OriginOf(origin) == s.fetch.Origin {
		s.find("error", "allow-origin-spelling", "", "send the origin as the browser spells it: "+safe(s.fetch.Origin),
			"Access-Control-Allow-Origin is %s: browsers compare byte for byte", safe(origin))
	}
	if v.Code == browsermodel.CodeAllowOriginMismatch && strings.Contains(origin, "*") && origin != "*" {
		s.find("error", "allow-origin-pattern", "", "answer with the one origin that asked, after comparing it with the pattern",
			"Access-Control-Allow-Origin is %s: browsers know no patterns", safe(origin))
	}
}

// lookAlike judges the answer to an origin that should be refused, as the
// browser of that origin's page would. It reports whether it is allowed by name.
func (s *suspect) lookAlike(l lookAlike, a answer) bool {
	granted := func(r *browsermodel.Response, credentials bool) bool {
		if r == nil {
			return false
		}
		f := browsermodel.Fetch{Origin: l.origin, URL: s.fetch.URL, Credentials: credentials}
		value, _ := r.Header.Get("Access-Control-Allow-Origin")
		return value != "*" && browsermodel.CheckCORS(f, *r).OK
	}
	switch {
	case granted(a.actual, true):
		s.find("error", l.code, l.origin, l.fix, "%s, with credentials: Origin %s", l.text, safe(l.origin))
	case granted(a.actual, false):
		severity := "error"
		if l.code == "allows-null" || l.code == "allows-http" {
			severity = "warning"
		}
		s.find(severity, l.code, l.origin, l.fix, "%s: Origin %s", l.text, safe(l.origin))
	case granted(a.preflight, false):
		s.find("warning", l.code, l.origin, l.fix, "%s, in the preflight: Origin %s", l.text, safe(l.origin))
	default:
		return false
	}
	return true
}

// vary holds the answers together: where they differ by origin, caches have to
// be told (Fetch, CORS protocol and HTTP caches).
func (s *suspect) vary(answers []answer) {
	var first *browsermodel.Response
	differ := false
	for _, a := range answers {
		switch {
		case a.actual == nil:
		case first == nil:
			first = a.actual
		case !slices.Equal(first.Header.Values("Access-Control-Allow-Origin"), a.actual.Header.Values("Access-Control-Allow-Origin")):
			differ = true
		}
	}
	if !differ {
		return
	}
	for _, a := range answers {
		if a.actual == nil || varies(a.actual.Header) {
			continue
		}
		what := "without Origin"
		if a.origin != "" {
			what = "with Origin " + safe(a.origin)
		}
		s.find("error", "missing-vary", "", "send Vary: Origin with every response, also where the origin is refused or absent",
			"Access-Control-Allow-Origin depends on Origin, but the response to a request %s has no Vary: Origin: a cache may give it to another origin", what)
		return
	}
}

func varies(h browsermodel.Fields) bool {
	value, _ := h.Get("Vary")
	for name := range strings.SplitSeq(value, ",") {
		if name = strings.TrimSpace(name); name == "*" || strings.EqualFold(name, "Origin") {
			return true
		}
	}
	return false
}

// remedy says what to change at a server of which nothing else is known.
func remedy(v browsermodel.Verdict) string {
	var last browsermodel.Response
	if len(v.Exchanges) > 0 {
		last = v.Exchanges[len(v.Exchanges)-1].Response
	}
	if v.AtPreflight {
		switch {
		case last.Status == 401 || last.Status == 403 && !last.Header.Has("Access-Control-Allow-Origin"):
			return "the server refuses the origin, or asks preflights for credentials, which browsers never send: put CORS outside of authentication"
		case last.Status == 404 || last.Status == 405 || last.Status == 501:
			return "no route answers OPTIONS: put CORS in front of the router"
		case last.Status >= 300 && last.Status < 400:
			return "browsers follow no redirect of a preflight: fetch the URL that it leads to"
		}
	}
	switch v.Code {
	case browsermodel.CodeAllowOriginMissing:
		return "the server does not allow the origin, or sends no CORS headers with this status"
	case browsermodel.CodeAllowOriginMultiple:
		return "find out who else sets the header, and let one of them do it"
	case browsermodel.CodeAllowOriginMismatch:
		return "the server has to answer with the origin that asked, or *"
	case browsermodel.CodeAllowOriginWildcard:
		return "answer with the origin instead of *, or fetch without credentials"
	case browsermodel.CodeAllowCredentials:
		return "send Access-Control-Allow-Credentials: true, or fetch without credentials"
	case browsermodel.CodeMethodNotAllowed:
		return "list the method in Access-Control-Allow-Methods"
	case browsermodel.CodeHeaderNotAllowed:
		return "list the header in Access-Control-Allow-Headers"
	case browsermodel.CodeAuthorizationListed:
		return "list authorization in Access-Control-Allow-Headers, beside *"
	case browsermodel.CodePreflightStatus:
		return "answer preflights with 204"
	}
	return ""
}
