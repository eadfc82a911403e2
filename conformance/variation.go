package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/internal/text"
)

// Variation changes the requests of other cases that a case with [Case].Again repeats: other
// fields, another version of HTTP, another order. The answer must stay the same: the CORS
// headers, whether a preflight succeeds, whether a request is rejected, and whether Vary
// names Origin. The zero Variation repeats the requests unchanged.
//
// A request is not repeated if the change may matter to the answer:
//
//   - another method, if the route has only one, or if the policy does not list the method;
//   - another Host, if routes have policies of their own, if the policy rejects requests, or
//     if the request may be same-origin;
//   - another path, if there are routes or groups;
//   - another Sec-Fetch-Site, if the policy rejects requests.
type Variation struct {
	// Agent sends the requests with all fields of this browser, and with a cookie if they
	// are credentialed.
	Agent browsermodel.Agent
	// Change, if not nil, returns a changed copy of a request. A request that it returns
	// unchanged is not repeated. It must keep the Origin and the fields of preflights.
	Change func(browsermodel.Request) browsermodel.Request
	// HTTP10 sends HTTP/1.0.
	HTTP10 bool
	// Chunked sends bodies in chunks, without their length.
	Chunked bool
	// Reverse sends the requests in the opposite order.
	Reverse bool
	// Concurrent, if greater than 1, is how many clients send the requests at the same
	// time, while a handler of the server is paused.
	Concurrent int
	// NoToken leaves out the query by which the suite counts how often handlers run.
	NoToken bool
	// MayOmit permits answers without Access-Control-* headers. Set it if no script can
	// send such a request.
	MayOmit bool
}

// vary returns the requests as the variation changes them, each once. It omits those to which
// the variation does not apply.
func (v Variation) vary(list []asked) []asked {
	var varied []asked
	seen := make(map[string]bool)
	for _, a := range list {
		changed, ok := v.change(a)
		if key := fmt.Sprintf("%q", changed); ok && !seen[key] {
			seen[key] = true
			a.request = changed
			varied = append(varied, a)
		}
	}
	if v.Reverse {
		slices.Reverse(varied)
	}
	return varied
}

// change returns the request after the change. ok reports whether the variation applies
// to the request.
func (v Variation) change(a asked) (changed browsermodel.Request, ok bool) {
	r := a.request
	r.Header = slices.Clone(r.Header)
	if v.Change != nil {
		r = v.Change(r)
	}
	if v.Agent != "" {
		if a.fetch.Credentials && !isPreflight(r) && !r.Header.Has("Cookie") {
			r.Header = append(r.Header, browsermodel.Field{Name: "Cookie", Value: "session=0123456789abcdef"})
		}
		r = v.Agent.Dress(a.fetch, r)
	}
	if a.setup.Protocol != HTTP1 {
		if v.HTTP10 || v.Chunked {
			return r, false
		}
		r.Header = r.Header.Without("Connection", "Upgrade", "Keep-Alive", "TE")
	}
	union := a.setup.union()
	anyMethod := a.endpoint != nil && a.endpoint.Method == ""
	differs := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			return !slices.Equal(r.Header.Values(name), a.request.Header.Values(name))
		})
	}
	switch {
	case isPreflight(r) != isPreflight(a.request),
		r.Method != a.request.Method && (!anyMethod || !a.setup.lists(a.request.Method)),
		differs("Host") && (len(a.setup.Routes) > 0 || union.RejectDisallowed || a.fromHost(a.request) || a.fromHost(r)),
		pathOf(r.URL) != pathOf(a.request.URL) && (len(a.setup.Routes) > 0 || a.setup.Group != ""),
		differs("Sec-Fetch-Site") && union.RejectDisallowed && v.Agent == "",
		v.Chunked && r.Body == "":
		return r, false
	case v.Change == nil && v.Agent == "":
		return r, true
	}
	same := r.Method == a.request.Method && r.URL == a.request.URL && r.Body == a.request.Body
	return r, !same || !slices.Equal(r.Header, a.request.Header)
}

func pathOf(rawURL string) string {
	path, _, _ := strings.Cut(targetOf(rawURL), "?")
	return path
}

// fromHost reports whether a request goes to the host of its Origin, so that a server may
// treat it as a same-origin request.
func (a asked) fromHost(r browsermodel.Request) bool {
	host := strings.TrimPrefix(strings.TrimPrefix(a.mounted.server.URL, "http://"), "https://")
	if lines := r.Header.Values("Host"); len(lines) > 0 {
		host = lines[0]
	}
	return slices.ContainsFunc(r.Header.Values("Origin"), func(origin string) bool {
		_, from, _ := strings.Cut(origin, "://")
		return from == host
	})
}

// judgeAgain returns what is wrong with the answer to a repeated request.
func (c Case) judgeAgain(a asked, got answered) []string {
	if err := got.err(); err != nil {
		return []string{"there is no answer: " + text.Clip(err.Error())}
	}
	if c.every != nil {
		a.answer = got
		return c.every(a).judge(got, 0)
	}
	was, is := a.answer.exchange.Response, got.exchange.Response
	none := len(corsFields(is)) == 0
	if none && got.runs == 0 && is.Status != was.Status && slices.Contains(beforeMiddleware, is.Status) {
		return nil
	}
	var wrong faults
	before, after := corsAnswer(a.answer, a.answer.runs <= 0), corsAnswer(got, a.answer.runs <= 0)
	omits := none && (c.Again.MayOmit || !a.setup.lists(a.request.Method)) && !isPreflight(a.request)
	if omits {
		before = slices.DeleteFunc(before, func(line string) bool { return strings.HasPrefix(line, "access-control-") })
	}
	for _, line := range before {
		if !slices.Contains(after, line) {
			wrong.addf("without the variation the answer has %s, with it not", line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			wrong.addf("with the variation the answer has %s, without it not", line)
		}
	}
	varied, varies := slices.Contains(members(was, "Vary"), "origin"), slices.Contains(members(is, "Vary"), "origin")
	if varied && !varies && !omits && !isPreflight(a.request) { // caches do not store the answers to preflights
		wrong.addf("with the variation Vary does not name Origin")
	}
	return wrong
}

// ofPreflights are headers that have no effect on other answers.
var ofPreflights = lowered([]string{acam, acah, acma, acpn})

// beforeMiddleware are statuses with which servers refuse requests that they do not
// support, before any middleware sees them.
var beforeMiddleware = []int{413, 414, 417, 421, 426, 431, 501, 505}

// lists reports whether scripts may send a method under some policy of the setup.
func (s Setup) lists(method string) bool {
	methods := normalized(s.union().AllowMethods)
	return slices.Contains(append(methods, "GET", "HEAD", "POST"), method) || slices.Contains(methods, "*")
}

// corsAnswer describes the CORS part of an answer, line by line. It treats lists as sets.
// Whether a preflight succeeds is included only if the middleware answers it, because the
// answer of a handler may depend on more.
func corsAnswer(a answered, byMiddleware bool) []string {
	r := a.exchange.Response
	var lines []string
	for _, line := range corsFields(r) {
		if !a.exchange.Preflight && slices.Contains(ofPreflights, line.Name) {
			continue
		}
		switch line.Name {
		case text.Lower(acam), text.Lower(acah), text.Lower(aceh):
			list := exactMembers(r, line.Name)
			if line.Name != text.Lower(acam) {
				list = lowered(list)
			}
			slices.Sort(list)
			lines = append(lines, line.Name+": "+text.Clip(strings.Join(slices.Compact(list), ",")))
		default:
			lines = append(lines, line.Name+": "+text.Clip(line.Value))
		}
	}
	if a.exchange.Preflight {
		if byMiddleware {
			lines = append(lines, fmt.Sprintf("success %t", r.Status/100 == 2))
			if a.runs > 0 {
				lines = append(lines, "a handler that runs")
			}
		}
		for _, line := range effectsOf(r) {
			lines = append(lines, text.Lower(line.Name))
		}
	} else if r.Status == 403 && a.runs <= 0 {
		lines = append(lines, "a rejection")
	}
	slices.Sort(lines)
	return lines
}
