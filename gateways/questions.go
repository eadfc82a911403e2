package gateways

import (
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// names are the methods and headers that a comparison requests.
type names struct {
	methods []string
	headers []string
	exposed []string
}

// sampleMethod is a method that neither side lists.
const sampleMethod = "CORSKIT-SAMPLE"

// Names that are requested although neither side lists them.
var (
	triedMethods = []string{"PUT", "DELETE", "PATCH", "patch", "OPTIONS", "QUERY", sampleMethod}
	triedHeaders = []string{"authorization", "content-type", "x-requested-with", sample}
	triedExposed = []string{"etag", sample}
)

func namesOf(sides ...Facts) (n names) {
	methods, headers, exposed := slices.Clone(triedMethods), slices.Clone(triedHeaders), slices.Clone(triedExposed)
	for _, f := range sides {
		methods = append(methods, f.Methods...)
		headers = append(headers, f.Headers...)
		exposed = append(exposed, f.Exposed...)
	}
	for _, m := range methods {
		if isToken(m) && m != "*" && !slices.Contains([]string{"CONNECT", "TRACE", "TRACK"}, strings.ToUpper(m)) {
			n.methods = append(n.methods, browsermodel.NormalizeMethod(m))
		}
	}
	n.methods = distinct(append([]string{"GET", "HEAD", "POST"}, n.methods...))
	for _, h := range distinct(lower(headers)) {
		if isToken(h) && h != "*" && !browsermodel.IsForbiddenRequestHeader(h, unsafeValue) {
			n.headers = append(n.headers, h)
		}
	}
	for _, h := range distinct(lower(exposed)) {
		if isToken(h) && h != "*" {
			n.exposed = append(n.exposed, h)
		}
	}
	return n
}

// distinct returns a list without repetitions, in order.
func distinct(list []string) (all []string) {
	seen := make(map[string]bool, len(list))
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			all = append(all, s)
		}
	}
	return all
}

func lower(list []string) []string {
	all := make([]string, len(list))
	for i, s := range list {
		all[i] = strings.ToLower(s)
	}
	return all
}

// isToken reports whether s can be a method or the name of a header (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for _, c := range []byte(s) {
		alnum := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !alnum && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// unsafeValue is a header value that makes every request header need a preflight.
const unsafeValue = `"x"`

// question is a request that the comparison sends to both sides.
type question struct {
	fetch     browsermodel.Fetch // the request of the script
	preflight bool
	network   bool   // the preflight of a private network
	name      string // the requested method or header
	aspect    Aspect
	request   core.Request
}

// The indexes of the first questions.
const (
	plainQuestion   = iota // a GET
	sameQuestion           // a POST from one of the server's own pages
	optionsQuestion        // an OPTIONS request that is not a preflight
	networkQuestion
)

// questionsFor returns the questions for a place. Their origin is stranger; from changes it.
func questionsFor(at spot, n names) []question {
	fetch := browsermodel.Fetch{Origin: stranger, URL: "https://" + at.host + at.path, Method: "GET"}
	ask := func(method, origin, site string) core.Request {
		return core.Request{Method: method, Host: at.host, Path: at.path, SecFetchSite: []string{site}, Origin: []string{origin}}
	}
	list := []question{
		{fetch: fetch, request: ask("GET", stranger, "cross-site")},
		{fetch: fetch, request: ask("POST", "https://"+at.host, "same-origin")},
		{fetch: fetch, request: ask("OPTIONS", stranger, "cross-site")},
	}
	add := func(q question, method string, header ...string) {
		q.fetch = fetch
		q.fetch.Method = method
		for _, h := range header {
			q.fetch.Header = append(q.fetch.Header, browsermodel.Field{Name: h, Value: unsafeValue})
		}
		q.fetch.UploadListeners = true // so that every question needs a preflight
		q.preflight = true
		q.request = ask("OPTIONS", stranger, "cross-site")
		for _, f := range q.fetch.Preflight().Header {
			switch strings.ToLower(f.Name) {
			case "access-control-request-method":
				q.request.AccessControlRequestMethod = []string{f.Value}
			case "access-control-request-headers":
				q.request.AccessControlRequestHeaders = []string{f.Value}
			}
		}
		if q.network {
			q.request.AccessControlRequestPrivateNetwork = []string{"true"}
		}
		list = append(list, q)
	}
	add(question{network: true, aspect: NetworkAspect}, "POST")
	for _, m := range n.methods {
		add(question{name: m, aspect: MethodAspect}, m)
	}
	for _, h := range n.headers {
		add(question{name: h, aspect: HeaderAspect}, "POST", h)
	}
	return list
}

// from returns the questions with another origin. If origin is empty, it returns only the first
// questions, without Origin.
func from(list []question, origin string) []question {
	if origin == "" {
		list = slices.Clone(list[:networkQuestion])
	}
	line := []string{origin}
	if origin == "" {
		line = nil
	}
	for i := range list {
		list[i].fetch.Origin = origin
		if i != sameQuestion {
			list[i].request.Origin = line
		}
	}
	return list
}

// ask returns the answers of one side to the questions.
func (s side) ask(list []question) []Answer {
	answers := make([]Answer, len(list))
	for i, q := range list {
		answers[i] = s.answer(q.request)
	}
	return answers
}

func field(name, value string) browsermodel.Field {
	return browsermodel.Field{Name: name, Value: value}
}
