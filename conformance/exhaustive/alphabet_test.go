package exhaustive_test

import (
	"slices"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// The alphabet. What each letter means is written out beside it, so that the
// specification has to work nothing out.

// patterns are what AllowOrigins is made of, with the origins each matches.
var patterns = []struct {
	pattern string
	matches []string
	risky   bool // never together with credentials
}{
	{"https://a.example", []string{"https://a.example"}, false},
	{"https://*.a.example", []string{"https://x.a.example", "https://x.y.a.example"}, false},
	{"http://localhost:*", []string{"http://localhost", "http://localhost:3000"}, false},
	{"null", []string{"null"}, true},
	{"*", pageOrigins, true},
}

// api is the origin of the server; a page there is not concerned by CORS.
const api = "https://api.example"

// pageOrigins are where the pages live.
var pageOrigins = []string{
	"https://a.example", "https://x.a.example", "https://x.y.a.example",
	"http://localhost", "http://localhost:3000", "null",
	"https://a.example:8443", "https://a.example.evil.test", "https://evil-a.example", api,
}

// methods are spelt as a script spells them.
var methods = []struct {
	spelling, sent string
	safelisted     bool // CORS asks no permission
}{
	{"GET", "GET", true},
	{"post", "POST", true},
	{"put", "PUT", false},
	{"PATCH", "PATCH", false},
	{"patch", "patch", false},
	{"OPTIONS", "OPTIONS", false},
	{"CHICKEN", "CHICKEN", false},
}

// requestHeaders are what a script may set.
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

// responseHeaders are what the application answers with.
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

// policies are all that can be written, the illegal ones included.
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

// fewPolicies are the legal ones of a smaller alphabet, for lists of several.
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

// fetch is one that a page makes, and what the specification knows of it.
type fetch struct {
	browsermodel.Fetch
	method      string   // as sent
	askedMethod bool     // CORS asks permission for the method
	asked       []string // the names of headers it asks permission for
	path        urlPath
}

// urlPath is a path of a URL, with every way in which a router may read it.
type urlPath struct {
	host, url string
	path, raw string // as net/http's URL has them
	readings  []string
}

func plain(host, path string) urlPath {
	return urlPath{host: host, url: "https://" + host + path, path: path, readings: []string{path}}
}

var onePath = []urlPath{plain("api.example", "/")}

// fetches are all over the given letters.
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
