package core

import "strings"

// Request holds the facts about a request that a decision may depend on. An
// adapter's Request function fills it in from the framework's own request; see
// also [NewRequest]. The engine keeps none of its strings and slices.
//
// Each slice holds the lines of one header field, one element per line. A nil or
// empty slice means that the field is absent. A slice with one empty string means
// that the field is present and empty, which is a different request.
type Request struct {
	Method string // as sent; methods are case-sensitive (RFC 9110, section 9.1)
	Host   string // the Host field or :authority, including a port if it has one

	// Path is the path that the framework's router compares.
	Path string
	// RawPath is the path as sent if its percent-encoding matters (see
	// [net/url.URL.RawPath]), and empty otherwise. If a path reads differently in
	// its two forms, a [Route] governs it only if it matches both.
	RawPath string
	// FoldPath reports whether the router ignores the case of ASCII letters in
	// paths, as fiber does by default. Routes then ignore it too. Otherwise a path
	// in another case would get the policies of another route.
	FoldPath bool

	Origin                             []string
	AccessControlRequestMethod         []string
	AccessControlRequestHeaders        []string
	AccessControlRequestPrivateNetwork []string
	SecFetchSite                       []string
}

// OriginValue returns the value of the Origin field, or "" if the field is absent
// or has several lines. An AllowOriginFunc is called only for requests with a
// single line.
func (r Request) OriginValue() string {
	if len(r.Origin) != 1 {
		return ""
	}
	return r.Origin[0]
}

// SameOrigin reports whether the request comes from a page of the origin that it
// is sent to. It looks at Sec-Fetch-Site. If that field is absent or "none", it
// compares Origin's host and port with Host, as [net/http.CrossOriginProtection]
// does. Browsers send Origin with same-origin requests other than GET and HEAD
// (Fetch, "append a request `Origin` header").
func (r Request) SameOrigin() bool {
	return len(r.Origin) == 1 && sameOrigin(r.Origin[0], nil, &r)
}

func sameOrigin(origin string, src Source, r *Request) bool {
	// "none" stands for a request by the user, not by a page.
	if site := lines(src, r, fieldFetchSite); len(site) > 0 && site[0] != "" && site[0] != "none" {
		return site[0] == "same-origin"
	}
	scheme, host, ok := strings.Cut(origin, "://")
	return ok && (scheme == "https" || scheme == "http") && host != "" && host == target(src, r).Host
}
