package exhaustive_test

import (
	"slices"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// The alphabet. The meaning of each letter is stated next to it, so that the
// specification need not derive anything.

// patterns are the entries of AllowOrigins, with the origins that each matches.
var patterns = []struct {
	pattern string
	matches []string
	risky   bool // an error together with credentials
}{
	{"https://a.example", []string{"https://a.example"}, false},
	{"https://*.a.example", []string{"https://x.a.example", "https://x.y.a.example"}, false},
	{"http://localhost:*", []string{"http://localhost", "http://localhost:3000"}, false},
	{"null", []string{"null"}, true},
	{"*", pageOrigins, true},
}

// api is the origin of the server. CORS does not apply to pages there.
const api = "https://api.example"

// pageOrigins are the origins of the pages.
var pageOrigins = []string{
	"https://a.example", "https://x.a.example", "https://x.y.a.example",
	"http://localhost", "http://localhost:3000", "null",
	"https://a.example:8443", "https://a.example.evil.test", "https://evil-a.example", api,
}

// methods are the methods of the fetches, as scripts spell them.
var methods = []struct {
	spelling, sent string
	safelisted     bool // no preflight is needed
}{
	{"GET", "GET", true},
	{"post", "POST", true},
	{"put", "PUT", false},
	{"PATCH", "PATCH", false},
	{"patch", "patch", false},
	{"OPTIONS", "OPTIONS", false},
	{"CHICKEN", "CHICKEN", false},
}

// requestHeaders are the headers that the scripts set.
var requestHeaders = []struct {
	field      browsermodel.Field
	name       string // in lower case
	safelisted bool
}{
	{browsermodel.Field{Name: "X-A", Value: "1"}, "x-a", false},
	{browsermodel.Field{Name: "authorization", Value: "Bearer t"}, "authorization", false},
	{browsermodel.Field{Name: "Content-Type", Value: "application/json"}, "content-type", false},
	{browsermodel.Field{Name: "Accept", Value: "text/html"}, "accept", true},
}

var (
	policyMethods = []string{"PUT", "PATCH", "*"}
	policyHeaders = []string{"x-a", "Authorization", "*"}
	policyExposes = []string{"x-e", "*"}
)

// responseHeaders are the headers of the application.
var responseHeaders = browsermodel.Header("X-E", "e", "Set-Cookie", "c=1")

// subsets returns every subset of a list.
func subsets[T any](list []T) [][]T {
	all := [][]T{nil}
	for _, x := range list {
		for _, s := range all[:len(all):len(all)] {
			all = append(all, append(slices.Clip(s), x))
		}
	}
	return all
}

var bools = []bool{false, true}

func patternNames() []string {
	var names []string
	for _, p := range patterns {
		names = append(names, p.pattern)
	}
	return names
}

// policies returns every policy of the alphabet, including illegal ones.
func policies() []core.Policy {
	var all []core.Policy
	for _, origins := range subsets(patternNames()) {
		for _, methods := range subsets(policyMethods) {
			for _, headers := range subsets(policyHeaders) {
				for _, exposes := range subsets(policyExposes) {
					for _, credentials := range bools {
						all = append(all, core.Policy{
							AllowOrigins: origins, AllowMethods: methods, AllowHeaders: headers,
							ExposeHeaders: exposes, AllowCredentials: credentials,
							DangerouslyAllowNullOrigin: true,
						})
					}
				}
			}
		}
	}
	return all
}

// fewPolicies returns the legal policies of a smaller alphabet, for lists of
// several policies.
func fewPolicies() []core.Policy {
	var all []core.Policy
	for _, origins := range subsets(patternNames()) {
		for _, lists := range [][2][]string{{nil, nil}, {{"PUT"}, {"x-a"}}, {{"*"}, {"*"}}} {
			for _, credentials := range bools {
				for _, reject := range bools {
					p := core.Policy{
						AllowOrigins: origins, AllowMethods: lists[0], AllowHeaders: lists[1],
						AllowCredentials: credentials, RejectDisallowed: reject, DangerouslyAllowNullOrigin: true,
					}
					if len(origins) <= 2 && legal(p) {
						all = append(all, p)
					}
				}
			}
		}
	}
	return all
}

// routes returns every route of the alphabet.
func routes() []core.Route {
	var all []core.Route
	for _, host := range []string{"", "api.example"} {
		for _, path := range []string{"", "/a/", "/a", "/a/b/"} {
			for _, policy := range []core.Policy{
				{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}},
				{AllowOrigins: []string{"https://a.example"}, AllowCredentials: true, AllowMethods: []string{"PUT"}},
				{RejectDisallowed: true},
			} {
				all = append(all, core.Route{Host: host, Path: path, Policies: []core.Policy{policy}})
			}
		}
	}
	return all
}

// listsOfRoutes returns every list of one to three routes.
func listsOfRoutes() [][]core.Route {
	var lists [][]core.Route
	for _, r := range routes() {
		lists = append(lists, []core.Route{r})
		for _, s := range routes() {
			lists = append(lists, []core.Route{r, s})
			for _, u := range routes() {
				lists = append(lists, []core.Route{r, s, u})
			}
		}
	}
	return lists
}

// fetch is a fetch that a page makes, and what the specification knows about it.
type fetch struct {
	browsermodel.Fetch
	method      string   // as sent
	askedMethod bool     // the method needs a preflight
	asked       []string // the names of the headers that need a preflight
	path        urlPath
}

// urlPath is the path of a URL, with every way in which a router may read it.
type urlPath struct {
	host, url string
	path, raw string // as in net/url.URL
	readings  []string
}

func plain(host, path string) urlPath {
	return urlPath{host: host, url: "https://" + host + path, path: path, readings: []string{path}}
}

var onePath = []urlPath{plain("api.example", "/")}

// fetches returns every fetch of the given alphabet.
func fetches(methodSpellings []string, headers []string, uploads []bool, paths []urlPath) []fetch {
	var all []fetch
	for _, path := range paths {
		for _, origin := range pageOrigins {
			for _, m := range methods {
				if !slices.Contains(methodSpellings, m.spelling) {
					continue
				}
				for _, set := range subsets(headers) {
					for _, credentials := range bools {
						for _, upload := range uploads {
							f := fetch{method: m.sent, askedMethod: !m.safelisted, path: path, Fetch: browsermodel.Fetch{
								Origin: origin, URL: path.url, Method: m.spelling, Credentials: credentials, UploadListeners: upload,
							}}
							for _, h := range requestHeaders {
								if slices.Contains(set, h.name) {
									f.Header = append(f.Header, h.field)
									if !h.safelisted {
										f.asked = append(f.asked, h.name)
									}
								}
							}
							all = append(all, f)
						}
					}
				}
			}
		}
	}
	return all
}

func methodSpellings() []string {
	var all []string
	for _, m := range methods {
		all = append(all, m.spelling)
	}
	return all
}

func headerNames() []string {
	var all []string
	for _, h := range requestHeaders {
		all = append(all, h.name)
	}
	return all
}
