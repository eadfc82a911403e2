package core

import "strings"

// Request is what the engine needs to know of a request. An adapter fills it
// from the framework's own request; strings and slices may be views of memory
// that is reused once [Engine.Decide] has returned and the response headers
// are written, as fasthttp's are: the engine keeps none of them.
//
// The slices hold the field lines as they came, one element a line. A nil or
// empty slice means that the field is absent, a slice of one empty string that
// it is present and empty: the two are different requests.
type Request struct {
	Method string // as sent; methods are case-sensitive (RFC 9110, section 9.1)
	Host   string // the Host field or :authority, with its port if it has one

	// Path is the path the framework's router compares, as it sees it.
	Path string
	// RawPath is the path as sent where its percent-encoding matters
	// (see [net/url.URL.RawPath]), else empty. A path that reads differently
	// in its two forms is governed by a [Route] only if both match it.
	RawPath string
	// FoldPath says that the router compares paths without regard to the case of
	// ASCII letters, as fiber does by default. Routes then do so, too: a path in
	// another case would otherwise get the policies of another route.
	FoldPath bool

	Origin                             []string
	AccessControlRequestMethod         []string
	AccessControlRequestHeaders        []string
	AccessControlRequestPrivateNetwork []string
	SecFetchSite                       []string
}

// SameOrigin reports whether a browser made the request from the very origin it
// was sent to: by Sec-Fetch-Site or, without that field or with "none" in it, by
// Origin's host and port being equal to Host, as
// [net/http.CrossOriginProtection] tells.
// Browsers send Origin with same-origin requests other than GET and HEAD
// (Fetch, "append a request `Origin` header").
func (r Request) SameOrigin() bool {
	return len(r.Origin) == 1 && r.sameOrigin(r.Origin[0])
}

// onlyOrigin returns the value of Origin, or "" if there are several.
func (r *Request) onlyOrigin() string {
	if len(r.Origin) == 1 {
		return r.Origin[0]
	}
	return ""
}

func (r *Request) sameOrigin(origin string) bool {
	// "none" is a request that the user made, not a page.
	if len(r.SecFetchSite) > 0 && r.SecFetchSite[0] != "" && r.SecFetchSite[0] != "none" {
		return r.SecFetchSite[0] == "same-origin"
	}
	scheme, host, ok := strings.Cut(origin, "://")
	return ok && (scheme == "https" || scheme == "http") && host != "" && host == r.Host
}
