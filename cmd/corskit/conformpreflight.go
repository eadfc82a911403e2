package main

import (
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// want is a method or header that a preflight may permit.
type want struct {
	name   string
	header bool
	asked  bool // whether the preflight asked for it
}

// fetch returns a fetch that needs no other permission.
func (w want) fetch(a *answered) browsermodel.Fetch {
	f := a.fetch
	if !w.header {
		f.Method, f.Header = w.name, nil
		return f
	}
	f.Header = browsermodel.Fields{unsafeField(w.name)}
	if !slices.Contains([]string{"HEAD", "POST"}, f.Method) {
		f.Method = "GET"
	}
	return f
}

// maxWants bounds how many names of an answer are judged.
const maxWants = 200

// wants returns what a preflight asks for, and what its answer lists.
func wants(a *answered) (list []want) {
	add := func(w want) {
		known := slices.ContainsFunc(list, func(have want) bool { return have.name == w.name && have.header == w.header })
		if !known && len(list) < maxWants && w.name != "*" {
			list = append(list, w)
		}
	}
	if f := a.fetch; !slices.Contains([]string{"GET", "HEAD", "POST"}, f.Method) {
		add(want{f.Method, false, true})
	}
	for _, f := range a.fetch.Header {
		add(want{strings.ToLower(f.Name), true, true})
	}
	for _, m := range members(a.server, "Access-Control-Allow-Methods") {
		if browsermodel.NormalizeMethod(m) == m && !slices.Contains([]string{"GET", "HEAD", "POST", "CONNECT", "TRACE", "TRACK"}, m) {
			add(want{m, false, false})
		}
	}
	for _, name := range lowered(members(a.server, "Access-Control-Allow-Headers")) {
		if name != "*" && !browsermodel.IsForbiddenRequestHeader(name, "x") {
			add(want{name, true, false})
		}
	}
	return list
}

// preflight judges the answer to a preflight: each method and header that it asks for, and each
// that the answer lists, because browsers keep the answer for later requests.
func (j *comparer) preflight(a *answered) {
	if j.misplaced[causeKey(a.question, false)] || j.unanswered(a) {
		return
	}
	for _, w := range wants(a) {
		refused := browsermodel.Code("")
		for _, credentials := range []bool{false, true} {
			f := with(w.fetch(a), credentials)
			one := a.question
			one.fetch = f
			file := j.byFile(a.place, one.request())
			_, server := browsermodel.CheckPreflight(browsermodel.Spec(), f, a.server)
			_, wanted := browsermodel.CheckPreflight(browsermodel.Spec(), f, file)
			switch {
			case server.OK && !wanted.OK && !browsermodel.CheckCORS(f, file).OK:
				j.beyondOrigin(a, f, wanted, "it sends "+requestOf(w)+", which the preflight permits")
			case server.OK && !wanted.OK:
				j.beyondList(a, w, f, wanted)
			case !server.OK && wanted.OK && w.asked && refused != server.Code:
				j.refusedPart(a, w, f, server)
				refused = server.Code
			}
		}
	}
	j.maxAge(a)
	j.privateNetwork(a)
	j.effects(a)
}

func requestOf(w want) string {
	if w.header {
		return "the request with " + w.name
	}
	return "the " + w.name
}

// beyondList records that the server permits a method or header that the file does not list.
func (j *comparer) beyondList(a *answered, w want, f browsermodel.Fetch, wanted browsermodel.Finding) {
	o := observation{
		section: sectionBeyond, name: w.name, credentials: f.Credentials, asked: w.asked, wanted: words(f, wanted, true),
		says: "it sends " + requestOf(w) + ", which the preflight permits",
	}
	if w.header {
		o.code, o.text = "request-headers", "scripts may set request headers that the file does not list"
		o.fix = "in Access-Control-Allow-Headers, send the policy's allow_headers, not what the request asks for"
	} else {
		o.code, o.text = "methods", "scripts may use methods that the file does not list"
		o.fix = "in Access-Control-Allow-Methods, send the policy's allow_methods, not what the request asks for"
	}
	j.observe(a, o)
}

// refusedPart records that the server refuses a method or header that the file lists, or the
// whole preflight.
func (j *comparer) refusedPart(a *answered, w want, f browsermodel.Fetch, server browsermodel.Finding) {
	o := observation{section: sectionRefused, name: w.name, credentials: f.Credentials, says: words(f, server, true)}
	switch server.Code {
	case browsermodel.CodeMethodNotAllowed:
		o.code, o.text, o.fix = string(server.Code), "methods that the file lists are refused", "list them in Access-Control-Allow-Methods"
	case browsermodel.CodeHeaderNotAllowed, browsermodel.CodeAuthorizationListed:
		o.code, o.text = string(browsermodel.CodeHeaderNotAllowed), "request headers that the file lists are refused"
		o.fix = "list them in Access-Control-Allow-Headers"
		if server.Code == browsermodel.CodeAuthorizationListed {
			o.fix = remedies[server.Code]
		}
	default:
		j.refusedOrigin(a, f, server)
		return
	}
	if f.Credentials {
		without := f
		without.Credentials = false
		if _, also := browsermodel.CheckPreflight(browsermodel.Spec(), without, a.server); also.OK {
			o.fix += ", because * is not a wildcard with credentials"
		}
	}
	j.observe(a, o)
}

// privateNetwork compares whether pages may reach a private network.
func (j *comparer) privateNetwork(a *answered) {
	const name = "Access-Control-Allow-Private-Network"
	if !a.private || !browsermodel.CheckCORS(a.fetch, a.server).OK {
		return
	}
	server, _ := a.server.Header.Get(name)
	file, _ := a.file.Header.Get(name)
	switch {
	case server == "true" && file != "true":
		j.observe(a, observation{
			section: sectionBeyond, code: "private-network", text: "pages may reach a private network",
			fix:  "omit " + name + ": the policy has no allow_private_network",
			says: "it sends the request to the private network",
		})
	case server != "true" && file == "true":
		j.observe(a, observation{
			section: sectionRefused, code: "private-network-refused", text: "pages may not reach a private network",
			fix:  "answer preflights that have Access-Control-Request-Private-Network: true with " + name + ": true",
			says: "with Private Network Access, it does not send the request",
		})
	}
}
